package openidconnect

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/oidc"
)

// refusedFor is how long a refused credential is not tried again, so that guessing does not reach the provider at full speed.
const refusedFor = time.Second

// ask is one request to the token endpoint.
type ask struct {
	method string       // of auth_methods
	client *oidc.Client // who asks; the caller itself for client credentials
	auth   string       // client authentication; "" as the endpoint's
	form   url.Values
	header http.Header
	cached bool // whether the answer may be taken from, and put into, the cache
}

// newAsk returns a request to the token endpoint with what the configuration adds to every one.
func (v *visit) newAsk(method, grantType string, c *oidc.Client) *ask {
	p := v.p
	a := &ask{method: method, client: c, form: url.Values{"grant_type": {grantType}}, cached: p.CacheTokens}
	if grantType != "authorization_code" {
		if len(p.Scopes) > 0 && grantType != "refresh_token" {
			a.form.Set("scope", strings.Join(p.Scopes, " "))
		}
		for _, audience := range p.Audience {
			a.form.Add("audience", audience)
		}
	}
	v.copyInto(a.form, p.TokenPostArgsNames, p.TokenPostArgsValues, p.TokenPostArgsClient)
	a.header = v.copyHeaders(p.TokenHeadersNames, p.TokenHeadersValues, p.TokenHeadersClient)
	return a
}

// key names an ask in the cache: everything that decides about the answer.
func (p *relyingParty) key(a *ask) oidc.Key {
	parts := []string{p.salt, a.method, a.client.ID, a.client.Secret, a.auth, a.form.Encode()}
	for name, values := range a.header {
		parts = append(parts, name, strings.Join(values, ","))
	}
	return oidc.KeyOf(parts...)
}

// tokens gets a grant from the token endpoint or the cache.
func (v *visit) tokens(a *ask) (*grant, error) {
	p := v.p
	key := p.key(a)
	if r, ok := p.refused.Get(key, p.env.Now()); ok && a.cached {
		return nil, r
	}
	if a.cached {
		if g, ok := p.granted.Get(key, p.env.Now()); ok && !p.expired(g) {
			return g, nil
		}
	}
	fetch := func(w *visit) (*grant, error) {
		if g := w.sharedGrant(a, key); g != nil {
			return g, nil
		}
		g, err := w.fetch(a)
		if err != nil {
			var no *oidc.RefusedError
			if errors.As(err, &no) {
				p.refused.Put(key, asRefusal(err), p.env.Now().Add(refusedFor), 512)
			}
			return nil, err
		}
		g.ready = w.prepare(g)
		if a.cached {
			w.store(a, key, g)
		}
		return g, nil
	}
	return v.once(key, fetch)
}

// fetch asks the token endpoint and verifies what it gives.
func (v *visit) fetch(a *ask) (*grant, error) {
	p := v.p
	d, err := p.issuer.Document(v.ctx)
	if err != nil {
		return nil, err
	}
	e := p.endpoint(tokenEndpoint, d, v.client)
	if a.auth != "" {
		e.Method = a.auth
	}
	t, err := e.Token(v.ctx, a.client, a.form, a.header)
	if err != nil {
		return nil, err
	}
	g := &grant{Method: a.method, Access: t.Access, ID: t.ID, Refresh: t.Refresh, Type: t.Type, Scope: t.Scope, Raw: t.Raw, header: t.Header}
	if v.client != nil {
		g.Client = v.client.index
	}
	if err := v.verifyAccess(g, a.method); err != nil {
		return nil, err
	}
	p.setEnds(g, t.Lifetime)
	if !t.Fresh {
		g.ends = p.env.Now() // over already: good for this request, and not kept
	}
	return g, nil
}

// store keeps a grant for the next request with the same credentials, not longer than it lives.
func (v *visit) store(a *ask, key oidc.Key, g *grant) {
	p := v.p
	life := p.life(0)
	if !g.ends.IsZero() {
		left := g.ends.Sub(p.env.Now()) - seconds(p.Leeway)
		life = min(left, p.life(left))
	}
	if life <= 0 {
		return
	}
	p.granted.Put(key, g, p.env.Now().Add(life), g.cost())
	if text, err := json.Marshal(g); err == nil {
		p.shared.put(v.ctx, "tokens", key, text, life)
	}
}

// sharedGrant looks for a grant that another node got.
func (v *visit) sharedGrant(a *ask, key oidc.Key) *grant {
	p := v.p
	if !a.cached {
		return nil
	}
	text, ok := p.shared.get(v.ctx, "tokens", key)
	if !ok {
		return nil
	}
	g, err := v.revive(text)
	if err != nil || p.expired(g) {
		return nil
	}
	if !g.ends.IsZero() {
		p.granted.Put(key, g, g.ends, g.cost())
	}
	return g
}

// revive reads a grant that was written by encoding/json, and its tokens' claims. It does not verify them again.
func (v *visit) revive(text []byte) (*grant, error) {
	g := new(grant)
	if err := json.Unmarshal(text, g); err != nil {
		return nil, err
	}
	if g.Ends > 0 {
		g.ends = time.Unix(g.Ends, 0)
	}
	g.access, g.id = claimsOf(g.Access), claimsOf(g.ID)
	_, g.elsewhere = g.access["cnf"]
	return g, nil
}

// fromPassword lets a request in by a user's name and password, which the provider checks.
func (v *visit) fromPassword() (*grant, error) {
	p := v.p
	user, password, place, err := v.pair(p.PasswordParamType, "username", "password")
	if err != nil || user == "" || v.client == nil {
		return nil, err
	}
	a := v.newAsk(byPassword, "password", &v.client.Client)
	a.form.Set("username", user)
	a.form.Set("password", password)
	g, err := v.tokens(a)
	if err != nil {
		return nil, err
	}
	v.presented, v.fresh = pairName(place, "username", "password"), true
	return g, v.withID(g)
}

// fromClientCredentials lets a request in by the caller's own client id and secret.
func (v *visit) fromClientCredentials() (*grant, error) {
	p := v.p
	id, secret, place, err := v.pair(p.ClientCredentialsParamType, "client_id", "client_secret")
	if err != nil || id == "" {
		return nil, err
	}
	a := v.newAsk(byClientCredentials, "client_credentials", &oidc.Client{ID: id, Secret: secret})
	a.auth = oidc.SecretBasic
	for _, m := range append([]string{p.TokenEndpointAuthMethod}, p.ClientAuth...) {
		if m == oidc.SecretPost || m == oidc.SecretBasic {
			a.auth = m
			break
		}
	}
	g, err := v.tokens(a)
	if err != nil {
		return nil, err
	}
	v.presented, v.fresh = pairName(place, "client_id", "client_secret"), true
	return g, nil
}

func pairName(place, first, second string) presentedName {
	if place == "header" {
		return presentedName{place: place, name: "Authorization"}
	}
	return presentedName{place: place, name: first, also: second}
}

// fromRefreshToken lets a request in by a refresh token that the client sends itself.
func (v *visit) fromRefreshToken() (*grant, error) {
	p := v.p
	token, err := v.find(p.RefreshTokenParamType, p.RefreshTokenParamName)
	if err != nil || token == "" || v.client == nil {
		return nil, err
	}
	if rest, ok := scheme([]byte(token), "bearer"); ok {
		token = string(rest)
	}
	a := v.newAsk(byRefreshToken, "refresh_token", &v.client.Client)
	a.form.Set("refresh_token", token)
	g, err := v.tokens(a)
	if err != nil {
		return nil, err
	}
	v.presented, v.fresh = presentedName{place: "header", name: p.RefreshTokenParamName}, true
	return g, v.withID(g)
}

// withID verifies the ID token that came with a grant, once: the claims are kept with it.
func (v *visit) withID(g *grant) error {
	if g.ID == "" || g.id != nil {
		return nil
	}
	return v.verifyID(g, nil, "")
}
