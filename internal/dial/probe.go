package dial

import (
	"crypto/tls"
	"errors"
	"net"
)

// probe lies between TLS and its socket. While it probes, reading takes only what the socket has and never waits.
type probe struct {
	net.Conn
	probing bool
}

// errNothing says that the socket has nothing to read. It is temporary, so that crypto/tls forgets it.
type errNothing struct{}

func (errNothing) Error() string   { return "nothing to read" }
func (errNothing) Timeout() bool   { return true }
func (errNothing) Temporary() bool { return true }

func (p *probe) Read(b []byte) (int, error) {
	if !p.probing {
		return p.Conn.Read(b)
	}
	return readNow(p.Conn, b)
}

// Quiet reports whether a connection that waits for nothing has nothing to read: no bytes that nobody asked for, and not its end. It does
// not wait. What TLS sends for itself (session tickets) is taken in. It must not be called while the connection is in use.
func (c Conn) Quiet() bool {
	var one [1]byte
	var n int
	var err error
	if t, ok := c.Conn.(*tls.Conn); ok {
		p, ok := t.NetConn().(*probe)
		if !ok {
			return true
		}
		p.probing = true
		n, err = t.Read(one[:])
		p.probing = false
	} else {
		n, err = readNow(c.Conn, one[:])
	}
	var nothing errNothing
	return n == 0 && errors.As(err, &nothing)
}
