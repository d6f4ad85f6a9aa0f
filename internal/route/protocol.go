package route

import "github.com/gibbon-gateway/gibbon/internal/plan"

// protocols is the set of a rule's protocols.
type protocols uint8

const (
	protoHTTP protocols = 1 << iota
	protoHTTPS
	protoGRPC
	protoGRPCS
)

// protocolsOf returns the protocols of the http and grpc families that a rule takes; 0 for stream protocols.
func protocolsOf(m *plan.Match) (set protocols) {
	for _, p := range m.Protocols {
		switch p {
		case "http":
			set |= protoHTTP
		case "https":
			set |= protoHTTPS
		case "grpc":
			set |= protoGRPC
		case "grpcs":
			set |= protoGRPCS
		}
	}
	return set
}

// Verdict says what is to be done with a matched request, seen from the protocols of the route.
type Verdict uint8

// The verdicts, with the answers of Kong.
const (
	Forward         Verdict = iota // go on
	RequireHTTPS                   // 426 "Please use HTTPS protocol", Connection: Upgrade, Upgrade: TLS/1.2, HTTP/1.1
	RedirectHTTPS                  // the rule's HTTPSRedirect (301, 302, 307, 308) to https://<host><target>
	RefuseNonGRPC                  // 415 "Non-gRPC request matched gRPC route"
	RequireHTTP2                   // 426 "Please use HTTP2 protocol", Connection: Upgrade, Upgrade: HTTP/2
	RefuseGRPCPlain                // 200, content-type: application/grpc, grpc-status: 1, grpc-message: "gRPC request matched gRPCs route"
)

// Protocol compares the request with the route's protocols. secure: the forwarded scheme is https (X-Forwarded-Proto of
// trusted peers, else the connection's). grpc: the content type starts with application/grpc. http2: the request is HTTP/2.
func (r *Result) Protocol(secure, grpc, http2 bool) Verdict {
	switch {
	case r.mode&(protoGRPC|protoGRPCS) != 0:
		switch {
		case !grpc:
			return RefuseNonGRPC
		case !http2:
			return RequireHTTP2
		case r.mode&protoGRPC == 0 && !secure:
			return RefuseGRPCPlain
		}
	case r.mode&protoHTTP == 0 && !secure:
		switch r.Match.HTTPSRedirect {
		case 301, 302, 307, 308:
			return RedirectHTTPS
		}
		return RequireHTTPS
	}
	return Forward
}
