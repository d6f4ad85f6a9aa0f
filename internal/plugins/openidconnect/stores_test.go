package openidconnect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/plugins/openidconnect"
	"github.com/gibbon-gateway/gibbon/internal/statedb/memcached/memcachedtest"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// Two gateways with one memcached have the same sessions. When it is away nobody is let in and nobody is logged out; when it comes
// back empty users log in anew.
func TestTwoGatewaysOnMemcached(t *testing.T) {
	if testing.Short() {
		return // starts memcached
	}
	server := memcachedtest.Start(t)
	g := prepare(t)
	config := g.config(fmt.Sprintf("session_storage: memcached\nsession_memcached_port: %d\nsession_memcached_prefix: gw-\nsession_hash_storage_key: true", server.Port))
	one, two := g.stage.Instance(t, openidconnect.Type, config), g.stage.Instance(t, openidconnect.Type, config)
	g.Instance = one
	b := g.browser()
	location := b.redirected(b.get("/"))
	g.Instance = two // the login ends on the other gateway
	wantStatus(t, b.comeBack(location), 200)
	if n := len(b.cookies["session"]); n == 0 || n > 200 {
		t.Errorf("the cookie has %d bytes, want an id", n)
	}
	for _, p := range []*plugintest.Instance{one, two, one} {
		g.Instance = p
		wantStatus(t, b.get("/"), 200)
	}
	old := b.cookies["session"]
	server.Stop()
	for _, p := range []*plugintest.Instance{one, two} {
		g.Instance = p
		if r := b.get("/"); r.Status != 503 || !strings.Contains(r.Body, "The sessions are unavailable now") || b.cookies["session"] != old {
			t.Errorf("without memcached: %d %s %v", r.Status, r.Body, b.cookies)
		}
	}
	// A login cannot end either: it is no session.
	stranger := g.browser()
	if r := stranger.signIn("/"); r.Status != 503 || stranger.cookies["session"] != "" {
		t.Errorf("login without memcached: %d %s", r.Status, r.Header)
	}
	server.Start()
	if r := b.get("/"); r.Status != 302 {
		t.Errorf("memcached came back empty: %d, want a login", r.Status)
	}
	wantStatus(t, b.signIn("/"), 200)
	g.Instance = one
	wantStatus(t, b.get("/"), 200)
}

// memcache is Kong's other word for it; sockets and TLS are other ways to it.
func TestWaysToMemcached(t *testing.T) {
	if testing.Short() {
		return // starts memcached
	}
	overTLS, _ := memcachedtest.StartTLS(t)
	for config, status := range map[string]int{
		"session_storage: memcache\nsession_memcache_socket: " + memcachedtest.StartSocket(t).Socket:                                                          200,
		fmt.Sprintf("session_storage: memcached\nsession_memcached_port: %d\nsession_memcached_ssl: true", overTLS.Port):                                      503, // of nobody we know
		fmt.Sprintf("session_storage: memcached\nsession_memcached_port: %d", overTLS.Port):                                                                   503,
		fmt.Sprintf("session_storage: memcached\nsession_memcached_port: %d\nsession_memcached_ssl: true\nsession_memcached_ssl_verify: false", overTLS.Port): 200,
	} {
		g := start(t, config)
		b := g.browser()
		if r := b.signIn("/"); r.Status != status {
			t.Errorf("%s: login: %d, want %d; %s", config, r.Status, status, r.Body)
		}
		if status == 200 {
			wantStatus(t, b.get("/"), 200)
		}
	}
}

// A session that cannot be opened again is not begun: the user would be sent to the login over and over.
func TestSessionTooLarge(t *testing.T) {
	g := start(t, "session_storage: memory\nsearch_user_info: true")
	g.provider.Userinfo = map[string]any{"picture": strings.Repeat("x", 300<<10)}
	b := g.browser()
	r := b.signIn("/")
	if r.Status != 500 || b.cookies["session"] != "" || !strings.Contains(g.log.String(), "session does not fit: ") {
		t.Errorf("%d %s, log: %.500s", r.Status, r.Header, g.log.String())
	}
}
