// Package exchange is the seam between the proxy and the protocols: what the proxy needs of the client's side of one request and
// its response (Downstream), and of one try at an upstream (Upstream). Protocols implement both and know nothing of routes or plugins;
// the proxy uses both and knows nothing of framing. The package also holds what passes the seam: heads, bodies, and the errors of
// both sides. It does no I/O.
//
// Whoever frames a message checks what it frames: lengths against Content-Length, field values against control characters. Callers
// can neither smuggle a second message in nor cut one short unseen.
package exchange

import (
	"crypto/tls"
	"net/netip"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
)

// Version is the version of HTTP that a message came by.
type Version uint8

// The versions.
const (
	HTTP10 Version = iota
	HTTP11
	HTTP2
	HTTP3
)

// String returns the number alone: "1.0", "1.1", "2" or "3".
func (v Version) String() string {
	switch v {
	case HTTP10:
		return "1.0"
	case HTTP2:
		return "2"
	case HTTP3:
		return "3"
	}
	return "1.1"
}

// Request is the head of a received request. All bytes are borrowed until the exchange ends.
type Request struct {
	Method []byte
	Target []byte // as received; in HTTP/2 and 3 the pseudo-header field :path
	Path   []byte // path and query of Target, at least "/"; or "*"
	Host   []byte // who is asked for, with port; nil only in HTTP/1.0
	// Header holds the received fields without pseudo-header fields. The protocol has taken out what belongs to the connection:
	// Connection and what it names, Transfer-Encoding, TE, Upgrade, Expect. Host, Content-Length and Trailer are there.
	Header  header.Fields
	Version Version

	HasBody  bool      // a body follows, maybe an empty one
	Length   int64     // of the body; 0 without one, -1 when it is not announced
	Upgrade  []byte    // the protocol that the client wants to change to (Upgrade, or :protocol of an extended CONNECT), else nil
	Trailers bool      // the client takes response trailers (TE: trailers)
	Received time.Time // when the first byte of the head was read

	// Slot is for the handler. It stays with the pooled memory of the request when the exchange ends: what is left there
	// is found again by a later exchange, maybe of another connection. It is nil at first.
	Slot any
}

// Peer says between whom a connection is. It does not change while the connection lasts.
type Peer struct {
	Remote, Local netip.AddrPort
	TLS           *tls.ConnectionState // nil without TLS
}

// Downstream is one exchange as the client has it. It is used by one goroutine, but for ReadBody and RequestTrailer: while an Upstream
// sends the body, its goroutine may read it.
type Downstream interface {
	Request() *Request
	Peer() *Peer
	Source
	// WholeBody returns the request body when all of it has been received and nothing was read of it yet: then it is borrowed and
	// stays unread. It never waits. A request without body has an empty one.
	WholeBody() (body []byte, ok bool)
	// BodyRead returns the number of body bytes read so far.
	BodyRead() int64

	Client
	// WriteHead starts the final response. length is the length of the body; -1 if unknown. For HEAD, 204 and 304 no body is sent;
	// length >= 0 is still declared for HEAD and 304. The protocol writes framing and connection fields and Date when h has none; those
	// of h are left out (Upgrade stays for 101 and 426). reason nil means the usual phrase; versions without phrases drop it. h may
	// be nil. Nothing need be sent before Flush or Finish.
	WriteHead(status int, reason []byte, h *header.Fields, length int64) error
	// WriteBody sends a part of the response body; bytes beyond the declared length are an error. p is not kept.
	WriteBody(p []byte) error
	// Flush sends what is buffered.
	Flush() error
	// Finish ends the response, with trailers if trailer is not nil, and sends what is buffered. To versions and framings
	// without trailers they are left out. Called again it does nothing. It reports the error that any earlier write met.
	Finish(trailer *header.Fields) error
	// Abort gives the exchange up: the client sees that there is no complete response.
	Abort(code Code)
	// Wrote reports whether WriteHead was called.
	Wrote() bool
	// Sent returns how many bytes of this response were sent so far: all of them (head, framing and body), and those of the body.
	Sent() (all, body int64)
	// Gone reports whether the client has left, or given the exchange up, while it waited.
	Gone() bool
}

// Source is where a request body comes from.
type Source interface {
	// ReadBody reads the body without its framing; io.EOF at its end. The first call sends 100 Continue when the client waits for it; one
	// with an empty p does nothing else.
	// A body that breaks the framing rules or a limit ends with an error for which StatusOf has a status.
	ReadBody(p []byte) (int, error)
	// RequestTrailer returns the fields behind a body that has been read to its end; nil or empty if there are none. Fields that
	// must not stand there (framing, routing, authentication) are left out.
	RequestTrailer() *header.Fields
	// StopBody makes a ReadBody that waits in another goroutine return with an error, and later ones fail. It may be called from any
	// goroutine. An Upstream whose goroutine reads the body uses it in Release.
	StopBody()
}

// Client is what an Upstream needs of the Downstream that waits for it.
type Client interface {
	// Watch makes the client's leaving end w: from another goroutine, once. Watch(nil) takes it back, and reports false when that
	// came too late: w was ended, or is being ended.
	Watch(w *Watch) bool
	// Interim sends an interim response (103, and others below 200 but 100 and 101). It is dropped where the client cannot take it.
	Interim(status int, h *header.Fields) error
}

// Watch is what is ended when a client leaves. An Upstream keeps one, so that no memory is needed for an exchange.
type Watch struct{ End func() }

// Code says why an exchange is given up, for protocols that can tell the other side.
type Code uint8

// The codes.
const (
	Broken   Code = iota // the response broke off: the upstream, a filter or the gateway failed
	Canceled             // nobody wants it any more
	Refused              // nothing of it was processed: it may be sent again
	Slow                 // it took too long, or the other side asks for too much
)

// Relayer is a Downstream with a faster way to pass on the body of some responses, without copying.
type Relayer interface {
	// Relay sends the rest of u's response body unchanged as the body of the response started with WriteHead, trailers included, and
	// finishes it. handled is false, and nothing was done, when it has no faster way for u. An *Error is about u; any other error about
	// the client. After either the client sees that the body is not complete.
	Relay(u Upstream) (handled bool, err error)
}

// Tunneler is a Downstream with a faster way to pass bytes both ways after 101.
type Tunneler interface {
	// Tunnel passes bytes both ways until both sides have ended. handled is as in Relay.
	Tunnel(u Upstream) (handled bool, err error)
}
