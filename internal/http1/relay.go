package http1

import (
	"io"
	"time"
)

// spliceFrom is the length of a rest of a body from which splicing is worth its pipe.
const spliceFrom = 64 << 10

// Relay sends the rest of u's response body unchanged as the body of the response started with WriteHead, trailers included, and
// finishes it. Large bodies are spliced where possible. An *Error is about u; any other error about the client. After either,
// the client sees that the body is not complete.
func (c *Conn) Relay(u *ClientConn) error {
	for !u.complete {
		if c.canSplice(u) {
			if err := c.spliceBody(u); err != nil {
				return err
			}
			break
		}
		data, err := u.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			c.Flush()
			c.Abort()
			return err
		}
		if err := c.WriteBody(data); err != nil {
			return err
		}
		if !u.complete && u.r == u.w {
			if err := c.Flush(); err != nil {
				return err
			}
		}
	}
	if u.Response.Body == BodyChunked && u.Trailer().Len() > 0 {
		return c.WriteTrailers(u.Trailer())
	}
	return c.Finish()
}

func (c *Conn) canSplice(u *ClientConn) bool {
	return u.left >= spliceFrom && u.r == u.w && u.Response.Body == BodyLength &&
		c.resp.kind == BodyLength && c.resp.left >= u.left && c.splices() && u.splices()
}

// spliceBody moves the rest of a body with a length inside the kernel.
func (c *Conn) spliceBody(u *ClientConn) error {
	if err := c.Flush(); err != nil {
		return err
	}
	for u.left > 0 {
		n, readErr, writeErr := splice(&c.wire, &u.wire, u.left, u.timeouts.Read, c.srv.limits.SendTimeout, nil)
		u.left -= n
		c.resp.left -= n
		c.resp.sent += n
		c.resp.bodySent += n
		if readErr != nil {
			c.Abort()
			return u.fail("read", readErr)
		}
		if writeErr != nil {
			c.resp.err = writeErr
			return writeErr
		}
	}
	u.complete = true
	return nil
}

// Tunnel passes bytes both ways until both sides have ended, after WriteHead(101, …) answered an upgrade that u answered with
// 101. A side that ends only its own direction can still receive. When nothing moves for u's read timeout, both are ended. Both
// connections are finished afterwards.
func (c *Conn) Tunnel(u *ClientConn) error {
	c.resp.close, c.resp.finished, u.failed = true, true, true
	if c.up.Swap(nil) == nil && u.down != nil {
		return u.fail("read", errCutByOwner)
	}
	u.down = nil
	defer func() { c.resp.cut = true }()
	if err := c.Flush(); err != nil {
		return err
	}
	if err := c.write(u.mem.in[u.r:u.w], c.srv.limits.SendTimeout); err != nil {
		return err
	}
	u.r = u.w
	back := make(chan error, 1)
	go func() {
		err := u.write(c.m.in[c.r:c.w], u.timeouts.Write)
		c.r = c.w
		if err == nil {
			err = passOn(&u.wire, &c.wire, 0, u)
		}
		back <- err
	}()
	err := passOn(&c.wire, &u.wire, u.timeouts.Read, u)
	if other := <-back; err == nil {
		err = other
	}
	return err
}

// passOn copies from src until its end, and then ends dst's direction. An error ends both.
func passOn(dst, src *wire, timeout time.Duration, u *ClientConn) error {
	for {
		m, n, err := src.readPooled(timeout)
		if n > 0 {
			if timeout == 0 {
				u.readBy.renew(u.nc, u.timeouts.Read)
			}
			err = dst.write(m.in[:n], u.timeouts.Write)
		}
		if m != nil {
			readings.Put(m)
		}
		if n > 0 && err == nil {
			continue
		}
		closer, ok := dst.nc.(interface{ CloseWrite() error })
		if err == io.EOF && ok && closer.CloseWrite() == nil {
			return nil
		}
		src.interrupt()
		dst.interrupt()
		if err == io.EOF {
			return nil
		}
		return err
	}
}
