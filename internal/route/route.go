// Package route decides which route a request belongs to, as Kong's router of flavour "traditional_compatible" does. Its main
// type is Router: immutable, made by Build from routes and their services, asked by Match without locks or allocation. It also
// holds the two path functions that go with matching: NormalizePath, before it, and UpstreamPath, after it. The package reads
// no bodies, resolves no names and forwards nothing; routes of stream protocols (tcp, tls, udp, tls_passthrough) are left out.
package route

import (
	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/header"
)

// Rule is what Build compiles: a route and the service that it refers to, nil if it has none. A caller that leaves disabled
// services' routes out gets Kong's behaviour for them (404).
type Rule struct {
	Route   *entity.Route
	Service *entity.Service
}

// Request is what a match looks at. All of it is borrowed for the call.
type Request struct {
	Method []byte
	Host   []byte // the Host field as received; may end with a port
	Port   int    // of the listener (after port_maps), for when Host names none
	Path   []byte // made by NormalizePath
	Secure bool   // the connection is TLS; only then SNIs of routes count
	SNI    string // server name of the TLS connection, "" if none
	Header *header.Fields
}

// Result is the outcome of a match. It may be reused; Match overwrites all of it. Slices are parts of Request.Path.
type Result struct {
	Route   *entity.Route
	Service *entity.Service // nil if the route has none
	Rule    int             // index of the matched rule in what was given to Build

	// Prefix is the part of the path that the route's path attribute matched: the plain path, or the text that the regular
	// expression matched. It is empty for a route without paths.
	Prefix []byte

	path    []byte
	pattern *pattern
	mode    protocols
}
