package http1

import (
	"crypto/tls"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// Conn is one client connection and the exchange that it serves: an exchange.Downstream. It is used by one goroutine, but for what that
// interface says of the request body.
type Conn struct {
	wire
	presence
	inbound
	requestBody
	answer

	srv    *Server
	peer   exchange.Peer
	serial atomic.Uint32 // counts exchanges
	began  bool          // the head of the next request has begun
	parsed bool          // the head of a request is complete, and the request not yet served
	http2  bool          // the client speaks HTTP/2
	linger bool          // the client may still be sending: read on before closing
	one    [1]byte
}

var _ interface {
	exchange.Downstream
	exchange.Relayer
	exchange.Tunneler
} = (*Conn)(nil)

func newConn(s *Server) *Conn {
	c := &Conn{srv: s}
	c.client, c.presence.c, c.requestBody.c, c.answer.c = c, c, c, c
	return c
}

// Request implements exchange.Downstream.
func (c *Conn) Request() *exchange.Request { return &c.m.req.Request }

// Peer implements exchange.Downstream.
func (c *Conn) Peer() *exchange.Peer { return &c.peer }

// serve is the connection's goroutine.
func (c *Conn) serve() {
	c.srv.conns.add(&c.wire)
	defer c.srv.running.Done()
	defer c.close()
	defer func() {
		if p := recover(); p != nil {
			c.srv.log().Error("panic while serving a connection", "peer", c.peer.Remote.String(), "panic", p, "stack", string(debug.Stack()))
		}
	}()
	c.peer.Remote, c.peer.Local = addrPort(c.nc.RemoteAddr()), addrPort(c.nc.LocalAddr())
	if t, ok := c.nc.(*tls.Conn); ok && !c.handshake(t) {
		return
	}
	if c.srv.HTTP2 != nil && c.peer.TLS != nil && c.peer.TLS.NegotiatedProtocol == "h2" {
		c.serveHTTP2()
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
	c.peer.TLS = &state
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
			case err == errHTTP2:
				c.http2 = true
				return leave
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
	if m.in[c.r] == 'P' {
		switch is, maybe := c.preface(); {
		case is:
			return errHTTP2
		case maybe:
			return errMore
		}
	}
	return q.parse(m.in[c.r:c.w], &c.srv.head)
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
	c.began = false
	serial := c.serial.Add(1)
	a, b := &c.answer, &c.requestBody
	a.reset(q)
	a.close = q.Close || int(serial) >= c.srv.limits.Requests
	c.r += q.head.end
	b.begin(q)
	if max := c.srv.limits.Body; max > 0 && q.Length > max {
		c.refuse(errBodyTooLong)
		return false
	}
	StripRequest(&q.Header)
	c.srv.Handler.ServeHTTP1(c)
	c.Finish(nil)
	if !a.wrote || a.cut || a.err != nil {
		return false
	}
	if a.close || !b.skip() {
		c.linger = !b.done && b.err != errBodyTimeout || c.r < c.w
		return false
	}
	return true
}

// refuse answers a request that cannot be served, and closes.
func (c *Conn) refuse(err error) {
	status := exchange.StatusOf(err)
	q := &c.m.req
	c.began = false
	c.answer.reset(q)
	c.answer.close, c.linger = true, true
	c.requestBody.none()
	StripRequest(&q.Header)
	if c.srv.BadRequest != nil {
		c.srv.BadRequest(c, status, err)
	} else {
		text := append([]byte(nil), err.Error()...)
		c.WriteHead(status, nil, nil, int64(len(text)+1))
		c.WriteBody(append(text, '\n'))
	}
	c.Finish(nil)
}

// Interim implements exchange.Client. Nothing is sent to HTTP/1.0, nor while another goroutine reads the request body, which may write
// 100 Continue.
func (c *Conn) Interim(status int, h *header.Fields) error {
	a := &c.answer
	if a.wrote || a.old || status <= 101 || status >= 200 || c.requestBody.lent && !c.requestBody.arrived.Load() {
		return nil
	}
	if err := c.Flush(); err != nil { // an earlier answer goes first
		return err
	}
	out := appendStatusLine(make([]byte, 0, 512), status, nil)
	out = h.AppendExcept(out, notCopied)
	return c.write(append(out, "\r\n"...), c.srv.limits.SendTimeout)
}

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
