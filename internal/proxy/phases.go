package proxy

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// phases runs the plugins of a walk in their phases.
type phases struct {
	w         *walk
	chain     *snapshot.Chain      // of the picks
	picks     []*snapshot.Instance // by slot; nil where none applies
	rewritten bool
	protocol  snapshot.Protocols
}

func (f *phases) reset() {
	f.chain, f.rewritten = nil, false
	clear(f.picks)
	f.picks = f.picks[:0]
}

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
func (f *phases) rewrite() bool {
	global := f.w.snap.Global
	f.protocol = protocolOf(false, f.w.down.Peer().TLS != nil)
	f.globals()
	if !global.Rewrite {
		return true
	}
	f.rewritten = true
	for i, p := range f.picks {
		if p == nil || p.Rewriter == nil {
			continue
		}
		f.w.d.Enter(i)
		if err := p.Rewriter.Rewrite(&f.w.x); err != nil || f.w.d.Exited() {
			f.failed(p, "rewrite", err)
			return false
		}
	}
	return true
}

// globals picks the global plugins: those of a request without a route.
func (f *phases) globals() {
	f.chain = f.w.snap.Global
	f.resize(len(f.chain.Slots))
	if len(f.picks) == 0 {
		return
	}
	for i := range f.chain.Slots {
		f.choose(i)
	}
	f.w.d.Slots(len(f.picks))
}

func (f *phases) resize(n int) {
	if cap(f.picks) < n {
		f.picks = make([]*snapshot.Instance, n)
	}
	f.picks = f.picks[:n]
}

// choose picks the configuration of a slot for whoever is identified now.
func (f *phases) choose(i int) *snapshot.Instance {
	slot := &f.chain.Slots[i]
	var groups []*entity.ConsumerGroup
	if slot.Grouped() {
		groups = f.groups()
	}
	p := slot.Pick(f.w.x.Consumer, groups)
	if p != nil && !p.Runs(f.protocol) {
		p = nil
	}
	f.picks[i] = p
	return p
}

// groups returns the consumer groups that the request counts to.
func (f *phases) groups() []*entity.ConsumerGroup {
	if f.w.x.ConsumerGroups != nil || f.w.x.Consumer == nil {
		return f.w.x.ConsumerGroups
	}
	return f.w.snap.Set.ConsumerGroupsOf(f.w.x.Consumer.ID)
}

// access picks the plugins of the plan and runs what they do before the upstream is asked. It reports false when the request is
// answered; plugins behind the one that did so are picked all the same, for the later phases.
func (f *phases) access() bool {
	f.enterChain(f.w.found.plan.Chain)
	extra := f.w.found.plan.Extra
	answered := extra != nil && f.w.answerFirst(extra)
	for i := range f.picks {
		p := f.choose(i)
		if f.rewritten {
			f.keepLocal(i, p)
		}
		if answered || p == nil || p.Accessor == nil {
			continue
		}
		f.w.d.Enter(i)
		if err := p.Accessor.Access(&f.w.x); err != nil || f.w.d.Exited() {
			answered = true
			f.failed(p, "access", err)
		}
	}
	if answered {
		return false
	}
	if f.w.found.service == nil {
		f.w.noService()
		return false
	}
	return true
}

// enterChain makes c the chain of the picks.
func (f *phases) enterChain(c *snapshot.Chain) {
	if c == f.chain {
		return
	}
	n := len(c.Slots)
	if f.rewritten {
		f.w.d.Reslot(n, func(slot int) int { return c.Slots[slot].Global })
	} else if n > 0 {
		f.w.d.Slots(n)
	}
	f.chain = c
	f.resize(n)
}

// keepLocal drops what the global configuration of a plugin has kept when another one is picked.
func (f *phases) keepLocal(i int, p *snapshot.Instance) {
	g := f.chain.Slots[i].Global
	if g < 0 || p == nil || f.w.snap.Global.Slots[g].Pick(nil, nil) != p {
		f.w.d.Forget(i)
	}
}

// failed handles the error that a phase returned before the response was known.
func (f *phases) failed(p *snapshot.Instance, phase string, err error) {
	if err == nil || errors.Is(err, plugin.ErrExit) {
		if !f.w.d.Exited() {
			f.internal(p, phase, errNoAnswer)
		}
		return
	}
	var body *bodyError
	if errors.As(err, &body) {
		f.w.badBody(body.error)
		return
	}
	f.internal(p, phase, err)
}

var errNoAnswer = errors.New("ErrExit without an answer")

// internal logs an error that a client is not told, and answers 500.
func (f *phases) internal(p *snapshot.Instance, phase string, err error) {
	f.w.p.log.Error("plugin failed", "plugin", p.Name, "plugin_id", p.ID, "phase", phase, "request_id", string(f.w.id[:]), "error", err)
	f.w.x.Error(500, "")
}

// respond runs the Responders on a response that is known. It reports whether one has replaced it.
func (f *phases) respond() bool {
	if !f.chain.Respond {
		return false
	}
	replaced := false
	for i, p := range f.picks {
		if p == nil || p.Responder == nil {
			continue
		}
		f.w.d.Enter(i)
		f.w.d.Resume()
		if err := p.Responder.Respond(&f.w.x); err != nil || f.w.d.Exited() {
			f.failed(p, "respond", err)
			f.w.d.EndObserved(false)
			replaced = true
		}
	}
	return replaced
}

// filterHeader runs the HeaderFilters. It reports whether one has replaced the response.
func (f *phases) filterHeader() bool {
	if !f.chain.FilterHeader {
		return false
	}
	replaced := false
	for i, p := range f.picks {
		if p == nil || p.HeaderFilter == nil {
			continue
		}
		f.w.d.Enter(i)
		f.w.d.Resume()
		if err := p.HeaderFilter.HeaderFilter(&f.w.x); err != nil || f.w.d.Exited() {
			f.failed(p, "header filter", err)
			replaced = true
		}
	}
	return replaced
}

// record runs the Recorders.
func (f *phases) record() {
	if f.chain == nil || !f.chain.Record {
		return
	}
	for i, p := range f.picks {
		if p != nil && p.Recorder != nil {
			f.recordWith(i, p)
		}
	}
}

func (f *phases) recordWith(i int, p *snapshot.Instance) {
	defer func() {
		if r := recover(); r != nil {
			f.w.p.log.Error("plugin failed", "plugin", p.Name, "plugin_id", p.ID, "phase", "record",
				"error", fmt.Sprint("panic: ", r), "stack", string(debug.Stack()))
		}
	}()
	f.w.d.Enter(i)
	p.Recorder.Record(&f.w.x)
}
