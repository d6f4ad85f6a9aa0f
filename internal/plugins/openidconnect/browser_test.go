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

func TestCodeFlow(t *testing.T) {
	for name, config := range map[string]string{
		"plain":     "",
		"memory":    "session_storage: memory",
		"form_post": "response_mode: form_post",
		"jarm":      "response_mode: jwt",
		"query jwt": "response_mode: query.jwt",
		"form jwt":  "response_mode: form_post.jwt",
		"par":       "require_pushed_authorization_requests: true",
		"jar":       "require_signed_request_object: true",
		"par jar":   "require_signed_request_object: true\nrequire_pushed_authorization_requests: true",
	} {
		t.Run(name, func(t *testing.T) {
			g := start(t, config)
			b := g.browser()
			first := b.get("/things?a=1")
			target := b.redirected(first)
			u, err := url.Parse(target)
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			if name == "plain" && (len(q.Get("state")) != 24 || len(q.Get("nonce")) != 24 || q.Get("code_challenge_method") != "S256" ||
				q.Get("redirect_uri") != "http://example.com:8000/things" || q.Get("scope") != "openid" || q.Get("response_type") != "code") {
				t.Errorf("redirect with %v", q)
			}
			if strings.Contains(name, "par") && (len(q) != 2 || q.Get("request_uri") == "") {
				t.Errorf("redirect with %v", q)
			}
			if name == "jar" && (len(q) != 4 || q.Get("request") == "" || q.Get("response_type") != "code" || q.Get("scope") != "openid") {
				t.Errorf("redirect with %v", q)
			}
			if first.Get("Cache-Control") != "no-store" || len(b.cookies) != 1 {
				t.Errorf("%s", first.Header)
			}
			r := b.comeBack(target)
			wantStatus(t, r, 200)
			if r.Upstream.Method != http.MethodGet || r.Upstream.Query != "" || r.Upstream.Body != "" || r.Upstream.Get("Cookie") != "" {
				t.Errorf("upstream %+v", r.Upstream)
			}
			if claimsOf(t, r.Upstream.Get("Authorization"))["sub"] != oidctest.User {
				t.Errorf("%s", r.Upstream.Header)
			}
			if len(b.cookies) != 1 || b.cookies["session"] == "" {
				t.Errorf("cookies %v", b.cookies)
			}
			set := r.Get("Set-Cookie")
			for range 3 {
				wantStatus(t, b.get("/other"), 200)
			}
			if n := g.provider.Calls("/token"); n != 1 {
				t.Errorf("token endpoint was asked %d times; %s", n, set)
			}
			// Without the cookie, or with a changed one, there is no session.
			for i := range b.cookies["session"] {
				if i%17 != 0 {
					continue
				}
				bad := []byte(b.cookies["session"])
				bad[i] ^= 1
				if r := g.ask("/", "Cookie", "session="+string(bad)); r.Status != 302 {
					t.Fatalf("byte %d changed: %d", i, r.Status)
				}
			}
		})
	}
}

// What cannot follow a login is not sent to one.
func TestWhoIsSentToTheLogin(t *testing.T) {
	g := start(t, "")
	for _, c := range []struct {
		status int
		in     plugintest.Request
	}{
		{302, plugintest.Request{}},
		{302, plugintest.Request{Header: []string{"Accept", "text/html,*/*;q=0.8", "Sec-Fetch-Mode", "navigate"}}},
		{302, plugintest.Request{Method: "HEAD"}},
		{401, plugintest.Request{Method: "DELETE"}},
		{401, plugintest.Request{Header: []string{"Accept", "application/json"}}},
		{401, plugintest.Request{Header: []string{"X-Requested-With", "XMLHttpRequest"}}},
		{401, plugintest.Request{Header: []string{"Sec-Fetch-Mode", "cors"}}},
		{401, plugintest.Request{Header: []string{"Upgrade", "websocket", "Connection", "upgrade"}}},
		{401, plugintest.Request{Header: []string{"Authorization", "Bearer x.y.z"}}},
	} {
		if r := g.send(c.in); r.Status != c.status {
			t.Errorf("%s %v: %d, want %d", c.in.Method, c.in.Header, r.Status, c.status)
		}
	}
	g.with("login_navigation_only: false")
	if r := g.send(plugintest.Request{Method: "DELETE", Header: []string{"Accept", "application/json"}}); r.Status != 302 {
		t.Errorf("as Kong: %d", r.Status)
	}
	r := g.send(plugintest.Request{Method: "POST", HTTP: "2", Header: []string{"Content-Type", "application/grpc"}})
	if r.Status != 200 || r.Get("grpc-status") != "16" || !r.Exited {
		t.Errorf("grpc: %d %s", r.Status, r.Header)
	}
}

// Logins of two tabs do not disturb each other, in any order; the back button does not end in an error.
func TestTabs(t *testing.T) {
	g := start(t, "login_action: redirect\nlogin_tokens: null\npreserve_query_args: true\nredirect_uri: [\"http://example.com:8000/callback\"]")
	b := g.browser()
	one, two := b.redirected(b.get("/one?x=1")), b.redirected(b.get("/two"))
	_, answer := g.provider.Authorize(two)
	r := b.get("/callback?" + answer.Encode())
	if got := b.redirected(r); got != "http://example.com:8000/two" {
		t.Errorf("the second tab goes to %s", got)
	}
	if got := b.redirected(b.comeBack(one)); got != "http://example.com:8000/one?x=1" {
		t.Errorf("the first tab goes to %s", got)
	}
	before := g.provider.Calls("/token")
	r = b.get("/callback?" + answer.Encode() + "&keep=1") // back
	if r.Status != 303 || r.Get("Location") != "http://example.com:8000/callback?keep=1" || g.provider.Calls("/token") != before {
		t.Errorf("%d %s", r.Status, r.Header)
	}
	for range 12 { // tabs that are left alone do not pile cookies up
		b.get("/more")
	}
	if len(b.cookies) > 10 {
		t.Errorf("%d cookies", len(b.cookies))
	}
}

// An address that is long is come back to, and none is too long to begin a login.
func TestLongAddresses(t *testing.T) {
	g := start(t, "login_action: redirect\nlogin_tokens: []\npreserve_query_args: true\nredirect_uri: [\"http://example.com:8000/callback\"]")
	for _, c := range []struct{ target, want string }{
		{"/" + noise(1500) + "?q=" + noise(2000), "/" + noise(1500) + "?q=" + noise(2000)},
		{"/page?q=" + noise(50000), "/page"},
		{"/" + noise(50000), "/"},
	} {
		b := g.browser()
		if got := b.redirected(b.signIn(c.target)); got != "http://example.com:8000"+c.want {
			t.Errorf("%.20s: comes back to %.60s", c.target, got)
		}
		if len(b.cookies) != 1 {
			t.Errorf("%.20s: %d cookies are left", c.target, len(b.cookies))
		}
	}
}

func TestFormIsSentAgain(t *testing.T) {
	g := start(t, "")
	send := func(header ...string) *plugintest.Result {
		b := g.browser()
		return b.comeBack(b.redirected(b.send(plugintest.Request{Method: "POST", Target: "/form", Body: "a=1&b=%20",
			Header: append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)})))
	}
	r := send("Origin", "http://example.com:8000", "Sec-Fetch-Site", "same-origin")
	wantStatus(t, r, 200)
	if r.Upstream.Method != "POST" || r.Upstream.Body != "a=1&b=%20" || r.Upstream.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("%+v", r.Upstream)
	}
	// A form of another site must not gain the session that its cookie's SameSite keeps from it.
	for _, header := range [][]string{nil, {"Origin", "https://evil.example"}, {"Origin", "http://example.com:8000", "Sec-Fetch-Site", "cross-site"}, {"Origin", "null"}} {
		if r := send(header...); r.Upstream.Method != "GET" || r.Upstream.Body != "" {
			t.Errorf("%v: %+v", header, r.Upstream)
		}
	}
}

func TestLoginAction(t *testing.T) {
	g := start(t, "login_action: response\nlogin_tokens: [id_token, access_token, refresh_token, tokens]")
	r := g.browser().signIn("/")
	if r.Status != 200 || !r.Exited || !strings.Contains(r.Body, `"id_token":"`) || !strings.Contains(r.Body, `"tokens":{`) {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	g.with("login_action: redirect\nlogin_redirect_uri: [\"https://app.example/in?x=1\"]")
	if to := g.browser().signIn("/").Get("Location"); !strings.HasPrefix(to, "https://app.example/in?x=1#id_token=") {
		t.Errorf("to %s", to)
	}
	g.with("login_action: redirect\nlogin_redirect_mode: query\nlogin_redirect_uri: [\"https://app.example/in?x=1\"]")
	if to := g.browser().signIn("/").Get("Location"); !strings.HasPrefix(to, "https://app.example/in?x=1&id_token=") {
		t.Errorf("to %s", to)
	}
	g.with("login_action: redirect\nlogin_tokens: []")
	for path, want := range map[string]string{"//evil.com": "http://example.com:8000/evil.com", "/\\evil.com": "http://example.com:8000/evil.com",
		"/a b\"<": "http://example.com:8000/a%20b%22%3C"} {
		b := g.browser()
		location := b.redirected(b.get(path))
		_, answer := g.provider.Authorize(location)
		if to := b.get("/?" + answer.Encode()).Get("Location"); to != want {
			t.Errorf("%s: to %s", path, to)
		}
	}
}

func TestLogout(t *testing.T) {
	const after = "logout_uri_suffix: /logout\nlogout_methods: [GET, POST]\nlogout_redirect_uri: [\"https://app.example/bye\"]\n"
	for _, c := range []struct{ config, want string }{
		{after, "/logout?client_id=app&id_token_hint=ID&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye"},
		{after + "end_session_endpoint: https://x.auth.us-west-2.amazoncognito.com/logout",
			"https://x.auth.us-west-2.amazoncognito.com/logout?client_id=app&logout_uri=https%3A%2F%2Fapp.example%2Fbye"},
		{after + "end_session_endpoint: https://x.auth0.com/v2/logout",
			"https://x.auth0.com/v2/logout?client_id=app&returnTo=https%3A%2F%2Fapp.example%2Fbye"},
		{after + "session_storage: memory\nlogout_revoke: true", "/logout?client_id=app&id_token_hint=ID&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye"},
	} {
		g := start(t, c.config)
		b := g.browser()
		wantStatus(t, b.signIn("/"), 200)
		stolen := b.cookies["session"]
		r := b.get("/x/logout?post_logout_redirect_uri=https://evil.example")
		got, err := url.Parse(b.redirected(r))
		if err != nil {
			t.Fatal(err)
		}
		q := got.Query()
		if q.Has("id_token_hint") {
			claimsOf(t, q.Get("id_token_hint"))
			q.Set("id_token_hint", "ID")
		}
		got.RawQuery = q.Encode()
		if s := strings.TrimPrefix(got.String(), g.provider.URL); s != c.want {
			t.Errorf("%s: to %s", c.config, s)
		}
		if len(b.cookies) != 0 {
			t.Errorf("cookies left: %v", b.cookies)
		}
		if strings.Contains(c.config, "memory") {
			if r := g.ask("/", "Cookie", "session="+stolen); r.Status != 302 {
				t.Errorf("the old cookie still works: %d", r.Status)
			}
			if n := g.provider.Calls("/revoke"); n != 2 {
				t.Errorf("%d tokens revoked", n)
			}
		}
		if r := b.get("/logout"); r.Get("Location") == "" || r.Status != 302 {
			t.Errorf("logout without a session: %d", r.Status)
		}
	}
	g := start(t, "logout_query_arg: bye\nlogout_post_arg: out\nend_session_endpoint: null")
	g.provider.Document = func(doc map[string]any) { delete(doc, "end_session_endpoint") }
	b := g.browser()
	wantStatus(t, b.signIn("/"), 200)
	wantStatus(t, b.get("/?bye"), 200) // GET is not among logout_methods
	r := b.send(plugintest.Request{Method: "POST", Body: "out=1", Header: []string{"Content-Type", "application/x-www-form-urlencoded"}})
	if r.Status != 200 || !r.Exited || len(b.cookies) != 0 {
		t.Errorf("%d %v", r.Status, b.cookies)
	}
}

// Each provider is told in its own way where the user goes after a logout.
func TestLogoutDialects(t *testing.T) {
	const after = "https://app.example/bye"
	for _, c := range []struct{ issuer, endpoint, want string }{
		{"https://cognito-idp.us-west-2.amazonaws.com/us-west-2_abcDEF123", "https://x.auth.us-west-2.amazoncognito.com/logout", "logout_uri"},
		{"https://cognito-idp.us-west-2.amazonaws.com/us-west-2_abcDEF123", "https://login.example.com/logout", "logout_uri"}, // a domain of one's own
		{"http://localhost:9229/us-west-2_abcDEF123", "http://localhost:9229/logout", "logout_uri"},
		{"https://t.eu.auth0.com/", "https://t.eu.auth0.com/v2/logout", "returnTo"},
		{"https://t.auth0.com/", "https://t.auth0.com/oidc/logout", "post_logout_redirect_uri"},
		{"https://dev-1.okta.com/oauth2/default", "https://dev-1.okta.com/oauth2/default/v1/logout", "post_logout_redirect_uri"},
		{"https://login.microsoftonline.com/tenant/v2.0", "https://login.microsoftonline.com/tenant/oauth2/v2.0/logout", "post_logout_redirect_uri"},
		{"https://kc.example.com/realms/a", "https://kc.example.com/realms/a/protocol/openid-connect/logout", "post_logout_redirect_uri"},
	} {
		g := start(t, "using_pseudo_issuer: true\nissuer: "+c.issuer+"\nend_session_endpoint: "+c.endpoint+"\nauthorization_endpoint: https://x/a\ntoken_endpoint: https://x/t\n"+
			"logout_query_arg: bye\nlogout_methods: [GET]\nlogout_redirect_uri: ['"+after+"']")
		to, err := url.Parse(g.browser().redirected(g.ask("/?bye", "Accept", "text/html")))
		if err != nil {
			t.Fatal(err)
		}
		q := to.Query()
		to.RawQuery = ""
		if len(q) != 2 || q.Get("client_id") != oidctest.Client || q.Get(c.want) != after || to.String() != c.endpoint {
			t.Errorf("%s: to %s with %v, want %s", c.issuer, to, q, c.want)
		}
	}
}

func TestBackChannelLogout(t *testing.T) {
	for _, config := range []string{"logout_uri_suffix: /logout", "logout_uri_suffix: /logout\nsession_storage: memory"} {
		g := start(t, config)
		b := g.browser()
		wantStatus(t, b.signIn("/"), 200)
		call := func(token string) int {
			r := g.send(plugintest.Request{Method: "POST", Target: "/logout", Body: "logout_token=" + token,
				Header: []string{"Content-Type", "application/x-www-form-urlencoded"}})
			if !r.Exited || r.Get("Cache-Control") != "no-store" {
				t.Errorf("%d %s", r.Status, r.Header)
			}
			return r.Status
		}
		for name, bad := range map[string]string{
			"nonce":     g.provider.LogoutToken("nonce", "n"),
			"events":    g.provider.LogoutToken("events", map[string]any{"other": map[string]any{}}),
			"no events": g.provider.LogoutToken("events", nil),
			"aud":       g.provider.LogoutToken("aud", "other"),
			"iss":       g.provider.LogoutToken("iss", "https://other.example"),
			"no jti":    g.provider.LogoutToken("jti", nil),
			"neither":   g.provider.LogoutToken("sid", nil, "sub", nil),
			"old":       g.provider.LogoutToken("iat", 1),
			"access":    g.provider.Token(),
			"unsigned":  "e30.e30.",
		} {
			if status := call(bad); status != 400 {
				t.Errorf("%s: %d", name, status)
			}
		}
		wantStatus(t, b.get("/"), 200)
		token := g.provider.LogoutToken()
		if status := call(token); status != 200 {
			t.Errorf("logout: %d", status)
		}
		if r := b.get("/"); r.Status != 302 || len(b.cookies) != 1 {
			t.Errorf("after the logout: %d %v", r.Status, b.cookies)
		}
		if status := call(token); status != 400 {
			t.Errorf("again: %d", status)
		}
		g.clock.advance(time.Second)
		wantStatus(t, b.signIn("/"), 200) // a new session lives
		wantStatus(t, b.get("/"), 200)
		b.get("/logout?iss=" + url.QueryEscape(g.provider.URL) + "&sid=other")
		wantStatus(t, b.get("/"), 200)
		b.get("/logout?iss=" + url.QueryEscape(g.provider.URL) + "&sid=sid-1")
		if r := b.get("/"); r.Status != 302 {
			t.Errorf("after front-channel logout: %d", r.Status)
		}
	}
}

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
