package idp_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

func scopes(names ...string) (list []types.ResourceServerScopeType) {
	for _, name := range names {
		list = append(list, types.ResourceServerScopeType{ScopeName: aws.String(name), ScopeDescription: aws.String(name)})
	}
	return list
}

// machine describes a client that gets tokens for itself.
func machine(pool string, scopes ...string) *cip.CreateUserPoolClientInput {
	return &cip.CreateUserPoolClientInput{UserPoolId: &pool, ClientName: aws.String("machine"), GenerateSecret: true, AllowedOAuthFlowsUserPoolClient: true,
		AllowedOAuthFlows: []types.OAuthFlowType{"client_credentials"}, AllowedOAuthScopes: scopes}
}

// decoded reads an answer's JSON.
func decoded(t testing.TB, answer *http.Response) (doc map[string]any) {
	t.Helper()
	if err := json.NewDecoder(answer.Body).Decode(&doc); err != nil {
		t.Fatalf("%s: %v", answer.Status, err)
	}
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", answer.Status, doc)
	}
	return doc
}
