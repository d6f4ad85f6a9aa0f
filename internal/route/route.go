// Package route decides which route a request belongs to, as Kong's router of flavour "traditional_compatible" does. Its main
// type is Router: immutable, made by Build from routes and their services, asked by Match without locks or allocation. It also
// holds the two path functions that go with matching: NormalizePath, before it, and Result.UpstreamPath, after it. The package
// reads no bodies, resolves no names and forwards nothing; routes of stream protocols (tcp, tls, udp, tls_passthrough) are not
// its business and are left out.
//
// # How it finds a route
//
// Every route becomes one or more matchers (a route with several paths is split, as Kong does), which are sorted by Kong's
// priority; the position is the matcher's rank. Matchers are filed under their hosts, there under the literal start of their
// paths in a radix trie, and, where many share both, under method, SNI, header values or the last segment of a regular
// expression. A lookup visits the few places where a matcher for the request can be, and keeps the best rank; each place knows
// the best rank below it and is skipped when that cannot win.
//
// # Differences from Kong
//
// Regular expressions are RE2 as in package regexp. Kong checks patterns with PCRE and runs them with Rust's regex crate, so
// that look-around and back-references do not work there either. \d, \w, \s and \b know ASCII only, where Rust's know
// Unicode. Request paths need not be UTF-8.
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

// Result is the outcome of a match. Reuse it: Match overwrites all of it but keeps its scratch memory. Slices are parts of
// Request.Path.
type Result struct {
	Route   *entity.Route
	Service *entity.Service // nil if the route has none
	Rule    int             // index of the matched rule in what was given to Build

	// Prefix is the part of the path that the route's path attribute matched: the plain path, or the text that the regular
	// expression matched. It is empty for a route without paths.
	Prefix []byte

	path    []byte
	byPath  bool // the route has paths
	pattern *pattern
	mode    protocols
	scratch []byte
}
