//go:build linux && (amd64 || arm64)

package http1

import (
	"io"
	"syscall"
	"time"
	"unsafe"
)

const rawSupported = true

// rawIO drives a TCP socket by its descriptor, inside the callbacks of syscall.RawConn. A callback that returns false parks the
// goroutine until the socket's next edge. The callbacks are made once for each connection, so that calls do not allocate.
type rawIO struct {
	w *wire

	// While the server's loop runs inside the read callback, inside is true and fd valid: writes go straight to fd.
	inside bool
	fd     uintptr

	in      []byte // where to read to
	n       int
	readErr error
	pooled  *reading
	request []byte // what to write before reading: see tripping
	whole   int    // the length of request before anything of it was written
	sent    bool

	out      []byte // what is still to write
	timeout  time.Duration
	writeErr error

	onRead, onTrip, onWrite func(fd uintptr) bool
}

func newRawIO(w *wire) *rawIO {
	r := &rawIO{w: w}
	r.onRead, r.onTrip, r.onWrite = r.readable, r.tripping, r.writable
	return r
}

func sysRead(fd uintptr, p []byte) (int, syscall.Errno) {
	for {
		n, _, e := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		if e != syscall.EINTR {
			return int(n), e
		}
	}
}

func sysWrite(fd uintptr, p []byte) (int, syscall.Errno) {
	for {
		n, _, e := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(min(len(p), maxWrite)))
		if e != syscall.EINTR {
			return int(n), e
		}
	}
}

// readablePooled is readable with memory that is taken only when there is something to read.
func (r *rawIO) readablePooled(fd uintptr) bool {
	m := readings.Get().(*reading)
	r.in = m.in
	if !r.readable(fd) {
		readings.Put(m)
		return false
	}
	r.pooled = m
	return true
}

func (w *wire) rawReadPooled() (*reading, int, error) {
	r := w.raw
	err := w.sys.Read(r.readablePooled)
	m := r.pooled
	r.in, r.pooled = nil, nil
	if err != nil {
		return m, 0, err
	}
	return m, r.n, r.readErr
}

// readable reads once and stores the result; false when nothing is there.
func (r *rawIO) readable(fd uintptr) bool {
	n, e := sysRead(fd, r.in)
	switch {
	case e == syscall.EAGAIN:
		return false
	case e != 0:
		r.n, r.readErr = 0, e
	case n == 0:
		r.n, r.readErr = 0, io.EOF
	default:
		r.n, r.readErr = n, nil
	}
	return true
}

func (w *wire) rawRead(p []byte) (int, error) {
	r := w.raw
	r.in = p
	err := w.sys.Read(r.onRead)
	r.in = nil
	if err != nil {
		return 0, err
	}
	return r.n, r.readErr
}

// tripping writes the request first, once it has seen that there is nothing to read: no bytes that belong to no answer, and not the end
// of the connection. It writes inside the read callback, for the poller was reset before: the edge of the answer cannot be lost.
func (r *rawIO) tripping(fd uintptr) bool {
	if !r.sent {
		if len(r.request) == r.whole {
			if n, e := sysRead(fd, r.in); e != syscall.EAGAIN {
				r.n, r.readErr = max(n, 0), errNotQuiet
				return true
			}
		}
		n, e := sysWrite(fd, r.request)
		if e != 0 {
			n = 0
		}
		r.request = r.request[n:]
		if e != 0 && e != syscall.EAGAIN {
			r.writeErr = e
			return true
		}
		if len(r.request) > 0 {
			return true
		}
		r.sent = true
		return false
	}
	return r.readable(fd)
}

// rawTrip writes request and reads the first bytes of the answer into p. wrote is false when the error is one of writing. errNotQuiet
// says that nothing was written, as there was something to read: n bytes, or the end.
func (w *wire) rawTrip(request, p []byte, write, read time.Duration) (n int, wrote bool, err error) {
	r := w.raw
	r.request, r.whole, r.in, r.sent, r.n, r.readErr, r.writeErr = request, len(request), p, false, 0, nil, nil
	w.readBy.set(w.nc, read)
	err = w.sys.Read(r.onTrip)
	w.readBy.clear(w.nc)
	rest := r.request
	r.in, r.request = nil, nil
	switch {
	case err != nil:
		return 0, r.sent, err
	case r.readErr == errNotQuiet:
		return r.n, false, errNotQuiet
	case r.writeErr != nil:
		return 0, false, r.writeErr
	case r.sent:
		return r.n, true, r.readErr
	}
	if err := w.rawWrite(rest, write); err != nil {
		return 0, false, err
	}
	n, err = w.read(p, read)
	return n, true, err
}

// writable writes as much as the socket takes. Waiting is bounded from one success to the next.
func (r *rawIO) writable(fd uintptr) bool {
	w := r.w
	for len(r.out) > 0 {
		n, e := sysWrite(fd, r.out)
		if e == syscall.EAGAIN {
			w.writeBy.clear(w.nc)
			w.writeBy.set(w.nc, r.timeout)
			return false
		}
		if e != 0 {
			r.writeErr = e
			return true
		}
		r.out = r.out[n:]
	}
	return true
}

func (w *wire) rawWrite(p []byte, timeout time.Duration) error {
	r := w.raw
	if r.inside {
		for {
			n, e := sysWrite(r.fd, p)
			if e == syscall.EAGAIN {
				break
			}
			if e != 0 {
				return e
			}
			if p = p[n:]; len(p) == 0 {
				return nil
			}
		}
	}
	r.out, r.timeout, r.writeErr = p, timeout, nil
	err := w.sys.Write(r.onWrite)
	w.writeBy.clear(w.nc)
	r.out = nil
	if err != nil {
		return err
	}
	return r.writeErr
}

// pollfd is struct pollfd of poll(2).
type pollfd struct {
	fd      int32
	events  int16
	revents int16
}

const (
	pollErr   = 0x8
	pollHup   = 0x10
	pollRdHup = 0x2000
)

// ended asks the kernel, without waiting, whether the other side has ended the connection.
func (w *wire) ended() (ended bool) {
	if w.sys == nil {
		return false
	}
	err := w.sys.Control(func(fd uintptr) {
		p := pollfd{fd: int32(fd), events: pollRdHup}
		var zero syscall.Timespec
		n, _, e := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&zero)), 0, 0, 0)
		ended = e == 0 && n == 1 && p.revents&(pollErr|pollHup|pollRdHup) != 0
	})
	return ended || err != nil
}
