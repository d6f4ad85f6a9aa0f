package proxy

import (
	"context"
	"errors"

	"github.com/gibbon-gateway/gibbon/internal/balance"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// forward asks upstreams until one answers. It reports false when the request is answered otherwise, or nobody is there to answer.
func (w *walk) forward() bool {
	if m := w.x.Request.Method; m != string(w.q.Method) && !token(m) {
		w.p.log.Error("a plugin has set a method that cannot be sent", "request_id", string(w.id[:]))
		w.x.Error(500, "")
		return false
	}
	a := &w.try
	w.body.take(w.x.Request.Trailer(), w.phases.chain)
	set, has := w.d.RequestBody()
	var err error
	late := w.guardBody()
	a.body, err = w.body.content(set, has, w.found.plan.Rule.RequestBuffering && !w.x.Client.GRPC)
	if over := late.stop(); err != nil && !over {
		w.badBody(err)
		return false
	}
	a.p, a.client = w.p, w.down
	w.prepare(a)
	if a.ruled != nil {
		w.ruled(a)
	}
	err = a.run(context.Background())
	switch {
	case err == nil:
		return true
	case errors.Is(err, balance.ErrNoPeer), errors.Is(err, balance.ErrResolve):
		return w.noPeer(err)
	}
	return w.unanswered(err)
}

// noPeer answers when there is no address to ask.
func (w *walk) noPeer(err error) bool {
	w.x.Outcome.UpstreamErr = err
	message := balance.ErrNoPeer.Error()
	if errors.Is(err, balance.ErrResolve) {
		message = balance.ErrResolve.Error()
	}
	w.p.log.Warn("no upstream address", "service", w.found.service.Entity.ID, "request_id", string(w.id[:]), "error", err)
	w.d.Known(503, nil)
	w.x.Error(503, message)
	w.phases.respond()
	return false
}

// unanswered answers when no upstream has.
func (w *walk) unanswered(err error) bool {
	var e *exchange.Error
	errors.As(err, &e)
	switch {
	case e != nil && errors.Is(e, exchange.ErrCanceled):
		w.x.Outcome.ClientErr, w.gone = err, true
		return false
	case e != nil && errors.Is(e, exchange.ErrBody):
		w.badBody(err)
		return false
	}
	w.x.Outcome.UpstreamErr = err
	w.p.log.Warn("upstream failed", "service", w.found.service.Entity.ID, "address", w.try.address().String(),
		"tries", w.try.pick.Tries, "request_id", string(w.id[:]), "error", err)
	status := 502
	if e != nil && e.Timeout {
		status = 504
	}
	w.d.Known(status, nil)
	w.errorLike(status, "")
	w.phases.respond()
	return false
}

// badBody answers a request whose body could not be received.
func (w *walk) badBody(err error) {
	w.x.Outcome.ClientErr = err
	if status := exchange.StatusOf(err); status != 0 {
		w.x.Error(status, "")
		return
	}
	w.gone = true
}
