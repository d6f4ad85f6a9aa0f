package http1

import (
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"
)

// wire is a connection with deadlines that cost no system call and no timer; Conn and ClientConn are each built on one. One
// goroutine may read while another writes.
type wire struct {
	nc  net.Conn
	tcp *net.TCPConn    // nc itself, or what is below its TLS; nil for other kinds
	sys syscall.RawConn // of tcp
	tls bool
	raw *rawIO // nil on the plain path

	readBy, writeBy deadline

	prev, next *wire // in a registry
	home       *shard
	client     *Conn // the Conn this is part of, nil for upstream connections
}

func (w *wire) init(nc net.Conn, below net.Conn, raw bool) {
	w.nc = nc
	w.writeBy.write = true
	if tcp, ok := below.(*net.TCPConn); ok {
		if sys, err := tcp.SyscallConn(); err == nil {
			w.tcp, w.sys, w.tls = tcp, sys, nc != below
		}
	}
	if raw && rawSupported && w.tcp != nil && !w.tls {
		w.raw = newRawIO(w)
	}
}

// plain TCP can be spliced.
func (w *wire) splices() bool { return spliceSupported && w.tcp != nil && !w.tls }

// read reads what is there, and waits at most timeout when nothing is (0: for ever).
func (w *wire) read(p []byte, timeout time.Duration) (int, error) {
	w.readBy.set(w.nc, timeout)
	var n int
	var err error
	if w.raw != nil {
		n, err = w.rawRead(p)
	} else {
		n, err = w.nc.Read(p)
	}
	w.readBy.clear(w.nc)
	if n > 0 {
		return n, nil
	}
	return n, err
}

// readPooled is read into pooled memory, which the caller puts back. On the raw path it is taken only when bytes are there.
func (w *wire) readPooled(timeout time.Duration) (m *reading, n int, err error) {
	if w.raw != nil {
		w.readBy.set(w.nc, timeout)
		m, n, err = w.rawReadPooled()
		w.readBy.clear(w.nc)
		return m, n, err
	}
	m = readings.Get().(*reading)
	n, err = w.read(m.in, timeout)
	return m, n, err
}

// write writes all of p; between two successful writes at most timeout may pass.
func (w *wire) write(p []byte, timeout time.Duration) error {
	if w.raw != nil {
		return w.rawWrite(p, timeout)
	}
	for len(p) > 0 {
		part := p[:min(len(p), maxWrite)]
		w.writeBy.set(w.nc, timeout)
		_, err := w.nc.Write(part)
		w.writeBy.clear(w.nc)
		if err != nil {
			return err
		}
		p = p[len(part):]
	}
	return nil
}

// maxWrite is the most that one system call writes: the raw path does not tell the scheduler about its calls.
const maxWrite = 64 << 10

// interrupt makes reads and writes that wait, and later ones, fail with a timeout. Another goroutine may call it.
func (w *wire) interrupt() { w.nc.SetDeadline(past) }

// broken reports whether a deadline was reached that cannot be taken back safely: the connection is not to be used for
// another exchange.
func (w *wire) broken() bool { return w.readBy.late || w.writeBy.late }

var past = time.Unix(1, 0)

// epoch is where the package's clock starts.
var epoch = time.Now()

func clock() int64 { return int64(time.Since(epoch)) }

// deadline is when a wait must end. Long ones are only written down here, and a sweep looks at them a few times a second; for
// those under exactBelow the connection's own timer is set.
type deadline struct {
	at    atomic.Int64 // on clock; 0: none; expired: the sweep has ended the wait
	write bool         // of writing, else of reading
	exact bool
	late  bool // the sweep has ended a wait: the connection's own deadline is in the past now
}

const (
	expired    = -1
	exactBelow = 2 * time.Second
)

func (d *deadline) arm(nc net.Conn, t time.Time) {
	if d.write {
		nc.SetWriteDeadline(t)
	} else {
		nc.SetReadDeadline(t)
	}
}

// set starts a wait of at most timeout; 0 is for ever.
func (d *deadline) set(nc net.Conn, timeout time.Duration) {
	switch {
	case timeout <= 0:
	case timeout < exactBelow:
		d.exact = true
		d.arm(nc, time.Now().Add(timeout))
	default:
		if d.at.Swap(clock()+int64(timeout)) == expired {
			d.late = true
		}
	}
}

// renew lets the wait of another goroutine go on for timeout from now.
func (d *deadline) renew(nc net.Conn, timeout time.Duration) {
	if timeout >= exactBelow {
		if at := d.at.Load(); at != expired {
			d.at.CompareAndSwap(at, clock()+int64(timeout))
		}
	} else if timeout > 0 {
		d.arm(nc, time.Now().Add(timeout))
	}
}

// clear ends the wait.
func (d *deadline) clear(nc net.Conn) {
	if d.exact {
		d.exact = false
		d.arm(nc, time.Time{})
	}
	if d.at.Load() != 0 && d.at.Swap(0) == expired {
		d.late = true
	}
}

// sweep ends the wait if its time has come.
func (d *deadline) sweep(nc net.Conn, now int64) {
	at := d.at.Load()
	if at > 0 && at <= now && d.at.CompareAndSwap(at, expired) {
		d.arm(nc, past)
	}
}

func addrPort(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		ap := t.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}
