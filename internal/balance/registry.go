package balance

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Config says how names are resolved. The zero value of a field is its default.
type Config struct {
	Resolver    Resolver      // the system's: /etc/hosts and the servers of /etc/resolv.conf
	TTL         time.Duration // how long addresses count as fresh; 30 s, as resolvers of the standard library do not say
	StaleTTL    time.Duration // how long beyond that they are used while lookups fail; 1 h
	ErrorTTL    time.Duration // how long a failed lookup is not repeated; 1 s
	NotFoundTTL time.Duration // how long a name without addresses is not looked up again; 30 s
	Timeout     time.Duration // of a lookup; 5 s
}

// Upstream says what to balance over. It is not the entity, for other sources (Kubernetes backends) have none.
type Upstream struct {
	ID      string   // identity: a balancer asked for with the same ID is the same one, with its targets changed
	Name    string   // for error texts
	Targets []Target // in any order
}

// Target is a place to send requests to.
type Target struct {
	Target string // host:port, ip:port or [ipv6]:port
	Weight int    // 0 to 65535; 0 gets no requests
}

// Registry makes balancers and keeps their state by identity. Make one per process and Close it at the end. It is safe for
// concurrent use.
type Registry struct {
	names *names

	mu     sync.Mutex
	groups map[string]*group // "u " and upstream id, or "h " and host:port
}

// lookups is how many lookups may be under way at once.
const lookups = 64

// New returns a registry.
func New(c Config) *Registry {
	if c.Resolver == nil {
		c.Resolver = &net.Resolver{PreferGo: true}
	}
	c.TTL = cmp.Or(c.TTL, 30*time.Second)
	c.StaleTTL = cmp.Or(c.StaleTTL, time.Hour)
	c.ErrorTTL = cmp.Or(c.ErrorTTL, time.Second)
	c.NotFoundTTL = cmp.Or(c.NotFoundTTL, 30*time.Second)
	c.Timeout = cmp.Or(c.Timeout, 5*time.Second)
	ctx, cancel := context.WithCancel(context.Background())
	return &Registry{
		names:  &names{Config: c, ctx: ctx, cancel: cancel, slots: make(chan struct{}, lookups), byName: make(map[string]*name)},
		groups: make(map[string]*group),
	}
}

// Upstream returns the balancer of u. A target that cannot be read is an error, and nothing is changed.
func (r *Registry) Upstream(u Upstream) (Balancer, error) {
	targets := make([]target, 0, len(u.Targets))
	for _, t := range u.Targets {
		parsed, err := parseTarget(t)
		if err != nil {
			return nil, fmt.Errorf("upstream %s: %w", u.Name, err)
		}
		targets = append(targets, parsed)
	}
	g := r.group("u "+u.ID, false)
	g.set(targets)
	return g, nil
}

// Host returns the balancer of a service host that is not an upstream's name, with the service's port. host is a name or an
// IP address, with or without brackets.
func (r *Registry) Host(host string, port int) Balancer {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		host = strings.TrimSuffix(inner, "]")
	}
	g := r.group("h "+net.JoinHostPort(host, strconv.Itoa(port)), true)
	g.set([]target{newTarget(host, port, 1)})
	return g
}

// Keep counts as asking for a balancer that is known to be asked for with what it has.
func (r *Registry) Keep(b Balancer) {
	if g, ok := b.(*group); ok {
		g.mu.Lock()
		g.used = true
		g.mu.Unlock()
	}
}

func (r *Registry) group(key string, single bool) *group {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.groups[key]
	if g == nil {
		g = &group{names: r.names, single: single}
		r.groups[key] = g
	}
	return g
}

// Sweep forgets the balancers and names that were not asked for since the last Sweep. Call it when a new snapshot, whose
// balancers have all been asked for, has replaced the last one. Requests that still run with a forgotten balancer can use it.
func (r *Registry) Sweep() {
	r.mu.Lock()
	defer r.mu.Unlock()
	hosts := make(map[string]bool)
	for key, g := range r.groups {
		g.mu.Lock()
		if !g.used {
			delete(r.groups, key)
		} else {
			for i := range g.target {
				if !g.target[i].addr.IsValid() {
					hosts[g.target[i].hostname] = true
				}
			}
		}
		g.used = false
		g.mu.Unlock()
	}
	r.names.forget(hosts)
}

// Close stops lookups and waits for them. Balancers go on with what they know.
func (r *Registry) Close() error {
	r.names.close()
	return nil
}
