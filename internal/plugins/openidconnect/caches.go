package openidconnect

import "github.com/gibbon-gateway/gibbon/internal/oidc"

// Costs that bound the caches of a process, which all its instances have parts of, in bytes.
const (
	tokenCacheBytes   = 32 << 20
	otherCacheBytes   = 16 << 20
	refusalCacheBytes = 4 << 20
	grantOverhead     = 2 << 10 // of a cached grant beside its tokens
)

// caches are what is remembered. Their keys are of one instance each.
type caches struct {
	verified *oidc.Cache[*grant]   // by access token
	opened   *oidc.Cache[*opened]  // sessions by their cookies
	granted  *oidc.Cache[*grant]   // by credentials
	infos    *oidc.Cache[*grant]   // introspection and userinfo answers, by token
	refused  *oidc.Cache[*refusal] // credentials that were refused a moment ago
	guesses  *oidc.Cache[*guesses] // wrong credentials, by client address and name
}

func newCaches() caches {
	return caches{verified: oidc.NewCache[*grant](tokenCacheBytes), opened: oidc.NewCache[*opened](otherCacheBytes),
		granted: oidc.NewCache[*grant](otherCacheBytes), infos: oidc.NewCache[*grant](otherCacheBytes),
		refused: oidc.NewCache[*refusal](refusalCacheBytes), guesses: oidc.NewCache[*guesses](refusalCacheBytes)}
}

// part returns the part of the caches that one instance uses.
func (c *caches) part() caches {
	return caches{verified: c.verified.Part(), opened: c.opened.Part(), granted: c.granted.Part(), infos: c.infos.Part(),
		refused: c.refused.Part(), guesses: c.guesses.Part()}
}
