package jwt_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/plugins/jwt"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

func TestReadme(t *testing.T) { stage.Readme(t, "README.md", jwt.Type) }

func TestSchema(t *testing.T) { stage.Schema(t, jwt.Type) }

func TestBadConfig(t *testing.T) {
	stage.BadConfig(t, jwt.Type, []stage.Bad{
		{Config: `{maximum_expiration: 10, claims_to_verify: [nbf]}`, Want: "config.claims_to_verify: expected to contain: exp"},
		{Config: `{maximum_expiration: -1}`, Want: "config.maximum_expiration: value should be between 0 and 31536000"},
		{Config: `{claims_to_verify: [iat]}`, Want: "config.claims_to_verify"},
		{Config: `{nonsense: 1}`, Want: "config.nonsense: unknown field"},
		{Config: `{uri_param_names: jwt}`, Want: "config.uri_param_names: expected a set"},
	})
}

var (
	alice = &entity.Consumer{ID: "11111111-1111-4111-8111-111111111111", Username: "alice"}
	guest = &entity.Consumer{ID: "22222222-2222-4222-8222-222222222222", Username: "guest"}
)

func sign(t testing.TB, alg string, key any, header, claims map[string]any) string {
	t.Helper()
	text, err := jose.Sign(alg, key, header, claims)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func newStage(t testing.TB, curve *ecdsa.PrivateKey) *stage.Stage {
	s := stage.New(t)
	s.Consumers = []*entity.Consumer{alice, guest}
	secret := func(c jwt.Secret) *jwt.Secret {
		c.ID = "33333333-3333-4333-8333-333333333333"
		if c.Consumer == nil {
			c.Consumer = &entity.Ref{ID: alice.ID}
		}
		return &c
	}
	secrets := map[string]any{
		"alice-iss": secret(jwt.Secret{Key: "alice-iss", Secret: "topsecret", Algorithm: "HS256"}),
		"base64":    secret(jwt.Secret{Key: "base64", Secret: base64.StdEncoding.EncodeToString([]byte{0xfb, 0xff, 1}), Algorithm: "HS256"}),
		"42":        secret(jwt.Secret{Key: "42", Secret: "number", Algorithm: "HS256"}),
		"orphan":    secret(jwt.Secret{Key: "orphan", Secret: "s", Algorithm: "HS256", Consumer: &entity.Ref{ID: "99999999-9999-4999-8999-999999999999"}}),
		"broken":    secret(jwt.Secret{Key: "broken", Algorithm: "RS256", RSAPublicKey: "nonsense"}),
	}
	if curve != nil {
		der, err := x509.MarshalPKIXPublicKey(&curve.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		secrets["curve"] = secret(jwt.Secret{Key: "curve", Algorithm: "ES256", RSAPublicKey: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))})
	}
	s.Credentials = map[string]map[string]any{"jwt_secrets": secrets}
	return s
}

func TestToken(t *testing.T) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Unix()
	hs := func(iss any, secret string, more ...any) string {
		claims := map[string]any{"iss": iss}
		for i := 0; i+1 < len(more); i += 2 {
			claims[more[i].(string)] = more[i+1]
		}
		return sign(t, "HS256", []byte(secret), nil, claims)
	}
	good := hs("alice-iss", "topsecret")
	for _, c := range []struct {
		name, config string
		in           plugintest.Request
		status       int
		body         string
		challenge    string
	}{
		{"header", ``, plugintest.Request{Header: []string{"Authorization", "Bearer " + good}}, 200, "", ""},
		{"case", ``, plugintest.Request{Header: []string{"Authorization", "bEARER   " + good}}, 200, "", ""},
		{"query", ``, plugintest.Request{Target: "/?a=1&jwt=" + good}, 200, "", ""},
		{"cookie", `cookie_names: [c]`, plugintest.Request{Header: []string{"Cookie", "a=b; c=" + good}}, 200, "", ""},
		{"other header", `header_names: [x-token]`, plugintest.Request{Header: []string{"X-Token", "Bearer " + good}}, 200, "", ""},
		{"same twice", ``, plugintest.Request{Target: "/?jwt=" + good, Header: []string{"Authorization", "Bearer " + good}}, 200, "", ""},
		{"header parameter", `key_claim_name: kid`, plugintest.Request{Target: "/?jwt=" + sign(t, "HS256", []byte("topsecret"), map[string]any{"kid": "alice-iss"}, map[string]any{})}, 200, "", ""},
		{"number", ``, plugintest.Request{Target: "/?jwt=" + hs(42, "number")}, 200, "", ""},
		{"curve", ``, plugintest.Request{Target: "/?jwt=" + sign(t, "ES256", curve, nil, map[string]any{"iss": "curve"})}, 200, "", ""},
		{"base64", `secret_is_base64: true`, plugintest.Request{Target: "/?jwt=" + hs("base64", "\xfb\xff\x01")}, 200, "", ""},
		{"claims", `claims_to_verify: [exp, nbf]`, plugintest.Request{Target: "/?jwt=" + hs("alice-iss", "topsecret", "exp", now+60, "nbf", now-1)}, 200, "", ""},

		{"none", ``, plugintest.Request{}, 401, `{"message":"Unauthorized"}`, "Bearer"},
		{"none, realm", `realm: here`, plugintest.Request{Header: []string{"Authorization", "Basic x"}}, 401, `{"message":"Unauthorized"}`, `Bearer realm="here"`},
		{"two", ``, plugintest.Request{Target: "/?jwt=a&jwt=b"}, 401, `{"message":"Multiple tokens provided"}`, `Bearer error="invalid_token"`},
		{"garbage", `realm: here`, plugintest.Request{Target: "/?jwt=a.b.c"}, 401, `{"message":"Bad token; invalid JSON"}`, `Bearer realm="here" error="invalid_token"`},
		{"alg none", ``, plugintest.Request{Target: "/?jwt=eyJhbGciOiJub25lIn0.e30."}, 401, `{"message":"Bad token; invalid alg"}`, `Bearer error="invalid_token"`},
		{"typ", ``, plugintest.Request{Target: "/?jwt=" + sign(t, "HS256", []byte("x"), map[string]any{"typ": "at+jwt"}, map[string]any{})}, 401, `{"message":"Bad token; invalid typ"}`, `Bearer error="invalid_token"`},
		{"no iss", ``, plugintest.Request{Target: "/?jwt=" + sign(t, "HS256", []byte("x"), nil, map[string]any{})}, 401, `{"message":"No mandatory 'iss' in claims"}`, `Bearer error="invalid_token"`},
		{"empty iss", ``, plugintest.Request{Target: "/?jwt=" + hs("", "x")}, 401, `{"message":"Invalid 'iss' in claims"}`, `Bearer error="invalid_token"`},
		{"list", ``, plugintest.Request{Target: "/?jwt=" + hs([]string{"alice-iss"}, "topsecret")}, 401, `{"message":"Invalid 'iss' in claims"}`, `Bearer error="invalid_token"`},
		{"unknown", ``, plugintest.Request{Target: "/?jwt=" + hs("bob", "x")}, 401, `{"message":"No credentials found for given 'iss'"}`, `Bearer error="invalid_token"`},
		{"algorithm", ``, plugintest.Request{Target: "/?jwt=" + sign(t, "HS512", []byte("topsecret"), nil, map[string]any{"iss": "alice-iss"})}, 401, `{"message":"Invalid algorithm"}`, `Bearer error="invalid_token"`},
		{"confusion", ``, plugintest.Request{Target: "/?jwt=" + hs("curve", "x")}, 401, `{"message":"Invalid algorithm"}`, `Bearer error="invalid_token"`},
		{"signature", ``, plugintest.Request{Target: "/?jwt=" + hs("alice-iss", "wrong")}, 401, `{"message":"Invalid signature"}`, `Bearer error="invalid_token"`},
		{"key", ``, plugintest.Request{Target: "/?jwt=" + strings.Replace(sign(t, "HS256", []byte("x"), nil, map[string]any{"iss": "broken"}), "eyJhbGciOiJIUzI1NiI", "eyJhbGciOiJSUzI1NiI", 1)}, 401, `{"message":"Invalid key/secret"}`, `Bearer error="invalid_token"`},
		{"expired", `claims_to_verify: [exp]`, plugintest.Request{Target: "/?jwt=" + hs("alice-iss", "topsecret", "exp", now)}, 401, `{"exp":"token expired"}`, `Bearer error="invalid_token"`},
		{"early", `claims_to_verify: [nbf]`, plugintest.Request{Target: "/?jwt=" + hs("alice-iss", "topsecret", "nbf", now+60)}, 401, `{"nbf":"token not valid yet"}`, `Bearer error="invalid_token"`},
		{"text", `claims_to_verify: [exp, nbf]`, plugintest.Request{Target: "/?jwt=" + hs("alice-iss", "topsecret", "exp", "5")}, 401, `{"exp":"must be a number","nbf":"must be a number"}`, `Bearer error="invalid_token"`},
		{"far", "claims_to_verify: [exp]\nmaximum_expiration: 60", plugintest.Request{Target: "/?jwt=" + hs("alice-iss", "topsecret", "exp", now+600)}, 401, `{"exp":"exceeds maximum allowed expiration"}`, `Bearer error="invalid_token"`},
		{"orphan", ``, plugintest.Request{Target: "/?jwt=" + hs("orphan", "s")}, 401, `{"message":"Could not find consumer for 'iss=orphan'"}`, ""},
		{"preflight", ``, plugintest.Request{Method: "OPTIONS"}, 401, `{"message":"Unauthorized"}`, "Bearer"},
		{"no preflight", `run_on_preflight: false`, plugintest.Request{Method: "OPTIONS"}, 200, "", ""},
		{"anonymous", `anonymous: guest`, plugintest.Request{Target: "/?jwt=a.b.c"}, 200, "", ""},
		{"nobody", `anonymous: nobody`, plugintest.Request{}, 500, "", ""},
	} {
		r := newStage(t, curve).Instance(t, jwt.Type, c.config).Run(c.in, plugintest.Reply{})
		if r.Err != nil || r.Status != c.status || r.Exited != (c.status != 200) || c.body != "" && r.Body != c.body || r.Get("WWW-Authenticate") != c.challenge {
			t.Errorf("%s: %d %s %s %v", c.name, r.Status, r.Get("WWW-Authenticate"), r.Body, r.Err)
		}
	}
	r := newStage(t, nil).Instance(t, jwt.Type, "").Run(plugintest.Request{Header: []string{"Authorization", "Bearer " + good}}, plugintest.Reply{})
	if r.Exchange.Consumer != alice || r.Upstream.Get("X-Credential-Identifier") != "alice-iss" || r.Upstream.Get("Authorization") != "Bearer "+good ||
		r.Exchange.Shared(jwt.TokenKey) != good {
		t.Errorf("%s", r.Upstream.Header)
	}
	r = newStage(t, nil).Instance(t, jwt.Type, "anonymous: guest").Run(plugintest.Request{Consumer: alice, Credential: plugin.Credential{ID: "k"}}, plugintest.Reply{})
	if r.Exchange.Consumer != alice {
		t.Error("another plugin's consumer was replaced")
	}
}
