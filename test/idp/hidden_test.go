package idp_test

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/aws/smithy-go"

	"github.com/gibbon-gateway/gibbon/test/idp/srpclient"
)

// With PreventUserExistenceErrors a stranger learns the same of an address that has an account as of one that has none; without it AWS tells.
func TestWhoIsHereIsNotTold(t *testing.T) {
	p := start(t, nil)
	jane, nobody := "jane@example.com", "jona@example.com"
	hidden := p.newApp(nil, nil)
	open := p.newApp(nil, func(in *cip.CreateUserPoolClientInput) { in.PreventUserExistenceErrors = "LEGACY" })
	for _, a := range []*app{hidden, open} {
		a.person(jane)
	}
	calls := map[string]func(a *app, ctx context.Context, name string) error{
		"password": func(a *app, ctx context.Context, name string) error {
			_, err := a.byPassword(name, "Wr0ng-Passw0rd")
			return err
		},
		"SRP": func(a *app, ctx context.Context, name string) error {
			_, err := a.bySRP(name, "Wr0ng-Passw0rd")
			return err
		},
		"forgotten": func(a *app, ctx context.Context, name string) error {
			_, err := a.ForgotPassword(ctx, &cip.ForgotPasswordInput{ClientId: &a.client, Username: &name})
			return err
		},
		"administrator": func(a *app, ctx context.Context, name string) error {
			_, err := a.AdminInitiateAuth(ctx, &cip.AdminInitiateAuthInput{UserPoolId: &a.pool, ClientId: &a.client, AuthFlow: "ADMIN_USER_PASSWORD_AUTH",
				AuthParameters: a.parameters(name, "PASSWORD", "Wr0ng-Passw0rd")})
			return err
		},
	}
	for name, call := range calls {
		there, missing := call(hidden, t.Context(), jane), call(hidden, t.Context(), nobody)
		if text(there) != text(missing) {
			t.Errorf("%s: told apart: %v\n%v", name, there, missing)
		}
		refused(t, call(open, t.Context(), nobody), "UserNotFoundException", "")
	}
	// Where a code goes is shown of any address in the same form.
	sent := func(name string) *types.CodeDeliveryDetailsType {
		return must[*cip.ForgotPasswordOutput](t)(hidden.ForgotPassword(t.Context(), &cip.ForgotPasswordInput{ClientId: &hidden.client, Username: &name})).CodeDeliveryDetails
	}
	if a, b := sent(jane), sent(nobody); *a.Destination != *b.Destination || a.DeliveryMedium != b.DeliveryMedium || *a.AttributeName != *b.AttributeName {
		t.Errorf("told apart: %s %s", *a.Destination, *b.Destination)
	}
	// The challenge of one who does not exist has the same parts, and the same name and salt each time.
	challenge := func(name string) map[string]string {
		step := must[*cip.InitiateAuthOutput](t)(hidden.InitiateAuth(t.Context(), &cip.InitiateAuthInput{ClientId: &hidden.client, AuthFlow: "USER_SRP_AUTH",
			AuthParameters: hidden.parameters(name, "SRP_A", srpclient.New(hidden.pool).A())}))
		return step.ChallengeParameters
	}
	a, b, c := challenge(jane), challenge(nobody), challenge(nobody)
	for name := range maps.Keys(a) {
		if d := len(a[name]) - len(b[name]); d > 2 || d < -2 {
			t.Errorf("%s: %q\n%q", name, a[name], b[name])
		}
	}
	if len(a) != len(b) || b["SALT"] != c["SALT"] || b["USER_ID_FOR_SRP"] != c["USER_ID_FOR_SRP"] || b["SRP_B"] == c["SRP_B"] {
		t.Errorf("%v\n%v", b, c)
	}
}

func text(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode() + ": " + e.ErrorMessage()
	}
	return ""
}

// Guessing gets slower: after five wrong passwords even the right one waits, twice as long each time, up to 15 minutes; nothing tells an
// account that is there from one that is not.
func TestGuessingIsSlowed(t *testing.T) {
	p := start(t, nil)
	a := p.newApp(nil, nil)
	jane := "jane@example.com"
	a.person(jane)
	for range 5 {
		for _, name := range []string{jane, "nobody@example.com"} {
			_, err := a.byPassword(name, "Wr0ng-Passw0rd")
			refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
		}
	}
	for _, name := range []string{jane, "nobody@example.com"} {
		_, err := a.byPassword(name, good)
		refused(t, err, "NotAuthorizedException", "Password attempts exceeded")
		_, err = a.bySRP(name, good)
		refused(t, err, "NotAuthorizedException", "Password attempts exceeded")
	}
	var last time.Duration
	for range 12 {
		waited := time.Duration(0)
		for {
			_, err := a.byPassword(jane, "Wr0ng-Passw0rd")
			if text(err) == "NotAuthorizedException: Incorrect username or password." {
				break
			}
			p.advance(time.Second)
			waited += time.Second
			if waited > 20*time.Minute {
				t.Fatal("locked for more than 20 minutes")
			}
			if waited > time.Minute { // enough calls: leap
				p.advance(30 * time.Second)
				waited += 30 * time.Second
			}
		}
		if waited < last && waited < 14*time.Minute {
			t.Errorf("waited %s after %s", waited, last)
		}
		last = waited
	}
	if last < 14*time.Minute || last > 16*time.Minute {
		t.Errorf("the longest lock was %s", last)
	}
	p.advance(16 * time.Minute)
	a.tokens(jane, good)
	_, err := a.byPassword(jane, "Wr0ng-Passw0rd")
	refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
	a.tokens(jane, good) // forgiven: one wrong password locks nobody

	// Codes can be guessed ten times, then not even the right one counts.
	a.ForgotPassword(t.Context(), &cip.ForgotPasswordInput{ClientId: &a.client, Username: &jane})
	code := p.code(jane)
	try := func(code string) error {
		_, err := a.ConfirmForgotPassword(t.Context(), &cip.ConfirmForgotPasswordInput{ClientId: &a.client, Username: &jane, ConfirmationCode: &code, Password: aws.String(better)})
		return err
	}
	for range 10 {
		refused(t, try(other(code)), "CodeMismatchException", "")
	}
	refused(t, try(code), "LimitExceededException", "Attempt limit exceeded, please try after some time.")
}
