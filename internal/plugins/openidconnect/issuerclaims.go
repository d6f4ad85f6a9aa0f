package openidconnect

import (
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/oidc"
)

// issuerClaims says where the claims of one issuer are, where that is elsewhere than with the others. What is unset is as for all.
type issuerClaims struct {
	Issuer              string     `json:"issuer" conf:"required;referenceable" doc:"Whose tokens these are."`
	ScopesClaim         []string   `json:"scopes_claim" doc:"As the field of the same name, for this issuer."`
	AudienceClaim       []string   `json:"audience_claim" doc:"As the field of the same name, for this issuer."`
	GroupsClaim         []string   `json:"groups_claim" doc:"As the field of the same name, for this issuer."`
	RolesClaim          []string   `json:"roles_claim" doc:"As the field of the same name, for this issuer."`
	AuthenticatedGroups []string   `json:"authenticated_groups_claim" doc:"As the field of the same name, for this issuer."`
	ConsumerGroups      []string   `json:"consumer_groups_claim" doc:"As the field of the same name, for this issuer."`
	ConsumerClaims      [][]string `json:"consumer_claims" doc:"As the field of the same name, for this issuer."`
	CredentialClaim     []string   `json:"credential_claim" doc:"As the field of the same name, for this issuer."`
}

// places is where claims are looked for.
type places struct {
	scopes, audience, groups, roles, authenticatedGroups, consumerGroups, credential []string
	consumers                                                                        [][]string
}

// prepareClaims sets out where the claims of each issuer are.
func (p *relyingParty) prepareClaims() {
	p.claims = places{scopes: p.ScopesClaim, audience: p.AudienceClaim, groups: p.GroupsClaim, roles: p.RolesClaim,
		authenticatedGroups: p.AuthenticatedGroupsClaim, consumerGroups: p.ConsumerGroupsClaim, credential: p.CredentialClaim, consumers: p.ConsumerClaims}
	if len(p.IssuerClaims) == 0 {
		return
	}
	p.claimsOfIssuer = map[string]*places{}
	for _, of := range p.IssuerClaims {
		c := p.claims
		for _, field := range []struct {
			to    *[]string
			value []string
		}{{&c.scopes, of.ScopesClaim}, {&c.audience, of.AudienceClaim}, {&c.groups, of.GroupsClaim}, {&c.roles, of.RolesClaim},
			{&c.authenticatedGroups, of.AuthenticatedGroups}, {&c.consumerGroups, of.ConsumerGroups}, {&c.credential, of.CredentialClaim}} {
			if len(field.value) > 0 {
				*field.to = field.value
			}
		}
		if len(of.ConsumerClaims) > 0 {
			c.consumers = of.ConsumerClaims
		}
		p.claimsOfIssuer[strings.TrimRight(of.Issuer, "/")] = &c
	}
}

// placesOf returns where the claims of a grant are: by the issuer that its documents name, else as for all.
func (p *relyingParty) placesOf(g *grant) *places {
	if p.claimsOfIssuer == nil {
		return &p.claims
	}
	iss, _ := oidc.Lookup(g.access, []string{"iss"}).(string)
	if iss == "" {
		iss, _ = g.claim([]string{"iss"}).(string)
	}
	if iss == "" {
		iss = p.issuer.Name()
	}
	if c := p.claimsOfIssuer[strings.TrimRight(iss, "/")]; c != nil {
		return c
	}
	return &p.claims
}
