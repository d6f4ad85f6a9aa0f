package plugin

// AuthenticatedGroups is the name under which an authentication plugin shares (SetShared) the groups that a token or directory says
// its subject is in, as []string. The plugin acl decides by them.
const AuthenticatedGroups = "authenticated_groups"

// TokenClaims is the name under which an authentication plugin shares the claims of the token that it has verified, as Claims.
const TokenClaims = "token_claims"

// Claims are those of a verified token.
type Claims interface {
	// Claim returns the claim at a path of names as JSON is decoded into an any, or nil if there is none.
	Claim(path []string) any
}
