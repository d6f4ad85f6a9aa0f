package proxy

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/http1"
	"github.com/gibbon-gateway/gibbon/internal/route"
)

// content says what body follows a request head.
type content struct {
	framed  bool   // there is a body, maybe an empty one
	chunked bool   // streamed in chunks
	length  int64  // if not chunked
	memory  []byte // the whole body, if it is in memory
	stream  bool   // the rest is still to be read from the client
	prefix  []byte // of a streamed body: what was read of it already
}

// content decides how the request body is sent. It may read from the client.
func (w *walk) content() (content, error) {
	if b, set := w.d.RequestBody(); set {
		return content{framed: len(b) > 0 || w.c.Request.Body != http1.BodyNone, length: int64(len(b)), memory: b}, nil
	}
	q, b := w.c.Request, &w.body
	if q.Body == http1.BodyNone {
		return content{framed: q.Header.HasID(header.ContentLength)}, nil
	}
	if !b.complete && len(b.read) == 0 {
		if whole, ok := w.c.WholeBody(); ok {
			b.whole = int64(len(whole))
			return content{framed: true, length: int64(len(whole)), memory: whole}, nil
		}
	}
	if !b.complete && w.plan.Route.RequestBuffering && q.Length <= hold {
		if err := w.readBody(hold); err != nil {
			return content{}, err
		}
	}
	if b.complete {
		return content{framed: true, length: int64(len(b.read)), memory: b.read}, nil
	}
	return content{framed: true, chunked: q.Body == http1.BodyChunked, length: q.Length, stream: true, prefix: b.read}, nil
}

// appendRequest appends the head of the upstream request for the present pick, and what was read of a streamed body.
func (w *walk) appendRequest(out []byte, body *content) []byte {
	x := &w.x
	out = append(out, x.Request.Method...)
	out = append(out, ' ')
	out = w.appendTarget(out)
	out = append(out, " HTTP/1.1\r\nHost: "...)
	out = w.appendHost(out)
	if w.websocket() {
		out = append(out, "\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"...)
	} else {
		out = append(out, "\r\nConnection: keep-alive\r\n"...)
	}
	skip := ours
	if w.p.o.UpstreamID {
		skip = skip.With(header.XKongRequestID)
	}
	out = x.Request.Header.AppendExcept(out, skip)
	out = w.appendForwarded(out)
	return appendBody(out, body)
}

// appendBody appends framing fields, the end of the head, and what was read of a streamed body.
func appendBody(out []byte, body *content) []byte {
	switch {
	case body.chunked:
		out = append(out, "Transfer-Encoding: chunked\r\n"...)
	case body.framed:
		out = append(out, "Content-Length: "...)
		out = strconv.AppendInt(out, body.length, 10)
		out = append(out, "\r\n"...)
	}
	out = append(out, "\r\n"...)
	if len(body.prefix) == 0 {
		return out
	}
	if !body.chunked {
		return append(out, body.prefix...)
	}
	out = strconv.AppendInt(out, int64(len(body.prefix)), 16)
	out = append(out, "\r\n"...)
	out = append(out, body.prefix...)
	return append(out, "\r\n"...)
}

// appendTarget appends path and query.
func (w *walk) appendTarget(out []byte) []byte {
	if p := w.d.UpstreamPath(); p != "" {
		out = route.EscapePath(out, p)
	} else {
		out = w.out.UpstreamPath(out, w.plan.Service.Entity.Path)
	}
	query, has := w.d.Query()
	if !has {
		return out
	}
	out = append(out, '?')
	for _, c := range query {
		if c <= ' ' || c == 0x7f || c == '#' { // a plugin may have set it
			out = append(out, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
			continue
		}
		out = append(out, c)
	}
	return out
}

// appendHost appends the value of the upstream request's Host field.
func (w *walk) appendHost(out []byte) []byte {
	if h := w.d.UpstreamHost(); h != "" {
		return appendClean(out, h)
	}
	if w.plan.Route.PreserveHost && w.x.Request.Host != "" {
		return append(out, w.x.Request.Host...)
	}
	s := w.plan.Service
	if s.HostHeader != "" {
		return append(out, s.HostHeader...)
	}
	return appendHostPort(out, w.pick.Hostname, w.pick.Port, s.DefaultPort())
}

func appendHostPort(out []byte, host string, port, usual int) []byte {
	if strings.IndexByte(host, ':') >= 0 && host[0] != '[' {
		out = append(append(append(out, '['), host...), ']')
	} else {
		out = append(out, host...)
	}
	if port != usual {
		out = append(out, ':')
		out = strconv.AppendInt(out, int64(port), 10)
	}
	return out
}

// appendClean appends a value that a plugin has set: what could end the line becomes a space.
func appendClean(out []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' || c == 0x7f {
			c = ' '
		}
		out = append(out, c)
	}
	return out
}

// serverName returns the name that TLS asks for and verifies: the Host field without port.
func (w *walk) serverName() string {
	if h := w.d.UpstreamHost(); h != "" {
		return hostOnly(h)
	}
	if w.plan.Route.PreserveHost && w.x.Request.Host != "" {
		return hostOnly(w.x.Request.Host)
	}
	return serviceName(w.plan.Service.HostHeader, w.pick.Hostname)
}

func serviceName(hostHeader, hostname string) string {
	if hostHeader != "" {
		return hostOnly(hostHeader)
	}
	return hostname
}

// appendForwarded appends the fields that tell the upstream who asks, and how.
func (w *walk) appendForwarded(out []byte) []byte {
	x := &w.x
	h, k := &x.Request.Header, &x.Client
	out = append(out, "X-Real-IP: "...)
	out = appendIP(out, k.IP)
	out = append(out, "\r\nX-Forwarded-For: "...)
	if h.HasID(header.XForwardedFor) {
		for v := range h.Values("X-Forwarded-For") {
			out = append(append(out, v...), ", "...)
		}
		out = appendIP(out, k.Peer.Addr())
	} else {
		out = appendIP(out, k.IP)
	}
	out = append(out, "\r\nX-Forwarded-Proto: "...)
	out = append(out, k.ForwardedScheme...)
	out = append(out, "\r\nX-Forwarded-Host: "...)
	if v, ok := h.Known(header.XForwardedHost); ok && k.Trusted {
		out = append(out, v...)
	} else {
		out = append(out, k.ForwardedHost...)
	}
	out = append(out, "\r\nX-Forwarded-Port: "...)
	out = strconv.AppendInt(out, int64(k.ForwardedPort), 10)
	out = append(out, "\r\nX-Forwarded-Path: "...)
	if v, ok := h.Known(header.XForwardedPath); ok && k.Trusted {
		out = append(out, v...)
	} else {
		out = append(out, w.receivedPath()...)
	}
	if v, ok := h.Known(header.XForwardedPrefix); ok && k.Trusted {
		out = append(append(out, "\r\nX-Forwarded-Prefix: "...), v...)
	} else if v := w.out.ForwardedPrefix(); len(v) > 0 {
		out = route.EscapePath(append(out, "\r\nX-Forwarded-Prefix: "...), v)
	}
	out = append(out, "\r\nVia: "...)
	for v := range h.Values("Via") {
		out = append(append(out, v...), ", "...)
	}
	if w.c.Request.Minor == 0 {
		out = append(out, "1 "...) // as Kong writes 1.0
	} else {
		out = append(out, "1.1 "...)
	}
	out = append(append(out, w.p.agent...), "\r\n"...)
	if w.p.o.UpstreamID {
		out = append(append(append(out, "X-Kong-Request-Id: "...), w.id[:]...), "\r\n"...)
	}
	return out
}

// receivedPath is the path as the client sent it.
func (w *walk) receivedPath() []byte {
	p := w.c.Request.Path
	for i, c := range p {
		if c == '?' {
			return p[:i]
		}
	}
	return p
}

func appendIP(out []byte, ip netip.Addr) []byte { return ip.Unmap().AppendTo(out) }
