package oidc_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
	"github.com/gibbon-gateway/gibbon/internal/oidc/oidctest"
)

// Keys of an extra set verify tokens of the issuer that they belong to, and of no other that has keys.
func TestExtraKeySets(t *testing.T) {
	p := oidctest.New(t)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := w.Write([]byte(`{"keys":[` + oidctest.PublicJWK(oidctest.SpareKey) + `]}`)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(other.Close)
	c := newClock()
	const free = "https://elsewhere.example"
	for _, test := range []struct {
		name    string
		extra   string
		allowed []string
		iss     string
		by      string // key
		good    bool
	}{
		{"ours", other.URL + "/keys", nil, p.URL, oidctest.AccessKey, true},
		{"one issuer, a set of another host", other.URL + "/keys", nil, p.URL, oidctest.SpareKey, true},
		{"two issuers, a set of nobody's: for ours", other.URL + "/keys", []string{p.URL, free}, p.URL, oidctest.SpareKey, false},
		{"two issuers, a set of nobody's: for the other", other.URL + "/keys", []string{p.URL, free}, free, oidctest.SpareKey, true},
		{"another name of ours", other.URL + "/keys", []string{p.URL, free}, free, oidctest.AccessKey, true},
		{"a set of the other's: by it", other.URL + "/keys", []string{p.URL, other.URL}, other.URL, oidctest.SpareKey, true},
		{"a set of the other's: by ours", other.URL + "/keys", []string{p.URL, other.URL}, other.URL, oidctest.AccessKey, false},
		{"a set of the other's: for ours", other.URL + "/keys", []string{p.URL, other.URL}, p.URL, oidctest.SpareKey, false},
		{"a longer issuer", other.URL + "/b/keys", []string{other.URL + "/a", other.URL + "/b/"}, other.URL + "/b", oidctest.SpareKey, true},
		{"a longer issuer: for its neighbour", other.URL + "/b/keys", []string{other.URL + "/a", other.URL + "/b/"}, other.URL + "/a", oidctest.SpareKey, false},
	} {
		i := oidc.NewIssuer(oidc.IssuerOptions{URL: p.URL, ExtraJWKS: []string{test.extra}, Allowed: test.allowed, Rediscovery: time.Minute, TTL: time.Hour,
			Fetch: oidc.NewFetcher(http.DefaultTransport, 5*time.Second, quiet()), Log: quiet(), Now: c.now, InBackground: inBackground})
		token, err := jose.Parse([]byte(oidctest.Sign("RS256", oidctest.Key(test.by), map[string]any{"kid": test.by}, map[string]any{"iss": test.iss})))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := i.VerifySignature(t.Context(), token, test.iss, jose.Asymmetric); (err == nil) != test.good {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// What was verified is to be verified again when keys change, and only then.
func TestGeneration(t *testing.T) {
	p, c := oidctest.New(t), newClock()
	i := newIssuer(p.URL, c)
	if i.Generation() != 0 {
		t.Error("a generation of nothing")
	}
	look := func() uint64 {
		t.Helper()
		c.advance(31 * time.Second)
		if _, err := i.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		return i.Generation()
	}
	first := look()
	if again := look(); again != first || first == 0 {
		t.Errorf("generation %d after %d, and nothing has changed", again, first)
	}
	p.Keys = map[string]any{oidctest.SpareKey: oidctest.Key(oidctest.SpareKey)}
	second := look()
	if second == first {
		t.Error("the keys have changed")
	}
	i.Forget()
	if third := look(); third == second || third == first {
		t.Error("what was forgotten is as good as changed")
	}
}

// A host that does not answer is left alone after a few times, so that nobody waits for it.
func TestBreaker(t *testing.T) {
	down := httptest.NewServer(http.NotFoundHandler())
	down.Close()
	f := oidc.NewFetcher(http.DefaultTransport, time.Second, quiet())
	e := &oidc.Endpoint{Name: "token", URL: down.URL, Fetch: f, Now: time.Now}
	for n := range 7 {
		_, err := e.Token(t.Context(), nil, url.Values{}, nil)
		if !errors.Is(err, oidc.ErrUnreachable) || strings.Contains(err.Error(), "left alone") != (n >= 5) {
			t.Errorf("call %d: %v", n+1, err)
		}
	}
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := w.Write([]byte(`{"access_token":"x"}`)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(up.Close)
	e.URL = up.URL
	if _, err := e.Token(t.Context(), nil, url.Values{}, nil); err != nil {
		t.Errorf("another host: %v", err)
	}
}
