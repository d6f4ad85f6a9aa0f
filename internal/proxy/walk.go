package proxy

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"runtime/debug"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/route"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// walk is one request on its way. It is kept with the connection's memory and used again.
type walk struct {
	p    *Proxy
	down exchange.Downstream
	q    *exchange.Request // of down
	snap *snapshot.Snapshot
	x    plugin.Exchange
	d    *plugin.Driver // of x

	found  matched
	phases phases
	body   requestBody
	try    attempt
	reply  reply

	id    [32]byte
	hosts names
	gone  bool // there is nobody to answer
	shard *shard
	line  func(b []byte) []byte // accessLine
}

// matched is the route that was found, and how.
type matched struct {
	route.Result
	in   route.Request
	plan *snapshot.Plan // nil until a route is found
	path []byte         // normalised

	service *snapshot.Service // that is asked; nil if there is none
	share   *snapshot.Share   // its part of a rule that does more than Kong's routes; nil for others
}

func (m *matched) reset() {
	m.plan, m.service, m.share, m.in = nil, nil, nil, route.Request{}
	m.Match, m.Prefix = nil, nil
	if cap(m.path) > keepScratch {
		m.path = nil
	}
}

func newWalk(p *Proxy) *walk {
	w := &walk{p: p, shard: p.counts.shard()}
	w.d, w.line = plugin.Drive(&w.x), w.accessLine
	w.phases.w, w.reply.w = w, w
	w.body.trailer = w.body.trailers
	return w
}

// Serve serves one request. When it returns, the client has its answer.
func (p *Proxy) Serve(d exchange.Downstream) {
	q := d.Request()
	w, _ := q.Slot.(*walk)
	if w == nil || w.p != p {
		w = newWalk(p)
		q.Slot = w
	}
	w.serve(d)
}

func (w *walk) serve(d exchange.Downstream) {
	w.shard.begin()
	defer w.end()
	w.begin(d)
	if !w.admit() {
		return
	}
	if w.phases.rewrite() && w.match() && w.phases.access() && w.forward() {
		w.reply.relay()
	} else if !w.gone {
		w.reply.answer()
	}
}

// end finishes the request, however it went.
func (w *walk) end() {
	defer w.leave() // also if a plugin panics once more
	if p := recover(); p != nil {
		w.panicked(p)
	}
	d := w.down
	if w.gone && !d.Wrote() {
		d.Abort(exchange.Canceled)
	}
	if err := d.Finish(nil); err != nil && w.x.Outcome.ClientErr == nil && d.Wrote() {
		w.x.Outcome.ClientErr = err
	}
	w.record()
}

// leave gives everything back. The upstream connection is kept until here, as the response's fields stand in its memory.
func (w *walk) leave() {
	w.try.release()
	w.forget()
	w.shard.end()
}

// panicked answers a request that went wrong in a way nobody thought of.
func (w *walk) panicked(p any) {
	w.p.log.Error("panic while serving a request", "panic", p, "request_id", string(w.id[:]), "stack", string(debug.Stack()))
	if w.down.Wrote() {
		w.down.Abort(exchange.Broken)
		return
	}
	w.d.Known(500, nil)
	w.x.Error(500, "")
	w.d.Unfilter()
	w.reply.write()
}

// forget lets go of what belongs to this request.
func (w *walk) forget() {
	w.down, w.q, w.snap = nil, nil, nil
	w.found.reset()
	w.phases.reset()
	w.body.forget()
	w.try.reset()
	if cap(w.reply.text) > keepScratch {
		w.reply.text = nil
	}
	w.d.Begin(nil)
}

// newID makes the request's id.
func (w *walk) newID() {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(b[8:], rand.Uint64())
	hex.Encode(w.id[:], b[:])
}

// RequestID implements plugin.Host.
func (w *walk) RequestID() string { return string(w.id[:]) }

// UpstreamPath implements plugin.Host.
func (w *walk) UpstreamPath() string {
	if w.found.plan == nil || w.found.plan.Service == nil {
		return ""
	}
	return string(w.found.UpstreamPath(nil, w.found.plan.Service.Entity.Path))
}

// Capture implements plugin.Host.
func (w *walk) Capture(name string) (string, bool) {
	if w.found.plan == nil {
		return "", false
	}
	numbered, named := w.found.Captures()
	if v, ok := named[name]; ok {
		return v, true
	}
	n := 0
	for _, c := range []byte(name) {
		if c < '0' || c > '9' || n > len(numbered) {
			return "", false
		}
		n = n*10 + int(c-'0')
	}
	if name == "" || n >= len(numbered) {
		return "", false
	}
	return numbered[n], true
}
