package proxy

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/balance"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/plan"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
)

// ruled is what an attempt does for a rule that says more than Kong's routes.
type ruled struct {
	share    *snapshot.Share
	fields   header.Fields // of the request, edited
	prefer   uint64        // balance.Pick.Prefer
	deadline time.Time     // of all tries; zero: none
	limit    time.Time     // of the present try; zero: none
	guard    *guard        // of the present connection; nil without limit
}

// choose picks the backend of a request: that of its session, else one by weight.
func (w *walk) choose(e *snapshot.Extra) {
	f := &w.found
	f.share, f.service = nil, nil
	if a := e.Rule.Affinity; a != nil {
		if s := w.session(a); s.ok {
			f.share = e.Marked(s.share)
		}
	}
	if f.share == nil {
		f.share = e.Share()
	}
	if f.share != nil {
		f.service = f.share.Service
	}
}

// answerFirst answers requests that no plugin is to see before: CORS preflights and redirects.
func (w *walk) answerFirst(e *snapshot.Extra) bool {
	if e.CORS != nil && w.preflight() {
		w.x.Exit(204, nil)
		return true
	}
	if e.Redirect == nil {
		return false
	}
	w.redirect(e.Redirect)
	return true
}

// noService answers when there is nobody to ask: as Kong for a route without service, and with 500 when the rule's backends get nothing
// or are invalid.
func (w *walk) noService() {
	if len(w.found.plan.Rule.Backends) > 0 {
		w.x.Error(500, "")
		return
	}
	w.x.Error(503, "no Service found with those values")
}

// ruled makes the prepared attempt ready for what the rule asks for.
func (w *walk) ruled(a *attempt) {
	r := a.ruled
	if len(r.share.RequestHeader) > 0 {
		r.fields.CopyFrom(a.head.Header)
		r.request(&r.fields)
		a.head.Header = &r.fields
	}
	rule := r.share.Rule
	if t := rule.Timeouts.Request; t > 0 {
		r.deadline = w.x.Started.Add(time.Duration(t))
	}
	if f := rule.Affinity; f != nil {
		if s := w.session(f); s.ok && s.share == r.share.Mark {
			r.prefer = s.peer
		}
	}
	for _, m := range w.found.plan.Extra.Mirrors {
		if m.Wanted() {
			w.mirror(a, m)
		}
	}
}

// request edits the fields of the request.
func (r *ruled) request(h *header.Fields) { edit(h, r.share.RequestHeader) }

// respond edits the fields of a response of the backend, before plugins see them.
func (r *ruled) respond(h *header.Fields) { edit(h, r.share.ResponseHeader) }

// upgrade is respond for a response after which another protocol is spoken, for which no time is set.
func (r *ruled) upgrade(h *header.Fields) {
	r.guard.stop()
	r.respond(h)
}

// edit does some edits in order.
func edit(h *header.Fields, edits []*plan.HeaderEdit) {
	for _, e := range edits {
		for _, name := range e.Remove {
			h.Del(name)
		}
		for i := range e.Set {
			h.Set(e.Set[i].Name, e.Set[i].Value)
		}
		for i := range e.Add {
			h.Add(e.Add[i].Name, e.Add[i].Value)
		}
	}
}

// begin prepares the first try, and returns how many there may be.
func (r *ruled) begin(p *balance.Pick, tries int) int {
	p.Prefer = r.prefer
	if retry := r.share.Rule.Retry; retry != nil {
		return 1 + retry.Attempts
	}
	return tries
}

// again reports whether another try is to be made after an answer.
func (r *ruled) again(a *attempt) bool {
	retry := r.share.Rule.Retry
	return retry != nil && a.body.Stream == nil && a.head.Upgrade == "" && slices.Contains(retry.Codes, a.conn.Response().Status)
}

// pause waits before try n, which is 0 for the first. The error says that there is no time for it, or that nobody waits any more.
func (r *ruled) pause(a *attempt, n int) error {
	wait := time.Duration(0)
	if retry := r.share.Rule.Retry; n > 0 && retry != nil {
		wait = time.Duration(retry.Backoff)
	}
	if !r.deadline.IsZero() && time.Until(r.deadline) <= wait {
		return overdue(false)
	}
	if wait == 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	if a.client == nil {
		<-timer.C
		return nil
	}
	left := make(chan struct{})
	a.client.Watch(&exchange.Watch{End: func() { close(left) }})
	select {
	case <-timer.C:
	case <-left:
	}
	if !a.client.Watch(nil) {
		return &exchange.Error{Kind: exchange.ErrCanceled, Op: "backoff", Unsent: true}
	}
	return nil
}

// bound sets the limit of a try that begins now. The context ends with it.
func (r *ruled) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	r.limit = r.deadline
	if t := r.share.Rule.Timeouts.Backend; t > 0 {
		if end := time.Now().Add(time.Duration(t)); r.limit.IsZero() || end.Before(r.limit) {
			r.limit = end
		}
	}
	if r.limit.IsZero() {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, r.limit)
}

// watch cancels an upstream when the limit is there.
func (r *ruled) watch(u exchange.Upstream) {
	if !r.limit.IsZero() {
		r.guard = guardUntil(r.limit, u.Cancel)
	}
}

// blame returns the error of a try: that its time was over if that is what ended it.
func (r *ruled) blame(err error) error {
	var e *exchange.Error
	if r == nil || r.limit.IsZero() || !errors.As(err, &e) {
		return err
	}
	connecting := errors.Is(e, exchange.ErrConnect) && !time.Now().Before(r.limit)
	if !connecting && !(r.guard.fired() && errors.Is(e, exchange.ErrCanceled)) {
		return err
	}
	return overdue(connecting)
}

// overdue is the error of a request whose time is over.
func overdue(unsent bool) error {
	return &exchange.Error{Kind: exchange.ErrTimeout, Op: "rule", Timeout: true, Unsent: unsent, Err: errOverdue}
}

var errOverdue = errors.New("the time that the rule sets is over")
