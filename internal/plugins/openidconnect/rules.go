package openidconnect

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/gibbon-gateway/gibbon/internal/kongredis"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
	"github.com/gibbon-gateway/gibbon/schema"
)

// rules are the checks over several fields.
func rules() []schema.Rule {
	return append(olderNames(), schema.Check(check))
}

// check says what cannot work, by field.
func check(c map[string]any) schema.Errors {
	errs := schema.Errors{}
	text := func(name string) string { s, _ := c[name].(string); return s }
	list := func(name string) []string { return oidc.Strings(c[name]) }
	mutual := false
	for _, m := range append(list("client_auth"), text("token_endpoint_auth_method"), text("introspection_endpoint_auth_method"),
		text("revocation_endpoint_auth_method"), text("pushed_authorization_request_endpoint_auth_method")) {
		mutual = mutual || oidc.Mutual(m)
	}
	if mutual && text("tls_client_auth_cert_id") == "" {
		errs["tls_client_auth_cert_id"] = "required when client authentication is tls_client_auth or self_signed_tls_client_auth"
	}
	if bound := text("proof_of_possession_dpop") != "off" || text("proof_of_possession_mtls") != "off"; bound &&
		c["proof_of_possession_auth_methods_validation"] == true {
		for _, m := range list("auth_methods") {
			if !slices.Contains([]string{"bearer", "introspection", "session"}, m) {
				errs["auth_methods"] = fmt.Sprintf("proof of possession works with bearer, introspection and session only; got %s", m)
				break
			}
		}
	}
	if strings.ContainsFunc(text("session_memcached_prefix"), unicode.IsSpace) {
		errs["session_memcached_prefix"] = "keys of memcached have no white space"
	}
	if p, _ := c["principals"].(map[string]any); p != nil && p["enabled"] == true {
		errs["principals"] = schema.Errors{"enabled": "principals live in Kong Konnect and are not available"}
	}
	for _, name := range []string{"redis", "cluster_cache_redis"} {
		r, _ := c[name].(map[string]any)
		if login, _ := r["cloud_authentication"].(map[string]any); login != nil && login["auth_provider"] != nil {
			errs[name] = schema.Errors{"cloud_authentication": "logins of cloud vendors are not available; use username and password"}
		} else if problems := kongredis.Check(r); problems != nil {
			errs[name] = problems
		}
	}
	for _, iss := range list("claims_providers") {
		if u, err := url.Parse(iss); (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") && !strings.HasPrefix(iss, "{vault://") {
			errs["claims_providers"] = fmt.Sprintf("must be URLs; got %.100q", iss)
		}
	}
	if slices.Contains(list("response_type"), "token") || slices.Contains(list("response_type"), "id_token") {
		errs["response_type"] = "only the code flow is available: the other ones send tokens through the browser"
	}
	if m := text("response_mode"); strings.HasPrefix(m, "fragment") && slices.Contains(list("auth_methods"), byCode) {
		errs["response_mode"] = "a gateway does not see fragments; use query, form_post or their .jwt forms"
	}
	if h, _ := c["proof_of_possession_mtls_from_header"].(map[string]any); h != nil && h["revocation_check_mode"] == "STRICT" {
		errs["proof_of_possession_mtls_from_header"] = schema.Errors{"revocation_check_mode": "revocation is not checked; use SKIP or IGNORE_CA_ERROR"}
	}
	if iss := text("issuer"); iss != "" && !strings.HasPrefix(iss, "http://") && !strings.HasPrefix(iss, "https://") && !strings.HasPrefix(iss, "{vault://") &&
		c["using_pseudo_issuer"] != true {
		errs["issuer"] = "must be a URL"
	}
	if len(errs) == 0 {
		return nil
	}
	return errs
}
