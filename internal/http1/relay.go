package http1

import (
	"io"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// spliceFrom is the length of a rest of a body from which splicing is worth its pipe.
const spliceFrom = 64 << 10

// Relay implements exchange.Relayer for upstreams of HTTP/1. Large bodies are spliced where possible.
func (c *Conn) Relay(up exchange.Upstream) (handled bool, err error) {
	u, ok := up.(*ClientConn)
	if !ok {
		return false, nil
	}
	return true, relay{c, u}.run()
}

// relay passes a response body on without copying more than it has to.
type relay struct {
	c *Conn
	u *ClientConn
}

func (r relay) run() error {
	c, u := r.c, r.u
	if !u.complete && u.r == u.w { // the head does not wait for the body
		if err := c.Flush(); err != nil {
			return err
		}
	}
	for !u.complete {
		if r.canSplice() {
			if err := r.splice(); err != nil {
				return err
			}
			break
		}
		data, err := u.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			c.Abort(exchange.Broken)
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
	return c.Finish(u.Trailer())
}

func (r relay) canSplice() bool {
	u, a := r.u, &r.c.answer
	return u.left >= spliceFrom && u.r == u.w && u.head.Body == BodyLength &&
		a.kind == BodyLength && a.left >= u.left && r.c.splices() && u.splices()
}

// splice moves the rest of a body with a length inside the kernel.
func (r relay) splice() error {
	c, u, a := r.c, r.u, &r.c.answer
	if err := c.Flush(); err != nil {
		return err
	}
	for u.left > 0 {
		n, readErr, writeErr := splice(&c.wire, &u.wire, u.left, u.timeouts.Read, c.srv.limits.SendTimeout, nil)
		u.left -= n
		a.left -= n
		a.sent += n
		a.bodySent += n
		if readErr != nil {
			c.Abort(exchange.Broken)
			return u.fail("read", readErr)
		}
		if writeErr != nil {
			a.err = writeErr
			return writeErr
		}
	}
	u.complete = true
	return nil
}
