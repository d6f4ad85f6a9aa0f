package peer

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// conn is one connection of a loop.
type conn struct {
	*loop
	fd    int
	tls   *tls.Conn // nil without TLS
	proto protocol
	slots []*slot
	in    []byte // received and not taken yet
	out   []byte // to be sent
	buf   []byte
}

// connect opens a connection and adds its slots to the free ones.
func (l *loop) connect() error {
	addr, err := netip.ParseAddrPort(l.Addr)
	if err != nil {
		return err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	c := &conn{loop: l, fd: fd, buf: make([]byte, 64<<10)}
	l.conns[int32(fd)] = c
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}); err != nil {
		return os.NewSyscallError("connect", err)
	}
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
		return err
	}
	if err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &syscall.Timeval{Sec: 10}); err != nil { // while it blocks
		return err
	}
	if l.TLS {
		c.tls = tls.Client(socket(fd), tlsConfig(l.Hosts[0], l.Protocol))
		if err := c.tls.Handshake(); err != nil {
			return err
		}
	}
	for range l.Streams {
		c.slots = append(c.slots, &slot{conn: c})
	}
	c.proto = map[string]func(*conn) protocol{HTTP1: newHTTP1, HTTP2: newHTTP2, GRPC: newHTTP2, GRPCChat: newHTTP2, WebSocket: newWebSocket}[l.Protocol](c)
	if err := c.proto.open(); err != nil {
		return err
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		return err
	}
	l.free = append(l.free, c.slots...)
	return syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)})
}

// tlsConfig asks for what all servers have, so that each does the same work: TLS 1.3 and X25519. Nothing is resumed.
func tlsConfig(name, protocol string) *tls.Config {
	c := &tls.Config{InsecureSkipVerify: true, ServerName: name, MinVersion: tls.VersionTLS13, CurvePreferences: []tls.CurveID{tls.X25519},
		NextProtos: []string{"http/1.1"}}
	if protocol != HTTP1 && protocol != WebSocket {
		c.NextProtos = []string{"h2"}
	}
	return c
}

// flush sends what is to be sent.
func (c *conn) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	var w io.Writer = socket(c.fd)
	if c.tls != nil {
		w = c.tls
	}
	_, err := w.Write(c.out)
	c.out = c.out[:0]
	return err
}

// readable takes all that has come.
func (c *conn) readable() error {
	for {
		var n int
		var err error
		if c.tls != nil {
			n, err = c.tls.Read(c.buf)
		} else {
			n, err = socket(c.fd).Read(c.buf)
		}
		if errors.Is(err, errAgain) {
			return c.flush()
		}
		if err == io.EOF {
			return errEnded
		}
		if err != nil {
			return err
		}
		p := c.buf[:n]
		if len(c.in) > 0 {
			c.in = append(c.in, p...)
			p = c.in
		}
		used, err := c.proto.take(p)
		if err != nil {
			return err
		}
		c.in = append(c.in[:0], p[used:]...)
		if c.tls == nil && n < len(c.buf) { // there is no more
			return c.flush()
		}
	}
}

// socket is a file descriptor as crypto/tls wants it, blocking or not.
type socket int

// errAgain is what a socket returns if nothing is there, one that blocks after its timeout. It is temporary to crypto/tls, which then goes on at the next Read.
var errAgain net.Error = again{}

type again struct{}

func (again) Error() string   { return "nothing there yet" }
func (again) Timeout() bool   { return true }
func (again) Temporary() bool { return true }

func (s socket) Read(p []byte) (int, error) {
	for {
		n, err := syscall.Read(int(s), p)
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			return 0, errAgain
		case err != nil:
			return 0, os.NewSyscallError("read", err)
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

// Write sends all, and waits where it has to: requests are small, and the other side reads.
func (s socket) Write(p []byte) (int, error) {
	sent := 0
	for sent < len(p) {
		n, err := syscall.Write(int(s), p[sent:])
		if err == syscall.EINTR || err == syscall.EAGAIN {
			continue
		}
		if err != nil {
			return sent, os.NewSyscallError("write", err)
		}
		sent += n
	}
	return sent, nil
}

func (s socket) Close() error                   { return syscall.Close(int(s)) }
func (socket) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (socket) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (socket) SetDeadline(time.Time) error      { return nil }
func (socket) SetReadDeadline(time.Time) error  { return nil }
func (socket) SetWriteDeadline(time.Time) error { return nil }

func statusError(status string) error { return fmt.Errorf("answered with status %s", status) }
