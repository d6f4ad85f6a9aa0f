package openidconnect

import (
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
)

// exchange replaces an access token by one of the provider: by RFC 8693 for tokens of subject_token_issuers, or in Kong's older
// way, by token_exchange_endpoint. Other grants are returned as they are.
func (v *visit) exchange(g *grant) (*grant, error) {
	p := v.p
	switch {
	case p.TokenExchangeEndpoint != "":
		return v.exchangeOld(g)
	case p.TokenExchange == nil || g.access == nil:
		return g, nil
	}
	iss, _ := g.access["iss"].(string)
	for i := range p.TokenExchange.SubjectTokenIssuers {
		s := &p.TokenExchange.SubjectTokenIssuers[i]
		if oidc.SameIssuer(s.Issuer, iss) && s.Conditions.hold(g, p) {
			return v.exchangeSubject(g)
		}
	}
	return g, nil
}

// hold reports whether a token is one to exchange.
func (c *exchangeConditions) hold(g *grant, p *relyingParty) bool {
	if c == nil {
		return true
	}
	audience, scopes := oidc.Words(g.claim(p.AudienceClaim)), oidc.Words(g.claim(p.ScopesClaim))
	any := func(want, have []string) bool {
		for _, w := range want {
			if has(have, w) {
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
	fresh, err := v.tokens(a)
	if err != nil {
		return nil, err
	}
	if t.Cache != nil && t.Cache.TTL != nil && a.cached {
		ends := p.env.Now().Add(time.Duration(*t.Cache.TTL) * time.Second)
		if fresh.ends.IsZero() || ends.Before(fresh.ends) {
			p.granted.Put(p.key(a), fresh, ends, fresh.cost())
		}
	}
	return fresh, nil
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
		token, err := p.fetch.PostToken(w.ctx, p.TokenExchangeEndpoint, g.Access)
		if err != nil {
			return nil, err
		}
		fresh := *g
		fresh.Access, fresh.access, fresh.accessKey, fresh.ends, fresh.ready = token, nil, nil, time.Time{}, nil
		if jose.IsJWS([]byte(token)) {
			fresh.access = claimsOf(token)
		}
		p.setEnds(&fresh, 0)
		life := p.life(0)
		if !fresh.ends.IsZero() {
			left := fresh.ends.Sub(p.env.Now())
			life = min(left, p.life(left))
		}
		if p.CacheTokenExchange && life > 0 {
			p.granted.Put(key, &fresh, p.env.Now().Add(life), fresh.cost())
		}
		return &fresh, nil
	})
}
