package openidconnect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/oidc/oidctest"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// wantGroup is a configuration that needs a claim, which the tokens of these tests do not have themselves.
const wantGroup = onlyBearer + "\nresolve_distributed_claims: true\ngroups_required: [staff]"

// named are the claims by which a document says that a claim lies at a source.
func named(claim string, source map[string]any) []any {
	return []any{"_claim_names", map[string]any{claim: "src1"}, "_claim_sources", map[string]any{"src1": source}}
}

func inPlace(jwt string) map[string]any { return map[string]any{"JWT": jwt} }

func staff(more ...any) map[string]any {
	claims := map[string]any{"groups": []string{"staff"}}
	for i := 0; i+1 < len(more); i += 2 {
		claims[more[i].(string)] = more[i+1]
	}
	return claims
}

// serves makes the provider answer a path with signed claims, if the access token is right.
func serves(p *oidctest.Provider, token string, claims func() map[string]any) {
	p.Bend["/claims"] = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != token {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "application/jwt")
		fmt.Fprint(w, p.Sign(nil, claims()))
	}
}

func at(address, token string) map[string]any {
	source := map[string]any{"endpoint": address}
	if token != "" {
		source["access_token"] = token
	}
	return source
}

// Claims in place and at an endpoint count as if they stood in the token; without the switch they do not.
func TestClaimsElsewhere(t *testing.T) {
	g := start(t, wantGroup+"\nupstream_headers: [{header: X-City, path: [address, city]}]\nconsumer_claims: [[nick], [sub]]")
	g.stage.Consumers = g.stage.Consumers[:1]
	p := g.provider
	wantStatus(t, g.bearer(p.Token()), 403)
	wantStatus(t, g.bearer(p.Token(named("groups", inPlace(p.Sign(nil, staff())))...)), 200)

	serves(p, "Bearer for-claims", func() map[string]any {
		return staff("iss", p.URL, "sub", oidctest.User, "exp", g.clock.now().Add(time.Minute).Unix(), "address", map[string]any{"city": "Oslo"}, "email", "evil@example.com")
	})
	token := p.Token("email", "a@example.com", "_claim_names", map[string]any{"groups": "a", "address": "a", "email": "a", "phone": "b"}, "_claim_sources",
		map[string]any{"a": at(p.URL+"/claims", "for-claims"), "b": at(p.URL+"/unused", "")})
	for range 3 {
		r := g.bearer(token)
		wantStatus(t, r, 200)
		if got := r.Upstream.Get("X-City"); got != "Oslo" {
			t.Errorf("X-City is %q", got)
		}
	}
	if n, m := p.Calls("/claims"), p.Calls("/unused"); n != 1 || m != 0 {
		t.Errorf("the endpoint was asked %d times, want 1 (cached); one whose claims nobody asks for %d times", n, m)
	}
	g.clock.advance(61 * time.Second) // the claims have ended, the token has not
	wantStatus(t, g.bearer(token), 200)
	if n := p.Calls("/claims"); n != 2 {
		t.Errorf("asked %d times, want 2", n)
	}
	g.with(strings.Replace(wantGroup, "claims: true", "claims: false", 1))
	wantStatus(t, g.bearer(token), 403)
	if n := p.Calls("/claims"); n != 2 {
		t.Errorf("asked without resolve_distributed_claims")
	}
}

// userinfo, introspection and the ID token of a session name claims elsewhere, too.
func TestClaimsElsewhereOfOtherDocuments(t *testing.T) {
	for config, sign := range map[string]func(g *gateway) int{
		"auth_methods: [userinfo]": func(g *gateway) int {
			g.provider.Know("opaque", g.provider.Claims())
			g.provider.Userinfo = map[string]any{}
			more := named("groups", inPlace(g.provider.Sign(nil, staff())))
			for i := 0; i < len(more); i += 2 {
				g.provider.Userinfo[more[i].(string)] = more[i+1]
			}
			return g.bearer("opaque").Status
		},
		"auth_methods: [introspection]": func(g *gateway) int {
			g.provider.Know("opaque", g.provider.Claims(named("groups", inPlace(g.provider.Sign(nil, staff())))...))
			return g.bearer("opaque").Status
		},
		"auth_methods: [session, authorization_code]": func(g *gateway) int {
			g.provider.ID = func(claims map[string]any) {
				more := named("groups", inPlace(g.provider.Sign(nil, staff())))
				for i := 0; i < len(more); i += 2 {
					claims[more[i].(string)] = more[i+1]
				}
			}
			b := g.browser()
			wantStatus(g.t, b.signIn("/"), 200)
			return b.get("/").Status
		},
	} {
		g := start(t, config+"\nresolve_distributed_claims: true\ngroups_required: [staff]")
		if status := sign(g); status != 200 {
			t.Errorf("%s: %d", config, status)
		}
	}
}

// Another issuer vouches only where claims_providers lists it, by its own keys, at its own host.
func TestClaimsProviders(t *testing.T) {
	g := prepare(t)
	other := oidctest.New(t)
	other.Now, other.Signing, other.Keys = g.clock.now, oidctest.SpareKey, map[string]any{oidctest.SpareKey: oidctest.Key(oidctest.SpareKey)}
	serves(other, "", func() map[string]any { return staff("iss", other.URL, "sub", "number-7") }) // its own name of the user
	sources := map[string]map[string]any{
		"in place":               inPlace(other.Sign(nil, staff("iss", other.URL))),
		"endpoint":               at(other.URL+"/claims", ""),
		"signed by the others":   inPlace(g.provider.Sign(nil, staff("iss", other.URL))),
		"endpoint of the issuer": at(g.provider.URL+"/claims", ""),
	}
	serves(g.provider, "", func() map[string]any { return map[string]any{} })
	g.provider.Bend["/claims"] = func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, other.Sign(nil, staff("iss", other.URL))) }
	for config, want := range map[string]map[string]int{
		wantGroup: {"in place": 403, "endpoint": 403, "signed by the others": 403, "endpoint of the issuer": 403},
		wantGroup + "\nclaims_providers: ['" + other.URL + "/']": {"in place": 200, "endpoint": 200, "signed by the others": 403, "endpoint of the issuer": 200},
	} {
		g.with(config)
		before := other.Calls("/claims") + other.Calls("/keys")
		for name, status := range want {
			if r := g.bearer(g.provider.Token(named("groups", sources[name])...)); r.Status != status {
				t.Errorf("%s: %s: %d, want %d; %s", config, name, r.Status, status, g.log)
			}
		}
		if !strings.Contains(config, "providers") && other.Calls("/claims")+other.Calls("/keys") > before {
			t.Error("a host that nobody has named was asked")
		}
	}
}

// What is not vouched for is left out: a required claim is missing then, and a forbidden one counts as there.
func claimRows() []row {
	source := func(config string, sources func(g *gateway) map[string]map[string]any) func(t *testing.T, g *gateway) {
		return func(t *testing.T, g *gateway) {
			for name, s := range sources(g) {
				if r := g.bearer(g.provider.Token(named("groups", s)...)); r.Status != 403 {
					t.Errorf("%s: %d", name, r.Status)
				}
			}
		}
	}
	return []row{
		{96, "claims", "aggregated claims unsigned, by another key, of another issuer, expired, for another client, about somebody else, no JWT", "left out: 403", source("", func(g *gateway) map[string]map[string]any {
			p := g.provider
			old := g.clock.now().Add(-time.Hour).Unix()
			return map[string]map[string]any{
				"unsigned":      inPlace(raw(`{"alg":"none"}`, `{"groups":["staff"]}`, "")),
				"another key":   inPlace(oidctest.Sign("RS256", oidctest.Key(oidctest.SpareKey), map[string]any{"kid": oidctest.AccessKey}, staff())),
				"shared secret": inPlace(oidctest.Sign("HS256", []byte(oidctest.Secret), nil, staff())),
				"other issuer":  inPlace(p.Sign(nil, staff("iss", "https://evil.example.com"))),
				"expired":       inPlace(p.Sign(nil, staff("exp", old))),
				"other client":  inPlace(p.Sign(nil, staff("aud", "somebody"))),
				"somebody":      inPlace(p.Sign(nil, staff("sub", "bob"))),
				"no JWT":        inPlace("staff"),
				"no source":     {},
				"not in it":     inPlace(p.Sign(nil, map[string]any{"roles": []string{"staff"}})),
				"nested":        inPlace(p.Sign(nil, map[string]any{"_claim_names": map[string]any{"groups": "src1"}, "_claim_sources": map[string]any{"src1": inPlace(p.Sign(nil, staff()))}})),
			}
		}), wantGroup},
		{97, "claims", "distributed claims at a foreign host, by a redirect, with an error, as HTML, as plain JSON, endless, with user and password in the address", "left out: 403; foreign hosts are not asked, a failed source not for 5 seconds", func(t *testing.T, g *gateway) {
			foreign := 0
			elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { foreign++ }))
			t.Cleanup(elsewhere.Close)
			answer := func(status int, media, body string) func(http.ResponseWriter, *http.Request) {
				return func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", media)
					w.Header().Set("Location", elsewhere.URL)
					w.WriteHeader(status)
					fmt.Fprint(w, body)
				}
			}
			g.provider.Bend["/redirect"] = answer(302, "text/plain", "")
			g.provider.Bend["/error"] = answer(500, "application/jwt", g.provider.Sign(nil, staff()))
			g.provider.Bend["/html"] = answer(200, "text/html", "<html>")
			g.provider.Bend["/json"] = answer(200, "application/json", `{"groups":["staff"]}`)
			g.provider.Bend["/endless"] = answer(200, "application/jwt", strings.Repeat("x", 2<<20))
			for _, path := range []string{"/redirect", "/error", "/html", "/json", "/endless"} {
				for range 3 {
					if r := g.bearer(g.provider.Token(named("groups", at(g.provider.URL+path, "t"))...)); r.Status != 403 {
						t.Errorf("%s: %d", path, r.Status)
					}
				}
				if n := g.provider.Calls(path); n != 1 {
					t.Errorf("%s was asked %d times in its pause, want 1", path, n)
				}
			}
			g.clock.advance(6 * time.Second)
			g.bearer(g.provider.Token(named("groups", at(g.provider.URL+"/error", "t"))...))
			if n := g.provider.Calls("/error"); n != 2 {
				t.Errorf("asked %d times after the pause, want 2", n)
			}
			host := strings.TrimPrefix(g.provider.URL, "http://")
			for _, address := range []string{elsewhere.URL, "http://169.254.169.254/latest", "http://u:p@" + host + "/html", "file:///etc/passwd", "https://" + host, ":", ""} {
				if r := g.bearer(g.provider.Token(named("groups", at(address, ""))...)); r.Status != 403 {
					t.Errorf("%s: %d", address, r.Status)
				}
			}
			if foreign > 0 {
				t.Errorf("a foreign host was asked %d times", foreign)
			}
		}, wantGroup},
		{98, "claims", "claims elsewhere for what a token says of itself (sub, aud, scope), for a claim that is there, for a forbidden one that cannot be had, from more than 8 sources", "the token's own stay; forbidden ones count as there; 9th source left out", func(t *testing.T, g *gateway) {
			p := g.provider
			all := inPlace(p.Sign(nil, map[string]any{"scope": "admin", "aud": oidctest.Client, "groups": []string{"staff"}, "sub": oidctest.User, "iss": p.URL}))
			names := map[string]any{}
			for _, name := range []string{"scope", "aud", "sub", "groups", "iss", "exp", "cnf", "_claim_names"} {
				names[name] = "src1"
			}
			// groups is in the token itself, as a group that does not suffice.
			token := p.Token("groups", []string{"guests"}, "_claim_names", names, "_claim_sources", map[string]any{"src1": all})
			wantStatus(t, g.bearer(token), 403)
			g.with(onlyBearer + "\nresolve_distributed_claims: true\nscopes_required: [admin]")
			wantStatus(t, g.bearer(token), 403)
			g.with(onlyBearer + "\nresolve_distributed_claims: true\naudience_required: [" + oidctest.Client + "]")
			wantStatus(t, g.bearer(token), 403)
			g.with(onlyBearer + "\nresolve_distributed_claims: true\nclaims_forbidden: [suspended]")
			wantStatus(t, g.bearer(p.Token()), 200)
			wantStatus(t, g.bearer(p.Token(named("suspended", at(p.URL+"/gone", ""))...)), 403)
			var paths []string
			many, sources := map[string]any{}, map[string]any{}
			for i := range 9 {
				name := fmt.Sprintf("c%d", i)
				paths = append(paths, fmt.Sprintf("{header: X-%s, path: [%s]}", name, name))
				many[name], sources[name] = name, inPlace(p.Sign(nil, map[string]any{name: "x"}))
			}
			g.with(onlyBearer + "\nresolve_distributed_claims: true\nupstream_headers: [" + strings.Join(paths, ", ") + "]")
			r := g.bearer(p.Token("_claim_names", many, "_claim_sources", sources))
			wantStatus(t, r, 200)
			if r.Upstream.Get("X-c7") != "x" || r.Upstream.Get("X-c8") != "" {
				t.Errorf("upstream got %s", r.Upstream.Header)
			}
		}, wantGroup},
	}
}

// explain says what became of claims elsewhere.
func TestExplainClaimsElsewhere(t *testing.T) {
	g := prepare(t)
	g.stage.Scope = plugin.Scope{Route: "claims elsewhere"}
	g.with(wantGroup + "\nupstream_headers: [{header: X-City, path: [city]}]")
	p := g.provider
	token := p.Token("_claim_names", map[string]any{"groups": "a", "city": "b"}, "_claim_sources",
		map[string]any{"a": inPlace(p.Sign(nil, staff())), "b": at("https://elsewhere.example.com/", "secret-of-claims")})
	status, doc := g.admin("POST", "/openid-connect/explain", `{"route":"claims elsewhere","token":"`+token+`"}`)
	text := fmt.Sprint(doc["steps"])
	if status != 200 || doc["let_in"] != true || !strings.Contains(text, "groups found") || !strings.Contains(text, "city left out: elsewhere.example.com is no host of") {
		t.Errorf("%d %v", status, doc)
	}
	if strings.Contains(g.log.String()+jsonText(doc), "secret-of-claims") {
		t.Error("the log or the answer shows an access token")
	}
}
