package http1

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// pump passes a request body on while its ClientConn already waits for the response: an upstream may answer before it has read
// everything. Its goroutine is the only one that reads the client and writes the upstream; a nil pump has ended.
type pump struct {
	u    *ClientConn
	body exchange.Body
	c    *Conn  // its stream, if that is a client of HTTP/1: what it has buffered is taken at once, and the rest may be spliced
	buf  []byte // head and framing to be written

	chunked  bool
	left     int64 // to be sent, if not chunked
	ended    atomic.Bool
	finished atomic.Bool // the upstream has been sent everything, or never will be
	failed   atomic.Pointer[exchange.Error]
	sent     bool // everything; known after done
	done     chan struct{}
}

const pumpSize = 32 << 10

// sendStream sends a request whose body is still to be read from the client. It returns when the response head is there, which may be
// before the client has sent everything; then the rest is passed on while the response is read.
func (u *ClientConn) sendStream(head []byte, body *exchange.Body) error {
	if !u.dialed.Quiet() {
		return u.notQuiet(!u.ended())
	}
	p := &pump{u: u, body: *body, chunked: body.Length < 0, left: body.Length}
	p.c, _ = body.Stream.(*Conn)
	p.buf = make([]byte, 0, max(pumpSize, len(head)+len(body.Memory)+pumpSize/2))
	p.buf = append(p.buf, head...)
	u.mem.out = head[:0]
	if err := p.add(body.Memory); err != nil {
		return u.undelivered(err)
	}
	if err := p.takeBuffered(); err != nil {
		return u.undelivered(err)
	}
	if err := u.write(p.buf, u.timeouts.Write); err != nil {
		return u.failedWrite(err)
	}
	if !p.ended.Load() {
		p.done = make(chan struct{})
		u.pump = p
		go p.run()
	}
	return u.readHead(u.timeouts.Read)
}

func (u *ClientConn) undelivered(err error) *exchange.Error {
	u.failed = true
	return &exchange.Error{Kind: exchange.ErrBody, Op: "body", Err: err}
}

// takeBuffered appends what has already been received of the body.
func (p *pump) takeBuffered() error {
	for p.c != nil && !p.c.requestBody.done && cap(p.buf)-len(p.buf) > 64 {
		data, err := p.c.requestBody.part(cap(p.buf) - len(p.buf) - 64)
		if err != nil {
			return err
		}
		if len(data) == 0 {
			break
		}
		if err := p.add(data); err != nil {
			return err
		}
	}
	if p.c != nil && p.c.requestBody.done || !p.chunked && p.left == 0 {
		return p.end()
	}
	return nil
}

var (
	errBodyLonger  = errors.New("http1: request body longer than announced")
	errBodyShorter = errors.New("http1: request body shorter than announced")
)

// add appends a part of the body in its framing.
func (p *pump) add(data []byte) error {
	switch {
	case len(data) == 0:
	case p.chunked:
		p.buf = appendHex(p.buf, len(data))
		p.buf = append(p.buf, '\r', '\n')
		p.buf = append(p.buf, data...)
		p.buf = append(p.buf, '\r', '\n')
	case int64(len(data)) > p.left:
		return errBodyLonger
	default:
		p.left -= int64(len(data))
		p.buf = append(p.buf, data...)
	}
	return nil
}

// end appends what stands behind the body: the last chunk with the trailers.
func (p *pump) end() error {
	if p.ended.Swap(true) {
		return nil
	}
	if !p.chunked {
		if p.left > 0 {
			return errBodyShorter
		}
		return nil
	}
	p.buf = append(p.buf, "0\r\n"...)
	if t := p.body.Trailers(); t != nil {
		p.buf = t.AppendExcept(p.buf, exchange.NotInTrailers)
	}
	p.buf = append(p.buf, '\r', '\n')
	return nil
}

func (p *pump) run() {
	defer close(p.done)
	defer p.finish()
	data := make([]byte, pumpSize/2)
	for !p.ended.Load() {
		if p.splices() {
			if !p.splice() {
				return
			}
			p.ended.Store(true)
			break
		}
		n, err := p.body.Stream.ReadBody(data)
		p.buf = p.buf[:0]
		if err == nil || err == io.EOF {
			err = p.take(data[:n], err == io.EOF)
		}
		if err != nil {
			p.fail(&exchange.Error{Kind: exchange.ErrBody, Op: "body", Err: err})
			return
		}
		if !p.wrote(p.u.write(p.buf, p.u.timeouts.Write)) {
			return
		}
	}
	p.sent = true
}

// take appends a received part, and the end if it is the last one.
func (p *pump) take(data []byte, last bool) error {
	if err := p.add(data); err != nil {
		return err
	}
	if last || !p.chunked && p.left == 0 || p.c != nil && p.c.requestBody.done {
		return p.end()
	}
	return nil
}

func (p *pump) splices() bool {
	c := p.c
	return c != nil && c.requestBody.kind == BodyLength && c.r == c.w && c.requestBody.left >= spliceFrom && c.splices() && p.u.splices()
}

// splice moves the rest of a body with a length inside the kernel.
func (p *pump) splice() bool {
	b := &p.c.requestBody
	for b.left > 0 {
		n, readErr, writeErr := splice(&p.u.wire, &p.c.wire, b.left, p.c.srv.limits.BodyTimeout, p.u.timeouts.Write, func(n int64) {
			if n == b.left {
				b.arrived.Store(true)
				p.ended.Store(true)
			}
		})
		b.account(int(n))
		if readErr != nil {
			b.err = b.failure(readErr)
			p.fail(&exchange.Error{Kind: exchange.ErrBody, Op: "body", Err: b.err})
			return false
		}
		if !p.wrote(writeErr) {
			return false
		}
		if b.err != nil {
			p.fail(&exchange.Error{Kind: exchange.ErrBody, Op: "body", Err: b.err})
			return false
		}
	}
	return true
}

// wrote handles the outcome of a write. When the upstream does not take more, it may still have answered.
func (p *pump) wrote(err error) bool {
	if err != nil && isTimeout(err) {
		p.fail(&exchange.Error{Kind: exchange.ErrTimeout, Op: "write", Timeout: true, Err: err})
	}
	return err == nil
}

// fail ends the wait for the response.
func (p *pump) fail(e *exchange.Error) {
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

func (p *pump) failure() *exchange.Error {
	if p == nil {
		return nil
	}
	return p.failed.Load()
}

// grace is how long a pump may take for its last write when the response is complete already.
const grace = 20 * time.Millisecond

// release stops the pump, and waits for it. Its connections do not know of it afterwards.
func (p *pump) release() {
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
	u.pump = nil
}

func (p *pump) stop() {
	if p.ended.Load() {
		t := time.NewTimer(grace)
		defer t.Stop()
		select {
		case <-p.done:
			return
		case <-t.C:
		}
	}
	p.u.interrupt()
	p.body.Stream.StopBody()
	<-p.done
	p.u.failed = true
}
