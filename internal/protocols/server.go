// Package protocols puts the versions of HTTP on both sides of a proxy: Server is what listens in front of it, Upstreams what it reaches
// upstreams by. It is the one place that knows every protocol; it serves no request itself.
package protocols

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/http1"
	"github.com/gibbon-gateway/gibbon/internal/proxy"
)

// ErrServerClosed is what Serve returns after Shutdown.
var ErrServerClosed = http1.ErrServerClosed

// Options say how a Server serves its listeners.
type Options struct {
	Limits http1.Limits
	TLS    *tls.Config   // nil for listeners without TLS
	Raw    bool          // the raw I/O path of HTTP/1 for TCP without TLS
	Settle time.Duration // see http1.Server
	Log    *slog.Logger
}

// Server serves a proxy's requests on listeners of one kind.
type Server struct{ http1 *http1.Server }

// NewServer returns a server in front of p, which counts its connections.
func NewServer(p *proxy.Proxy, o Options) *Server {
	s := &Server{&http1.Server{
		Handler:    http1.HandlerFunc(func(c *http1.Conn) { p.Serve(c) }),
		BadRequest: func(c *http1.Conn, status int, err error) { p.Refuse(c, status, err) },
		Limits:     o.Limits, TLSConfig: o.TLS, Raw: o.Raw, Settle: o.Settle, Log: o.Log,
	}}
	p.Count(s.http1.Connections)
	return s
}

// Serve accepts connections of l until Shutdown, and closes l. It may be called for several listeners.
func (s *Server) Serve(l net.Listener) error { return s.http1.Serve(l) }

// Shutdown closes the listeners and idle connections and waits until running exchanges have ended. When ctx ends first, it cuts
// the rest off and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error { return s.http1.Shutdown(ctx) }

// Upstreams is an exchange.Dialer for all versions of HTTP. Its fields are not changed after the first use.
type Upstreams struct{ HTTP1 http1.Pool }

// Conns implements exchange.Dialer.
func (u *Upstreams) Conns(k exchange.Key) exchange.Conns { return u.HTTP1.Conns(k) }

// Close closes the idle connections and stops background work; busy connections are closed when they are released.
func (u *Upstreams) Close() error { return u.HTTP1.Close() }
