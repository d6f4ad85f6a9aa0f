package grant_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/grant"
	"github.com/gibbon-gateway/gibbon/internal/idp/idptest"
)

type M = idptest.M

const good = "Passw0rd!"

// person makes a pool, a client and a user jane.
func person(t *testing.T, s *idptest.Server, client M) (id, app string) {
	t.Helper()
	id = s.Pool(t, nil)
	in := M{"ExplicitAuthFlows": []string{"ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}}
	maps.Copy(in, client)
	app, _ = s.App(t, id, in)
	s.Must(t, "AdminCreateUser", M{"UserPoolId": id, "Username": "jane", "MessageAction": "SUPPRESS"}, nil)
	s.Must(t, "AdminSetUserPassword", M{"UserPoolId": id, "Username": "jane", "Password": good, "Permanent": true}, nil)
	return id, app
}

type tokens struct {
	AuthenticationResult struct{ AccessToken, IdToken, RefreshToken string }
}

func signIn(t *testing.T, s *idptest.Server, app string) tokens {
	t.Helper()
	var out tokens
	s.Must(t, "InitiateAuth", M{"ClientId": app, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": M{"USERNAME": "jane", "PASSWORD": good}}, &out)
	return out
}

func refresh(app, token string) M {
	return M{"ClientId": app, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": M{"REFRESH_TOKEN": token}}
}

func TestRefresh(t *testing.T) {
	s := idptest.New(t, "")
	id, app := person(t, s, nil)
	first := signIn(t, s, app).AuthenticationResult
	s.Advance(10 * time.Minute)
	s.Must(t, "CreateGroup", M{"UserPoolId": id, "GroupName": "weak", "Precedence": 9, "RoleArn": "arn:aws:iam::123456789012:role/weak"}, nil)
	s.Must(t, "CreateGroup", M{"UserPoolId": id, "GroupName": "strong", "Precedence": 1, "RoleArn": "arn:aws:iam::123456789012:role/strong"}, nil)
	for _, g := range []string{"weak", "strong"} {
		s.Must(t, "AdminAddUserToGroup", M{"UserPoolId": id, "Username": "jane", "GroupName": g}, nil)
	}
	var next tokens
	s.Must(t, "InitiateAuth", refresh(app, first.RefreshToken), &next)
	if next.AuthenticationResult.RefreshToken != "" {
		t.Error("a refresh token without rotation")
	}
	_, before := idptest.Claims(t, first.AccessToken)
	_, after := idptest.Claims(t, next.AuthenticationResult.AccessToken)
	_, ident := idptest.Claims(t, next.AuthenticationResult.IdToken)
	for _, k := range []string{"auth_time", "origin_jti", "event_id", "sub"} {
		if before[k] != after[k] {
			t.Errorf("%s changed from %v to %v", k, before[k], after[k])
		}
	}
	if before["jti"] == after["jti"] || before["iat"] == after["iat"] {
		t.Error("jti or iat stayed")
	}
	if d := cmp.Diff([]any{"strong", "weak"}, after["cognito:groups"]); d != "" || ident["cognito:preferred_role"] != "arn:aws:iam::123456789012:role/strong" {
		t.Errorf("%s %v", d, ident)
	}
	_, other := person(t, s, nil)
	s.Refused(t, "InitiateAuth", refresh(other, first.RefreshToken), "NotAuthorizedException", "Invalid Refresh Token")
	s.Refused(t, "InitiateAuth", refresh(app, "garbage"), "NotAuthorizedException", "Invalid Refresh Token")
	s.Must(t, "AdminDisableUser", M{"UserPoolId": id, "Username": "jane"}, nil)
	s.Refused(t, "GetUser", M{"AccessToken": first.AccessToken}, "NotAuthorizedException", "User is disabled.")
	s.Must(t, "AdminEnableUser", M{"UserPoolId": id, "Username": "jane"}, nil)
	last := signIn(t, s, app).AuthenticationResult
	s.Advance(61 * time.Minute)
	s.Refused(t, "GetUser", M{"AccessToken": last.AccessToken}, "NotAuthorizedException", "Access Token has expired")
	s.Advance(31 * 24 * time.Hour)
	s.Refused(t, "InitiateAuth", refresh(app, last.RefreshToken), "NotAuthorizedException", "Refresh Token has expired")
}

// TestRotation: a replaced token that comes back ends its family.
func TestRotation(t *testing.T) {
	s := idptest.New(t, "")
	_, app := person(t, s, M{"ExplicitAuthFlows": []string{"ALLOW_USER_PASSWORD_AUTH"}, "RefreshTokenRotation": M{"Feature": "ENABLED", "RetryGracePeriodSeconds": 10}})
	first := signIn(t, s, app).AuthenticationResult
	s.Refused(t, "InitiateAuth", refresh(app, first.RefreshToken), "UnsupportedOperationException",
		"REFRESH_TOKEN_AUTH is not supported when refresh token rotation is enabled.")
	by := func(token string) M { return M{"ClientId": app, "RefreshToken": token} }
	var second, third tokens
	s.Must(t, "GetTokensFromRefreshToken", by(first.RefreshToken), &second)
	if second.AuthenticationResult.RefreshToken == "" || second.AuthenticationResult.RefreshToken == first.RefreshToken {
		t.Fatalf("%+v", second)
	}
	s.Must(t, "GetTokensFromRefreshToken", by(first.RefreshToken), nil) // within the time of grace
	s.Must(t, "GetTokensFromRefreshToken", by(second.AuthenticationResult.RefreshToken), &third)
	s.Advance(11 * time.Second)
	s.Refused(t, "GetTokensFromRefreshToken", by(first.RefreshToken), "RefreshTokenReuseException", "Refresh token has been reused.")
	s.Refused(t, "GetTokensFromRefreshToken", by(third.AuthenticationResult.RefreshToken), "NotAuthorizedException", "Refresh Token has been revoked")
	s.Refused(t, "GetUser", M{"AccessToken": third.AuthenticationResult.AccessToken}, "NotAuthorizedException", "Access Token has been revoked")
}

func TestRevocation(t *testing.T) {
	s := idptest.New(t, "")
	id, app := person(t, s, nil)
	kept, gone := signIn(t, s, app).AuthenticationResult, signIn(t, s, app).AuthenticationResult
	s.Refused(t, "RevokeToken", M{"ClientId": app, "Token": gone.AccessToken}, "UnsupportedTokenTypeException", "Unsupported token type")
	s.Must(t, "RevokeToken", M{"ClientId": app, "Token": gone.RefreshToken}, nil)
	s.Must(t, "RevokeToken", M{"ClientId": app, "Token": "unknown"}, nil)
	s.Refused(t, "InitiateAuth", refresh(app, gone.RefreshToken), "NotAuthorizedException", "Refresh Token has been revoked")
	s.Refused(t, "GetUser", M{"AccessToken": gone.AccessToken}, "NotAuthorizedException", "Access Token has been revoked")
	s.Must(t, "GetUser", M{"AccessToken": kept.AccessToken}, nil)
	s.Must(t, "GlobalSignOut", M{"AccessToken": kept.AccessToken}, nil)
	s.Refused(t, "GetUser", M{"AccessToken": kept.AccessToken}, "NotAuthorizedException", "Access Token has been revoked")
	again := signIn(t, s, app).AuthenticationResult
	s.Must(t, "GetUser", M{"AccessToken": again.AccessToken}, nil)
	s.Must(t, "AdminUserGlobalSignOut", M{"UserPoolId": id, "Username": "jane"}, nil)
	s.Refused(t, "GetUser", M{"AccessToken": again.AccessToken}, "NotAuthorizedException", "Access Token has been revoked")
	s.Refused(t, "GetUser", M{"AccessToken": again.IdToken}, "NotAuthorizedException", "Invalid Access Token")
	s.Refused(t, "GetUser", M{"AccessToken": "a.b.c"}, "NotAuthorizedException", "Invalid Access Token")
	off, _ := s.App(t, id, M{"ExplicitAuthFlows": []string{"ALLOW_USER_PASSWORD_AUTH"}, "EnableTokenRevocation": false})
	tokens := signIn(t, s, off).AuthenticationResult
	if _, c := idptest.Claims(t, tokens.AccessToken); c["origin_jti"] != nil {
		t.Errorf("%v", c)
	}
	s.Refused(t, "RevokeToken", M{"ClientId": off, "Token": tokens.RefreshToken}, "UnsupportedOperationException",
		"Token revocation is not enabled for this client.")
	s.Must(t, "AdminDeleteUser", M{"UserPoolId": id, "Username": "jane"}, nil)
	s.Refused(t, "GetUser", M{"AccessToken": tokens.AccessToken}, "UserNotFoundException", "User does not exist.")
}

func TestMachine(t *testing.T) {
	s := idptest.New(t, "")
	id := s.Pool(t, nil)
	s.Must(t, "CreateResourceServer", M{"UserPoolId": id, "Identifier": "http://kongresource", "Name": "r", "Scopes": []M{
		{"ScopeName": "scope1", "ScopeDescription": "1"}, {"ScopeName": "scope2", "ScopeDescription": "2"}}}, nil)
	app, secret := s.App(t, id, M{"GenerateSecret": true, "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": []string{"client_credentials"},
		"AllowedOAuthScopes": []string{"http://kongresource/scope2", "http://kongresource/scope1"}, "ExplicitAuthFlows": []string{"ALLOW_CLIENT_TOKEN_AUTH"}})
	p, c, err := s.Pools.Client(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	scopes, ok := grant.MachineScopes(p, c, nil)
	if d := cmp.Diff([]string{"http://kongresource/scope2", "http://kongresource/scope1"}, scopes); !ok || d != "" {
		t.Errorf("all scopes: %s", d)
	}
	if _, ok := grant.MachineScopes(p, c, []string{"openid"}); ok {
		t.Error("openid was granted to a machine")
	}
	got, err := s.Grants.Machine(t.Context(), p, c, []string{"http://kongresource/scope1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	header, claims := idptest.Claims(t, got.Access)
	if got.ID != "" || got.Refresh != "" || got.ExpiresIn != 3600 || len(header) < 60 {
		t.Errorf("%+v %s", got, header)
	}
	keys := slices.Sorted(maps.Keys(claims))
	if d := cmp.Diff([]string{"auth_time", "client_id", "exp", "iat", "iss", "jti", "scope", "sub", "token_use", "version"}, keys); d != "" {
		t.Error(d)
	}
	if claims["sub"] != app || claims["client_id"] != app || claims["version"] != 2.0 || claims["scope"] != "http://kongresource/scope1" {
		t.Errorf("%v", claims)
	}
	s.Refused(t, "GetUser", M{"AccessToken": got.Access}, "NotAuthorizedException", "Access Token does not have required scopes")
	s.Must(t, "GetClientToken", M{"ClientId": app, "Secret": secret, "Scopes": []string{"http://kongresource/scope1"}}, nil)
	s.Refused(t, "GetClientToken", M{"ClientId": app, "Secret": secret + "x"}, "NotAuthorizedException", "Unable to verify client secret for client "+app)
	s.Must(t, "UpdateResourceServer", M{"UserPoolId": id, "Identifier": "http://kongresource", "Name": "r", "Scopes": []M{{"ScopeName": "scope1", "ScopeDescription": "1"}}}, nil)
	if p, c, err = s.Pools.Client(t.Context(), app); err != nil {
		t.Fatal(err)
	}
	if scopes, ok := grant.MachineScopes(p, c, nil); !ok || len(scopes) != 1 {
		t.Errorf("a scope that is gone was granted: %v", scopes)
	}
}

// TestForeignTokens: a token of one pool is not good in another, though issuers look alike.
func TestForeignTokens(t *testing.T) {
	s := idptest.New(t, "")
	_, app := person(t, s, nil)
	other, _ := person(t, s, nil)
	token := signIn(t, s, app).AuthenticationResult.AccessToken
	if _, err := s.Ring.Verify(t.Context(), other, token, "access"); err == nil {
		t.Error("another pool's token was verified")
	}
	session, err := s.Grants.Authenticate(t.Context(), token, "openid")
	if !api.NotAuthorized.Is(err) {
		t.Errorf("%v, %v", session, err)
	}
}

// TestSessions: where they are tracked, a user has at most so many, and can end one.
func TestSessions(t *testing.T) {
	s := idptest.New(t, "")
	id, app := person(t, s, nil)
	s.Must(t, "SetUserPoolSessionConfiguration", M{"UserPoolId": id, "UserSessionTracking": "ENABLED", "TokenSession": M{"MaxPerUser": 2}}, nil)
	first := signIn(t, s, app).AuthenticationResult
	s.Advance(time.Second)
	second := signIn(t, s, app).AuthenticationResult
	s.Advance(time.Second)
	third := signIn(t, s, app).AuthenticationResult
	s.Refused(t, "GetUser", M{"AccessToken": first.AccessToken}, "NotAuthorizedException", "Access Token has been revoked")
	var list struct {
		Sessions []struct {
			SessionId        string
			IsCurrentSession bool
		}
	}
	s.Must(t, "ListUserSessions", M{"AccessToken": third.AccessToken}, &list)
	if len(list.Sessions) != 2 || !list.Sessions[1].IsCurrentSession || len(list.Sessions[0].SessionId) != 28 {
		t.Fatalf("%+v", list)
	}
	s.Must(t, "RevokeUserSession", M{"AccessToken": third.AccessToken, "SessionId": list.Sessions[0].SessionId}, nil)
	s.Refused(t, "GetUser", M{"AccessToken": second.AccessToken}, "NotAuthorizedException", "Access Token has been revoked")
	s.Must(t, "AdminListUserSessions", M{"UserPoolId": id, "Username": "jane"}, nil)
}
