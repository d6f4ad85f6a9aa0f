package proxy

import (
	"strconv"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// answer sends the response that the gateway or a plugin has made, through the header filters.
func (w *walk) answer() {
	w.filterHeader()
	w.write()
}

// write sends a made response, through the body filters.
func (w *walk) write() {
	r, c := &w.x.Response, w.c
	body := r.Body()
	w.d.Observe(body)
	w.d.EndObserved(true)
	if w.d.Filtered() {
		if w.d.Shared() {
			body = append([]byte(nil), body...)
		}
		filtered, err := w.d.Filter(body, true)
		if err != nil {
			w.p.log.Error("body filter failed", "request_id", string(w.id[:]), "error", err)
			w.d.Known(500, nil)
			w.x.Error(500, "")
			w.d.Unfilter()
			filtered = r.Body()
		}
		body = filtered
	}
	length := int64(len(body))
	if body == nil && (w.x.Request.Method == "HEAD" || r.Status == 304) {
		length = declared(&r.Header)
	}
	w.addFields()
	err := c.WriteHead(r.Status, phrase(r.Status), &r.Header, length)
	if err == nil {
		err = c.WriteBody(body)
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
func (w *walk) addFields() {
	r, send := &w.x.Response, &w.p.send
	h := &r.Header
	asked := !w.asked.IsZero()
	proxied := r.FromUpstream || asked
	if send.server && !(r.FromUpstream && h.HasID(header.Server)) {
		w.text = append(w.text[:0], w.p.agent...)
		h.SetID(header.Server, w.text)
	}
	switch {
	case !proxied:
		if send.responseLatency {
			w.latency(header.XKongResponseLatency, time.Since(w.x.Started))
		}
	default:
		if send.upstreamLatency {
			var d time.Duration
			if asked && !w.answered.IsZero() {
				d = w.answered.Sub(w.asked)
			}
			w.latency(header.XKongUpstreamLatency, d)
		}
		if send.proxyLatency {
			d := w.asked.Sub(w.x.Started)
			if !asked {
				d = time.Since(w.x.Started)
			}
			w.latency(header.XKongProxyLatency, d)
		}
		if send.via {
			w.text = w.text[:0]
			for v := range h.Values("Via") {
				w.text = append(append(w.text, v...), ", "...)
			}
			w.text = append(append(w.text, "1.1 "...), w.p.agent...)
			h.SetID(header.Via, w.text)
		}
	}
	if send.requestID {
		h.SetID(header.XKongRequestID, w.id[:])
	}
	if send.upstreamStatus && w.conn != nil {
		w.text = strconv.AppendInt(w.text[:0], int64(w.conn.Response.Status), 10)
		h.SetID(header.XKongUpstreamStatus, w.text)
	}
	if w.p.o.AllowDebug && w.plan != nil {
		w.debugFields()
	}
}

func (w *walk) latency(id header.ID, d time.Duration) {
	w.text = strconv.AppendInt(w.text[:0], max(int64(d/time.Millisecond), 0), 10)
	w.x.Response.Header.SetID(id, w.text)
}

// debugFields says which route and service a request with Kong-Debug was matched to.
func (w *walk) debugFields() {
	if v, _ := w.x.Request.Header.Known(header.KongDebug); string(v) != "1" {
		return
	}
	h := &w.x.Response.Header
	set := func(name, value string) {
		if value != "" {
			h.Set(name, value)
		}
	}
	set("Kong-Route-Id", w.plan.Route.ID)
	set("Kong-Route-Name", w.plan.Route.Name)
	if s := w.plan.Service; s != nil {
		set("Kong-Service-Id", s.Entity.ID)
		set("Kong-Service-Name", s.Entity.Name)
	}
}

// errorLike answers as nginx does in Kong: without Accept, the request's own type or the setting decides about the form.
func (w *walk) errorLike(status int, message string) {
	form := plugin.NegotiateRefusal(&w.x.Request.Header, w.p.form)
	if message == "" {
		message = plugin.Message(status)
	}
	w.x.Exit(status, form.Append(nil, message, w.RequestID()), "Content-Type", form.ContentType())
}
