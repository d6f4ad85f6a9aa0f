package app

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/admin"
	"github.com/gibbon-gateway/gibbon/internal/demo"
	"github.com/gibbon-gateway/gibbon/internal/http1"
	"github.com/gibbon-gateway/gibbon/internal/observe"
	"github.com/gibbon-gateway/gibbon/internal/protocols"
	"github.com/gibbon-gateway/gibbon/internal/settings"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// listening is all listeners of a gateway, open.
type listening struct{ proxy, admin, status, idp, demo []bound }

// listen opens all listeners, so that an address that is taken is found before anything is served.
func (g *gateway) listen() (*listening, error) {
	s, l := g.settings, &listening{}
	for _, one := range []struct {
		key   string
		specs []settings.Listener
		to    *[]bound
	}{
		{"proxy_listen", s.Proxy, &l.proxy}, {"admin_listen", s.Admin, &l.admin}, {"status_listen", s.Status, &l.status},
		{"idp_listen", s.IDP, &l.idp}, {"demo_listen", s.Demo, &l.demo},
	} {
		open, err := bind(one.key, one.specs)
		if err != nil {
			return nil, err
		}
		*one.to = open
		g.onClose(func() error { closeAll(open); return nil })
	}
	return l, nil
}

// servers are what serves the listeners.
type servers struct {
	proxy []*protocols.Server
	http  []*http.Server
}

// serve starts a server on every listener. The proxy is served first: what is asked of the others may take long.
func (g *gateway) serve(l *listening, task func(name string, run func(ctx context.Context) error)) *servers {
	v := &servers{}
	for _, b := range l.proxy {
		var c *tls.Config
		if b.spec.TLS {
			c = g.tlsConfig(b.spec.HTTP2)
		}
		server := protocols.NewServer(g.proxy, protocols.Options{Limits: g.limits(), TLS: c, Raw: g.settings.RawIO, HTTP2: b.spec.HTTP2, Settle: settle, Log: g.log})
		v.proxy = append(v.proxy, server)
		task(b.spec.Text, func(context.Context) error { return ignore(server.Serve(b.Listener), protocols.ErrServerClosed) })
	}
	api := g.adminAPI()
	v.serveHTTP(g, l.admin, g.logged(api), task)
	v.serveHTTP(g, l.status, g.statusAPI(api), task)
	for _, b := range l.idp {
		task(b.spec.Text, func(ctx context.Context) error {
			return ignore(g.provider.Serve(ctx, b.Listener), http.ErrServerClosed)
		})
	}
	v.serveHTTP(g, l.demo, demo.New(time.Now), task)
	return v
}

// settle is how long a shutdown goes on taking connections that clients have opened before it.
const settle = 100 * time.Millisecond

func ignore(err, harmless error) error {
	if errors.Is(err, harmless) {
		return nil
	}
	return err
}

func (v *servers) serveHTTP(g *gateway, all []bound, h http.Handler, task func(name string, run func(ctx context.Context) error)) {
	for _, b := range all {
		server := &http.Server{
			Handler: h, ReadHeaderTimeout: 60 * time.Second, IdleTimeout: 75 * time.Second, MaxHeaderBytes: 64 << 10,
			ErrorLog: slog.NewLogLogger(g.log.Handler(), slog.LevelInfo),
		}
		v.http = append(v.http, server)
		task(b.spec.Text, func(context.Context) error {
			if !b.spec.TLS {
				return ignore(server.Serve(b.Listener), http.ErrServerClosed)
			}
			server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: g.adminCerts.Choose}
			return ignore(server.ServeTLS(b.Listener, "", ""), http.ErrServerClosed)
		})
	}
}

// shutdown stops taking requests and waits for those under way.
func (v *servers) shutdown(log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	var all sync.WaitGroup
	for _, s := range v.proxy {
		all.Go(func() {
			if err := s.Shutdown(ctx); err != nil {
				log.Warn("requests were cut off", "error", err)
			}
		})
	}
	for _, s := range v.http {
		all.Go(func() {
			if err := s.Shutdown(ctx); err != nil {
				s.Close()
			}
		})
	}
	all.Wait()
}

func (g *gateway) limits() http1.Limits {
	l := g.settings.Limits
	return http1.Limits{
		RequestLine: l.HeaderBufferSize, Field: l.HeaderBufferSize, Head: l.HeaderBuffers * l.HeaderBufferSize, Body: l.MaxBody,
		HeadTimeout: l.HeaderTimeout, BodyTimeout: l.BodyTimeout, IdleTimeout: l.KeepaliveTimeout, Requests: l.KeepaliveRequests,
	}
}

func (g *gateway) adminAPI() http.Handler {
	s := g.settings
	return admin.New(admin.Options{
		Store: g.store, Declared: g.declared, Plugins: g.types, Version: Version(), NodeID: g.nodeID, Log: g.log, GUIURLs: s.AdminGUIURL,
		Settings: s.View,
		Counters: func() admin.Counters {
			c := g.proxy.Counters()
			return admin.Counters{Active: c.Active, Reading: c.Reading, Writing: c.Writing, Waiting: c.Waiting,
				Accepted: c.Accepted, Handled: c.Handled, Requests: c.Requests}
		},
		Problems: g.left,
		Rules:    g.rules,
		PluginEnv: func(name string) plugin.AdminEnv {
			return plugin.AdminEnv{
				Log: g.log, State: g.state, Transport: g.transport(), Secret: g.secret, Cluster: g.cluster,
				Instances: func() map[string]any { return g.proxy.Current().Instances(name) },
				Pick:      func(by plugin.Pick) (*plugin.Trial, error) { return g.proxy.Current().Pick(name, by) },
			}
		},
	})
}

// logged writes the Admin API's access log, where there is one.
func (g *gateway) logged(api http.Handler) http.Handler {
	if g.adminLog == nil {
		return api
	}
	return observe.Access(api, g.adminLog)
}

// statusAPI serves what load balancers and probes ask: /status as the Admin API has it, /status/ready, and what plugins measure in the text
// format of Prometheus at /metrics.
func (g *gateway) statusAPI(api http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /status", api)
	mux.HandleFunc("GET /status/ready", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		if !g.ready.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"message":"no configuration available (empty configuration present)"}`)
			return
		}
		_, _ = io.WriteString(w, `{"message":"ready"}`)
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(g.metrics.Append(nil))
	})
	return mux
}

// url returns where a listener is reached.
func (b *bound) url() string {
	scheme := "http://"
	if b.spec.TLS {
		scheme = "https://"
	}
	if b.spec.Network == "unix" {
		return "unix:" + b.spec.Path
	}
	host, port, err := net.SplitHostPort(b.Addr().String())
	if err != nil {
		return scheme + b.Addr().String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + net.JoinHostPort(host, port)
}

func firstURL(all []bound, secure bool) string {
	for i := range all {
		if all[i].spec.TLS == secure {
			return all[i].url()
		}
	}
	return ""
}

func (l *listening) addresses(prefix string) Addresses {
	return Addresses{Prefix: prefix, Proxy: firstURL(l.proxy, false), ProxyTLS: firstURL(l.proxy, true), Admin: firstURL(l.admin, false),
		Status: firstURL(l.status, false), IDP: firstURL(l.idp, false), Demo: firstURL(l.demo, false)}
}

func (l *listening) text(all []bound) string {
	var parts []string
	for i := range all {
		parts = append(parts, all[i].url())
	}
	return strings.Join(parts, ", ")
}
