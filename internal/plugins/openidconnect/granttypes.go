package openidconnect

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
)

// refusedFor returns how long a refused credential is not tried again: cache_ttl_neg, else a second, so that guessing does not
// reach the provider at full speed.
func (p *relyingParty) refusedFor() time.Duration {
	if p.CacheTTLNeg != nil && *p.CacheTTLNeg > 0 {
		return seconds(*p.CacheTTLNeg)
	}
	return time.Second
}

// So many wrong credentials of one name may come from one address in so long a time; then all are refused for the rest of it.
const (
	maxGuesses  = 20
	guessWindow = time.Minute
	// noPasswordFor is how long it is remembered that a provider has no grant for passwords.
	noPasswordFor = time.Minute
)

type guesses struct{ wrong atomic.Int32 }

// guessing returns the wrong credentials of a name and of who sends this request.
func (v *visit) guessing(name string) *guesses {
	p, now := v.p, v.p.env.Now()
	from := v.x.Client.IP
	if from.Is6() && !from.Is4In6() { // a host has a whole network of these
		if network, err := from.Prefix(64); err == nil {
			from = network.Addr()
		}
	}
	key := oidc.KeyOf("guesses", from.String(), name)
	if g, ok := p.guesses.Get(key, now); ok {
		return g
	}
	g := new(guesses)
	p.guesses.Put(key, g, now.Add(guessWindow), 256)
	return g
}

// guarded gets a grant by a credential that could be guessed.
func (v *visit) guarded(a *ask, name string) (*grant, error) {
	if g, ok := v.p.cachedGrant(a); ok {
		v.trace.cached()
		return v.renewAhead(a, g), nil
	}
	guesses := v.guessing(name)
	if guesses.wrong.Load() >= maxGuesses {
		return nil, unauthorized(invalidToken, "too many wrong credentials", nil)
	}
	g, err := v.tokens(a)
	var no *oidc.RefusedError
	if errors.As(err, &no) && (no.Code == "invalid_client" || no.Code == "invalid_grant" || no.Status == http.StatusUnauthorized) {
		guesses.wrong.Add(1)
	}
	return g, err
}

// cachedGrant returns the grant that was got by an ask before, if it is still good.
func (p *relyingParty) cachedGrant(a *ask) (*grant, bool) {
	if !a.cached {
		return nil, false
	}
	g, ok := p.granted.Get(p.key(a), p.env.Now())
	return g, ok && !p.expired(g)
}

// renewAhead begins, in the background, to get a new grant in place of one that ends soon. It returns the present one.
func (v *visit) renewAhead(a *ask, g *grant) *grant {
	if p := v.p; p.soon(g) && g.Refresh == "" {
		w, key := &visit{p: p, client: v.client}, p.key(a)
		p.flights.DoChan(string(key[:]), func() (any, error) {
			return w.apart(func(w *visit) (*grant, error) {
				fresh, err := w.fetch(a)
				if err == nil {
					w.store(a, key, fresh)
				}
				return fresh, err
			})
		})
	}
	return g
}

// ask is one request to the token endpoint.
type ask struct {
	method string       // of auth_methods
	client *oidc.Client // who asks; the caller itself for client credentials
	user   bool         // a user signs in, whose ID token counts
	auth   string       // client authentication; "" as the endpoint's
	form   url.Values
	header http.Header
	cached bool          // whether the answer may be taken from, and put into, the cache
	alias  *oidc.Key     // a second key of the answer in the cache: of the Authorization field
	most   time.Duration // for which the answer is kept at most; 0: as everywhere
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
	return oidc.KeyOf(appendFields(parts, a.header)...)
}

// appendFields appends the names and values of fields to parts of a key, in one order.
func appendFields(parts []string, fields http.Header) []string {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		parts = append(parts, name, strings.Join(fields[name], ","))
	}
	return parts
}

// tokens gets a grant from the token endpoint or the cache.
func (v *visit) tokens(a *ask) (*grant, error) {
	p := v.p
	key := p.key(a)
	if g, ok := p.cachedGrant(a); ok {
		v.trace.cached()
		return v.renewAhead(a, g), nil
	}
	if r, ok := p.refused.Get(key, p.env.Now()); ok && a.cached {
		v.trace.Check("token endpoint, as remembered", "cache_ttl_neg", r, "")
		return nil, r
	}
	fetch := func(w *visit) (*grant, error) {
		if g, ok := p.cachedGrant(a); ok {
			return g, nil
		}
		if g := w.sharedGrant(a, key); g != nil {
			return g, nil
		}
		g, err := w.fetch(a)
		if err != nil {
			var no *oidc.RefusedError
			if errors.As(err, &no) {
				p.refused.Put(key, asRefusal(err), p.env.Now().Add(p.refusedFor()), 512)
			}
			return nil, err
		}
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
	d, err := v.document()
	if err != nil {
		return nil, err
	}
	e := p.endpoint(tokenEndpoint, d, v.client)
	if a.auth != "" {
		e.Method = a.auth
	}
	if a.method == byClientCredentials && a.auth == "" { // the caller's own: by a secret
		e.Method = oidc.SecretBasic
		if slices.Contains(d.TokenAuthMethods, oidc.SecretPost) && !slices.Contains(d.TokenAuthMethods, oidc.SecretBasic) {
			e.Method = oidc.SecretPost
		}
	}
	v.trace.ask(e)
	t, err := e.Token(v.ctx, a.client, a.form, a.header)
	v.trace.Check("token endpoint", "token_endpoint", err, "the provider gave an access token for the credential")
	if err != nil {
		return nil, err
	}
	g := &grant{Method: a.method, Access: t.Access, ID: t.ID, Refresh: t.Refresh, Type: t.Type, Scope: t.Scope, Raw: t.Raw, header: t.Header,
		made: p.env.Now()}
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
	if !a.user {
		g.ID = "" // no user has signed in
	} else if a.method == byCode {
		return g, nil // the ID token is verified with what is known of the login
	}
	if err := v.verifyID(g, nil, ""); err != nil {
		return nil, err
	}
	g.ready = v.prepare(g)
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
	if a.most > 0 {
		life = min(life, a.most)
	}
	if life <= 0 {
		return
	}
	p.granted.Put(key, g, p.env.Now().Add(life), g.cost())
	if a.alias != nil {
		p.granted.Put(*a.alias, g, p.env.Now().Add(life), g.cost())
	}
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
	g.ready = v.prepare(g)
	return g, nil
}

// fromPassword lets a request in by a user's name and password, which the provider checks.
func (v *visit) fromPassword() (*grant, error) {
	p := v.p
	user, password, place, err := v.pair(p.PasswordParamType, "username", "password")
	if err != nil || user == "" || v.client == nil {
		return nil, err
	}
	if p.methods[byClientCredentials] && place == "header" {
		// The pair may be a client's: what let it in before, or a provider that has no grant for passwords, says so.
		if _, ok := p.cachedGrant(v.askAsClient(user, password, place)); ok || p.env.Now().UnixNano() < p.noPassword.Load() {
			return nil, nil
		}
	}
	a := v.newAsk(byPassword, "password", &v.client.Client)
	a.user = true
	a.form.Set("username", user)
	a.form.Set("password", password)
	g, err := v.guarded(a, user)
	if err != nil {
		var no *oidc.RefusedError
		if errors.As(err, &no) && (no.Code == "unsupported_grant_type" || no.Code == "unauthorized_client") {
			p.noPassword.Store(p.env.Now().Add(noPasswordFor).UnixNano())
		}
		return nil, err
	}
	v.presented, v.fresh = pairName(place, "username", "password"), true
	return g, nil
}

// fromClientCredentials lets a request in by the caller's own client id and secret.
func (v *visit) fromClientCredentials() (*grant, error) {
	p := v.p
	id, secret, place, err := v.pair(p.ClientCredentialsParamType, "client_id", "client_secret")
	if err != nil || id == "" {
		return nil, err
	}
	g, err := v.guarded(v.askAsClient(id, secret, place), id)
	if err != nil {
		return nil, err
	}
	v.presented, v.fresh = pairName(place, "client_id", "client_secret"), true
	return g, nil
}

// askAsClient returns the ask for a caller's own id and secret.
func (v *visit) askAsClient(id, secret, place string) *ask {
	p := v.p
	a := v.newAsk(byClientCredentials, "client_credentials", &oidc.Client{ID: id, Secret: secret})
	if place == "header" && len(p.TokenPostArgsClient) == 0 && len(p.TokenHeadersClient) == 0 {
		value, _ := v.x.Request.Header.Known(header.Authorization)
		key := oidc.KeyOfToken(value)
		a.alias = &key
	}
	for _, m := range append([]string{p.TokenEndpointAuthMethod}, p.ClientAuth...) {
		if m == oidc.SecretPost || m == oidc.SecretBasic {
			a.auth = m
			break
		}
	}
	return a
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
	token, place, err := v.findIn(p.RefreshTokenParamType, p.RefreshTokenParamName)
	if err != nil || token == "" || v.client == nil {
		return nil, err
	}
	if rest, ok := scheme([]byte(token), "bearer"); ok {
		token = string(rest)
	}
	a := v.newAsk(byRefreshToken, "refresh_token", &v.client.Client)
	a.form.Set("refresh_token", token)
	a.user = true
	g, err := v.tokens(a)
	if err != nil {
		return nil, err
	}
	v.presented, v.fresh = presentedName{place: place, name: p.RefreshTokenParamName}, true
	return g, nil
}
