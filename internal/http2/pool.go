package http2

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/dial"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// Pool keeps HTTP/2 connections to upstreams: an exchange.Dialer for keys that ask for HTTP/2, or for either version. Its fields are not
// changed after the first use.
type Pool struct {
	IdleTimeout time.Duration // of a connection without a stream; default 60 s
	HeadLimit   int           // bytes of a response's fields, as SETTINGS_MAX_HEADER_LIST_SIZE counts; default 65536
	// MaxStreams is how many streams are opened on a connection at once, if the upstream allows as many; default 100. When all have
	// as many, another connection is made.
	MaxStreams uint32
	// HTTP1 takes connections for which ALPN has chosen HTTP/1.1; it is needed for exchange.EitherHTTP only.
	HTTP1 HTTP1
	// Log gets what has no other way to be seen. nil means slog.Default().
	Log *slog.Logger

	start    sync.Once
	mu       sync.Mutex
	groups   map[exchange.Key]*group
	conns    map[*clientConn]struct{}
	closed   bool
	swept    chan struct{}
	sweeping sync.WaitGroup // the sweep and the readers
}

// HTTP1 is what serves upstreams that turn out not to speak HTTP/2.
type HTTP1 interface {
	exchange.Dialer
	// Adopt makes an open connection one of a key's, for an exchange.
	Adopt(k exchange.Key, c dial.Conn, t exchange.Timeouts) exchange.Upstream
}

// onlyHTTP1 is how long an upstream that has chosen HTTP/1.1 is not offered HTTP/2 again.
const onlyHTTP1 = int64(5 * time.Minute)

func (p *Pool) begin() {
	p.IdleTimeout = cmp.Or(p.IdleTimeout, 60*time.Second)
	p.HeadLimit = cmp.Or(p.HeadLimit, 65536)
	p.MaxStreams = cmp.Or(p.MaxStreams, 100)
	p.groups, p.conns = make(map[exchange.Key]*group), make(map[*clientConn]struct{})
	p.swept = make(chan struct{})
	p.sweeping.Go(p.sweep)
}

func (p *Pool) log() *slog.Logger {
	if p.Log != nil {
		return p.Log
	}
	return slog.Default()
}

// Conns implements exchange.Dialer.
func (p *Pool) Conns(k exchange.Key) exchange.Conns {
	p.start.Do(p.begin)
	p.mu.Lock()
	defer p.mu.Unlock()
	g := p.groups[k]
	if g == nil {
		g = &group{pool: p, key: k, dialer: dial.New(k)}
		p.groups[k] = g
	}
	return g
}

// Close closes all connections and stops background work. Exchanges under way fail.
func (p *Pool) Close() error {
	p.start.Do(p.begin)
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	p.mu.Unlock()
	for _, c := range p.all() {
		c.nc.Close()
	}
	if first {
		close(p.swept)
	}
	p.sweeping.Wait()
	return nil
}

func (p *Pool) all() []*clientConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]*clientConn, 0, len(p.conns))
	for c := range p.conns {
		out = append(out, c)
	}
	return out
}

// sweep looks after the deadlines of all connections.
func (p *Pool) sweep() {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-p.swept:
			return
		case <-t.C:
		}
		now := clock()
		for _, c := range p.all() {
			c.sweep(now)
		}
	}
}

// group is the connections of one key: an exchange.Conns.
type group struct {
	pool   *Pool
	key    exchange.Key
	dialer *dial.Dialer

	mu         sync.Mutex
	conns      []*clientConn // those that may take streams
	dialing    *dialing      // nil when nobody dials
	http1Until int64         // on clock: until then the upstream counts as one that speaks HTTP/1.1 only
}

// dialing is one attempt to connect, which all who wait for a connection share.
type dialing struct {
	done chan struct{}
	err  error
}

var errPoolClosed = errors.New("http2: pool is closed")

// Get implements exchange.Conns.
func (g *group) Get(ctx context.Context, t exchange.Timeouts) (exchange.Upstream, error) {
	for {
		g.mu.Lock()
		if g.http1Until > clock() {
			g.mu.Unlock()
			return g.pool.HTTP1.Conns(g.key).Get(ctx, t)
		}
		for _, c := range g.conns {
			if s := c.open(t, false); s != nil {
				g.mu.Unlock()
				return s, nil
			}
		}
		d := g.dialing
		if d == nil {
			d = &dialing{done: make(chan struct{})}
			g.dialing = d
			g.mu.Unlock()
			return g.dial(ctx, t, d)
		}
		g.mu.Unlock()
		select {
		case <-d.done:
		case <-ctx.Done():
			return nil, &exchange.Error{Kind: exchange.ErrConnect, Op: "connect", Err: ctx.Err()}
		}
		if d.err != nil {
			return nil, d.err
		}
	}
}

// Fresh implements exchange.Conns.
func (g *group) Fresh(ctx context.Context, t exchange.Timeouts) (exchange.Upstream, error) {
	return g.dial(ctx, t, nil)
}

// dial makes a connection, and a stream on it. d, if not nil, tells others.
func (g *group) dial(ctx context.Context, t exchange.Timeouts, d *dialing) (exchange.Upstream, error) {
	u, err := g.connect(ctx, t)
	if d != nil {
		g.mu.Lock()
		d.err, g.dialing = err, nil
		g.mu.Unlock()
		close(d.done)
	}
	return u, err
}

func (g *group) connect(ctx context.Context, t exchange.Timeouts) (exchange.Upstream, error) {
	nc, err := g.dialer.Dial(ctx, t.Connect)
	if err != nil {
		return nil, err
	}
	if !nc.H2 {
		g.mu.Lock()
		g.http1Until = clock() + onlyHTTP1
		g.mu.Unlock()
		return g.pool.HTTP1.Adopt(g.key, nc, t), nil
	}
	c := newClientConn(g, nc)
	if !g.pool.adopt(c) {
		nc.Close()
		return nil, &exchange.Error{Kind: exchange.ErrConnect, Op: "connect", Err: errPoolClosed}
	}
	s := c.open(t, true)
	g.mu.Lock()
	g.conns = append(g.conns, c)
	g.mu.Unlock()
	return s, nil
}

// adopt starts the reader of a connection.
func (p *Pool) adopt(c *clientConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.conns[c] = struct{}{}
	p.sweeping.Go(c.serve)
	return true
}

// forget takes a connection out that takes no more streams.
func (g *group) forget(c *clientConn) {
	g.mu.Lock()
	if i := slices.Index(g.conns, c); i >= 0 {
		g.conns = slices.Delete(g.conns, i, i+1)
	}
	g.mu.Unlock()
}

var _ exchange.Dialer = (*Pool)(nil)
