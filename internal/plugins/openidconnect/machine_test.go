package openidconnect_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/oidc/oidctest"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

func TestBearer(t *testing.T) {
	g := start(t, "auth_methods: [bearer]")
	token := g.provider.Token()
	for range 3 {
		r := g.bearer(token)
		wantStatus(t, r, 200)
		if got := r.Upstream.Get("Authorization"); got != "Bearer "+token {
			t.Errorf("upstream got %q", got)
		}
		if r.Upstream.Get("X-Credential-Identifier") != oidctest.User || r.Exchange.Credential.ID != oidctest.User {
			t.Errorf("credential %+v, %s", r.Exchange.Credential, r.Upstream.Header)
		}
	}
	if n := g.provider.Calls("/keys"); n != 1 {
		t.Errorf("keys were fetched %d times", n)
	}
	g.clock.advance(301 * time.Second)
	r := g.bearer(token)
	wantStatus(t, r, 401)
	if got := r.Get("WWW-Authenticate"); !strings.HasPrefix(got, `Bearer realm="127.0.0.1`) || !strings.HasSuffix(got, `, error="invalid_token"`) {
		t.Errorf("challenge %q", got)
	}
	if !strings.Contains(r.Body, `"message":"Unauthorized"`) || r.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %s", r.Header, r.Body)
	}
	wantStatus(t, g.ask("/things"), 401)
	if got := g.ask("/things").Get("WWW-Authenticate"); strings.Contains(got, "error") {
		t.Errorf("challenge without credential: %q", got)
	}
}

func TestTokenPlaces(t *testing.T) {
	g := start(t, "auth_methods: [bearer]\nbearer_token_param_type: [header, query, body, cookie]\nbearer_token_cookie_name: tok")
	token := g.provider.Token()
	for name, in := range map[string]plugintest.Request{
		"case":    {Header: []string{"authorization", "bEaReR  \t" + token}},
		"own":     {Header: []string{"X-Access-Token", token}},
		"query":   {Target: "/x?a=1&access_token=" + token + "&b=2"},
		"form":    {Method: "POST", Body: "a=1&access_token=" + token, Header: []string{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
		"json":    {Method: "POST", Body: `{"a":1,"access_token":"` + token + `"}`, Header: []string{"Content-Type", "application/json"}},
		"cookie":  {Header: []string{"Cookie", "a=1; tok=" + token + "; b=2"}},
		"no body": {Method: "POST", Body: "null", Header: []string{"Content-Type", "application/json", "Authorization", "Bearer " + token}},
	} {
		r := g.send(in)
		if r.Status != 200 {
			t.Errorf("%s: %d", name, r.Status)
		}
		if strings.Contains(r.Upstream.Query+r.Upstream.Body+r.Upstream.Get("Cookie")+r.Upstream.Get("X-Access-Token"), token) {
			t.Errorf("%s: the token went upstream: %+v", name, r.Upstream)
		}
		if r.Upstream.Get("Authorization") != "Bearer "+token {
			t.Errorf("%s: %s", name, r.Upstream.Header)
		}
	}
	if got := g.send(plugintest.Request{Target: "/x?a=1&access_token=" + token + "&b=2"}).Upstream.Query; got != "a=1&b=2" {
		t.Errorf("query %q", got)
	}
}

func TestClientCredentials(t *testing.T) {
	g := start(t, "auth_methods: [client_credentials]\nscopes: [read]\nscopes_required: [read]")
	for name, in := range map[string]plugintest.Request{
		"basic": {Header: []string{"Authorization", basic(oidctest.Machine, oidctest.MachineKey)}},
		"plain": {Header: []string{"Authorization", "Basic " + oidctest.Machine + ":" + oidctest.MachineKey}},
		"query": {Target: "/x?client_id=" + oidctest.Machine + "&client_secret=" + oidctest.MachineKey},
		"body": {Method: "POST", Body: form("client_id", oidctest.Machine, "client_secret", oidctest.MachineKey),
			Header: []string{"Content-Type", "application/x-www-form-urlencoded"}},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				r := g.send(in)
				wantStatus(t, r, 200)
				if sub := claimsOf(t, r.Upstream.Get("Authorization"))["sub"]; sub != oidctest.Machine {
					t.Errorf("upstream sees %v", sub)
				}
				if strings.Contains(r.Upstream.Query+r.Upstream.Body, oidctest.MachineKey) {
					t.Errorf("secret went upstream: %+v", r.Upstream)
				}
			}
		})
	}
	if n := g.provider.Calls("/token"); n != 1 {
		t.Errorf("token endpoint was asked %d times", n)
	}
	// A wrong secret after a cached success.
	wantStatus(t, g.ask("/", "Authorization", basic(oidctest.Machine, "wrong")), 401)
	wantStatus(t, g.ask("/", "Authorization", basic(oidctest.Machine, oidctest.MachineKey)), 200)
	if n := g.provider.Calls("/token"); n != 2 {
		t.Errorf("token endpoint was asked %d times", n)
	}
	// Every character of a secret survives.
	wantStatus(t, g.ask("/", "Authorization", basic(oidctest.Client, oidctest.Secret)), 200)
	// The token ends: a new one is got.
	g.clock.advance(400 * time.Second)
	wantStatus(t, g.ask("/", "Authorization", basic(oidctest.Machine, oidctest.MachineKey)), 200)
	if n := g.provider.Calls("/token"); n != 4 {
		t.Errorf("token endpoint was asked %d times", n)
	}
}

// With the defaults a Basic credential may be a user's or a client's; a cached one asks nobody.
func TestBasicIsUserOrClient(t *testing.T) {
	g := start(t, "scopes: [read]\ndisable_session: [password]")
	for range 3 {
		r := g.ask("/", "Authorization", basic(oidctest.Machine, oidctest.MachineKey))
		wantStatus(t, r, 200)
		g.clock.advance(3 * time.Second)
	}
	if n := g.provider.Calls("/token"); n != 2 { // password, client credentials
		t.Errorf("token endpoint was asked %d times", n)
	}
	r := g.ask("/", "Authorization", basic(oidctest.User, oidctest.Password))
	wantStatus(t, r, 200)
	if sub := claimsOf(t, r.Upstream.Get("Authorization"))["sub"]; sub != oidctest.User {
		t.Errorf("sub %v", sub)
	}
	wantStatus(t, g.ask("/", "Authorization", basic(oidctest.User, "wrong")), 401)
}

// A machine's token is renewed in the background before it ends.
func TestEarlyRenewal(t *testing.T) {
	g := start(t, "auth_methods: [client_credentials]\nscopes: [read]")
	asked := make(chan bool, 8)
	g.provider.Access = func(map[string]any) { asked <- true }
	send := func() string {
		r := g.ask("/", "Authorization", basic(oidctest.Machine, oidctest.MachineKey))
		wantStatus(t, r, 200)
		return r.Upstream.Get("Authorization")
	}
	first := send()
	<-asked
	g.clock.advance(280 * time.Second)
	if send() != first {
		t.Error("the present token was not used")
	}
	<-asked
	for deadline := time.Now().Add(10 * time.Second); send() == first; {
		if time.Now().After(deadline) {
			t.Fatal("the new token was never used")
		}
	}
}

func TestGuessingIsBounded(t *testing.T) {
	g := start(t, "auth_methods: [client_credentials]\nscopes: [read]")
	for i := range 100 {
		wantStatus(t, g.ask("/", "Authorization", basic(oidctest.Machine, strings.Repeat("x", i+1))), 401)
	}
	if n := g.provider.Calls("/token"); n > 20 {
		t.Errorf("%d guesses reached the provider", n)
	}
	g.clock.advance(2 * time.Minute)
	wantStatus(t, g.ask("/", "Authorization", basic(oidctest.Machine, oidctest.MachineKey)), 200)
}

func TestIntrospection(t *testing.T) {
	for _, accept := range []string{"application/json", "application/token-introspection+jwt"} {
		g := start(t, "auth_methods: [introspection]\nintrospection_accept: "+accept+"\nupstream_introspection_header: x-intro")
		g.provider.Know("opaque", g.provider.Claims("username", "al"))
		for range 2 {
			r := g.bearer("opaque")
			wantStatus(t, r, 200)
			if r.Upstream.Get("X-Intro") == "" || r.Upstream.Get("Authorization") != "Bearer opaque" {
				t.Errorf("%s", r.Upstream.Header)
			}
		}
		wantStatus(t, g.bearer("unknown"), 401)
		wantStatus(t, g.bearer("unknown"), 401)
		if n := g.provider.Calls("/introspect"); n != 2 {
			t.Errorf("asked %d times", n)
		}
		if f := g.provider.Form("/introspect"); f.Get("token_type_hint") != "access_token" {
			t.Errorf("form %v", f)
		}
		g.clock.advance(301 * time.Second) // beyond exp
		wantStatus(t, g.bearer("opaque"), 401)
	}
}

func TestIntrospectJWTs(t *testing.T) {
	g := start(t, "auth_methods: [bearer, introspection]\nintrospect_jwt_tokens: true\ncache_introspection: false\ncredential_claim: [email]\nupstream_headers: [{header: X-Jti, path: [jti]}]")
	token := g.provider.Token()
	wantStatus(t, g.bearer(token), 401)
	g.provider.Know(token, map[string]any{"sub": "alice", "email": "a@b"})
	g.clock.advance(2 * time.Second)
	r := g.bearer(token)
	wantStatus(t, r, 200)
	if r.Upstream.Get("X-Credential-Identifier") != "a@b" || r.Upstream.Get("X-Jti") == "" {
		t.Errorf("%s", r.Upstream.Header)
	}
}

func TestUserinfo(t *testing.T) {
	for _, accept := range []string{"application/json", "application/jwt"} {
		g := start(t, "auth_methods: [userinfo]\nuserinfo_accept: "+accept+"\nupstream_user_info_header: x-userinfo\nupstream_headers: [{header: X-Mail, path: [email]}]")
		g.provider.Know("opaque", g.provider.Claims())
		for range 2 {
			r := g.bearer("opaque")
			wantStatus(t, r, 200)
			if r.Upstream.Get("X-Mail") != "alice@example.com" || r.Upstream.Get("X-Userinfo") == "" {
				t.Errorf("%s", r.Upstream.Header)
			}
		}
		if n := g.provider.Calls("/userinfo"); n != 1 {
			t.Errorf("asked %d times", n)
		}
		wantStatus(t, g.bearer("unknown"), 401)
	}
	g := start(t, "auth_methods: [bearer]\nsearch_user_info: true\nconsumer_claims: [[email]]\nconsumer_by: [username]\nby_username_ignore_case: true")
	token := g.provider.Token()
	g.provider.Know(token, map[string]any{"sub": "alice"})
	g.provider.Userinfo = map[string]any{"email": "ALICE"}
	r := g.bearer(token)
	wantStatus(t, r, 200)
	if r.Exchange.Consumer == nil || r.Exchange.Consumer.ID != alice.ID {
		t.Errorf("consumer %+v", r.Exchange.Consumer)
	}
}

func TestRefreshTokenGrant(t *testing.T) {
	g := start(t, "auth_methods: [refresh_token, password]\nrefresh_token_param_name: refresh\nupstream_refresh_token_header: x-refresh\ndisable_session: [password]")
	token := g.ask("/", "Authorization", basic(oidctest.User, oidctest.Password)).Upstream.Get("X-Refresh")
	r := g.ask("/x?refresh=Bearer%20" + token + "&a=1")
	wantStatus(t, r, 200)
	if r.Upstream.Query != "a=1" || claimsOf(t, r.Upstream.Get("Authorization"))["sub"] != oidctest.User {
		t.Errorf("%+v", r.Upstream)
	}
	wantStatus(t, g.ask("/", "refresh", "nonsense"), 401)
}

func TestClientAuthentication(t *testing.T) {
	jwk := oidctest.PrivateJWK(oidctest.SpareKey)
	for name, config := range map[string]string{
		"post":    "client_auth: [client_secret_post]",
		"basic":   "token_endpoint_auth_method: client_secret_basic",
		"secret":  "client_auth: [client_secret_jwt]",
		"private": "client_auth: [private_key_jwt]\nclient_jwk: [" + jwk + "]",
	} {
		g := start(t, "auth_methods: [password]\nsession_storage: memory\n"+config)
		r := g.ask("/", "Authorization", basic(oidctest.User, oidctest.Password))
		if r.Status != 200 {
			t.Errorf("%s: %d %s", name, r.Status, g.provider.Form("/token"))
		}
	}
}

// What an operator asks for is looked at with every request, whatever is cached.
func TestAuthorisation(t *testing.T) {
	g := prepare(t)
	token := g.provider.Token("scope", "read write", "aud", []any{"api", "app"}, "groups", []any{"staff"}, "realm", map[string]any{"roles": []any{"a", "b"}})
	for config, status := range map[string]int{
		"scopes_required: [read]":                                           200,
		`scopes_required: ["read write"]`:                                   200,
		`scopes_required: ["read admin"]`:                                   403,
		`scopes_required: [admin, write]`:                                   200,
		`scopes_required: [rea]`:                                            403,
		`scopes_required: [" "]`:                                            403,
		"audience_required: [api]":                                          200,
		"audience_required: [ap]":                                           403,
		"audience_claim: [sub]\naudience_required: [alice]":                 200,
		"groups_required: [staff]":                                          200,
		"groups_required: [boss]":                                           403,
		"roles_claim: [realm, roles]\nroles_required: [\"a b\"]":            200,
		"roles_claim: [realm, roles, \"2\"]\nroles_required: [b]":           200,
		"roles_claim: [realm, nothing]\nroles_required: [b]":                403,
		"claims_forbidden: [groups]":                                        403,
		"claims_forbidden: [nothing]":                                       200,
		"consumer_claims: [[sub]]":                                          200,
		"consumer_claims: [[nothing], [sub]]":                               200,
		"consumer_claims: [[scope]]":                                        403,
		"consumer_claims: [[scope]]\nconsumer_optional: true":               200,
		"consumer_claims: [[sub]]\nconsumer_by: [id, custom_id]":            403,
		"scopes_required: [admin]\nanonymous: guest":                        200,
		"scopes_required: [admin]\nforbidden_redirect_uri: [\"https://x\"]": 302,
	} {
		g.with("auth_methods: [bearer]\n" + config)
		for range 2 {
			r := g.bearer(token)
			if r.Status != status {
				t.Errorf("%s: %d, want %d", config, r.Status, status)
			}
			if r.Status == 403 && !strings.Contains(r.Body, "Forbidden") {
				t.Errorf("%s: %s", config, r.Body)
			}
			if challenge := r.Get("WWW-Authenticate"); r.Status == 403 && strings.HasPrefix(config, "scopes") != strings.Contains(challenge, "insufficient_scope") {
				t.Errorf("%s: %s", config, challenge)
			}
		}
	}
}

func TestIdentity(t *testing.T) {
	g := start(t, "auth_methods: [bearer]\nconsumer_claims: [[sub]]\nauthenticated_groups_claim: [groups]\nupstream_headers: [{header: X-Deep, path: [a, b]}, {header: X-List, path: [list]}]\nupstream_headers_names: [X-Old]\nupstream_headers_claims: [scope]\ndownstream_headers: [{header: X-Sub, path: [sub]}]")
	token := g.provider.Token("groups", []any{"staff", "boss"}, "a", map[string]any{"b": "deep"}, "list", []any{"x", "y"})
	spoofed := []string{"Authorization", "Bearer " + token}
	for _, name := range []string{"X-Consumer-ID", "x-consumer-username", "X_Consumer_Username", "X-Authenticated-Groups", "X_AUTHENTICATED_groups",
		"X-Anonymous-Consumer", "X-Credential-Identifier", "x_deep", "X-Old", "X-Missing", "X_Missing"} {
		spoofed = append(spoofed, name, "root")
	}
	r := g.ask("/", spoofed...)
	wantStatus(t, r, 200)
	for name, want := range map[string]string{"X-Consumer-ID": alice.ID, "X-Consumer-Username": "alice", "X-Consumer-Custom-ID": "c-1",
		"X-Authenticated-Groups": "staff, boss", "X-Deep": "deep", "X-List": "x,y", "X-Old": "openid read", "X-Missing": "root"} {
		if got := r.Upstream.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, line := range r.Upstream.Header {
		if strings.HasSuffix(line, ": root") && !strings.Contains(strings.ToLower(line), "missing") {
			t.Errorf("%s survived", line)
		}
	}
	if groups, _ := r.Exchange.Shared(plugin.AuthenticatedGroups).([]string); len(groups) != 2 {
		t.Errorf("groups %v", groups)
	}
	if claims, ok := r.Exchange.Shared(plugin.TokenClaims).(plugin.Claims); !ok || claims.Claim([]string{"sub"}) != "alice" || claims.Claim([]string{"no", "such"}) != nil {
		t.Errorf("claims %v", claims)
	}
	if r.Get("X-Sub") != "alice" {
		t.Errorf("downstream %s", r.Header)
	}
	// Without the claims, what the client sends under these names is gone all the same.
	r = g.bearer(g.provider.Token())
	if r.Upstream.Get("X-Deep")+r.Upstream.Get("X-Authenticated-Groups") != "" {
		t.Errorf("%s", r.Upstream.Header)
	}
}

func TestHideCredentials(t *testing.T) {
	g := start(t, "auth_methods: [bearer, client_credentials]\nhide_credentials: false\nupstream_access_token_header: null\nscopes: []")
	token := g.provider.Token()
	if r := g.ask("/x?access_token=" + token); r.Upstream.Query != "access_token="+token {
		t.Errorf("%+v", r.Upstream)
	}
	credential := basic(oidctest.Machine, oidctest.MachineKey)
	if r := g.ask("/", "Authorization", credential); r.Upstream.Get("Authorization") != credential {
		t.Errorf("%+v", r.Upstream)
	}
	if f := g.provider.Form("/token"); f.Has("scope") {
		t.Errorf("an empty list sends no scope; sent %v", f)
	}
}

func TestAnonymous(t *testing.T) {
	g := start(t, "auth_methods: [bearer]\nanonymous: guest")
	r := g.bearer("a.b.c")
	wantStatus(t, r, 200)
	if r.Upstream.Get("X-Anonymous-Consumer") != "true" || r.Upstream.Get("X-Consumer-Username") != "guest" {
		t.Errorf("%s", r.Upstream.Header)
	}
	g.with("auth_methods: [bearer]\nanonymous: guest\nupstream_headers: [{header: X-Team, path: [team]}]")
	r = g.send(plugintest.Request{Consumer: alice, Credential: plugin.Credential{ID: "k"}, Header: []string{"X-Team", "root", "x_team", "root"}})
	if r.Exchange.Consumer != alice || r.Upstream.Get("X-Consumer-Username") != "alice" {
		t.Error("another plugin's consumer was replaced")
	}
	if strings.Contains(strings.Join(r.Upstream.Header, "\n"), "root") {
		t.Errorf("forged: %s", r.Upstream.Header)
	}
	g.with("auth_methods: [bearer]\nanonymous: nobody")
	wantStatus(t, g.bearer("a.b.c"), 500)
}

func TestPreflight(t *testing.T) {
	g := start(t, "auth_methods: [bearer]\nrun_on_preflight: false")
	r := g.send(plugintest.Request{Method: "OPTIONS", Header: []string{"X-Consumer-Username", "root"}})
	if wantStatus(t, r, 200); r.Upstream.Get("X-Consumer-Username") != "" {
		t.Errorf("forged: %s", r.Upstream.Header)
	}
	wantStatus(t, g.send(plugintest.Request{Method: "options"}), 401)
	wantStatus(t, g.with("auth_methods: [bearer]").send(plugintest.Request{Method: "OPTIONS"}), 401)
}

// Several issuers on one route: each has keys, claims and names of users of its own.
func TestSeveralIssuers(t *testing.T) {
	g := prepare(t)
	partner := oidctest.New(t)
	partner.Now, partner.Signing, partner.Keys = g.clock.now, oidctest.SpareKey, map[string]any{oidctest.SpareKey: oidctest.Key(oidctest.SpareKey)}
	g.with(onlyBearer + "\nissuers_allowed: ['" + g.provider.URL + "', '" + partner.URL + "']\nroles_required: [staff]\nroles_claim: [roles]\n" +
		"consumer_claims: [[sub]]\nconsumer_optional: true\nauthenticated_groups_claim: [groups]\nupstream_headers: [{header: X-Team, path: [team]}]\n" +
		"issuer_claims: [{issuer: '" + partner.URL + "/', roles_claim: [realm, roles], consumer_claims: [[employee]], credential_claim: [employee], authenticated_groups_claim: [teams]}]")
	realm := map[string]any{"roles": []string{"staff"}}
	for name, c := range map[string]struct {
		token                      string
		status                     int
		consumer, id, groups, team string
	}{
		"ours":              {g.provider.Token("roles", "staff", "groups", "a", "team", "x"), 200, "alice", "alice", "a", "x"},
		"partner's":         {partner.Token("realm", realm, "employee", "alice", "teams", "b", "groups", "root"), 200, "alice", "alice", "b", ""},
		"partner's sub":     {partner.Token("realm", realm, "employee", "7"), 200, "", "7", "", ""}, // its alice is not ours
		"roles as ours":     {partner.Token("roles", "staff"), 403, "", "", "", ""},
		"roles as theirs":   {g.provider.Token("realm", realm), 403, "", "", "", ""},
		"keys of the other": {partner.Token("iss", g.provider.URL, "roles", "staff"), 401, "", "", "", ""},
	} {
		r := g.bearer(c.token)
		if r.Status != c.status {
			t.Errorf("%s: %d, want %d", name, r.Status, c.status)
			continue
		}
		if r.Status != 200 {
			continue
		}
		consumer := ""
		if r.Exchange.Consumer != nil {
			consumer = r.Exchange.Consumer.Username
		}
		if consumer != c.consumer || r.Exchange.Credential.ID != c.id || r.Upstream.Get("X-Authenticated-Groups") != c.groups || r.Upstream.Get("X-Team") != c.team {
			t.Errorf("%s: consumer %q, credential %+v; upstream got %s", name, consumer, r.Exchange.Credential, r.Upstream.Header)
		}
	}
}

func TestTokenExchange(t *testing.T) {
	const config = `auth_methods: [bearer]
token_exchange:
  subject_token_issuers:
  - issuer: https://other.example.com
    verify_signature: %s
    jwks_uri: %s/other-keys
    conditions: {has_scopes: [read]}
  request: {audience: [api], scopes: [narrow]}
`
	g := prepare(t)
	g.provider.Bend["/other-keys"] = func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(`{"keys":[` + oidctest.PublicJWK(oidctest.SpareKey) + `]}`))
	}
	for _, verify := range []string{"false", "true"} {
		g.with(strings.NewReplacer("%s/", g.provider.URL+"/", "%s", verify).Replace(config))
		foreign := func(more ...any) string {
			return oidctest.Sign("RS256", oidctest.Key(oidctest.SpareKey), map[string]any{"kid": oidctest.SpareKey},
				g.provider.Claims(append([]any{"iss", "https://other.example.com"}, more...)...))
		}
		before := g.provider.Calls("/token")
		token := foreign()
		for range 2 {
			r := g.bearer(token)
			wantStatus(t, r, 200)
			if c := claimsOf(t, r.Upstream.Get("Authorization")); c["exchanged"] != true || c["scope"] != "narrow" {
				t.Errorf("%v", c)
			}
		}
		if n := g.provider.Calls("/token") - before; n != 1 {
			t.Errorf("asked %d times", n)
		}
		wantStatus(t, g.bearer(foreign("scope", "write")), 401)
		wantStatus(t, g.bearer(foreign("iss", "https://third.example.com")), 401)
		wantStatus(t, g.bearer(foreign("exp", 1)), 401)
		wantStatus(t, g.bearer(g.provider.Token()), 200) // our own are not exchanged
		forged := oidctest.Sign("HS256", []byte("k"), nil, g.provider.Claims("iss", "https://other.example.com"))
		g.provider.Bend["/token"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400) }
		wantStatus(t, g.bearer(forged), 401)
		delete(g.provider.Bend, "/token")
		g.provider.Access = func(claims map[string]any) { claims["iss"] = "https://other.example.com" }
		wantStatus(t, g.bearer(foreign("jti", "another")), 401)
		g.provider.Access = nil
	}
	g.provider.Bend["/swap"] = func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" && strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
			w.Write([]byte("fresh-token\n"))
		}
	}
	g.with("auth_methods: [bearer]\ntoken_exchange_endpoint: " + g.provider.URL + "/swap")
	if r := g.bearer(g.provider.Token()); r.Upstream.Get("Authorization") != "Bearer fresh-token" {
		t.Errorf("%d %s", r.Status, r.Upstream.Header)
	}
}

// Of many requests that need the same answer of the provider at once, one asks.
func TestOneCall(t *testing.T) {
	g := start(t, "auth_methods: [introspection, client_credentials]\nscopes: []")
	g.provider.Know("opaque", g.provider.Claims())
	let, arrived := make(chan bool), make(chan bool, 40)
	hold := func(map[string]any) { arrived <- true; <-let }
	g.provider.Introspection, g.provider.Access = hold, hold
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			header := "Bearer opaque"
			if i%2 == 0 {
				header = basic(oidctest.Machine, oidctest.MachineKey)
			}
			if r := g.Run(plugintest.Request{Header: []string{"Authorization", header}}, plugintest.Reply{}); r.Status != 200 {
				t.Errorf("%d %v", r.Status, r.Err)
			}
		})
	}
	<-arrived
	<-arrived
	close(let)
	all.Wait()
	if a, b := g.provider.Calls("/introspect"), g.provider.Calls("/token"); a != 1 || b != 1 {
		t.Errorf("asked %d and %d times", a, b)
	}
}
