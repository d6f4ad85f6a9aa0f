package idp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/gibbon-gateway/gibbon/test/idp/srpclient"
)

// What one pool gives out is good in no other, even for a user of the same name and password: tokens, sessions, codes, clients, groups.
func TestNothingCrossesPools(t *testing.T) {
	p := start(t, nil)
	ctx, jane := t.Context(), "jane@example.com"
	a, b := p.newApp(nil, nil), p.newApp(nil, nil)
	a.person(jane)
	b.person(jane)
	sub := func(x *app) string {
		return *must[*cip.AdminGetUserOutput](t)(x.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: &x.pool, Username: &jane})).Username
	}
	subA, subB := sub(a), sub(b)
	in := a.tokens(jane, good)

	t.Run("refresh token", func(t *testing.T) {
		for _, name := range []string{jane, subA, subB} {
			_, err := b.InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: &b.client, AuthFlow: "REFRESH_TOKEN_AUTH",
				AuthParameters: b.parameters(name, "REFRESH_TOKEN", *in.RefreshToken)})
			refused(t, err, "NotAuthorizedException", "")
		}
		_, err := b.GetTokensFromRefreshToken(ctx, &cip.GetTokensFromRefreshTokenInput{ClientId: &b.client, RefreshToken: in.RefreshToken})
		if err == nil {
			t.Error("GetTokensFromRefreshToken took it")
		}
		answer, err := http.PostForm(p.origin+"/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {b.client}, "refresh_token": {*in.RefreshToken}})
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusBadRequest {
			t.Errorf("token endpoint: %d", answer.StatusCode)
		}
		// Nor may a stranger end it.
		b.RevokeToken(ctx, &cip.RevokeTokenInput{ClientId: &b.client, Token: in.RefreshToken})
		if _, err := a.refresh(in.RefreshToken); err != nil {
			t.Errorf("another pool's client revoked it: %v", err)
		}
	})
	t.Run("another client of the pool", func(t *testing.T) {
		second := must[*cip.CreateUserPoolClientOutput](t)(a.CreateUserPoolClient(ctx, &cip.CreateUserPoolClientInput{UserPoolId: &a.pool, ClientName: aws.String("second")}))
		_, err := a.InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: second.UserPoolClient.ClientId, AuthFlow: "REFRESH_TOKEN_AUTH",
			AuthParameters: map[string]string{"REFRESH_TOKEN": *in.RefreshToken}})
		refused(t, err, "NotAuthorizedException", "")
	})
	t.Run("session", func(t *testing.T) {
		attempt := srpclient.New(a.pool)
		step := must[*cip.InitiateAuthOutput](t)(a.InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: &a.client, AuthFlow: "USER_SRP_AUTH",
			AuthParameters: a.parameters(jane, "SRP_A", attempt.A())}))
		answers := must[map[string]string](t)(attempt.Answers(step.ChallengeParameters, good, p.now()))
		_, err := b.RespondToAuthChallenge(ctx, &cip.RespondToAuthChallengeInput{ClientId: &b.client, ChallengeName: step.ChallengeName, ChallengeResponses: answers})
		refused(t, err, "NotAuthorizedException", "")
		// Nor is it good for another person of the same pool.
		a.person("john@example.com")
		moved := map[string]string{}
		for k, v := range answers {
			moved[k] = v
		}
		moved["USERNAME"] = "john@example.com"
		out, err := a.RespondToAuthChallenge(ctx, &cip.RespondToAuthChallengeInput{ClientId: &a.client, ChallengeName: step.ChallengeName, ChallengeResponses: moved})
		if err == nil && claims(t, out.AuthenticationResult.IdToken)["email"] != jane {
			t.Error("signed in as somebody else")
		}

		name := "new@example.com"
		for _, x := range []*app{a, b} {
			must[*cip.AdminCreateUserOutput](t)(x.AdminCreateUser(ctx, &cip.AdminCreateUserInput{UserPoolId: &x.pool, Username: &name, MessageAction: "SUPPRESS",
				TemporaryPassword: aws.String(good), UserAttributes: []types.AttributeType{{Name: aws.String("email"), Value: &name}}}))
		}
		first := must[*cip.InitiateAuthOutput](t)(a.byPassword(name, good))
		_, err = b.RespondToAuthChallenge(ctx, &cip.RespondToAuthChallengeInput{ClientId: &b.client, ChallengeName: first.ChallengeName, Session: first.Session,
			ChallengeResponses: b.parameters(name, "NEW_PASSWORD", better)})
		refused(t, err, "NotAuthorizedException", "")
		if _, err = b.byPassword(name, good); err != nil {
			t.Errorf("the other pool's user was changed: %v", err)
		}
	})
	t.Run("code", func(t *testing.T) {
		for _, x := range []*app{a, b} {
			must[*cip.ForgotPasswordOutput](t)(x.ForgotPassword(ctx, &cip.ForgotPasswordInput{ClientId: &x.client, Username: &jane}))
		}
		code := p.mail(jane)
		if code.Pool != b.pool {
			t.Fatalf("message of pool %s", code.Pool)
		}
		_, err := a.ConfirmForgotPassword(ctx, &cip.ConfirmForgotPasswordInput{ClientId: &a.client, Username: &jane, ConfirmationCode: &code.Code, Password: aws.String(better)})
		refused(t, err, "CodeMismatchException", "")
		a.tokens(jane, good)
	})
	t.Run("pool and client", func(t *testing.T) {
		_, err := a.AdminInitiateAuth(ctx, &cip.AdminInitiateAuthInput{UserPoolId: &b.pool, ClientId: &a.client, AuthFlow: "ADMIN_USER_PASSWORD_AUTH",
			AuthParameters: a.parameters(jane, "PASSWORD", good)})
		refused(t, err, "ResourceNotFoundException", "")
		_, err = a.DescribeUserPoolClient(ctx, &cip.DescribeUserPoolClientInput{UserPoolId: &b.pool, ClientId: &a.client})
		refused(t, err, "ResourceNotFoundException", "")
		_, err = a.DeleteUserPoolClient(ctx, &cip.DeleteUserPoolClientInput{UserPoolId: &b.pool, ClientId: &a.client})
		refused(t, err, "ResourceNotFoundException", "")
		_, err = a.AdminGetUser(ctx, &cip.AdminGetUserInput{UserPoolId: &b.pool, Username: &subA})
		refused(t, err, "UserNotFoundException", "User does not exist.")
		must[*cip.CreateGroupOutput](t)(a.CreateGroup(ctx, &cip.CreateGroupInput{UserPoolId: &a.pool, GroupName: aws.String("staff")}))
		_, err = b.AdminAddUserToGroup(ctx, &cip.AdminAddUserToGroupInput{UserPoolId: &b.pool, GroupName: aws.String("staff"), Username: &jane})
		refused(t, err, "ResourceNotFoundException", "")
	})
	t.Run("forged", func(t *testing.T) {
		// A pool's name in place of another's, with the signature of the first.
		parts := strings.Split(*in.AccessToken, ".")
		theirs := strings.Split(*b.tokens(jane, good).AccessToken, ".")
		for name, token := range map[string]string{
			"other claims": parts[0] + "." + theirs[1] + "." + parts[2], "other key": theirs[0] + "." + parts[1] + "." + parts[2],
			"other signature": parts[0] + "." + parts[1] + "." + theirs[2], "no signature": parts[0] + "." + parts[1] + ".",
			"alg none": "eyJhbGciOiJub25lIn0." + parts[1] + ".", "ID token": *in.IdToken, "nothing": "x.y.z",
		} {
			err := p.works(&token)
			if err == nil {
				t.Errorf("%s was taken", name)
				continue
			}
			refused(t, err, "NotAuthorizedException", "")
		}
	})
}
