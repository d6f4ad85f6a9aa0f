package proxy

import (
	"bytes"
	"net/netip"
	"strconv"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/http1"
	"github.com/gibbon-gateway/gibbon/internal/route"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// begin makes the exchange of a received request.
func (w *walk) begin(c *http1.Conn) {
	q := c.Request
	w.c, w.snap = c, w.p.current.Load()
	w.rewritten, w.gone = false, false
	w.asked, w.answered = zero, zero
	w.body.reset()
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
	http1.StripRequest(&r.Header)
	r.Header.DelIDs(framing)
	r.Header.Del("Proxy") // programs behind CGI would take it for a setting
	if q.TETrailers {
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
	c, k := w.c, &w.x.Client
	k.Peer, k.IP, k.Local, k.TLS = c.Peer, c.Peer.Addr(), c.Local, c.TLS
	k.Scheme, k.HTTPVersion = "http", "1.1"
	if c.TLS != nil {
		k.Scheme = "https"
	}
	if c.Request.Minor == 0 {
		k.HTTPVersion = "1.0"
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

// admit refuses what nginx refuses before anything of the gateway sees it.
func (w *walk) admit() bool {
	r := &w.x.Request
	if r.Method == "TRACE" {
		w.refuse(405, "")
		return false
	}
	var ok bool
	if w.path, ok = route.NormalizePath(w.path[:0], r.Path); !ok {
		w.refuse(400, "")
		return false
	}
	r.Path = w.path
	if w.snap == nil {
		w.d.Known(503, nil)
		w.x.Error(503, "no configuration yet")
		w.write()
		return false
	}
	return true
}

// match finds the plan. It reports false when the request is answered.
func (w *walk) match() bool {
	c, x := w.c, &w.x
	q := c.Request
	w.in = route.Request{Method: q.Method, Host: q.Host, Port: int(c.Local.Port()), Path: w.path, Secure: c.TLS != nil,
		Header: &x.Request.Header}
	if x.Request.Method != string(q.Method) {
		w.in.Method = []byte(x.Request.Method)
	}
	if c.TLS != nil {
		w.in.SNI = c.TLS.ServerName
	}
	plan := w.snap.Match(&w.in, &w.out)
	if plan == nil {
		x.Error(404, "no Route matched with those values")
		return false
	}
	w.plan, x.Route = plan, plan.Route
	if plan.Service != nil {
		x.Service = plan.Service.Entity
	}
	w.protocol = protocolOf(plan.GRPC, c.TLS != nil)
	ct, _ := x.Request.Header.Known(header.ContentType)
	v := w.out.Protocol(x.Client.ForwardedScheme == "https", bytes.HasPrefix(ct, grpcType), false)
	return v == route.Forward || w.verdict(v)
}

var grpcType = []byte("application/grpc")

// verdict answers a request whose protocol the route does not take.
func (w *walk) verdict(v route.Verdict) bool {
	x := &w.x
	switch v {
	case route.RequireHTTPS:
		x.Error(426, "Please use HTTPS protocol", "Upgrade", "TLS/1.2, HTTP/1.1")
	case route.RedirectHTTPS:
		status := w.plan.Route.HTTPSRedirectStatusCode
		x.Exit(status, redirectPage(status), "Content-Type", "text/html",
			"Location", "https://"+x.Client.ForwardedHost+string(w.c.Request.Path))
	case route.RefuseNonGRPC:
		x.Error(415, "Non-gRPC request matched gRPC route")
	case route.RequireHTTP2:
		x.Error(426, "Please use HTTP2 protocol", "Upgrade", "HTTP/2")
	case route.RefuseGRPCPlain:
		x.Exit(200, nil, "Content-Type", "application/grpc", "grpc-status", "1",
			"grpc-message", "gRPC request matched gRPCs route")
	}
	return false
}

// redirectPage is nginx's page for a redirect.
func redirectPage(status int) string {
	title := map[int]string{301: "301 Moved Permanently", 302: "302 Found", 307: "307 Temporary Redirect",
		308: "308 Permanent Redirect"}[status]
	return "<html>\r\n<head><title>" + title + "</title></head>\r\n<body>\r\n<center><h1>" + title +
		"</h1></center>\r\n</body>\r\n</html>\r\n"
}

var _ plugin.Host = (*walk)(nil)
