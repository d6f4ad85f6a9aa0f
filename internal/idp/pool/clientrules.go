package pool

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// ownScopes are those that every pool has.
var ownScopes = []string{"openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"}

// applyClient replaces what an update can change of a client: a setting that it leaves out falls back to its default.
func (p *Pool) applyClient(c *wire.UserPoolClient, in *wire.UpdateUserPoolClientRequest, secret bool) error {
	if in.ClientName != "" {
		c.ClientName = in.ClientName
	}
	c.RefreshTokenValidity, c.AccessTokenValidity, c.IDTokenValidity = in.RefreshTokenValidity, in.AccessTokenValidity, in.IDTokenValidity
	if c.RefreshTokenValidity == nil || *c.RefreshTokenValidity == 0 {
		c.RefreshTokenValidity = new(30)
	}
	c.TokenValidityUnits = &wire.TokenValidityUnits{}
	if in.TokenValidityUnits != nil {
		*c.TokenValidityUnits = *in.TokenValidityUnits
	}
	if defaulted := in.RefreshTokenValidity == nil || *in.RefreshTokenValidity == 0; defaulted && c.TokenValidityUnits.RefreshToken != "" {
		c.TokenValidityUnits.RefreshToken = "days"
	}
	c.ReadAttributes, c.WriteAttributes, c.ExplicitAuthFlows = in.ReadAttributes, in.WriteAttributes, in.ExplicitAuthFlows
	c.SupportedIdentityProviders, c.CallbackURLs, c.LogoutURLs = in.SupportedIdentityProviders, in.CallbackURLs, in.LogoutURLs
	c.DefaultRedirectURI = in.DefaultRedirectURI
	c.AllowedOAuthFlows, c.AllowedOAuthScopes = in.AllowedOAuthFlows, in.AllowedOAuthScopes
	c.AllowedOAuthFlowsUserPoolClient = new(isTrue(in.AllowedOAuthFlowsUserPoolClient))
	c.AnalyticsConfiguration, c.PreventUserExistenceErrors = in.AnalyticsConfiguration, in.PreventUserExistenceErrors
	if in.EnableTokenRevocation != nil {
		c.EnableTokenRevocation = in.EnableTokenRevocation
	}
	c.EnablePropagateAdditionalUserContextData = new(isTrue(in.EnablePropagateAdditionalUserContextData))
	c.AuthSessionValidity = in.AuthSessionValidity
	fill(&c.AuthSessionValidity, 3)
	c.RefreshTokenRotation = in.RefreshTokenRotation
	for _, rule := range []func(*wire.UserPoolClient, bool) error{p.lives, p.permissions, p.flows, p.addresses, p.oauth} {
		if err := rule(c, secret); err != nil {
			return err
		}
	}
	return nil
}

func (p *Pool) lives(wc *wire.UserPoolClient, secret bool) error {
	c := Client{UserPoolClient: *wc}
	access, id, refresh := c.AccessLife(), c.IDLife(), c.RefreshLife()
	for _, l := range []struct {
		name        string
		life        time.Duration
		least, most time.Duration
	}{
		{"AccessTokenValidity", access, 5 * time.Minute, 24 * time.Hour}, {"IdTokenValidity", id, 5 * time.Minute, 24 * time.Hour},
		{"RefreshTokenValidity", refresh, time.Hour, 3650 * 24 * time.Hour},
	} {
		if l.life < l.least || l.life > l.most {
			return api.InvalidParameter.Errorf("Invalid range for token validity: %s must be between %d and %d seconds.",
				l.name, int(l.least.Seconds()), int(l.most.Seconds()))
		}
	}
	if refresh < access || refresh < id {
		return api.InvalidParameter.Errorf("Refresh token validity must be longer than that of access and ID tokens.")
	}
	if isTrue(wc.EnablePropagateAdditionalUserContextData) && !secret {
		return api.InvalidParameter.Errorf("EnablePropagateAdditionalUserContextData requires a client secret.")
	}
	return nil
}

// permissions checks that readable and writable attributes exist, and that required ones stay writable.
func (p *Pool) permissions(c *wire.UserPoolClient, _ bool) error {
	for _, name := range c.ReadAttributes {
		if _, ok := p.Attribute(name); !ok {
			return api.InvalidParameter.Errorf("Invalid read attributes specified while creating a client")
		}
	}
	for _, name := range c.WriteAttributes {
		a, ok := p.Attribute(name)
		if !ok || a.AttributeDataType == "Boolean" && IsStandard(name) || name == "sub" || name == "identities" {
			return api.InvalidParameter.Errorf("Invalid write attributes specified while creating a client")
		}
	}
	if c.WriteAttributes == nil {
		return nil
	}
	for _, a := range p.SchemaAttributes {
		if isTrue(a.Required) && a.Name != "sub" && !slices.Contains(c.WriteAttributes, a.Name) {
			return api.InvalidParameter.Errorf("Invalid write attributes specified while creating a client: %s is required.", a.Name)
		}
	}
	return nil
}

func (p *Pool) flows(c *wire.UserPoolClient, secret bool) error {
	var old, fresh bool
	for _, flow := range c.ExplicitAuthFlows {
		if strings.HasPrefix(flow, "ALLOW_") {
			fresh = true
		} else {
			old = true
		}
	}
	switch {
	case old && fresh:
		return api.InvalidParameter.Errorf("Invalid ExplicitAuthFlows: values with and without the prefix ALLOW_ can not be combined.")
	case slices.Contains(c.ExplicitAuthFlows, "ALLOW_CLIENT_TOKEN_AUTH") && (len(c.ExplicitAuthFlows) > 1 || !secret):
		return api.InvalidParameter.Errorf("ALLOW_CLIENT_TOKEN_AUTH can not be combined with other flows and requires a client secret.")
	case slices.Contains(c.ExplicitAuthFlows, "ALLOW_USER_AUTH") && p.UserPoolTier == "LITE":
		return api.FeatureUnavailableInTier.Errorf("ALLOW_USER_AUTH is not available in the LITE tier.")
	case c.RefreshTokenRotation == nil || c.RefreshTokenRotation.Feature != "ENABLED":
		return nil
	case p.UserPoolTier == "LITE":
		return api.FeatureUnavailableInTier.Errorf("Refresh token rotation is not available in the LITE tier.")
	case slices.Contains(c.ExplicitAuthFlows, "ALLOW_REFRESH_TOKEN_AUTH"):
		return api.InvalidParameter.Errorf("ALLOW_REFRESH_TOKEN_AUTH can not be enabled together with refresh token rotation.")
	}
	return nil
}

func (p *Pool) addresses(c *wire.UserPoolClient, _ bool) error {
	for _, list := range [][]string{c.CallbackURLs, c.LogoutURLs} {
		for _, u := range list {
			if err := redirectURL(u); err != nil {
				return err
			}
		}
	}
	if c.DefaultRedirectURI != "" && !slices.Contains(c.CallbackURLs, c.DefaultRedirectURI) {
		return api.InvalidParameter.Errorf("DefaultRedirectURI %s must be one of the CallbackURLs.", c.DefaultRedirectURI)
	}
	for _, name := range c.SupportedIdentityProviders {
		if _, ok := p.Provider(name); !ok && name != "COGNITO" {
			return api.InvalidParameter.Errorf("The provider %s does not exist for User Pool %s.", name, p.ID)
		}
	}
	return nil
}

// redirectURL checks an address that browsers are sent to.
func redirectURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme == "" || strings.ContainsAny(text, " \t\r\n"):
		return api.InvalidParameter.Errorf("%s is not a valid URL.", text)
	case strings.Contains(text, "#"):
		return api.InvalidParameter.Errorf("%s cannot contain a fragment.", text)
	case u.Scheme == "javascript" || u.Scheme == "data" || u.Scheme == "vbscript":
		return api.InvalidParameter.Errorf("%s cannot use the %s protocol.", text, strings.ToUpper(u.Scheme))
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host == "":
		return api.InvalidParameter.Errorf("%s is not a valid URL.", text)
	case u.Scheme == "http" && u.Hostname() != "localhost" && u.Hostname() != "127.0.0.1" && u.Hostname() != "::1":
		return api.InvalidParameter.Errorf("%s cannot use the HTTP protocol.", text)
	}
	return nil
}

func (p *Pool) oauth(c *wire.UserPoolClient, secret bool) error {
	for _, scope := range c.AllowedOAuthScopes {
		if !slices.Contains(ownScopes, scope) && !p.HasScope(scope) {
			return api.ScopeDoesNotExist.Errorf("Invalid scope requested: %s", scope)
		}
	}
	machine := slices.Contains(c.AllowedOAuthFlows, "client_credentials")
	switch {
	case isTrue(c.AllowedOAuthFlowsUserPoolClient) && (len(c.AllowedOAuthFlows) == 0 || len(c.AllowedOAuthScopes) == 0):
		return api.InvalidOAuthFlow.Errorf("AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.")
	case machine && len(c.AllowedOAuthFlows) > 1:
		return api.InvalidOAuthFlow.Errorf("client_credentials flow can not be selected along with code flow or implicit flow.")
	case machine && !secret:
		return api.InvalidOAuthFlow.Errorf("client_credentials flow can not be selected if client does not have a client secret.")
	}
	if !machine {
		return nil
	}
	for _, scope := range c.AllowedOAuthScopes {
		if slices.Contains(ownScopes, scope) {
			return api.InvalidOAuthFlow.Errorf("client_credentials flow can not be selected with scope %s: only custom scopes are allowed.", scope)
		}
	}
	return nil
}
