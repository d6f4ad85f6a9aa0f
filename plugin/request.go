package plugin

import "github.com/gibbon-gateway/gibbon/header"

// Request is what goes upstream. It starts as what the client sent; a plugin changes it in Rewrite and Access.
type Request struct {
	Method string
	Header header.Fields // without Host, Connection and framing fields, which the proxy owns
	Host   string        // as the client sent it, with port
	// Length is the number of bytes of the body that the client announced; 0 without a body, -1 for a chunked one.
	Length int64
	// Target is the request target as received; Path is its normalised path. Both stay what the client sent.
	Target []byte
	Path   []byte

	query        []byte // of the upstream request, without "?"
	hasQuery     bool   // there is a "?", maybe with nothing behind it
	upstreamPath string
	upstreamHost string
	body         []byte
	bodySet      bool
	trailer      header.Fields
	x            *Exchange
}

// SetMethod changes the method that the upstream is asked with.
func (r *Request) SetMethod(method string) { r.Method = method }

// Query returns the query of the upstream request, verbatim, without the "?".
func (r *Request) Query() []byte { return r.query }

// SetQuery replaces the query; an empty one sends none. q is kept until the exchange ends.
func (r *Request) SetQuery(q []byte) { r.query, r.hasQuery = q, len(q) > 0 }

// SetPath replaces the whole path of the upstream request, the service's path included. What may not stand in a request
// target is percent-encoded when it is sent. It must start with "/".
func (r *Request) SetPath(path string) { r.upstreamPath = path }

// SetHost replaces the Host field of the upstream request; it does not choose where the request is sent.
func (r *Request) SetHost(host string) { r.upstreamHost = host }

// UpstreamPath returns the path that the upstream is asked for as things stand: what SetPath has set, else the service's path with what
// the route leaves of the client's (strip_path). It is "" where there is no service.
func (r *Request) UpstreamPath() string {
	if r.upstreamPath != "" {
		return r.upstreamPath
	}
	return r.x.host.UpstreamPath()
}

// Rewritten returns what SetPath and SetHost have set, "" where nothing was.
func (r *Request) Rewritten() (path, host string) { return r.upstreamPath, r.upstreamHost }

// Body returns the request body: what SetBody has set, else what the client sends, which is then read to its end. limit is
// in bytes; a longer body gives ErrBodyTooLarge, and is still forwarded. Other errors are the client's; the plugin returns
// them, and the request is answered as they deserve.
func (r *Request) Body(limit int) ([]byte, error) {
	if r.bodySet {
		if len(r.body) > limit {
			return nil, ErrBodyTooLarge
		}
		return r.body, nil
	}
	return r.x.host.ReadRequestBody(limit)
}

// SetBody replaces the request body; Content-Length follows. b is kept until the exchange ends.
func (r *Request) SetBody(b []byte) { r.body, r.bodySet = b, true }
