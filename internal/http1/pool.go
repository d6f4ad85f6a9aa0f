package http1

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"sync"
	"time"
)

// Key says where a connection leads and as whom; connections are shared between equal keys only.
type Key struct {
	Addr       string           // "host:port" or "ip:port"
	TLS        bool             // the rest matters only with TLS
	ServerName string           // SNI, and the name that is verified; "" sends none
	Verify     bool             // check the certificate against Roots and ServerName
	Depth      int              // at most so many certificates between leaf and root; 0: no limit, negative: none
	Roots      *x509.CertPool   // nil: the system's; compared by pointer
	Cert       *tls.Certificate // client certificate; compared by pointer
}

// Timeouts of one try; zero means 60 s.
type Timeouts struct {
	Connect time.Duration // dial and TLS handshake
	Write   time.Duration // between two writes of the request
	Read    time.Duration // between two reads of the response
}

// Pool keeps upstream connections. Its fields are not changed after the first Get.
type Pool struct {
	Raw         bool          // use the raw I/O path for TCP without TLS
	Size        int           // idle connections per key; default 512
	IdleTimeout time.Duration // default 60 s
	Requests    int           // on one connection; default 10000
	HeadLimit   int           // bytes of a response head; default 65536

	start    sync.Once
	mu       sync.Mutex
	groups   map[Key]*Group
	closed   bool
	conns    registry
	swept    chan struct{}
	sweeping sync.WaitGroup
	limits   headLimits
}

// Group is the connections of one Key. It is safe for concurrent use.
type Group struct {
	pool *Pool
	key  Key
	conf *tls.Config

	mu     sync.Mutex
	idle   []*ClientConn // the last one was used last
	used   int64         // when, on clock
	closed bool
	gone   bool // no longer in the pool's map
}

const freshFor = int64(200 * time.Millisecond) // an idle connection is asked whether it still lives when unused for longer

func (p *Pool) begin() {
	p.Size = cmp.Or(p.Size, 512)
	p.IdleTimeout = cmp.Or(p.IdleTimeout, 60*time.Second)
	p.Requests = cmp.Or(p.Requests, 10000)
	p.HeadLimit = cmp.Or(p.HeadLimit, 65536)
	p.limits = headLimits{line: p.HeadLimit, field: p.HeadLimit, total: p.HeadLimit, fields: 1000}
	p.groups = make(map[Key]*Group)
	p.swept = make(chan struct{})
	p.sweeping.Go(func() { p.conns.run(p.swept, p.prune) })
}

// Group returns the group of a key; equal keys share one. Callers keep it with what they compiled, so that a request needs no
// lookup.
func (p *Pool) Group(k Key) *Group {
	p.start.Do(p.begin)
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.groups[k]
	if g == nil {
		g = &Group{pool: p, key: k, used: clock(), closed: p.closed}
		if k.TLS {
			g.conf = clientConfig(k)
		}
		p.groups[k] = g
	}
	return g
}

// Close closes the idle connections and stops the pool's background work; busy connections are closed when they are released.
func (p *Pool) Close() error {
	p.start.Do(p.begin)
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	var idle []*ClientConn
	for _, g := range p.groups {
		g.mu.Lock()
		idle = append(idle, g.idle...)
		g.idle, g.closed = nil, true
		g.mu.Unlock()
	}
	p.mu.Unlock()
	for _, u := range idle {
		u.close()
	}
	if first {
		close(p.swept)
	}
	p.sweeping.Wait()
	return nil
}

// prune closes idle connections that are too old or have ended, and forgets groups that nobody used for a while.
func (p *Pool) prune(now int64, peek bool) {
	if !peek {
		return
	}
	p.mu.Lock()
	groups := make([]*Group, 0, len(p.groups))
	for k, g := range p.groups {
		g.mu.Lock()
		if len(g.idle) == 0 && now-g.used > int64(p.IdleTimeout) {
			g.gone = true
			delete(p.groups, k)
		} else if len(g.idle) > 0 {
			groups = append(groups, g)
		}
		g.mu.Unlock()
	}
	p.mu.Unlock()
	for _, g := range groups {
		for _, u := range g.stale(now) {
			u.close()
		}
	}
}

// stale takes the connections out that are not worth keeping.
func (g *Group) stale(now int64) (out []*ClientConn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	kept := g.idle[:0]
	for _, u := range g.idle {
		if now-u.since > int64(g.pool.IdleTimeout) || now-u.since > freshFor && u.ended() {
			out = append(out, u)
		} else {
			kept = append(kept, u)
		}
	}
	clear(g.idle[len(kept):])
	g.idle = kept
	return out
}

// Get takes an idle connection, or makes one. It returns an *Error. ctx only ends dialling and may be nil.
func (g *Group) Get(ctx context.Context, t Timeouts) (*ClientConn, error) {
	for {
		g.mu.Lock()
		n := len(g.idle)
		if n == 0 {
			g.mu.Unlock()
			return g.Dial(ctx, t)
		}
		u := g.idle[n-1]
		g.idle[n-1] = nil
		g.idle = g.idle[:n-1]
		g.mu.Unlock()
		if age := clock() - u.since; age > int64(g.pool.IdleTimeout) || (age > freshFor || u.suspect) && u.ended() {
			u.close()
			continue
		}
		u.Reused = true
		u.begin(t)
		return u, nil
	}
}

// Idle returns the number of idle connections.
func (g *Group) Idle() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.idle)
}

// Dial makes a new connection, also when there are idle ones: for a retry after a kept connection turned out to be dead, and
// for upgrades.
func (g *Group) Dial(ctx context.Context, t Timeouts) (*ClientConn, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	timeout := cmp.Or(t.Connect, 60*time.Second)
	deadline := time.Now().Add(timeout)
	d := net.Dialer{Deadline: deadline, KeepAlive: -1}
	nc, err := d.DialContext(ctx, "tcp", g.key.Addr)
	if err != nil {
		return nil, connectError("connect", err)
	}
	below := nc
	if g.conf != nil {
		tc := tls.Client(nc, g.conf)
		hctx, cancel := context.WithDeadline(ctx, deadline)
		err := tc.HandshakeContext(hctx)
		cancel()
		if err != nil {
			nc.Close()
			return nil, connectError("handshake", err)
		}
		nc = tc
	}
	u := &ClientConn{group: g}
	u.init(nc, below, g.pool.Raw)
	g.pool.conns.add(&u.wire)
	u.begin(t)
	return u, nil
}

// put keeps an idle connection; false if there is no place for it.
func (g *Group) put(u *ClientConn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gone {
		g.mu.Unlock()
		g.pool.restore(g)
		g.mu.Lock()
	}
	g.used = clock()
	if g.closed || g.gone || len(g.idle) >= g.pool.Size {
		return false
	}
	u.since = g.used
	g.idle = append(g.idle, u)
	return true
}

// restore puts a forgotten group back, unless another one has taken its place.
func (p *Pool) restore(g *Group) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.groups[g.key] == nil && !p.closed {
		p.groups[g.key] = g
		g.mu.Lock()
		g.gone, g.used = false, clock()
		g.mu.Unlock()
	}
}
