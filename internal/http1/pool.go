package http1

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/dial"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// Pool keeps upstream connections. Its fields are not changed after the first Get.
type Pool struct {
	Raw         bool          // use the raw I/O path for TCP without TLS
	Size        int           // idle connections per key; default 512
	IdleTimeout time.Duration // default 60 s
	Requests    int           // on one connection; default 10000
	HeadLimit   int           // bytes of a response head; default 65536
	// Log gets what has no other way to be seen: answers that nobody asked for. nil means slog.Default().
	Log *slog.Logger

	start    sync.Once
	mu       sync.Mutex
	groups   map[exchange.Key]*Group
	closed   bool
	conns    registry
	swept    chan struct{}
	sweeping sync.WaitGroup
	limits   headLimits
}

// Group is the connections of one key: an exchange.Conns. It is safe for concurrent use.
type Group struct {
	pool   *Pool
	key    exchange.Key
	dialer *dial.Dialer

	mu     sync.Mutex
	idle   []*ClientConn // the last one was used last
	used   int64         // when, on clock
	closed bool
	gone   bool // no longer in the pool's map
}

func (p *Pool) begin() {
	p.Size = cmp.Or(p.Size, 512)
	p.IdleTimeout = cmp.Or(p.IdleTimeout, 60*time.Second)
	p.Requests = cmp.Or(p.Requests, 10000)
	p.HeadLimit = cmp.Or(p.HeadLimit, 65536)
	p.limits = headLimits{line: p.HeadLimit, field: p.HeadLimit, total: p.HeadLimit, fields: 1000}
	p.groups = make(map[exchange.Key]*Group)
	p.swept = make(chan struct{})
	p.sweeping.Go(func() { p.conns.run(p.swept, p.prune) })
}

func (p *Pool) log() *slog.Logger {
	if p.Log != nil {
		return p.Log
	}
	return slog.Default()
}

// Conns implements exchange.Dialer.
func (p *Pool) Conns(k exchange.Key) exchange.Conns { return p.Group(k) }

// Group returns the group of a key; equal keys share one.
func (p *Pool) Group(k exchange.Key) *Group {
	p.start.Do(p.begin)
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.groups[k]
	if g == nil {
		g = &Group{pool: p, key: k, dialer: dial.New(k), used: clock(), closed: p.closed}
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
		if now-u.since > int64(g.pool.IdleTimeout) || u.ended() {
			out = append(out, u)
		} else {
			kept = append(kept, u)
		}
	}
	clear(g.idle[len(kept):])
	g.idle = kept
	return out
}

// Get implements exchange.Conns.
func (g *Group) Get(ctx context.Context, t exchange.Timeouts) (exchange.Upstream, error) {
	for {
		g.mu.Lock()
		n := len(g.idle)
		if n == 0 {
			g.mu.Unlock()
			return g.Fresh(ctx, t)
		}
		u := g.idle[n-1]
		g.idle[n-1] = nil
		g.idle = g.idle[:n-1]
		g.mu.Unlock()
		if clock()-u.since > int64(g.pool.IdleTimeout) {
			u.close()
			continue
		}
		u.reused = true
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

// Fresh implements exchange.Conns.
func (g *Group) Fresh(ctx context.Context, t exchange.Timeouts) (exchange.Upstream, error) {
	c, err := g.dialer.Dial(ctx, t.Connect)
	if err != nil {
		return nil, err
	}
	return g.Adopt(c, t), nil
}

// Adopt makes an open connection one of the group, for an exchange.
func (g *Group) Adopt(c dial.Conn, t exchange.Timeouts) exchange.Upstream {
	u := &ClientConn{group: g, dialed: c}
	u.watch.End, u.replyReader.u = u.Cancel, u
	u.init(c.Conn, c.Below, g.pool.Raw)
	g.pool.conns.add(&u.wire)
	u.begin(t)
	return u
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
