package proxycache_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// token is what openid-connect would share.
type token map[string]any

func (t token) Claim(path []string) any {
	var v any = map[string]any(t)
	for _, step := range path {
		m, _ := v.(map[string]any)
		v = m[step]
	}
	return v
}

func tokenOf(t *testing.T, text string) token {
	t.Helper()
	var claims token
	if err := json.Unmarshal([]byte(text), &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// as sends a request of somebody whose token has these claims; "" is nobody.
func (b *bench) as(t *testing.T, claims string, in plugintest.Request, body string, header ...string) string {
	t.Helper()
	x := plugintest.Exchange(in)
	if claims != "" {
		x.SetShared(plugin.TokenClaims, plugin.Claims(tokenOf(t, claims)))
		x.Identify(nil, plugin.Credential{ID: claims})
	}
	p := b.Plugin.(phases)
	defer p.Record(x)
	if p.Access(x) != nil {
		return "Hit " + string(x.Response.Body())
	}
	b.finish(t, x, body, header...)
	return x.Response.Header.Get("X-Cache-Status") + " " + body
}

// TestClaims sends requests of two people: they have one response or two.
func TestClaims(t *testing.T) {
	for name, c := range map[string]struct {
		config, a, b string
		same         bool
	}{
		"role":                 {config: "[role]", a: `{"sub": "1", "role": "x"}`, b: `{"sub": "2", "role": "x"}`, same: true},
		"roles differ":         {config: "[role]", a: `{"role": "x"}`, b: `{"role": "y"}`},
		"no role":              {config: "[role]", a: `{"role": "x"}`, b: `{"sub": "2"}`},
		"two without role":     {config: "[role]", a: `{"sub": "1"}`, b: `{"sub": "2"}`, same: true},
		"no role and none":     {config: "[role]", a: `{"sub": "1"}`, b: ``},
		"no role and null":     {config: "[role]", a: `{"role": null}`, b: `{"sub": "2"}`, same: true},
		"empty role":           {config: "[role]", a: `{"role": ""}`, b: `{"sub": "2"}`},
		"text and number":      {config: "[role]", a: `{"role": "1"}`, b: `{"role": 1}`},
		"list and text":        {config: "[role]", a: `{"role": ["a", "b"]}`, b: `{"role": "a,b"}`},
		"list and JSON":        {config: "[role]", a: `{"role": ["a"]}`, b: `{"role": "[\"a\"]"}`},
		"order of lists":       {config: "[role]", a: `{"role": ["a", "b"]}`, b: `{"role": ["b", "a"]}`},
		"order of names":       {config: "[role]", a: `{"role": {"a": 1, "b": [2]}}`, b: `{"role": {"b": [2], "a": 1}}`, same: true},
		"path":                 {config: "[realm.roles]", a: `{"realm": {"roles": ["a"]}, "sub": 1}`, b: `{"realm": {"roles": ["a"]}}`, same: true},
		"path differs":         {config: "[realm.roles]", a: `{"realm": {"roles": ["a"]}}`, b: `{"realm": {"roles": ["b"]}}`},
		"name with dots":       {config: `["https://a.example/role"]`, a: `{"https://a.example/role": "a"}`, b: `{"https://a.example/role": "b"}`},
		"values in each other": {config: "[a, b]", a: `{"a": "x", "b": ""}`, b: `{"a": "", "b": "x"}`},
		"one for the other":    {config: "[a, b]", a: `{"a": "x"}`, b: `{"b": "x"}`},
		"without vary_claims":  {config: "[]", a: `{"sub": "1"}`, b: `{"sub": "2"}`},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "{strategy: memory, vary_claims: "+c.config+"}")
			in := func(claims string) plugintest.Request {
				if claims == "" || strings.Contains(name, "without") {
					return plugintest.Request{}
				}
				return plugintest.Request{Header: []string{"Authorization", "Bearer " + claims}} // another for each
			}
			if got := b.as(t, c.a, in(c.a), "one"); got != "Miss one" {
				t.Fatalf("first: %s", got)
			}
			want := "Miss two"
			if c.same {
				want = "Hit one"
			}
			if got := b.as(t, c.b, in(c.b), "two"); got != want {
				t.Errorf("second: %s, want %s", got, want)
			}
			if got := b.as(t, c.a, in(c.a), "three"); got != "Hit one" {
				t.Errorf("the first again: %s", got)
			}
		})
	}
}

// TestClaimsAreThoseOfTheToken: nothing that a client sends is taken for a claim, consumers still count, and credentials where there is
// no token.
func TestClaimsAreThoseOfTheToken(t *testing.T) {
	b := newBench(t, "{strategy: memory, vary_claims: [role]}")
	admin := `{"role": "admin"}`
	if got := b.as(t, admin, plugintest.Request{}, "for admins"); got != "Miss for admins" {
		t.Error(got)
	}
	for _, in := range []plugintest.Request{
		{}, {Header: []string{"role", "admin"}}, {Header: []string{"X-Role", `"admin"`}},
		{Header: []string{"Authorization", "Bearer admin"}}, {Header: []string{"Authorization", "Bearer other"}},
		{Consumer: &entity.Consumer{ID: "alice"}}, {Consumer: &entity.Consumer{ID: "bob"}}, {Credential: plugin.Credential{ID: "admin"}},
	} {
		if r := b.send(in, text("x")); strings.Contains(r.Body, "admins") {
			t.Errorf("%+v got %s", in, r.Body)
		}
	}
	if b.asked != 6 { // a header that says nothing changes nothing
		t.Errorf("the upstream was asked %d times", b.asked)
	}
	for e := range proxycache.Entries(b.Plugin) {
		if strings.Contains(string(e), `"admin"`) {
			t.Errorf("the claim stands in %q", e)
		}
	}
}

// TestClaimsInRFCMode: who may have a response is still the response's to say.
func TestClaimsInRFCMode(t *testing.T) {
	b := newBench(t, "{strategy: memory, rfc9111: true, vary_claims: [role]}")
	in := plugintest.Request{Header: []string{"Authorization", "Bearer 1"}}
	a, other := `{"role": "a", "sub": "1"}`, `{"role": "b", "sub": "2"}`
	if got := b.as(t, a, in, "mine", "Cache-Control", "max-age=100"); got != "Bypass mine" {
		t.Error(got)
	}
	if got := b.as(t, a, in, "ours", "Cache-Control", "max-age=100, public"); !strings.HasSuffix(got, " ours") {
		t.Error(got)
	}
	if got := b.as(t, `{"role": "a", "sub": "3"}`, in, "x"); got != "Hit ours" {
		t.Error(got)
	}
	if got := b.as(t, other, in, "theirs", "Cache-Control", "max-age=100, public"); got != "Miss theirs" {
		t.Error(got)
	}
}
