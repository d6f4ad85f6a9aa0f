package http1

import (
	"bytes"
	"cmp"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
)

// ClientConn is one upstream connection, and the response that it reads. It is used by one goroutine.
type ClientConn struct {
	Response Response
	Reused   bool // it had served an exchange before

	wire
	group    *Group
	timeouts Timeouts
	served   int
	since    int64 // when it became idle, on clock
	suspect  bool  // the last response had no body by rule: see whether one was sent anyway
	canceled atomic.Bool

	mem      *reading
	r, w     int // mem.in[r:w] was received and is not used yet
	start    int // of the buffer space behind the head
	left     int64
	complete bool // the response has been read to its end
	failed   bool // the connection is not to be used again
	down     *Conn
	pump     *pump
}

// reading is the memory of a response that is being read.
type reading struct {
	in  []byte
	dec chunks
}

const readSize = 16 << 10

var readings = sync.Pool{New: func() any { return &reading{in: make([]byte, readSize)} }}

const maxInterim = 16 // interim responses before the final one

// begin prepares the connection for an exchange.
func (u *ClientConn) begin(t Timeouts) {
	u.timeouts = Timeouts{
		Connect: t.Connect,
		Write:   cmp.Or(t.Write, 60*time.Second),
		Read:    cmp.Or(t.Read, 60*time.Second),
	}
	u.complete, u.suspect, u.left = false, false, 0
	u.Response.reset()
}

// ended asks whether the other side has ended an idle connection, or sent what nobody asked for.
func (u *ClientConn) ended() bool {
	ended, bytes := u.state()
	return ended || bytes && !u.tls
}

// RoundTrip sends a request whose body (maybe nil) is in memory and reads the response head into u.Response. head is the whole
// head with framing fields and empty line. Up to cap(head) the body is copied behind it, so that both leave in one write.
// c, if not nil, is the client that waits: when it goes away, RoundTrip ends with ErrCanceled. Interim responses other than 101
// are passed on to c. The error is an *Error.
func (u *ClientConn) RoundTrip(c *Conn, head, body []byte) error {
	u.attach(c)
	toHead := isHead(head)
	if len(body) > 0 && len(body) <= cap(head)-len(head) {
		head, body = append(head, body...), nil
	}
	if u.raw != nil && len(body) == 0 {
		n, wrote, err := u.rawTrip(head, u.mem.in, u.timeouts.Write, u.timeouts.Read)
		u.w = n
		if err != nil && n == 0 {
			if wrote {
				return u.fail("read", err)
			}
			return u.failedWrite(toHead, err)
		}
	} else {
		err := u.write(head, u.timeouts.Write)
		if err == nil && len(body) > 0 {
			err = u.write(body, u.timeouts.Write)
		}
		if err != nil {
			return u.failedWrite(toHead, err)
		}
	}
	return u.readHead(toHead, u.timeouts.Read)
}

// attach takes the memory for a response, and makes u the connection that c waits for.
func (u *ClientConn) attach(c *Conn) {
	u.mem = readings.Get().(*reading)
	u.r, u.w = 0, 0
	u.served++
	if c != nil {
		u.down = c
		c.up.Store(u)
	}
}

func isHead(head []byte) bool { return bytes.HasPrefix(head, []byte("HEAD ")) }

// failedWrite looks for an answer when the request could not be written: an upstream may answer and close before it has read
// the whole request.
func (u *ClientConn) failedWrite(toHead bool, cause error) error {
	if !isTimeout(cause) && !u.canceled.Load() && u.readHead(toHead, time.Second) == nil {
		u.failed = true
		return nil
	}
	u.Response.reset()
	return u.fail("write", cause)
}

// fail makes the error of a failed read or write.
func (u *ClientConn) fail(op string, err error) error {
	u.failed = true
	if e := u.pump.failure(); e != nil {
		return e
	}
	e := &Error{Kind: ErrReset, Op: op, Err: err}
	switch {
	case u.canceled.Load():
		e.Kind = ErrCanceled
	case isTimeout(err):
		e.Kind, e.Timeout = ErrTimeout, true
	default:
		e.Stale = u.Reused && u.w == 0 && u.Response.Status == 0
	}
	return e
}

// readHead reads up to the end of the final response head.
func (u *ClientConn) readHead(toHead bool, timeout time.Duration) error {
	lim := &u.group.pool.limits
	for interim := 0; ; {
		err := errMore
		if u.r < u.w {
			err = u.Response.parse(u.mem.in[u.r:u.w], lim, toHead)
		}
		switch {
		case err == nil && u.Response.Status < 200 && u.Response.Status != 101:
			if interim++; interim > maxInterim {
				return u.invalid(errStatusLine)
			}
			u.passInterim()
			u.r += u.Response.head.end
			u.Response.reset()
			continue
		case err == nil:
			u.startBody(toHead)
			return nil
		case err != errMore:
			return u.invalid(err)
		}
		if u.w == len(u.mem.in) {
			u.mem.in = append(u.mem.in, make([]byte, len(u.mem.in))...)
		}
		wait := timeout
		if u.pump.active() {
			wait = 0 // the pump starts the clock when the request is sent
		}
		n, err := u.read(u.mem.in[u.w:], wait)
		if n == 0 {
			return u.fail("read", orElse(err, io.EOF))
		}
		u.w += n
	}
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

func (u *ClientConn) invalid(err error) error {
	u.failed = true
	return &Error{Kind: ErrResponse, Op: "parse", Err: err}
}

func (u *ClientConn) startBody(toHead bool) {
	r := &u.Response
	u.r += r.head.end
	u.start = u.r
	u.left = r.Length
	switch r.Body {
	case BodyNone:
		u.complete = true
		u.suspect = toHead || r.Status == 304
	case BodyChunked:
		u.mem.dec.reset()
	}
}

// Next returns the next received part of the response body, borrowed until the next call; nil and io.EOF at its end. Other errors
// are *Errors.
func (u *ClientConn) Next() ([]byte, error) { return u.nextPart(readSize * 4) }

func (u *ClientConn) nextPart(limit int) ([]byte, error) {
	for !u.complete {
		if data, err := u.buffered(limit); err != nil || len(data) > 0 {
			return data, err
		}
		if u.complete {
			break
		}
		if err := u.fill(); err != nil {
			return nil, err
		}
	}
	return nil, io.EOF
}

// buffered takes body bytes out of the buffer.
func (u *ClientConn) buffered(limit int) ([]byte, error) {
	in := u.mem.in[u.r:u.w]
	switch u.Response.Body {
	case BodyChunked:
		data, used, err := u.mem.dec.next(in, limit)
		u.r += used
		if err != nil {
			return nil, u.invalid(err)
		}
		u.r += u.mem.dec.skipFraming(u.mem.in[u.r:u.w])
		u.complete = u.mem.dec.done()
		return data, nil
	case BodyLength:
		in = in[:min(int64(len(in)), u.left, int64(limit))]
		u.left -= int64(len(in))
		u.complete = u.left == 0
	default:
		in = in[:min(len(in), limit)]
	}
	u.r += len(in)
	return in, nil
}

// fill reads more of the body into the buffer. What was taken out of the buffer before is overwritten, but not the head.
func (u *ClientConn) fill() error {
	if u.r == u.w {
		u.r, u.w = u.start, u.start
		if len(u.mem.in)-u.w < readSize/2 {
			u.mem.in = make([]byte, readSize+u.w) // the old one stays with the head
		}
	}
	if u.w == len(u.mem.in) {
		u.mem.in = append(u.mem.in, make([]byte, len(u.mem.in))...)
	}
	to := u.mem.in[u.w:]
	if u.Response.Body == BodyLength {
		to = to[:min(int64(len(to)), u.left+1)] // one more: to see whether it sends too much
	}
	n, err := u.read(to, u.timeouts.Read)
	u.w += n
	switch {
	case n > 0:
		return nil
	case u.Response.Body == BodyUntilClose && (err == io.EOF || err == nil):
		u.complete = true
		return nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return u.fail("read", orElse(err, io.ErrUnexpectedEOF))
}

// ReadBody reads the response body without its framing; io.EOF at its end. Other errors are *Errors.
func (u *ClientConn) ReadBody(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	data, err := u.nextPart(len(p))
	return copy(p, data), err
}

// Done reports whether the response body has been read to its end. The last piece of Next makes it true, if the end was received
// with it.
func (u *ClientConn) Done() bool { return u.complete }

// Buffered reports whether Next has something to work on without waiting, most likely a part of the body. When it has not, it is
// time to flush what was made of the parts before.
func (u *ClientConn) Buffered() bool { return u.complete || u.r < u.w }

// Trailer returns the fields behind a chunked body that has been read to its end.
func (u *ClientConn) Trailer() *header.Fields { return &u.mem.dec.trailer }

// Cancel ends the exchange, of which calls then return with ErrCanceled. Unlike all else it may be called from another goroutine,
// as long as u is not released.
func (u *ClientConn) Cancel() { u.cancel() }

// cancel ends the exchange from another goroutine.
func (u *ClientConn) cancel() {
	u.canceled.Store(true)
	u.interrupt()
}

// Release ends the exchange: the connection goes back to its group if it can serve another request, else it is closed. Nothing
// of u may be used afterwards.
func (u *ClientConn) Release() {
	u.pump.end()
	if u.down != nil {
		if u.down.up.Swap(nil) == nil {
			u.failed = true // it was canceled, or is about to be
		}
		u.down = nil
	}
	reusable := u.complete && !u.failed && !u.Response.Close && !u.broken() && u.r == u.w &&
		u.Response.Status != 101 && u.served < u.group.pool.Requests
	if m := u.mem; m != nil {
		u.mem = nil
		if len(m.in) > keepAtMost {
			m.in = make([]byte, readSize)
		}
		u.Response.reset()
		readings.Put(m)
	}
	if !reusable || !u.group.put(u) {
		u.close()
	}
}

func (u *ClientConn) close() {
	u.group.pool.conns.remove(&u.wire)
	u.nc.Close()
}
