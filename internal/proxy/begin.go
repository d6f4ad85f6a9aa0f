package proxy

import (
	"bytes"
	"net/netip"
	"strconv"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// begin makes the exchange of a received request.
func (w *walk) begin(down exchange.Downstream) {
	q := down.Request()
	w.down, w.q, w.snap = down, q, w.p.current.Load()
	w.gone = false
	w.body.begin(down)
	w.newID()
	d, x := w.d, &w.x
	d.Begin(w)
	x.Started = q.Received
	r := &x.Request
	r.Method, r.Host, r.Target, r.Length = methodName(q.Method), w.hosts.get(q.Host), q.Target, q.Length
	path, query, has := bytes.Cut(q.Path, question)
	d.StartQuery(query, has)
	r.Path = path
	r.Header.CopyFrom(&q.Header)
	r.Header.DelIDs(framing)
	r.Header.Del("Proxy") // programs behind CGI would take it for a setting
	if q.Trailers {
		r.Header.AddID(header.TE, trailers)
	}
	w.client()
}

var (
	question = []byte("?")
	trailers = []byte("trailers")
)

// client finds out who asks, and what for, as seen through trusted proxies.
func (w *walk) client() {
	c, k := w.down.Peer(), &w.x.Client
	k.Peer, k.IP, k.Local, k.TLS = c.Remote, c.Remote.Addr(), c.Local, c.TLS
	k.Scheme, k.HTTPVersion = "http", w.q.Version.String()
	if c.TLS != nil {
		k.Scheme = "https"
	}
	if w.q.Version == exchange.HTTP2 {
		t, _ := w.q.Header.Known(header.ContentType)
		k.GRPC = plugin.GRPCContent(t)
	}
	k.ForwardedScheme, k.ForwardedPort = k.Scheme, int(c.Local.Port())
	k.ForwardedHost = lower(hostOnly(w.x.Request.Host))
	k.Trusted = w.p.trusts(k.IP)
	if !k.Trusted {
		return
	}
	h := &w.x.Request.Header
	if v, ok := h.Known(header.XForwardedProto); ok && len(v) > 0 {
		k.ForwardedScheme = w.hosts.get(v)
	}
	if v, ok := h.Known(header.XForwardedHost); ok && len(v) > 0 {
		k.ForwardedHost = hostOnly(w.hosts.get(v))
	}
	if v, ok := h.Known(header.XForwardedPort); ok {
		if n, err := strconv.ParseUint(w.hosts.get(v), 10, 16); err == nil {
			k.ForwardedPort = int(n)
		}
	}
	k.IP = w.p.realClient(h, k.IP)
}

func (p *Proxy) trusts(ip netip.Addr) bool {
	if len(p.o.TrustedIPs) == 0 {
		return false
	}
	ip = ip.Unmap()
	for _, n := range p.o.TrustedIPs {
		if n.Contains(ip) {
			return true
		}
	}
	return false
}

// realClient returns the address that the real_ip_header names: the last one, or with real_ip_recursive the last that is not
// trusted; peer if there is none.
func (p *Proxy) realClient(h *header.Fields, peer netip.Addr) netip.Addr {
	found := peer
	var all []byte
	for v := range h.Values(p.realIP) {
		if len(all) > 0 {
			all = append(all, ',')
		}
		all = append(all, v...)
	}
	for len(all) > 0 {
		item := all
		if i := bytes.LastIndexByte(all, ','); i >= 0 {
			item, all = all[i+1:], all[:i]
		} else {
			all = nil
		}
		ip, ok := parseIP(string(bytes.TrimSpace(item)))
		if !ok {
			return found
		}
		found = ip
		if !p.o.RealIPRecursive || !p.trusts(ip) {
			return found
		}
	}
	return found
}

// parseIP reads an address, which may have a port.
func parseIP(s string) (netip.Addr, bool) {
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip, true
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr(), true
	}
	return netip.Addr{}, false
}
