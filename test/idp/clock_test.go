package idp_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/gibbon-gateway/gibbon/test/idp/srpclient"
)

// Codes, sessions and tokens end when they should, when the clock leaps forward too; when it leaps back nothing gets stuck or lives again.
func TestClockLeaps(t *testing.T) {
	p := start(t, nil)
	ctx, jane, new := t.Context(), "jane@example.com", "new@example.com"
	a := p.newApp(nil, func(in *cip.CreateUserPoolClientInput) {
		in.AccessTokenValidity, in.IdTokenValidity, in.RefreshTokenValidity = aws.Int32(10), aws.Int32(20), 2
		in.TokenValidityUnits = &types.TokenValidityUnitsType{AccessToken: "minutes", IdToken: "minutes", RefreshToken: "hours"}
	})
	a.person(jane)

	in := a.tokens(jane, good)
	c, id := claims(t, in.AccessToken), claims(t, in.IdToken)
	if c["exp"].(float64)-c["iat"].(float64) != 600 || id["exp"].(float64)-id["iat"].(float64) != 1200 || in.ExpiresIn != 600 {
		t.Errorf("lives: %v %v %d", c, id, in.ExpiresIn)
	}
	p.advance(9 * time.Minute)
	if err := p.works(in.AccessToken); err != nil {
		t.Errorf("after 9 minutes: %v", err)
	}
	p.advance(2 * time.Minute)
	refused(t, p.works(in.AccessToken), "NotAuthorizedException", "Access Token has expired")
	out := must[*cip.InitiateAuthOutput](t)(a.refresh(in.RefreshToken))
	if err := p.works(out.AuthenticationResult.AccessToken); err != nil {
		t.Errorf("refreshed: %v", err)
	}
	p.advance(2 * time.Hour)
	_, err := a.refresh(in.RefreshToken)
	refused(t, err, "NotAuthorizedException", "Refresh Token has expired")

	// Sign-up codes live for a day, those for forgotten passwords for an hour.
	must[*cip.SignUpOutput](t)(a.SignUp(ctx, &cip.SignUpInput{ClientId: &a.client, Username: &new, Password: aws.String(good)}))
	code := p.code(new)
	confirm := func(code string) error {
		_, err := a.ConfirmSignUp(ctx, &cip.ConfirmSignUpInput{ClientId: &a.client, Username: &new, ConfirmationCode: &code})
		return err
	}
	p.advance(25 * time.Hour)
	refused(t, confirm(code), "ExpiredCodeException", "")
	must[*cip.ResendConfirmationCodeOutput](t)(a.ResendConfirmationCode(ctx, &cip.ResendConfirmationCodeInput{ClientId: &a.client, Username: &new}))
	code = p.code(new)
	p.advance(23 * time.Hour)
	if err := confirm(code); err != nil {
		t.Errorf("a code of 23 hours: %v", err)
	}
	forgot := func() string {
		must[*cip.ForgotPasswordOutput](t)(a.ForgotPassword(ctx, &cip.ForgotPasswordInput{ClientId: &a.client, Username: &jane}))
		return p.code(jane)
	}
	reset := func(code string) error {
		_, err := a.ConfirmForgotPassword(ctx, &cip.ConfirmForgotPasswordInput{ClientId: &a.client, Username: &jane, ConfirmationCode: &code, Password: aws.String(good)})
		return err
	}
	code = forgot()
	p.advance(61 * time.Minute)
	refused(t, reset(code), "ExpiredCodeException", "")

	// A session between two steps lives for three minutes.
	attempt := srpclient.New(a.pool)
	step := must[*cip.InitiateAuthOutput](t)(a.InitiateAuth(ctx, &cip.InitiateAuthInput{ClientId: &a.client, AuthFlow: "USER_SRP_AUTH",
		AuthParameters: a.parameters(jane, "SRP_A", attempt.A())}))
	answers := must[map[string]string](t)(attempt.Answers(step.ChallengeParameters, good, p.now()))
	p.advance(4 * time.Minute)
	_, err = a.RespondToAuthChallenge(ctx, &cip.RespondToAuthChallengeInput{ClientId: &a.client, ChallengeName: step.ChallengeName, ChallengeResponses: answers})
	refused(t, err, "NotAuthorizedException", "")

	// Back, as when a wrong clock is set right: everything goes on, and what was used or revoked stays so.
	in = a.tokens(jane, good)
	used := forgot()
	if err := reset(used); err != nil {
		t.Fatal(err)
	}
	must[*cip.RevokeTokenOutput](t)(a.RevokeToken(ctx, &cip.RevokeTokenInput{ClientId: &a.client, Token: in.RefreshToken}))
	p.advance(-72 * time.Hour)
	_, err = a.refresh(in.RefreshToken)
	refused(t, err, "NotAuthorizedException", "")
	refused(t, p.works(in.AccessToken), "NotAuthorizedException", "Access Token has been revoked")
	if reset(used) == nil {
		t.Error("a used code is good again")
	}
	in = a.tokens(jane, good)
	if _, err := a.bySRP(jane, good); err != nil {
		t.Errorf("SRP after the clock went back: %v", err)
	}
	if err := p.works(in.AccessToken); err != nil {
		t.Errorf("a token of after the leap back: %v", err)
	}
	if _, err := a.refresh(in.RefreshToken); err != nil {
		t.Errorf("refresh after the leap back: %v", err)
	}
	if err := reset(forgot()); err != nil {
		t.Errorf("code after the leap back: %v", err)
	}
}

// A user whose wrong passwords were counted by a clock that ran ahead is not locked out until the right time comes there.
func TestLockOfAClockAhead(t *testing.T) {
	p := start(t, nil)
	a := p.newApp(nil, nil)
	jane := "jane@example.com"
	a.person(jane)
	p.advance(365 * 24 * time.Hour)
	for range 6 {
		a.byPassword(jane, "Wr0ng-Passw0rd")
	}
	_, err := a.byPassword(jane, good)
	refused(t, err, "NotAuthorizedException", "Password attempts exceeded")
	p.advance(-365 * 24 * time.Hour)
	p.advance(16 * time.Minute)
	a.tokens(jane, good)
}
