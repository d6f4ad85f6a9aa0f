package openidconnect_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/oidc/oidctest"
	"github.com/gibbon-gateway/gibbon/internal/plugins/openidconnect"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

const onlyMachines = "auth_methods: [client_credentials]\nscopes: []"

// proof makes a DPoP proof for GET http://example.com:8000/things and a token.
func (g *gateway) proof(token string, header, claims map[string]any) string {
	sum := sha256.Sum256([]byte(token))
	h := map[string]any{"typ": "dpop+jwt", "jwk": withJWK(oidctest.CurveKey)}
	c := map[string]any{"htm": "GET", "htu": "http://example.com:8000/things", "iat": g.clock.now().Unix(), "jti": rand.Text(),
		"ath": base64.RawURLEncoding.EncodeToString(sum[:])}
	for name, v := range header {
		h[name] = v
	}
	for name, v := range claims {
		if c[name] = v; v == nil {
			delete(c, name)
		}
	}
	return oidctest.Sign("ES256", oidctest.Key(oidctest.CurveKey), h, c)
}

// bound makes a token that is bound to the key of proofs.
func (g *gateway) bound() string {
	k, err := jose.ParseKey([]byte(oidctest.PublicJWK(oidctest.CurveKey)))
	if err != nil {
		g.t.Fatal(err)
	}
	j := gojose.JSONWebKey{Key: k.Public}
	sum, err := j.Thumbprint(crypto.SHA256)
	if err != nil {
		g.t.Fatal(err)
	}
	return g.provider.Token("cnf", map[string]any{"jkt": base64.RawURLEncoding.EncodeToString(sum)})
}

func certificate(t *testing.T) *x509.Certificate {
	key := oidctest.Key(oidctest.CurveKey).(*ecdsa.PrivateKey)
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "client"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func requestRows() []row {
	return []row{
		{68, "client auth", "`:`, `%`, `+` and UTF-8 in id and secret, towards the provider", "form-encoded as RFC 6749 wants", func(t *testing.T, g *gateway) {
			g.provider.Clients["a:b+c%d é"] = "s:e+c%r é&="
			for _, config := range []string{onlyMachines, onlyMachines + "\ntoken_endpoint_auth_method: client_secret_post"} {
				g.with(config)
				r := g.ask("/?" + url.Values{"client_id": {"a:b+c%d é"}, "client_secret": {"s:e+c%r é&="}}.Encode())
				wantStatus(t, r, 200)
			}
			wantStatus(t, g.with("").browser().signIn("/"), 200) // the configured client, whose secret has such characters
		}, onlyMachines},
		{69, "client auth", "assertion: audience, unique jti, 60 seconds at most", "checked by the test's provider", func(t *testing.T, g *gateway) {
			seen := map[any]bool{}
			for range 2 {
				wantStatus(t, g.browser().signIn("/"), 200)
				c := claimsOf(t, g.provider.Form("/token").Get("client_assertion"))
				if c["aud"] != g.provider.URL || c["iss"] != oidctest.Client || c["sub"] != oidctest.Client || seen[c["jti"]] || c["exp"].(float64)-c["iat"].(float64) > 60 {
					t.Errorf("%v", c)
				}
				seen[c["jti"]] = true
			}
		}, "client_auth: [client_secret_jwt]"},
		{70, "Basic", "malformed base64, no colon, empty user or password, 1 MiB, control characters", "401; the provider is not asked", func(t *testing.T, g *gateway) {
			for _, config := range []string{onlyMachines, "", "auth_methods: [password]"} {
				g.with(config)
				for name, v := range map[string]string{"malformed": "Basic ###", "no colon": "Basic " + base64.StdEncoding.EncodeToString([]byte("abc")), "no user": basic("", "x"), "no password": basic("x", ""),
					"long": basic("x", strings.Repeat("x", 1<<20)), "control": basic("a\x00b", "c"), "line": basic("a\nb", "c"), "nothing": "Basic", "space": "Basic ", "bytes": basic("\xff", "x")} {
					if r := g.ask("/", "Authorization", v); r.Status != 401 {
						t.Errorf("%s: %d", name, r.Status)
					}
				}
			}
			if n := g.provider.Calls("/token"); n != 0 {
				t.Errorf("%d calls", n)
			}
		}, onlyMachines},
		{71, "Basic", "guessing of secrets through the gateway", "20 wrong ones a minute, per name and address, reach the provider", func(t *testing.T, g *gateway) { TestGuessingIsBounded(t) }, onlyMachines},
		{72, "Basic", "right id, wrong secret after a cached success", "401", func(t *testing.T, g *gateway) {
			wantStatus(t, g.ask("/", "Authorization", basic(oidctest.Machine, oidctest.MachineKey)), 200)
			for _, secret := range []string{"x", oidctest.MachineKey + " ", strings.ToUpper(oidctest.MachineKey), oidctest.MachineKey[:5]} {
				wantStatus(t, g.ask("/", "Authorization", basic(oidctest.Machine, secret)), 401)
			}
		}, onlyMachines},
		{73, "cache", "same token, a plugin that asks for more scopes", "judged anew", func(t *testing.T, g *gateway) {
			token := g.provider.Token()
			wantStatus(t, g.bearer(token), 200)
			strict := &gateway{Instance: g.stage.Instance(t, openidconnect.Type, g.config(onlyBearer+"\nscopes_required: [admin]")), t: t, provider: g.provider}
			wantStatus(t, strict.bearer(token), 403)
			wantStatus(t, g.bearer(token), 200)
			wantStatus(t, strict.bearer(token), 403)
		}, onlyBearer},
		{74, "cache", "token revoked; introspection inactive, then active; exp within the cache's time", "cached to exp at most; a no for a second or `cache_ttl_neg`", func(t *testing.T, g *gateway) {
			wantStatus(t, g.bearer("opaque"), 401)
			g.provider.Know("opaque", g.provider.Claims("exp", g.clock.now().Unix()+10))
			g.clock.advance(2 * time.Second)
			wantStatus(t, g.bearer("opaque"), 200)
			g.clock.advance(9 * time.Second)
			wantStatus(t, g.bearer("opaque"), 401)
		}, "auth_methods: [introspection]"},
		{75, "cache", "consumer deleted", "looked up with every request", func(t *testing.T, g *gateway) {
			token := g.provider.Token()
			wantStatus(t, g.bearer(token), 200)
			g.stage.Consumers = nil
			wantStatus(t, g.bearer(token), 403)
		}, onlyBearer + "\nconsumer_claims: [[sub]]"},
		{76, "bearer", "two Authorization fields; tokens in more than one of header, query and body; any credential twice in its place", "400 (TestCredentialsStandOnce)", func(t *testing.T, g *gateway) {
			a, b := g.provider.Token(), g.provider.Token()
			wantStatus(t, g.bearer(a), 200)
			wantStatus(t, g.ask("/", "Authorization", "Bearer "+a, "Authorization", "Bearer "+b), 400)
			wantStatus(t, g.ask("/?access_token="+b, "Authorization", "Bearer "+a), 400)
			wantStatus(t, g.ask("/?access_token="+a+"&access_token="+a), 400)
			wantStatus(t, g.send(plugintest.Request{Method: "POST", Body: "access_token=" + b, Header: []string{"Content-Type", "application/x-www-form-urlencoded", "Authorization", "Bearer " + a}}), 400)
		}, onlyBearer},
		{77, "bearer", "scheme in another case, tab, two spaces, empty, only the scheme", "a token where one is; else 401", func(t *testing.T, g *gateway) {
			token := g.provider.Token()
			for v, status := range map[string]int{"bEaReR " + token: 200, "Bearer\t" + token: 200, "Bearer  " + token + " ": 200, "Bearer": 401, "Bearer ": 401, "": 401, " ": 401, "Bearer" + token: 401, token: 401,
				"Bearer a b": 401, "Bearer " + token + ",x": 401, "Bearer " + token + " x": 401} {
				if r := g.ask("/", "Authorization", v); r.Status != status {
					t.Errorf("%.20q: %d, want %d", v, r.Status, status)
				}
			}
		}, onlyBearer},
		{78, "bearer", "token in the query is forwarded", "taken out unless `hide_credentials` is off", func(t *testing.T, g *gateway) {
			token := g.provider.Token()
			if r := g.ask("/?a=%20&access_token=" + token); r.Status != 200 || r.Upstream.Query != "a=%20" {
				t.Errorf("%d %q", r.Status, r.Upstream.Query)
			}
		}, onlyBearer},
		{79, "introspection", "active as text, missing, in a list; 401, HTML, exp in the past, another issuer", "401", func(t *testing.T, g *gateway) {
			wantStatus(t, g.bearer("good"), 401)
			for name, bend := range map[string]func(http.ResponseWriter, *http.Request){"text": say(200, `{"active":"true"}`), "number": say(200, `{"active":1}`), "missing": say(200, `{"sub":"x"}`), "list": say(200, `[{"active":true}]`),
				"401": say(401, ""), "html": say(200, "<html>"), "500": say(500, `{"active":true}`), "201": say(201, `{"active":true}`), "exp": say(200, `{"active":true,"exp":1}`), "nbf": say(200, `{"active":true,"nbf":99999999999}`),
				"iss": say(200, `{"active":true,"iss":"https://evil.example"}`), "twice": say(200, `{"active":true,"active":false}`), "big": endless} {
				g.provider.Bend["/introspect"] = bend
				if r := g.bearer(name); r.Status != 401 {
					t.Errorf("%s: %d", name, r.Status)
				}
			}
		}, "auth_methods: [introspection]"},
		{80, "introspection", "signed answer with a bad signature, for another client, of another issuer, expired, unsigned, without `token_introspection`, `iss`, `aud` or its `typ`", "401", func(t *testing.T, g *gateway) {
			good := map[string]any{"iss": g.provider.URL, "aud": oidctest.Client, "token_introspection": map[string]any{"active": true}}
			typ := map[string]any{"typ": "token-introspection+jwt"}
			with := func(name string, v any) map[string]any {
				c := map[string]any{name: v}
				for n, v := range good {
					if _, there := c[n]; !there {
						c[n] = v // nil is as good as missing
					}
				}
				return c
			}
			flat := map[string]any{"iss": g.provider.URL, "aud": oidctest.Client, "active": true} // as application/jwt would be
			for name, text := range map[string]string{"good": g.provider.Sign(typ, good), "good for an audience": g.provider.Sign(typ, with("aud", []any{"x", "https://api.example.com"})),
				"signature": oidctest.Sign("RS256", oidctest.Key(oidctest.SpareKey), map[string]any{"kid": oidctest.AccessKey, "typ": "token-introspection+jwt"}, good),
				"aud":       g.provider.Sign(typ, with("aud", "other")), "iss": g.provider.Sign(typ, with("iss", "https://evil.example")),
				"none": raw(`{"alg":"none","typ":"token-introspection+jwt"}`, jsonText(good), ""), "expired": g.provider.Sign(typ, with("exp", 1)), "early": g.provider.Sign(typ, with("iat", 99999999999)),
				"flat": g.provider.Sign(typ, flat), "text": g.provider.Sign(typ, with("token_introspection", "active")), "no iss": g.provider.Sign(typ, with("iss", nil)), "no aud": g.provider.Sign(typ, with("aud", nil)),
				"typ": g.provider.Sign(map[string]any{"typ": "JWT"}, good), "inactive": g.provider.Sign(typ, with("token_introspection", map[string]any{"active": false}))} {
				g.provider.Bend["/introspect"] = func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "application/token-introspection+jwt")
					w.Write([]byte(text))
				}
				want := 401
				if strings.HasPrefix(name, "good") {
					want = 403 // active, and without the audience that is asked for
				}
				if r := g.bearer(name); r.Status != want {
					t.Errorf("%s: %d, want %d", name, r.Status, want)
				}
			}
		}, "auth_methods: [introspection]\nintrospection_accept: application/token-introspection+jwt\naudience_required: ['https://api.example.com']"},
		{81, "headers", "X-Consumer-*, X-Authenticated-Groups, X-Credential-Identifier, mapped names, with `_` or in another case", "removed (TestIdentity)", func(t *testing.T, g *gateway) {
			r := g.ask("/", "Authorization", "Bearer "+g.provider.Token(), "x_consumer_id", "root", "X-AUTHENTICATED-GROUPS", "root", "x-credential_identifier", "root", "X-Mapped", "root", "x_mapped", "root")
			wantStatus(t, r, 200)
			if strings.Contains(strings.Join(r.Upstream.Header, "\n"), "root") {
				t.Errorf("%s", r.Upstream.Header)
			}
		}, onlyBearer + "\nupstream_headers: [{header: X-Mapped, path: [missing]}]"},
		{82, "headers", "claim with CR LF, NUL, other than ASCII, 100 kB, an object", "base64, or left out when longer than 16 KiB", func(t *testing.T, g *gateway) {
			for _, v := range []any{"a\r\nX-Evil: 1", "a\x00b", "é", "\u2028", map[string]any{"a": "\r\n"}, []any{"a", "b\n"}, []any{map[string]any{}}} {
				got := g.bearer(g.provider.Token("m", v)).Upstream.Get("X-M")
				if _, err := base64.StdEncoding.DecodeString(got); err != nil || got == "" {
					t.Errorf("%q: %q", v, got)
				}
			}
			for _, v := range []any{strings.Repeat("x", 20<<10), nil} {
				if got := g.bearer(g.provider.Token("m", v)).Upstream.Get("X-M"); got != "" {
					t.Errorf("%.10v: %.20q", v, got)
				}
			}
			for _, v := range []any{"a\r\nX-Evil: 1", "g\x00"} {
				r := g.bearer(g.provider.Token("groups", []any{v, "ok"}, "sub", v))
				if strings.ContainsAny(strings.Join(r.Upstream.Header, ""), "\r\n\x00") {
					t.Errorf("%q", r.Upstream.Header)
				}
			}
		}, onlyBearer + "\nupstream_headers: [{header: X-M, path: [m]}]\ndownstream_headers: [{header: X-M, path: [m]}]\nauthenticated_groups_claim: [groups]"},
		{83, "authorisation", "scope read against reader, commas, spaces of Unicode, an empty word", "whole words only: 403", func(t *testing.T, g *gateway) {
			for scope, status := range map[string]int{"read": 200, "write read": 200, "reader": 403, "rea": 403, "read,write": 403, "write\u00a0read": 403, "READ": 403, "": 403, " ": 403, "write\tread": 200} {
				if r := g.bearer(g.provider.Token("scope", scope)); r.Status != status {
					t.Errorf("%q: %d", scope, r.Status)
				}
			}
		}, onlyBearer + "\nscopes_required: [read]"},
		{84, "authorisation", "scopes as list and as text; the claim missing, null, an object", "no match: 403", func(t *testing.T, g *gateway) {
			for _, c := range []struct {
				v      any
				status int
			}{{[]any{"x", "read"}, 200}, {"x read", 200}, {[]any{"x read"}, 200}, {nil, 403}, {map[string]any{"read": true}, 403}, {true, 403}, {5, 403}} {
				if r := g.bearer(g.provider.Token("scope", c.v)); r.Status != c.status {
					t.Errorf("%v: %d", c.v, r.Status)
				}
			}
		}, onlyBearer + "\nscopes_required: [read]"},
		{85, "authorisation", "consumer by a list, a number, another case, an id", "as `consumer_by` says; else 403", func(t *testing.T, g *gateway) {
			for _, c := range []struct {
				v      any
				status int
			}{{"alice", 200}, {"c-1", 200}, {[]any{"x", "alice"}, 200}, {5, 403}, {"ALICE", 403}, {alice.ID, 403}, {"", 403}, {map[string]any{}, 403}, {"alice ", 403}} {
				if r := g.bearer(g.provider.Token("who", c.v)); r.Status != c.status {
					t.Errorf("%v: %d", c.v, r.Status)
				}
			}
		}, onlyBearer + "\nconsumer_claims: [[who]]"},
		{86, "DPoP", "proof used before, wrong htm, htu, ath, key, algorithm, private key in the header, old, of the future, two proofs, wrong nonce", "401 with the right error", func(t *testing.T, g *gateway) {
			token := g.bound()
			send := func(proofs ...string) *plugintest.Result {
				header := []string{"Authorization", "DPoP " + token}
				for _, p := range proofs {
					header = append(header, "DPoP", p)
				}
				return g.ask("/things?a=1", header...)
			}
			good := g.proof(token, nil, nil)
			r := send(good)
			wantStatus(t, r, 200)
			if r.Upstream.Get("DPoP") != "" || r.Upstream.Get("Authorization") != "Bearer "+token {
				t.Errorf("%s", r.Upstream.Header)
			}
			now := g.clock.now().Unix()
			for name, proofs := range map[string][]string{"again": {good}, "none": nil, "two": {g.proof(token, nil, nil), g.proof(token, nil, nil)},
				"method": {g.proof(token, nil, map[string]any{"htm": "POST"})}, "url": {g.proof(token, nil, map[string]any{"htu": "http://example.com:8000/other"})},
				"host": {g.proof(token, nil, map[string]any{"htu": "http://evil.example:8000/things"})}, "other token": {g.proof("x", nil, nil)}, "no ath": {g.proof(token, nil, map[string]any{"ath": nil})},
				"old": {g.proof(token, nil, map[string]any{"iat": now - 400})}, "future": {g.proof(token, nil, map[string]any{"iat": now + 100})}, "no iat": {g.proof(token, nil, map[string]any{"iat": nil})},
				"no jti": {g.proof(token, nil, map[string]any{"jti": nil})}, "typ": {g.proof(token, map[string]any{"typ": "JWT"}, nil)}, "no key": {g.proof(token, map[string]any{"jwk": nil}, nil)},
				"private": {g.proof(token, map[string]any{"jwk": parseJSON(oidctest.PrivateJWK(oidctest.CurveKey))}, nil)}, "garbage": {"x.y.z"},
				"symmetric": {oidctest.Sign("HS256", []byte("k"), map[string]any{"typ": "dpop+jwt", "jwk": map[string]any{"kty": "oct", "k": "aw"}}, map[string]any{"jti": "1"})}} {
				r := send(proofs...)
				if c := r.Get("WWW-Authenticate"); r.Status != 401 || !strings.HasPrefix(c, "DPoP ") || !strings.Contains(c, `error="invalid_dpop_proof"`) {
					t.Errorf("%s: %d %s", name, r.Status, c)
				}
			}
			other := oidctest.Sign("RS256", oidctest.Key(oidctest.SpareKey), map[string]any{"typ": "dpop+jwt", "jwk": withJWK(oidctest.SpareKey)}, claimsOf(t, g.proof(token, nil, nil)))
			if r := send(other); r.Status != 401 || !strings.Contains(r.Get("WWW-Authenticate"), `error="invalid_token"`) {
				t.Errorf("other key: %d %s", r.Status, r.Header)
			}
			wantStatus(t, g.bearer(g.provider.Token()), 401) // strict: not bound
			g.with(onlyBearer + "\nproof_of_possession_dpop: strict\ndpop_use_nonce: true")
			r = send(g.proof(token, nil, nil))
			nonce := r.Get("DPoP-Nonce")
			if r.Status != 401 || nonce == "" || !strings.Contains(r.Get("WWW-Authenticate"), `error="use_dpop_nonce"`) {
				t.Errorf("nonce: %d %s", r.Status, r.Header)
			}
			wantStatus(t, send(g.proof(token, nil, map[string]any{"nonce": nonce})), 200)
			wantStatus(t, send(g.proof(token, nil, map[string]any{"nonce": nonce[:len(nonce)-1] + "x"})), 401)
			g.clock.advance(200 * time.Second)
			g.with(onlyBearer + "\nproof_of_possession_dpop: optional")
			wantStatus(t, g.bearer(g.provider.Token()), 200)
		}, onlyBearer + "\nproof_of_possession_dpop: strict"},
		{87, "DPoP", "a bound token sent as bearer token", "401, also with `optional`", func(t *testing.T, g *gateway) {
			token := g.bound()
			r := g.ask("/things", "Authorization", "Bearer "+token, "DPoP", g.proof(token, nil, nil))
			if r.Status != 401 || !strings.HasPrefix(r.Get("WWW-Authenticate"), "DPoP ") {
				t.Errorf("%d %s", r.Status, r.Header)
			}
		}, onlyBearer + "\nproof_of_possession_dpop: optional"},
		{88, "mTLS", "no certificate, another one, one in a header of a peer that is not trusted", "401", func(t *testing.T, g *gateway) {
			mine, other := certificate(t), certificate(t)
			sum := sha256.Sum256(mine.Raw)
			token := g.provider.Token("cnf", map[string]any{"x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])})
			send := func(c *x509.Certificate, token string) int {
				in := plugintest.Request{Header: []string{"Authorization", "Bearer " + token}}
				if c != nil {
					in.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{c}}
				}
				return g.send(in).Status
			}
			if a, b, c, d := send(mine, token), send(other, token), send(nil, token), send(mine, g.provider.Token()); a != 200 || b != 401 || c != 401 || d != 401 {
				t.Error(a, b, c, d)
			}
			g.with(onlyBearer + "\nproof_of_possession_mtls: strict\nproof_of_possession_mtls_from_header: {certificate_header_name: x-cert, certificate_header_format: base64_encoded, ca_certificates: [11111111-1111-4111-8111-111111111111]}")
			r := g.ask("/", "Authorization", "Bearer "+token, "X-Cert", base64.StdEncoding.EncodeToString(mine.Raw))
			wantStatus(t, r, 401)
		}, onlyBearer + "\nproof_of_possession_mtls: strict"},
		{89, "logout", "without a session; the provider refuses to revoke; GET though it is not among `logout_methods`", "the session here is gone; GET does nothing", func(t *testing.T, g *gateway) {
			b := g.browser()
			b.signIn("/")
			g.provider.Bend["/revoke"] = say(500, "")
			wantStatus(t, b.get("/logout"), 200)
			r := b.send(plugintest.Request{Method: "POST", Target: "/logout"})
			if r.Status != 302 || len(b.cookies) != 0 {
				t.Errorf("%d %v", r.Status, b.cookies)
			}
			if r := b.send(plugintest.Request{Method: "POST", Target: "/logout"}); !r.Exited {
				t.Errorf("without a session: %d", r.Status)
			}
		}, "logout_uri_suffix: /logout\nlogout_revoke: true"},
		{90, "back-channel", "logout token replayed, with nonce, with other events", "400 (TestBackChannelLogout)", func(t *testing.T, g *gateway) { TestBackChannelLogout(t) }, ""},
		{91, "preflight", "OPTIONS, with and without `run_on_preflight`", "as configured", func(t *testing.T, g *gateway) { TestPreflight(t) }, ""},
		{92, "transport", "the provider's certificate is self-signed, with `ssl_verify`", "not spoken to: 401", func(t *testing.T, g *gateway) {
			secure := httptest.NewTLSServer(g.provider)
			t.Cleanup(secure.Close)
			g.provider.Document = func(doc map[string]any) { doc["issuer"], doc["jwks_uri"] = secure.URL, secure.URL+"/keys" }
			g.with(onlyBearer + "\nissuer: " + secure.URL)
			wantStatus(t, g.bearer(g.provider.Token("iss", secure.URL)), 401)
			g.with(onlyBearer + "\nssl_verify: false\nissuer: " + secure.URL)
			wantStatus(t, g.bearer(g.provider.Token("iss", secure.URL)), 200)
			g.provider.Document = func(doc map[string]any) { doc["issuer"] = secure.URL } // with a plain jwks_uri elsewhere
			doc := secure.URL
			g.provider.Document = func(d map[string]any) { d["issuer"], d["jwks_uri"] = doc, "http://keys.example/keys" }
			g.with(onlyBearer + "\nssl_verify: false\nrediscovery_lifetime: 33\nissuer: " + secure.URL)
			wantStatus(t, g.bearer(g.provider.Token("iss", secure.URL)), 401)
		}, onlyBearer},
		{93, "transport", "request smuggling, HTTP/2 tricks around Authorization", "refused by the gateway's parsers before any plugin (internal/http1)", func(t *testing.T, g *gateway) {
			wantStatus(t, g.ask("/", "Authorization ", "Bearer "+g.provider.Token()), 401)
		}, onlyBearer},
		{94, "grpc/ws", "no token with gRPC and with a WebSocket upgrade", "grpc-status 16, and 401; never a redirect", func(t *testing.T, g *gateway) {
			r := g.send(plugintest.Request{Method: "POST", HTTP: "2", Header: []string{"Content-Type", "application/grpc+proto"}})
			if r.Get("grpc-status") != "16" || r.Get("Location") != "" {
				t.Errorf("%d %s", r.Status, r.Header)
			}
			wantStatus(t, g.ask("/", "Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Key", "x"), 401)
		}, "login_navigation_only: false"},
		{95, "load", "the provider hangs while many clients ask", "each waits `timeout` at most; after 5 failures nobody waits; cached tokens keep working", func(t *testing.T, g *gateway) {
			known := g.provider.Token()
			wantStatus(t, g.bearer(known), 200)
			g.provider.Bend["/introspect"] = drip
			begin := time.Now()
			var all sync.WaitGroup
			for range 200 {
				all.Go(func() {
					for range 5 {
						r := g.Run(plugintest.Request{Header: []string{"Authorization", "Bearer " + rand.Text()}}, plugintest.Reply{})
						if r.Status != 401 {
							t.Errorf("%d %v", r.Status, r.Err)
						}
					}
				})
			}
			wantStatus(t, g.bearer(known), 200)
			all.Wait()
			if d := time.Since(begin); d > 20*time.Second {
				t.Errorf("it took %v", d)
			}
		}, "auth_methods: [bearer, introspection]\ntimeout: 200"},
	}
}
