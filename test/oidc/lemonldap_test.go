package oidc_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/gibbontest"
)

// lemonldapRoutes are paths, their clients' ids too, with what the plugin is configured with and what the portal knows of the client.
var lemonldapRoutes = []struct {
	name, config string
	client       party // nil: the client machine
}{
	{"app", "session_storage: memory, logout_query_arg: logout, logout_methods: [GET], search_user_info: true, upstream_headers: [{header: X-Mail, path: [email]}]", party{"RequirePKCE": 1}},
	{"front", "logout_uri_suffix: /logout", party{}},
	{"form", "response_mode: form_post", party{}},
	{"post", "client_auth: [client_secret_post]", party{}},
	{"jwt", "", party{"AccessTokenJWT": 1, "AccessTokenSignAlg": "RS256"}},
	{"strong", "search_user_info: true, upstream_headers: [{header: X-Mail, path: [email]}]", party{"IDTokenSignAlg": "RS512", "UserInfoSignAlg": "RS384"}},
	{"hs", "enable_hs_signatures: true", party{"IDTokenSignAlg": "HS256"}},
	{"jar", "require_signed_request_object: true, client_alg: [HS256]", party{}},
	{"brief", "session_storage: memory, upstream_refresh_token_header: x-refresh", party{"AccessTokenExpiration": 2}},
	{"offline", "scopes: [openid, offline_access], authorization_query_args_names: [prompt], authorization_query_args_values: [consent], upstream_refresh_token_header: x-refresh", party{"AllowOffline": 1, "RefreshToken": 0}},
	{"machine", "auth_methods: [client_credentials]", party{"AllowClientCredentialsGrant": 1, "AccessTokenJWT": 1, "AccessTokenSignAlg": "RS256"}},
	{"password", "auth_methods: [password]", party{"AllowPasswordGrant": 1}},
	{"bearer", "auth_methods: [bearer], audience_required: [machine, jwt]", nil},
	{"asked", "auth_methods: [introspection]", nil},
	{"userinfo", "auth_methods: [userinfo]", nil},
}

// LemonLDAP::NG has opaque access tokens unless it is told otherwise, an issuer that ends with a slash, and no session in its ID tokens.
func TestLemonldap(t *testing.T) {
	if testing.Short() {
		return // starts the portal
	}
	plackup, err := exec.LookPath("plackup")
	for _, module := range []string{"Lemonldap/NG/Portal.pm", "String/Random.pm", "IO/String.pm"} {
		if err == nil {
			_, err = os.Stat("/usr/share/perl5/" + module)
		}
	}
	if err != nil {
		t.Logf("LemonLDAP::NG is not installed: nothing is tested (%v)", err)
		return
	}
	proxy := freeAddress(t)
	parties := map[string]party{}
	for _, r := range lemonldapRoutes {
		if r.client == nil {
			continue
		}
		p := party{"ClientID": r.name, "ClientSecret": secret, "RedirectUris": "http://" + proxy + "/" + r.name + "/callback", "UserIDAttr": "uid",
			"PostLogoutRedirectUris": "http://" + proxy + "/bye", "IDTokenSignAlg": "RS256", "RefreshToken": 1}
		maps.Copy(p, r.client)
		parties[r.name] = p
	}
	parties["front"]["LogoutUrl"], parties["front"]["LogoutType"], parties["front"]["LogoutSessionRequired"] = "http://"+proxy+"/front/logout", "front", 1
	s := &setting{issuer: startLemonldap(t, plackup, parties), upstream: gibbontest.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "upstream %s", r.URL.Path) })}
	var b strings.Builder
	fmt.Fprintf(&b, "_format_version: \"3.0\"\nservices:\n- name: up\n  url: %s\n  routes:\n  - {name: bye, paths: [/bye]}\n", s.upstream.URL)
	for _, r := range lemonldapRoutes {
		client, config := r.name, r.config
		if r.client == nil {
			client = "machine"
		}
		if !strings.Contains(config, "scopes: ") {
			config = strings.TrimPrefix(config+", scopes: [openid, email]", ", ")
		}
		fmt.Fprintf(&b, `  - name: %[1]s
    paths: [/%[1]s]
    strip_path: false
    plugins:
    - name: openid-connect
      config: {issuer: %[2]q, client_id: [%[3]s], client_secret: [%[4]s], session_secret: s3cret-%[1]s, redirect_uri: ["http://%[5]s/%[1]s/callback"], session_cookie_path: /%[1]s,
        login_action: redirect, login_tokens: null, logout_redirect_uri: ["http://%[5]s/bye"], preserve_query_args: true, %[6]s}
`, r.name, s.issuer, client, secret, proxy, config)
	}
	s.gateway = gibbontest.Start(t, b.String(), map[string]string{"proxy_listen": proxy})

	for _, name := range []string{"app", "front", "form", "post", "jwt", "strong", "hs", "jar", "offline"} {
		t.Run("login "+name, func(t *testing.T) {
			last := s.signIn(newUser(t), name)
			if last.Get("X-Credential-Identifier") != "rtyler" || (name == "app" || name == "strong") && last.Get("X-Mail") != "rtyler@badwolf.org" ||
				name == "offline" && last.Get("X-Refresh") == "" {
				t.Errorf("upstream got %v", last)
			}
		})
	}
	t.Run("tokens", s.lemonldapTokens)
	t.Run("refresh", func(t *testing.T) { s.refresh(newUser(t), "brief", false) })
	t.Run("logout", func(t *testing.T) {
		u := newUser(t)
		for _, name := range []string{"app", "front", "jwt"} {
			s.enter(u, name)
		}
		if u.asked != 1 {
			t.Errorf("asked %d times for name and password", u.asked)
		}
		s.leave(u, "app", s.gateway.Proxy+"/bye")
		for _, name := range []string{"app", "front"} { // here, by the browser
			s.left(u, name)
		}
		u.asked = 0
		s.signIn(u, "app")
	})
}

func (s *setting) lemonldapTokens(t *testing.T) {
	opaque, signed := s.enter(newUser(t), "app").Get("Authorization"), s.enter(newUser(t), "jwt").Get("Authorization")
	if strings.Count(opaque, ".") != 0 || strings.Count(signed, ".") != 2 {
		t.Errorf("tokens %q and %q", opaque, signed)
	}
	for _, c := range []struct {
		path, authorization string
		status              int
	}{
		{"/machine/x", basic("machine", secret), 200}, {"/machine/x", basic("machine", "wrong"), 401}, {"/machine/x", basic("app", secret), 401},
		{"/password/x", basic("rtyler", "rtyler"), 200}, {"/password/x", basic("rtyler", "wrong"), 401},
		{"/bearer/x", signed, 200}, {"/bearer/x", opaque, 401}, {"/bearer/x", signed[:len(signed)-4] + "AAAA", 401},
		{"/asked/x", signed, 200}, {"/asked/x", opaque, 200}, {"/asked/x", opaque + "a", 401}, {"/asked/x", "Bearer nonsense", 401},
		{"/userinfo/x", opaque, 200}, {"/userinfo/x", "Bearer nonsense", 401},
	} {
		if status, body := s.ask(t, c.path, "Authorization", c.authorization); status != c.status {
			t.Errorf("%s %.30s: %d %s", c.path, c.authorization, status, body)
		}
	}
}
