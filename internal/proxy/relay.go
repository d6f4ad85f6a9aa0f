package proxy

import (
	"errors"
	"io"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// relay passes the upstream's response on.
func (r *reply) relay() {
	w := r.w
	u, d := w.try.conn, w.down
	from := u.Response()
	w.x.Outcome.Status = from.Status
	if from.Status == 101 {
		r.tunnel()
		return
	}
	if !w.q.Trailers {
		from.Header.DelID(header.Trailer)
	}
	if w.try.ruled != nil {
		w.try.ruled.respond(&from.Header)
	}
	w.d.Known(from.Status, &from.Header)
	if w.phases.respond() {
		w.try.release()
		if !w.gone {
			r.answer()
		}
		return
	}
	if w.phases.filterHeader() {
		w.d.EndObserved(false)
		w.try.release()
		r.write()
		return
	}
	out := &w.x.Response
	if w.try.ruled != nil {
		w.keepSession()
	}
	r.addFields()
	length := from.Length
	if !from.HasBody {
		length = from.Declared
	}
	filtered := w.d.Filtered()
	if filtered {
		length = -1
	}
	reason := from.Reason
	if out.Status != from.Status {
		reason = nil
	}
	if err := d.WriteHead(out.Status, reason, &out.Header, length); err != nil {
		w.p.log.Error("response cannot be sent", "request_id", string(w.id[:]), "status", out.Status, "error", err)
		w.d.EndObserved(false)
		d.Abort(exchange.Broken)
		return
	}
	r.body(u, filtered)
}

// body passes the response body on, the fastest way that there is.
func (r *reply) body(u exchange.Upstream, filtered bool) {
	w := r.w
	if !filtered && !w.d.Observed() && w.x.Response.Trailer().Len() == 0 {
		if fast, ok := w.down.(exchange.Relayer); ok {
			if handled, err := fast.Relay(u); handled {
				w.d.SetResponseTrailer(u.Trailer())
				r.ended(err)
				return
			}
		}
	}
	r.ended(r.pass(u, filtered))
}

// ended notes how sending the body ended.
func (r *reply) ended(err error) {
	if err == nil {
		return
	}
	w := r.w
	err = w.try.ruled.blame(err)
	var e *exchange.Error
	switch {
	case errors.As(err, &e) && !errors.Is(e, exchange.ErrCanceled) && !errors.Is(e, exchange.ErrBody):
		w.x.Outcome.UpstreamErr = err
		w.p.log.Warn("upstream broke off", "service", w.found.service.Entity.ID, "address", w.try.address().String(),
			"request_id", string(w.id[:]), "error", err)
	default:
		w.x.Outcome.ClientErr = err
	}
}

// pass sends the body through observers and filters. Each received piece is sent on at once.
func (r *reply) pass(u exchange.Upstream, filtered bool) error {
	w, d := r.w, r.w.down
	if !filtered && !u.Buffered() { // the head does not wait for the body
		if err := d.Flush(); err != nil {
			w.d.EndObserved(false)
			return err
		}
	}
	for {
		part, err := u.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			w.d.Observe(part)
			if filtered {
				if part, err = w.d.Filter(part, false); err != nil {
					return r.badFilter(err)
				}
			}
			err = d.WriteBody(part)
		}
		if err == nil && !u.Buffered() {
			err = d.Flush()
		}
		if err != nil {
			w.d.EndObserved(false)
			d.Abort(exchange.Broken)
			return err
		}
	}
	w.d.SetResponseTrailer(u.Trailer())
	w.d.EndObserved(true)
	if filtered {
		rest, err := w.d.Filter(nil, true)
		if err != nil {
			return r.badFilter(err)
		}
		if err := d.WriteBody(rest); err != nil {
			return err
		}
	}
	return d.Finish(w.x.Response.Trailer())
}

func (r *reply) badFilter(err error) error {
	w := r.w
	w.p.log.Error("body filter failed", "request_id", string(w.id[:]), "error", err)
	w.d.EndObserved(false)
	w.down.Abort(exchange.Broken)
	return nil
}

// tunnel answers an upgrade and passes bytes both ways until it ends.
func (r *reply) tunnel() {
	w := r.w
	u, d := w.try.conn, w.down
	if w.try.ruled != nil {
		w.try.ruled.upgrade(&u.Response().Header)
	}
	w.d.Known(101, &u.Response().Header)
	if w.phases.filterHeader() {
		w.try.release()
		r.write()
		return
	}
	if w.try.ruled != nil {
		w.keepSession()
	}
	r.addFields()
	err := d.WriteHead(101, u.Response().Reason, &w.x.Response.Header, -1)
	if err == nil {
		err = tunnel(d, u)
	}
	if err != nil {
		w.x.Outcome.ClientErr = err
	}
}

// tunnel passes the bytes of another protocol both ways until both sides have ended.
func tunnel(d exchange.Downstream, u exchange.Upstream) error {
	if fast, ok := d.(exchange.Tunneler); ok {
		if handled, err := fast.Tunnel(u); handled {
			return err
		}
	}
	up, ok := u.(exchange.Switched)
	if !ok {
		d.Abort(exchange.Broken)
		return errors.ErrUnsupported
	}
	if err := d.Flush(); err != nil {
		return err
	}
	back := make(chan error, 1)
	go func() { back <- toUpstream(d, up, u) }()
	err := toClient(d, u)
	d.StopBody()
	if other := <-back; err == nil {
		err = other
	}
	return err
}

// toUpstream passes on what the client sends. When the client is gone, the other direction ends too.
func toUpstream(d exchange.Downstream, up exchange.Switched, u exchange.Upstream) error {
	buf := make([]byte, 16<<10)
	for {
		n, err := d.ReadBody(buf)
		if n > 0 {
			if werr := up.WriteRaw(buf[:n]); werr != nil {
				u.Cancel()
				return werr
			}
		}
		switch {
		case err == io.EOF:
			if up.CloseWrite() != nil {
				u.Cancel()
			}
			return nil
		case err != nil:
			u.Cancel()
			return err
		}
	}
}

// toClient passes on what the upstream sends.
func toClient(d exchange.Downstream, u exchange.Upstream) error {
	for {
		part, err := u.Next()
		if err == io.EOF {
			return d.Finish(nil)
		}
		if err == nil {
			if err = d.WriteBody(part); err == nil {
				err = d.Flush()
			}
		}
		if err != nil {
			d.Abort(exchange.Canceled)
			return err
		}
	}
}
