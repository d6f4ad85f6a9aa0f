package oidc

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Metadata is what an issuer says of itself (OpenID Connect Discovery 1.0, section 3; RFC 8414, RFC 8705, RFC 9126, RFC 9207).
type Metadata struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	UserinfoEndpoint      string `json:"userinfo_endpoint"`
	IntrospectionEndpoint string `json:"introspection_endpoint"`
	RevocationEndpoint    string `json:"revocation_endpoint"`
	EndSessionEndpoint    string `json:"end_session_endpoint"`
	PAREndpoint           string `json:"pushed_authorization_request_endpoint"`
	JWKSURI               string `json:"jwks_uri"`

	TokenAuthMethods         []string `json:"token_endpoint_auth_methods_supported"`
	IntrospectionAuthMethods []string `json:"introspection_endpoint_auth_methods_supported"`
	RevocationAuthMethods    []string `json:"revocation_endpoint_auth_methods_supported"`
	CodeChallengeMethods     []string `json:"code_challenge_methods_supported"`
	Scopes                   []string `json:"scopes_supported"`
	ResponseModes            []string `json:"response_modes_supported"`
	GrantTypes               []string `json:"grant_types_supported"`
	IDTokenAlgs              []string `json:"id_token_signing_alg_values_supported"`
	RequirePAR               bool     `json:"require_pushed_authorization_requests"`
	RequireRequestObject     bool     `json:"require_signed_request_object"`
	IssParameter             bool     `json:"authorization_response_iss_parameter_supported"`
	BackchannelLogout        bool     `json:"backchannel_logout_supported"`

	Aliases struct {
		TokenEndpoint         string `json:"token_endpoint"`
		IntrospectionEndpoint string `json:"introspection_endpoint"`
		RevocationEndpoint    string `json:"revocation_endpoint"`
		PAREndpoint           string `json:"pushed_authorization_request_endpoint"`
	} `json:"mtls_endpoint_aliases"`

	// Raw is the whole document.
	Raw json.RawMessage `json:"-"`
}

// wellKnown are the suffixes of discovery documents.
var wellKnown = []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"}

// NormalizeIssuer returns the issuer that a configured URL means: without the suffix of a discovery document and without
// a slash at the end.
func NormalizeIssuer(text string) string {
	text = strings.TrimRight(text, "/")
	for _, suffix := range wellKnown {
		text = strings.TrimSuffix(text, suffix)
	}
	return strings.TrimRight(text, "/")
}

// DiscoveryURL returns where the document of a configured issuer is: as configured if it names a document, else below
// /.well-known/openid-configuration.
func DiscoveryURL(configured string) string {
	for _, suffix := range wellKnown {
		if strings.HasSuffix(strings.TrimRight(configured, "/"), suffix) {
			return strings.TrimRight(configured, "/")
		}
	}
	return NormalizeIssuer(configured) + wellKnown[0]
}

// SameIssuer compares two issuers; a slash at the end does not count.
func SameIssuer(a, b string) bool { return strings.TrimRight(a, "/") == strings.TrimRight(b, "/") }

// parseMetadata reads a discovery document. Endpoints must be https, or http where the document itself came by http.
func parseMetadata(text []byte, from string) (*Metadata, error) {
	m := &Metadata{Raw: text}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("discovery document: %w", err)
	}
	if m.Issuer == "" {
		return nil, errors.New("discovery document names no issuer")
	}
	plain := strings.HasPrefix(from, "http://")
	for name, endpoint := range map[string]string{
		"authorization_endpoint": m.AuthorizationEndpoint, "token_endpoint": m.TokenEndpoint,
		"userinfo_endpoint": m.UserinfoEndpoint, "introspection_endpoint": m.IntrospectionEndpoint,
		"revocation_endpoint": m.RevocationEndpoint, "end_session_endpoint": m.EndSessionEndpoint,
		"pushed_authorization_request_endpoint": m.PAREndpoint, "jwks_uri": m.JWKSURI,
	} {
		if endpoint == "" {
			continue
		}
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !plain && !inward(u)) {
			return nil, fmt.Errorf("discovery document: %s %.200q is no https URL", name, endpoint)
		}
	}
	return m, nil
}
