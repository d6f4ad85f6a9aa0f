// Package protocols puts the versions of HTTP on both sides of a proxy: Server is what listens in front of it, Upstreams what it reaches
// upstreams by. It is the one place that knows every protocol; it serves no request itself.
package protocols

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/http1"
	"github.com/gibbon-gateway/gibbon/internal/http2"
	"github.com/gibbon-gateway/gibbon/internal/proxy"
)

// ErrServerClosed is what Serve returns after Shutdown.
var ErrServerClosed = http1.ErrServerClosed

// Options say how a Server serves its listeners.
type Options struct {
	Limits http1.Limits
	TLS    *tls.Config   // nil for listeners without TLS; its NextProtos are those of NextProtos
	Raw    bool          // the raw I/O path of HTTP/1 for TCP without TLS
	HTTP2  bool          // HTTP/2 too: by ALPN with TLS, else with prior knowledge
	Settle time.Duration // see http1.Server
	Log    *slog.Logger
}

// Server serves a proxy's requests on listeners of one kind.
type Server struct {
	http1 *http1.Server
	http2 *http2.Server // nil without
}

// NewServer returns a server in front of p, which counts its connections.
func NewServer(p *proxy.Proxy, o Options) *Server {
	s := &Server{http1: &http1.Server{
		Handler:    http1.HandlerFunc(func(c *http1.Conn) { p.Serve(c) }),
		BadRequest: func(c *http1.Conn, status int, err error) { p.Refuse(c, status, err) },
		Limits:     o.Limits, TLSConfig: o.TLS, Raw: o.Raw, Settle: o.Settle, Log: o.Log,
	}}
	p.Count(s.http1.Connections) // those of HTTP/2 are among them
	if o.HTTP2 {
		s.http2 = &http2.Server{Handler: p.Serve, BadRequest: p.Refuse, Limits: limits2(&o.Limits), Log: o.Log}
		s.http1.HTTP2 = s.http2
	}
	return s
}

// NextProtos are the names that a listener offers by ALPN, best first.
func NextProtos(http2 bool) []string {
	if http2 {
		return []string{"h2", "http/1.1"}
	}
	return []string{"http/1.1"}
}

// limits2 are the limits of HTTP/1 for HTTP/2.
func limits2(l *http1.Limits) http2.Limits {
	return http2.Limits{Field: l.Field, Head: l.Head, Fields: l.Fields, Body: l.Body, HeadTimeout: l.HeadTimeout,
		BodyTimeout: l.BodyTimeout, SendTimeout: l.SendTimeout, IdleTimeout: l.IdleTimeout, Linger: l.Linger, Requests: l.Requests}
}

// Serve accepts connections of l until Shutdown, and closes l. It may be called for several listeners.
func (s *Server) Serve(l net.Listener) error { return s.http1.Serve(l) }

// Shutdown closes the listeners and idle connections and waits until running exchanges have ended. When ctx ends first, it cuts
// the rest off and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.http1.Shutdown(ctx)
	if s.http2 != nil {
		s.http2.Close()
	}
	return err
}
