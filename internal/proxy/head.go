package proxy

import (
	"bytes"
	"net/netip"
	"strconv"
	"strings"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/route"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// prepare makes the head of the upstream request of what the plugins have left, in a.
func (w *walk) prepare(a *attempt) {
	r := &w.x.Request
	a.service = w.found.service
	a.host = w.upstreamHost()
	a.path = w.appendTarget(a.path[:0], a.service.Backend.Path)
	w.addForwarded(&a.extra)
	a.head = exchange.Head{Method: r.Method, Scheme: "http", Path: a.path, Header: &r.Header, Skip: ours, Extra: &a.extra}
	if a.body.Stream == nil {
		a.head.Skip |= header.IDs(header.Trailer) // nothing stands behind the body
	}
	if a.service.TLS != nil {
		a.head.Scheme = "https"
	}
	if w.p.o.UpstreamID {
		a.head.Skip |= header.IDs(header.XKongRequestID)
	}
	if w.websocket() {
		a.head.Upgrade = "websocket"
	}
	if w.found.share != nil {
		a.ruled = &ruled{share: w.found.share}
	}
}

// appendTarget appends path and query. base is the path of the backend.
func (w *walk) appendTarget(out []byte, base string) []byte {
	if to := w.found.share.Path(); to != nil {
		out = w.found.appendEdited(route.EscapePath(out, strings.TrimRight(base, "/")), to)
	} else if p := w.d.UpstreamPath(); p != "" {
		out = route.EscapePath(out, p)
	} else {
		out = w.found.UpstreamPath(out, base)
	}
	query, has := w.d.Query()
	return appendQuery(out, query, has)
}

// appendQuery appends a query with what may not stand in a request target encoded.
func appendQuery(out, query []byte, has bool) []byte {
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

// upstreamHost returns the Host field of the upstream request; "" means that of the target.
func (w *walk) upstreamHost() string {
	if h := w.found.share.Host(); h != "" {
		return h
	}
	if h := w.d.UpstreamHost(); h != "" {
		return clean(h)
	}
	if w.found.plan.Rule.PreserveHost && w.x.Request.Host != "" {
		return w.x.Request.Host
	}
	return w.found.service.HostHeader
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

// clean returns a value that a plugin has set without control characters: they become spaces.
func clean(s string) string {
	if strings.IndexFunc(s, control) < 0 {
		return s
	}
	return strings.Map(func(c rune) rune {
		if control(c) {
			return ' '
		}
		return c
	}, s)
}

func control(c rune) bool { return c < ' ' || c == 0x7f }

// addForwarded adds the fields that tell the upstream who asks, and how.
func (w *walk) addForwarded(f *header.Fields) {
	h, k := &w.x.Request.Header, &w.x.Client
	f.End(header.XRealIP, appendIP(f.Begin(header.XRealIP), k.IP))
	b := f.Begin(header.XForwardedFor)
	if h.HasID(header.XForwardedFor) {
		for v := range h.Values("X-Forwarded-For") {
			b = append(append(b, v...), ", "...)
		}
		b = appendIP(b, k.Peer.Addr())
	} else {
		b = appendIP(b, k.IP)
	}
	f.End(header.XForwardedFor, b)
	f.End(header.XForwardedProto, append(f.Begin(header.XForwardedProto), k.ForwardedScheme...))
	b = f.Begin(header.XForwardedHost)
	if v, ok := h.Known(header.XForwardedHost); ok && k.Trusted {
		b = append(b, v...)
	} else {
		b = append(b, k.ForwardedHost...)
	}
	f.End(header.XForwardedHost, b)
	f.End(header.XForwardedPort, strconv.AppendInt(f.Begin(header.XForwardedPort), int64(k.ForwardedPort), 10))
	b = f.Begin(header.XForwardedPath)
	if v, ok := h.Known(header.XForwardedPath); ok && k.Trusted {
		b = append(b, v...)
	} else {
		path, _, _ := bytes.Cut(w.q.Path, question)
		b = append(b, path...)
	}
	f.End(header.XForwardedPath, b)
	w.addPrefix(f)
	b = f.Begin(header.Via)
	for v := range h.Values("Via") {
		b = append(append(b, v...), ", "...)
	}
	f.End(header.Via, append(append(append(b, viaVersion(w.q.Version)...), ' '), w.p.agent...))
	if w.p.o.UpstreamID {
		f.End(header.XKongRequestID, append(f.Begin(header.XKongRequestID), w.id[:]...))
	}
}

// addPrefix adds X-Forwarded-Prefix.
func (w *walk) addPrefix(f *header.Fields) {
	if v, ok := w.x.Request.Header.Known(header.XForwardedPrefix); ok && w.x.Client.Trusted {
		f.End(header.XForwardedPrefix, append(f.Begin(header.XForwardedPrefix), v...))
	} else if v := w.found.ForwardedPrefix(); len(v) > 0 {
		f.End(header.XForwardedPrefix, route.EscapePath(f.Begin(header.XForwardedPrefix), v))
	}
}

// viaVersion is the version in Via, which Kong writes "1" for HTTP/1.0.
func viaVersion(v exchange.Version) string {
	if v == exchange.HTTP10 {
		return "1"
	}
	return v.String()
}

func appendIP(out []byte, ip netip.Addr) []byte { return ip.Unmap().AppendTo(out) }

var _ plugin.Host = (*walk)(nil)
