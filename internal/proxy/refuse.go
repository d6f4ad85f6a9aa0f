package proxy

import (
	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// Refuse answers a request that a protocol does not accept, with the status that it deserves. Plugins do not see it.
func (p *Proxy) Refuse(d exchange.Downstream, status int, _ error) {
	w := newWalk(p)
	w.shard.begin()
	defer w.shard.end()
	w.begin(d)
	message := ""
	if status == 431 { // nginx calls it 494, which Kong answers as 400
		status, message = 400, "Request header or cookie too large"
	}
	w.refuse(status, message)
	d.Finish(nil)
	w.record()
}

// refuse answers a request that goes no further.
func (w *walk) refuse(status int, message string) {
	w.errorLike(status, message)
	w.reply.write()
}

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
func (w *walk) websocket() bool { return header.EqualFold(w.q.Upgrade, "websocket") }

// grpcType begins the types of gRPC and gRPC-Web, which Kong's check of a route's protocols does not tell apart.
var grpcType = []byte("application/grpc")
