package http2

import (
	"golang.org/x/net/http2"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// streamTable is the streams of a connection, and what they share. The connection's mutex guards it.
type streamTable struct {
	streams map[uint32]*serverStream // those whose handler runs
	last    uint32                   // the highest stream that the client has opened
	open    uint32                   // streams that are open as the client sees it
	running int                      // handlers
	served  int                      // streams so far
	max     uint32                   // for open; handlers may be twice as many
	initial int32                    // window that the client gives to new streams
	credit  credit                   // of the connection
	undone  []uint32                 // the last streams that were reset by this side: what the client had sent by then is still to come
	next    int                      // of undone to be replaced

	idleSince int64 // on clock, while nothing runs
}

func (t *streamTable) init(lim *Limits) {
	t.streams = make(map[uint32]*serverStream)
	t.max, t.initial, t.credit = lim.MaxConcurrentStreams, initialWindow, newCredit(initialWindow)
	t.idleSince = clock()
}

// full reports whether no further stream can be taken. A client that resets its streams faster than handlers can end is kept back, too.
func (t *streamTable) full() bool {
	if t.open >= t.max {
		for _, s := range t.streams {
			t.settle(s)
		}
	}
	return t.open >= t.max || t.running >= int(2*t.max)
}

// current returns a stream that the client may send something for, or nil. One that it has reset is not there any more.
func (t *streamTable) current(id uint32) *serverStream {
	if s := t.streams[id]; s != nil && !s.left {
		return s
	}
	return nil
}

// add takes a stream in.
func (t *streamTable) add(s *serverStream) {
	t.streams[s.sender.id] = s
	t.open++
	t.running++
	t.served++
}

// remove takes a stream out whose handler has ended.
func (t *streamTable) remove(s *serverStream) {
	delete(t.streams, s.sender.id)
	if s.open {
		s.open = false
		t.open--
	}
	if t.running--; t.running == 0 {
		t.idleSince = clock()
	}
}

// settle stops counting s as open if it is closed on both sides.
func (t *streamTable) settle(s *serverStream) {
	if s.open && (s.err != nil || s.sender.ended && s.body.ended) {
		s.open = false
		t.open--
	}
}

// undo remembers that this side has reset a stream.
func (t *streamTable) undo(id uint32) {
	if len(t.undone) < int(t.max) {
		t.undone = append(t.undone, id)
		return
	}
	t.undone[t.next] = id
	t.next = (t.next + 1) % len(t.undone)
}

func (t *streamTable) wasUndone(id uint32) bool {
	for _, u := range t.undone {
		if u == id {
			return true
		}
	}
	return false
}

// setInitial changes the window of all streams (RFC 9113, 6.9.2). It reports false when one overflows.
func (t *streamTable) setInitial(v int32) bool {
	delta := int64(v) - int64(t.initial)
	t.initial = v
	for _, s := range t.streams {
		if !s.sender.enlarge(delta) {
			return false
		}
	}
	return true
}

// sweep ends what has waited too long.
func (t *streamTable) sweep(now int64) {
	for _, s := range t.streams {
		if s.sender.late(now) {
			s.reset(http2.ErrCodeCancel, errSendSlow)
		}
		if s.body.late(now) {
			s.body.fail(errBodySlow)
		}
	}
}

// failAll ends all streams because the connection ends, and returns whom to tell when the mutex is not held any more.
func (t *streamTable) failAll() (watches []*exchange.Watch) {
	for _, s := range t.streams {
		if w := s.leave(errGone); w != nil {
			watches = append(watches, w)
		}
	}
	return watches
}
