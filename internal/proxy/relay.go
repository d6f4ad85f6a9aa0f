package proxy

import (
	"errors"
	"io"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/http1"
)

// relay passes the upstream's response on.
func (w *walk) relay() {
	u, c := w.conn, w.c
	from := &u.Response
	if from.Status == 101 {
		w.tunnel()
		return
	}
	http1.StripResponse(&from.Header)
	if !c.Request.TETrailers {
		from.Header.DelID(header.Trailer)
	}
	w.d.Known(from.Status, &from.Header)
	if w.respond() {
		w.release()
		if !w.gone {
			w.answer()
		}
		return
	}
	if w.filterHeader() {
		w.d.EndObserved(false)
		w.release()
		w.write()
		return
	}
	r := &w.x.Response
	w.addFields()
	length := from.Length
	if from.Body == http1.BodyNone {
		length = from.Declared
	}
	filtered := w.d.Filtered()
	if filtered {
		length = -1
	}
	reason := from.Reason
	if r.Status != from.Status {
		reason = nil
	}
	if err := c.WriteHead(r.Status, reason, &r.Header, length); err != nil {
		w.p.log.Error("response cannot be sent", "request_id", string(w.id[:]), "status", r.Status, "error", err)
		w.d.EndObserved(false)
		c.Abort()
		return
	}
	if !filtered && !w.d.Observed() {
		w.sentBody(c.Relay(u))
		return
	}
	w.sentBody(w.pass(u, filtered))
}

// sentBody notes how sending the body ended.
func (w *walk) sentBody(err error) {
	if err == nil {
		return
	}
	var e *http1.Error
	switch {
	case errors.As(err, &e) && !errors.Is(e, http1.ErrCanceled) && !errors.Is(e, http1.ErrBody):
		w.x.Outcome.UpstreamErr = err
		w.p.log.Warn("upstream broke off", "service", w.plan.Service.Entity.ID, "address", w.pick.Addr.String(),
			"request_id", string(w.id[:]), "error", err)
	default:
		w.x.Outcome.ClientErr = err
	}
}

// pass sends the body through observers and filters.
func (w *walk) pass(u *http1.ClientConn, filtered bool) error {
	c := w.c
	for {
		part, err := u.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			w.d.Observe(part)
			if filtered {
				if part, err = w.d.Filter(part, false); err != nil {
					return w.badFilter(err)
				}
			}
			err = c.WriteBody(part)
		}
		if err == nil && !u.Buffered() {
			err = c.Flush()
		}
		if err != nil {
			w.d.EndObserved(false)
			c.Flush()
			c.Abort()
			return err
		}
	}
	w.d.EndObserved(true)
	if filtered {
		rest, err := w.d.Filter(nil, true)
		if err != nil {
			return w.badFilter(err)
		}
		return c.WriteBody(rest)
	}
	if u.Response.Body == http1.BodyChunked && u.Trailer().Len() > 0 {
		return c.WriteTrailers(u.Trailer())
	}
	return nil
}

func (w *walk) badFilter(err error) error {
	w.p.log.Error("body filter failed", "request_id", string(w.id[:]), "error", err)
	w.d.EndObserved(false)
	w.c.Abort()
	return nil
}

// tunnel answers an upgrade and passes bytes both ways until it ends.
func (w *walk) tunnel() {
	u, c := w.conn, w.c
	h := &u.Response.Header
	h.DelIDs(header.IDs(header.ContentLength, header.TransferEncoding))
	w.d.Known(101, h)
	if w.filterHeader() {
		w.release()
		w.write()
		return
	}
	w.addFields()
	if err := c.WriteHead(101, u.Response.Reason, &w.x.Response.Header, -1); err != nil {
		w.x.Outcome.ClientErr = err
		return
	}
	if err := c.Tunnel(u); err != nil {
		w.x.Outcome.ClientErr = err
	}
}
