package balance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Resolver looks up the addresses of a name; network is "ip". *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// answer is what is known of a name. It is immutable.
type answer struct {
	addrs   []netip.Addr // ascending; IPv4 only if there is any
	err     error        // set when there is no address
	expires time.Time    // when to look again
	stale   time.Time    // until when the addresses may be used if looking again fails
}

// names caches answers for all balancers of a registry.
type names struct {
	Config
	ctx    context.Context // ends when close is called
	cancel context.CancelFunc
	slots  chan struct{} // bounds lookups under way

	mu     sync.Mutex
	byName map[string]*name
	tasks  sync.WaitGroup
	closed bool
}

// start runs a task in the background. It reports false, and does not, after close.
func (c *names) start(task func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.tasks.Go(task)
	}
	return !c.closed
}

// close ends the tasks and waits for them.
func (c *names) close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.tasks.Wait()
}

// name is an entry of the cache.
type name struct {
	answer *answer       // nil before the first
	busy   chan struct{} // closed when the lookup under way ends; nil if there is none
}

// known returns the answer in the cache, nil if the name was never looked up.
func (c *names) known(host string) *answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := c.byName[host]; n != nil {
		return n.answer
	}
	return nil
}

// resolve returns an answer that has not expired. It looks up at most once at a time per name.
func (c *names) resolve(host string) *answer {
	c.mu.Lock()
	n := c.byName[host]
	if n == nil {
		n = new(name)
		c.byName[host] = n
	}
	for {
		if n.answer != nil && time.Now().Before(n.answer.expires) {
			defer c.mu.Unlock()
			return n.answer
		}
		if n.busy == nil {
			break
		}
		busy := n.busy
		c.mu.Unlock()
		<-busy
		c.mu.Lock()
		if n.answer != nil {
			defer c.mu.Unlock()
			return n.answer
		}
	}
	old := n.answer
	n.busy = make(chan struct{})
	c.mu.Unlock()

	fresh := c.ask(host, old)

	c.mu.Lock()
	defer c.mu.Unlock()
	n.answer = fresh
	close(n.busy)
	n.busy = nil
	return fresh
}

// ask asks the resolver. When it fails, the addresses of an old answer go on for a while; a name that is gone is gone.
func (c *names) ask(host string, old *answer) *answer {
	c.slots <- struct{}{}
	defer func() { <-c.slots }()
	ctx, cancel := context.WithTimeout(c.ctx, c.Timeout)
	defer cancel()
	addrs, err := c.Resolver.LookupNetIP(ctx, "ip", host)
	now := time.Now()
	if addrs = usable(addrs); len(addrs) > 0 {
		return &answer{addrs: addrs, expires: now.Add(c.TTL), stale: now.Add(c.TTL + c.StaleTTL)}
	}
	var dns *net.DNSError
	if err == nil || errors.As(err, &dns) && dns.IsNotFound {
		if err == nil {
			err = errors.New("no address")
		}
		return &answer{err: fmt.Errorf("look up %s: %w", host, err), expires: now.Add(c.NotFoundTTL)}
	}
	if old != nil && len(old.addrs) > 0 && now.Before(old.stale) {
		return &answer{addrs: old.addrs, expires: now.Add(c.ErrorTTL), stale: old.stale}
	}
	return &answer{err: fmt.Errorf("look up %s: %w", host, err), expires: now.Add(c.ErrorTTL)}
}

// forget drops the names that keep does not hold.
func (c *names) forget(keep map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for host, n := range c.byName {
		if !keep[host] && n.busy == nil {
			delete(c.byName, host)
		}
	}
}

// usable returns the addresses in order, without doubles; only those of IPv4 if there are any, for names often have IPv6
// addresses where nothing listens.
func usable(addrs []netip.Addr) []netip.Addr {
	out := make([]netip.Addr, 0, len(addrs))
	four := false
	for _, a := range addrs {
		a = a.Unmap()
		four = four || a.Is4()
		out = append(out, a)
	}
	if four {
		out = slices.DeleteFunc(out, func(a netip.Addr) bool { return !a.Is4() })
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}
