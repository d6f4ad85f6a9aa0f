package http2

import (
	"errors"
	"sync"
	"sync/atomic"

	"golang.org/x/net/http2"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// serverStream is one exchange with a client. Its memory is pooled.
type serverStream struct {
	requestBody
	answer
	conn    *serverConn
	req     exchange.Request
	head    block
	refused *exchange.Refusal // why the request is not passed to the handler
	tunnel  bool              // extended CONNECT

	// The connection's mutex guards what follows.
	sender sender
	open   bool  // the client sees it as open
	left   bool  // the client has reset it
	err    error // it has ended before its time; nothing is sent or received any more

	watch atomic.Pointer[exchange.Watch] // what the client's leaving ends; whoever takes it out may end it
	gone  atomic.Bool
}

// Errors that a handler meets.
var (
	errGone    = errors.New("http2: client went away")
	errAborted = errors.New("http2: response aborted")
	errStopped = errors.New("http2: request body is not wanted any more")
)

var serverStreams = sync.Pool{New: func() any {
	s := new(serverStream)
	s.head.fields = &s.req.Header
	s.requestBody.s, s.answer.s = s, s
	return s
}}

// begin makes it the stream of a new request.
func (s *serverStream) begin(c *serverConn, id uint32) {
	s.conn = c
	s.sender.init(&c.output, id, window(c.table.initial))
	s.requestBody.begin(&c.output)
	s.answer.begin()
	s.head.reset()
	slot := s.req.Slot
	s.req = exchange.Request{Header: s.req.Header, Version: exchange.HTTP2, Slot: slot}
	s.refused, s.tunnel, s.open, s.left, s.err = nil, false, true, false, nil
	s.gone.Store(false)
}

// keepAtMost is the largest buffer that stays with pooled memory.
const keepAtMost = 64 << 10

// put gives the memory back.
func (s *serverStream) put() {
	s.conn = nil
	if cap(s.head.wire)+cap(s.body.buf)+cap(s.answer.out)+cap(s.head.crumbs) > keepAtMost {
		s.head.wire, s.head.crumbs, s.body.buf, s.answer.out = nil, nil, nil, nil
	}
	serverStreams.Put(s)
}

// Request implements exchange.Downstream.
func (s *serverStream) Request() *exchange.Request { return &s.req }

// Peer implements exchange.Downstream.
func (s *serverStream) Peer() *exchange.Peer { return &s.conn.peer }

// Gone implements exchange.Downstream.
func (s *serverStream) Gone() bool { return s.gone.Load() }

// Watch implements exchange.Client.
func (s *serverStream) Watch(w *exchange.Watch) bool {
	if w == nil {
		return s.watch.Swap(nil) != nil
	}
	s.watch.Store(w)
	if s.gone.Load() { // it left before
		if w := s.watch.Swap(nil); w != nil {
			go w.End()
		}
	}
	return true
}

// leave ends the exchange because the client has left it, and returns whom to tell when the mutex is not held any more. It is held.
func (s *serverStream) leave(err error) *exchange.Watch {
	s.end(err)
	s.gone.Store(true)
	return s.watch.Swap(nil)
}

// end stops sending and receiving. The mutex is held.
func (s *serverStream) end(err error) {
	if s.err != nil {
		return
	}
	s.err = err
	s.sender.fail(err)
	s.body.fail(err)
	s.conn.table.settle(s)
}

// reset ends the exchange and tells the client. The mutex is held.
func (s *serverStream) reset(code http2.ErrCode, err error) {
	if s.err != nil {
		return
	}
	c := s.conn
	b := c.queue()
	b.b = appendReset(b.b, s.sender.id, code)
	c.table.undo(s.sender.id)
	s.end(err)
}

// Abort implements exchange.Downstream.
func (s *serverStream) Abort(code exchange.Code) {
	why := http2.ErrCodeInternal
	switch code {
	case exchange.Canceled:
		why = http2.ErrCodeCancel
	case exchange.Refused:
		why = http2.ErrCodeRefusedStream
	case exchange.Slow:
		why = http2.ErrCodeEnhanceYourCalm
	}
	s.conn.mu.Lock()
	if !s.sender.ended {
		s.reset(why, errAborted)
	}
	s.conn.release()
}

// finish ends the exchange when its handler has returned.
func (s *serverStream) finish() {
	if s.answer.wrote.Load() {
		s.Finish(nil)
	}
	c := s.conn
	c.mu.Lock()
	if s.sender.ended {
		c.resets.earn(1)
	}
	switch {
	case !s.sender.ended:
		s.reset(http2.ErrCodeInternal, errAborted)
	case !s.body.ended:
		s.reset(http2.ErrCodeNo, errAborted) // the client need not send the rest (RFC 9113, 8.1)
	}
	if n := s.body.unread(); n > 0 {
		c.refund(n)
	}
	c.table.remove(s)
	c.crowd = c.table.running
	c.control.earn(4)
	if c.leaving.state == final && c.table.running == 0 {
		c.wake(lateLeaving)
	}
	s.watch.Store(nil)
	c.release()
	s.put()
	c.running.Done()
}

// refund gives the client n bytes of the connection's window back. The mutex is held.
func (c *serverConn) refund(n int) {
	if n := c.table.credit.refund(n); n > 0 {
		b := c.queue()
		b.b = appendWindowUpdate(b.b, 0, n)
	}
}

func endWatches(all []*exchange.Watch) {
	for _, w := range all {
		w.End()
	}
}

var _ exchange.Downstream = (*serverStream)(nil)

// trailerOf returns f, nil when it has no fields.
func trailerOf(f *header.Fields) *header.Fields {
	if f == nil || f.Len() == 0 {
		return nil
	}
	return f
}
