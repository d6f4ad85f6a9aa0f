package jose_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/gibbon-gateway/gibbon/internal/jose"
)

var claims = map[string]any{"sub": "alice", "exp": 1}

func keys(t testing.TB) map[string][2]any {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][2]any{"EdDSA": {}}
	for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"} {
		all[alg] = [2]any{r, &r.PublicKey}
	}
	for alg, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		k, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		all[alg] = [2]any{k, &k.PublicKey}
	}
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	all["EdDSA"] = [2]any{priv, pub}
	for _, alg := range jose.Symmetric {
		secret := []byte("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
		all[alg] = [2]any{secret, secret}
	}
	return all
}

// Tokens of ours are good for go-jose, and the other way round; no key verifies another algorithm's token.
func TestAlgorithms(t *testing.T) {
	all := keys(t)
	every := append(append([]string{}, jose.Asymmetric...), jose.Symmetric...)
	for alg, k := range all {
		token, err := jose.Sign(alg, k[0], map[string]any{"kid": "1"}, claims)
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		parsed, err := jose.Parse([]byte(token))
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		if err := parsed.Verify(k[1], every); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
		other, err := gojose.ParseSignedCompact(token, []gojose.SignatureAlgorithm{gojose.SignatureAlgorithm(alg)})
		if err != nil {
			t.Fatalf("%s: go-jose: %v", alg, err)
		}
		if _, err := other.Verify(k[1]); err != nil {
			t.Errorf("%s: go-jose: %v", alg, err)
		}
		signer, err := gojose.NewSigner(gojose.SigningKey{Algorithm: gojose.SignatureAlgorithm(alg), Key: k[0]}, nil)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := signer.Sign([]byte(`{"sub":"bob"}`))
		if err != nil {
			t.Fatal(err)
		}
		compact, _ := theirs.CompactSerialize()
		if parsed, err = jose.Parse([]byte(compact)); err != nil {
			t.Fatal(err)
		}
		if err := parsed.Verify(k[1], []string{alg}); err != nil {
			t.Errorf("%s of go-jose: %v", alg, err)
		}
		for otherAlg, o := range all {
			if otherAlg[:1] == alg[:1] || strings.ContainsAny(alg[:1], "RP") && strings.ContainsAny(otherAlg[:1], "RP") {
				continue
			}
			if err := parsed.Verify(o[1], every); err == nil {
				t.Errorf("%s token verified by the key of %s", alg, otherAlg)
			}
		}
		if err := parsed.Verify(k[1], nil); !errors.Is(err, jose.ErrKey) {
			t.Errorf("%s is accepted though not allowed: %v", alg, err)
		}
	}
}

func encode(parts ...string) string {
	for i := range parts {
		parts[i] = base64.RawURLEncoding.EncodeToString([]byte(parts[i]))
	}
	return strings.Join(parts, ".")
}

func TestMalformed(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20)
	for name, token := range map[string]string{
		"empty":               "",
		"two parts":           encode(`{"alg":"RS256"}`, `{}`),
		"four parts":          encode(`{"alg":"RS256"}`, `{}`, "s", "s"),
		"padding":             base64.URLEncoding.EncodeToString([]byte(`{"alg":"RS256" }`)) + "." + encode(`{}`, "s"),
		"standard alphabet":   "ey+/." + encode(`{}`, "s"),
		"line break":          "eyJhbGciOi\nJSUzI1NiJ9." + encode(`{}`, "s"),
		"trailing bits":       "eyJhbGciOiJSUzI1NiJ9.e31." + encode("s")[:1] + "B",
		"no alg":              encode(`{}`, `{}`, "s"),
		"alg is a number":     encode(`{"alg":1}`, `{}`, "s"),
		"kid is a list":       encode(`{"alg":"RS256","kid":["a"]}`, `{}`, "s"),
		"claim twice":         encode(`{"alg":"RS256"}`, `{"sub":"good","sub":"evil"}`, "s"),
		"claim twice, nested": encode(`{"alg":"RS256"}`, `{"a":[{"x":1,"\u0078":2}]}`, "s"),
		"header twice":        encode(`{"alg":"RS256","alg":"none"}`, `{}`, "s"),
		"crit":                encode(`{"alg":"RS256","crit":["x"],"x":1}`, `{}`, "s"),
		"b64":                 encode(`{"alg":"RS256","b64":false}`, `{}`, "s"),
		"claims are a list":   encode(`{"alg":"RS256"}`, `[]`, "s"),
		"claims are null":     encode(`{"alg":"RS256"}`, `null`, "s"),
		"more behind claims":  encode(`{"alg":"RS256"}`, `{}{}`, "s"),
		"deep claims":         encode(`{"alg":"RS256"}`, deep, "s"),
		"long":                encode(`{"alg":"RS256"}`, `{"a":"`+strings.Repeat("a", jose.MaxToken)+`"}`, "s"),
	} {
		if _, err := jose.Parse([]byte(token)); !errors.Is(err, jose.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The classic attacks: no algorithm, a public key as secret, a changed payload, a stripped or foreign signature.
func TestForged(t *testing.T) {
	all := keys(t)
	pub := all["RS256"][1].(*rsa.PublicKey)
	der := x509.MarshalPKCS1PublicKey(pub)
	good, err := jose.Sign("RS256", all["RS256"][0], nil, claims)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	es, err := jose.Sign("ES256", all["ES256"][0], nil, claims)
	if err != nil {
		t.Fatal(err)
	}
	esParts := strings.Split(es, ".")
	zero := base64.RawURLEncoding.EncodeToString(make([]byte, 64))
	forged := map[string]string{
		"none":              encode(`{"alg":"none"}`, `{"sub":"eve"}`) + ".",
		"None":              encode(`{"alg":"None"}`, `{"sub":"eve"}`) + ".",
		"changed payload":   parts[0] + "." + encode(`{"sub":"eve"}`) + "." + parts[2],
		"stripped":          parts[0] + "." + parts[1] + ".",
		"of another token":  parts[0] + "." + parts[1] + "." + esParts[2],
		"zero r and s":      esParts[0] + "." + esParts[1] + "." + zero,
		"short ECDSA":       esParts[0] + "." + esParts[1] + "." + esParts[2][:40],
		"unknown algorithm": encode(`{"alg":"RS1"}`, `{}`, "s"),
	}
	for name, secret := range map[string][]byte{"HS by DER": der, "HS by PEM": pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: der})} {
		if forged[name], err = jose.Sign("HS256", secret, nil, claims); err != nil {
			t.Fatal(err)
		}
	}
	every := append(append([]string{"none"}, jose.Asymmetric...), jose.Symmetric...)
	for name, token := range forged {
		parsed, err := jose.Parse([]byte(token))
		if err != nil {
			continue
		}
		for alg, k := range all {
			if strings.HasPrefix(alg, "HS") {
				continue
			}
			if err := parsed.Verify(k[1], every); err == nil {
				t.Errorf("%s is accepted by %s", name, alg)
			}
		}
	}
	parsed, err := jose.Parse([]byte(encode(`{"alg":"HS256"}`, `{}`, "s")))
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.Verify([]byte{}, every); !errors.Is(err, jose.ErrKey) {
		t.Errorf("empty secret: %v", err)
	}
}

func jwk(t *testing.T, key any, id, use string) string {
	t.Helper()
	b, err := json.Marshal(gojose.JSONWebKey{Key: key, KeyID: id, Use: use})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestKeySet(t *testing.T) {
	all := keys(t)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	doc := `{"keys":[` + strings.Join([]string{
		jwk(t, all["RS256"][1], "r", "sig"), jwk(t, all["ES256"][1], "e", ""), jwk(t, all["EdDSA"][1], "d", "sig"),
		jwk(t, &weak.PublicKey, "weak", "sig"), jwk(t, all["RS256"][0], "private", "sig"), jwk(t, all["HS256"][0], "secret", "sig"),
		jwk(t, all["RS256"][1], "enc", "enc"), `{"kty":"new"}`, `{"kty":"RSA","n":"!","e":"AQAB"}`, `7`,
	}, ",") + `]}`
	set, left, err := jose.ParseSet([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	if len(set) != 3 || len(left) != 7 {
		t.Errorf("%d keys, left out %q", len(set), left)
	}
	for _, bad := range []string{"", "[]", "{}", `{"keys":{}}`, `{"keys":null}`} {
		if _, _, err := jose.ParseSet([]byte(bad)); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	for _, c := range []struct {
		token jose.Token
		want  int
		named bool
	}{
		{jose.Token{Alg: "RS256", Kid: "r"}, 1, true},
		{jose.Token{Alg: "ES256", Kid: "r"}, 1, false},
		{jose.Token{Alg: "RS256", Kid: "../x"}, 1, false},
		{jose.Token{Alg: "ES384"}, 0, false},
		{jose.Token{Alg: "EdDSA"}, 1, false},
	} {
		fit, named := jose.Choose(set, &c.token)
		if len(fit) != c.want || named != c.named {
			t.Errorf("%+v: %d keys, named %v", c.token, len(fit), named)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(encode(`{"alg":"RS256","kid":"a"}`, `{"sub":"x","a":[1,{"b":null}]}`, "s"))
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := jose.Parse([]byte(text))
		if err != nil {
			return
		}
		if token.Alg == "" || token.Claims == nil {
			t.Errorf("accepted: %q", text)
		}
	})
}
