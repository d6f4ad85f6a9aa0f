package http2

import (
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// Server serves HTTP/2 connections. It does not accept them: whoever does gives them to ServeConn. Its fields are not changed after
// the first ServeConn.
type Server struct {
	// Handler serves one exchange, on a goroutine of its own. When it returns, the response is finished and sent; if no head was
	// written, the stream is reset with INTERNAL_ERROR.
	Handler func(d exchange.Downstream)
	// BadRequest writes the answer to a request that is not passed to Handler but gets one: 400, 405, 413, 414, 417, 431, 501. d.Request
	// holds what was understood of it, maybe nothing. nil means a short text answer. Requests that break the rules of HTTP/2 itself
	// have their stream reset instead (RFC 9113, 8.1.1).
	BadRequest func(d exchange.Downstream, status int, err error)
	Limits     Limits
	// Log gets what has no other way to be seen: panics, and clients that are cut off. nil means slog.Default().
	Log *slog.Logger

	start    sync.Once
	limits   Limits // with defaults
	mu       sync.Mutex
	conns    map[*serverConn]struct{}
	sweeping chan struct{} // closed when the sweep is to end; nil while there are no connections
	closing  bool
	accepted atomic.Int64
	ended    atomic.Int64
	workers  workers
}

func (s *Server) begin() {
	s.limits = s.Limits.withDefaults()
	s.conns = make(map[*serverConn]struct{})
	s.workers.init()
}

func (s *Server) log() *slog.Logger {
	if s.Log != nil {
		return s.Log
	}
	return slog.Default()
}

// ServeConn serves a connection over which HTTP/2 was agreed on, by ALPN or because received begins with the client's preface. received
// are bytes that were read from nc already. It returns when the connection was closed and all its exchanges have ended.
func (s *Server) ServeConn(nc net.Conn, received []byte, peer exchange.Peer) {
	s.start.Do(s.begin)
	c := newServerConn(s, nc, received, peer)
	closing := s.add(c)
	defer s.remove(c)
	defer func() {
		if p := recover(); p != nil {
			s.log().Error("panic while serving a connection", "peer", peer.Remote.String(), "panic", p, "stack", string(debug.Stack()))
		}
	}()
	c.serve(closing)
}

func (s *Server) add(c *serverConn) (closing bool) {
	s.accepted.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[c] = struct{}{}
	if s.sweeping == nil {
		s.sweeping = make(chan struct{})
		go s.sweep(s.sweeping)
	}
	return s.closing
}

func (s *Server) remove(c *serverConn) {
	c.end()
	s.mu.Lock()
	delete(s.conns, c)
	if len(s.conns) == 0 {
		close(s.sweeping)
		s.sweeping = nil
	}
	s.mu.Unlock()
	s.ended.Add(1)
}

// sweepEvery is how often deadlines are looked at.
const sweepEvery = 200 * time.Millisecond

// sweep looks after the deadlines of all connections, as long as there are any.
func (s *Server) sweep(end <-chan struct{}) {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-end:
			return
		case <-t.C:
		}
		now := clock()
		s.mu.Lock()
		for c := range s.conns {
			c.sweep(now)
		}
		s.mu.Unlock()
	}
}

// Connections returns how many connections were served since the start, and how many of them are open.
func (s *Server) Connections() (accepted, open int64) {
	ended := s.ended.Load() // before accepted, so that open is never negative
	accepted = s.accepted.Load()
	return accepted, accepted - ended
}

// Drain makes all connections, and those that come later, end without losing a request: clients are told to open no more streams, those
// they have opened meanwhile are served, and each connection is closed when its last stream has ended. It does not wait; ServeConn
// returns when that has happened.
func (s *Server) Drain() {
	for _, c := range s.close() {
		c.drain()
	}
}

// Close cuts all connections off, and those that come later.
func (s *Server) Close() {
	for _, c := range s.close() {
		c.nc.Close()
	}
}

// close marks the server as closing and returns its connections.
func (s *Server) close() []*serverConn {
	s.start.Do(s.begin)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.closing = true
		s.workers.retire()
	}
	all := make([]*serverConn, 0, len(s.conns))
	for c := range s.conns {
		all = append(all, c)
	}
	return all
}

// serve runs the handler of a stream, on a worker.
func (s *Server) serve(x *serverStream) {
	defer x.finish()
	defer func() {
		if p := recover(); p != nil {
			s.log().Error("panic while serving a request", "peer", x.conn.peer.Remote.String(), "panic", p, "stack", string(debug.Stack()))
			x.Abort(exchange.Broken)
		}
	}()
	switch {
	case x.refused == nil:
		s.Handler(x)
	case s.BadRequest != nil:
		s.BadRequest(x, x.refused.Status, x.refused)
	default:
		text := append([]byte(x.refused.Text), '\n')
		x.WriteHead(x.refused.Status, nil, nil, int64(len(text)))
		x.WriteBody(text)
	}
}

// workers are the goroutines that run handlers. Some stay when their stream has ended: their stacks have grown already.
type workers struct {
	handover chan *serverStream // to workers that wait
	waiting  atomic.Int32
	retired  chan struct{}
}

// keptWorkers is how many goroutines wait for another stream when theirs has ended.
const keptWorkers = 256

func (w *workers) init() {
	w.handover, w.retired = make(chan *serverStream), make(chan struct{})
}

// run serves a stream on a goroutine of its own.
func (w *workers) run(x *serverStream) {
	select {
	case w.handover <- x:
	default:
		go w.work(x)
	}
}

func (w *workers) work(x *serverStream) {
	for {
		x.conn.srv.serve(x)
		if w.waiting.Add(1) > keptWorkers {
			w.waiting.Add(-1)
			return
		}
		select {
		case x = <-w.handover:
			w.waiting.Add(-1)
		case <-w.retired:
			return
		}
	}
}

// retire ends the workers that wait.
func (w *workers) retire() { close(w.retired) }
