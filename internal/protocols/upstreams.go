package protocols

import (
	"errors"

	"github.com/gibbon-gateway/gibbon/internal/dial"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/http1"
	"github.com/gibbon-gateway/gibbon/internal/http2"
)

// Upstreams is an exchange.Dialer for all versions of HTTP. Its fields are not changed after NewUpstreams.
type Upstreams struct {
	http1 *http1.Pool
	http2 *http2.Pool
}

// NewUpstreams returns the connections of a gateway to its upstreams. HTTP/2 takes its times and limits from those of HTTP/1.
func NewUpstreams(one *http1.Pool) *Upstreams {
	return &Upstreams{one, &http2.Pool{HTTP1: adopter{one}, IdleTimeout: one.IdleTimeout, HeadLimit: one.HeadLimit, Log: one.Log}}
}

// Conns implements exchange.Dialer.
func (u *Upstreams) Conns(k exchange.Key) exchange.Conns {
	if k.Protocols == exchange.OnlyHTTP2 || k.Protocols == exchange.EitherHTTP && k.TLS {
		return u.http2.Conns(k)
	}
	k.Protocols = exchange.OnlyHTTP1
	return u.http1.Conns(k)
}

// Close closes the idle connections and stops background work; busy connections of HTTP/1 are closed when they are released, exchanges over
// HTTP/2 fail.
func (u *Upstreams) Close() error { return errors.Join(u.http2.Close(), u.http1.Close()) }

// adopter takes connections over for which ALPN has chosen HTTP/1.1.
type adopter struct{ *http1.Pool }

// Adopt implements http2.HTTP1.
func (a adopter) Adopt(k exchange.Key, c dial.Conn, t exchange.Timeouts) exchange.Upstream {
	k.Protocols = exchange.OnlyHTTP1
	return a.Group(k).Adopt(c, t)
}

// Conns implements exchange.Dialer.
func (a adopter) Conns(k exchange.Key) exchange.Conns {
	k.Protocols = exchange.OnlyHTTP1
	return a.Pool.Conns(k)
}
