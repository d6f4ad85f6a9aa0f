package oauth2_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/plugins/oauth2"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

func TestAuthorizationCode(t *testing.T) {
	k := newKit(t)
	p := k.plugin("")
	r := k.post(p, "/oauth2/authorize", agreed.with("state", "a b&c"))
	uri := r.text("redirect_uri")
	if code := r.back("code"); r.Status != 200 || len(code) != 32 || uri != "http://app.test/back?code="+code+"&state=a%20b%26c&x=1" {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	code := r.back("code")
	for what, in := range map[string]form{
		"another application":   asks.with("code", code, "client_id", "other"),
		"another address":       asks.with("code", code, "redirect_uri", "http://app.test/other"),
		"a wrong secret":        asks.with("code", code, "client_secret", "x"),
		"a hashed other secret": asks.with("code", code, "client_id", "hashed"),
	} {
		if r := k.post(p, "/oauth2/token", in); r.Status != 400 {
			t.Errorf("%s: %d %s", what, r.Status, r.Body)
		}
	}
	if r := k.post(p, "/oauth2/token", asks.with("code", code, "redirect_uri", "http://app.test/back?x=1", "state", "s")); r.Status != 200 ||
		r.text("state") != "s" || r.text("refresh_token") == "" || k.get(p, r.text("access_token")).Upstream.Get("X-Authenticated-UserId") != "u-1" {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	if r := k.post(p, "/oauth2/token", asks.with("code", code)); r.Status != 400 || r.text("error_description") != "Invalid code" {
		t.Errorf("a second time: %d %s", r.Status, r.Body)
	}
	late := k.code(p)
	k.pass(300 * time.Second)
	if r := k.post(p, "/oauth2/token", asks.with("code", late)); r.Status != 400 {
		t.Errorf("after five minutes: %d %s", r.Status, r.Body)
	}
	if n := k.rows("oauth2_authorization_codes"); n != 0 {
		t.Errorf("%d codes are left", n)
	}
	// A code that was sent to the second address is redeemed for that.
	second := k.code(p, "redirect_uri", "http://app.test/other")
	if r := k.post(p, "/oauth2/token", asks.with("code", second, "redirect_uri", "http://app.test/back?x=1")); r.Status != 400 {
		t.Errorf("the first address: %d %s", r.Status, r.Body)
	}
	if r := k.post(p, "/oauth2/token", asks.with("code", second, "redirect_uri", "http://app.test/other")); r.Status != 200 {
		t.Errorf("the second address: %d %s", r.Status, r.Body)
	}
}

func TestCodeOfAnotherPlace(t *testing.T) {
	k := newKit(t)
	p, global := k.plugin(""), k.plugin("global_credentials: true")
	code := k.code(p)
	here := k.here
	k.here = k.away
	if r := k.post(p, "/oauth2/token", asks.with("code", code)); r.Status != 400 {
		t.Errorf("at another service: %d %s", r.Status, r.Body)
	}
	k.here = here
	code = k.code(global)
	if r := k.post(p, "/oauth2/token", asks.with("code", code)); r.Status != 400 {
		t.Errorf("a global code at one service: %d %s", r.Status, r.Body)
	}
	if r := k.post(global, "/oauth2/token", asks.with("code", code)); r.Status != 200 {
		t.Errorf("a global code: %d %s", r.Status, r.Body)
	}
	k.here = nil
	r := p.Run(plugintest.Request{Method: "POST", Target: "/oauth2/token?client_id=app&client_secret=secret&grant_type=client_credentials", TLS: k.tls()}, plugintest.Reply{})
	if r.Err == nil || !strings.Contains(r.Err.Error(), "global_credentials") {
		t.Errorf("without a service: %v", r.Err)
	}
}

func TestPKCE(t *testing.T) {
	k := newKit(t)
	verifier := strings.Repeat("v", 43)
	sum := sha256.Sum256([]byte(verifier))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	for _, c := range []struct {
		pkce, client, challenge, verifier, want string
	}{
		{"lax", "public", challenge, verifier, ""},
		{"lax", "public", base64.StdEncoding.EncodeToString(sum[:]), verifier, ""}, // Kong takes that, too
		{"lax", "public", challenge, strings.Repeat("w", 43), "Invalid code"},
		{"lax", "public", challenge, "short", "code_verifier must be between 43 and 128 characters"},
		{"lax", "public", challenge, strings.Repeat("v", 129), "code_verifier must be between 43 and 128 characters"},
		{"lax", "public", challenge, "", "code_verifier is required for PKCE authorization requests"},
		{"lax", "public", "", "", "code_challenge is required for public clients"},
		{"none", "public", "", "", ""},
		{"none", "public", challenge, "", "code_verifier is required for PKCE authorization requests"},
		{"lax", "app", "", "", ""},
		{"lax", "app", challenge, "", "code_verifier is required for PKCE authorization requests"},
		{"strict", "app", "", "", "code_challenge is required for confidential clients"},
		{"strict", "app", challenge, verifier, ""},
	} {
		p := k.plugin("pkce: " + c.pkce)
		in, out := agreed.with("client_id", c.client), asks.with("client_id", c.client)
		if c.client == "public" {
			out = out.with("client_secret", "-")
		}
		if c.challenge != "" {
			in = in.with("code_challenge", c.challenge, "code_challenge_method", "S256")
		}
		if c.verifier != "" {
			out = out.with("code_verifier", c.verifier)
		}
		r := k.post(p, "/oauth2/authorize", in)
		got := r.back("error_description")
		if r.Status == 200 {
			r = k.post(p, "/oauth2/token", out.with("code", r.back("code")))
			got = r.text("error_description")
		}
		if got != c.want || (r.Status == 200) != (c.want == "") {
			t.Errorf("%v: %d %s", c, r.Status, r.Body)
		}
	}
}

func TestImplicit(t *testing.T) {
	k := newKit(t)
	p := k.plugin("")
	r := k.post(p, "/oauth2/authorize", agreed.with("response_type", "token", "state", "s"))
	token := r.back("access_token")
	if want := "http://app.test/back?x=1#access_token=" + token + "&expires_in=7200&state=s&token_type=bearer"; r.Status != 200 || r.text("redirect_uri") != want {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	if up := k.get(p, token).Upstream; up.Get("X-Authenticated-UserId") != "u-1" || up.Get("X-Authenticated-Scope") != "email" {
		t.Errorf("%+v", up)
	}
}

// Applications say who they are in several ways, and send parameters in several forms.
func TestForms(t *testing.T) {
	k := newKit(t)
	p := k.plugin("")
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("hashed:secret"))
	for _, in := range []plugintest.Request{
		{Target: "/oauth2/token?grant_type=client_credentials&client_id=app&client_secret=secret"},
		{Target: "/oauth2/token", Header: []string{"Content-Type", "application/json"}, Body: `{"grant_type":"client_credentials","client_id":"app","client_secret":"secret","authenticated_userid":12,"provision_key":"prov"}`},
		{Target: "/oauth2/token?client_secret=wrong", Header: []string{"Content-Type", "application/x-www-form-urlencoded"}, Body: `grant_type=client_credentials&client_id=app&client_secret=secret`},
		{Target: "/oauth2/token", Header: []string{"Content-Type", "application/x-www-form-urlencoded", "Authorization", basic}, Body: `grant_type=client_credentials`},
		{Target: "/oauth2/token", Header: []string{"Content-Type", "multipart/form-data; boundary=b"}, Body: "--b\r\nContent-Disposition: form-data; name=\"grant_type\"\r\n\r\nclient_credentials\r\n--b\r\nContent-Disposition: form-data; name=\"client_id\"\r\n\r\napp\r\n--b\r\nContent-Disposition: form-data; name=\"client_secret\"\r\n\r\nsecret\r\n--b--\r\n"},
	} {
		in.Method, in.Service, in.TLS = "POST", k.here, k.tls()
		if r := k.run(p, in); r.Status != 200 || r.text("access_token") == "" || r.text("refresh_token") != "" {
			t.Errorf("%s %s: %d %s", in.Target, in.Body, r.Status, r.Body)
		}
	}
	for target, want := range map[string]string{
		"client_id=app&client_id=other&client_secret=secret&grant_type=client_credentials":            "invalid_client",
		"client_id=app&client_secret=secret&client_secret=secret&grant_type=client_credentials":       "invalid_client",
		"client_id=app&client_secret=secret&grant_type=client_credentials&grant_type=password":        "unsupported_grant_type",
		"client_id=app&client_secret=secret&grant_type=client_credentials&scope=email&scope=profile":  "invalid_scope",
		"client_id=app%00&client_secret=secret&grant_type=client_credentials":                         "invalid_client",
		"client_id=app&client_secret=secret&grant_type=authorization_code&code=%ff":                   "invalid_request",
		"client_id=app&client_secret=secret&grant_type=refresh_token&refresh_token[]=x&refresh_token": "invalid_request",
	} {
		r := k.run(p, plugintest.Request{Method: "POST", Target: "/oauth2/token?" + target, Service: k.here, TLS: k.tls()})
		if r.Status != 400 || r.text("error") != want {
			t.Errorf("%s: %d %s", target, r.Status, r.Body)
		}
	}
	for body, want := range map[string]string{
		`"scope":123`: "scope must be a string", `"scope":["email"]`: "scope must be a string", `"scope":false`: "scope must be a string",
		`"grant_type":1`: "Invalid grant_type", `"grant_type":"authorization_code","code":12`: "Invalid code", `"client_secret":12`: "Invalid client authentication",
		`"provision_key":12`: "Invalid provision_key", `"authenticated_userid":{}`: "Missing authenticated_userid parameter",
		`"redirect_uri":1`: "Invalid redirect_uri that does not match with any redirect_uri created with the application",
	} {
		body = `{"client_id":"app","client_secret":"secret","grant_type":"password","provision_key":"prov","authenticated_userid":12,"scope":"email",` + body + `}`
		r := k.run(p, plugintest.Request{Method: "POST", Target: "/oauth2/token", Service: k.here, TLS: k.tls(), Header: []string{"Content-Type", "application/json"}, Body: body})
		if r.Status != 400 || r.text("error_description") != want {
			t.Errorf("%s: %d %s", body, r.Status, r.Body)
		}
	}
	big := plugintest.Request{Method: "POST", Target: "/oauth2/token", Service: k.here, TLS: k.tls(), Header: []string{"Content-Type", "application/x-www-form-urlencoded"},
		Body: "grant_type=client_credentials&client_id=app&client_secret=secret&x=" + strings.Repeat("x", 1<<20)}
	if r := k.run(p, big); r.Status != 400 {
		t.Errorf("a body that is too long: %d %s", r.Status, r.Body)
	}
}

func TestRefresh(t *testing.T) {
	k := newKit(t)
	p := k.plugin("")
	first := k.post(p, "/oauth2/token", signed)
	ask := asks.with("grant_type", "refresh_token", "refresh_token", first.text("refresh_token"))
	if r := k.post(p, "/oauth2/token", ask.with("client_id", "other")); r.Status != 400 || r.text("error") != "invalid_client" {
		t.Errorf("of another application: %d %s", r.Status, r.Body)
	}
	narrow := k.Instance(t, oauth2.Type, `{provision_key: prov, scopes: [email], enable_password_grant: true}`)
	if r := k.post(narrow, "/oauth2/token", ask); r.Status != 400 || r.text("error_description") != "Scope mismatch" {
		t.Errorf("a scope that is no more: %d %s", r.Status, r.Body)
	}
	here := k.here
	k.here = k.away
	if r := k.post(p, "/oauth2/token", ask); r.Status != 400 || r.text("error_description") != "Invalid refresh_token" {
		t.Errorf("at another service: %d %s", r.Status, r.Body)
	}
	k.here = here
	k.pass(8000 * time.Second) // the access token is over
	next := k.post(p, "/oauth2/token", ask)
	if next.Status != 200 || next.text("refresh_token") == first.text("refresh_token") || next.text("access_token") == first.text("access_token") {
		t.Fatalf("%d %s", next.Status, next.Body)
	}
	if up := k.get(p, next.text("access_token")).Upstream; up.Get("X-Authenticated-UserId") != "u-1" || up.Get("X-Authenticated-Scope") != "email profile" {
		t.Errorf("%+v", up)
	}
	if r := k.post(p, "/oauth2/token", ask); r.Status != 400 || k.rows("oauth2_tokens") != 1 {
		t.Errorf("a second time: %d %s, %d rows", r.Status, r.Body, k.rows("oauth2_tokens"))
	}

	reusing := k.plugin("reuse_refresh_token: true, refresh_token_ttl: 10000")
	ask = ask.with("refresh_token", next.text("refresh_token"))
	seen := map[string]bool{next.text("access_token"): true}
	for range 3 {
		r := k.post(reusing, "/oauth2/token", ask)
		if r.Status != 200 || r.text("refresh_token") != next.text("refresh_token") || seen[r.text("access_token")] || k.get(p, r.text("access_token")).Exited {
			t.Errorf("%d %s", r.Status, r.Body)
		}
		for old := range seen {
			if !k.get(p, old).Exited {
				t.Error("the access token before is good")
			}
		}
		seen[r.text("access_token")] = true
		k.pass(9000 * time.Second)
	}
	k.pass(1001 * time.Second)
	if r := k.post(reusing, "/oauth2/token", ask); r.Status != 400 || k.rows("oauth2_tokens") != 0 {
		t.Errorf("after its time: %d %s", r.Status, r.Body)
	}
}

// What is good once is good once, whoever else tries at the same time.
func TestRaces(t *testing.T) {
	k := newKit(t)
	p := k.plugin("")
	code := k.code(p)
	if n := together(func() bool { return k.post(p, "/oauth2/token", asks.with("code", code)).Status == 200 }); n != 1 {
		t.Errorf("a code was redeemed %d times", n)
	}
	refresh := k.post(p, "/oauth2/token", signed).text("refresh_token")
	ask := asks.with("grant_type", "refresh_token", "refresh_token", refresh)
	if n := together(func() bool { return k.post(p, "/oauth2/token", ask).Status == 200 }); n != 1 {
		t.Errorf("a refresh token was used %d times", n)
	}
	if n := k.rows("oauth2_tokens"); n != 2 {
		t.Errorf("%d tokens", n)
	}
}

// How long rows stay: as long as anything of them is good.
func TestEnds(t *testing.T) {
	k := newKit(t)
	for _, c := range []struct {
		config string
		in     form
		ttl    float64 // 0 for ever
	}{
		{"", signed, 1209600},
		{"", itself, 7201},
		{"refresh_token_ttl: 60", itself, 60},
		{"refresh_token_ttl: 0", signed, 0},
		{"refresh_token_ttl: 0", itself, 7201},
		{"token_expiration: 0", signed, 0},
		{"token_expiration: 0", itself, 0},
	} {
		p := k.plugin(c.config)
		r := k.post(p, "/oauth2/token", c.in)
		if c.config == "token_expiration: 0" && (r.doc["expires_in"] != nil || r.doc["refresh_token"] != nil) {
			t.Errorf("%s: %s", c.config, r.Body)
		}
		rows := k.list("oauth2_tokens")
		var row struct {
			Expires *float64 `json:"expires_at"`
		}
		if err := json.Unmarshal(rows[0], &row); err != nil || len(rows) != 1 {
			t.Fatal(err, len(rows))
		}
		left := 0.0
		if row.Expires != nil {
			left = *row.Expires - float64(k.Now().UnixMilli())/1000
		}
		if left < c.ttl-0.01 || left > c.ttl+0.01 {
			t.Errorf("%s %s: goes away after %f s, want %f", c.config, c.in["grant_type"], left, c.ttl)
		}
		k.remove("oauth2_tokens", "access_token", r.text("access_token"))
	}
}
