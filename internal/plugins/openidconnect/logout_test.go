package openidconnect_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/oidc/oidctest"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

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
