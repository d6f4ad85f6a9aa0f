package http1

import (
	"io"
	"sync/atomic"
	"time"
)

// pump passes a request body on while its ClientConn already waits for the response: an upstream may answer before it has read
// everything. Its goroutine is the only one that reads the client and writes the upstream; a nil pump has ended.
type pump struct {
	c   *Conn
	u   *ClientConn
	buf []byte // head and framing to be written

	received atomic.Bool // the client has sent the whole body
	finished atomic.Bool // and the upstream has been sent it, or never will be
	failed   atomic.Pointer[Error]
	sent     bool // everything; known after done
	done     chan struct{}
}

const pumpSize = 32 << 10

// Forward is RoundTrip with the body that c has still to read, in c's framing: head must declare c.Request.Length, or
// chunked. It returns when the response head is there, which may be before the client has sent everything; then the rest is
// passed on while the response is relayed.
func (u *ClientConn) Forward(c *Conn, head []byte) error {
	if body, ok := c.WholeBody(); ok {
		return u.RoundTrip(c, head, body)
	}
	u.attach(c)
	p := &pump{c: c, u: u, buf: make([]byte, 0, max(pumpSize, len(head)+pumpSize/2))}
	if err := c.sendContinue(); err != nil {
		return u.undelivered(err)
	}
	p.buf = append(p.buf, head...)
	if err := p.takeBuffered(); err != nil {
		return u.undelivered(err)
	}
	if err := u.write(p.buf, u.timeouts.Write); err != nil {
		return u.failedWrite(isHead(head), err)
	}
	if !c.body.done {
		p.done = make(chan struct{})
		u.pump, c.pump = p, p
		go p.run()
	}
	return u.readHead(isHead(head), u.timeouts.Read)
}

func (u *ClientConn) undelivered(err error) *Error {
	u.failed = true
	return &Error{Kind: ErrBody, Op: "body", Err: err}
}

// takeBuffered appends what has already been received of the body.
func (p *pump) takeBuffered() error {
	for cap(p.buf)-len(p.buf) > 64 {
		data, err := p.c.bodyPart(cap(p.buf) - len(p.buf) - 64)
		if err != nil {
			return err
		}
		if len(data) == 0 {
			break
		}
		p.add(data)
	}
	p.addEnd()
	return nil
}

// add appends a part of the body in its framing.
func (p *pump) add(data []byte) {
	if p.c.body.kind == BodyChunked {
		p.buf = appendHex(p.buf, len(data))
		p.buf = append(p.buf, '\r', '\n')
		p.buf = append(p.buf, data...)
		p.buf = append(p.buf, '\r', '\n')
		return
	}
	p.buf = append(p.buf, data...)
}

// addEnd appends the last chunk with the trailers when the client has sent the end.
func (p *pump) addEnd() {
	if b := &p.c.body; b.done && b.kind == BodyChunked {
		p.buf = append(p.buf, "0\r\n"...)
		p.buf = p.c.Trailer().AppendExcept(p.buf, notInTrailers)
		p.buf = append(p.buf, '\r', '\n')
	}
}

func (p *pump) run() {
	defer close(p.done)
	defer p.finish()
	c, u := p.c, p.u
	data := make([]byte, pumpSize/2)
	for !c.body.done {
		if c.body.kind == BodyLength && c.r == c.w && c.body.left >= spliceFrom && c.splices() && u.splices() {
			if !p.splice() {
				return
			}
			break
		}
		n, err := c.ReadBody(data)
		if err != nil && err != io.EOF {
			p.fail(&Error{Kind: ErrBody, Op: "body", Err: err})
			return
		}
		p.buf = p.buf[:0]
		if n > 0 {
			p.add(data[:n])
		}
		p.addEnd()
		p.received.Store(c.body.done)
		if !p.wrote(u.write(p.buf, u.timeouts.Write)) {
			return
		}
	}
	p.sent = true
}

// splice moves the rest of a body with a length inside the kernel.
func (p *pump) splice() bool {
	b := &p.c.body
	for b.left > 0 {
		n, readErr, writeErr := splice(&p.u.wire, &p.c.wire, b.left, p.c.srv.limits.BodyTimeout, p.u.timeouts.Write, func(n int64) {
			p.received.Store(n == b.left)
		})
		p.c.account(int(n))
		if readErr != nil {
			b.err = p.c.readError(readErr)
			p.fail(&Error{Kind: ErrBody, Op: "body", Err: b.err})
			return false
		}
		if !p.wrote(writeErr) {
			return false
		}
		if b.err != nil {
			p.fail(&Error{Kind: ErrBody, Op: "body", Err: b.err})
			return false
		}
	}
	return true
}

// wrote handles the outcome of a write. When the upstream does not take more, it may still have answered.
func (p *pump) wrote(err error) bool {
	if err != nil && isTimeout(err) {
		p.fail(&Error{Kind: ErrTimeout, Op: "write", Timeout: true, Err: err})
	}
	return err == nil
}

// fail ends the wait for the response.
func (p *pump) fail(e *Error) {
	p.failed.Store(e)
	p.u.interrupt()
}

// finish starts the clock of the wait for the response.
func (p *pump) finish() {
	p.finished.Store(true)
	u := p.u
	if t := u.timeouts.Read; t >= exactBelow {
		u.readBy.at.CompareAndSwap(0, clock()+int64(t))
	} else if p.failed.Load() == nil {
		u.nc.SetReadDeadline(time.Now().Add(t))
	}
}

// active reports whether the request is still being sent.
func (p *pump) active() bool { return p != nil && !p.finished.Load() }

func (p *pump) failure() *Error {
	if p == nil {
		return nil
	}
	return p.failed.Load()
}

// grace is how long a pump may take for its last write when the response is complete already.
const grace = 20 * time.Millisecond

// end stops the pump, and waits for it. Its connections do not know of it afterwards.
func (p *pump) end() {
	if p == nil {
		return
	}
	select {
	case <-p.done:
	default:
		p.stop()
	}
	u := p.u
	u.readBy.clear(u.nc)
	if u.timeouts.Read < exactBelow {
		u.nc.SetReadDeadline(time.Time{})
	}
	if !p.sent {
		u.failed = true
	}
	u.pump, p.c.pump = nil, nil
}

func (p *pump) stop() {
	if p.received.Load() {
		t := time.NewTimer(grace)
		defer t.Stop()
		select {
		case <-p.done:
			return
		case <-t.C:
		}
	}
	p.u.interrupt()
	p.c.nc.SetReadDeadline(past)
	<-p.done
	p.c.nc.SetReadDeadline(time.Time{})
	p.u.failed = true
}
