package openidconnect

import (
	"fmt"
	"slices"
)

// verifyParameters holds the configuration against what the provider says that it can do, where verify_parameters is set. What a
// document does not say is not held against anything.
func (v *visit) verifyParameters() error {
	p := v.p
	if !p.VerifyParameters || p.UsingPseudoIssuer {
		return nil
	}
	d, err := v.document()
	if err != nil || d.Generation == p.verifiedAt.Load() {
		return err
	}
	for _, need := range []struct {
		field        string
		want, offers []string
	}{
		{"scopes", p.Scopes, d.Scopes}, {"response_mode", []string{p.ResponseMode}, d.ResponseModes},
		{"client_auth", p.ClientAuth, d.TokenAuthMethods}, {"auth_methods", p.grants(), d.GrantTypes},
	} {
		for _, w := range need.want {
			if w != "" && len(need.offers) > 0 && !slices.Contains(need.offers, w) {
				return unexpected(fmt.Sprintf("verify_parameters: %s: the provider does not offer %s", need.field, plain(w)), nil)
			}
		}
	}
	p.verifiedAt.Store(d.Generation)
	return nil
}

// grants lists the grant types that the enabled methods need, as far as a configuration names its methods.
func (p *relyingParty) grants() (names []string) {
	if len(p.AuthMethods) == 9 {
		return nil // the default: whatever the provider can do
	}
	for _, m := range p.AuthMethods {
		if m == byCode || m == byPassword || m == byClientCredentials || m == byRefreshToken {
			names = append(names, m)
		}
	}
	return names
}
