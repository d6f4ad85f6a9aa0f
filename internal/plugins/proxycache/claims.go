package proxycache

import (
	"crypto/sha256"
	"encoding/json"
	"strings"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// claim is one of config.vary_claims.
type claim struct{ whole, path []string }

func claimsOf(names []string) (list []claim) {
	for _, n := range names {
		list = append(list, claim{[]string{n}, strings.Split(n, ".")})
	}
	return list
}

// in finds the claim: by its name as a whole, for names may have dots, else by the path.
func (c claim) in(token plugin.Claims) any {
	if v := token.Claim(c.whole); v != nil || len(c.path) == 1 {
		return v
	}
	return token.Claim(c.path)
}

// appendClaims appends the claims of a verified token; ok is false if responses do not depend on claims, or there is no token. Claims
// stand as JSON with sorted names, so that 1 and "1", or a list of two and a text with a comma, are not taken for each other. A claim
// that is not there is empty, which no JSON is.
func (c *cache) appendClaims(b []byte, x *plugin.Exchange) (out []byte, ok bool) {
	if len(c.claims) == 0 {
		return b, false
	}
	token, ok := x.Shared(plugin.TokenClaims).(plugin.Claims)
	if !ok {
		return b, false
	}
	start := len(b)
	b = append(b, 'c')
	for _, claim := range c.claims {
		var text []byte
		if v := claim.in(token); v != nil {
			var err error
			if text, err = json.Marshal(v); err != nil {
				return b[:start], false // it came from JSON
			}
		}
		sum := sha256.Sum256(text) // claims may be secret, or long
		if text == nil {
			sum = [sha256.Size]byte{}
		}
		b = append(b, sum[:]...)
	}
	return b, true
}

// appendCredentials appends who sent the request, where the response is not for everybody. Consumers are in all keys.
func (c *cache) appendCredentials(b []byte, x *plugin.Exchange) []byte {
	v, ok := x.Request.Header.Known(header.Authorization)
	switch {
	case c.open:
	case ok && !c.rfc: // in RFC mode the response says whom it is for
		sum := sha256.Sum256(v)
		b = append(append(b, 'a'), sum[:]...)
	case !ok && x.Consumer == nil && x.Credential.ID != "":
		sum := sha256.Sum256([]byte(x.Credential.ID)) // a session of openid-connect, whose token does not go upstream
		b = append(append(b, 'd'), sum[:]...)
	}
	return b
}
