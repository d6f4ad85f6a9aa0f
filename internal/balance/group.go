package balance

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// target is a parsed Target, or the host of a service.
type target struct {
	hostname string
	port     int
	weight   int
	addr     netip.Addr // valid when hostname is an IP address
}

// parseTarget reads host:port.
func parseTarget(t Target) (target, error) {
	host, text, err := net.SplitHostPort(t.Target)
	if err != nil {
		return target{}, fmt.Errorf("target %q: %w", t.Target, err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || host == "" {
		return target{}, fmt.Errorf("target %q is not host:port", t.Target)
	}
	if t.Weight < 0 || t.Weight > 65535 {
		return target{}, fmt.Errorf("target %q: weight %d is not between 0 and 65535", t.Target, t.Weight)
	}
	return newTarget(host, int(port), t.Weight), nil
}

func newTarget(host string, port, weight int) target {
	t := target{hostname: host, port: port, weight: weight}
	if a, err := netip.ParseAddr(host); err == nil {
		t.addr = a
	}
	return t
}

// group is the Balancer. It lives in the registry, so that it goes on when a snapshot replaces another.
type group struct {
	names  *names
	single bool // made for a service's host

	turn   atomic.Uint64
	ring   atomic.Pointer[ring] // nil while no address was looked up
	stale  atomic.Bool          // a refresh is under way
	mu     sync.Mutex           // guards the rest
	used   bool                 // asked for since the last Sweep
	target []target
	peers  map[peerKey]*peer
	busy   chan struct{} // closed when the refresh under way ends; nil if there is none
}

// Next implements Balancer.
func (g *group) Next(p *Pick) error {
	r := g.ring.Load()
	if r == nil || r.old() && (len(r.peers) == 0 || !g.stale.Load()) {
		r = g.renew(r)
	}
	if len(r.peers) == 0 {
		return g.refuse(r)
	}
	peer := r.preferred(p)
	if peer == nil { // what goes elsewhere takes no turn
		peer = r.pick(g.turn.Add(1)-1, p)
	}
	p.take(peer)
	return nil
}

// refuse returns the error of a ring without peers.
func (g *group) refuse(r *ring) error {
	kind := ErrNoPeer
	if g.single {
		kind = ErrResolve
	}
	if r.err == nil {
		return kind
	}
	return fmt.Errorf("%w: %w", kind, r.err)
}

// renew starts a refresh if none is under way. It returns old if that has addresses, else what the refresh brings. Targets may
// be changed to other unknown names just then, so that it takes another one.
func (g *group) renew(old *ring) *ring {
	for {
		busy := g.refresh()
		if old != nil && len(old.peers) > 0 {
			return old
		}
		<-busy
		if r := g.ring.Load(); r != nil {
			return r
		}
		if g.names.ctx.Err() != nil {
			return &ring{err: errClosed}
		}
	}
}

var errClosed = errors.New("shutting down")

// refresh starts to look up the names of the targets, unless that is under way, and returns a channel that is closed when it
// is done.
func (g *group) refresh() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.busy != nil {
		return g.busy
	}
	done := make(chan struct{})
	started := g.names.start(func() {
		for !g.update() {
		}
		close(done)
	})
	if !started {
		close(done)
		return done
	}
	g.busy = done
	g.stale.Store(true)
	return done
}

// update looks up the names of the targets and makes a ring of the answers. It reports false if the targets were changed
// meanwhile to such that are not all looked up.
func (g *group) update() bool {
	g.lookUp()
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.build()
	if r.err == errPending {
		return false
	}
	g.ring.Store(r)
	g.busy = nil
	g.stale.Store(false)
	return true
}

// lookUp brings the cache up to date for all names of the targets.
func (g *group) lookUp() {
	g.mu.Lock()
	hosts := make(map[string]bool)
	for i := range g.target {
		if t := &g.target[i]; !t.addr.IsValid() && t.weight > 0 {
			hosts[t.hostname] = true
		}
	}
	g.mu.Unlock()
	var all sync.WaitGroup
	for host := range hosts {
		all.Go(func() { g.names.resolve(host) })
	}
	all.Wait()
}

// set gives the group its targets. What needs no lookup takes effect at once; names that were never looked up are, in the
// background. g.mu is not held.
func (g *group) set(targets []target) {
	g.mu.Lock()
	g.used = true
	if g.peers != nil && slices.Equal(g.target, targets) {
		g.mu.Unlock()
		return
	}
	g.target = targets
	r := g.build()
	if r.err == errPending && len(r.peers) == 0 {
		r = nil
	}
	g.ring.Store(r)
	pending := r == nil || r.err == errPending
	g.mu.Unlock()
	if pending {
		g.refresh()
	}
}

// errPending marks a ring that lacks the addresses of names that were never looked up.
var errPending = errors.New("not looked up yet")

// build makes the ring of what is known, and keeps the peers that it still has. g.mu is held.
func (g *group) build() *ring {
	var peers []*peer
	var weights []uint64
	var expires time.Time
	var failure error
	kept := make(map[peerKey]*peer)
	for i := range g.target {
		t := &g.target[i]
		addrs := []netip.Addr{t.addr}
		if !t.addr.IsValid() {
			if t.weight == 0 {
				continue
			}
			a := g.names.known(t.hostname)
			if a == nil {
				failure = errPending
				continue
			}
			if addrs = a.addrs; a.err != nil && failure == nil {
				failure = a.err
			}
			if expires.IsZero() || a.expires.Before(expires) {
				expires = a.expires
			}
		}
		for _, addr := range addrs {
			p := g.peer(kept, t, addr)
			if t.weight > 0 {
				peers, weights = append(peers, p), append(weights, uint64(t.weight))
			}
		}
	}
	g.peers = kept
	r := newRing(peers, weights)
	r.expires, r.err = expires, failure
	return r
}

// peer returns the peer of an address, the old one if there is one.
func (g *group) peer(kept map[peerKey]*peer, t *target, addr netip.Addr) *peer {
	key := peerKey{hostname: t.hostname, port: t.port, addr: addr}
	p := g.peers[key]
	if p == nil {
		p = newPeer(t, addr)
	}
	kept[key] = p
	return p
}

// Peers implements Balancer.
func (g *group) Peers() []Peer {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []Peer
	for i := range g.target {
		t := &g.target[i]
		found := false
		for _, addr := range g.addrs(t) {
			p := g.peers[peerKey{hostname: t.hostname, port: t.port, addr: addr}]
			if p == nil {
				continue
			}
			found = true
			out = append(out, Peer{Hostname: t.hostname, Port: t.port, Addr: p.addr, Weight: t.weight,
				Answered: p.answered.Load(), Failed: p.failed.Load(), TimedOut: p.timedOut.Load()})
		}
		if !found {
			out = append(out, Peer{Hostname: t.hostname, Port: t.port, Weight: t.weight})
		}
	}
	return out
}

// addrs returns the addresses of a target as far as they are known.
func (g *group) addrs(t *target) []netip.Addr {
	if t.addr.IsValid() {
		return []netip.Addr{t.addr}
	}
	if a := g.names.known(t.hostname); a != nil {
		return a.addrs
	}
	return nil
}
