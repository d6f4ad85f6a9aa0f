package http1

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	sweepEvery = 200 * time.Millisecond
	peekEvery  = 5 // sweeps: how often waiting and idle connections are asked whether the other side has left
)

// registry holds the open connections of a Server or Pool, so that one goroutine can look after the deadlines of all.
type registry struct {
	shards [8]shard
	turn   atomic.Uint32
}

type shard struct {
	mu    sync.Mutex
	first *wire
	_     [48]byte
}

func (r *registry) add(w *wire) {
	s := &r.shards[r.turn.Add(1)%uint32(len(r.shards))]
	w.home = s
	s.mu.Lock()
	if w.next = s.first; w.next != nil {
		w.next.prev = w
	}
	s.first = w
	s.mu.Unlock()
}

func (r *registry) remove(w *wire) {
	s := w.home
	s.mu.Lock()
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		s.first = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	}
	w.prev, w.next = nil, nil
	s.mu.Unlock()
}

// each calls f for every connection, with the shard locked.
func (r *registry) each(f func(w *wire)) {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		for w := s.first; w != nil; w = w.next {
			f(w)
		}
		s.mu.Unlock()
	}
}

// run sweeps until stop is closed. extra is called after every sweep, with peek true once in a while.
func (r *registry) run(stop <-chan struct{}, extra func(now int64, peek bool)) {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for n := 1; ; n++ {
		select {
		case <-stop:
			return
		case <-t.C:
		}
		now, peek := clock(), n%peekEvery == 0
		r.each(func(w *wire) {
			w.readBy.sweep(w.nc, now)
			w.writeBy.sweep(w.nc, now)
			if peek && w.client != nil {
				w.client.peek()
			}
		})
		extra(now, peek)
	}
}
