// Package route decides which rule a request belongs to: of rules that Kong's routes were made of, as Kong's router of flavour
// "traditional_compatible" does; of others in the order that they ask for. Its main type is Router: immutable, made by Build from
// rules, of which it reads the match, asked by Match without locks or allocation. It also holds the two path functions that go
// with matching: NormalizePath, before it, and Result.UpstreamPath, after it. The package reads no bodies, resolves no names and
// forwards nothing; rules of stream protocols (tcp, tls, udp, tls_passthrough) are not its business and are left out.
//
// # How it finds a rule
//
// Every rule becomes one or more matchers (one with several paths is split, as Kong does with routes), which are sorted by the
// rule's order; the position is the matcher's rank. Matchers are filed under their hosts, there under the literal start of their
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
	"net/netip"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/plan"
)

// Request is what a match looks at. All of it is borrowed for the call.
type Request struct {
	Method []byte
	Host   []byte         // the Host field as received; may end with a port
	Port   int            // of the listener (after port_maps), for when Host names none
	Local  netip.AddrPort // the address of ours that the connection came to
	Path   []byte         // made by NormalizePath
	Query  []byte         // as received, without "?"
	Secure bool           // the connection is TLS; only then SNIs of rules count
	SNI    string         // server name of the TLS connection, "" if none
	Header *header.Fields
}

// Result is the outcome of a match. Reuse it: Match overwrites all of it but keeps its scratch memory. Slices are parts of
// Request.Path.
type Result struct {
	Match *plan.Match // of the matched rule; nil if there is none
	Rule  int         // index of the matched rule in what was given to Build

	// Prefix is the part of the path that a path of the rule matched: the plain path, or the text that the regular expression
	// matched. It is empty for a rule without paths.
	Prefix []byte

	path    []byte
	byPath  bool // the rule has paths
	pattern *pattern
	mode    protocols
	scratch []byte
	host    []byte // in lower case
}
