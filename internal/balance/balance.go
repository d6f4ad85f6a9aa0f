// Package balance chooses the address that a request is sent to. Its main type is Balancer: one per upstream or per plain host
// of a service, made by a Registry, which also keeps what must outlive a snapshot: positions, counters and resolved names. The
// package opens no connections to upstreams and knows nothing of requests but what a Pick carries. It does not decide which
// Host field is sent.
//
// Names are resolved away from requests: a balancer keeps a ring of addresses, a request that finds it out of date starts a
// lookup in the background and goes on with the old addresses. Only a request that finds no address at all waits.
package balance

import "errors"

// Errors of Next. Their texts are Kong's messages for the 503 that the proxy answers.
var (
	ErrNoPeer  = errors.New("failure to get a peer from the ring-balancer") // no target, or none with an address
	ErrResolve = errors.New("name resolution failed")                       // a service's host is unknown or cannot be looked up
)

// Balancer hands out addresses. It is safe for concurrent use and stays usable after its snapshot is gone.
type Balancer interface {
	// Next sets the Pick's address; a further call for the same Pick, after a failed try, prefers an address that was not
	// tried. It waits only while no address is known, and then no longer than the registry's Timeout. ErrNoPeer and
	// ErrResolve are wrapped with the reason; both are final for the request. It does not allocate when it succeeds.
	Next(p *Pick) error
	// Peers returns what is known of each address, in the order of targets; for status reports.
	Peers() []Peer
}
