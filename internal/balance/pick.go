package balance

import (
	"net/netip"
	"sync/atomic"
)

// remembered is how many tried addresses a Pick keeps; of more, the first are forgotten first.
const remembered = 8

// Pick is the choice of an address for one request, over all its tries. Reset it before the first Next.
type Pick struct {
	Addr     netip.AddrPort // where to connect
	Hostname string         // of the target or service host as configured, without port and brackets; an IP address if that was configured
	Port     int            // as configured
	Tries    int            // calls of Next that succeeded

	peer  *peer
	tried [remembered]*peer
}

// Reset prepares p for a new request.
func (p *Pick) Reset() { *p = Pick{} }

// take makes peer the choice.
func (p *Pick) take(of *peer) {
	p.Addr, p.Hostname, p.Port, p.peer = of.addr, of.hostname, of.port, of
	p.tried[p.Tries%remembered] = of
	p.Tries++
}

// has reports whether peer was tried, as far as p remembers.
func (p *Pick) has(of *peer) bool {
	for _, t := range p.tried[:min(p.Tries, remembered)] {
		if t == of {
			return true
		}
	}
	return false
}

// Outcome is how a try ended.
type Outcome uint8

// The outcomes.
const (
	Answered Outcome = iota // a response head came, whatever its status
	Failed                  // no connection, or it broke before the response
	TimedOut                // connecting, sending or waiting took too long
)

// Report tells the balancer how the try with the present address ended. Call it once after each try.
func (p *Pick) Report(o Outcome) {
	if p.peer == nil {
		return
	}
	switch o {
	case Answered:
		p.peer.answered.Add(1)
	case TimedOut:
		p.peer.timedOut.Add(1)
	default:
		p.peer.failed.Add(1)
	}
	p.peer = nil
}

// Peer is what is known of one address of a balancer.
type Peer struct {
	Hostname string // of the target, as configured
	Port     int
	Addr     netip.AddrPort // invalid when the name has no address now
	Weight   int            // of the target
	Answered uint64         // tries by outcome, since the target was first seen
	Failed   uint64
	TimedOut uint64
}

// peer is an address of a target. It stays the same object as long as the target has the address, over all snapshots.
type peer struct {
	addr     netip.AddrPort
	hostname string
	port     int

	answered, failed, timedOut atomic.Uint64
}

// peerKey identifies a peer within its group.
type peerKey struct {
	hostname string
	port     int
	addr     netip.Addr
}
