package auth

import (
	"context"
	"slices"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
)

// The sessions that sign-up leads to: the first is good for ConfirmSignUp, the second for a sign-in without further proof.
const (
	signUpSession    = "SIGN_UP"
	confirmedSession = "SIGNED_UP"
)

// startChoice serves USER_AUTH: the user chooses how to sign in.
func (x *exchange) startChoice(ctx context.Context, parameters map[string]string, session string) (*Step, error) {
	if session != "" {
		return x.signedUp(ctx, session)
	}
	preferred := parameters["PREFERRED_CHALLENGE"]
	if !slices.Contains([]string{"", "PASSWORD", "PASSWORD_SRP", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"}, preferred) {
		return nil, api.InvalidParameter.Errorf("Invalid PREFERRED_CHALLENGE: %s", preferred)
	}
	if err := x.identify(ctx, true); err != nil {
		return nil, err
	}
	choices, err := x.firstFactors(ctx)
	if err != nil {
		return nil, err
	}
	x.state.Choices = choices
	if !slices.Contains(choices, preferred) {
		step, err := x.challenge(ctx, "SELECT_CHALLENGE", map[string]string{})
		if err == nil {
			step.Available = choices
		}
		return step, err
	}
	step, err := x.choose(ctx, preferred, parameters)
	if err == nil && step.Challenge == preferred {
		step.Available = []string{preferred}
	}
	return step, err
}

// firstFactors lists how the user can begin.
func (x *exchange) firstFactors(ctx context.Context) ([]string, error) {
	p, u := x.Pool, x.user
	if u == nil {
		if p.FirstFactor("EMAIL_OTP") && p.MfaConfiguration != "ON" {
			return []string{"EMAIL_OTP", "PASSWORD_SRP", "PASSWORD"}, nil
		}
		return []string{"PASSWORD_SRP", "PASSWORD"}, nil
	}
	var list []string
	free := u.Status == user.Confirmed && p.MfaConfiguration != "ON"
	if free && p.FirstFactor("EMAIL_OTP") && u.Attr["email"] != "" {
		list = append(list, "EMAIL_OTP")
	}
	if free && p.FirstFactor("SMS_OTP") && u.Attr["phone_number"] != "" {
		list = append(list, "SMS_OTP")
	}
	strong := p.MFA.WebAuthn != nil && p.MFA.WebAuthn.FactorConfiguration == "MULTI_FACTOR_WITH_USER_VERIFICATION"
	if p.FirstFactor("WEB_AUTHN") && u.Status == user.Confirmed && (free || strong) {
		have, err := x.s.passkeys(ctx, p, u.ID)
		if err != nil {
			return nil, err
		}
		if len(have) > 0 {
			list = append(list, "WEB_AUTHN")
		}
	}
	if u.Hash != "" || len(list) == 0 {
		list = append(list, "PASSWORD_SRP", "PASSWORD")
	}
	return list, nil
}

// choose goes on with the chosen factor.
func (x *exchange) choose(ctx context.Context, factor string, parameters map[string]string) (*Step, error) {
	switch factor {
	case "PASSWORD":
		if parameters["PASSWORD"] == "" {
			return x.challenge(ctx, "PASSWORD", map[string]string{})
		}
		return x.answerPassword(ctx, parameters)
	case "PASSWORD_SRP":
		if parameters["SRP_A"] == "" {
			return x.challenge(ctx, "PASSWORD_SRP", map[string]string{})
		}
		return x.startSRP(ctx, parameters["SRP_A"])
	case "WEB_AUTHN":
		x.state.First = factor
		return x.askPasskey(ctx)
	}
	x.state.First = factor
	medium, digits := "EMAIL", 8
	if factor == "SMS_OTP" {
		medium, digits = "SMS", 6
	}
	if x.user == nil {
		// Nothing is sent, but the answer looks as if.
		x.state.OTP = &otp{Medium: medium, To: x.state.Name}
		return x.challenge(ctx, factor, x.codeParameters(x.state.OTP))
	}
	if x.user.Locked(x.now) {
		return nil, locked()
	}
	return x.askOTP(ctx, factor, medium, digits)
}

// answerChoice serves SELECT_CHALLENGE.
func (x *exchange) answerChoice(ctx context.Context, answers map[string]string) (*Step, error) {
	if !slices.Contains(x.state.Choices, answers["ANSWER"]) {
		return nil, api.InvalidParameter.Errorf("Invalid value for ANSWER: %s", answers["ANSWER"])
	}
	return x.choose(ctx, answers["ANSWER"], answers)
}

// answerPassword checks a password that was asked for.
func (x *exchange) answerPassword(ctx context.Context, answers map[string]string) (*Step, error) {
	if answers["PASSWORD"] == "" {
		return nil, missing("PASSWORD")
	}
	if err := x.checkPassword(ctx, answers["PASSWORD"]); err != nil {
		return nil, err
	}
	return x.passed(ctx)
}

func (x *exchange) answerPasswordSRP(ctx context.Context, answers map[string]string) (*Step, error) {
	if answers["SRP_A"] == "" {
		return nil, missing("SRP_A")
	}
	return x.startSRP(ctx, answers["SRP_A"])
}

// signedUp signs in a user who has just confirmed their sign-up: the session proves it.
func (x *exchange) signedUp(ctx context.Context, session string) (*Step, error) {
	y, err := x.s.resume(ctx, x.Request, session, confirmedSession)
	if err != nil {
		return nil, err
	}
	if y.user == nil || y.user.Status != user.Confirmed {
		return nil, badSession()
	}
	if err := y.named(map[string]string{"USERNAME": x.state.Name, "SECRET_HASH": x.Client.SecretHash(x.state.Name)}); err != nil {
		return nil, err
	}
	y.state.Flow = "USER_AUTH"
	return y.second(ctx)
}

// remember stores the session that sign-up or its confirmation ends with, where the client may use it.
func (x *exchange) remember(kind, raw string) error {
	if !x.Client.Allows("USER_AUTH") {
		return nil
	}
	return x.keep(kind, raw)
}
