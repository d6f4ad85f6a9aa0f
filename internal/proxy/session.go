package proxy

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/plan"
)

// session is where requests of a client were sent before: it says so itself, and can choose among the rule's own backends only.
type session struct {
	share, peer uint64 // marks
	ok          bool
}

// session reads the session of the request.
func (w *walk) session(a *plan.Affinity) (s session) {
	h := &w.x.Request.Header
	if a.Kind == plan.Header {
		v, _ := h.Value(a.Name)
		return parseSession(v)
	}
	for v := range h.Values("Cookie") {
		for len(v) > 0 {
			var pair []byte
			pair, v, _ = bytes.Cut(v, semicolon)
			name, value, ok := bytes.Cut(bytes.TrimSpace(pair), equals)
			if ok && string(name) == a.Name {
				if s = parseSession(value); s.ok {
					return s
				}
			}
		}
	}
	return session{}
}

var semicolon, equals = []byte(";"), []byte("=")

// parseSession reads 32 hex digits.
func parseSession(text []byte) (s session) {
	var b [16]byte
	if len(text) != 2*len(b) {
		return session{}
	}
	if _, err := hex.Decode(b[:], text); err != nil {
		return session{}
	}
	for i := range 8 {
		s.share, s.peer = s.share<<8|uint64(b[i]), s.peer<<8|uint64(b[8+i])
	}
	s.ok = true
	return s
}

func (s session) appendTo(out []byte) []byte {
	var b [16]byte
	for i := range 8 {
		b[i], b[8+i] = byte(s.share>>(56-8*i)), byte(s.peer>>(56-8*i))
	}
	return hex.AppendEncode(out, b[:])
}

// keepSession tells the client by what to name its session from now on. A cookie is set when it is a new one.
func (w *walk) keepSession() {
	share := w.try.ruled.share
	a := share.Rule.Affinity
	if a == nil {
		return
	}
	now := session{share: share.Mark, peer: w.try.pick.Mark, ok: true}
	h := &w.x.Response.Header
	if a.Kind == plan.Header {
		h.SetBytes(a.Name, now.appendTo(nil))
		return
	}
	if now == w.session(a) {
		return
	}
	text := append(append([]byte(a.Name), '='), now.appendTo(nil)...)
	text = append(text, "; Path=/; HttpOnly"...)
	if w.x.Client.ForwardedScheme == "https" {
		text = append(text, "; Secure"...)
	}
	if a.TTL > 0 {
		text = strconv.AppendInt(append(text, "; Max-Age="...), max(int64(time.Duration(a.TTL)/time.Second), 1), 10)
	}
	h.AddBytes("Set-Cookie", text)
}
