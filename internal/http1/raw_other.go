//go:build !(linux && (amd64 || arm64))

package http1

import "time"

const rawSupported = false

// rawIO is not used where raw I/O is not supported.
type rawIO struct {
	inside bool
	fd     uintptr
}

func newRawIO(*wire) *rawIO { return nil }

func (w *wire) rawRead(p []byte) (int, error) { return w.nc.Read(p) }

func (w *wire) rawWrite(p []byte, _ time.Duration) error {
	_, err := w.nc.Write(p)
	return err
}

func (w *wire) rawTrip(request, p []byte, write, read time.Duration) (int, bool, error) {
	if err := w.write(request, write); err != nil {
		return 0, false, err
	}
	n, err := w.read(p, read)
	return n, true, err
}

// ended cannot ask the kernel here: a connection that has ended is noticed when it is used.
func (w *wire) ended() bool { return false }

func (c *Conn) serveRaw() { c.servePlain() }

func (w *wire) rawReadPooled() (m *reading, n int, err error) {
	m = readings.Get().(*reading)
	n, err = w.nc.Read(m.in)
	return m, n, err
}
