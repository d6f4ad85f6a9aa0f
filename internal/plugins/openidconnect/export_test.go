package openidconnect

// TokenCacheBytes bounds the cache of tokens.
const TokenCacheBytes = tokenCacheBytes

// DeriveRSA is deriveRSA for its test, and Declare makes a plugin that shares nothing with another: that of a second node.
var (
	DeriveRSA = deriveRSA
	Declare   = declare
)
