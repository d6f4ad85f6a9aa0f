package openidconnect

import (
	"slices"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
)

// exchange replaces an access token by one of the provider: by RFC 8693 for tokens of subject_token_issuers, or in Kong's older
// way, by token_exchange_endpoint. Other grants are returned as they are.
func (v *visit) exchange(g *grant) (*grant, error) {
	p := v.p
	if g.application != nil {
		return g, nil // the provider knows nothing of the token, and is not to learn it
	}
	if p.TokenExchange != nil && g.access != nil {
		iss, _ := g.access["iss"].(string)
		for i := range p.TokenExchange.SubjectTokenIssuers {
			s := &p.TokenExchange.SubjectTokenIssuers[i]
			if oidc.SameIssuer(s.Issuer, iss) && s.Conditions.hold(g, p) {
				return v.exchangeSubject(g)
			}
		}
	}
	if g.foreign { // nobody has vouched for it
		return nil, unauthorized(invalidToken, "the token is of another issuer, and not one to exchange", oidc.ErrIssuer)
	}
	if p.TokenExchangeEndpoint != "" {
		return v.exchangeOld(g)
	}
	return g, nil
}

// subjectIssuer returns the entry of token_exchange for a token of another issuer than those that are trusted here; nil if there is
// none.
func (p *relyingParty) subjectIssuer(t *jose.Token) *subjectIssuer {
	if p.TokenExchange == nil {
		return nil
	}
	iss, _ := t.Claims["iss"].(string)
	trusted := append([]string{p.issuer.Name()}, p.IssuersAllowed...)
	if d := p.issuer.Known(); d != nil {
		trusted = append(trusted, d.Issuer)
	}
	for _, ours := range trusted {
		if oidc.SameIssuer(iss, ours) {
			return nil
		}
	}
	for i := range p.TokenExchange.SubjectTokenIssuers {
		if s := &p.TokenExchange.SubjectTokenIssuers[i]; iss != "" && oidc.SameIssuer(s.Issuer, iss) {
			return s
		}
	}
	return nil
}

// verifySubject checks what can be checked of a token that is to be exchanged: its times and, with verify_signature, its
// signature. The provider does the rest.
func (v *visit) verifySubject(g *grant, t *jose.Token, s *subjectIssuer) error {
	p := v.p
	if issuer := p.subjects[s]; issuer != nil {
		if _, err := issuer.VerifySignature(v.ctx, t, s.Issuer, p.algs); err != nil {
			return unauthorized(invalidToken, "the signature is wrong", err)
		}
	}
	if err := oidc.CheckTimes(t.Claims, p.env.Now(), seconds(p.Leeway)); err != nil {
		return unauthorized(invalidToken, "the claims of the token are not acceptable", err)
	}
	g.access, g.foreign = t.Claims, true
	return nil
}

// hold reports whether a token is one to exchange.
func (c *exchangeConditions) hold(g *grant, p *relyingParty) bool {
	if c == nil {
		return true
	}
	audience, scopes := oidc.Words(g.claim(p.AudienceClaim)), oidc.Words(g.claim(p.ScopesClaim))
	any := func(want, have []string) bool {
		for _, w := range want {
			if slices.Contains(have, w) {
				return true
			}
		}
		return false
	}
	return (len(c.HasAudience) == 0 || any(c.HasAudience, audience)) && !any(c.MissingAudience, audience) &&
		(len(c.HasScopes) == 0 || any(c.HasScopes, scopes)) && !any(c.MissingScopes, scopes)
}

const accessTokenType = "urn:ietf:params:oauth:token-type:access_token"

func (v *visit) exchangeSubject(g *grant) (*grant, error) {
	p, t := v.p, v.p.TokenExchange
	if v.client == nil {
		if v.client = p.clientOf(g); v.client == nil {
			return nil, unexpected("client id was not specified", nil)
		}
	}
	a := v.newAsk(g.Method, "urn:ietf:params:oauth:grant-type:token-exchange", &v.client.Client)
	a.form.Set("subject_token", g.Access)
	a.form.Set("subject_token_type", accessTokenType)
	if r := t.Request; r != nil {
		if len(r.Scopes) > 0 {
			a.form.Set("scope", strings.Join(r.Scopes, " "))
		} else if r.EmptyScopes {
			a.form.Del("scope")
		}
		if len(r.Audience) > 0 {
			a.form["audience"] = r.Audience
		} else if r.EmptyAudience {
			a.form.Del("audience")
		}
	}
	a.cached = t.Cache == nil || t.Cache.Enabled
	if t.Cache != nil && t.Cache.TTL != nil {
		a.most = time.Duration(*t.Cache.TTL) * time.Second
	}
	fresh, err := v.tokens(a)
	if err == nil && fresh.foreign {
		return nil, unauthorized(invalidToken, "the token that the provider gave in exchange is of another issuer", oidc.ErrIssuer)
	}
	return fresh, err
}

// exchangeOld posts the access token, as bearer token, to token_exchange_endpoint: the body of the answer is the new token.
func (v *visit) exchangeOld(g *grant) (*grant, error) {
	p := v.p
	key := oidc.KeyOf("exchange", p.salt, g.Access)
	if p.CacheTokenExchange {
		if found, ok := p.granted.Get(key, p.env.Now()); ok && !p.expired(found) {
			return found, nil
		}
	}
	return v.once(key, func(w *visit) (*grant, error) {
		if found, ok := p.granted.Get(key, p.env.Now()); ok && p.CacheTokenExchange && !p.expired(found) {
			return found, nil
		}
		token, err := p.fetch.PostToken(w.ctx, p.TokenExchangeEndpoint, g.Access)
		if err != nil {
			return nil, err
		}
		fresh := *g
		fresh.Access, fresh.access, fresh.accessKey, fresh.ends, fresh.ready = token, nil, nil, time.Time{}, nil
		fresh.introspection, fresh.introspectionRaw, fresh.introspectionJWT = nil, nil, "" // they are about the other token
		if jose.IsJWS(token) {
			fresh.access = claimsOf(token)
		}
		p.setEnds(&fresh, 0)
		life := p.life(0)
		if !fresh.ends.IsZero() {
			left := fresh.ends.Sub(p.env.Now())
			life = min(left, p.life(left))
		}
		fresh.ready = w.prepare(&fresh)
		if p.CacheTokenExchange && life > 0 {
			p.granted.Put(key, &fresh, p.env.Now().Add(life), fresh.cost())
		}
		return &fresh, nil
	})
}
