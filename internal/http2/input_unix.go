//go:build unix

package http2

import (
	"io"
	"syscall"
)

const canReadReady = true

// readReady reads what is there into a buffer that is taken only for that. It reports false when nothing is there.
func (in *input) readReady(fd uintptr) bool {
	in.take()
	for {
		n, err := syscall.Read(int(fd), *in.buf)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			in.give()
			return false
		case err != nil:
			in.give()
			in.err = err
		case n == 0:
			in.give()
			in.err = io.EOF
		default:
			in.w = n
		}
		return true
	}
}
