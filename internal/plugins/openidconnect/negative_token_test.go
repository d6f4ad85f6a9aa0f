package openidconnect_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/oidc/oidctest"
)

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// raw makes a token of header, claims and signature as text.
func raw(header, claims, signature string) string {
	return b64(header) + "." + b64(claims) + "." + b64(signature)
}

// refuses checks that tokens are answered with 401.
func (g *gateway) refuses(tokens map[string]string) {
	g.t.Helper()
	for name, token := range tokens {
		if r := g.bearer(token); r.Status != 401 || !r.Exited {
			g.t.Errorf("%s: %d", name, r.Status)
		}
	}
}

// refusesClaims checks that a token is refused with each of some claims changed, and accepted without the change.
func (g *gateway) refusesClaims(list ...[]any) {
	g.t.Helper()
	if r := g.bearer(g.provider.Token()); r.Status != 200 {
		g.t.Errorf("a good token: %d", r.Status)
	}
	for _, more := range list {
		if r := g.bearer(g.provider.Token(more...)); r.Status != 401 || !r.Exited {
			g.t.Errorf("%v: %d", more, r.Status)
		}
	}
}

// refusesLogin checks that a login fails with each of some claims of the ID token changed.
func (g *gateway) refusesLogin(list ...[]any) {
	g.t.Helper()
	g.provider.ID = nil
	if r := g.browser().signIn("/"); r.Status != 200 {
		g.t.Errorf("a good login: %d", r.Status)
	}
	for _, more := range list {
		g.provider.ID = func(claims map[string]any) {
			for i := 0; i < len(more); i += 2 {
				if claims[more[i].(string)] = more[i+1]; more[i+1] == nil {
					delete(claims, more[i].(string))
				}
			}
		}
		b := g.browser()
		if r := b.signIn("/"); r.Status != 401 || !r.Exited || b.cookies["session"] != "" {
			g.t.Errorf("%v: %d", more, r.Status)
		}
	}
	g.provider.ID = nil
}

const onlyBearer = "auth_methods: [bearer]"

func tokenRows() []row {
	spare := oidctest.Key(oidctest.SpareKey)
	return []row{
		{1, "JWS", "`alg` none, None, nOnE, empty, missing, a number", "401", func(t *testing.T, g *gateway) {
			claims := jsonText(g.provider.Claims())
			for _, alg := range []string{`"none"`, `"None"`, `"nOnE"`, `""`, `null`, `5`, `["RS256"]`} {
				g.refuses(map[string]string{alg: raw(`{"alg":`+alg+`}`, claims, ""), alg + " signed": raw(`{"alg":`+alg+`}`, claims, "x")})
			}
			g.refuses(map[string]string{"missing": raw(`{}`, claims, "")})
		}, onlyBearer},
		{2, "JWS", "HS256 signed with the RSA public key (PEM, DER, JWK text)", "401, also with `enable_hs_signatures`", func(t *testing.T, g *gateway) {
			public := &oidctest.Key(oidctest.AccessKey).(*rsa.PrivateKey).PublicKey
			der, err := x509.MarshalPKIXPublicKey(public)
			if err != nil {
				t.Fatal(err)
			}
			for _, config := range []string{onlyBearer, onlyBearer + "\nenable_hs_signatures: true"} {
				g.with(config)
				for name, key := range map[string][]byte{"DER": der, "PKCS1": x509.MarshalPKCS1PublicKey(public),
					"PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "JWK": []byte(oidctest.PublicJWK(oidctest.AccessKey))} {
					g.refuses(map[string]string{name: oidctest.Sign("HS256", key, map[string]any{"kid": oidctest.AccessKey}, g.provider.Claims())})
				}
			}
		}, onlyBearer},
		{3, "JWS", "HS256 with the client's secret while `enable_hs_signatures` is off; with an empty or one-byte secret while it is on", "401", func(t *testing.T, g *gateway) {
			good := oidctest.Sign("HS256", []byte(oidctest.Secret), nil, g.provider.Claims())
			g.refuses(map[string]string{"off": good})
			g.with(onlyBearer + "\nenable_hs_signatures: true")
			wantStatus(t, g.bearer(good), 200)
			g.with(onlyBearer + "\nenable_hs_signatures: true\nclient_secret: [\"x\"]")
			g.refuses(map[string]string{"one byte": oidctest.Sign("HS256", []byte("x"), nil, g.provider.Claims())})
			g.with(onlyBearer + "\nenable_hs_signatures: true\nclient_secret: null")
			g.refuses(map[string]string{"none": oidctest.Sign("HS256", []byte("\x00"), nil, g.provider.Claims())})
		}, onlyBearer},
		{4, "JWS", "an algorithm that is known, but not the one of this issuer's key or ID tokens", "401", func(t *testing.T, g *gateway) {
			g.provider.KeySet = func(set map[string]any) {
				set["keys"] = []any{withJWK(oidctest.AccessKey, "alg", "RS256")}
			}
			g.refuses(map[string]string{"PS256": oidctest.Sign("PS256", oidctest.Key(oidctest.AccessKey), map[string]any{"kid": oidctest.AccessKey}, g.provider.Claims())})
			g.provider.KeySet = nil
			g.provider.Document = func(doc map[string]any) { doc["id_token_signing_alg_values_supported"] = []string{"ES256"} }
			g.with("session_secret: fresh-one-0123456\nrediscovery_lifetime: 31")
			if r := g.browser().signIn("/"); r.Status != 401 {
				t.Errorf("ID token: %d", r.Status)
			}
		}, onlyBearer},
		{5, "JWS", "key type and algorithm disagree (EC key with RS256, P-256 with ES384)", "401", func(t *testing.T, g *gateway) {
			g.provider.Keys[oidctest.CurveKey] = oidctest.Key(oidctest.CurveKey)
			claims := jsonText(g.provider.Claims())
			for _, alg := range []string{"RS256", "PS256", "ES384", "ES512", "EdDSA", "HS256"} {
				g.refuses(map[string]string{alg: raw(`{"alg":"`+alg+`","kid":"`+oidctest.CurveKey+`"}`, claims, strings.Repeat("s", 96))})
			}
			g.refuses(map[string]string{"ES256 by RSA": raw(`{"alg":"ES256","kid":"`+oidctest.AccessKey+`"}`, claims, strings.Repeat("s", 64))})
		}, onlyBearer},
		{6, "JWS", "signature stripped, empty third part, two parts, four parts", "401", func(t *testing.T, g *gateway) {
			p := strings.Split(g.provider.Token(), ".")
			g.refuses(map[string]string{"stripped": p[0] + "." + p[1], "empty": p[0] + "." + p[1] + ".", "four": strings.Join(append(p, "x"), "."),
				"dots": "..", "six": "......"})
		}, onlyBearer},
		{7, "JWS", "payload changed; signature of another token", "401", func(t *testing.T, g *gateway) {
			a, b := strings.Split(g.provider.Token(), "."), strings.Split(g.provider.Token("sub", "root"), ".")
			g.refuses(map[string]string{"payload": a[0] + "." + b[1] + "." + a[2], "signature": a[0] + "." + a[1] + "." + b[2],
				"header": b64(`{"alg":"RS256"}`) + "." + a[1] + "." + a[2]})
		}, onlyBearer},
		{8, "JWS", "ES256 signature in DER, with r or s zero, of wrong length", "401", func(t *testing.T, g *gateway) {
			g.provider.Keys[oidctest.CurveKey] = oidctest.Key(oidctest.CurveKey)
			good := oidctest.Sign("ES256", oidctest.Key(oidctest.CurveKey), map[string]any{"kid": oidctest.CurveKey}, g.provider.Claims())
			wantStatus(t, g.bearer(good), 200)
			p := strings.Split(good, ".")
			sig, err := base64.RawURLEncoding.DecodeString(p[2])
			if err != nil {
				t.Fatal(err)
			}
			der, err := asn1.Marshal([]*big.Int{new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])})
			if err != nil {
				t.Fatal(err)
			}
			zero := string(make([]byte, 32))
			for name, s := range map[string]string{"DER": string(der), "r": zero + string(sig[32:]), "s": string(sig[:32]) + zero, "both": zero + zero,
				"short": string(sig[:63]), "long": string(sig) + "\x00", "big": strings.Repeat("\xff", 64)} {
				g.refuses(map[string]string{name: p[0] + "." + p[1] + "." + b64(s)})
			}
		}, onlyBearer},
		{9, "JWS", "base64 with padding, white space, the other alphabet, bits set behind the end", "401", func(t *testing.T, g *gateway) {
			token := g.provider.Token()
			p := strings.Split(token, ".")
			last := p[2][len(p[2])-1]
			bits := p[2][:len(p[2])-1] + string(rune(last+1))
			g.refuses(map[string]string{"padding": token + "=", "two": p[0] + "=." + p[1] + "." + p[2], "space": p[0] + ". " + p[1] + "." + p[2],
				"alphabet": strings.NewReplacer("-", "+", "_", "/").Replace(token) + "+", "bits": p[0] + "." + p[1] + "." + bits})
		}, onlyBearer},
		{10, "JWS", "names twice in header or claims, text that is not UTF-8", "401", func(t *testing.T, g *gateway) {
			claims := strings.TrimSuffix(jsonText(g.provider.Claims()), "}")
			for name, parts := range map[string][2]string{
				"header": {`{"alg":"RS256","kid":"rsa-1","alg":"none"}`, claims + "}"}, "claims": {`{"alg":"RS256","kid":"rsa-1"}`, claims + `,"sub":"root"}`},
				"deep":    {`{"alg":"RS256","kid":"rsa-1"}`, claims + `,"a":{"b":1,"b":2}}`},
				"UTF-8":   {`{"alg":"RS256","kid":"rsa-1"}`, claims + ",\"team\":\"r\xc3(d\"}"},
				"Latin 1": {`{"alg":"RS256","kid":"rsa-1"}`, claims + ",\"name\":\"Andr\xe9\"}"}, "header in UTF-8": {"{\"alg\":\"RS256\",\"kid\":\"rsa-1\",\"x\":\"\xff\"}", claims + "}"}} {
				g.refuses(map[string]string{name: signText(parts[0], parts[1])})
			}
			wantStatus(t, g.bearer(signText(`{"alg":"RS256","kid":"rsa-1"}`, claims+"}")), 200)
		}, onlyBearer},
		{11, "JWS", "`crit` with any name, `b64`: false", "401", func(t *testing.T, g *gateway) {
			for _, h := range []map[string]any{{"crit": []any{"exp"}}, {"crit": []any{}}, {"b64": false, "crit": []any{"b64"}}, {"b64": true}} {
				g.refuses(map[string]string{fmt.Sprint(h): g.provider.Sign(h, g.provider.Claims())})
			}
		}, onlyBearer},
		{12, "JWS", "`jwk`, `jku`, `x5u`, `x5c` in the header name the attacker's key", "not looked at: 401", func(t *testing.T, g *gateway) {
			g.refuses(map[string]string{"all": oidctest.Sign("RS256", spare, map[string]any{"kid": "mine", "jwk": withJWK(oidctest.SpareKey),
				"jku": g.provider.URL + "/evil", "x5u": g.provider.URL + "/evil", "x5c": []any{"MIIB"}}, g.provider.Claims())})
			if g.provider.Calls("/evil") != 0 {
				t.Error("the attacker's URL was asked")
			}
		}, onlyBearer},
		{13, "JWS", "`kid` with ../, SQL, NUL, 48 KiB, an array", "an unknown key: 401, one fetch", func(t *testing.T, g *gateway) {
			for _, kid := range []any{"../../etc/passwd", "' OR 1=1 --", "a\x00b", strings.Repeat("k", 32<<10), []any{"rsa-1"}, 5, nil, map[string]any{}} {
				g.refuses(map[string]string{fmt.Sprintf("%.20v", kid): oidctest.Sign("RS256", spare, map[string]any{"kid": kid}, g.provider.Claims())})
			}
			if n := g.provider.Calls("/keys"); n > 2 {
				t.Errorf("%d fetches", n)
			}
		}, onlyBearer},
		{14, "JWS", "1,000 random kids", "at most one fetch of keys in `rediscovery_lifetime`", func(t *testing.T, g *gateway) {
			wantStatus(t, g.bearer(g.provider.Token()), 200)
			claims := g.provider.Claims()
			for i := range 1000 {
				g.bearer(raw(`{"alg":"RS256","kid":"`+fmt.Sprint(i)+`"}`, jsonText(claims), "x"))
			}
			if n := g.provider.Calls("/keys"); n > 2 {
				t.Errorf("%d fetches", n)
			}
		}, onlyBearer},
		{15, "JWS", "`kid` absent, with one key and with many", "all keys that fit are tried, 8 at most", func(t *testing.T, g *gateway) {
			token := oidctest.Sign("RS256", oidctest.Key(oidctest.AccessKey), nil, g.provider.Claims())
			wantStatus(t, g.bearer(token), 200)
			g.provider.Keys = map[string]any{oidctest.SpareKey: spare, oidctest.AccessKey: oidctest.Key(oidctest.AccessKey), oidctest.CurveKey: oidctest.Key(oidctest.CurveKey)}
			wantStatus(t, g.with(onlyBearer+"\nrediscovery_lifetime: 31").bearer(token), 200)
		}, onlyBearer},
		{16, "JWS", "key with `use` enc, or `key_ops` without verify", "not used: 401", func(t *testing.T, g *gateway) {
			for i, k := range []any{withJWK(oidctest.AccessKey, "use", "enc"), withJWK(oidctest.AccessKey, "key_ops", []any{"encrypt"})} {
				g.provider.KeySet = func(set map[string]any) { set["keys"] = []any{k, withJWK(oidctest.SpareKey)} }
				g.with(fmt.Sprintf("%s\nrediscovery_lifetime: %d", onlyBearer, 40+i))
				g.refuses(map[string]string{fmt.Sprint(i): g.provider.Token()})
			}
		}, onlyBearer},
		{17, "JWS", "RSA keys under 2048 bits, with exponent 1, or an even one", "not used: 401", func(t *testing.T, g *gateway) {
			weak, err := rsa.GenerateKey(rand.Reader, 1024)
			if err != nil {
				t.Fatal(err)
			}
			strong := oidctest.Key(oidctest.SpareKey).(*rsa.PrivateKey)
			number := func(n *big.Int) string { return b64(string(n.Bytes())) }
			g.provider.KeySet = func(set map[string]any) {
				set["keys"] = append(set["keys"].([]any),
					map[string]any{"kty": "RSA", "kid": "weak", "n": number(weak.N), "e": "AQAB"},
					map[string]any{"kty": "RSA", "kid": "one", "n": number(strong.N), "e": "AQ"},
					map[string]any{"kty": "RSA", "kid": "even", "n": number(strong.N), "e": "BA"})
			}
			claims := jsonText(g.provider.Claims())
			signed := b64(`{"alg":"RS256","kid":"one"}`) + "." + b64(claims)
			sum := sha256.Sum256([]byte(signed))
			info := "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20" + string(sum[:])
			identity := "\x00\x01" + strings.Repeat("\xff", 256-3-len(info)) + "\x00" + info // what any key with exponent 1 verifies
			g.refuses(map[string]string{"weak": oidctest.Sign("RS256", weak, map[string]any{"kid": "weak"}, g.provider.Claims()), "one": signed + "." + b64(identity),
				"even": oidctest.Sign("RS256", strong, map[string]any{"kid": "even"}, g.provider.Claims())})
		}, onlyBearer},
		{18, "JWS", "JSON serialisation, nested JWS, JWE where a JWS is expected", "opaque: 401, or the provider is asked", func(t *testing.T, g *gateway) {
			token := g.provider.Token()
			g.refuses(map[string]string{"json": `{"payload":"x","signatures":[]}`, "nested": signText(`{"alg":"RS256","kid":"rsa-1","cty":"JWT"}`, `"`+token+`"`),
				"jwe": "a.b.c.d.e"})
			g.with("auth_methods: [bearer, introspection]")
			g.refuses(map[string]string{"jwe": "a.b.c.d.e"})
			if g.provider.Calls("/introspect") != 1 {
				t.Error("the provider was not asked")
			}
		}, onlyBearer},
		{19, "JWE", "zip bomb, RSA1_5, PBES2 with p2c 10^9", "never decrypted: 401 at once", func(t *testing.T, g *gateway) {
			begin := time.Now()
			for _, h := range []string{`{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":1000000000,"p2s":"x"}`, `{"alg":"RSA1_5","enc":"A128GCM"}`,
				`{"alg":"dir","enc":"A128GCM","zip":"DEF"}`} {
				g.refuses(map[string]string{h: b64(h) + ".a.b.c.d"})
			}
			if time.Since(begin) > 5*time.Second {
				t.Error("it took long")
			}
		}, onlyBearer},
		{20, "size", "1 MiB token, 10,000 claims, depth 10,000", "401, within bounds", func(t *testing.T, g *gateway) {
			var many strings.Builder
			for i := range 10000 {
				fmt.Fprintf(&many, `"c%d":1,`, i)
			}
			head := `{"alg":"RS256","kid":"rsa-1"}`
			g.refuses(map[string]string{"1 MiB": strings.Repeat("a", 1<<20), "1 MiB of parts": "a." + strings.Repeat("b", 1<<20) + ".c",
				"claims": signText(head, "{"+many.String()+`"x":1}`), "deep": signText(head, `{"a":`+strings.Repeat("[", 10000)+strings.Repeat("]", 10000)+"}"),
				"deep header": raw(strings.Repeat("[", 10000), "{}", "x")})
		}, onlyBearer},
		{21, "typ", "ID token as bearer token", "401, by `token_use`, `typ` of Keycloak, or `at_hash`", func(t *testing.T, g *gateway) {
			g.refusesClaims([]any{"token_use", "id"}, []any{"typ", "ID"}, []any{"at_hash", "x"})
		}, onlyBearer},
		{22, "typ", "logout token, JARM answer, DPoP proof, client assertion, signed introspection and userinfo as access token", "401", func(t *testing.T, g *gateway) {
			g.refusesClaims([]any{"events", map[string]any{}}, []any{"state", "s", "code", "c"}, []any{"token_introspection", map[string]any{}}, []any{"exp", nil},
				[]any{"iss", oidctest.Client})
			for _, typ := range []string{"logout+jwt", "application/logout+JWT", "dpop+jwt", "oauth-authz-req+jwt", "token-introspection+jwt"} {
				g.refuses(map[string]string{typ: g.provider.Sign(map[string]any{"typ": typ}, g.provider.Claims())})
			}
			wantStatus(t, g.bearer(g.provider.Sign(map[string]any{"typ": "at+jwt"}, g.provider.Claims())), 200)
		}, onlyBearer},
		{23, "iss", "missing, other, other case, longer path, longer host, look-alike", "401", func(t *testing.T, g *gateway) {
			u := g.provider.URL
			g.refusesClaims([]any{"iss", nil}, []any{"iss", ""}, []any{"iss", "https://other.example"}, []any{"iss", strings.ToUpper(u)}, []any{"iss", u + "/x"},
				[]any{"iss", u + ".evil.example"}, []any{"iss", strings.Replace(u, "1", "１", 1)}, []any{"iss", []any{u}}, []any{"iss", u + "?"}, []any{"iss", 5})
			wantStatus(t, g.bearer(g.provider.Token("iss", u+"/")), 200)
		}, onlyBearer},
		{24, "iss", "right issuer, key of a second trusted issuer", "401: keys belong to issuers", func(t *testing.T, g *gateway) {
			other := oidctest.New(t)
			other.Now, other.Signing, other.Keys = g.clock.now, oidctest.SpareKey, map[string]any{oidctest.SpareKey: spare}
			for _, more := range []string{"\nextra_jwks_uris: [" + other.URL + "/keys]", ""} {
				g.with(onlyBearer + "\nissuers_allowed: [" + g.provider.URL + ", " + other.URL + "]" + more)
				wantStatus(t, g.bearer(g.provider.Token()), 200)
				wantStatus(t, g.bearer(other.Token()), 200)
				g.refuses(map[string]string{"ours by theirs": other.Token("iss", g.provider.URL), "theirs by ours": g.provider.Token("iss", other.URL)})
			}
		}, onlyBearer},
		{25, "aud", "ID token for nobody, another client, a list without us, a list of objects, an empty list", "401", func(t *testing.T, g *gateway) {
			g.refusesLogin([]any{"aud", nil}, []any{"aud", "other"}, []any{"aud", []any{"a", "b"}}, []any{"aud", []any{map[string]any{"app": 1}}}, []any{"aud", []any{}},
				[]any{"aud", "APP"}, []any{"aud", []any{oidctest.Client, 5}})
		}, ""},
		{26, "aud", "several audiences, `azp` missing or another client", "401", func(t *testing.T, g *gateway) {
			g.refusesLogin([]any{"aud", []any{oidctest.Client, "b"}}, []any{"aud", []any{oidctest.Client, "b"}, "azp", "b"}, []any{"azp", "b"}, []any{"azp", 5})
		}, ""},
		{27, "exp", "past, now, missing, negative, 2^63, text that is none, an object; numbers as text and with fractions", "401; `\"123\"` and `123.5` count as numbers", func(t *testing.T, g *gateway) {
			now := g.clock.now().Unix()
			g.refusesClaims([]any{"exp", now - 1}, []any{"exp", now}, []any{"exp", nil}, []any{"exp", -1}, []any{"exp", 9223372036854775807.0 * 2}, []any{"exp", "x"},
				[]any{"exp", map[string]any{}}, []any{"exp", true}, []any{"exp", "NaN"}, []any{"exp", "Infinity"}, []any{"exp", 1e300})
			wantStatus(t, g.bearer(g.provider.Token("exp", fmt.Sprint(now+100))), 200)
			wantStatus(t, g.bearer(g.provider.Token("exp", float64(now)+100.5)), 200)
		}, onlyBearer},
		{28, "nbf/iat", "in the future; `iat` missing, or years old at a login", "401", func(t *testing.T, g *gateway) {
			now := g.clock.now().Unix()
			g.refusesClaims([]any{"nbf", now + 60}, []any{"iat", now + 60}, []any{"nbf", "x"}, []any{"iat", -5})
			g.with("")
			g.refusesLogin([]any{"iat", nil}, []any{"iat", now - 86400*365}, []any{"exp", nil}, []any{"exp", now - 1})
		}, onlyBearer},
		{29, "auth_time", "older than `max_age`, or missing with it", "401", func(t *testing.T, g *gateway) {
			g.refusesLogin([]any{"auth_time", nil}, []any{"auth_time", g.clock.now().Unix() - 100}, []any{"auth_time", "x"})
		}, "max_age: 60"},
		{30, "nonce", "missing, other, of an earlier login", "401", func(t *testing.T, g *gateway) {
			var earlier any
			g.provider.ID = func(claims map[string]any) { earlier = claims["nonce"] }
			g.browser().signIn("/")
			g.refusesLogin([]any{"nonce", nil}, []any{"nonce", "x"}, []any{"nonce", earlier}, []any{"nonce", []any{"x"}})
		}, ""},
		{31, "hashes", "wrong `at_hash` or `c_hash`, the hash of another algorithm", "401", func(t *testing.T, g *gateway) {
			g.refusesLogin([]any{"at_hash", "x"}, []any{"c_hash", "x"}, []any{"at_hash", strings.Repeat("A", 43)}, []any{"at_hash", 5})
		}, ""},
		{32, "sub", "missing, empty, over 255 characters, other in userinfo, other after a refresh", "401; the session ends", func(t *testing.T, g *gateway) {
			g.refusesLogin([]any{"sub", nil}, []any{"sub", ""}, []any{"sub", strings.Repeat("s", 256)}, []any{"sub", 5})
			g.with("search_user_info: true")
			g.provider.Userinfo = map[string]any{"sub": "mallory"}
			if r := g.browser().signIn("/"); r.Status != 401 {
				t.Errorf("userinfo: %d", r.Status)
			}
			g.provider.Userinfo = nil
			g.with("")
			b := g.browser()
			wantStatus(t, b.signIn("/"), 200)
			g.clock.advance(301 * time.Second)
			g.provider.ID = func(claims map[string]any) { claims["sub"] = "mallory" }
			if r := b.get("/"); r.Status != 302 || b.cookies["session"] != "" {
				t.Errorf("refresh: %d %v", r.Status, b.cookies)
			}
		}, ""},
		{33, "hd", "another hosted domain, or none", "401", func(t *testing.T, g *gateway) {
			wantStatus(t, g.bearer(g.provider.Token("hd", "example.com")), 200)
			g.refuses(map[string]string{"none": g.provider.Token(), "other": g.provider.Token("hd", "evil.example"), "list": g.provider.Token("hd", []any{"example.com"})})
		}, onlyBearer + "\ndomains: [example.com]"},
	}
}

// withJWK returns a public key with members changed.
func withJWK(kid string, more ...any) map[string]any {
	doc := map[string]any{}
	maps.Copy(doc, parseJSON(oidctest.PublicJWK(kid)))
	for i := 0; i+1 < len(more); i += 2 {
		if doc[more[i].(string)] = more[i+1]; more[i] == "key_ops" {
			delete(doc, "use")
		}
	}
	return doc
}

func parseJSON(text string) map[string]any {
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		panic(err)
	}
	return doc
}

// signText signs a header and claims as they are written, by the provider's key.
func signText(header, claims string) string {
	signed := b64(header) + "." + b64(claims)
	sum := sha256.Sum256([]byte(signed))
	sig, err := rsa.SignPKCS1v15(nil, oidctest.Key(oidctest.AccessKey).(*rsa.PrivateKey), crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + b64(string(sig))
}
