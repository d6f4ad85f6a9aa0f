package balance

// Upstream says what to balance over. It is not the entity, for other sources (Kubernetes backends) have none.
type Upstream struct {
	ID      string   // identity: a balancer made for the same ID goes on where the last one stopped
	Name    string   // for error texts
	Targets []Target // in any order
}

// Target is a place to send requests to.
type Target struct {
	Target string // host:port, ip:port or [ipv6]:port
	Weight int    // 0 to 65535; 0 gets no requests
}

// Registry makes balancers and keeps their state by identity. Make one per process and Close it at the end.
type Registry struct{}

// New returns a registry that resolves names with r; nil means the system's resolver.
func New(r Resolver) *Registry { return &Registry{} }

// Resolver is what looks names up; *net.Resolver is behind the default.
type Resolver interface{}

// Upstream returns the balancer of u.
func (r *Registry) Upstream(u Upstream) (Balancer, error) { return nil, ErrNoPeer }

// Host returns the balancer of a service host that is not an upstream's name: an IP address or a name, with the service's port.
func (r *Registry) Host(host string, port int) Balancer { return nil }

// Retain forgets the state of upstreams whose id keep refuses; call it when a snapshot has replaced the last one.
func (r *Registry) Retain(keep func(id string) bool) {}

// Close stops background lookups and waits for them.
func (r *Registry) Close() error { return nil }
