package proxy

import (
	"bytes"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/route"
)

// admit refuses what nginx refuses before anything of the gateway sees it.
func (w *walk) admit() bool {
	r := &w.x.Request
	if r.Method == "TRACE" {
		w.refuse(405, "")
		return false
	}
	var ok bool
	if w.found.path, ok = route.NormalizePath(w.found.path[:0], r.Path); !ok {
		w.refuse(400, "")
		return false
	}
	r.Path = w.found.path
	if w.snap == nil {
		w.d.Known(503, nil)
		w.x.Error(503, "no configuration yet")
		w.reply.write()
		return false
	}
	return true
}

// match finds the plan. It reports false when the request is answered.
func (w *walk) match() bool {
	x, f := &w.x, &w.found
	peer := w.down.Peer()
	f.in = route.Request{Method: w.q.Method, Host: w.q.Host, Port: int(peer.Local.Port()), Path: f.path, Secure: peer.TLS != nil,
		Header: &x.Request.Header}
	f.in.Query, _ = w.d.Query()
	f.in.Local = peer.Local
	if x.Request.Method != string(w.q.Method) {
		f.in.Method = []byte(x.Request.Method)
	}
	if peer.TLS != nil {
		f.in.SNI = peer.TLS.ServerName
	}
	plan := w.snap.Match(&f.in, &f.Result)
	if plan == nil {
		x.Error(404, "no Route matched with those values")
		return false
	}
	f.plan, f.service, x.Route = plan, plan.Service, plan.Route
	if plan.Extra != nil {
		w.choose(plan.Extra)
	}
	if f.service != nil {
		x.Service = f.service.Entity
	}
	w.phases.protocol = protocolOf(plan.GRPC, peer.TLS != nil)
	ct, _ := x.Request.Header.Known(header.ContentType)
	v := f.Protocol(x.Client.ForwardedScheme == "https", bytes.HasPrefix(ct, grpcType), w.q.Version >= exchange.HTTP2)
	return v == route.Forward || w.verdict(v)
}

// verdict answers a request whose protocol the route does not take.
func (w *walk) verdict(v route.Verdict) bool {
	x := &w.x
	switch v {
	case route.RequireHTTPS:
		x.Error(426, "Please use HTTPS protocol", "Upgrade", "TLS/1.2, HTTP/1.1")
	case route.RedirectHTTPS:
		status := w.found.Match.HTTPSRedirect
		x.Exit(status, redirectPage(status), "Content-Type", "text/html",
			"Location", "https://"+x.Client.ForwardedHost+string(w.q.Path))
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
