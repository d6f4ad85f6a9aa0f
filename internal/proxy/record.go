package proxy

import "time"

// record runs the Recorders and writes the access log, after the client has its answer.
func (w *walk) record() {
	w.d.EndObserved(false)
	if w.body.ended.Load() && w.x.Request.Trailer().Len() < w.body.sent.Len() {
		w.x.Request.Trailer().CopyFrom(&w.body.sent)
	}
	w.outcome()
	w.phases.record()
	if w.p.o.AccessLog != nil {
		w.p.o.AccessLog.Append(w.line)
	}
}

// outcome completes the exchange's Outcome.
func (w *walk) outcome() {
	if w.p.o.AccessLog == nil && (w.phases.chain == nil || !w.phases.chain.Record) {
		return
	}
	o := &w.x.Outcome
	o.Total = time.Since(w.x.Started)
	o.Gateway = o.Total
	if !w.try.asked.IsZero() {
		o.Gateway = w.try.asked.Sub(w.x.Started)
	}
	if !w.try.answered.IsZero() {
		o.Upstream = w.try.answered.Sub(w.try.asked)
	}
	if o.Tries, o.Address = w.try.pick.Tries, w.try.pick.Addr; o.Tries > 0 {
		o.Target = w.try.head.Path
	}
	o.Received = w.body.received()
	o.Sent, _ = w.down.Sent()
}
