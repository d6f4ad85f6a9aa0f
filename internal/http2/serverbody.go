package http2

import (
	"io"
	"sync"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// Refusals of bodies.
var (
	errBodyLong = &exchange.Refusal{Status: 413, Text: "request body is too long"}
	errBodySlow = &exchange.Refusal{Status: 408, Text: "request body took too long"}
)

// requestBody is the Source of a stream.
type requestBody struct {
	s    *serverStream
	body inbound
}

// inbound is a body that is being received. The connection's mutex guards it.
type inbound struct {
	cond    sync.Cond
	buf     []byte
	r       int   // buf[r:] was received and not read yet
	got     int64 // bytes received
	read    int64 // bytes read
	credit  credit
	ended   bool // END_STREAM was received
	stopped bool
	by      int64 // on clock: when waiting must end; 0 when nobody waits
	err     error

	trailer header.Fields
	tail    block // what trailer's fields are decoded in
}

// begin makes it the body of a new request.
func (q *requestBody) begin(o *output) {
	b := &q.body
	b.cond.L = &o.mu
	b.buf, b.r, b.got, b.read, b.by = b.buf[:0], 0, 0, 0, 0
	b.credit = newCredit(initialWindow)
	b.ended, b.stopped, b.err = false, false, nil
	b.tail.fields = &b.trailer
	b.tail.reset()
}

// fail makes ReadBody return err when what was received is read. The mutex is held.
func (b *inbound) fail(err error) {
	if b.err == nil && !b.ended {
		b.err = err
	}
	b.cond.Broadcast()
}

// late reports whether somebody has waited for the body too long. The mutex is held.
func (b *inbound) late(now int64) bool { return b.by > 0 && b.by <= now }

// unread is how many received bytes were not read. The mutex is held.
func (b *inbound) unread() int { return len(b.buf) - b.r }

// add takes received bytes. The mutex is held.
func (b *inbound) add(p []byte) {
	if b.r > 0 && len(b.buf)+len(p) > cap(b.buf) && b.r >= cap(b.buf)/2 {
		b.buf = b.buf[:copy(b.buf, b.buf[b.r:])]
		b.r = 0
	}
	b.buf = append(b.buf, p...)
	b.cond.Broadcast()
}

// end is the end of the body. The mutex is held.
func (b *inbound) end() {
	b.ended = true
	b.cond.Broadcast()
}

// ReadBody implements exchange.Source. Of an extended CONNECT it reads what the client sends once the tunnel is open.
func (q *requestBody) ReadBody(p []byte) (int, error) {
	s, b := q.s, &q.body
	c := s.conn
	c.mu.Lock()
	defer c.release()
	if s.tunnel && !s.answer.opened.Load() {
		return 0, io.EOF
	}
	for first := true; ; first = false {
		switch {
		case b.stopped:
			return 0, errStopped
		case b.err != nil && b.err == s.err:
			return 0, b.err // what was received of a stream that is given up is of no use
		case b.unread() > 0:
			return q.take(p), nil
		case b.err != nil:
			return 0, b.err
		case b.ended:
			return 0, io.EOF
		case len(p) == 0:
			return 0, nil
		}
		if first {
			q.invite()
		}
		if c.buf != nil && !c.writing {
			c.release()
			c.mu.Lock()
			continue
		}
		if !s.tunnel {
			b.by = clock() + int64(c.srv.limits.BodyTimeout)
		}
		b.cond.Wait()
		b.by = 0
	}
}

// invite tells the client to send the body, and to send more of it at once. The mutex is held.
func (q *requestBody) invite() {
	s, c := q.s, q.s.conn
	if s.head.expectContinue && !s.answer.wrote.Load() {
		s.head.expectContinue = false
		b := c.queue()
		start := len(b.b)
		b.b = appendStatus(append(b.b, make([]byte, frameHeaderSize)...), 100)
		b.b = finishBlock(b.b, start, false, s.sender.id)
		s.answer.all.Add(int64(len(b.b) - start))
	}
	if n := q.body.credit.grow(c.srv.limits.StreamWindow); n > 0 {
		b := c.queue()
		b.b = appendWindowUpdate(b.b, s.sender.id, n)
	}
}

// take reads what was received, and gives the client its windows back. The mutex is held.
func (q *requestBody) take(p []byte) int {
	s, b, c := q.s, &q.body, q.s.conn
	n := copy(p, b.buf[b.r:])
	b.r += n
	b.read += int64(n)
	if b.r == len(b.buf) {
		b.buf, b.r = b.buf[:0], 0
	}
	c.refund(n)
	if b.ended || b.err != nil {
		return n
	}
	if n := b.credit.refund(n); n > 0 {
		o := c.queue()
		o.b = appendWindowUpdate(o.b, s.sender.id, n)
	}
	return n
}

// StopBody implements exchange.Source.
func (q *requestBody) StopBody() {
	q.s.conn.mu.Lock()
	q.body.stopped = true
	q.body.cond.Broadcast()
	q.s.conn.mu.Unlock()
}

// WholeBody implements exchange.Downstream.
func (q *requestBody) WholeBody() (body []byte, ok bool) {
	b := &q.body
	q.s.conn.mu.Lock()
	defer q.s.conn.mu.Unlock()
	if q.s.tunnel {
		return nil, true
	}
	if !b.ended || b.read > 0 || b.err != nil || b.stopped {
		return nil, false
	}
	return b.buf[b.r:], true
}

// BodyRead implements exchange.Downstream.
func (q *requestBody) BodyRead() int64 {
	q.s.conn.mu.Lock()
	defer q.s.conn.mu.Unlock()
	return q.body.read
}

// RequestTrailer implements exchange.Source.
func (q *requestBody) RequestTrailer() *header.Fields {
	q.s.conn.mu.Lock()
	defer q.s.conn.mu.Unlock()
	if !q.body.ended {
		return nil
	}
	return trailerOf(&q.body.trailer)
}
