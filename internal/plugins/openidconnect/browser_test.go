package openidconnect_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/oidc/oidctest"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
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
