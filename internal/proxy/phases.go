package proxy

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/http1"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
	"github.com/gibbon-gateway/gibbon/plugin"
)

var zero time.Time

func protocolOf(grpc, secure bool) snapshot.Protocols {
	switch {
	case grpc && secure:
		return snapshot.GRPCS
	case grpc:
		return snapshot.GRPC
	case secure:
		return snapshot.HTTPS
	}
	return snapshot.HTTP
}

// rewrite runs the global plugins that take part before a route is looked for. It reports false when one has answered.
func (w *walk) rewrite() bool {
	global := w.snap.Global
	w.protocol = protocolOf(false, w.c.TLS != nil)
	w.globals()
	if !global.Rewrite {
		return true
	}
	w.rewritten = true
	for i, p := range w.picks {
		if p == nil || p.Rewriter == nil {
			continue
		}
		w.d.Enter(i)
		if err := p.Rewriter.Rewrite(&w.x); err != nil || w.d.Exited() {
			w.failed(p, "rewrite", err)
			return false
		}
	}
	return true
}

// globals picks the global plugins: those of a request without a route.
func (w *walk) globals() {
	w.chain = w.snap.Global
	w.resize(len(w.chain.Slots))
	if len(w.picks) == 0 {
		return
	}
	for i := range w.chain.Slots {
		w.choose(i)
	}
	w.d.Slots(len(w.picks))
}

func (w *walk) resize(n int) {
	if cap(w.picks) < n {
		w.picks = make([]*snapshot.Instance, n)
	}
	w.picks = w.picks[:n]
}

// choose picks the configuration of a slot for whoever is identified now.
func (w *walk) choose(i int) *snapshot.Instance {
	slot := &w.chain.Slots[i]
	var groups []*entity.ConsumerGroup
	if slot.Grouped() {
		groups = w.groups()
	}
	p := slot.Pick(w.x.Consumer, groups)
	if p != nil && !p.Runs(w.protocol) {
		p = nil
	}
	w.picks[i] = p
	return p
}

// groups returns the consumer groups that the request counts to.
func (w *walk) groups() []*entity.ConsumerGroup {
	if w.x.ConsumerGroups != nil || w.x.Consumer == nil {
		return w.x.ConsumerGroups
	}
	return w.snap.Set.ConsumerGroupsOf(w.x.Consumer.ID)
}

// access picks the plugins of the plan and runs what they do before the upstream is asked. It reports false when the request is
// answered; plugins behind the one that did so are picked all the same, for the later phases.
func (w *walk) access() bool {
	w.enterChain(w.plan.Chain)
	answered := false
	for i := range w.picks {
		p := w.choose(i)
		if w.rewritten {
			w.keepLocal(i, p)
		}
		if answered || p == nil || p.Accessor == nil {
			continue
		}
		w.d.Enter(i)
		if err := p.Accessor.Access(&w.x); err != nil || w.d.Exited() {
			answered = true
			w.failed(p, "access", err)
		}
	}
	if answered {
		return false
	}
	if w.plan.Service == nil {
		w.x.Error(503, "no Service found with those values")
		return false
	}
	return true
}

// enterChain makes c the chain of the picks.
func (w *walk) enterChain(c *snapshot.Chain) {
	if c == w.chain {
		return
	}
	n := len(c.Slots)
	if w.rewritten {
		w.d.Reslot(n, func(slot int) int { return c.Slots[slot].Global })
	} else if n > 0 {
		w.d.Slots(n)
	}
	w.chain = c
	w.resize(n)
}

// keepLocal drops what the global configuration of a plugin has kept when another one is picked.
func (w *walk) keepLocal(i int, p *snapshot.Instance) {
	g := w.chain.Slots[i].Global
	if g < 0 || p == nil || w.snap.Global.Slots[g].Pick(nil, nil) != p {
		w.d.Forget(i)
	}
}

// failed handles the error that a phase returned before the response was known.
func (w *walk) failed(p *snapshot.Instance, phase string, err error) {
	if err == nil || errors.Is(err, plugin.ErrExit) {
		if !w.d.Exited() {
			w.internal(p, phase, errNoAnswer)
		}
		return
	}
	var body *bodyError
	if errors.As(err, &body) {
		w.badBody(body.error)
		return
	}
	w.internal(p, phase, err)
}

var errNoAnswer = errors.New("ErrExit without an answer")

// internal logs an error that a client is not told, and answers 500.
func (w *walk) internal(p *snapshot.Instance, phase string, err error) {
	w.p.log.Error("plugin failed", "plugin", p.Name, "plugin_id", p.ID, "phase", phase, "request_id", string(w.id[:]), "error", err)
	w.x.Error(500, "")
}

// badBody answers a request whose body could not be received.
func (w *walk) badBody(err error) {
	w.x.Outcome.ClientErr = err
	if status := http1.StatusOf(err); status != 0 {
		w.c.SetClose()
		w.x.Error(status, "")
		return
	}
	w.gone = true
}

// respond runs the Responders on a response that is known. It reports whether one has replaced it.
func (w *walk) respond() bool {
	if !w.chain.Respond {
		return false
	}
	replaced := false
	for i, p := range w.picks {
		if p == nil || p.Responder == nil {
			continue
		}
		w.d.Enter(i)
		w.d.Resume()
		if err := p.Responder.Respond(&w.x); err != nil || w.d.Exited() {
			w.failed(p, "respond", err)
			w.d.EndObserved(false)
			replaced = true
		}
	}
	return replaced
}

// filterHeader runs the HeaderFilters. It reports whether one has replaced the response.
func (w *walk) filterHeader() bool {
	if !w.chain.FilterHeader {
		return false
	}
	replaced := false
	for i, p := range w.picks {
		if p == nil || p.HeaderFilter == nil {
			continue
		}
		w.d.Enter(i)
		w.d.Resume()
		if err := p.HeaderFilter.HeaderFilter(&w.x); err != nil || w.d.Exited() {
			w.failed(p, "header filter", err)
			replaced = true
		}
	}
	return replaced
}

// record runs the Recorders and writes the access log, after the client has its answer.
func (w *walk) record() {
	w.d.EndObserved(false)
	w.outcome()
	if w.chain != nil && w.chain.Record {
		for i, p := range w.picks {
			if p != nil && p.Recorder != nil {
				w.recordWith(i, p)
			}
		}
	}
	if w.p.o.AccessLog != nil {
		w.p.o.AccessLog.Append(w.line)
	}
}

func (w *walk) recordWith(i int, p *snapshot.Instance) {
	defer func() {
		if r := recover(); r != nil {
			w.p.log.Error("plugin failed", "plugin", p.Name, "plugin_id", p.ID, "phase", "record",
				"error", fmt.Sprint("panic: ", r), "stack", string(debug.Stack()))
		}
	}()
	w.d.Enter(i)
	p.Recorder.Record(&w.x)
}

// outcome completes the exchange's Outcome.
func (w *walk) outcome() {
	if w.p.o.AccessLog == nil && (w.chain == nil || !w.chain.Record) {
		return
	}
	o := &w.x.Outcome
	o.Total = time.Since(w.x.Started)
	o.Gateway = o.Total
	if !w.asked.IsZero() {
		o.Gateway = w.asked.Sub(w.x.Started)
	}
	if !w.answered.IsZero() {
		o.Upstream = w.answered.Sub(w.asked)
	}
	o.Tries, o.Address = w.pick.Tries, w.pick.Addr
	o.Received, o.Sent = max(w.c.BodyRead(), w.body.whole), w.c.Sent()
}
