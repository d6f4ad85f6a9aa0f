package http1

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// presence is whether a connection is idle, who may close it, and who is to be told when the client leaves.
type presence struct {
	c        *Conn
	phase    atomic.Int32
	watch    atomic.Pointer[exchange.Watch] // what the client's leaving ends; whoever takes it out may end it
	gone     atomic.Bool
	peekedAt uint32 // of the sweep: serial at its last look
	peeked   bool
}

// Phases of a connection. Only an idle one can be closed by someone else.
const (
	connBusy    = iota
	connIdle    // waits for the first byte of a request
	connNudging // the sweep is about to wake it, to look for the end of the stream
	connNudged
	connRetired // to be closed
)

// idle marks the connection as one that may be closed; false if it has to close now.
func (p *presence) idle() bool {
	p.phase.Store(connIdle)
	s := p.c.srv
	if !s.closing.Load() || !s.silent.Load() && p.c.serial.Load() == 0 {
		return true
	}
	return !p.phase.CompareAndSwap(connIdle, connRetired)
}

// wake takes the connection back for a request; it is not ok if it has to close. nudged tells that the sweep has ended the wait.
func (p *presence) wake() (ok, nudged bool) {
	for {
		if p.phase.CompareAndSwap(connIdle, connBusy) {
			return true, false
		}
		switch p.phase.Load() {
		case connRetired:
			return false, false
		case connNudged:
			p.c.nc.SetReadDeadline(time.Time{})
			p.phase.Store(connBusy)
			return true, true
		}
		runtime.Gosched() // connNudging lasts for one call
	}
}

// retire closes the connection if it is idle; fresh ones, which have not served a request, only when all are to go. Another goroutine
// calls it.
func (p *presence) retire(all bool) {
	if (all || p.c.serial.Load() > 0) && p.phase.CompareAndSwap(connIdle, connRetired) {
		p.c.interrupt()
	}
}

// cutOff ends the connection whatever it does. Another goroutine calls it.
func (p *presence) cutOff() {
	p.left()
	p.c.interrupt()
}

// left notes that the client has gone, and ends what waits for an upstream on its behalf.
func (p *presence) left() {
	p.gone.Store(true)
	if w := p.watch.Swap(nil); w != nil {
		w.End()
	}
}

// peek looks, for the sweep, whether the other side has ended the connection while nobody reads from it: while an upstream
// is waited for, or (raw path) when the end came together with the last request, so that no edge will tell.
func (p *presence) peek() {
	c := p.c
	serial := c.serial.Load()
	again := p.peeked && p.peekedAt == serial
	p.peeked, p.peekedAt = true, serial
	switch {
	case p.phase.Load() == connIdle:
		if c.raw == nil || again {
			return
		}
		if c.ended() && p.phase.CompareAndSwap(connIdle, connNudging) {
			c.nc.SetReadDeadline(past)
			p.phase.Store(connNudged)
		}
	case again && p.watch.Load() != nil:
		if c.ended() {
			p.left()
		}
	}
}

// Gone implements exchange.Downstream.
func (p *presence) Gone() bool { return p.gone.Load() }

// Watch implements exchange.Client.
func (p *presence) Watch(w *exchange.Watch) bool {
	if w == nil {
		return p.watch.Swap(nil) != nil
	}
	p.c.requestBody.lend()
	p.watch.Store(w)
	return true
}
