package http1

import (
	"crypto/tls"
	"errors"
	"net/netip"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Conn is one client connection and the request that it serves. It is used by one goroutine.
type Conn struct {
	Request *Request // the current request
	Peer    netip.AddrPort
	Local   netip.AddrPort
	TLS     *tls.ConnectionState // nil without TLS

	wire
	srv    *Server
	phase  atomic.Int32
	serial atomic.Uint32 // counts exchanges

	m      *memory // nil while the connection is idle, on the raw path and with TLS
	r, w   int     // m.in[r:w] was received and is not used yet
	began  bool    // the head of the next request has begun
	parsed bool    // the head of a request is complete, and the request not yet served
	linger bool    // the client may still be sending: read on before closing

	body requestBody
	resp answer

	pump     *pump
	up       atomic.Pointer[ClientConn] // whose response the client waits for; whoever takes it out may end it
	gone     atomic.Bool
	peekedAt uint32 // of the sweep: serial at its last look
	peeked   bool
	one      [1]byte
}

// Phases of a connection. Only an idle one can be closed by someone else.
const (
	connBusy    = iota
	connIdle    // waits for the first byte of a request
	connNudging // the sweep is about to wake it, to look for the end of the stream
	connNudged
	connRetired // to be closed
)

// memory is what a connection needs while bytes of a request are there.
type memory struct {
	in  []byte // its whole length can be read into
	out []byte // response bytes to be sent
	req Request
	dec chunks // of the request body
}

const (
	inSize     = 8 << 10
	outSize    = 16 << 10
	keepAtMost = 64 << 10 // larger buffers are not kept
)

var memories = sync.Pool{New: func() any {
	m := &memory{in: make([]byte, inSize), out: make([]byte, 0, outSize)}
	m.req.Scratch = make([]byte, 0, inSize)
	return m
}}

func (c *Conn) take() {
	if c.m == nil {
		c.m = memories.Get().(*memory)
	}
}

func (c *Conn) give() {
	m := c.m
	if m == nil {
		return
	}
	c.m, c.Request, c.r, c.w = nil, nil, 0, 0
	if len(m.in) > keepAtMost || cap(m.out) > keepAtMost || cap(m.req.Scratch) > keepAtMost {
		m.in, m.out = make([]byte, inSize), make([]byte, 0, outSize)
		m.req.Scratch = make([]byte, 0, inSize)
	}
	m.out = m.out[:0]
	m.req.reset()
	memories.Put(m)
}

// serve is the connection's goroutine.
func (c *Conn) serve() {
	c.srv.conns.add(&c.wire)
	defer c.srv.running.Done()
	defer c.close()
	defer func() {
		if p := recover(); p != nil {
			c.srv.log().Error("panic while serving a connection", "peer", c.Peer.String(), "panic", p, "stack", string(debug.Stack()))
		}
	}()
	c.Peer, c.Local = addrPort(c.nc.RemoteAddr()), addrPort(c.nc.LocalAddr())
	if t, ok := c.nc.(*tls.Conn); ok && !c.handshake(t) {
		return
	}
	if c.raw != nil {
		c.serveRaw()
	} else {
		c.servePlain()
	}
	if c.linger {
		c.drain()
	}
}

func (c *Conn) close() {
	c.srv.ended.Add(1)
	c.srv.conns.remove(&c.wire)
	c.pump.end()
	c.nc.Close()
	c.give()
}

func (c *Conn) handshake(t *tls.Conn) bool {
	t.SetDeadline(time.Now().Add(c.srv.limits.HeadTimeout))
	if t.Handshake() != nil {
		return false
	}
	t.SetDeadline(time.Time{})
	state := t.ConnectionState()
	c.TLS = &state
	return true
}

// next says what the connection's loop does next.
type next uint8

const (
	readMore next = iota
	leave         // serve the request at hand, but not inside the raw read callback
	end           // close the connection
)

// advance serves the complete requests in the buffer.
func (c *Conn) advance() next {
	for {
		if !c.parsed {
			if c.r == c.w {
				c.r, c.w = 0, 0
				return readMore
			}
			switch err := c.parse(); {
			case err == errMore:
				c.makeRoom()
				return readMore
			case err != nil:
				c.refuse(err)
				return end
			}
			c.parsed = true
		}
		if c.raw != nil && c.raw.inside && c.mayWait() {
			return leave
		}
		c.parsed = false
		if !c.exchange() {
			return end
		}
	}
}

// parse reads the head of the next request.
func (c *Conn) parse() error {
	m := c.m
	q := &m.req
	if !c.began {
		// One empty line before a request is skipped: some old clients send it behind a body.
		if m.in[c.r] == '\r' && c.serial.Load() > 0 {
			if c.w-c.r == 1 {
				return errMore
			}
			if m.in[c.r+1] == '\n' {
				if c.r += 2; c.r == c.w {
					return errMore
				}
			}
		}
		c.began = true
		q.reset()
		q.Received = time.Now()
	}
	return q.parse(m.in[c.r:c.w], &c.srv.head)
}

// makeRoom makes sure that something can be read behind m.in[w]. No request is being served.
func (c *Conn) makeRoom() {
	m := c.m
	if c.w < len(m.in) {
		return
	}
	if c.r > 0 {
		c.w = copy(m.in, m.in[c.r:c.w])
		c.r = 0
		return
	}
	m.in = append(m.in, make([]byte, len(m.in))...)
}

// mayWait reports whether serving the request may need to read from the client.
func (c *Conn) mayWait() bool {
	q := &c.m.req
	switch {
	case q.Upgrade != nil || q.Expect || q.Body == BodyChunked:
		return true
	case q.Body == BodyLength:
		return q.Length > int64(c.w-c.r-q.head.end)
	}
	return false
}

// exchange serves the request at m.in[r:]. It reports whether the connection can go on.
func (c *Conn) exchange() bool {
	q := &c.m.req
	c.Request = q
	c.began = false
	serial := c.serial.Add(1)
	c.resp.reset(q)
	c.resp.close = q.Close || int(serial) >= c.srv.limits.Requests
	c.r += q.head.end
	c.startBody(q)
	if max := c.srv.limits.Body; max > 0 && q.Length > max {
		c.refuse(errBodyTooLong)
		return false
	}
	c.srv.Handler.ServeHTTP1(c)
	c.Finish()
	c.pump.end()
	if !c.resp.wrote || c.resp.cut || c.resp.err != nil {
		return false
	}
	if c.resp.close || !c.skipBody() {
		c.linger = !c.body.done && c.body.err != errBodyTimeout || c.r < c.w
		return false
	}
	return true
}

// refuse answers a request that cannot be served, and closes.
func (c *Conn) refuse(err error) {
	status := StatusOf(err)
	c.Request = &c.m.req
	c.began = false
	c.resp.reset(c.Request)
	c.resp.close, c.linger = true, true
	c.body = requestBody{done: true}
	if c.srv.BadRequest != nil {
		c.srv.BadRequest(c, status, err)
	} else {
		text := append([]byte(nil), err.Error()...)
		c.WriteHead(status, nil, nil, int64(len(text)+1))
		c.WriteBody(append(text, '\n'))
	}
	c.Finish()
}

// servePlain is the loop on net.Conn.
func (c *Conn) servePlain() {
	lim := &c.srv.limits
	wait := lim.HeadTimeout
	for {
		idle := c.r == c.w && !c.began
		if idle && !c.idle() {
			return
		}
		var n int
		var err error
		if idle {
			n, err = c.readFirst(wait)
		} else {
			n, err = c.readHead()
		}
		if idle {
			if ok, _ := c.wake(); !ok {
				return
			}
		}
		if n == 0 {
			c.headFailed(err)
			return
		}
		c.w += n
		if c.advance() == end {
			return
		}
		wait = lim.IdleTimeout
	}
}

// readFirst waits for the first bytes of a request. With TLS, which keeps what it has decoded, it does so without a buffer.
func (c *Conn) readFirst(wait time.Duration) (int, error) {
	if !c.tls {
		c.take()
		return c.read(c.m.in[c.w:], wait)
	}
	c.give()
	n, err := c.read(c.one[:], wait)
	if n == 0 {
		return 0, err
	}
	c.take()
	c.m.in[0] = c.one[0]
	more, _ := c.read(c.m.in[1:], c.srv.limits.HeadTimeout)
	return 1 + more, nil
}

// readHead reads more of a head, within what is left of its time.
func (c *Conn) readHead() (int, error) {
	left := c.srv.limits.HeadTimeout
	if c.began {
		left -= time.Since(c.m.req.Received)
	}
	if left <= 0 {
		return 0, errHeadTimeout
	}
	n, err := c.read(c.m.in[c.w:], left)
	if err != nil && isTimeout(err) {
		err = errHeadTimeout
	}
	return n, err
}

// headFailed handles a connection that ended or fell silent within a request head, or before one.
func (c *Conn) headFailed(err error) {
	if c.began && errors.Is(err, errHeadTimeout) {
		c.refuse(errHeadTimeout)
		c.linger = false
	}
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// idle marks the connection as one that may be closed; false if it has to close now.
func (c *Conn) idle() bool {
	c.phase.Store(connIdle)
	return !c.srv.closing.Load() || !c.phase.CompareAndSwap(connIdle, connRetired)
}

// wake takes the connection back for a request; it is not ok if it has to close. nudged tells that the sweep has ended the wait.
func (c *Conn) wake() (ok, nudged bool) {
	for {
		if c.phase.CompareAndSwap(connIdle, connBusy) {
			return true, false
		}
		switch c.phase.Load() {
		case connRetired:
			return false, false
		case connNudged:
			c.nc.SetReadDeadline(time.Time{})
			c.phase.Store(connBusy)
			return true, true
		}
		runtime.Gosched() // connNudging lasts for one call
	}
}

// retire closes the connection if it is idle. Another goroutine calls it.
func (c *Conn) retire() {
	if c.phase.CompareAndSwap(connIdle, connRetired) {
		c.interrupt()
	}
}

// cut ends the connection whatever it does. Another goroutine calls it.
func (c *Conn) cut() {
	c.gone.Store(true)
	if u := c.up.Swap(nil); u != nil {
		u.cancel()
	}
	c.interrupt()
}

// peek looks, for the sweep, whether the other side has ended the connection while nobody reads from it: while an upstream
// is waited for, or (raw path) when the end came together with the last request, so that no edge will tell.
func (c *Conn) peek() {
	serial := c.serial.Load()
	again := c.peeked && c.peekedAt == serial
	c.peeked, c.peekedAt = true, serial
	switch {
	case c.phase.Load() == connIdle:
		if c.raw == nil || again {
			return
		}
		if ended, _ := c.state(); ended && c.phase.CompareAndSwap(connIdle, connNudging) {
			c.nc.SetReadDeadline(past)
			c.phase.Store(connNudged)
		}
	case again && c.up.Load() != nil:
		if ended, _ := c.state(); ended {
			c.gone.Store(true)
			if u := c.up.Swap(nil); u != nil {
				u.cancel()
			}
		}
	}
}

// Gone reports whether the client has left while it waited for the response.
func (c *Conn) Gone() bool { return c.gone.Load() }

// drain reads on for a while after the last answer was sent: closing a connection with unread bytes would reset it, and the client
// might never see the answer.
func (c *Conn) drain() {
	closer, ok := c.nc.(interface{ CloseWrite() error })
	if !ok || closer.CloseWrite() != nil {
		return
	}
	c.take()
	c.nc.SetReadDeadline(time.Now().Add(c.srv.limits.Linger))
	if !c.idle() {
		return
	}
	for {
		if n, err := c.nc.Read(c.m.in); n == 0 || err != nil {
			return
		}
	}
}
