package proxy

import (
	"context"
	"errors"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/balance"
	"github.com/gibbon-gateway/gibbon/internal/http1"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
)

// forward asks upstreams until one answers. It reports false when the request is answered otherwise, or nobody is there to answer.
func (w *walk) forward() bool {
	if !w.asReceived() && !token(w.x.Request.Method) {
		w.p.log.Error("a plugin has set a method that cannot be sent", "request_id", string(w.id[:]))
		w.x.Error(500, "")
		return false
	}
	body, err := w.content()
	if err != nil {
		w.badBody(err)
		return false
	}
	s := w.plan.Service
	w.pick.Reset()
	var last error
	for range s.Tries {
		if err := s.Balancer.Next(&w.pick); err != nil {
			if last == nil {
				return w.noPeer(err)
			}
			break
		}
		if w.asked.IsZero() {
			w.asked = time.Now()
		}
		if last = w.try(s, &body); last == nil {
			w.answered = time.Now()
			w.pick.Report(balance.Answered)
			return true
		}
		if !w.goOn(last, &body) {
			break
		}
	}
	w.answered = time.Now()
	return w.unanswered(last)
}

// try asks the picked address. A kept connection that turns out to be dead is replaced by a new one, which is no further try.
func (w *walk) try(s *snapshot.Service, body *content) error {
	g := w.p.group(s, w.pick.Addr, w)
	t := http1.Timeouts{Connect: s.Connect, Write: s.Write, Read: s.Read}
	upgrade := w.websocket()
	for fresh := upgrade; ; fresh = true {
		var u *http1.ClientConn
		var err error
		if fresh {
			u, err = g.Dial(context.Background(), t)
		} else {
			u, err = g.Get(context.Background(), t)
		}
		if err != nil {
			return err
		}
		if err = w.send(u, body); err == nil {
			w.conn = u
			return nil
		}
		u.Release()
		if fresh || !stale(err) || body.stream || !idempotent(w.x.Request.Method) {
			return err
		}
	}
}

func stale(err error) bool {
	var e *http1.Error
	return errors.As(err, &e) && e.Stale
}

func (w *walk) send(u *http1.ClientConn, body *content) error {
	q := w.c.Request
	head := w.appendRequest(q.Scratch[:0], body)
	q.Scratch = head[:0]
	if body.stream {
		return u.Forward(w.c, head)
	}
	err := u.RoundTrip(w.c, head, body.memory)
	if err == nil && u.Response.Status == 101 && !w.websocket() {
		return errUpgraded
	}
	return err
}

var errUpgraded = &http1.Error{Kind: http1.ErrResponse, Op: "parse", Err: errors.New("101 without being asked for an upgrade")}

// goOn reports a failed try to the balancer, and whether another one may follow: when nothing was sent, or when the request can be
// sent again without harm.
func (w *walk) goOn(err error, body *content) bool {
	var e *http1.Error
	if !errors.As(err, &e) {
		w.pick.Report(balance.Failed)
		return false
	}
	switch {
	case errors.Is(e, http1.ErrCanceled), errors.Is(e, http1.ErrBody):
		return false
	case e.Timeout:
		w.pick.Report(balance.TimedOut)
	default:
		w.pick.Report(balance.Failed)
	}
	if errors.Is(e, http1.ErrConnect) {
		return !w.c.Gone()
	}
	return !errors.Is(e, http1.ErrResponse) && !body.stream && idempotent(w.x.Request.Method)
}

// noPeer answers when there is no address to ask.
func (w *walk) noPeer(err error) bool {
	w.x.Outcome.UpstreamErr = err
	message := balance.ErrNoPeer.Error()
	if errors.Is(err, balance.ErrResolve) {
		message = balance.ErrResolve.Error()
	}
	w.p.log.Warn("no upstream address", "service", w.plan.Service.Entity.ID, "request_id", string(w.id[:]), "error", err)
	w.d.Known(503, nil)
	w.x.Error(503, message)
	w.respond()
	return false
}

// unanswered answers when no upstream has.
func (w *walk) unanswered(err error) bool {
	var e *http1.Error
	errors.As(err, &e)
	switch {
	case e != nil && errors.Is(e, http1.ErrCanceled):
		w.x.Outcome.ClientErr, w.gone = err, true
		return false
	case e != nil && errors.Is(e, http1.ErrBody):
		w.badBody(err)
		return false
	}
	w.x.Outcome.UpstreamErr = err
	w.p.log.Warn("upstream failed", "service", w.plan.Service.Entity.ID, "address", w.pick.Addr.String(),
		"tries", w.pick.Tries, "request_id", string(w.id[:]), "error", err)
	status := 502
	if e != nil && e.Timeout {
		status = 504
	}
	w.d.Known(status, nil)
	w.errorLike(status, "")
	w.respond()
	return false
}
