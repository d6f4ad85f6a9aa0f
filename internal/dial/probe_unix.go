//go:build unix

package dial

import (
	"io"
	"net"
	"syscall"
)

// readNow reads what is there.
func readNow(c net.Conn, b []byte) (n int, err error) {
	s, ok := c.(syscall.Conn)
	if !ok {
		return 0, errNothing{}
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return 0, err
	}
	ctl := raw.Control(func(fd uintptr) { n, err = syscall.Read(int(fd), b) })
	switch {
	case ctl != nil:
		return 0, ctl
	case err == syscall.EAGAIN || err == syscall.EINTR:
		return 0, errNothing{}
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}
