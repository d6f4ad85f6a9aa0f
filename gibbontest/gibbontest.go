// Package gibbontest starts a gateway in a test, from a declarative configuration: Start returns its addresses when it serves.
// Each gateway has a data folder and ports of its own, and ends with the test. It is meant for tests of plugins in other
// repositories as well as for ours.
package gibbontest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/app"
	"github.com/gibbon-gateway/gibbon/internal/settings"
)

// Gateway is a gateway that runs.
type Gateway struct {
	Proxy, ProxyTLS, Admin, Status, IDP string // URLs; IDP is "" unless the settings have idp_listen
}

// Start runs a gateway with a declarative configuration, YAML or JSON, and further settings by key; "" is an empty
// configuration in SQLite, to be filled by the Admin API. The test fails if it does not start.
func Start(tb testing.TB, config string, set map[string]string) *Gateway {
	tb.Helper()
	all := map[string]string{
		"prefix": tb.TempDir(), "proxy_listen": "127.0.0.1:0, 127.0.0.1:0 ssl", "admin_listen": "127.0.0.1:0",
		"status_listen": "127.0.0.1:0", "idp_listen": "off", "proxy_access_log": "off", "log_level": "warn",
	}
	if config != "" {
		all["database"], all["declarative_config_string"] = "off", config
	}
	for key, value := range set {
		all[key] = value
	}
	s, _, err := settings.Load(settings.From{Set: all})
	if err != nil {
		tb.Fatalf("settings: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan app.Addresses, 1), make(chan error, 1)
	go func() { ended <- app.Run(ctx, s, app.Options{Ready: func(a app.Addresses) { ready <- a }}) }()
	tb.Cleanup(func() {
		cancel()
		if err, open := <-ended; open && err != nil {
			tb.Errorf("gateway: %v", err)
		}
	})
	select {
	case a := <-ready:
		return &Gateway{Proxy: a.Proxy, ProxyTLS: a.ProxyTLS, Admin: a.Admin, Status: a.Status, IDP: a.IDP}
	case err := <-ended:
		close(ended)
		tb.Fatalf("gateway: %v", err)
	}
	return nil
}

// Seen is a request that an Upstream got.
type Seen struct {
	Method, Target, Host string
	Header               http.Header
	Body                 []byte
}

// Upstream is a server that records what it is asked and answers with Handler, or "ok" without one.
type Upstream struct {
	*httptest.Server
	Handler http.HandlerFunc

	mu   sync.Mutex
	seen []Seen
}

// NewUpstream starts an upstream that ends with the test.
func NewUpstream(tb testing.TB, h http.HandlerFunc) *Upstream {
	u := &Upstream{Handler: h}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 16<<20))
		u.mu.Lock()
		u.seen = append(u.seen, Seen{r.Method, r.RequestURI, r.Host, r.Header.Clone(), body})
		u.mu.Unlock()
		if u.Handler != nil {
			u.Handler(w, r)
			return
		}
		_, _ = io.WriteString(w, "ok")
	}))
	tb.Cleanup(u.Close)
	return u
}

// Seen returns the requests so far.
func (u *Upstream) Seen() []Seen {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]Seen(nil), u.seen...)
}
