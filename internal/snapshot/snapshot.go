// Package snapshot compiles rules, and a set of consumers, plugins and certificates, into what the proxy runs: a router, a plan for
// every rule, plugin instances, balancers and certificates. Its main type is Snapshot, immutable once Build has returned it. Build
// takes over from the previous snapshot what did not change: plugin instances with their counters and caches, balancers with their
// state, parsed certificates and patterns. The package serves no requests, opens no connections, and does not know where rules and
// sets come from.
package snapshot

import (
	"crypto/x509"
	"log/slog"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/balance"
	"github.com/gibbon-gateway/gibbon/internal/plan"
	"github.com/gibbon-gateway/gibbon/internal/route"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// Options are what all snapshots of a gateway are built with.
type Options struct {
	Types     plugin.Types
	Balance   *balance.Registry
	Directory *Directory // what plugins look consumers and credentials up in; may be nil
	// Env is what every plugin instance gets. ID, Scope, Find and Go are set for each of them, and Log names it.
	Env plugin.Env
	// Roots verify upstreams whose service names no CA certificates; nil means the system's.
	Roots *x509.CertPool
	// VerifyUpstream says whether upstream certificates are verified where a service does not say.
	VerifyUpstream bool
	// UpstreamHTTP2 offers HTTP/2 to the upstreams of https services.
	UpstreamHTTP2 bool
	// Certificates are for clients that name no server, or one without certificate. The first that fits is used.
	Certificates *Certificates
}

// Snapshot is a compiled configuration.
type Snapshot struct {
	Set *entity.Set
	// Global is the chain of requests without a route. Its plugins with a Rewriter take part in all requests.
	Global *Chain

	config    *plan.Config
	router    *route.Router
	rules     []*plan.Rule                // that the router was made of
	plans     []Plan                      // by the router's rule number
	services  map[string]*Service         // by backend ID
	instances map[string]*Instance        // by plugin id
	upstreams map[string]balance.Balancer // by pool ID
	certs     *certificates
	directory *Directory
	registry  *balance.Registry
	log       *slog.Logger

	refused []route.Refused       // rules that the router does not take
	reasons map[*plan.Rule]string // why rules are not in force
}

// Build compiles a configuration. What is equal in prev (nil for the first) is taken over. Objects that cannot be compiled are left out and
// named in the problems; a plugin of a known type that cannot be made refuses the requests that it would have seen. The snapshot takes effect with
// Enter; one that is not used after all has to be discarded.
func Build(prev *Snapshot, c *plan.Config, opts Options) (*Snapshot, []entity.Problem) {
	if prev == nil {
		prev = &Snapshot{}
	}
	if opts.Env.Log == nil {
		opts.Env.Log = slog.Default()
	}
	set := c.Set
	if set == nil {
		set, _ = entity.NewSet(0, nil)
	}
	b := &builder{prev: prev, config: c, set: set, opts: &opts}
	s := &Snapshot{Set: set, config: c, reasons: map[*plan.Rule]string{}, directory: opts.Directory, registry: opts.Balance, log: opts.Env.Log}
	b.s = s
	s.certs = b.certificates()
	s.upstreams = b.balancers()
	rules := b.checked()
	s.services = b.services(rules)
	s.instances = b.instances()
	b.sortPlugins()
	s.Global = b.chain("", "")
	b.plan(rules)
	return s, b.problems
}

// builder holds what Build works with.
type builder struct {
	prev     *Snapshot
	s        *Snapshot
	config   *plan.Config
	set      *entity.Set
	opts     *Options
	problems []entity.Problem

	pools map[string]*plan.Pool // by ID

	global    []*Instance
	ofRoute   map[string][]*Instance
	ofService map[string][]*Instance
	chains    map[string]*Chain // of services whose routes have no plugins of their own
}

func (b *builder) problem(kind, id string, err error) {
	b.problems = append(b.problems, entity.Problem{Kind: kind, ID: id, Err: err})
}

// Match finds the plan of a request, or nil.
func (s *Snapshot) Match(in *route.Request, out *route.Result) *Plan {
	if !s.router.Match(in, out) {
		return nil
	}
	return &s.plans[out.Rule]
}

// Routes returns how many rules can be matched.
func (s *Snapshot) Routes() int { return len(s.plans) - len(s.refused) }

// Config returns what s was built from; nil for no snapshot. It is not to be changed.
func (s *Snapshot) Config() *plan.Config {
	if s == nil {
		return nil
	}
	return s.config
}

// Instances returns the plugin instances of a type by the id of their configuration.
func (s *Snapshot) Instances(name string) map[string]any {
	out := make(map[string]any)
	for id, i := range s.instances {
		if i.Name == name && i.Plugin != nil {
			out[id] = i.Plugin
		}
	}
	return out
}

// Balancer returns the balancer of an upstream entity or another pool, or nil.
func (s *Snapshot) Balancer(upstream string) balance.Balancer { return s.upstreams[upstream] }

// Enter makes lookups of plugins see the snapshot's set. It is called just before the snapshot serves requests.
func (s *Snapshot) Enter() {
	if s.directory != nil {
		s.directory.set.Store(s.Set)
	}
}

// Sweep forgets balancers that s does not use. It is called once s serves requests, and before the next Build.
func (s *Snapshot) Sweep() {
	if s.registry != nil {
		s.registry.Sweep()
	}
}

// Leave stops the plugins that prev has and s has not taken over. It is called once s serves requests; those that still run on
// prev may go on. It waits for background tasks of plugins to end.
func (s *Snapshot) Leave(prev *Snapshot) {
	if prev == nil {
		return
	}
	stop(s.log, leftOver(prev.instances, s.instances))
}

// Discard stops what s has made and prev, which goes on, does not have.
func (s *Snapshot) Discard(prev *Snapshot) {
	if prev == nil {
		prev = &Snapshot{}
	}
	stop(s.log, leftOver(s.instances, prev.instances))
}

// Close stops all plugins, at the end of the process.
func (s *Snapshot) Close() { stop(s.log, leftOver(s.instances, nil)) }

// leftOver returns the instances of old that next has not.
func leftOver(old, next map[string]*Instance) (out []*made) {
	for id, i := range old {
		if n := next[id]; n == nil || n.made != i.made {
			out = append(out, i.made)
		}
	}
	return out
}
