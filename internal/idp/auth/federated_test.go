package auth_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/auth"
	"github.com/gibbon-gateway/gibbon/internal/idp/grant"
	"github.com/gibbon-gateway/gibbon/internal/idp/idptest"
	"github.com/gibbon-gateway/gibbon/internal/store/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestFederated: who comes from an identity provider is made at the first sign-in, found at the next, and may be linked to another user.
func TestFederated(t *testing.T) {
	s := idptest.New(t, "")
	id := s.Pool(t, nil)
	s.Must(t, "CreateIdentityProvider", M{"UserPoolId": id, "ProviderName": "Corp", "ProviderType": "OIDC",
		"ProviderDetails":  M{"client_id": "x", "authorize_scopes": "openid", "oidc_issuer": "https://idp.example", "attributes_request_method": "GET"},
		"AttributeMapping": M{"username": "sub", "email": "mail", "given_name": "first"}}, nil)
	app, _ := s.App(t, id, M{"SupportedIdentityProviders": []string{"Corp"}, "ExplicitAuthFlows": flows})
	p, c, err := s.Pools.Client(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	r := auth.Request{Pool: p, Client: c, Hosted: true}
	first, err := s.Auth.Federated(t.Context(), r, "Corp", "42", map[string]string{"mail": "a@corp.example", "first": "Ann"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Auth.Federated(t.Context(), r, "Corp", "42", map[string]string{"mail": "b@corp.example", "first": "Ann"})
	if err != nil || again.UserID != first.UserID || first.Username != "Corp_42" {
		t.Fatalf("%+v %+v %v", first, again, err)
	}
	tokens, err := s.Grants.Issue(t.Context(), grant.User{Pool: p, Client: c, UserID: again.UserID, EventID: again.EventID, AuthTime: again.AuthTime,
		Scopes: []string{"openid", "email"}, Hosted: true, Nonce: "n-1"})
	if err != nil {
		t.Fatal(err)
	}
	_, ident := idptest.Claims(t, tokens.ID)
	identity := ident["identities"].([]any)[0].(M)
	if ident["email"] != "b@corp.example" || ident["given_name"] != nil || ident["nonce"] != "n-1" || ident["at_hash"] == nil || identity["primary"] != "true" ||
		identity["userId"] != "42" || identity["issuer"] != "https://idp.example" || ident["cognito:groups"].([]any)[0] != id+"_Corp" {
		t.Errorf("%v", ident)
	}
	_, access := idptest.Claims(t, tokens.Access)
	if access["version"] != 2.0 || access["scope"] != "openid email" {
		t.Errorf("%v", access)
	}
	s.Refused(t, "GetUser", M{"AccessToken": tokens.Access}, "NotAuthorizedException", "Access Token does not have required scopes")
	s.Refused(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": M{"USERNAME": "Corp_42", "PASSWORD": good}},
		"NotAuthorizedException", "Incorrect username or password.")
	s.Must(t, "AdminDisableUser", M{"UserPoolId": id, "Username": "Corp_42"}, nil)
	if _, err := s.Auth.Federated(t.Context(), r, "Corp", "42", nil); !api.NotAuthorized.Is(err) {
		t.Errorf("%v", err)
	}
	if _, err := s.Auth.Federated(t.Context(), r, "Other", "42", nil); !api.ResourceNotFound.Is(err) {
		t.Errorf("%v", err)
	}
	s.Must(t, "AdminCreateUser", M{"UserPoolId": id, "Username": "jane", "MessageAction": "SUPPRESS"}, nil)
	s.Must(t, "AdminLinkProviderForUser", M{"UserPoolId": id, "DestinationUser": M{"ProviderName": "Cognito", "ProviderAttributeValue": "jane"},
		"SourceUser": M{"ProviderName": "Corp", "ProviderAttributeName": "Cognito_Subject", "ProviderAttributeValue": "43"}}, nil)
	linked, err := s.Auth.Federated(t.Context(), r, "Corp", "43", map[string]string{"mail": "j@corp.example"})
	if err != nil || linked.Username != "jane" {
		t.Errorf("%+v %v", linked, err)
	}
}

// TestGuessesAtOnce: many guesses at a code at the same time are no more than one after another.
func TestGuessesAtOnce(t *testing.T) {
	s := idptest.New(t, "")
	_, app := mailPool(t, s, M{"Policies": M{"SignInPolicy": M{"AllowedFirstAuthFactors": []string{"PASSWORD", "EMAIL_OTP"}}}}, nil)
	join(t, s, app, "jane@example.com")
	r := start(t, s, app, "USER_AUTH", M{"USERNAME": "jane@example.com", "PREFERRED_CHALLENGE": "EMAIL_OTP"})
	var wg sync.WaitGroup
	var mu sync.Mutex
	kinds := map[string]int{}
	for range 40 {
		wg.Go(func() {
			f := s.Post(t, "RespondToAuthChallenge", M{"ClientId": app, "ChallengeName": "EMAIL_OTP", "Session": r.Session,
				"ChallengeResponses": M{"USERNAME": "jane@example.com", "EMAIL_OTP_CODE": "1"}}, nil)
			mu.Lock()
			defer mu.Unlock()
			if f != nil {
				kinds[f.Type]++
			}
		})
	}
	wg.Wait()
	if kinds["CodeMismatchException"] != 11 || kinds["NotAuthorizedException"] != 29 {
		t.Errorf("%v", kinds)
	}
	s.Refused(t, "ConfirmForgotPassword", M{"ClientId": app, "Username": "jane@example.com", "ConfirmationCode": "1", "Password": good},
		"ExpiredCodeException", "Invalid code provided, please request a code again.")
	s.Must(t, "ForgotPassword", M{"ClientId": app, "Username": "jane@example.com"}, nil)
	for range 10 {
		s.Refused(t, "ConfirmForgotPassword", M{"ClientId": app, "Username": "jane@example.com", "ConfirmationCode": "1", "Password": good},
			"CodeMismatchException", "Invalid verification code provided, please try again.")
	}
	s.Refused(t, "ConfirmForgotPassword", M{"ClientId": app, "Username": "jane@example.com", "ConfirmationCode": s.Code(t), "Password": good},
		"LimitExceededException", "Attempt limit exceeded, please try after some time.")
}

// TestOddInput: nothing is stored of what is too long or malformed, and nothing breaks.
func TestOddInput(t *testing.T) {
	s := idptest.New(t, "")
	_, app := mailPool(t, s, nil, nil)
	long := strings.Repeat("a", 5000)
	s.Refused(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": M{"USERNAME": long, "PASSWORD": "x"}},
		"InvalidParameterException", "Parameter USERNAME is too long.")
	s.Refused(t, "SignUp", M{"ClientId": app, "Username": "a@b.example", "Password": good, "UserAttributes": append(names[:2:2], M{"Name": "nickname", "Value": long})},
		"InvalidParameterException", "1 validation error detected: Value at 'userAttributes.3.member.value' failed to satisfy constraint: Member must have length less than or equal to 2048")
	for _, name := range []string{"' OR 1=1 --@x.example", "a@b@c", "a@..", "\u202ea@b.example "} {
		if f := s.Post(t, "SignUp", M{"ClientId": app, "Username": name, "Password": good, "UserAttributes": names}, nil); f == nil || f.Status != 400 {
			t.Errorf("%q: %+v", name, f)
		}
	}
	if f := s.Post(t, "SignUp", `{"ClientId":"`+app+`","Username":"`+strings.Repeat("x", 2<<20)+`"}`, nil); f == nil || f.Type != "SerializationException" {
		t.Errorf("a body of two megabytes: %+v", f)
	}
}

// TestPostgres runs a user's way on PostgreSQL.
func TestPostgres(t *testing.T) {
	if testing.Short() {
		return
	}
	server := pgtest.Shared(t)
	s := idptest.New(t, server.DSN(server.Database(t)))
	id, app := factors(t, s, "OPTIONAL")
	sub := join(t, s, app, "jane@example.com")
	r, answers := proof(t, s, id, app, "jane@example.com", good, nil)
	end := answer(t, s, app, r, answers)
	start(t, s, app, "REFRESH_TOKEN_AUTH", M{"REFRESH_TOKEN": end.AuthenticationResult.RefreshToken})
	s.Must(t, "AdminSetUserMFAPreference", M{"UserPoolId": id, "Username": sub, "EmailMfaSettings": M{"Enabled": true}}, nil)
	r = start(t, s, app, "USER_PASSWORD_AUTH", M{"USERNAME": "jane@example.com", "PASSWORD": good})
	s.Refused(t, "RespondToAuthChallenge", M{"ClientId": app, "ChallengeName": "EMAIL_OTP", "Session": r.Session,
		"ChallengeResponses": M{"USERNAME": sub, "EMAIL_OTP_CODE": "1"}}, "CodeMismatchException", "Invalid code or auth state for the user.")
	if end := answer(t, s, app, r, M{"USERNAME": sub, "EMAIL_OTP_CODE": s.Code(t)}); end.AuthenticationResult == nil {
		t.Errorf("%+v", end)
	}
	// An alias that is taken does not spoil the transaction that finds it out.
	join(t, s, app, "john@example.com")
	s.Refused(t, "AdminUpdateUserAttributes", M{"UserPoolId": id, "Username": "john@example.com", "UserAttributes": []M{{"Name": "email", "Value": "jane@example.com"},
		{"Name": "email_verified", "Value": "true"}}}, "AliasExistsException", "An account with the given email already exists.")
	var out struct{ Users []struct{ Username string } }
	s.Must(t, "ListUsers", M{"UserPoolId": id, "Filter": `email ^= "jane"`}, &out)
	if len(out.Users) != 1 || out.Users[0].Username != sub {
		t.Errorf("%+v", out)
	}
	server2 := s.Pool(t, nil)
	s.Must(t, "DeleteUserPool", M{"UserPoolId": server2}, nil)
	s.Must(t, "DeleteUserPool", M{"UserPoolId": id}, nil)
}

// TestFirstPasswordKeepsBadges: an attribute that can not be changed is not changed with the first password either.
func TestFirstPasswordKeepsBadges(t *testing.T) {
	s := idptest.New(t, "")
	id := s.Pool(t, M{"Schema": []M{{"Name": "badge", "AttributeDataType": "String", "Mutable": false}, {"Name": "room", "AttributeDataType": "String", "Mutable": false}}})
	app, _ := s.App(t, id, M{"ExplicitAuthFlows": flows})
	s.Must(t, "AdminCreateUser", M{"UserPoolId": id, "Username": "jane", "TemporaryPassword": good, "UserAttributes": []M{{"Name": "custom:badge", "Value": "7"}}}, nil)
	r := start(t, s, app, "USER_PASSWORD_AUTH", M{"USERNAME": "jane", "PASSWORD": good})
	in := M{"USERNAME": "jane", "NEW_PASSWORD": "An0ther-one", "userAttributes.custom:badge": "8", "userAttributes.custom:room": "1"}
	s.Refused(t, "RespondToAuthChallenge", M{"ClientId": app, "ChallengeName": r.ChallengeName, "Session": r.Session, "ChallengeResponses": in},
		"InvalidParameterException", "user.custom:badge: Attribute cannot be updated.")
	in["userAttributes.custom:badge"] = "7"
	if end := answer(t, s, app, r, in); end.AuthenticationResult == nil {
		t.Errorf("%+v", end)
	}
}

// TestSharedAddress: who comes from an identity provider may have the address of a user of the pool's own.
func TestSharedAddress(t *testing.T) {
	s := idptest.New(t, "")
	id, own := mailPool(t, s, nil, nil)
	join(t, s, own, "jane@example.com")
	s.Must(t, "CreateIdentityProvider", M{"UserPoolId": id, "ProviderName": "Corp", "ProviderType": "OIDC", "AttributeMapping": M{"email": "mail"},
		"ProviderDetails": M{"client_id": "x", "authorize_scopes": "openid", "oidc_issuer": "https://idp.example", "attributes_request_method": "GET"}}, nil)
	p, c, err := s.Pools.Client(t.Context(), own)
	if err != nil {
		t.Fatal(err)
	}
	done, err := s.Auth.Federated(t.Context(), auth.Request{Pool: p, Client: c, Hosted: true}, "Corp", "1", map[string]string{"mail": "jane@example.com"})
	if err != nil || done.Username != "Corp_1" {
		t.Errorf("%+v %v", done, err)
	}
	signIn(t, s, own, "jane@example.com")
}
