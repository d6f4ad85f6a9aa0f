package dial

import (
	"crypto/tls"
	"net"
	"syscall"
)

// probe looks into a socket without waiting. TLS reads through it, so that it can be made to take only what is there.
type probe struct {
	net.Conn
	sys     syscall.RawConn // nil where the socket cannot be asked
	probing bool
	look    func(fd uintptr)
	buf     []byte
	n       int
	err     error
	one     [1]byte
}

func newProbe(nc net.Conn) *probe {
	p := &probe{Conn: nc}
	if s, ok := nc.(syscall.Conn); ok {
		p.sys, _ = s.SyscallConn()
	}
	p.look = func(fd uintptr) { p.n, p.err = readNow(fd, p.buf) }
	return p
}

// errNothing says that the socket has nothing to read. It is temporary, so that crypto/tls forgets it.
type errNothing struct{}

func (errNothing) Error() string   { return "nothing to read" }
func (errNothing) Timeout() bool   { return true }
func (errNothing) Temporary() bool { return true }

// Read reads for TLS.
func (p *probe) Read(b []byte) (int, error) {
	if !p.probing {
		return p.Conn.Read(b)
	}
	return p.now(b)
}

// now reads what is there.
func (p *probe) now(b []byte) (int, error) {
	if p.sys == nil {
		return 0, errNothing{}
	}
	p.buf = b
	err := p.sys.Control(p.look)
	p.buf = nil
	if err != nil {
		return 0, err
	}
	return p.n, p.err
}

// Quiet reports whether a connection that waits for nothing has nothing to read: no bytes that nobody asked for, and not its end. It does
// not wait, and costs one system call. What TLS sends for itself (session tickets) is taken in. It must not be called while the
// connection is in use.
func (c Conn) Quiet() bool {
	p := c.probe
	var n int
	var err error
	if t, ok := c.Conn.(*tls.Conn); ok {
		p.probing = true
		n, err = t.Read(p.one[:])
		p.probing = false
	} else {
		n, err = p.now(p.one[:])
	}
	_, nothing := err.(errNothing)
	return n == 0 && nothing
}
