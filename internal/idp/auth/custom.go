package auth

import (
	"context"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
)

// custom is a sign-in that the pool's triggers direct.
type custom struct {
	Steps   []customStep      `json:"steps"`
	Private map[string]string `json:"private,omitempty"` // privateChallengeParameters of the challenge that is asked
	Note    string            `json:"note,omitempty"`    // its challengeMetadata
}

// customStep is a challenge that was answered, as triggers see it.
type customStep struct {
	Name   string `json:"challengeName"`
	Result bool   `json:"challengeResult"`
	Note   string `json:"challengeMetadata,omitempty"`
}

const maxCustomSteps = 25

// startCustom serves CUSTOM_AUTH.
func (x *exchange) startCustom(ctx context.Context, parameters map[string]string) (*Step, error) {
	if err := x.identify(ctx, true); err != nil {
		return nil, err
	}
	x.state.Custom = &custom{Steps: []customStep{}}
	if parameters["CHALLENGE_NAME"] == "SRP_A" {
		if parameters["SRP_A"] == "" {
			return nil, missing("SRP_A")
		}
		x.state.Custom.Steps = append(x.state.Custom.Steps, customStep{Name: "SRP_A", Result: true})
		name, _, err := x.define(ctx)
		if err != nil {
			return nil, err
		}
		if name == "PASSWORD_VERIFIER" {
			return x.startSRP(ctx, parameters["SRP_A"])
		}
		return nil, api.InvalidLambdaResponse.Errorf("DefineAuthChallenge must ask for PASSWORD_VERIFIER after SRP_A.")
	}
	return x.nextCustom(ctx)
}

// customAfterSRP goes on when the password was proved within a custom sign-in.
func (x *exchange) customAfterSRP(ctx context.Context) (*Step, error) {
	x.state.Custom.Steps = append(x.state.Custom.Steps, customStep{Name: "PASSWORD_VERIFIER", Result: true})
	return x.nextCustom(ctx)
}

// define asks what is next: a challenge's name, or that the user is in.
func (x *exchange) define(ctx context.Context) (name string, in bool, err error) {
	arn := x.Pool.LambdaConfig.DefineAuthChallenge
	if arn == "" {
		return "", false, api.InvalidParameter.Errorf("Custom auth lambda trigger is not configured for the user pool.")
	}
	var response struct {
		Name *string `json:"challengeName"`
		In   *bool   `json:"issueTokens"`
		Fail *bool   `json:"failAuthentication"`
	}
	request := map[string]any{"userAttributes": x.attributes(), "session": x.state.Custom.Steps, "clientMetadata": orEmpty(x.Metadata),
		"userNotFound": x.user == nil}
	err = x.s.call(ctx, x.Pool, x.Client.ClientID, "DefineAuthChallenge", arn, "DefineAuthChallenge_Authentication", x.username(),
		request, &response)
	switch {
	case err != nil:
		return "", false, err
	case response.Fail != nil && *response.Fail:
		return "", false, x.spend(ctx, incorrect())
	case response.In != nil && *response.In:
		return "", true, nil
	case response.Name == nil || *response.Name == "":
		return "", false, api.InvalidLambdaResponse.Errorf("DefineAuthChallenge returned no challenge.")
	}
	return *response.Name, false, nil
}

// nextCustom asks the next challenge, or ends the sign-in.
func (x *exchange) nextCustom(ctx context.Context) (*Step, error) {
	if len(x.state.Custom.Steps) > maxCustomSteps {
		return nil, x.spend(ctx, incorrect())
	}
	name, in, err := x.define(ctx)
	switch {
	case err != nil:
		return nil, err
	case in && x.user == nil:
		return nil, x.spend(ctx, incorrect())
	case in:
		return x.customPassed(ctx)
	case name != "CUSTOM_CHALLENGE":
		return nil, api.InvalidLambdaResponse.Errorf("DefineAuthChallenge returned challenge %s, which can not follow.", name)
	}
	arn := x.Pool.LambdaConfig.CreateAuthChallenge
	if arn == "" {
		return nil, api.InvalidParameter.Errorf("CreateAuthChallenge lambda trigger is not configured for the user pool.")
	}
	var response struct {
		Public  map[string]string `json:"publicChallengeParameters"`
		Private map[string]string `json:"privateChallengeParameters"`
		Note    string            `json:"challengeMetadata"`
	}
	request := map[string]any{"userAttributes": x.attributes(), "challengeName": name, "session": x.state.Custom.Steps,
		"clientMetadata": orEmpty(x.Metadata), "userNotFound": x.user == nil}
	err = x.s.call(ctx, x.Pool, x.Client.ClientID, "CreateAuthChallenge", arn, "CreateAuthChallenge_Authentication", x.username(),
		request, &response)
	if err != nil {
		return nil, err
	}
	x.state.Custom.Private, x.state.Custom.Note = response.Private, response.Note
	parameters := map[string]string{}
	for k, v := range response.Public {
		parameters[k] = v
	}
	parameters["USERNAME"] = x.username()
	return x.challenge(ctx, name, parameters)
}

// customPassed ends a custom sign-in: the triggers stand in for password and MFA.
func (x *exchange) customPassed(ctx context.Context) (*Step, error) {
	switch x.user.Status {
	case user.Unconfirmed:
		return nil, api.UserNotConfirmed.Errorf("User is not confirmed.")
	case user.ResetRequired:
		return nil, api.PasswordResetRequired.Errorf("Password reset required for the user")
	case user.ForceChange:
		return x.askNewPassword(ctx)
	}
	x.state.Trusted = true // for MFA
	return x.afterFirst(ctx)
}

func (x *exchange) answerCustom(ctx context.Context, answers map[string]string) (*Step, error) {
	answer, ok := answers["ANSWER"]
	if !ok {
		return nil, missing("ANSWER")
	}
	arn := x.Pool.LambdaConfig.VerifyAuthChallengeResponse
	if arn == "" || x.state.Custom == nil {
		return nil, api.InvalidParameter.Errorf("VerifyAuthChallengeResponse lambda trigger is not configured for the user pool.")
	}
	var response struct {
		Correct *bool `json:"answerCorrect"`
	}
	request := map[string]any{"userAttributes": x.attributes(), "privateChallengeParameters": orEmpty(x.state.Custom.Private),
		"challengeAnswer": answer,
		"clientMetadata":  orEmpty(x.Metadata), "userNotFound": x.user == nil}
	err := x.s.call(ctx, x.Pool, x.Client.ClientID, "VerifyAuthChallengeResponse", arn, "VerifyAuthChallengeResponse_Authentication",
		x.username(), request, &response)
	if err != nil {
		return nil, err
	}
	if response.Correct == nil {
		return nil, api.InvalidLambdaResponse.Errorf("VerifyAuthChallengeResponse returned no answerCorrect.")
	}
	x.state.Custom.Steps = append(x.state.Custom.Steps, customStep{Name: "CUSTOM_CHALLENGE", Result: *response.Correct,
		Note: x.state.Custom.Note})
	return x.nextCustom(ctx)
}
