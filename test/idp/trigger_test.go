package idp_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// A trigger whose ARN is a URL is called there in Lambda's form: one lets a user in at once, another adds a claim.
func TestTriggersByURL(t *testing.T) {
	function := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event map[string]any
		if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
			t.Error(err)
			return
		}
		answer := event["response"].(map[string]any)
		switch r.URL.Path {
		case "/pre-sign-up":
			answer["autoConfirmUser"], answer["autoVerifyEmail"] = true, true
		case "/claims":
			answer["claimsOverrideDetails"] = map[string]any{"claimsToAddOrOverride": map[string]string{"tenant": "blue"}}
		}
		json.NewEncoder(w).Encode(event)
	}))
	defer function.Close()
	p := start(t, nil)
	jane := "jane@example.com"
	a := p.newApp(func(in *cip.CreateUserPoolInput) {
		in.LambdaConfig = &types.LambdaConfigType{PreSignUp: aws.String(function.URL + "/pre-sign-up"), PreTokenGeneration: aws.String(function.URL + "/claims")}
	}, nil)
	up := must[*cip.SignUpOutput](t)(a.SignUp(t.Context(), &cip.SignUpInput{ClientId: &a.client, Username: &jane, Password: aws.String(good)}))
	if !up.UserConfirmed {
		t.Error("not confirmed")
	}
	if c := claims(t, a.tokens(jane, good).IdToken); c["tenant"] != "blue" || c["email_verified"] != true {
		t.Errorf("claims %v", c)
	}
}
