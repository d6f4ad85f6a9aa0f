package peer

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
	"unsafe"
)

// loop drives all connections from one thread: goroutines and Go's timers, which are exact to a millisecond, would be seen in the figures.
type loop struct {
	Spec
	*tally
	epoll int
	conns map[int32]*conn
	free  []*slot         // first come, first served, so that connections take turns
	due   []time.Duration // requests that wait for a free slot, by when they were due
	asked int
	start time.Time
	busy  int // requests that are not answered yet
}

// slot is room for one request on a connection.
type slot struct {
	*conn
	at     time.Duration // when the request was due, from the start
	stream uint32        // HTTP/2's
	window int64         // of the stream: what may be sent
	ok     bool          // the response is a good one so far
	got    int           // bytes of its body
}

// protocol is what a connection speaks.
type protocol interface {
	// open makes ready for requests; the socket still blocks.
	open() error
	// ask appends a request for the slot to out.
	ask(s *slot, host, path string) error
	// take reads what has come and reports each answered slot; it returns what it has used.
	take(p []byte) (int, error)
}

// drain is how long answers are waited for after the last request.
const drain = 5 * time.Second

// open makes a loop and its connections.
func open(s Spec, t *tally) (*loop, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	l := &loop{Spec: s, tally: t, epoll: epoll, conns: map[int32]*conn{}, start: time.Now()}
	for range s.Conns {
		if err := l.connect(); err != nil {
			l.close()
			return nil, err
		}
	}
	return l, nil
}

func (l *loop) close() {
	for _, c := range l.conns {
		syscall.Close(c.fd)
	}
	syscall.Close(l.epoll)
}

func runLoop(s Spec, t *tally) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	debug.SetGCPercent(800)
	const setTimerSlack = 29                                         // PR_SET_TIMERSLACK
	syscall.RawSyscall(syscall.SYS_PRCTL, setTimerSlack, 1, 0)       // in ns; the default of 50 µs would be seen
	defer syscall.RawSyscall(syscall.SYS_PRCTL, setTimerSlack, 0, 0) // 0 is the default
	l, err := open(s, t)
	if err != nil {
		return err
	}
	defer l.close()
	// One slot of each connection after the other, so that the first requests do not all go to the first.
	slots := l.free
	l.free = nil
	for i := range s.Streams {
		for k := range s.Conns {
			l.free = append(l.free, slots[k*s.Streams+i])
		}
	}
	l.start = time.Now()
	return l.run()
}

// hold opens connections that have each asked once, and keeps them.
func hold(s Spec) (func(), error) {
	n := s.Conns
	s.Conns = 0
	l, err := open(s, &tally{})
	if err != nil {
		return nil, err
	}
	events := make([]syscall.EpollEvent, 16)
	for range n {
		l.free = l.free[:0]
		err := l.connect()
		l.due = append(l.due, time.Since(l.start))
		if err == nil {
			err = l.send()
		}
		for asked := time.Now(); err == nil && l.busy > 0; {
			if time.Since(asked) > drain {
				err = errors.New("no answer")
			}
			var got int
			if err == nil {
				got, err = l.wait(events, drain)
			}
			for _, e := range events[:got] {
				err = errors.Join(err, l.conns[e.Fd].readable())
			}
		}
		if err != nil {
			l.close()
			return nil, err
		}
	}
	return l.close, nil
}

// run sends what is due and takes what comes, until the time is over and all is answered.
func (l *loop) run() error {
	end := time.Duration(l.Seconds * float64(time.Second))
	gap := 0.0
	if l.Rate > 0 {
		gap = float64(time.Second) / l.Rate
	}
	events := make([]syscall.EpollEvent, 256)
	for next := 0; ; {
		now := time.Since(l.start)
		if now > end+drain {
			return fmt.Errorf("%d requests are not answered", l.busy+len(l.due))
		}
		for ; gap > 0 && float64(next)*gap <= float64(min(now, end)); next++ {
			l.due = append(l.due, time.Duration(float64(next)*gap))
		}
		wait := drain
		switch {
		case now >= end && l.busy+len(l.due) == 0:
			return nil
		case now < end && gap > 0:
			wait = min(end, time.Duration(float64(next)*gap)) - now
		case now < end: // all are asked again at once
			wait = end - now
			for range l.free {
				l.due = append(l.due, now)
			}
		}
		if err := l.send(); err != nil {
			return err
		}
		n, err := l.wait(events, max(wait-(time.Since(l.start)-now), 0))
		if err != nil {
			return err
		}
		for _, e := range events[:n] {
			if err := l.conns[e.Fd].readable(); err != nil {
				return err
			}
		}
	}
}

// send asks for what is due, as long as there is a free slot. Requests of one connection leave together.
func (l *loop) send() error {
	n := min(len(l.due), len(l.free))
	for i, s := range l.free[:n] {
		s.at = l.due[i]
		host, path := l.request(l.asked)
		l.asked++
		if err := s.proto.ask(s, host, path); err != nil {
			return err
		}
		l.busy++
		l.late = append(l.late, time.Since(l.start)-s.at)
	}
	for _, s := range l.free[:n] {
		if err := s.flush(); err != nil {
			return err
		}
	}
	l.due = append(l.due[:0], l.due[n:]...)
	l.free = append(l.free[:0], l.free[n:]...)
	return nil
}

// answered is called by a protocol for a slot whose response is there.
func (l *loop) answered(s *slot) {
	l.took = append(l.took, time.Since(l.start)-s.at)
	l.busy--
	l.free = append(l.free, s)
}

// sysEpollPwait2 is the same on all architectures; package syscall is older. Linux has it since 5.11.
const sysEpollPwait2 = 441

// wait waits for events; unlike epoll_wait it counts time in ns.
func (l *loop) wait(events []syscall.EpollEvent, most time.Duration) (int, error) {
	ts := syscall.NsecToTimespec(int64(most))
	n, _, errno := syscall.Syscall6(sysEpollPwait2, uintptr(l.epoll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)),
		uintptr(unsafe.Pointer(&ts)), 0, 0)
	if errno == syscall.EINTR {
		return 0, nil
	}
	if errno != 0 {
		return 0, fmt.Errorf("epoll_pwait2: %w", errno)
	}
	return int(n), nil
}

var errEnded = errors.New("the connection was ended by the other side")
