// Package balance chooses the address that a request is sent to. Its main type is Balancer: one per upstream or per plain host
// of a service, made by a Registry, which also keeps what must outlive a snapshot (positions, counters, resolved names). The
// package opens no connections to upstreams and knows nothing of requests but what a Pick carries.
package balance

import (
	"errors"
	"net/netip"
)

// Errors of Next. Their texts are Kong's messages for the 503 that the proxy answers.
var (
	ErrNoPeer  = errors.New("failure to get a peer from the ring-balancer") // no target, or none that may be used
	ErrResolve = errors.New("name resolution failed")                       // the name is unknown or the resolver failed
)

// Balancer hands out addresses. It is safe for concurrent use.
type Balancer interface {
	// Next sets the Pick's address; a second call for the same Pick, after a failed try, prefers an address that was not
	// tried yet. It only waits when a name has never been resolved, and then no longer than the resolver's timeout.
	// ErrNoPeer and ErrResolve (wrapped) are final.
	Next(p *Pick) error
}

// MaxTries is how many tried addresses a Pick remembers; later ones are forgotten first.
const MaxTries = 16

// Pick is the choice of an address for one request, over all its tries. Reset it before the first Next.
type Pick struct {
	Addr     netip.AddrPort // where to connect
	Hostname string         // the name behind it as configured (target or service host, without port); the address itself if that is what was configured
	Port     int            // the configured port
	Tries    int            // calls of Next that succeeded

	tried [MaxTries]netip.AddrPort
}

// Reset prepares p for a new request.
func (p *Pick) Reset() { *p = Pick{} }
