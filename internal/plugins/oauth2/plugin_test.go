package oauth2_test

import (
	"encoding/base64"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/plugins/oauth2"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

func TestReadme(t *testing.T) { stage.Readme(t, "README.md", oauth2.Type) }

func TestSchema(t *testing.T) { stage.Schema(t, oauth2.Type) }

func TestBadConfig(t *testing.T) {
	const flows = "at least one of these fields must be true: enable_authorization_code, enable_implicit_grant, enable_client_credentials, enable_password_grant"
	stage.BadConfig(t, oauth2.Type, []stage.Bad{
		{Config: `{}`, Want: "config: " + flows},
		{Config: `{enable_password_grant: true, mandatory_scope: true}`, Want: "config.scopes: required field missing"},
		{Config: `{enable_password_grant: true, pkce: some}`, Want: "config.pkce: expected one of: none, lax, strict"},
		{Config: `{enable_password_grant: true, refresh_token_ttl: 100000001}`, Want: "config.refresh_token_ttl: value should be between 0 and 100000000"},
		{Config: `{enable_password_grant: 1}`, Want: "config.enable_password_grant: expected a boolean"},
	})
}

// Kong's answers, in its words.
func TestRefusals(t *testing.T) {
	k := newKit(t)
	p := k.plugin("")
	must := k.plugin("mandatory_scope: true")
	few := k.Instance(t, oauth2.Type, `{provision_key: prov, enable_authorization_code: true}`)
	basic := func(pair string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)) }
	badURI := "Invalid redirect_uri that does not match with any redirect_uri created with the application"
	for _, c := range []struct {
		p      *plugintest.Instance
		path   string
		in     form
		status int
		code   string
		text   string
		where  string // what a redirect_uri begins with, "" for none
	}{
		{p, "authorize", agreed.with("provision_key", "x"), 400, "invalid_provision_key", "Invalid provision_key", ""},
		{p, "authorize", agreed.with("provision_key", "-"), 400, "invalid_provision_key", "Invalid provision_key", ""},
		{p, "authorize", agreed.with("authenticated_userid", " "), 400, "invalid_authenticated_userid", "Missing authenticated_userid parameter", ""},
		{p, "authorize", agreed.with("client_id", "none"), 400, "invalid_client", "Invalid client authentication", ""},
		{p, "authorize", agreed.with("client_id", "machine"), 400, "invalid_client", "Invalid client authentication", ""},
		{p, "authorize", agreed.with("client_id", "empty"), 400, "invalid_request", badURI, ""},
		{p, "authorize", agreed.with("response_type", "id_token"), 400, "unsupported_response_type", "Invalid response_type", "http://app.test/back?"},
		{few, "authorize", agreed.with("response_type", "token", "scope", "-"), 400, "unsupported_response_type", "Invalid response_type", "http://app.test/back?"},
		{p, "authorize", agreed.with("scope", "email wot"), 400, "invalid_scope", `"wot" is an invalid scope`, "http://app.test/back?"},
		{must, "authorize", agreed.with("scope", "-"), 400, "invalid_scope", "You must specify a scope", "http://app.test/back?"},
		{must, "authorize", agreed.with("scope", " "), 400, "invalid_scope", "You must specify a scope", "http://app.test/back?"},
		{p, "authorize", agreed.with("redirect_uri", "http://evil.test/"), 400, "invalid_request", badURI, "http://app.test/back?"},
		{p, "authorize", agreed.with("redirect_uri", "http://app.test/other/"), 400, "invalid_request", badURI, "http://app.test/back?"},
		{p, "authorize", agreed.with("redirect_uri", "http://app.test/other?a"), 400, "invalid_request", badURI, "http://app.test/back?"},
		{p, "authorize", agreed.with("client_id", "public"), 400, "invalid_request", "code_challenge is required for public clients", "http://app.test/back?"},
		{p, "authorize", agreed.with("code_challenge_method", "S256"), 400, "invalid_request", "code_challenge is required when code_method is present", "http://app.test/back?"},
		{p, "authorize", agreed.with("code_challenge", "x", "code_challenge_method", "plain"), 400, "invalid_request", "code_challenge_method is not supported, must be S256", "http://app.test/back?"},

		{p, "token", asks.with("grant_type", "-"), 400, "unsupported_grant_type", "Invalid grant_type", ""},
		{few, "token", itself, 400, "unsupported_grant_type", "Invalid grant_type", ""},
		{few, "token", signed, 400, "unsupported_grant_type", "Invalid grant_type", ""},
		{p, "token", asks, 400, "invalid_request", "Invalid code", ""},
		{p, "token", asks.with("code", "nope"), 400, "invalid_request", "Invalid code", ""},
		{p, "token", asks.with("client_secret", "wrong"), 400, "invalid_client", "Invalid client authentication", ""},
		{p, "token", asks.with("client_secret", "-"), 400, "invalid_client", "Invalid client authentication", ""},
		{p, "token", asks.with("client_id", "-", "client_secret", "-", "Authorization", basic("app:wrong")), 401, "invalid_client", "Invalid client authentication", ""},
		{p, "token", asks.with("client_id", "-", "client_secret", "-", "Authorization", basic("none:x")), 401, "invalid_client", "Invalid client authentication", ""},
		{p, "token", asks.with("client_id", "-", "client_secret", "-", "Authorization", "Basic ==="), 401, "invalid_client", "Invalid client authentication", ""},
		{p, "token", asks.with("client_id", "-", "client_secret", "-", "Authorization", "Bearer x"), 401, "invalid_client", "Invalid client authentication", ""},
		{p, "token", asks.with("redirect_uri", "http://evil.test/"), 400, "invalid_request", badURI, ""},
		{p, "token", signed.with("client_id", "machine"), 400, "invalid_client", "Invalid client authentication", ""},
		{p, "token", signed.with("provision_key", "x"), 400, "invalid_provision_key", "Invalid provision_key", ""},
		{p, "token", signed.with("authenticated_userid", "-"), 400, "invalid_authenticated_userid", "Missing authenticated_userid parameter", ""},
		{p, "token", signed.with("scope", "wot"), 400, "invalid_scope", `"wot" is an invalid scope`, ""},
		{p, "token", itself.with("authenticated_userid", "u"), 400, "invalid_provision_key", "Invalid provision_key", ""},
		{p, "token", itself.with("client_id", "none"), 400, "invalid_client", "Invalid client authentication", ""},
		{p, "token", itself.with("client_id", "hashed", "client_secret", "wrong"), 400, "invalid_client", "Invalid client authentication", ""},
		{p, "token", itself.with("client_id", "public"), 400, "invalid_request", "client_secret is disallowed for public clients", ""},
		{p, "token", itself.with("client_id", "public", "client_secret", "-"), 400, "unauthorized_client", "client_credentials is disallowed for public clients", ""},
		{must, "token", itself.with("scope", "-"), 400, "invalid_scope", "You must specify a scope", ""},
		{p, "token", asks.with("grant_type", "refresh_token", "refresh_token", "nope"), 400, "invalid_request", "Invalid refresh_token", ""},
		{p, "token", asks.with("grant_type", "refresh_token"), 400, "invalid_request", "Invalid refresh_token", ""},
	} {
		r := k.post(c.p, "/things/oauth2/"+c.path, c.in.with("state", "s t"))
		name, get := c.path+" "+c.in["grant_type"]+" "+c.text, r.text
		if c.where != "" {
			get = r.back
			if !strings.HasPrefix(r.text("redirect_uri"), c.where) {
				t.Errorf("%s: sent to %s", name, r.text("redirect_uri"))
			}
		}
		if r.Status != c.status || get("error") != c.code || get("error_description") != c.text || get("state") != "s t" {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
		if r.Get("Cache-Control") != "no-store" || r.Get("Pragma") != "no-cache" {
			t.Errorf("%s: %q", name, r.Header)
		}
		if want := map[bool]string{true: `Basic realm="OAuth2.0"`}[c.status == 401]; r.Get("WWW-Authenticate") != want {
			t.Errorf("%s: challenge %q, want %q", name, r.Get("WWW-Authenticate"), want)
		}
	}
	if n := k.rows("oauth2_tokens") + k.rows("oauth2_authorization_codes"); n != 0 {
		t.Errorf("%d tokens and codes were issued", n)
	}
}

// A client is identified by what Kong's fields say.
func TestLetIn(t *testing.T) {
	k := newKit(t)
	p := k.plugin("")
	r := k.post(p, "/things/oauth2/token/", signed)
	if r.Status != 200 || r.text("token_type") != "bearer" || r.doc["expires_in"] != 7200.0 || r.text("refresh_token") == "" || len(r.doc) != 4 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	token := r.text("access_token")
	in := plugintest.Request{Target: "/things?a=1", Service: k.here, Header: []string{"Authorization", "bearer  " + token, "X-Authenticated-Scope", "root",
		"X-Authenticated-UserId", "root", "X-Anonymous-Consumer", "true"}}
	up := k.run(p, in).Upstream
	for name, want := range map[string]string{"X-Consumer-ID": k.ann.ID, "X-Consumer-Username": "ann", "X-Consumer-Custom-ID": "c-1", "X-Credential-Identifier": "app",
		"X-Authenticated-Scope": "email profile", "X-Authenticated-UserId": "u-1", "X-Anonymous-Consumer": "", "Authorization": "bearer  " + token} {
		if got := up.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	hiding := k.plugin("hide_credentials: true")
	for _, c := range []struct{ method, target, field, media, body, query, sent string }{
		{"GET", "/", "Bearer " + token, "", "", "", ""},
		{"GET", "/", "Token " + token, "", "", "", ""},
		{"GET", "/", token, "", "", "", ""},
		{"GET", "/?a=1&access_token=" + token, "", "", "", "a=1", ""},
		{"POST", "/", "", "application/x-www-form-urlencoded", "b=1&access_token=" + token, "", "b=1"},
		{"PUT", "/", "", "application/json", `{"access_token":"` + token + `","n":1.50}`, "", `{"n":1.50}`},
	} {
		in := plugintest.Request{Method: c.method, Target: c.target, Service: k.here, Body: c.body}
		if c.field != "" {
			in.Header = append(in.Header, "Authorization", c.field)
		}
		if c.media != "" {
			in.Header = append(in.Header, "Content-Type", c.media)
		}
		r := k.run(hiding, in)
		if r.Exited || r.Upstream.Get("Authorization") != "" || r.Upstream.Query != c.query || r.Upstream.Body != c.sent || r.Upstream.Get("X-Consumer-ID") == "" {
			t.Errorf("%s %s: %d %s, upstream %+v", c.method, c.target, r.Status, r.Body, r.Upstream)
		}
	}
}

func TestTurnedAway(t *testing.T) {
	k := newKit(t)
	p := k.plugin("realm: r")
	token := k.post(p, "/oauth2/token", itself).text("access_token")
	global := k.plugin("global_credentials: true")
	everywhere := k.post(global, "/oauth2/token", itself).text("access_token")
	const over = "The access token is invalid or has expired"
	bad := func(what string, r *reply, code, text string) {
		t.Helper()
		challenge := `Bearer realm="r"`
		if code == "invalid_token" {
			challenge += ` error="invalid_token" error_description="` + over + `"`
		}
		if r.Status != 401 || r.text("error") != code || r.text("error_description") != text || r.Get("WWW-Authenticate") != challenge {
			t.Errorf("%s: %d %s %q", what, r.Status, r.Body, r.Get("WWW-Authenticate"))
		}
	}
	ask := func(field string, service *entity.Service) *reply {
		return k.run(p, plugintest.Request{Service: service, Header: []string{"Authorization", field}})
	}
	bad("nothing", k.run(p, plugintest.Request{Service: k.here}), "invalid_request", "The access token is missing")
	bad("twice in the query", k.run(p, plugintest.Request{Service: k.here, Target: "/?access_token=a&access_token=" + token}), "invalid_request", "The access token is missing")
	bad("unknown", ask("Bearer nope", k.here), "invalid_token", over)
	bad("other scheme", ask("Basic "+token, k.here), "invalid_token", over)
	bad("two words", ask("Bearer "+token+" x", k.here), "invalid_token", over)
	bad("of another service", ask("Bearer "+token, k.away), "invalid_token", over)
	bad("global", ask("Bearer "+everywhere, k.here), "invalid_token", "The access token is global, but the current plugin is configured without 'global_credentials'")
	for _, service := range []*entity.Service{k.here, k.away, nil} {
		if r := k.run(global, plugintest.Request{Service: service, Header: []string{"Authorization", "Bearer " + everywhere}}); r.Exited {
			t.Errorf("a global token at %v: %d %s", service, r.Status, r.Body)
		}
	}
	if r := ask("Bearer "+token, k.here); r.Exited {
		t.Errorf("a good token: %d %s", r.Status, r.Body)
	}
	k.pass(7202 * time.Second)
	bad("over", ask("Bearer "+token, k.here), "invalid_token", over)
	fresh := k.post(p, "/oauth2/token", itself).text("access_token")
	k.remove("oauth2_tokens", "access_token", fresh)
	bad("removed", ask("Bearer "+fresh, k.here), "invalid_token", over)
	for _, method := range []string{"GET", "PUT", "OPTIONS"} {
		for path, name := range map[string]string{"/a/oauth2/token": "token", "/oauth2/authorize/": "authorization"} {
			r := k.run(p, plugintest.Request{Method: method, Target: path, Service: k.here})
			text := "The HTTP method " + method + " is invalid for the " + name + " endpoint"
			if r.Status != 405 || r.text("error") != "invalid_method" || r.text("error_description") != text ||
				r.Get("WWW-Authenticate") != `Bearer realm="r" error="invalid_method" error_description="`+text+`"` {
				t.Errorf("%s %s: %d %s", method, path, r.Status, r.Body)
			}
		}
	}
}

func TestHTTPS(t *testing.T) {
	k := newKit(t)
	for _, c := range []struct {
		config string
		fields []string
		truste bool
		want   string
	}{
		{"", nil, true, "You must use HTTPS"},
		{"", []string{"X-Forwarded-Proto", "https"}, true, "You must use HTTPS"},
		{"accept_http_if_already_terminated: true", []string{"X-Forwarded-Proto", "https"}, false, "You must use HTTPS"},
		{"accept_http_if_already_terminated: true", []string{"X-Forwarded-Proto", "http"}, true, "You must use HTTPS"},
		{"accept_http_if_already_terminated: true", nil, true, "You must use HTTPS"},
		{"accept_http_if_already_terminated: true", []string{"X-Forwarded-Proto", "https, https"}, true, "Only one X-Forwarded-Proto header allowed"},
		{"accept_http_if_already_terminated: true", []string{"X-Forwarded-Proto", "https", "X-Forwarded-Proto", "https"}, true, "Only one X-Forwarded-Proto header allowed"},
		{"accept_http_if_already_terminated: true", []string{"X-Forwarded-Proto", "HTTPS"}, true, ""},
	} {
		for _, path := range []string{"token", "authorize"} {
			in := plugintest.Request{Method: "POST", Target: "/oauth2/" + path + "?client_id=app&client_secret=secret&grant_type=client_credentials&provision_key=prov" +
				"&authenticated_userid=u&response_type=code", Service: k.here, Header: c.fields}
			x := plugintest.Exchange(in)
			x.Client.Trusted = c.truste
			if err := k.plugin(c.config).Plugin.(plugin.Accessor).Access(x); err != plugin.ErrExit {
				t.Fatal(err)
			}
			body := string(x.Response.Body())
			if c.want == "" && x.Response.Status != 200 || c.want != "" && (x.Response.Status != 400 || body != `{"error":"access_denied","error_description":"`+c.want+`"}`) {
				t.Errorf("%s %v: %d %s", path, c, x.Response.Status, body)
			}
		}
	}
}

// One success is enough where all have anonymous.
func TestAnonymous(t *testing.T) {
	k := newKit(t)
	p := k.plugin("anonymous: guest")
	spoofed := []string{"X-Authenticated-Scope", "root", "X-Authenticated-UserId", "root"}
	r := k.run(p, plugintest.Request{Service: k.here, Header: append(spoofed, "Authorization", "Bearer nope")})
	if up := r.Upstream; up.Get("X-Consumer-Username") != "guest" || up.Get("X-Anonymous-Consumer") != "true" || up.Get("X-Authenticated-Scope")+up.Get("X-Authenticated-UserId") != "" {
		t.Errorf("without a token: %+v", up)
	}
	token := k.post(p, "/oauth2/token", itself).text("access_token")
	if up := k.get(p, token).Upstream; up.Get("X-Consumer-Username") != "ann" || up.Get("X-Anonymous-Consumer") != "" {
		t.Errorf("with a token: %+v", up)
	}
	r = k.run(p, plugintest.Request{Service: k.here, Consumer: k.guest, Credential: plugin.Credential{ID: "k-1", ConsumerID: k.guest.ID},
		Header: append(spoofed, "Authorization", "Bearer "+token)})
	if up := r.Upstream; up.Get("X-Consumer-Username") != "guest" || up.Get("X-Authenticated-Scope")+up.Get("X-Authenticated-UserId") != "" {
		t.Errorf("after another plugin: %+v", up)
	}
	if r := k.get(k.plugin("anonymous: nobody"), "nope"); r.Status != 500 || !strings.Contains(r.Body, "anonymous consumer nobody is configured but doesn't exist") {
		t.Errorf("%d %s", r.Status, r.Body)
	}
}

// together runs something many times at once, and returns how often it succeeded.
func together(run func() bool) (good int) {
	var all sync.WaitGroup
	var mu sync.Mutex
	for range 16 {
		all.Go(func() {
			ok := run()
			mu.Lock()
			defer mu.Unlock()
			if ok {
				good++
			}
		})
	}
	all.Wait()
	return good
}

// What is issued is a row of the store, and no new version of the configuration.
func TestIssuingMovesNoVersion(t *testing.T) {
	k := newKit(t)
	p := k.plugin("")
	before, err := k.Store.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if r := k.post(p, "/oauth2/token", itself); r.Status != 200 {
			t.Fatal(r.Body)
		}
	}
	after, err := k.Store.Load(t.Context())
	if err != nil || after.Version() != before.Version() {
		t.Errorf("version %d became %d: %v", before.Version(), after.Version(), err)
	}
	n := 0
	err = k.Store.View(t.Context(), func(tx store.Tx) error {
		for q := (store.Query{Size: 1000}); ; {
			page, err := tx.List(entity.KindOf("oauth2_tokens"), q)
			if n += len(page.Docs); err != nil || page.Next == "" {
				return err
			}
			q.After = page.Next
		}
	})
	if err != nil || n != 1000 {
		t.Errorf("%d rows: %v", n, err)
	}
}

// A token that was seen costs no allocation.
func TestAccessDoesNotAllocate(t *testing.T) {
	k := newKit(t)
	p := k.plugin("")
	token := k.post(p, "/oauth2/token", signed).text("access_token")
	x := plugintest.Exchange(plugintest.Request{Target: "/things", Service: k.here})
	access := p.Plugin.(plugin.Accessor).Access
	allocs := testing.AllocsPerRun(200, func() {
		x.Request.Header.Reset()
		x.Request.Header.Add("Accept", "*/*")
		x.Request.Header.Add("Authorization", "Bearer "+token)
		x.Consumer, x.Credential = nil, plugin.Credential{}
		if err := access(x); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 1 { // the text of the field, here
		t.Errorf("%v allocations", allocs)
	}
}
