package http2

import (
	"io"
	"net"
	"sync"
	"syscall"
)

// input is the receiving half of a connection. It has a buffer only while received bytes wait in it.
type input struct {
	nc   net.Conn
	sys  syscall.RawConn // of a TCP connection without TLS, where it can be read from without waiting; else nil
	buf  *[]byte
	r, w int // buf[r:w] was received and is not used yet
	one  [1]byte

	ready func(fd uintptr) bool // readReady, made once
	err   error                 // of readReady
}

// inputSize is enough for a frame of the largest size, and for what usually comes with it.
const inputSize = 2 * maxFrame

var inputs = sync.Pool{New: func() any { b := make([]byte, inputSize); return &b }}

// init takes nc over, and received, bytes of it that were read already.
func (in *input) init(nc net.Conn, received []byte) {
	in.nc = nc
	if tcp, ok := nc.(*net.TCPConn); ok && canReadReady {
		if sys, err := tcp.SyscallConn(); err == nil {
			in.sys, in.ready = sys, in.readReady
		}
	}
	if len(received) > 0 {
		b := append(make([]byte, 0, max(inputSize, len(received))), received...)
		b = b[:cap(b)]
		in.buf, in.w = &b, len(received)
	}
}

// unread returns the bytes that wait.
func (in *input) unread() []byte {
	if in.buf == nil {
		return nil
	}
	return (*in.buf)[in.r:in.w]
}

// read waits for more bytes. What unread returned before is not valid any more.
func (in *input) read() error {
	if in.r == in.w {
		in.give()
		return in.readFirst()
	}
	b := *in.buf
	if in.r > 0 && len(b)-in.r < maxFrame+frameHeaderSize {
		in.w = copy(b, b[in.r:in.w])
		in.r = 0
	}
	n, err := in.nc.Read(b[in.w:])
	in.w += n
	if n > 0 {
		return nil
	}
	return orEOF(err)
}

// readFirst waits without a buffer. TLS keeps the rest of what it has decoded.
func (in *input) readFirst() error {
	if in.sys != nil {
		in.err = nil
		if err := in.sys.Read(in.ready); err != nil {
			return err
		}
		return in.err
	}
	n, err := in.nc.Read(in.one[:])
	if n == 0 {
		return orEOF(err)
	}
	in.take()
	(*in.buf)[0] = in.one[0]
	in.w = 1
	return nil
}

func (in *input) take() { in.buf, in.r, in.w = inputs.Get().(*[]byte), 0, 0 }

// give gives the buffer back.
func (in *input) give() {
	if in.buf == nil {
		return
	}
	if len(*in.buf) == inputSize {
		inputs.Put(in.buf)
	}
	in.buf, in.r, in.w = nil, 0, 0
}

func orEOF(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}
