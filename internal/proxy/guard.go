package proxy

import (
	"sync"
	"time"
)

// guard cancels something at a set time, unless it is stopped before. A nil one does nothing.
type guard struct {
	timer *time.Timer

	mu     sync.Mutex // held while it cancels, so that nothing is canceled after stop
	cancel func()     // nil when stopped
	over   bool
}

// guardUntil starts a guard. cancel must not wait for the guard.
func guardUntil(end time.Time, cancel func()) *guard {
	g := &guard{cancel: cancel}
	g.timer = time.AfterFunc(time.Until(end), g.fire)
	return g
}

func (g *guard) fire() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cancel != nil {
		g.over = true
		g.cancel()
	}
}

// stop ends the guard and reports whether it has canceled.
func (g *guard) stop() bool {
	if g == nil {
		return false
	}
	g.timer.Stop()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cancel = nil
	return g.over
}

// fired reports whether the guard has canceled.
func (g *guard) fired() bool {
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.over
}

// guardBody starts a guard that ends the reading of the request body when the time of the rule is over; nil if it sets none.
func (w *walk) guardBody() *guard {
	if w.found.share == nil || w.found.plan.Rule.Timeouts.Request == 0 {
		return nil
	}
	return guardUntil(w.x.Started.Add(time.Duration(w.found.plan.Rule.Timeouts.Request)), w.down.StopBody)
}
