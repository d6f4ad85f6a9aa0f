package openidconnect

import (
	"context"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/kongoauth2"
)

// fromKongOAuth2 lets a request in by a token that the gateway's plugin oauth2 has issued. The provider has no part in it. It returns
// nil if the token is none of these; another method may know it.
func (v *visit) fromKongOAuth2(token string) (*grant, error) {
	service := ""
	if v.x.Service != nil {
		service = v.x.Service.ID
	}
	g, err := v.p.kongGrant(v.ctx, token, service)
	v.trace.kong(g, err)
	return g, err
}

// kongGrant looks a token up among those of the plugin oauth2, and checks its end, the service that it was issued at, and that its
// application is still there.
func (p *relyingParty) kongGrant(ctx context.Context, token, service string) (*grant, error) {
	set := p.env.Find.Entities()
	if p.env.Ledger == nil || len(token) > maxQuick || len(entity.All[kongoauth2.Credential](set)) == 0 {
		return nil, nil // without applications there are no tokens, and nothing has to be looked up
	}
	found, err := p.env.Ledger.Find(ctx, "oauth2_tokens", "access_token", []byte(token))
	if err != nil {
		return nil, err
	}
	t, _ := found.(*kongoauth2.Token)
	if t == nil {
		return nil, nil
	}
	ends := t.Ends()
	if !ends.IsZero() && p.env.Now().After(ends) {
		return nil, unauthorized(invalidToken, "the token of the plugin oauth2 has expired", nil)
	}
	if t.Service != nil && t.Service.ID != service {
		return nil, unauthorized(invalidToken, "the token of the plugin oauth2 was issued at another service", nil)
	}
	application := entity.Get[kongoauth2.Credential](set, t.Credential.ID)
	if application == nil {
		return nil, unauthorized(invalidToken, "the application of the token is not there any more", nil)
	}
	g := &grant{Method: byKongOAuth2, Access: token, Type: "Bearer", Scope: t.Scope, ends: ends, application: application}
	g.access = map[string]any{"client_id": application.ClientID, "iat": float64(t.CreatedAt)}
	for name, value := range map[string]string{"sub": t.AuthenticatedUserID, "scope": t.Scope} {
		if value != "" {
			g.access[name] = value
		}
	}
	if !ends.IsZero() {
		g.Ends = ends.Unix()
		g.access["exp"] = float64(g.Ends)
	}
	return g, nil
}

// applicationConsumer returns the consumer whose application a grant's token belongs to.
func (p *relyingParty) applicationConsumer(g *grant) (*entity.Consumer, error) {
	if ref := g.application.Consumer; ref != nil {
		if c := p.env.Find.Consumer(ref.ID); c != nil {
			return c, nil
		}
	}
	return nil, unauthorized(invalidToken, "the consumer of the token is not there any more", nil)
}
