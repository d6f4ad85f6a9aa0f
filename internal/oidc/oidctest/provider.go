// Package oidctest is an OpenID Connect provider for tests. It does what a good one does, over HTTP on a free port of this machine,
// until a test bends it: its document, its keys, the claims of its tokens, the answers of its endpoints. Its main type is
// Provider. It is no model of a provider: it has no users' consent, no storage and no safety.
package oidctest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/gibbon-gateway/gibbon/internal/jose"
)

// Clients and a user that every provider knows.
const (
	Client, Secret        = "app", "app:secret%+ä"
	Machine, MachineKey   = "machine", "machine-secret"
	User, Password        = "alice", "wonderland"
	tokenLife             = 300 * time.Second
	AccessKey, SpareKey   = "rsa-1", "rsa-2"
	CurveKey, EdwardsKey  = "ec-1", "ed-1"
	pushed                = "urn:ietf:params:oauth:request_uri:"
	logoutEventIdentifier = "http://schemas.openid.net/event/backchannel-logout"
)

// Provider is a provider at work. Fields may be changed while no request is under way.
type Provider struct {
	*httptest.Server
	Now     func() time.Time
	Clients map[string]string // secrets by id
	Keys    map[string]any    // private keys that are published, by kid
	Signing string            // kid of the key that signs
	Alg     string

	Document      func(doc map[string]any)                            // changes the discovery document
	Access        func(claims map[string]any)                         // changes claims of access tokens
	ID            func(claims map[string]any)                         // changes claims of ID tokens
	Answer        func(doc map[string]any)                            // changes the token endpoint's answers
	Redirect      func(q url.Values)                                  // changes the answer of the authorization endpoint
	Bend          map[string]func(http.ResponseWriter, *http.Request) // answers a path instead
	Opaque        bool                                                // access tokens are no JWTs
	Mode          string                                              // how the last login asked for its answer
	KeySet        func(set map[string]any)                            // changes the key set
	Userinfo      map[string]any                                      // what the userinfo endpoint says
	Introspection func(claims map[string]any)                         // changes what the introspection endpoint says

	mu     sync.Mutex
	calls  map[string]int
	forms  map[string]url.Values
	heads  map[string]http.Header
	codes  map[string]url.Values // of the login that they stand for
	pushes map[string]url.Values
	alive  map[string]map[string]any // claims of tokens that are good
	fresh  map[string]bool           // refresh tokens that are good
	number int
}

var keys = sync.OnceValue(func() map[string]any {
	all := map[string]any{}
	for _, kid := range []string{AccessKey, SpareKey} {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		all[kid] = k
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	all[CurveKey], all[EdwardsKey] = ec, ed
	return all
})

// Key returns one of the keys that providers have: AccessKey, SpareKey, CurveKey, EdwardsKey.
func Key(kid string) any { return keys()[kid] }

// New starts a provider that publishes AccessKey. The test stops it.
func New(tb testing.TB) *Provider {
	p := &Provider{Now: time.Now, Clients: map[string]string{Client: Secret, Machine: MachineKey}, Signing: AccessKey, Alg: "RS256",
		Keys: map[string]any{AccessKey: Key(AccessKey)}, Bend: map[string]func(http.ResponseWriter, *http.Request){},
		calls: map[string]int{}, forms: map[string]url.Values{}, heads: map[string]http.Header{}, codes: map[string]url.Values{},
		pushes: map[string]url.Values{}, alive: map[string]map[string]any{}, fresh: map[string]bool{}}
	p.Server = httptest.NewServer(p)
	tb.Cleanup(p.Close)
	return p
}

// ServeHTTP answers the provider's endpoints, and counts what it is asked.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	p.calls[r.URL.Path]++
	p.forms[r.URL.Path], p.heads[r.URL.Path] = r.Form, r.Header.Clone()
	bent := p.Bend[r.URL.Path]
	p.mu.Unlock()
	if bent != nil {
		bent(w, r)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer(w, http.StatusOK, p.document())
	case "/keys":
		answer(w, http.StatusOK, p.keySet())
	case "/token":
		p.token(w, r)
	case "/introspect":
		p.introspect(w, r)
	case "/userinfo":
		p.userinfo(w, r)
	case "/revoke":
		p.revoke(w, r)
	case "/par":
		p.push(w, r)
	case "/authorize":
		p.authorize(w, r)
	default:
		http.NotFound(w, r)
	}
}

// Calls returns how often a path was asked.
func (p *Provider) Calls(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[path]
}

// Form and Header return what a path was asked with last.
func (p *Provider) Form(path string) url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.forms[path]
}

// Header returns the fields that a path was asked with last.
func (p *Provider) Header(path string) http.Header {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heads[path]
}

func (p *Provider) document() map[string]any {
	doc := map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token",
		"introspection_endpoint": p.URL + "/introspect", "userinfo_endpoint": p.URL + "/userinfo", "revocation_endpoint": p.URL + "/revoke",
		"end_session_endpoint": p.URL + "/logout", "jwks_uri": p.URL + "/keys", "pushed_authorization_request_endpoint": p.URL + "/par",
		"code_challenge_methods_supported": []string{"S256"}, "authorization_response_iss_parameter_supported": true,
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
	}
	if p.Document != nil {
		p.Document(doc)
	}
	return doc
}

func (p *Provider) keySet() map[string]any {
	list := []any{}
	for kid, key := range p.Keys {
		j := gojose.JSONWebKey{Key: key, KeyID: kid, Use: "sig"}
		list = append(list, j.Public())
	}
	set := map[string]any{"keys": list}
	if p.KeySet != nil {
		p.KeySet(set)
	}
	return set
}

// Claims returns the claims of an access token of the user as the provider would make it.
func (p *Provider) Claims(more ...any) map[string]any {
	now := p.Now()
	claims := map[string]any{"iss": p.URL, "sub": User, "scope": "openid read", "iat": now.Unix(), "exp": now.Add(tokenLife).Unix(),
		"jti": p.next("jti"), "token_use": "access"}
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] == nil {
			delete(claims, more[i].(string))
		} else {
			claims[more[i].(string)] = more[i+1]
		}
	}
	return claims
}

// Token signs claims: those of Claims with changes, given as names and values in turn, where nil removes.
func (p *Provider) Token(more ...any) string { return p.Sign(nil, p.Claims(more...)) }

// Sign signs claims by the signing key.
func (p *Provider) Sign(header, claims map[string]any) string {
	h := map[string]any{"kid": p.Signing}
	for name, v := range header {
		h[name] = v
	}
	return Sign(p.Alg, Key(p.Signing), h, claims)
}

// Sign signs claims by any key.
func Sign(alg string, key any, header, claims map[string]any) string {
	text, err := jose.Sign(alg, key, header, claims)
	if err != nil {
		panic(err)
	}
	return text
}

// LogoutToken makes a token for back-channel logout.
func (p *Provider) LogoutToken(more ...any) string {
	claims := p.Claims(append([]any{"aud", Client, "scope", nil, "token_use", nil, "sid", "sid-1",
		"events", map[string]any{logoutEventIdentifier: map[string]any{}}}, more...)...)
	return p.Sign(map[string]any{"typ": "logout+jwt"}, claims)
}

func (p *Provider) next(what string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.number++
	return what + "-" + time.Duration(p.number).String()
}

func answer(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(text)
}

func refuse(w http.ResponseWriter, status int, code string) {
	answer(w, status, map[string]any{"error": code, "error_description": "<script>alert(1)</script>"})
}

// PrivateJWK and PublicJWK return one of the keys as JSON.
func PrivateJWK(kid string) string {
	return jwk(gojose.JSONWebKey{Key: Key(kid), KeyID: kid, Use: "sig"})
}

func PublicJWK(kid string) string {
	j := gojose.JSONWebKey{Key: Key(kid), KeyID: kid, Use: "sig"}
	return jwk(j.Public())
}

func jwk(j gojose.JSONWebKey) string {
	text, err := j.MarshalJSON()
	if err != nil {
		panic(err)
	}
	return string(text)
}
