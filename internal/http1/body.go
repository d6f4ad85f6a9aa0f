package http1

import (
	"io"

	"github.com/gibbon-gateway/gibbon/header"
)

// requestBody is how far the body of the current request has been read.
type requestBody struct {
	kind      BodyKind
	start     int   // of the buffer space behind the head
	left      int64 // of a body with a length
	read      int64 // bytes handed out
	done      bool
	continued bool // 100 Continue is not wanted, or was sent
	err       error
}

func (c *Conn) startBody(q *Request) {
	c.body = requestBody{kind: q.Body, start: c.r, left: q.Length, done: q.Body == BodyNone, continued: !q.Expect}
	if q.Body == BodyChunked {
		c.m.dec.reset()
	}
}

// ReadBody reads the request body without its framing; io.EOF at its end. The first call sends 100 Continue when the client
// waits for it. A body that breaks the framing rules or Limits.Body ends with an error for which StatusOf has a status.
func (c *Conn) ReadBody(p []byte) (int, error) {
	b := &c.body
	switch {
	case b.err != nil:
		return 0, b.err
	case b.done:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	if err := c.sendContinue(); err != nil {
		return 0, err
	}
	for {
		data, err := c.bodyPart(len(p))
		switch {
		case err != nil:
			return 0, err
		case len(data) > 0:
			return copy(p, data), nil
		case b.done:
			return 0, io.EOF
		case b.kind == BodyLength: // past the buffer
			n, err := c.readBytes(p[:min(int64(len(p)), b.left)])
			b.err = err
			c.account(n)
			return n, b.err
		}
		if b.err = c.fill(); b.err != nil {
			return 0, b.err
		}
	}
}

// bodyPart takes the next part of the body out of the buffer, at most limit bytes, without waiting. It is empty when the buffer is, or
// at the end of the body.
func (c *Conn) bodyPart(limit int) (data []byte, err error) {
	b := &c.body
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
	c.account(len(data))
	return data, b.err
}

// account counts bytes of the body.
func (c *Conn) account(n int) {
	b := &c.body
	b.read += int64(n)
	if b.kind == BodyLength {
		b.left -= int64(n)
		b.done = b.left == 0
	}
	if max := c.srv.limits.Body; b.err == nil && max > 0 && b.read > max {
		b.err = errBodyTooLong
	}
}

// fill reads more bytes of the body into the buffer, never over the request's head.
func (c *Conn) fill() error {
	if c.r == c.w {
		c.r, c.w = c.body.start, c.body.start
	}
	if c.w == len(c.m.in) {
		c.m.in = append(c.m.in, make([]byte, len(c.m.in))...)
	}
	n, err := c.readBytes(c.m.in[c.w:])
	c.w += n
	return err
}

// readBytes reads from the connection. The end of the stream within a body is an error.
func (c *Conn) readBytes(p []byte) (int, error) {
	n, err := c.read(p, c.srv.limits.BodyTimeout)
	if n > 0 {
		return n, nil
	}
	return 0, c.readError(err)
}

// readError says what an error of reading means within a body.
func (c *Conn) readError(err error) error {
	switch {
	case err == io.EOF || err == nil:
		return io.ErrUnexpectedEOF
	case isTimeout(err):
		return errBodyTimeout
	}
	return err
}

// sendContinue tells a client that waits for it to send the body.
func (c *Conn) sendContinue() error {
	if c.body.continued {
		return nil
	}
	c.body.continued = true
	if c.resp.wrote || c.r < c.w {
		return nil // it has its answer already, or did not wait
	}
	return c.write([]byte("HTTP/1.1 100 Continue\r\n\r\n"), c.srv.limits.SendTimeout)
}

// WholeBody returns the request body when all of it has been received with the head and nothing was read of it yet: then it is
// borrowed and stays unread. It never waits. A request without body has an empty one.
func (c *Conn) WholeBody() (body []byte, ok bool) {
	b := &c.body
	switch {
	case b.kind == BodyNone:
		return nil, true
	case b.kind == BodyLength && b.read == 0 && b.left <= int64(c.w-c.r):
		return c.m.in[c.r : c.r+int(b.left)], true
	}
	return nil, false
}

// skipBody reads over what is left of the body, if all of it has been received. It reports whether the body is done.
func (c *Conn) skipBody() bool {
	b := &c.body
	switch {
	case b.done:
	case b.err != nil:
	case b.kind == BodyLength && b.left <= int64(c.w-c.r):
		c.r += int(b.left)
		b.left, b.done = 0, true
	case b.kind == BodyChunked:
		for c.r < c.w && !b.done && b.err == nil {
			c.bodyPart(c.w - c.r)
		}
	}
	return b.done
}

// bodyArrived reports whether the rest of the body has been received, so that the connection can go on after an answer
// that does not read it.
func (c *Conn) bodyArrived() bool {
	b := &c.body
	switch {
	case b.done:
		return true
	case b.err != nil:
		return false
	case c.pump != nil:
		return c.pump.received.Load()
	}
	return b.kind == BodyLength && b.left <= int64(c.w-c.r)
}

// Trailer returns the fields behind a chunked request body that has been read to its end.
func (c *Conn) Trailer() *header.Fields { return &c.m.dec.trailer }

// BodyRead returns the number of body bytes read so far, without framing.
func (c *Conn) BodyRead() int64 { return c.body.read }
