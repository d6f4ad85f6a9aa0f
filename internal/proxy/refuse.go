package proxy

import (
	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/http1"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// refuse answers a request that the parser does not accept. Plugins do not see it. It is http1.Server.BadRequest.
func (p *Proxy) refuse(c *http1.Conn, status int, _ error) {
	w := &walk{p: p, shard: p.counts.shard()}
	w.d, w.line = plugin.Drive(&w.x), w.accessLine
	w.shard.begin()
	defer w.shard.end()
	w.begin(c)
	message := ""
	if status == 431 { // nginx calls it 494, which Kong answers as 400
		status, message = 400, "Request header or cookie too large"
	}
	w.refuse(status, message)
	c.Finish()
	w.record()
}

// refuse answers a request that goes no further.
func (w *walk) refuse(status int, message string) {
	w.errorLike(status, message)
	w.write()
}

// asReceived reports whether the method is still the client's.
func (w *walk) asReceived() bool { return w.x.Request.Method == string(w.c.Request.Method) }

// token reports whether a method that a plugin has set can be sent.
func token(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == ':' || c == '/' {
			return false
		}
	}
	return s != ""
}

// websocket reports whether the client asks for one.
func (w *walk) websocket() bool { return header.EqualFold(w.c.Request.Upgrade, "websocket") }
