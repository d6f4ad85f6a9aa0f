// Package proxy walks a request through the gateway: it fills the exchange, matches a route, runs the plugins of the plan in
// their phases, asks an upstream, with retries, and answers. Its main type is Proxy, which runs one snapshot at a time and swaps it
// without a pause. It knows the two sides of an exchange by package exchange only, and no version of HTTP but to tell plugins and
// logs. The package does not compile configuration, and does not listen.
package proxy

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// Options say how a proxy behaves, apart from its snapshot.
type Options struct {
	// Version stands in Via and Server, as "gibbon/<version>".
	Version string
	// Header reports whether a field of Kong's headers setting is sent to clients: "Server", "Via", "X-Kong-Proxy-Latency", … Nil means
	// Kong's default.
	Header func(name string) bool
	// UpstreamID sends X-Kong-Request-Id to upstreams.
	UpstreamID bool
	// TrustedIPs are the networks of proxies whose forwarding fields are believed.
	TrustedIPs      []netip.Prefix
	RealIPHeader    string // "X-Real-IP" if empty
	RealIPRecursive bool
	// ErrorType is the media type of errors for clients that say nothing about types; "text/plain" if empty.
	ErrorType string
	// AllowDebug answers Kong-Debug: 1 with the names of route and service.
	AllowDebug bool
	// Upstreams holds the upstream connections; the caller closes it after the proxy.
	Upstreams exchange.Dialer
	// AccessLog gets a line for each request; nil for none.
	AccessLog AccessLog
	Log       *slog.Logger
}

// AccessLog is where access log lines go: add appends one to the slice that it is given.
type AccessLog interface {
	Append(add func(b []byte) []byte)
}

// Proxy serves requests.
type Proxy struct {
	o       Options
	send    sentFields
	agent   string // "gibbon/<version>"
	realIP  string
	form    plugin.Form
	log     *slog.Logger
	current atomic.Pointer[snapshot.Snapshot]
	counts  counts
	copies  copies

	mu        sync.Mutex // of swaps and listeners
	listeners []func() (accepted, open int64)
	retired   sync.WaitGroup
}

// New returns a proxy that answers 404 to everything until it is given a snapshot.
func New(o Options) *Proxy {
	p := &Proxy{o: o, agent: "gibbon/" + o.Version, realIP: o.RealIPHeader, log: o.Log}
	if p.log == nil {
		p.log = slog.Default()
	}
	if p.realIP == "" {
		p.realIP = "X-Real-IP"
	}
	p.send = sentBy(o.Header)
	p.form = formNamed(o.ErrorType)
	p.copies.init()
	return p
}

// Swap makes s the snapshot of all requests that start from now on. Requests that run keep theirs. What the old snapshot has and s
// has not taken over is stopped in the background.
func (p *Proxy) Swap(s *snapshot.Snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.Enter()
	old := p.current.Swap(s)
	s.Sweep()
	p.retired.Go(func() { s.Leave(old) })
}

// Current returns the snapshot in force, nil before the first Swap.
func (p *Proxy) Current() *snapshot.Snapshot { return p.current.Load() }

// Close stops copies of requests that are under way, and the plugins of the snapshot. It is called when the servers have been shut down.
func (p *Proxy) Close() {
	p.copies.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retired.Wait()
	if s := p.current.Load(); s != nil {
		s.Close()
	}
}

// Certificate chooses the certificate for a TLS client; it is for tls.Config.GetCertificate.
func (p *Proxy) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	s := p.current.Load()
	if s == nil {
		return nil, errNotReady
	}
	return s.Certificate(hello)
}

var errNotReady = errors.New("no configuration yet")
