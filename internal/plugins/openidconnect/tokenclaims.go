package openidconnect

import "github.com/gibbon-gateway/gibbon/internal/oidc"

// tokenClaims are the documents that claims are looked for in, for other plugins (plugin.TokenClaims).
type tokenClaims []map[string]any

// Claim implements plugin.Claims.
func (t tokenClaims) Claim(path []string) any {
	for _, doc := range t {
		if v := oidc.Lookup(doc, path); v != nil {
			return v
		}
	}
	return nil
}

// tokenClaims returns the documents of a grant, what userinfo said for this request, and what was found elsewhere.
func (v *visit) tokenClaims(g *grant) tokenClaims {
	docs := g.sources()
	list := append(make(tokenClaims, 0, len(docs)+2), docs[:]...)
	if v.found != nil {
		list = append(list, v.found.user)
	}
	if v.elsewhere != nil {
		list = append(list, v.elsewhere.claims)
	}
	return list
}
