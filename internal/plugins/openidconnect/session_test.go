package openidconnect_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/oidc/oidctest"
	"github.com/gibbon-gateway/gibbon/internal/plugins/openidconnect"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
	"github.com/gibbon-gateway/gibbon/state"
)

func TestSessionTokensAreRefreshed(t *testing.T) {
	for _, config := range []string{"session_storage: memory", ""} {
		g := start(t, config)
		b := g.browser()
		wantStatus(t, b.signIn("/"), 200)
		first := b.get("/").Upstream.Get("Authorization")
		g.clock.advance(301 * time.Second)
		cookie := "session=" + b.cookies["session"]
		var all sync.WaitGroup
		for range 10 { // the provider takes each refresh token once
			all.Go(func() {
				r := g.Run(plugintest.Request{Header: []string{"Cookie", cookie}}, plugintest.Reply{})
				if r.Status != 200 || r.Exited || r.Upstream.Get("Authorization") == first {
					t.Errorf("%d %s", r.Status, r.Upstream.Get("Authorization"))
				}
			})
		}
		all.Wait()
		if n := g.provider.Calls("/token"); n != 2 {
			t.Errorf("token endpoint was asked %d times", n)
		}
		wantStatus(t, b.get("/"), 200)
		// The provider says no: the session is over.
		g.clock.advance(302 * time.Second)
		g.provider.Bend["/token"] = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			w.Write([]byte(`{"error":"invalid_grant"}`))
		}
		if r := b.get("/"); r.Status != 302 || b.cookies["session"] != "" {
			t.Errorf("%d %v", r.Status, b.cookies)
		}
		delete(g.provider.Bend, "/token")
		// The provider is away: nobody is logged out by that.
		wantStatus(t, b.signIn("/"), 200)
		g.clock.advance(303 * time.Second)
		g.provider.Bend["/token"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }
		wantStatus(t, b.get("/"), 401)
		delete(g.provider.Bend, "/token")
		wantStatus(t, b.get("/"), 200)
	}
	// With leeway tokens are refreshed early, and a failure does not matter yet.
	g := start(t, "leeway: 60")
	b := g.browser()
	wantStatus(t, b.signIn("/"), 200)
	g.clock.advance(250 * time.Second)
	g.provider.Bend["/token"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }
	wantStatus(t, b.get("/"), 200)
}

// Two nodes that share state refresh a session once between them, though both find at the same time that its tokens have ended.
func TestTwoNodesRefreshOnce(t *testing.T) {
	g := prepare(t)
	config := g.config("cache_tokens_salt: same\nsession_storage: memory")
	var nodes []*plugintest.Instance
	for range 2 {
		nodes = append(nodes, g.stage.Instance(t, openidconnect.Declare(), config))
	}
	g.Instance = nodes[0]
	b := g.browser()
	wantStatus(t, b.signIn("/"), 200)
	g.clock.advance(301 * time.Second)
	cookie := "session=" + b.cookies["session"]
	asked := g.provider.Calls("/token")
	got := make([]string, 8)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() {
			r := nodes[i%2].Run(plugintest.Request{Header: []string{"Cookie", cookie}}, plugintest.Reply{})
			if got[i] = r.Upstream.Get("Authorization"); r.Status != 200 || r.Exited {
				t.Errorf("%d %s", r.Status, r.Body)
			}
		})
	}
	all.Wait()
	if n := g.provider.Calls("/token") - asked; n != 1 {
		t.Errorf("the provider was asked %d times", n)
	}
	for _, a := range got {
		if a != got[0] || a == "" {
			t.Errorf("different tokens: %q", got)
			break
		}
	}
}

// Clocks differ: leeway counts for what has ended and for what has not begun, in tokens of machines and in logins.
func TestClockSkew(t *testing.T) {
	for _, c := range []struct {
		config string
		ahead  time.Duration // of the gateway's clock
		status int
	}{{"", 301 * time.Second, 401}, {"leeway: 30", 301 * time.Second, 200}, {"leeway: 30", 331 * time.Second, 401},
		{"", -20 * time.Second, 401}, {"leeway: 30", -20 * time.Second, 200}, {"leeway: 30", -40 * time.Second, 401}} {
		g := prepare(t)
		token := g.provider.Token()
		g.clock.advance(c.ahead)
		g.with(onlyBearer + "\n" + c.config)
		if r := g.bearer(token); r.Status != c.status {
			t.Errorf("%q, %v ahead: %d, want %d", c.config, c.ahead, r.Status, c.status)
		}
	}
	for config, status := range map[string]int{"": 401, "leeway: 120": 200} {
		g := start(t, config)
		g.provider.Now = func() time.Time { return g.clock.now().Add(time.Minute) } // its clock is ahead
		if r := g.browser().signIn("/"); r.Status != status {
			t.Errorf("login with %q: %d, want %d", config, r.Status, status)
		}
	}
}

// A browser that does not keep cookies, or a provider that signs nobody in, is not sent in circles: the callback says no.
func TestLoginDoesNotLoop(t *testing.T) {
	g := start(t, "")
	b := g.browser()
	location := b.redirected(b.get("/"))
	clear(b.cookies) // not kept
	if r := b.comeBack(location); r.Status != 401 || r.Get("Location") != "" {
		t.Errorf("without cookies: %d %s", r.Status, r.Header)
	}
	g.provider.Redirect = func(q url.Values) { q.Del("code"); q.Set("error", "login_required") }
	if r := g.browser().signIn("/"); r.Status != 401 || r.Get("Location") != "" {
		t.Errorf("nobody signed in: %d %s", r.Status, r.Header)
	}
}

// A provider that does not rotate refresh tokens is asked by the same one whenever an access token has ended, soon after the last time too.
func TestSessionIsRefreshedBySameToken(t *testing.T) {
	g := start(t, "")
	b := g.browser()
	wantStatus(t, b.signIn("/"), 200)
	n := 0
	g.provider.Bend["/token"] = func(w http.ResponseWriter, _ *http.Request) {
		n++
		fmt.Fprintf(w, `{"access_token":"opaque-%d","expires_in":5}`, n)
	}
	g.clock.advance(301 * time.Second)
	for want := 1; want < 4; want++ {
		for range 2 {
			if got := b.get("/").Upstream.Get("Authorization"); got != fmt.Sprintf("Bearer opaque-%d", want) {
				t.Errorf("refresh %d: %s", want, got)
			}
		}
		g.clock.advance(6 * time.Second)
	}
}

func TestSessionEnds(t *testing.T) {
	g := start(t, "session_idling_timeout: 100\nsession_rolling_timeout: 400\nsession_absolute_timeout: 1000\nrefresh_tokens: true")
	b := g.browser()
	wantStatus(t, b.signIn("/"), 200)
	g.clock.advance(99 * time.Second)
	wantStatus(t, b.get("/"), 200)
	g.clock.advance(99 * time.Second)
	wantStatus(t, b.get("/"), 200)
	g.clock.advance(101 * time.Second)
	if r := b.get("/"); r.Status != 302 {
		t.Errorf("idle: %d", r.Status)
	}
	b = g.browser()
	wantStatus(t, b.signIn("/"), 200)
	for range 12 {
		g.clock.advance(80 * time.Second)
		wantStatus(t, b.get("/"), 200)
	}
	g.clock.advance(50 * time.Second)
	if r := b.get("/"); r.Status != 302 {
		t.Errorf("absolute: %d", r.Status)
	}
}

func TestSessionOfSomethingElse(t *testing.T) {
	g := start(t, "session_bind: [ip, user-agent]")
	b := g.browser()
	wantStatus(t, b.signIn("/"), 200)
	cookie := "session=" + b.cookies["session"]
	wantStatus(t, g.ask("/", "Cookie", cookie), 200)
	if r := g.ask("/", "Cookie", cookie, "User-Agent", "other"); r.Status != 302 {
		t.Errorf("other user agent: %d", r.Status)
	}
	if r := g.send(plugintest.Request{Peer: "198.51.100.1:1", Header: []string{"Cookie", cookie}}); r.Status != 302 {
		t.Errorf("other address: %d", r.Status)
	}
	for _, config := range []string{"session_audience: other\nsession_bind: [ip, user-agent]", "session_secret: another-secret-1\nsession_bind: [ip, user-agent]",
		"client_id: [machine]\nsession_bind: [ip, user-agent]", "issuer: " + g.provider.URL + "/x\nsession_bind: [ip, user-agent]"} {
		g.with(config + "\nauth_methods: [session]")
		if r := g.ask("/", "Cookie", cookie); r.Status != 401 {
			t.Errorf("%s: %d", config, r.Status)
		}
	}
}

func TestSessionHeaders(t *testing.T) {
	g := start(t, "session_request_headers: [id, subject, audience, timeout]\nsession_response_headers: [rolling-timeout]\nupstream_session_id_header: x-sid")
	b := g.browser()
	b.signIn("/")
	r := b.get("/", "Session-Subject", "root", "Session-Id", "1")
	wantStatus(t, r, 200)
	if r.Upstream.Get("Session-Subject") != oidctest.User || r.Upstream.Get("Session-Audience") != "default" ||
		r.Upstream.Get("Session-Id") == "1" || r.Upstream.Get("X-Sid") != r.Upstream.Get("Session-Id") || r.Get("Session-Rolling-Timeout") == "" {
		t.Errorf("%s; %s", r.Upstream.Header, r.Header)
	}
}

func TestRemember(t *testing.T) {
	g := start(t, "session_remember: true\nsession_idling_timeout: 60")
	b := g.browser()
	wantStatus(t, b.signIn("/"), 200)
	delete(b.cookies, "session")
	wantStatus(t, b.get("/"), 200)
	if b.cookies["session"] == "" || b.cookies["remember"] == "" {
		t.Errorf("cookies %v", b.cookies)
	}
}

// A state that cannot be reached is no reason to let anybody in, and no reason to log anybody out.
func TestStateIsAway(t *testing.T) {
	g := prepare(t)
	broken := &brokenState{Store: g.stage.State}
	g.stage.State = broken
	g.with("session_storage: memory")
	b := g.browser()
	wantStatus(t, b.signIn("/"), 200)
	broken.away = true
	r := b.get("/")
	if r.Status != 503 || !strings.Contains(r.Body, "The sessions are unavailable now") || b.cookies["session"] == "" {
		t.Errorf("%d %s %v", r.Status, r.Body, b.cookies)
	}
	broken.away = false
	wantStatus(t, b.get("/"), 200)
	if err := g.stage.State.Scan(t.Context(), []byte("oidc:session:"), func(key []byte) bool {
		return broken.Put(t.Context(), key, []byte("garbage"), time.Hour) == nil
	}); err != nil {
		t.Fatal(err)
	}
	if r := b.get("/"); r.Status != 302 {
		t.Errorf("garbage: %d", r.Status)
	}
	// Sessions in cookies go on.
	g.with("")
	b = g.browser()
	wantStatus(t, b.signIn("/"), 200)
	broken.away = true
	wantStatus(t, b.get("/"), 200)
}

type brokenState struct {
	state.Store
	away bool
}

var errAway = errors.Join(state.ErrUnavailable, errors.New("away"))

func (b *brokenState) Get(ctx context.Context, key []byte) ([]byte, error) {
	if b.away {
		return nil, errAway
	}
	return b.Store.Get(ctx, key)
}

func (b *brokenState) Put(ctx context.Context, key, value []byte, ttl time.Duration) error {
	if b.away {
		return errAway
	}
	return b.Store.Put(ctx, key, value, ttl)
}

func (b *brokenState) PutNew(ctx context.Context, key, value []byte, ttl time.Duration) (bool, error) {
	if b.away {
		return false, errAway
	}
	return b.Store.PutNew(ctx, key, value, ttl)
}
