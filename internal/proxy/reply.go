package proxy

import (
	"strconv"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// reply sends the response of a walk to the client.
type reply struct {
	w    *walk
	text []byte // scratch for field values
}

// answer sends the response that the gateway or a plugin has made, through the header filters.
func (r *reply) answer() {
	r.w.phases.filterHeader()
	r.write()
}

// write sends a made response, through the body filters.
func (r *reply) write() {
	w := r.w
	out, d := &w.x.Response, w.d
	body := out.Body()
	d.Observe(body)
	d.EndObserved(true)
	if d.Filtered() {
		if d.Shared() {
			body = append([]byte(nil), body...)
		}
		filtered, err := d.Filter(body, true)
		if err != nil {
			w.p.log.Error("body filter failed", "request_id", string(w.id[:]), "error", err)
			d.Known(500, nil)
			w.x.Error(500, "")
			d.Unfilter()
			filtered = out.Body()
		}
		body = filtered
	}
	length := int64(len(body))
	if body == nil && (w.x.Request.Method == "HEAD" || out.Status == 304) {
		length = declared(&out.Header)
	}
	r.addFields()
	err := w.down.WriteHead(out.Status, phrase(out.Status), &out.Header, length)
	if err == nil {
		err = w.down.WriteBody(body)
	}
	if t := out.Trailer(); err == nil && t.Len() > 0 {
		err = w.down.Finish(t)
	}
	if err != nil {
		w.x.Outcome.ClientErr = err
	}
}

// declared returns the Content-Length of a stored answer to HEAD; -1 if it has none.
func declared(h *header.Fields) int64 {
	v, ok := h.Known(header.ContentLength)
	if !ok {
		return -1
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// addFields adds the proxy's own fields to the response. Plugins do not see them.
func (r *reply) addFields() {
	w := r.w
	if p := w.found.plan; p != nil && p.Extra != nil && p.Extra.CORS != nil {
		w.addCORS(p.Extra.CORS)
	}
	out, send, a := &w.x.Response, &w.p.send, &w.try
	h := &out.Header
	asked := !a.asked.IsZero()
	proxied := out.FromUpstream || asked
	if send.server && !(out.FromUpstream && h.HasID(header.Server)) {
		r.set(header.Server, append(r.text[:0], w.p.agent...))
	}
	switch {
	case !proxied:
		if send.responseLatency {
			r.latency(header.XKongResponseLatency, time.Since(w.x.Started))
		}
	default:
		if send.upstreamLatency {
			var d time.Duration
			if asked && !a.answered.IsZero() {
				d = a.answered.Sub(a.asked)
			}
			r.latency(header.XKongUpstreamLatency, d)
		}
		if send.proxyLatency {
			d := a.asked.Sub(w.x.Started)
			if !asked {
				d = time.Since(w.x.Started)
			}
			r.latency(header.XKongProxyLatency, d)
		}
		if send.via {
			r.via(h)
		}
	}
	if send.requestID {
		h.SetID(header.XKongRequestID, w.id[:])
	}
	if send.upstreamStatus && a.conn != nil {
		r.set(header.XKongUpstreamStatus, strconv.AppendInt(r.text[:0], int64(a.conn.Response().Status), 10))
	}
	if w.p.o.AllowDebug && w.found.plan != nil {
		r.debugFields()
	}
}

// set sets a field to a text that stands in the scratch memory.
func (r *reply) set(id header.ID, text []byte) {
	r.text = text
	r.w.x.Response.Header.SetID(id, text)
}

func (r *reply) latency(id header.ID, d time.Duration) {
	r.set(id, strconv.AppendInt(r.text[:0], max(int64(d/time.Millisecond), 0), 10))
}

// via appends the gateway to Via, with the version that the upstream has spoken.
func (r *reply) via(h *header.Fields) {
	text := r.text[:0]
	for v := range h.Values("Via") {
		text = append(append(text, v...), ", "...)
	}
	version := exchange.HTTP11
	if u := r.w.try.conn; u != nil && u.Response().Version > exchange.HTTP11 {
		version = u.Response().Version
	}
	text = append(append(text, version.String()...), ' ')
	r.set(header.Via, append(text, r.w.p.agent...))
}

// debugFields says which route and service a request with Kong-Debug was matched to.
func (r *reply) debugFields() {
	w := r.w
	if v, _ := w.x.Request.Header.Known(header.KongDebug); string(v) != "1" {
		return
	}
	h := &w.x.Response.Header
	set := func(name, value string) {
		if value != "" {
			h.Set(name, value)
		}
	}
	set("Kong-Route-Id", w.found.plan.Route.ID)
	set("Kong-Route-Name", w.found.plan.Route.Name)
	if s := w.found.service; s != nil {
		set("Kong-Service-Id", s.Entity.ID)
		set("Kong-Service-Name", s.Entity.Name)
	}
}

// errorLike answers as nginx does in Kong: without Accept, the request's own type or the setting decides about the form. A client of
// gRPC gets a status of its own.
func (w *walk) errorLike(status int, message string) {
	if w.x.Client.GRPC {
		w.x.Error(status, message)
		return
	}
	form := plugin.NegotiateRefusal(&w.x.Request.Header, w.p.form)
	if message == "" {
		message = plugin.Message(status)
	}
	w.x.Exit(status, form.Append(nil, message, w.RequestID()), "Content-Type", form.ContentType())
}
