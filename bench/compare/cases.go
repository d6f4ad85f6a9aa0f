package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/bench/peer"
	"github.com/gibbon-gateway/gibbon/bench/rig"
)

// benchCase is one row of the table: what is asked, and what of.
type benchCase struct {
	name     string
	plain    float64 // CPU time (or memory) at most, of a plain nginx's; 0 is no aim
	same     float64 // CPU time at most, of an nginx's that does the same work; 0 is no aim
	bytes    float64 // memory at most; 0 is no aim
	protocol string  // package peer's; "" is HTTP/1.1
	tls      bool
	one      bool // one route is asked, not all in turn
	plugin   bool // with key-auth and rate-limiting
	fresh    bool // a new connection for each request
	idle     bool // memory of idle connections is measured, and nothing else
	path     string
	fields   [][2]string
}

const items = "/v1/items"

var cases = []benchCase{
	{name: "proxy, one route asked", plain: 0.8, same: 0.72, one: true, path: items},
	{name: "proxy, 1,000 routes", plain: 0.8, same: 0.72, path: items},
	{name: "key-auth + rate-limiting", same: 0.8, plugin: true, path: items, fields: [][2]string{{"apikey", benchKey}}},
	{name: "new connection per request", plain: 1, fresh: true, path: items},
	{name: "1 MiB body", plain: 0.36, path: "/big"},
	{name: "TLS 1.3, keep-alive", plain: 0.85, tls: true, path: items},
	{name: "TLS 1.3, full handshakes", plain: 0.75, tls: true, fresh: true, path: items},
	{name: "HTTP/2 over TLS", plain: 0.9, tls: true, protocol: peer.HTTP2, path: items},
	{name: "HTTP/2 in clear text", plain: 0.75, protocol: peer.HTTP2, path: items},
	{name: "gRPC, unary", plain: 0.9, protocol: peer.GRPC, path: ".Bench/Call", fields: grpcFields},
	{name: "gRPC, messages streamed", plain: 0.9, protocol: peer.GRPCChat, path: ".Bench/Chat", fields: grpcFields},
	{name: "WebSocket, echo", plain: 1, protocol: peer.WebSocket, path: "/echo"},
	{name: "idle HTTP/1.1 connection", bytes: 6000, idle: true, path: items},
	{name: "idle HTTP/1.1 connection, TLS", idle: true, tls: true, path: items},
	{name: "idle HTTP/2 connection, TLS", idle: true, tls: true, protocol: peer.HTTP2, path: items},
}

var grpcFields = [][2]string{{"content-type", "application/grpc"}, {"te", "trailers"}, {"user-agent", "grpc-go/1.85.0"}}

const (
	benchKey = "0123456789abcdef0123456789abcdef"
	hosts    = 100
	prefixes = 10

	conns       = 64 // of HTTP/1.1 and WebSocket
	h2conns     = 16
	h2streams   = 10
	grpcMessage = 1024
	wsMessage   = 128
)

// isGRPC says whether clients call gRPC.
func (c benchCase) isGRPC() bool { return c.protocol == peer.GRPC || c.protocol == peer.GRPCChat }

// http2 says whether clients speak HTTP/2.
func (c benchCase) http2() bool { return c.isGRPC() || c.protocol == peer.HTTP2 }

// upstream is the kind that is asked.
func (c benchCase) upstream() string {
	switch {
	case c.isGRPC():
		return rig.GRPC
	case c.protocol == peer.WebSocket:
		return rig.WebSocket
	}
	return rig.HTTP
}

// headers are the fields of each request. Browsers' are sent where any may be.
func (c benchCase) headers() [][2]string {
	if c.isGRPC() {
		return c.fields
	}
	return append([][2]string{
		{"user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}, {"accept", "application/json, text/plain, */*"},
		{"accept-language", "en-GB,en;q=0.9"}, {"accept-encoding", "gzip, deflate, br"}, {"x-request-id", "3f1c9c1e-1111-2222-3333-444455556666"},
	}, c.fields...)
}

// spec is the case for package peer: routes in turn, but in a case that asks for one.
func (c benchCase) spec() peer.Spec {
	s := peer.Spec{Protocol: c.protocol, TLS: c.tls, Fresh: c.fresh, Conns: conns, Streams: 1, Fields: c.headers()}
	switch {
	case c.protocol == "":
		s.Protocol = peer.HTTP1
	case c.protocol == peer.WebSocket:
		s.Message = wsMessage
	default:
		s.Conns, s.Streams, s.Message = h2conns, h2streams, grpcMessage
	}
	for h := range hosts {
		s.Hosts = append(s.Hosts, fmt.Sprintf("h%d.example.com", h))
	}
	s.Paths = c.paths()
	if c.one {
		s.Hosts, s.Paths = s.Hosts[:1], s.Paths[:1]
	}
	return s
}

func (c benchCase) paths() []string {
	var all []string
	for p := range prefixes {
		all = append(all, fmt.Sprintf("/p%d%s", p, c.path))
	}
	return all
}

// load keeps a proxy busy: by the public programs, where they can.
func (c benchCase) load() rig.Load {
	switch {
	case c.protocol == peer.HTTP2: // h2load asks one host
		return rig.H2load(h2conns, h2streams, "h0.example.com", c.paths(), c.headers())
	case c.protocol == "" && (!c.tls || !c.fresh): // wrk tries to resume TLS sessions
		return rig.Wrk(c.luaScript())
	}
	return rig.Busy(c.spec())
}

// luaScript makes wrk ask all routes in turn, or one.
func (c benchCase) luaScript() string {
	var fields strings.Builder
	all := c.headers()
	if c.fresh {
		all = append(slices.Clip(all), [2]string{"Connection", "close"})
	}
	for _, f := range all {
		fmt.Fprintf(&fields, "  h[%q] = %q\n", f[0], f[1])
	}
	step := 7
	if c.one {
		step = 0
	}
	return fmt.Sprintf(`local all, n = {}, 0
for i = 0, %[1]d do
  local h = {["Host"] = "h" .. math.floor(i / %[2]d) .. ".example.com"}
%[3]s  all[i] = wrk.format("GET", "/p" .. (i %% %[2]d) .. %[4]q, h)
end
function request()
  n = (n + %[5]d) %% %[6]d
  return all[n]
end
`, hosts*prefixes-1, prefixes, fields.String(), c.path, step, hosts*prefixes)
}
