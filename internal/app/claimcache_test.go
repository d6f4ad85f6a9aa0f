package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/gibbontest"
)

// TestCacheByClaims: clients whose tokens have the same scope share responses of proxy-cache, others do not, and nobody gets one without
// a token.
func TestCacheByClaims(t *testing.T) {
	if testing.Short() {
		return
	}
	up := gibbontest.NewUpstream(t, nil)
	g := gibbontest.Start(t, "", map[string]string{"idp_listen": "127.0.0.1:0"})
	pool := cognito(t, g.IDP, "CreateUserPool", map[string]any{"PoolName": "claims"})["UserPool"].(map[string]any)["Id"].(string)
	cognito(t, g.IDP, "CreateResourceServer", map[string]any{"UserPoolId": pool, "Identifier": "shop", "Name": "shop", "Scopes": []map[string]string{
		{"ScopeName": "read", "ScopeDescription": "read"}, {"ScopeName": "write", "ScopeDescription": "write"}}})
	client := func(name, scope string) (id, secret string) {
		c := cognito(t, g.IDP, "CreateUserPoolClient", map[string]any{"UserPoolId": pool, "ClientName": name, "GenerateSecret": true,
			"AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": []string{"client_credentials"},
			"AllowedOAuthScopes": []string{scope}})["UserPoolClient"].(map[string]any)
		return c["ClientId"].(string), c["ClientSecret"].(string)
	}
	cognito(t, g.IDP, "CreateUserPoolDomain", map[string]any{"UserPoolId": pool, "Domain": "claims"})

	post(t, g.Admin+"/services", map[string]any{"name": "s", "url": up.URL})
	post(t, g.Admin+"/services/s/routes", map[string]any{"name": "r", "paths": []string{"/private"}})
	post(t, g.Admin+"/routes/r/plugins", map[string]any{"name": "proxy-cache", "config": map[string]any{
		"strategy": "memory", "content_type": []string{"text/plain; charset=utf-8"}, "vary_claims": []string{"scope"}}})
	post(t, g.Admin+"/routes/r/plugins", map[string]any{"name": "openid-connect", "config": map[string]any{
		"issuer": "https://cognito-idp.us-west-2.amazonaws.com/" + pool, "scopes": []string{}, "auth_methods": []string{"client_credentials"}}})

	get := func(id, secret string) (status int, cache string) {
		t.Helper()
		r, err := http.NewRequest("GET", g.Proxy+"/private", nil)
		if err != nil {
			t.Fatal(err)
		}
		if id != "" {
			r.SetBasicAuth(id, secret)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode, resp.Header.Get("X-Cache-Status")
	}
	await(t, "openid-connect is not in force", func() bool { status, _ := get("", ""); return status == http.StatusUnauthorized })
	readerID, readerSecret := client("reader", "shop/read")
	otherID, otherSecret := client("other reader", "shop/read")
	writerID, writerSecret := client("writer", "shop/write")
	for i, c := range []struct{ id, secret, want string }{
		{readerID, readerSecret, "Miss"}, {readerID, readerSecret, "Hit"}, {otherID, otherSecret, "Hit"}, {writerID, writerSecret, "Miss"},
		{writerID, writerSecret, "Hit"},
	} {
		if status, cache := get(c.id, c.secret); status != http.StatusOK || cache != c.want {
			t.Errorf("request %d: %d %s, want %s", i+1, status, cache, c.want)
		}
	}
	for _, secret := range []string{"", strings.Repeat("x", 50)} {
		if status, cache := get(readerID, secret); status != http.StatusUnauthorized || cache != "" {
			t.Errorf("with a wrong secret: %d %s", status, cache)
		}
	}
	if status, cache := get("", ""); status != http.StatusUnauthorized || cache != "" {
		t.Errorf("without a token: %d %s", status, cache)
	}
}
