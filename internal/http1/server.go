package http1

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Handler serves requests.
type Handler interface {
	// ServeHTTP1 serves one request, c.Request(), on the connection's goroutine. When it returns, the response is finished
	// and flushed; if no head was written, the connection is closed without an answer.
	ServeHTTP1(c *Conn)
}

// HandlerFunc is a function that is a Handler.
type HandlerFunc func(c *Conn)

// ServeHTTP1 calls f.
func (f HandlerFunc) ServeHTTP1(c *Conn) { f(c) }

// Server accepts HTTP/1 connections. Its fields are not changed after the first Serve.
type Server struct {
	Handler Handler
	Limits  Limits
	// TLSConfig, when set, makes every accepted connection a TLS one.
	TLSConfig *tls.Config
	// HTTP2, when set, is given connections whose clients speak HTTP/2: those for which ALPN has chosen "h2", and those without TLS that
	// start with its preface.
	HTTP2 HTTP2
	// Raw turns the raw I/O path on for TCP connections without TLS. It does nothing where it is not supported.
	Raw bool
	// BadRequest writes the answer (c.WriteHead …) to a request that is not passed to Handler: 400, 408, 413, 414, 417, 431,
	// 405 (CONNECT), 501, 505. c.Request() holds what was understood of it, maybe nothing; the connection is closed afterwards.
	// nil means a short text answer.
	BadRequest func(c *Conn, status int, reason error)
	// Settle is how long Shutdown goes on taking connections that clients have opened before it; default 10 ms. Those that have not sent
	// a request yet are given ten times as long to begin one.
	Settle time.Duration
	// Log gets what has no other way to be seen: accept errors and panics. nil means slog.Default().
	Log *slog.Logger

	start     sync.Once
	limits    Limits // with defaults
	head      headLimits
	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	closing   atomic.Bool // Shutdown was called: answers are the last ones of their connections
	settled   atomic.Bool // no more connections are taken
	silent    atomic.Bool // no connection is waited for that has not begun a request
	accepting sync.WaitGroup
	conns     registry
	accepted  atomic.Int64
	ended     atomic.Int64
	running   sync.WaitGroup // connections
	handover  chan *Conn     // to workers that wait
	spare     atomic.Int32   // how many do
	swept     chan struct{}  // closed when the sweep is to end
	sweeping  sync.WaitGroup // the sweep and the workers
}

// ErrServerClosed is what Serve returns after Shutdown.
var ErrServerClosed = errors.New("http1: server closed")

func (s *Server) begin() {
	s.limits = s.Limits.withDefaults()
	s.head = s.limits.head()
	s.listeners = make(map[net.Listener]struct{})
	s.swept, s.handover = make(chan struct{}), make(chan *Conn)
	s.sweeping.Go(func() { s.conns.run(s.swept, func(int64, bool) {}) })
}

func (s *Server) log() *slog.Logger {
	if s.Log != nil {
		return s.Log
	}
	return slog.Default()
}

// Serve accepts connections of l until Shutdown, and closes l. It may be called for several listeners.
func (s *Server) Serve(l net.Listener) error {
	s.start.Do(s.begin)
	defer l.Close()
	if !s.listen(l) {
		return ErrServerClosed
	}
	defer s.accepting.Done()
	defer s.forget(l)
	var delay time.Duration
	for {
		nc, err := l.Accept()
		if err == nil {
			delay = 0
			if !s.adopt(nc) {
				nc.Close()
				return ErrServerClosed
			}
			continue
		}
		if s.closing.Load() {
			return ErrServerClosed
		}
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		// Out of descriptors or the like: it passes, and the other connections go on.
		if delay == 0 {
			s.log().Error("cannot accept connections", "listener", l.Addr().String(), "error", err)
		}
		delay = min(max(2*delay, 5*time.Millisecond), time.Second)
		select {
		case <-s.swept:
			return ErrServerClosed
		case <-time.After(delay):
		}
	}
}

func (s *Server) listen(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		return false
	}
	s.listeners[l] = struct{}{}
	s.accepting.Add(1)
	return true
}

func (s *Server) forget(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

// adopt starts the goroutine of a connection.
func (s *Server) adopt(nc net.Conn) bool {
	s.mu.Lock()
	if s.settled.Load() {
		s.mu.Unlock()
		return false
	}
	s.running.Add(1)
	s.accepted.Add(1)
	s.mu.Unlock()
	c := newConn(s)
	below := nc
	if s.TLSConfig != nil {
		nc = tls.Server(nc, s.TLSConfig)
	}
	c.init(nc, below, s.Raw)
	select {
	case s.handover <- c:
	default:
		s.sweeping.Go(func() { s.work(c) })
	}
	return true
}

// keptWorkers is how many goroutines wait for another connection when theirs has ended: their stacks have grown already, which is
// a good part of what a new connection costs.
const keptWorkers = 64

// work serves connections, first c.
func (s *Server) work(c *Conn) {
	for {
		c.serve()
		if s.spare.Add(1) > keptWorkers {
			s.spare.Add(-1)
			return
		}
		select {
		case c = <-s.handover:
			s.spare.Add(-1)
		case <-s.swept:
			return
		}
	}
}

// Connections returns how many connections were accepted since the start, and how many of them are open.
func (s *Server) Connections() (accepted, open int64) {
	ended := s.ended.Load() // before accepted, so that open is never negative
	accepted = s.accepted.Load()
	return accepted, accepted - ended
}

// Shutdown takes the connections that clients have opened, closes the listeners and idle connections, and waits until running exchanges
// have ended. When ctx ends first, it cuts the rest off and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.start.Do(s.begin)
	s.mu.Lock()
	first := !s.closing.Swap(true)
	for l := range s.listeners {
		s.settle(l)
	}
	s.mu.Unlock()
	s.conns.each(func(w *wire) { w.client.retire(false) })
	if s.HTTP2 != nil {
		s.HTTP2.Drain()
	}
	done := make(chan struct{})
	go func() {
		s.accepting.Wait()
		s.mu.Lock()
		s.settled.Store(true)
		s.mu.Unlock()
		if s.HTTP2 != nil {
			s.HTTP2.Drain()
		}
		last := time.AfterFunc(10*s.settling(), func() {
			s.silent.Store(true)
			s.conns.each(func(w *wire) { w.client.retire(true) })
		})
		s.running.Wait()
		last.Stop()
		if first {
			close(s.swept)
		}
		s.sweeping.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	s.conns.each(func(w *wire) { w.client.cutOff() })
	return ctx.Err()
}

func (s *Server) settling() time.Duration { return cmp.Or(s.Settle, 10*time.Millisecond) }

// settle ends the accepting of l once the connections that the kernel has accepted are taken.
func (s *Server) settle(l net.Listener) {
	d, ok := l.(interface{ SetDeadline(t time.Time) error })
	if !ok {
		l.Close()
		return
	}
	refuseNew(l)
	if d.SetDeadline(time.Now().Add(s.settling())) != nil {
		l.Close()
	}
}
