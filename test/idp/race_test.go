package idp_test

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cip "github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"

	"github.com/gibbon-gateway/gibbon/internal/idp"
	"github.com/gibbon-gateway/gibbon/internal/idp/password"
)

// atOnce runs a call several times at once and counts by what it ended with; "" is success.
func atOnce(n int, call func() error) map[string]int {
	var mu sync.Mutex
	var all sync.WaitGroup
	ended := map[string]int{}
	for range n {
		all.Go(func() {
			err := call()
			mu.Lock()
			defer mu.Unlock()
			if err != nil && text(err) == "" {
				ended[err.Error()]++
				return
			}
			ended[text(err)]++
		})
	}
	all.Wait()
	return ended
}

// refusals counts the calls that ended with one of these exceptions.
func refusals(ended map[string]int, names ...string) (n int) {
	for text, times := range ended {
		name, _, _ := strings.Cut(text, ":")
		if slices.Contains(names, name) {
			n += times
		}
	}
	return n
}

// Of what may happen once, one of many at once wins; guesses at once count as guesses one after another.
func TestAtOnce(t *testing.T) {
	p := start(t, nil)
	ctx, jane := t.Context(), "jane@example.com"
	a := p.newApp(nil, nil)
	const most = 12

	got := atOnce(most, func() error {
		_, err := a.SignUp(ctx, &cip.SignUpInput{ClientId: &a.client, Username: &jane, Password: aws.String(good)})
		return err
	})
	if got[""] != 1 || got["UsernameExistsException: An account with the given email already exists."] != most-1 {
		t.Errorf("sign-ups of one address: %v", got)
	}
	code := p.code(jane)
	got = atOnce(most, func() error {
		_, err := a.ConfirmSignUp(ctx, &cip.ConfirmSignUpInput{ClientId: &a.client, Username: &jane, ConfirmationCode: &code})
		return err
	})
	// The others find the code spent, or the user confirmed, as it happens.
	if got[""] != 1 || refusals(got, "ExpiredCodeException", "NotAuthorizedException") != most-1 {
		t.Errorf("confirmations: %v", got)
	}
	must[*cip.ForgotPasswordOutput](t)(a.ForgotPassword(ctx, &cip.ForgotPasswordInput{ClientId: &a.client, Username: &jane}))
	code = p.code(jane)
	got = atOnce(most, func() error {
		_, err := a.ConfirmForgotPassword(ctx, &cip.ConfirmForgotPasswordInput{ClientId: &a.client, Username: &jane, ConfirmationCode: &code, Password: aws.String(good)})
		return err
	})
	if got[""] != 1 || refusals(got, "ExpiredCodeException") != most-1 {
		t.Errorf("new passwords by one code: %v", got)
	}

	name := "new@example.com"
	must[*cip.AdminCreateUserOutput](t)(a.AdminCreateUser(ctx, &cip.AdminCreateUserInput{UserPoolId: &a.pool, Username: &name,
		TemporaryPassword: aws.String(good), MessageAction: "SUPPRESS"}))
	step := must[*cip.InitiateAuthOutput](t)(a.byPassword(name, good))
	got = atOnce(most, func() error {
		_, err := a.RespondToAuthChallenge(ctx, &cip.RespondToAuthChallengeInput{ClientId: &a.client, ChallengeName: step.ChallengeName, Session: step.Session,
			ChallengeResponses: a.parameters(name, "NEW_PASSWORD", better)})
		return err
	})
	if got[""] != 1 || refusals(got, "NotAuthorizedException", "CodeMismatchException", "ExpiredCodeException") != most-1 {
		t.Errorf("answers to one session: %v", got)
	}

	got = atOnce(4*most, func() error { _, err := a.byPassword(jane, "Wr0ng-Passw0rd"); return err })
	if n := got["NotAuthorizedException: Incorrect username or password."]; n < 5 || n > 7 || got["NotAuthorizedException: Password attempts exceeded"] != 4*most-n {
		t.Errorf("guesses: %v", got)
	}
}

// A rotated refresh token that comes back ends the sign-in: thief or owner, one has a copy. Many at once with one token do not fork it.
func TestStolenRefreshToken(t *testing.T) {
	p := start(t, nil)
	ctx, jane := t.Context(), "jane@example.com"
	a := p.newApp(nil, func(in *cip.CreateUserPoolClientInput) {
		in.ExplicitAuthFlows = []types.ExplicitAuthFlowsType{"ALLOW_USER_PASSWORD_AUTH"}
		in.RefreshTokenRotation = &types.RefreshTokenRotationType{Feature: "ENABLED", RetryGracePeriodSeconds: aws.Int32(0)}
	})
	a.person(jane)
	renew := func(token *string) (*types.AuthenticationResultType, error) {
		out, err := a.GetTokensFromRefreshToken(ctx, &cip.GetTokensFromRefreshTokenInput{ClientId: &a.client, RefreshToken: token})
		if err != nil {
			return nil, err
		}
		return out.AuthenticationResult, nil
	}
	first := a.tokens(jane, good)
	second := must[*types.AuthenticationResultType](t)(renew(first.RefreshToken))
	third := must[*types.AuthenticationResultType](t)(renew(second.RefreshToken))
	elsewhere := a.tokens(jane, good)
	p.advance(time.Second)
	_, err := renew(first.RefreshToken)
	refused(t, err, "RefreshTokenReuseException", "")
	_, err = renew(third.RefreshToken)
	refused(t, err, "NotAuthorizedException", "Refresh Token has been revoked")
	refused(t, p.works(third.AccessToken), "NotAuthorizedException", "Access Token has been revoked")
	if _, err := renew(elsewhere.RefreshToken); err != nil {
		t.Errorf("another sign-in ended as well: %v", err)
	}

	// By a clock that went back, too.
	in := a.tokens(jane, good)
	must[*types.AuthenticationResultType](t)(renew(in.RefreshToken))
	p.advance(-time.Hour)
	_, err = renew(in.RefreshToken)
	refused(t, err, "RefreshTokenReuseException", "")
	p.advance(time.Hour)

	in = a.tokens(jane, good)
	var alive atomic.Int64
	var mu sync.Mutex
	var given []*string
	got := atOnce(8, func() error {
		out, err := renew(in.RefreshToken)
		if err == nil {
			mu.Lock()
			given = append(given, out.RefreshToken)
			mu.Unlock()
		}
		return err
	})
	p.advance(time.Second)
	for _, token := range given {
		if _, err := renew(token); err == nil {
			alive.Add(1)
		}
	}
	if alive.Load() > 1 {
		t.Errorf("%d branches of one sign-in live: %v", alive.Load(), got)
	}
}

// How long a refusal takes does not tell whether somebody has an account: the password is hashed for those who do not exist, too.
func TestTimeTellsNothing(t *testing.T) {
	p := start(t, func(o *idp.Options) { o.Cost = password.Cost{Memory: 32 << 10, Passes: 3, Lanes: 1} })
	a := p.newApp(nil, nil)
	jane := "jane@example.com"
	a.person(jane)
	fastest := func(name string) time.Duration {
		least := time.Hour
		for range 4 { // the fifth wrong one locks
			began := time.Now()
			_, err := a.byPassword(name, "Wr0ng-Passw0rd")
			least = min(least, time.Since(began))
			refused(t, err, "NotAuthorizedException", "Incorrect username or password.")
		}
		return least
	}
	there, missing := fastest(jane), fastest("nobody@example.com")
	if missing < there/2 {
		t.Errorf("refused in %s, and in %s one who does not exist", there, missing)
	}
	t.Logf("%s, %s", there, missing)
}
