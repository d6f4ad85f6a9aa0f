package http1

import (
	"io"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// Tunnel implements exchange.Tunneler for upstreams of HTTP/1, after WriteHead(101, …) answered an upgrade that the upstream answered with
// 101. A side that ends only its own direction can still receive. When nothing moves for the upstream's read timeout, both are
// ended. Both connections are finished afterwards.
func (c *Conn) Tunnel(up exchange.Upstream) (handled bool, err error) {
	u, ok := up.(*ClientConn)
	if !ok {
		return false, nil
	}
	return true, c.tunnel(u)
}

func (c *Conn) tunnel(u *ClientConn) error {
	a := &c.answer
	a.close, a.finished, u.failed = true, true, true
	if !c.Watch(nil) && u.client != nil {
		u.client = nil
		return u.fail("read", errAborted)
	}
	u.client = nil
	defer func() { a.cut = true }()
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
