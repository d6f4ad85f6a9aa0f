package openidconnect

import (
	"net/http"
	"strings"
)

// metadataPath is where a protected resource is described (RFC 9728, section 3.1): before its own path.
const metadataPath = "/.well-known/oauth-protected-resource"

// answersMetadata reports whether a request asks for the description of the resource.
func (v *visit) answersMetadata() bool {
	path, r := string(v.x.Request.Path), &v.x.Request
	return v.p.ProtectedResourceMetadata && (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		(path == metadataPath || strings.HasPrefix(path, metadataPath+"/"))
}

// metadata describes the resource, so that clients find out by themselves where to get a token.
func (v *visit) metadata() error {
	p := v.p
	doc := map[string]any{
		"resource":              origin(v.x) + escapePath(strings.TrimPrefix(string(v.x.Request.Path), metadataPath)),
		"authorization_servers": append([]string{p.issuer.Name()}, p.IssuersAllowed...),
	}
	var ways []string
	for _, place := range p.BearerTokenParamType {
		if place != "cookie" {
			ways = append(ways, place)
		}
	}
	if len(ways) > 0 {
		doc["bearer_methods_supported"] = ways
	}
	if len(p.ScopesRequired) > 0 {
		doc["scopes_supported"] = strings.Fields(strings.Join(p.ScopesRequired, " "))
	}
	if p.ProofOfPossessionDPoP != "off" {
		doc["dpop_signing_alg_values_supported"] = p.algs
		doc["dpop_bound_access_tokens_required"] = p.ProofOfPossessionDPoP == "strict"
	}
	if p.ProofOfPossessionMTLS != "off" {
		doc["tls_client_certificate_bound_access_tokens"] = true
	}
	return v.x.Exit(http.StatusOK, doc)
}
