package oidc_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/gibbontest"
)

// glewlwydRoutes are paths, their clients' ids too, with what the plugin is configured with and what the client is.
var glewlwydRoutes = []struct {
	name, config string
	client       map[string]any
}{
	{"app", "session_storage: memory, logout_query_arg: logout, logout_methods: [GET], logout_uri_suffix: /logout, search_user_info: true, upstream_headers: [{header: X-Mail, path: [email]}], session_store_metadata: true", map[string]any{}},
	{"front", "session_storage: memory, logout_uri_suffix: /logout", map[string]any{}},
	{"form", "response_mode: form_post", map[string]any{}},
	{"jarm", "response_mode: query.jwt", map[string]any{}},
	{"post", "client_auth: [client_secret_post], logout_query_arg: logout, logout_methods: [GET]", map[string]any{"token_endpoint_auth_method": []string{"client_secret_post"}}},
	{"sjwt", "client_auth: [client_secret_jwt]", map[string]any{"token_endpoint_auth_method": []string{"client_secret_jwt"}}},
	{"pjwt", "client_auth: [private_key_jwt]", map[string]any{"token_endpoint_auth_method": []string{"private_key_jwt"}}},
	{"par", "require_pushed_authorization_requests: true", map[string]any{}},
	{"jar", "client_auth: [client_secret_jwt], require_signed_request_object: true", map[string]any{"token_endpoint_auth_method": []string{"client_secret_jwt"}}},
	{"brief", "session_storage: memory, upstream_refresh_token_header: x-refresh", map[string]any{}},
	{"machine", "auth_methods: [client_credentials], scopes: [read], scopes_required: [read]", map[string]any{}},
	{"other", "auth_methods: [client_credentials], scopes: [openid], scopes_required: [read]", map[string]any{"scope": []string{"openid"}}},
	{"password", "auth_methods: [password], scopes: [openid, read]", map[string]any{}},
	{"bearer", "auth_methods: [bearer], scopes_required: [read]", map[string]any{"client_id": "machine"}},
	{"asked", "auth_methods: [introspection]", map[string]any{"client_id": "machine"}},
	{"asserted", "auth_methods: [introspection], client_auth: [client_secret_jwt]", map[string]any{"client_id": "sjwt"}},
	// Signed answers about a token are not for who asks but for whom the token is for: its scopes.
	{"signed", "auth_methods: [introspection], introspection_accept: application/token-introspection+jwt", map[string]any{"client_id": "read"}},
	{"userinfo", "auth_methods: [userinfo]", map[string]any{"client_id": "machine"}},
	{"bound", "auth_methods: [bearer], proof_of_possession_dpop: strict", map[string]any{"dpop_bound": "1"}},
}

// Glewlwyd's access tokens are JWTs without a type of their own, its issuers lie under a path, and it wants PKCE.
func TestGlewlwyd(t *testing.T) {
	if testing.Short() {
		return // starts glewlwyd
	}
	program, err := exec.LookPath("glewlwyd")
	for _, file := range []string{glewlwydTables, glewlwydPages + "/login.html"} {
		if err == nil {
			_, err = os.Stat(file)
		}
	}
	if err != nil {
		t.Logf("glewlwyd is not installed: nothing is tested (%v)", err)
		return
	}
	g := startGlewlwyd(t, program)
	g.settle()
	proxy := freeAddress(t)
	s := &setting{issuer: g.url + "/api/oidc", upstream: gibbontest.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "upstream %s", r.URL.Path) })}
	var b strings.Builder
	fmt.Fprintf(&b, "_format_version: \"3.0\"\nservices:\n- name: up\n  url: %s\n  routes:\n  - {name: bye, paths: [/bye]}\n", s.upstream.URL)
	for _, r := range glewlwydRoutes {
		issuer, client := s.issuer, r.name
		if r.name == "brief" || r.name == "form" {
			issuer = g.url + "/api/brief"
		}
		if id, there := r.client["client_id"].(string); there {
			client = id
		}
		config := r.config
		if !strings.Contains(config, " scopes: ") {
			config += ", scopes: [openid, read]"
		}
		if r.name == "app" { // glewlwyd leads back from its logout only those that bring a state
			config += fmt.Sprintf(", end_session_endpoint: %q", s.issuer+"/end_session?state=out")
		}
		fmt.Fprintf(&b, `  - name: %[1]s
    paths: [/%[1]s]
    strip_path: false
    plugins:
    - name: openid-connect
      config: {issuer: %[2]q, client_id: [%[3]q], client_secret: [%[4]s], session_secret: s3cret-%[1]s, redirect_uri: ["http://%[5]s/%[1]s/callback"], session_cookie_path: /%[1]s,
        login_action: redirect, login_tokens: null, logout_redirect_uri: ["http://%[5]s/bye"], preserve_query_args: true, %[6]s}
`, r.name, issuer, client, secret, proxy, config)
	}
	s.gateway = gibbontest.Start(t, b.String(), map[string]string{"proxy_listen": proxy})
	for _, r := range glewlwydRoutes {
		if id, there := r.client["client_id"]; !there || id == "read" {
			doc := map[string]any{"redirect_uri": []string{s.gateway.Proxy + "/" + r.name + "/callback"}, "post_logout_redirect_uris": []string{s.gateway.Proxy + "/bye"}}
			switch r.name {
			case "app":
				doc["backchannel_logout_uri"], doc["backchannel_logout_session_required"] = s.gateway.Proxy+"/app/logout", "1"
			case "front":
				doc["frontchannel_logout_uri"], doc["frontchannel_logout_session_required"] = s.gateway.Proxy+"/front/logout", "1"
			case "pjwt":
				doc["jwks_uri"] = s.gateway.Admin + "/openid-connect/jwks"
			}
			for k, v := range r.client {
				doc[k] = v
			}
			g.client(r.name, doc)
		}
	}
	newcomer := func(t *testing.T) *user {
		u := newUser(t)
		u.page = g.page
		return u
	}
	for _, name := range []string{"app", "front", "form", "jarm", "post", "sjwt", "pjwt", "par", "jar", "brief"} {
		t.Run("login "+name, func(t *testing.T) {
			last := s.signIn(newcomer(t), name)
			if name == "app" && last.Get("X-Mail") != "alice@example.com" {
				t.Errorf("upstream got %v", last)
			}
		})
	}
	t.Run("tokens", func(t *testing.T) { s.glewlwydTokens(t, newcomer(t)) })
	t.Run("DPoP", s.proof)
	t.Run("refresh", func(t *testing.T) { s.refresh(newcomer(t), "brief", true) })
	t.Run("browser", func(t *testing.T) { s.script(t, "glewlwyd.mjs") })
	t.Run("logout", func(t *testing.T) {
		u := newcomer(t)
		for _, name := range []string{"app", "front", "post"} {
			s.enter(u, name)
		}
		s.leave(u, "post", g.url+"/login.html?")
		for _, name := range []string{"post", "front", "app"} { // here, by the browser, by the back channel
			s.left(u, name)
		}
		u.asked = 0
		s.signIn(u, "app")
		s.leave(u, "app", s.gateway.Proxy+"/bye?state=out")
		s.left(u, "app")
	})
}

func (s *setting) glewlwydTokens(t *testing.T, u *user) {
	users := s.signIn(u, "app").Get("Authorization")
	if status, body := s.ask(t, "/machine/x", "Authorization", basic("machine", secret)); status != 200 {
		t.Fatalf("client credentials: %d %s", status, body)
	}
	seen := s.upstream.Seen()
	machines := seen[len(seen)-1].Header.Get("Authorization")
	for _, c := range []struct {
		path, authorization string
		status              int
	}{
		{"/machine/x", basic("machine", secret), 200}, {"/machine/x", basic("machine", "wrong"), 401}, {"/machine/x", basic("nobody", secret), 401},
		{"/other/x", basic("other", secret), 403}, // its tokens are not for read
		{"/password/x", basic("alice", "wonderland"), 200}, {"/password/x", basic("alice", "wrong"), 401},
		{"/bearer/x", users, 200}, {"/bearer/x", machines, 200}, {"/bearer/x", machines[:len(machines)-4] + "AAAA", 401}, {"/bearer/x", "Bearer nonsense", 401},
		{"/asked/x", machines, 200}, {"/asked/x", "Bearer nonsense", 401},
		{"/asked/x", users, 401}, // which another client has got
		{"/signed/x", "Bearer " + s.token(t, "read", ""), 200}, {"/asserted/x", users, 200}, {"/asserted/x", "Bearer nonsense", 401},
		{"/signed/x", users, 401}, {"/signed/x", "Bearer nonsense", 401},
		{"/userinfo/x", users, 200}, {"/userinfo/x", "Bearer nonsense", 401},
	} {
		if status, body := s.ask(t, c.path, "Authorization", c.authorization); status != c.status {
			t.Errorf("%s %.30s: %d %s", c.path, c.authorization, status, body)
		}
	}
}
