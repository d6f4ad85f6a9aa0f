package oidc_test

import (
	"crypto/rsa"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/oidc"
)

// What a document says in another form than it should counts as missing, or as what it reads like, and costs nobody the rest.
func TestOddDocuments(t *testing.T) {
	keys := new(provider)
	keys.publish(t, map[string]*rsa.PrivateKey{"1": newKey(t)})
	for name, c := range map[string]struct {
		more string // members of the document
		got  func(d *oidc.Document) any
		want any
	}{
		"list as text":          {`"id_token_signing_alg_values_supported":"RS256 ES256"`, func(d *oidc.Document) any { return d.IDTokenAlgs }, []string{"RS256", "ES256"}},
		"list with other parts": {`"code_challenge_methods_supported":[null,"S256",5,{}]`, func(d *oidc.Document) any { return d.CodeChallengeMethods }, []string{"S256"}},
		"list as object":        {`"scopes_supported":{"openid":true}`, func(d *oidc.Document) any { return d.Scopes }, []string(nil)},
		"list as null":          {`"grant_types_supported":null`, func(d *oidc.Document) any { return d.GrantTypes }, []string(nil)},
		"true as text":          {`"authorization_response_iss_parameter_supported":"true"`, func(d *oidc.Document) any { return d.IssParameter }, true},
		"true as number":        {`"require_pushed_authorization_requests":1`, func(d *oidc.Document) any { return d.RequirePAR }, true},
		"false as text":         {`"require_signed_request_object":"false"`, func(d *oidc.Document) any { return d.RequireRequestObject }, false},
		"a flag as list":        {`"backchannel_logout_supported":[true]`, func(d *oidc.Document) any { return d.BackchannelLogout }, false},
		"an endpoint as false":  {`"introspection_endpoint":false`, func(d *oidc.Document) any { return d.IntrospectionEndpoint }, ""},
		"an endpoint as path":   {`"revocation_endpoint":"/revoke"`, func(d *oidc.Document) any { return d.RevocationEndpoint }, ""},
		"an endpoint by http":   {`"userinfo_endpoint":"http://user.example/"`, func(d *oidc.Document) any { return d.UserinfoEndpoint }, ""},
		"an endpoint as it should be": {`"end_session_endpoint":"https://i.example/out"`, func(d *oidc.Document) any { return d.EndSessionEndpoint },
			"https://i.example/out"},
		"an alias by http":      {`"mtls_endpoint_aliases":{"token_endpoint":"http://token.example/"}`, func(d *oidc.Document) any { return d.Aliases.TokenEndpoint }, ""},
		"an alias as a file":    {`"mtls_endpoint_aliases":{"revocation_endpoint":"file:///x"}`, func(d *oidc.Document) any { return d.Aliases.RevocationEndpoint }, ""},
		"an alias":              {`"mtls_endpoint_aliases":{"token_endpoint":"https://m.example/t"}`, func(d *oidc.Document) any { return d.Aliases.TokenEndpoint }, "https://m.example/t"},
		"an alias as number":    {`"mtls_endpoint_aliases":{"token_endpoint":5}`, func(d *oidc.Document) any { return d.Aliases.TokenEndpoint }, ""},
		"aliases as list":       {`"mtls_endpoint_aliases":[]`, func(d *oidc.Document) any { return d.Aliases.TokenEndpoint }, ""},
		"what nobody here uses": {`"op_policy_uri":5,"claims_parameter_supported":"yes","ui_locales_supported":{}`, func(d *oidc.Document) any { return d.Issuer != "" }, true},
	} {
		mux := http.NewServeMux()
		s := httptest.NewTLSServer(mux)
		mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q,%s}`, s.URL, s.URL+"/keys", c.more)
		})
		mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, *keys.keys.Load()) })
		i := oidc.NewIssuer(oidc.IssuerOptions{URL: s.URL, Rediscovery: 30 * time.Second, TTL: time.Hour,
			Fetch: oidc.NewFetcher(s.Client().Transport, 5*time.Second, quiet()), Log: quiet(), Now: time.Now, InBackground: inBackground})
		d, err := i.Document(t.Context())
		s.Close()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.want, c.got(d)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
