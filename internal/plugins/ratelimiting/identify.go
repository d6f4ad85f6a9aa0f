package ratelimiting

import "github.com/gibbon-gateway/gibbon/plugin"

// identifiers are the ways to say who is counted, by limit_by. Each falls back to the client's address, so that whoever
// cannot be told by it is still limited. b is memory to use for the result.
var identifiers = map[string]func(l *limiter, x *plugin.Exchange, b []byte) (kind byte, identifier []byte){
	"consumer": func(l *limiter, x *plugin.Exchange, b []byte) (byte, []byte) {
		switch {
		case x.Consumer != nil:
			return 'c', append(b, x.Consumer.ID...)
		case x.Credential.ID != "":
			return 'k', append(b, x.Credential.ID...)
		}
		return byIP(l, x, b)
	},
	"credential": func(l *limiter, x *plugin.Exchange, b []byte) (byte, []byte) {
		if x.Credential.ID != "" {
			return 'k', append(b, x.Credential.ID...)
		}
		return byIP(l, x, b)
	},
	"service": func(l *limiter, x *plugin.Exchange, b []byte) (byte, []byte) {
		if x.Service != nil {
			return 's', append(b, x.Service.ID...)
		}
		return byIP(l, x, b)
	},
	"header": func(l *limiter, x *plugin.Exchange, b []byte) (byte, []byte) {
		if v, ok := x.Request.Header.Value(l.header); ok {
			return 'h', v
		}
		return byIP(l, x, b)
	},
	"path": func(l *limiter, x *plugin.Exchange, b []byte) (byte, []byte) {
		if string(x.Request.Path) == l.path {
			return 'p', x.Request.Path
		}
		return byIP(l, x, b)
	},
	"ip": byIP,
}

func byIP(_ *limiter, x *plugin.Exchange, b []byte) (byte, []byte) {
	return 'i', x.Client.IP.AppendTo(b)
}
