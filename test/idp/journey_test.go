package idp_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// A person signs up, confirms, signs in in both ways, stays in, changes the password, forgets it, and signs out everywhere; once with a
// client that has a secret and once with one that has none.
func TestLifeOfAUser(t *testing.T) {
	p := start(t, nil)
	for name, change := range map[string]func(*cip.CreateUserPoolClientInput){
		"public":      nil,
		"with secret": func(in *cip.CreateUserPoolClientInput) { in.GenerateSecret = true },
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			life(t, p.newApp(nil, change))
		})
	}
}

func life(t *testing.T, a *app) {
	ctx, jane := t.Context(), "jane@example.com"
	up, err := a.SignUp(ctx, &cip.SignUpInput{ClientId: &a.client, SecretHash: a.hash(jane), Username: &jane, Password: aws.String(good),
		UserAttributes: []types.AttributeType{{Name: aws.String("given_name"), Value: aws.String("Jane")}}})
	if err != nil {
		t.Fatal(err)
	}
	if up.UserConfirmed || up.CodeDeliveryDetails == nil || *up.CodeDeliveryDetails.Destination != "j***@e***" || up.CodeDeliveryDetails.DeliveryMedium != "EMAIL" {
		t.Errorf("sign-up: %+v", up)
	}
	_, err = a.byPassword(jane, good)
	refused(t, err, "UserNotConfirmedException", "User is not confirmed.")
	confirm := func(code string) error {
		_, err := a.ConfirmSignUp(ctx, &cip.ConfirmSignUpInput{ClientId: &a.client, SecretHash: a.hash(jane), Username: &jane, ConfirmationCode: &code})
		return err
	}
	code := a.code(jane)
	refused(t, confirm(other(code)), "CodeMismatchException", "Invalid verification code provided, please try again.")
	if err := confirm(code); err != nil {
		t.Fatal(err)
	}
	refused(t, confirm(code), "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED")

	first := a.tokens("Jane@Example.com", good)
	id, access := claims(t, first.IdToken), claims(t, first.AccessToken)
	if id["email"] != jane || id["email_verified"] != true || id["given_name"] != "Jane" || id["sub"] != *up.UserSub || id["aud"] != a.client ||
		access["client_id"] != a.client || access["sub"] != id["sub"] || access["scope"] != "aws.cognito.signin.user.admin" || access["origin_jti"] != id["origin_jti"] {
		t.Errorf("claims %v\n%v", id, access)
	}
	second, err := a.bySRP(jane, good)
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.bySRP(jane, better)
	refused(t, err, "NotAuthorizedException", "Incorrect username or password.")

	me := must[*cip.GetUserOutput](t)(a.GetUser(ctx, &cip.GetUserInput{AccessToken: first.AccessToken}))
	if *me.Username != *up.UserSub || len(me.UserAttributes) != 4 {
		t.Errorf("GetUser: %s %v", *me.Username, me.UserAttributes)
	}
	again := func(token *string) (*types.AuthenticationResultType, error) {
		in := &cip.InitiateAuthInput{ClientId: &a.client, AuthFlow: "REFRESH_TOKEN_AUTH", AuthParameters: a.parameters(*up.UserSub, "REFRESH_TOKEN", *token)}
		out, err := a.InitiateAuth(ctx, in)
		if err != nil {
			return nil, err
		}
		return out.AuthenticationResult, nil
	}
	fresh := must[*types.AuthenticationResultType](t)(again(first.RefreshToken))
	if c := claims(t, fresh.AccessToken); c["origin_jti"] != access["origin_jti"] || c["auth_time"] != access["auth_time"] || c["jti"] == access["jti"] {
		t.Errorf("refreshed: %v", c)
	}

	change := func(old, new string) error {
		_, err := a.ChangePassword(ctx, &cip.ChangePasswordInput{AccessToken: first.AccessToken, PreviousPassword: &old, ProposedPassword: &new})
		return err
	}
	refused(t, change("wrong-Passw0rd", better), "NotAuthorizedException", "Incorrect username or password.")
	refused(t, change(good, "short"), "InvalidPasswordException", "")
	if err := change(good, better); err != nil {
		t.Fatal(err)
	}
	_, err = a.byPassword(jane, good)
	refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
	if _, err := a.bySRP(jane, better); err != nil {
		t.Errorf("by SRP with the new password: %v", err)
	}

	before := a.mail(jane).ID
	must[*cip.ForgotPasswordOutput](t)(a.ForgotPassword(ctx, &cip.ForgotPasswordInput{ClientId: &a.client, SecretHash: a.hash(jane), Username: &jane}))
	m := a.mail(jane)
	if m.ID == before {
		t.Fatal("no mail for the forgotten password")
	}
	reset := func(code string) error {
		_, err := a.ConfirmForgotPassword(ctx, &cip.ConfirmForgotPasswordInput{ClientId: &a.client, SecretHash: a.hash(jane), Username: &jane, ConfirmationCode: &code,
			Password: aws.String("Th1rd-Passw0rd!")})
		return err
	}
	refused(t, reset(other(m.Code)), "CodeMismatchException", "Invalid verification code provided, please try again.")
	if err := reset(m.Code); err != nil {
		t.Fatal(err)
	}
	refused(t, reset(m.Code), "ExpiredCodeException", "Invalid code provided, please request a code again.")
	third := a.tokens(jane, "Th1rd-Passw0rd!")

	// One sign-in is revoked, the others stay.
	revoke := &cip.RevokeTokenInput{ClientId: &a.client, Token: second.AuthenticationResult.RefreshToken}
	if a.secret != "" {
		revoke.ClientSecret = &a.secret
	}
	must[*cip.RevokeTokenOutput](t)(a.RevokeToken(ctx, revoke))
	refused(t, a.works(second.AuthenticationResult.AccessToken), "NotAuthorizedException", "Access Token has been revoked")
	_, err = again(second.AuthenticationResult.RefreshToken)
	refused(t, err, "NotAuthorizedException", "Refresh Token has been revoked")
	for _, token := range []*string{first.AccessToken, fresh.AccessToken, third.AccessToken} {
		if err := a.works(token); err != nil {
			t.Errorf("another sign-in was revoked as well: %v", err)
		}
	}
	must[*cip.GlobalSignOutOutput](t)(a.GlobalSignOut(ctx, &cip.GlobalSignOutInput{AccessToken: third.AccessToken}))
	for _, token := range []*string{first.AccessToken, fresh.AccessToken, third.AccessToken} {
		refused(t, a.works(token), "NotAuthorizedException", "Access Token has been revoked")
	}
	_, err = again(third.RefreshToken)
	refused(t, err, "NotAuthorizedException", "Refresh Token has been revoked")
	a.tokens(jane, "Th1rd-Passw0rd!")
}

// other is a code that is not this one.
func other(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

// totp is what an authenticator app shows.
func totp(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	m := hmac.New(sha1.New, key)
	binary.Write(m, binary.BigEndian, uint64(at.Unix()/30))
	sum := m.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1000000)
}

// An authenticator app: set up with an access token, asked for at sign-in, each code once; and where the pool demands one, set up in the
// middle of a sign-in.
func TestAuthenticatorApp(t *testing.T) {
	p := start(t, nil)
	ctx, jane := t.Context(), "jane@example.com"
	a := p.newApp(nil, nil)
	a.person(jane)
	demand := func(mode types.UserPoolMfaType) {
		must[*cip.SetUserPoolMfaConfigOutput](t)(a.SetUserPoolMfaConfig(ctx, &cip.SetUserPoolMfaConfigInput{UserPoolId: &a.pool, MfaConfiguration: mode,
			SoftwareTokenMfaConfiguration: &types.SoftwareTokenMfaConfigType{Enabled: true}}))
	}
	demand("OPTIONAL")
	in := a.tokens(jane, good)
	secret := *must[*cip.AssociateSoftwareTokenOutput](t)(a.AssociateSoftwareToken(ctx, &cip.AssociateSoftwareTokenInput{AccessToken: in.AccessToken})).SecretCode
	_, err := a.VerifySoftwareToken(ctx, &cip.VerifySoftwareTokenInput{AccessToken: in.AccessToken, UserCode: aws.String(other(totp(t, secret, p.now())))})
	refused(t, err, "EnableSoftwareTokenMFAException", "")
	verified := must[*cip.VerifySoftwareTokenOutput](t)(a.VerifySoftwareToken(ctx, &cip.VerifySoftwareTokenInput{AccessToken: in.AccessToken,
		UserCode: aws.String(totp(t, secret, p.now()))}))
	if verified.Status != "SUCCESS" {
		t.Errorf("status %s", verified.Status)
	}
	must[*cip.SetUserMFAPreferenceOutput](t)(a.SetUserMFAPreference(ctx, &cip.SetUserMFAPreferenceInput{AccessToken: in.AccessToken,
		SoftwareTokenMfaSettings: &types.SoftwareTokenMfaSettingsType{Enabled: true, PreferredMfa: true}}))

	answer := func(step *cip.InitiateAuthOutput, code string) (*cip.RespondToAuthChallengeOutput, error) {
		return a.RespondToAuthChallenge(ctx, &cip.RespondToAuthChallengeInput{ClientId: &a.client, ChallengeName: step.ChallengeName, Session: step.Session,
			ChallengeResponses: map[string]string{"USERNAME": jane, "SOFTWARE_TOKEN_MFA_CODE": code}})
	}
	step := must[*cip.InitiateAuthOutput](t)(a.byPassword(jane, good))
	if step.ChallengeName != "SOFTWARE_TOKEN_MFA" || step.AuthenticationResult != nil {
		t.Fatalf("step %+v", step)
	}
	p.advance(time.Minute) // the step of the code that verified the app is spent
	code := totp(t, secret, p.now())
	_, err = answer(step, other(code))
	refused(t, err, "CodeMismatchException", "")
	step = must[*cip.InitiateAuthOutput](t)(a.byPassword(jane, good))
	if out, err := answer(step, code); err != nil || out.AuthenticationResult == nil {
		t.Fatalf("right code: %v", err)
	}
	// Somebody looked over the shoulder.
	step = must[*cip.InitiateAuthOutput](t)(a.byPassword(jane, good))
	if _, err = answer(step, code); err == nil {
		t.Error("a code was good twice")
	}
	bySRP := must[*cip.RespondToAuthChallengeOutput](t)(a.bySRP(jane, good))
	if bySRP.ChallengeName != "SOFTWARE_TOKEN_MFA" {
		t.Errorf("by SRP: %s", bySRP.ChallengeName)
	}

	demand("ON")
	john := "john@example.com"
	a.person(john)
	step = must[*cip.InitiateAuthOutput](t)(a.byPassword(john, good))
	if step.ChallengeName != "MFA_SETUP" {
		t.Fatalf("challenge %s", step.ChallengeName)
	}
	given := must[*cip.AssociateSoftwareTokenOutput](t)(a.AssociateSoftwareToken(ctx, &cip.AssociateSoftwareTokenInput{Session: step.Session}))
	ready := must[*cip.VerifySoftwareTokenOutput](t)(a.VerifySoftwareToken(ctx, &cip.VerifySoftwareTokenInput{Session: given.Session,
		UserCode: aws.String(totp(t, *given.SecretCode, p.now()))}))
	done := must[*cip.RespondToAuthChallengeOutput](t)(a.RespondToAuthChallenge(ctx, &cip.RespondToAuthChallengeInput{ClientId: &a.client, ChallengeName: "MFA_SETUP",
		Session: ready.Session, ChallengeResponses: map[string]string{"USERNAME": john}}))
	if done.AuthenticationResult == nil {
		t.Errorf("after the app was set up: %+v", done)
	}
}
