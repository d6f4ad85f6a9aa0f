package http1

import (
	"errors"
	"time"
)

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
		switch c.advance() {
		case end:
			return
		case leave:
			c.serveHTTP2()
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
