package proxy

import (
	"strconv"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// accessLine appends the line of a request: nginx's combined format, and the request's id.
func (w *walk) accessLine(b []byte) []byte {
	x, q := &w.x, w.q
	b = appendIP(b, x.Client.IP)
	b = append(b, " - - ["...)
	b = time.Now().AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
	b = append(b, `] "`...)
	if len(q.Method) > 0 {
		b = appendEscaped(b, q.Method)
		b = append(b, ' ')
		b = appendEscaped(b, q.Target)
		b = append(append(b, " HTTP/"...), logVersion(q.Version)...)
	}
	b = append(b, `" `...)
	b = strconv.AppendInt(b, int64(w.status()), 10)
	b = append(b, ' ')
	_, body := w.down.Sent()
	b = strconv.AppendInt(b, body, 10)
	b = w.appendField(append(b, ` "`...), header.Other)
	b = w.appendField(append(b, `" "`...), header.UserAgent)
	b = append(b, `" kong_request_id: "`...)
	b = append(b, w.id[:]...)
	return append(b, "\"\n"...)
}

// logVersion is the version as nginx logs it.
func logVersion(v exchange.Version) string {
	switch v {
	case exchange.HTTP2:
		return "2.0"
	case exchange.HTTP3:
		return "3.0"
	}
	return v.String()
}

// status is what the client got; nginx's 499 if it left before.
func (w *walk) status() int {
	if !w.down.Wrote() {
		return 499
	}
	return w.x.Response.Status
}

// appendField appends a field of the client's request; Other means Referer.
func (w *walk) appendField(b []byte, id header.ID) []byte {
	h := &w.q.Header
	v, ok := h.Known(id)
	if id == header.Other {
		v, ok = h.Value("Referer")
	}
	if !ok || len(v) == 0 {
		return append(b, '-')
	}
	return appendEscaped(b, v)
}

// appendEscaped appends bytes as nginx does: quotes, backslashes and what cannot be printed as \xXX.
func appendEscaped(b, v []byte) []byte {
	for _, c := range v {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			b = append(b, '\\', 'x', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
			continue
		}
		b = append(b, c)
	}
	return b
}
