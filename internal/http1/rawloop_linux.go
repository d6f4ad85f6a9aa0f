//go:build linux && (amd64 || arm64)

package http1

import (
	"syscall"
	"time"
)

// serveRaw is the connection's loop on the raw path. It runs inside the read callback, except for requests that may have to read
// from the client.
func (c *Conn) serveRaw() {
	what := readMore
	onReadable := func(fd uintptr) bool {
		c.raw.inside, c.raw.fd = true, fd
		what = c.readable(fd)
		c.raw.inside = false
		return what != readMore
	}
	for {
		if err := c.sys.Read(onReadable); err != nil {
			if !c.interrupted(err) {
				return
			}
			continue
		}
		if c.http2 {
			c.serveHTTP2()
			return
		}
		if what == leave {
			what = c.advance()
		}
		if what == end {
			return
		}
	}
}

// interrupted handles a wait that was ended by a deadline. It reports whether the connection can go on.
func (c *Conn) interrupted(err error) bool {
	if c.phase.Load() != connBusy {
		ok, nudged := c.wake()
		return ok && nudged
	}
	c.readBy.clear(c.nc)
	if c.began && isTimeout(err) {
		c.refuse(errHeadTimeout)
		c.linger = false
	}
	return false
}

// readable serves what can be read from fd. It returns readMore when all of it is served: the goroutine is then to be parked.
func (c *Conn) readable(fd uintptr) next {
	for {
		c.take()
		room := c.m.in[c.w:]
		n, e := sysRead(fd, room)
		if e == syscall.EAGAIN {
			return c.park()
		}
		c.readBy.clear(c.nc)
		if c.phase.Load() != connBusy {
			if ok, _ := c.wake(); !ok {
				return end
			}
		}
		if e != 0 || n == 0 {
			return end
		}
		c.w += n
		what := c.advance()
		if what == leave && !c.http2 && c.readRest(fd) {
			what = c.advance()
		}
		if what != readMore {
			return what
		}
		if n < len(room) {
			return c.park() // all that was there is read: the next bytes make a new edge
		}
	}
}

// readRest tries to complete a short body whose head came alone, so that the request can be served here.
func (c *Conn) readRest(fd uintptr) bool {
	q := &c.m.req
	if q.Body != BodyLength || q.Expect || q.Upgrade != nil {
		return false
	}
	missing := q.Length - int64(c.w-c.r-q.head.end)
	if missing > int64(len(c.m.in)-c.w) {
		return false
	}
	n, e := sysRead(fd, c.m.in[c.w:])
	if e != 0 || int64(n) < missing {
		if e == 0 {
			c.w += n
		}
		return false
	}
	c.w += n
	return true
}

// park prepares the wait for more bytes.
func (c *Conn) park() next {
	lim := &c.srv.limits
	if c.r < c.w {
		left := lim.HeadTimeout
		if c.began {
			left = max(left-time.Since(c.m.req.Received), time.Millisecond)
		}
		c.readBy.set(c.nc, left)
		return readMore
	}
	c.give()
	wait := lim.IdleTimeout
	if c.serial.Load() == 0 {
		wait = lim.HeadTimeout
	}
	c.readBy.set(c.nc, wait)
	if !c.idle() {
		return end
	}
	return readMore
}
