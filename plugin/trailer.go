package plugin

import "github.com/gibbon-gateway/gibbon/header"

// Trailer returns the fields behind the request body, without framing, connection and identity fields. Those that the client sent
// are there once the body was read to its end: after Body, and in every phase from Respond on. What the table holds when the end of the
// body goes upstream is sent, so a plugin may add, change and remove fields in Access; fields that it adds before the client's are
// known stay behind them. A request that goes upstream without a body, or over HTTP/1.1 with a Content-Length, has no place for
// trailers (RFC 9110, section 6.5.1): they are dropped. The table is borrowed for the time of the exchange.
func (r *Request) Trailer() *header.Fields { return &r.trailer }

// Trailer returns the fields behind the response body. Those that the upstream sent are there once its body has ended: in the last
// call of a BodyFilter, in EndBody and in Record; until a BodyFilter's last call returns they may be changed. Fields that a
// plugin adds earlier, from Respond or HeaderFilter on, stay behind them. A response that replaces another (Exit, Error, Serve) starts
// without. A response that goes out over HTTP/1.1 with a Content-Length, or to a client of HTTP/1.0, has no place for trailers: they
// are dropped; FilterBody makes room. The table is borrowed for the time of the exchange.
func (r *Response) Trailer() *header.Fields { return &r.trailer }

// SetRequestTrailer says what the client sent behind the body, when that was read to its end; nil is nothing. The proxy sends
// upstream what x.Request.Trailer() holds then.
func (d *Driver) SetRequestTrailer(received *header.Fields) {
	putBefore(&d.Request.trailer, received)
}

// SetResponseTrailer says what the upstream sent behind the body, before the last call of Filter; nil is nothing. The proxy sends what
// x.Response.Trailer() holds after it.
func (d *Driver) SetResponseTrailer(received *header.Fields) {
	putBefore(&d.Response.trailer, received)
}

// putBefore puts received in front of what f holds.
func putBefore(f, received *header.Fields) {
	switch {
	case received == nil || received.Len() == 0:
	case f.Len() == 0:
		f.CopyFrom(received)
	default:
		var added header.Fields
		added.CopyFrom(f)
		f.CopyFrom(received)
		f.Extend(&added)
	}
}
