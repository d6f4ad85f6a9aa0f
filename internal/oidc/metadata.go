package oidc

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
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

// loosen makes the members of a document that are used have the form that they should, for providers write some of them otherwise, and most
// may be missing: text counts as a list of its words, what reads like true is true, and anything else as missing. No check is lost by that.
func loosen(text []byte) ([]byte, error) {
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	for name, v := range members {
		switch {
		case slices.Contains(lists, name):
			members[name] = words(v)
		case slices.Contains(flags, name):
			members[name] = v == true || v == 1.0 || v == "1" || v == "true" || v == "True"
		case slices.Contains(endpoints, name):
			members[name], _ = v.(string)
		case name == "mtls_endpoint_aliases":
			aliases, _ := v.(map[string]any)
			for name, v := range aliases {
				aliases[name], _ = v.(string)
			}
			members[name] = aliases
		}
	}
	return json.Marshal(members)
}

var (
	lists = []string{"token_endpoint_auth_methods_supported", "introspection_endpoint_auth_methods_supported", "revocation_endpoint_auth_methods_supported",
		"code_challenge_methods_supported", "scopes_supported", "response_modes_supported", "grant_types_supported", "id_token_signing_alg_values_supported"}
	flags = []string{"require_pushed_authorization_requests", "require_signed_request_object", "authorization_response_iss_parameter_supported",
		"backchannel_logout_supported"}
	endpoints = []string{"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "introspection_endpoint", "revocation_endpoint",
		"end_session_endpoint", "pushed_authorization_request_endpoint"}
)

// words returns the text in a list, or the words of text.
func words(v any) (all []string) {
	switch v := v.(type) {
	case string:
		return strings.Fields(v)
	case []any:
		for _, e := range v {
			if s, ok := e.(string); ok {
				all = append(all, s)
			}
		}
	}
	return all
}

// parseMetadata reads a discovery document. Endpoints must be https, or http where the document itself came by http or they are on this
// machine. Others are left out, and named in left; without keys where the document says that some are, there is no document.
func parseMetadata(text []byte, from string) (m *Metadata, left []string, err error) {
	m = &Metadata{Raw: text}
	loose, err := loosen(text)
	if err == nil {
		err = json.Unmarshal(loose, m)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("discovery document: %w", err)
	}
	if m.Issuer == "" {
		return nil, nil, errors.New("discovery document names no issuer")
	}
	plain := strings.HasPrefix(from, "http://")
	safe := func(endpoint string) bool {
		u, err := url.Parse(endpoint)
		return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && (plain || inward(u)))
	}
	if m.JWKSURI != "" && !safe(m.JWKSURI) {
		return nil, nil, fmt.Errorf("discovery document: jwks_uri %.200q is no https URL", m.JWKSURI)
	}
	aliases := &m.Aliases
	for _, e := range []struct {
		name string
		at   *string
	}{
		{"authorization_endpoint", &m.AuthorizationEndpoint}, {"token_endpoint", &m.TokenEndpoint}, {"userinfo_endpoint", &m.UserinfoEndpoint},
		{"introspection_endpoint", &m.IntrospectionEndpoint}, {"revocation_endpoint", &m.RevocationEndpoint},
		{"end_session_endpoint", &m.EndSessionEndpoint}, {"pushed_authorization_request_endpoint", &m.PAREndpoint},
		{"mtls_endpoint_aliases.token_endpoint", &aliases.TokenEndpoint}, {"mtls_endpoint_aliases.introspection_endpoint", &aliases.IntrospectionEndpoint},
		{"mtls_endpoint_aliases.revocation_endpoint", &aliases.RevocationEndpoint},
		{"mtls_endpoint_aliases.pushed_authorization_request_endpoint", &aliases.PAREndpoint},
	} {
		if *e.at != "" && !safe(*e.at) {
			left = append(left, fmt.Sprintf("%s %.200q", e.name, *e.at))
			*e.at = ""
		}
	}
	return m, left, nil
}
