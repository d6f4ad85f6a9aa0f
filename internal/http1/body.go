package http1

import (
	"io"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
)

// requestBody is the body of the current request, and how far it has been read.
type requestBody struct {
	c         *Conn
	kind      BodyKind
	start     int          // of the buffer space behind the head
	left      int64        // of a body with a length
	count     atomic.Int64 // bytes handed out
	done      bool
	continued bool // 100 Continue is not wanted, or was sent
	stopped   atomic.Bool
	lent      bool        // another goroutine may be reading it: only arrived tells how far it has come
	arrived   atomic.Bool // all of it has been received
	err       error
}

func (b *requestBody) begin(q *Request) {
	b.kind, b.start, b.left = q.Body, b.c.r, q.Length
	b.count.Store(0)
	b.done, b.continued, b.lent, b.err = q.Body == BodyNone, !q.Expect, false, nil
	b.stopped.Store(false)
	b.arrived.Store(false)
	if q.Body == BodyChunked {
		b.c.m.dec.reset()
	}
}

// none makes it a body that is not there.
func (b *requestBody) none() {
	b.kind, b.left, b.done, b.continued, b.lent, b.err = BodyNone, 0, true, true, false, nil
	b.count.Store(0)
}

// lend says that another goroutine may read the body from now on.
func (b *requestBody) lend() {
	if !b.lent {
		b.arrived.Store(b.hasArrived())
		b.lent = true
	}
}

// ReadBody implements exchange.Source.
func (b *requestBody) ReadBody(p []byte) (int, error) {
	switch {
	case b.err != nil:
		return 0, b.err
	case b.done:
		return 0, io.EOF
	}
	if err := b.sendContinue(); err != nil || len(p) == 0 {
		return 0, err
	}
	for {
		data, err := b.part(len(p))
		switch {
		case err != nil:
			return 0, err
		case len(data) > 0:
			return copy(p, data), nil
		case b.done:
			return 0, io.EOF
		case b.kind == BodyLength: // past the buffer
			n, err := b.readBytes(p[:min(int64(len(p)), b.left)])
			b.err = err
			b.account(n)
			return n, b.err
		}
		if b.err = b.fill(); b.err != nil {
			return 0, b.err
		}
	}
}

// part takes the next part of the body out of the buffer, at most limit bytes, without waiting. It is empty when the buffer is, or
// at the end of the body.
func (b *requestBody) part(limit int) (data []byte, err error) {
	c := b.c
	in := c.m.in[c.r:c.w]
	switch {
	case b.err != nil || b.done:
		return nil, b.err
	case b.kind == BodyLength:
		data = in[:min(int64(len(in)), b.left, int64(limit))]
		c.r += len(data)
	default:
		var used int
		if data, used, b.err = c.m.dec.next(in, limit); b.err == nil {
			used += c.m.dec.skipFraming(in[used:])
		}
		c.r += used
		b.done = c.m.dec.done()
	}
	b.account(len(data))
	return data, b.err
}

// account counts bytes of the body.
func (b *requestBody) account(n int) {
	count := b.count.Add(int64(n))
	if b.kind == BodyLength {
		b.left -= int64(n)
		b.done = b.left == 0
	}
	if max := b.c.srv.limits.Body; b.err == nil && max > 0 && count > max {
		b.err = errBodyTooLong
	}
	if b.done && b.err == nil && b.lent {
		b.arrived.Store(true)
	}
}

// fill reads more bytes of the body into the buffer, never over the request's head.
func (b *requestBody) fill() error {
	c := b.c
	if c.r == c.w {
		c.r, c.w = b.start, b.start
	}
	if c.w == len(c.m.in) {
		c.m.in = append(c.m.in, make([]byte, len(c.m.in))...)
	}
	n, err := b.readBytes(c.m.in[c.w:])
	c.w += n
	return err
}

// readBytes reads from the connection. The end of the stream within a body is an error.
func (b *requestBody) readBytes(p []byte) (int, error) {
	n, err := b.c.read(p, b.c.srv.limits.BodyTimeout)
	if n > 0 {
		return n, nil
	}
	return 0, b.failure(err)
}

// failure says what an error of reading means within a body.
func (b *requestBody) failure(err error) error {
	switch {
	case err == io.EOF || err == nil:
		return io.ErrUnexpectedEOF
	case isTimeout(err) && b.stopped.Load():
		return errStopped
	case isTimeout(err):
		return errBodyTimeout
	}
	return err
}

// sendContinue tells a client that waits for it to send the body.
func (b *requestBody) sendContinue() error {
	if b.continued {
		return nil
	}
	b.continued = true
	c := b.c
	if c.answer.wrote || c.r < c.w {
		return nil // it has its answer already, or did not wait
	}
	return c.write([]byte("HTTP/1.1 100 Continue\r\n\r\n"), c.srv.limits.SendTimeout)
}

// StopBody implements exchange.Source. The connection is not used for another exchange then, unless the body has arrived.
func (b *requestBody) StopBody() {
	b.stopped.Store(true)
	b.c.nc.SetReadDeadline(past)
}

// restart takes StopBody back when the goroutine that read the body has ended.
func (b *requestBody) restart() {
	if b.stopped.Swap(false) {
		b.c.nc.SetReadDeadline(time.Time{})
	}
}

// WholeBody implements exchange.Downstream.
func (b *requestBody) WholeBody() (body []byte, ok bool) {
	c := b.c
	switch {
	case b.kind == BodyNone:
		return nil, true
	case b.kind == BodyLength && b.count.Load() == 0 && b.left <= int64(c.w-c.r):
		return c.m.in[c.r : c.r+int(b.left)], true
	}
	return nil, false
}

// skip reads over what is left of the body, if all of it has been received. It reports whether the body is done.
func (b *requestBody) skip() bool {
	c := b.c
	b.restart()
	switch {
	case b.done:
	case b.err != nil:
	case b.kind == BodyLength && b.left <= int64(c.w-c.r):
		c.r += int(b.left)
		b.left, b.done = 0, true
	case b.kind == BodyChunked:
		for c.r < c.w && !b.done && b.err == nil {
			b.part(c.w - c.r)
		}
	}
	return b.done && b.err == nil
}

// hasArrived reports whether the rest of the body has been received, so that the connection can go on after an answer
// that does not read it.
func (b *requestBody) hasArrived() bool {
	switch {
	case b.lent:
		return b.arrived.Load()
	case b.err != nil:
		return false
	case b.done:
		return true
	}
	return b.kind == BodyLength && b.left <= int64(b.c.w-b.c.r)
}

// RequestTrailer implements exchange.Source.
func (b *requestBody) RequestTrailer() *header.Fields {
	if b.kind != BodyChunked {
		return nil
	}
	return &b.c.m.dec.trailer
}

// BodyRead implements exchange.Downstream.
func (b *requestBody) BodyRead() int64 { return b.count.Load() }
