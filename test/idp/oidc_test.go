package idp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/coreos/go-oidc/v3/oidc"
)

// coreos/go-oidc finds a pool by discovery and verifies its ID tokens; those of another pool or client, expired or changed ones it refuses.
func TestVerifiedByGoOIDC(t *testing.T) {
	p := start(t, nil)
	ctx, jane := t.Context(), "jane@example.com"
	a, b := p.newApp(nil, nil), p.newApp(nil, nil)
	a.person(jane)
	b.person(jane)
	found, err := oidc.NewProvider(ctx, p.origin+"/"+a.pool)
	if err != nil {
		t.Fatal(err)
	}
	verifier := found.VerifierContext(ctx, &oidc.Config{ClientID: a.client, Now: p.now})
	in := a.tokens(jane, good)
	token, err := verifier.Verify(ctx, *in.IdToken)
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
		Use      string `json:"token_use"`
	}
	if err := token.Claims(&c); err != nil || c.Email != jane || !c.Verified || c.Use != "id" || token.Issuer != p.origin+"/"+a.pool {
		t.Errorf("%v %+v %s", err, c, token.Issuer)
	}
	parts := strings.Split(*in.IdToken, ".")
	for name, text := range map[string]string{"another pool's": *b.tokens(jane, good).IdToken, "an access token": *in.AccessToken,
		"changed": parts[0] + "." + parts[1][:len(parts[1])-4] + "AAAA." + parts[2]} {
		if _, err := verifier.Verify(ctx, text); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := found.VerifierContext(ctx, &oidc.Config{ClientID: b.client, Now: p.now}).Verify(ctx, *in.IdToken); err == nil {
		t.Error("a token for another client was accepted")
	}
	p.advance(2 * 3600e9)
	if _, err := verifier.Verify(ctx, *in.IdToken); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("after two hours: %v", err)
	}
	if _, err := oidc.NewProvider(ctx, p.origin+"/us-west-2_Nothing00"); err == nil {
		t.Error("a pool that is not there was found")
	}

	// By the same document the machines' token endpoint is found, and an access token's signature verified.
	must[*cip.CreateResourceServerOutput](t)(a.CreateResourceServer(ctx, &cip.CreateResourceServerInput{UserPoolId: &a.pool, Identifier: aws.String("api"), Name: aws.String("api"),
		Scopes: scopes("read")}))
	m := must[*cip.CreateUserPoolClientOutput](t)(a.CreateUserPoolClient(ctx, machine(a.pool, "api/read"))).UserPoolClient
	answer, err := http.PostForm(found.Endpoint().TokenURL, url.Values{"grant_type": {"client_credentials"}, "client_id": {*m.ClientId}, "client_secret": {*m.ClientSecret}})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	access := decoded(t, answer)["access_token"].(string)
	machines := found.VerifierContext(ctx, &oidc.Config{SkipClientIDCheck: true, Now: p.now})
	if token, err = machines.Verify(ctx, access); err != nil || token.Subject != *m.ClientId {
		t.Errorf("machine's token: %v", err)
	}
}
