package http2

import (
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

const (
	// maxQueued is how many bytes may wait to be written before senders have to wait, too.
	maxQueued = 64 << 10
	// maxFlood is how many bytes may wait when those are counted that were asked for by the other side and wait for nobody.
	maxFlood = 256 << 10
	// A sender writes on for others so often, and so many bytes, before another goroutine takes over.
	writerRounds = 16
	writerBytes  = 2 * maxQueued
)

// Errors of sending.
var (
	errSendSlow = errors.New("http2: the other side takes no data")
	errClosed   = errors.New("http2: connection closed")
)

// output is the sending half of a connection. Frames are appended to one buffer; whoever finds nobody writing writes it. Its mutex is
// the connection's: it guards the streams as well.
type output struct {
	mu      sync.Mutex
	nc      net.Conn
	timeout time.Duration // of one write, and of waiting for a window

	buf     *buffer   // frames to be sent; nil if there are none
	writing bool      // somebody is writing, and will write what is appended
	quiet   sync.Cond // nobody is writing any more
	crowd   int       // streams that may have something to send soon
	err     error     // nothing can be sent any more
	writeBy atomic.Int64

	window window // of the connection
	frames int32  // DATA frames so far; whoever counts them sets it back
	// Senders whose bodies wait for the connection take turns: those in line, and the one that was told to go on.
	first, last *sender
	granted     *sender
}

// sender is the sending half of a stream.
type sender struct {
	id     uint32
	window window
	ended  bool  // END_STREAM is in the buffer or was sent
	err    error // nothing can be sent any more

	cond  sync.Cond // on the connection's mutex
	by    int64     // on clock: when waiting must end; 0 when it does not wait
	turn  bool
	data  bool // it waits with data, for which the connection needs a window
	inRow bool
	next  *sender
}

// init makes it the sender of a new stream.
func (s *sender) init(o *output, id uint32, w window) {
	*s = sender{id: id, window: w}
	s.cond.L = &o.mu
}

// fail ends the sender's work. The mutex is held.
func (s *sender) fail(err error) {
	if s.err == nil {
		s.err = err
	}
	s.cond.Signal()
}

// buffer is a pooled piece of memory.
type buffer struct{ b []byte }

var buffers = sync.Pool{New: func() any { return &buffer{make([]byte, 0, 16<<10)} }}

func (b *buffer) put() {
	if cap(b.b) <= 2*maxQueued {
		b.b = b.b[:0]
		buffers.Put(b)
	}
}

// queue returns the buffer to append frames to. The mutex is held, and release or releaseLater called afterwards.
func (o *output) queue() *buffer {
	if o.buf == nil {
		o.buf = buffers.Get().(*buffer)
	}
	return o.buf
}

func (o *output) queued() int {
	if o.buf == nil {
		return 0
	}
	return len(o.buf.b)
}

func (o *output) init(nc net.Conn, timeout time.Duration) {
	o.nc, o.timeout, o.window = nc, timeout, initialWindow
	o.quiet.L = &o.mu
}

// release writes what is queued, unless somebody is writing, and unlocks.
func (o *output) release() {
	if o.buf != nil && !o.writing {
		o.writing = true
		if !o.write(writerBytes) {
			go o.writeOn()
			o.mu.Unlock()
			return
		}
		o.written()
	}
	o.mu.Unlock()
}

// written says that nobody is writing. The mutex is held.
func (o *output) written() {
	o.writing = false
	o.quiet.Broadcast()
}

// flush waits until everything that is queued was written, by whomever.
func (o *output) flush() {
	o.mu.Lock()
	for o.writing {
		o.quiet.Wait()
	}
	o.release()
}

// releaseLater is release for those who must not wait for a write.
func (o *output) releaseLater() {
	if o.buf != nil && !o.writing {
		o.writing = true
		go o.writeOn()
	}
	o.mu.Unlock()
}

// writeOn writes until nothing is queued.
func (o *output) writeOn() {
	o.mu.Lock()
	for !o.write(1 << 30) {
	}
	o.written()
	o.mu.Unlock()
}

// write writes what is queued, and what is queued meanwhile, until it has written so many bytes. It reports whether nothing is left. The
// mutex is held, but not while it writes; writing is true.
func (o *output) write(most int) bool {
	for rounds := 0; o.buf != nil; rounds++ {
		if most <= 0 || rounds == writerRounds {
			return false
		}
		if o.crowd > 1 && o.queued() < maxQueued/2 {
			// Streams that are ready to run can add what they have: one system call instead of many.
			o.mu.Unlock()
			runtime.Gosched()
			o.mu.Lock()
		}
		b := o.buf
		most -= len(b.b)
		o.buf = nil
		if o.err == nil {
			o.mu.Unlock()
			o.writeBy.Store(clock() + int64(o.timeout))
			_, err := o.nc.Write(b.b)
			o.writeBy.Store(0)
			o.mu.Lock()
			if err != nil {
				o.fail(err)
			}
		}
		b.put()
		o.grant()
	}
	return true
}

// fail ends all sending. The mutex is held.
func (o *output) fail(err error) {
	if o.err != nil {
		return
	}
	o.err = err
	for s := o.first; s != nil; s = s.next {
		s.cond.Signal()
	}
}

// grant lets the next waiting sender go on, if there is room. The mutex is held.
func (o *output) grant() {
	if o.granted != nil || o.queued() >= maxQueued {
		return
	}
	var before *sender
	for s := o.first; s != nil; before, s = s, s.next {
		if s.data && o.window <= 0 {
			continue
		}
		o.unlink(s, before)
		s.turn, o.granted = true, s
		s.cond.Signal()
		return
	}
}

// unlink takes s out of the line, behind before.
func (o *output) unlink(s, before *sender) {
	if before == nil {
		o.first = s.next
	} else {
		before.next = s.next
	}
	if o.last == s {
		o.last = before
	}
	s.next, s.inRow = nil, false
}

// leave takes s out of the line, and gives its turn back if it has one.
func (o *output) leave(s *sender) {
	if s.inRow {
		var before *sender
		for x := o.first; x != s; x = x.next {
			before = x
		}
		o.unlink(s, before)
	}
	if s.turn {
		s.turn, o.granted = false, nil
		o.grant()
	}
}

// wait waits until s has room in the buffer and, with data, a window: its own and the connection's. It returns with s having its turn.
// What is queued is written first if nobody else does that.
func (o *output) wait(s *sender, data bool) error {
	for {
		switch {
		case o.err != nil:
			return o.err
		case s.err != nil:
			return s.err
		}
		own := data && s.window <= 0
		ready := !own && o.queued() < maxQueued && (!data || o.window > 0)
		if ready && (s.turn || o.granted == nil && (o.first == nil || !data)) {
			if s.turn {
				s.turn, o.granted = false, nil
			}
			s.by = 0
			return nil
		}
		if s.turn {
			o.leave(s)
		}
		if o.buf != nil && !o.writing && (own || o.granted == nil) {
			o.writing = true
			if !o.write(writerBytes) {
				go o.writeOn()
			} else {
				o.written()
			}
			continue
		}
		if !own && !s.inRow {
			s.inRow, s.data = true, data
			if o.last == nil {
				o.first = s
			} else {
				o.last.next = s
			}
			o.last = s
			o.grant()
			if s.turn {
				continue
			}
		}
		if s.by == 0 {
			s.by = clock() + int64(o.timeout)
		}
		s.cond.Wait()
	}
}

// part is what is sent of a stream at once: frames that are ready, then data, then frames again, each of them optional.
type part struct {
	head, data, tail []byte
	last             bool // the stream ends with it: what of it comes last has END_STREAM
}

// send sends a part, and returns how many bytes were queued for it. It waits for windows, and for its turn when there is much to send; all
// that is queued without waiting leaves in one write.
func (o *output) send(s *sender, p part) (all int, err error) {
	o.mu.Lock()
	defer o.release()
	if len(p.head) > 0 {
		if err := o.wait(s, false); err != nil {
			return all, o.giveUp(s, err)
		}
		b := o.queue()
		b.b = append(b.b, p.head...)
		all += len(p.head)
	}
	end := p.last && len(p.tail) == 0 && (len(p.data) > 0 || len(p.head) == 0)
	for len(p.data) > 0 || end {
		if err := o.wait(s, len(p.data) > 0); err != nil {
			return all, o.giveUp(s, err)
		}
		n := min(len(p.data), maxFrame)
		if n > 0 {
			n = min(n, int(s.window), int(o.window))
		}
		var flags http2.Flags
		if end && n == len(p.data) {
			flags, end = http2.FlagDataEndStream, false
		}
		s.window -= window(n)
		o.window -= window(n)
		b := o.queue()
		b.b = appendFrameHeader(b.b, n, http2.FrameData, flags, s.id)
		b.b = append(b.b, p.data[:n]...)
		p.data = p.data[n:]
		o.frames = min(o.frames+1, 1<<20)
		all += frameHeaderSize + n
		o.grant()
	}
	if len(p.tail) > 0 {
		if err := o.wait(s, false); err != nil {
			return all, o.giveUp(s, err)
		}
		b := o.queue()
		b.b = append(b.b, p.tail...)
		all += len(p.tail)
	}
	s.ended = s.ended || p.last
	return all, nil
}

// giveUp takes s out of all lines.
func (o *output) giveUp(s *sender, err error) error {
	o.leave(s)
	s.by = 0
	return err
}

// enlarge makes the connection's window larger. The mutex is held.
func (o *output) enlarge(n int64) bool {
	if !o.window.add(n) {
		return false
	}
	o.grant()
	return true
}

// enlarge makes the stream's window larger, or smaller. The mutex is held.
func (s *sender) enlarge(n int64) bool {
	if !s.window.add(n) {
		return false
	}
	if s.window > 0 {
		s.cond.Signal()
	}
	return true
}

// late reports whether the sender has waited too long. The mutex is held.
func (s *sender) late(now int64) bool { return s.by > 0 && s.by <= now }

// epoch is where the package's clock starts.
var epoch = time.Now()

func clock() int64 { return int64(time.Since(epoch)) }
