package oidc_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
)

// provider is an issuer whose answers a test can change.
type provider struct {
	*httptest.Server
	keys     atomic.Pointer[string]
	document atomic.Pointer[string]
	fetches  atomic.Int64 // of the key set
}

func startProvider(t *testing.T) *provider {
	p := new(provider)
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, *p.document.Load())
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		p.fetches.Add(1)
		fmt.Fprint(w, *p.keys.Load())
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.FormValue("answer") == "refuse" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_grant","error_description":"<script>"}`)
			return
		}
		fmt.Fprint(w, r.FormValue("answer"))
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	doc := fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q,"token_endpoint":%q}`, p.URL, p.URL+"/keys", p.URL+"/token")
	p.document.Store(&doc)
	return p
}

func (p *provider) publish(t *testing.T, keys map[string]*rsa.PrivateKey) {
	set := gojose.JSONWebKeySet{}
	for id, k := range keys {
		set.Keys = append(set.Keys, gojose.JSONWebKey{Key: &k.PublicKey, KeyID: id, Algorithm: "RS256", Use: "sig"})
	}
	b, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	p.keys.Store(&text)
}

type clock struct{ atomic.Int64 }

func (c *clock) now() time.Time              { return time.Unix(0, c.Load()) }
func (c *clock) advance(d time.Duration)     { c.Add(int64(d)) }
func newClock() *clock                       { c := new(clock); c.Store(time.Now().UnixNano()); return c }
func quiet() *slog.Logger                    { return slog.New(slog.DiscardHandler) }
func inBackground(run func(context.Context)) { go run(context.Background()) }

func newIssuer(url string, c *clock) *oidc.Issuer {
	return oidc.NewIssuer(oidc.IssuerOptions{URL: url, Rediscovery: 30 * time.Second, TTL: time.Hour,
		Fetch: oidc.NewFetcher(http.DefaultTransport, 5*time.Second, quiet()), Log: quiet(), Now: c.now, InBackground: inBackground})
}

func newKey(t *testing.T) *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func signed(t *testing.T, k *rsa.PrivateKey, kid string, claims map[string]any) *jose.Token {
	text, err := jose.Sign("RS256", k, map[string]any{"kid": kid}, claims)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jose.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestKeysRotate(t *testing.T) {
	p, c := startProvider(t), newClock()
	first, second := newKey(t), newKey(t)
	p.publish(t, map[string]*rsa.PrivateKey{"1": first})
	issuer, ctx := newIssuer(p.URL+"/.well-known/openid-configuration", c), t.Context()
	verify := func(token *jose.Token) error {
		_, err := issuer.VerifySignature(ctx, token, p.URL, jose.Asymmetric)
		return err
	}
	if err := verify(signed(t, first, "1", map[string]any{})); err != nil {
		t.Fatal(err)
	}
	p.publish(t, map[string]*rsa.PrivateKey{"2": second})
	// Within the rediscovery time a thousand unknown keys cause no fetch.
	for i := range 1000 {
		if err := verify(signed(t, first, "1", map[string]any{})); err != nil {
			t.Fatal(err)
		}
		if i < 20 {
			if err := verify(signed(t, second, fmt.Sprint("x", i), map[string]any{})); err == nil {
				t.Fatal("a token of an unpublished key was accepted")
			}
		}
	}
	if n := p.fetches.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
	c.advance(31 * time.Second)
	if err := verify(signed(t, second, "2", map[string]any{})); err != nil {
		t.Errorf("new key: %v", err)
	}
	if err := verify(signed(t, first, "1", map[string]any{})); err == nil {
		t.Error("a withdrawn key is accepted")
	}
	// A provider that fails does not take away what is known.
	broken := "<html>"
	p.keys.Store(&broken)
	c.advance(2 * time.Hour)
	for range 3 {
		if err := verify(signed(t, second, "2", map[string]any{})); err != nil {
			t.Errorf("while the provider is broken: %v", err)
		}
		c.advance(time.Minute)
	}
}

func TestDiscoveryFails(t *testing.T) {
	p, c := startProvider(t), newClock()
	p.publish(t, map[string]*rsa.PrivateKey{"1": newKey(t)})
	good := *p.document.Load()
	for name, doc := range map[string]string{
		"html": "<html>", "no issuer": `{}`, "list": `[]`,
		"file keys": `{"issuer":"` + p.URL + `","jwks_uri":"file:///etc/passwd"}`,
		"huge":      `{"issuer":"` + strings.Repeat("x", 2<<20) + `"}`,
	} {
		issuer := newIssuer(p.URL, c)
		p.document.Store(&doc)
		if _, err := issuer.Document(t.Context()); !errors.Is(err, oidc.ErrUnreachable) {
			t.Errorf("%s: %v", name, err)
		}
		p.document.Store(&good)
		if _, err := issuer.Document(t.Context()); err == nil {
			t.Errorf("%s: asked again within 5 seconds", name)
		}
		c.advance(6 * time.Second)
		if _, err := issuer.Document(t.Context()); err != nil {
			t.Errorf("%s: no recovery: %v", name, err)
		}
	}
}

func TestRedirectsAreBounded(t *testing.T) {
	loop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path+"x", http.StatusFound)
	}))
	defer loop.Close()
	if _, err := newIssuer(loop.URL, newClock()).Document(t.Context()); !errors.Is(err, oidc.ErrUnreachable) {
		t.Errorf("endless redirects: %v", err)
	}
}

func TestTokenAnswers(t *testing.T) {
	p := startProvider(t)
	e := &oidc.Endpoint{Name: "token", URL: p.URL + "/token", Method: oidc.SecretPost, Now: time.Now,
		Fetch: oidc.NewFetcher(http.DefaultTransport, 5*time.Second, quiet())}
	ask := func(answer string) (*oidc.Tokens, error) {
		return e.Token(t.Context(), &oidc.Client{ID: "c", Secret: "s"}, map[string][]string{"answer": {answer}}, nil)
	}
	for answer, want := range map[string]struct {
		life  time.Duration
		fresh bool
	}{
		`{"access_token":"a","token_type":"bearer","expires_in":60}`: {time.Minute, true},
		`{"access_token":"a"}`:                     {0, true},
		`{"access_token":"a","expires_in":"3600"}`: {time.Hour, true},
		`{"access_token":"a","expires_in":0}`:      {0, false},
		`{"access_token":"a","expires_in":-1}`:     {0, false},
		`{"access_token":"a","expires_in":1e18}`:   {10 * 365 * 24 * time.Hour, true},
		`{"access_token":"a","expires_in":null}`:   {0, true},
	} {
		got, err := ask(answer)
		if err != nil || got.Lifetime != want.life || got.Fresh != want.fresh {
			t.Errorf("%s: %+v, %v", answer, got, err)
		}
	}
	for _, answer := range []string{"<html>", "[]", "null", `{}`, `{"access_token":""}`, `{"access_token":1}`,
		`{"access_token":"a","token_type":"MAC"}`, `{"access_token":"a","expires_in":"soon"}`, `{"access_token":"a","access_token":"b"}`} {
		if _, err := ask(answer); !errors.Is(err, oidc.ErrUnreachable) {
			t.Errorf("%s: %v", answer, err)
		}
	}
	var refused *oidc.RefusedError
	if _, err := ask("refuse"); !errors.As(err, &refused) || refused.Code != "invalid_grant" || refused.Status != 400 {
		t.Errorf("refusal: %v", err)
	}
	if _, err := ask(`{"error":"invalid_client"}`); !errors.As(err, &refused) || refused.Code != "invalid_client" {
		t.Errorf("refusal with status 200: %v", err)
	}
}

func TestTimes(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	for claims, want := range map[string]error{
		`{}`:                          nil,
		`{"exp":1000001}`:             nil,
		`{"exp":"1000001"}`:           nil,
		`{"exp":1000000.5}`:           nil,
		`{"exp":1000000}`:             oidc.ErrExpired,
		`{"exp":1}`:                   oidc.ErrExpired,
		`{"exp":-1}`:                  oidc.ErrClaims,
		`{"exp":9223372036854775807}`: oidc.ErrClaims,
		`{"exp":1e300}`:               oidc.ErrClaims,
		`{"exp":"later"}`:             oidc.ErrClaims,
		`{"exp":null}`:                oidc.ErrClaims,
		`{"exp":[1]}`:                 oidc.ErrClaims,
		`{"nbf":1000010}`:             oidc.ErrEarly,
		`{"iat":1000010}`:             oidc.ErrEarly,
		`{"iat":1000001}`:             nil,
		`{"nbf":999999,"iat":1}`:      nil,
	} {
		object, err := jose.DecodeObject([]byte(claims))
		if err != nil {
			t.Fatal(err)
		}
		if err := oidc.CheckTimes(object, now, 0); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", claims, err, want)
		}
	}
}

func TestSatisfied(t *testing.T) {
	for _, c := range []struct {
		required []string
		have     any
		want     bool
	}{
		{nil, "", true}, {[]string{""}, "a", false}, {[]string{"read"}, "reader", false}, {[]string{"read"}, "read write", true},
		{[]string{"a b"}, "b c a", true}, {[]string{"a b", "c"}, []any{"c"}, true}, {[]string{"a b"}, []any{"a"}, false},
		{[]string{"a"}, "a,b", false}, {[]string{"a"}, "a\u00a0b", false}, {[]string{"7"}, json.Number("7"), true}, {[]string{"a"}, nil, false},
	} {
		if got := oidc.Satisfied(c.required, oidc.Words(c.have)); got != c.want {
			t.Errorf("%q in %v: %v", c.required, c.have, got)
		}
	}
}

// Parts of a cache share its limit, and nothing else.
func TestPartsOfACache(t *testing.T) {
	whole, now := oidc.NewCache[int](16*100), time.Now()
	a, b := whole.Part(), whole.Part()
	end := now.Add(time.Hour)
	k := oidc.KeyOf("k")
	a.Put(k, 1, end, 1)
	if _, ok := b.Get(k, now); ok {
		t.Error("a part finds what another holds")
	}
	b.Put(k, 2, end, 1)
	if v, _ := a.Get(k, now); v != 1 {
		t.Errorf("%d", v)
	}
	a.Drop(k)
	if v, ok := b.Get(k, now); !ok || v != 2 {
		t.Errorf("%d %v", v, ok)
	}
	a.Put(k, 3, end, 1)
	b.Clear()
	if _, ok := b.Get(k, now); ok {
		t.Error("found after Clear")
	}
	if v, _ := a.Get(k, now); v != 3 {
		t.Error("Clear of a part has cleared another")
	}
	for i := range 10_000 {
		a.Put(oidc.KeyOf("a", fmt.Sprint(i)), i, end, 1)
		b.Put(oidc.KeyOf("b", fmt.Sprint(i)), i, end, 1)
	}
	if n, cost := whole.Stats(); n > 1600 || cost > 1600 || n < 1000 {
		t.Errorf("%d entries of cost %d", n, cost)
	}
}

func TestCacheIsBounded(t *testing.T) {
	c, now := oidc.NewCache[int](16*100), time.Now()
	hot := oidc.KeyOf("hot")
	c.Put(hot, 1, now.Add(time.Hour), 1)
	for i := range 100_000 {
		c.Put(oidc.KeyOf("k", fmt.Sprint(i)), i, now.Add(time.Hour), 1)
		if i%50 == 0 {
			if _, ok := c.Get(hot, now); !ok {
				t.Fatalf("what is used was thrown out after %d", i)
			}
		}
	}
	if n, cost := c.Stats(); n > 1600 || cost > 1600 || n < 1000 {
		t.Errorf("%d entries of cost %d", n, cost)
	}
	c.Put(hot, 2, now.Add(time.Second), 1)
	if v, _ := c.Get(hot, now); v != 2 {
		t.Errorf("replaced value: %d", v)
	}
	if _, ok := c.Get(hot, now.Add(time.Second)); ok {
		t.Error("an ended entry is found")
	}
	c.Drop(hot)
	c.Clear()
	if n, cost := c.Stats(); n != 0 || cost != 0 {
		t.Errorf("after Clear: %d entries of cost %d", n, cost)
	}
}

// What a provider wants as the audience of assertions is found out once.
func TestAudienceOfAssertions(t *testing.T) {
	var want string
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, err := jose.Parse([]byte(r.PostFormValue("client_assertion")))
		if err != nil {
			t.Error(err)
			return
		}
		aud, _ := token.Claims["aud"].(string)
		asked = append(asked, aud)
		switch {
		case aud != want:
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"error":"invalid_client"}`)
		case r.PostFormValue("code") == "old":
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"error":"invalid_grant"}`)
		default:
			io.WriteString(w, `{"access_token":"a"}`)
		}
	}))
	defer srv.Close()
	const issuer = "https://idp.example.com"
	e := &oidc.Endpoint{Name: "token", URL: srv.URL, Audience: issuer, Method: oidc.SecretJWT, Now: time.Now,
		Fetch: oidc.NewFetcher(http.DefaultTransport, 5*time.Second, quiet())}
	c := &oidc.Client{ID: "c", Secret: strings.Repeat("s", 32), Audiences: new(oidc.Audiences)}
	for _, step := range []struct {
		name, want, code, refused string
		asked                     []string
	}{
		{"issuer", issuer, "", "", []string{issuer}},
		{"endpoint", srv.URL, "", "", []string{issuer, srv.URL}},
		{"remembered", srv.URL, "", "", []string{srv.URL}},
		{"no grant", srv.URL, "old", "invalid_grant", []string{srv.URL}},
		{"changed, no grant", issuer, "old", "invalid_grant", []string{srv.URL, issuer}},
		{"remembered again", issuer, "", "", []string{issuer}},
		{"neither", "https://other.example.com", "", "invalid_client", []string{issuer, srv.URL}},
	} {
		want, asked = step.want, nil
		_, err := e.Token(t.Context(), c, url.Values{"code": {step.code}}, nil)
		code := ""
		if refused := (*oidc.RefusedError)(nil); errors.As(err, &refused) {
			code = refused.Code
		} else if err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
		if code != step.refused || !slices.Equal(asked, step.asked) {
			t.Errorf("%s: %q, asked for %q", step.name, code, asked)
		}
	}
}
