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
	// Mark is the address in short: the same on all nodes, as long as the target has it. The first Next takes the address of
	// mark Prefer if there is one with a weight; 0 prefers none.
	Mark, Prefer uint64

	peer  *peer
	tried [remembered]*peer
}

// Reset prepares p for a new request.
func (p *Pick) Reset() { *p = Pick{} }

// take makes peer the choice.
func (p *Pick) take(of *peer) {
	p.Addr, p.Hostname, p.Port, p.Mark, p.peer = of.addr, of.hostname, of.port, of.mark, of
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
	mark     uint64 // never 0

	answered, failed, timedOut atomic.Uint64
}

// peerKey identifies a peer within its group.
type peerKey struct {
	hostname string
	port     int
	addr     netip.Addr
}

// newPeer makes the peer of an address of a target.
func newPeer(t *target, addr netip.Addr) *peer {
	p := &peer{addr: netip.AddrPortFrom(addr, uint16(t.port)), hostname: t.hostname, port: t.port}
	p.mark = 14695981039346656037 // FNV-1a
	for _, c := range []byte(p.addr.String()) {
		p.mark = (p.mark ^ uint64(c)) * 1099511628211
	}
	p.mark = max(p.mark, 1)
	return p
}
