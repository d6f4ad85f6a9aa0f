package auth

import (
	"context"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/grant"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
)

// flowName is a flow as ExplicitAuthFlows calls it.
var flowName = map[string]string{
	"USER_PASSWORD_AUTH": "USER_PASSWORD_AUTH", "USER_SRP_AUTH": "USER_SRP_AUTH", "CUSTOM_AUTH": "CUSTOM_AUTH", "USER_AUTH": "USER_AUTH",
	"REFRESH_TOKEN_AUTH": "REFRESH_TOKEN_AUTH", "REFRESH_TOKEN": "REFRESH_TOKEN_AUTH",
	"ADMIN_USER_PASSWORD_AUTH": "ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH": "ADMIN_USER_PASSWORD_AUTH",
}

// allowed refuses a flow that the client may not use, or that there is not.
func (r Request) allowed(flow string) error {
	name, ok := flowName[flow]
	switch {
	case !ok:
		return api.InvalidParameter.Errorf("Initiate Auth method not supported.")
	case r.Admin && name == "USER_PASSWORD_AUTH", !r.Admin && name == "ADMIN_USER_PASSWORD_AUTH":
		return api.InvalidParameter.Errorf("Initiate Auth method not supported.")
	case r.Hosted:
		return nil
	case name == "REFRESH_TOKEN_AUTH" && r.Client.Rotates():
		return api.UnsupportedOperation.Errorf("REFRESH_TOKEN_AUTH is not supported when refresh token rotation is enabled.")
	case r.Client.Allows(name):
		return nil
	case name == "USER_PASSWORD_AUTH":
		return api.InvalidParameter.Errorf("USER_PASSWORD_AUTH flow not enabled for this client")
	}
	return api.InvalidParameter.Errorf("Auth flow not enabled for this client")
}

// maxParameter bounds the values of AuthParameters and ChallengeResponses; a passkey's answer may be longer.
const (
	maxParameter  = 4096
	maxCredential = 64 << 10
)

func bounded(parameters map[string]string) error {
	for name, v := range parameters {
		if len(v) > maxCredential || len(v) > maxParameter && name != "CREDENTIAL" {
			return api.InvalidParameter.Errorf("Parameter %.100s is too long.", name)
		}
	}
	return nil
}

// Initiate begins a sign-in.
func (s *Service) Initiate(ctx context.Context, r Request, flow string, parameters map[string]string, session string) (*Step, error) {
	if err := r.allowed(flow); err != nil {
		return nil, err
	}
	if err := bounded(parameters); err != nil {
		return nil, err
	}
	if flowName[flow] == "REFRESH_TOKEN_AUTH" {
		return s.refresh(ctx, r, parameters)
	}
	name := parameters["USERNAME"]
	if name == "" {
		return nil, missing("USERNAME")
	}
	if !r.Hosted {
		if err := r.Client.CheckHash(parameters["SECRET_HASH"], name); err != nil {
			return nil, err
		}
	}
	x := s.begin(r, flow, name)
	x.state.DeviceKey = parameters["DEVICE_KEY"]
	switch flowName[flow] {
	case "USER_SRP_AUTH":
		if parameters["SRP_A"] == "" {
			return nil, missing("SRP_A")
		}
		if err := x.identify(ctx, true); err != nil {
			return nil, err
		}
		return x.startSRP(ctx, parameters["SRP_A"])
	case "CUSTOM_AUTH":
		return x.startCustom(ctx, parameters)
	case "USER_AUTH":
		return x.startChoice(ctx, parameters, session)
	}
	if parameters["PASSWORD"] == "" {
		return nil, missing("PASSWORD")
	}
	return x.passwordStep(ctx, parameters["PASSWORD"], true)
}

// Respond answers a challenge.
func (s *Service) Respond(ctx context.Context, r Request, challenge, session string, answers map[string]string) (*Step, error) {
	if err := bounded(answers); err != nil {
		return nil, err
	}
	if challenge == "PASSWORD_VERIFIER" || challenge == "DEVICE_PASSWORD_VERIFIER" {
		block := answers["PASSWORD_CLAIM_SECRET_BLOCK"]
		if block == "" {
			return nil, missing("PASSWORD_CLAIM_SECRET_BLOCK")
		}
		session = block // it is the session
	} else if session == "" {
		return nil, missing("Session")
	}
	handlers := map[string]func(*exchange, context.Context, map[string]string) (*Step, error){
		"PASSWORD_VERIFIER": (*exchange).answerSRP, "DEVICE_SRP_AUTH": (*exchange).answerDevice,
		"DEVICE_PASSWORD_VERIFIER": (*exchange).answerDeviceSRP, "NEW_PASSWORD_REQUIRED": (*exchange).answerNewPassword,
		"SMS_MFA": (*exchange).answerOTP, "EMAIL_OTP": (*exchange).answerOTP, "SMS_OTP": (*exchange).answerOTP,
		"SOFTWARE_TOKEN_MFA": (*exchange).answerTOTP, "SELECT_MFA_TYPE": (*exchange).answerMethod, "MFA_SETUP": (*exchange).answerSetup,
		"SELECT_CHALLENGE": (*exchange).answerChoice, "PASSWORD": (*exchange).answerPassword, "PASSWORD_SRP": (*exchange).answerPasswordSRP,
		"WEB_AUTHN": (*exchange).answerPasskey, "CUSTOM_CHALLENGE": (*exchange).answerCustom, "ADMIN_NO_SRP_AUTH": (*exchange).answerPassword,
	}
	handler, ok := handlers[challenge]
	if !ok {
		return nil, api.InvalidParameter.Errorf("Unsupported challenge %s", challenge)
	}
	if challenge == "MFA_SETUP" && answers["SESSION"] != "" {
		session = answers["SESSION"] // of VerifySoftwareToken
	}
	x, err := s.resume(ctx, r, session, challenge)
	if err != nil {
		return nil, err
	}
	if err := x.named(answers); err != nil {
		return nil, err
	}
	return handler(x, ctx, answers)
}

// refresh serves REFRESH_TOKEN_AUTH.
func (s *Service) refresh(ctx context.Context, r Request, parameters map[string]string) (*Step, error) {
	raw := parameters["REFRESH_TOKEN"]
	if raw == "" {
		return nil, missing("REFRESH_TOKEN")
	}
	if r.Client.HasSecret() && parameters["SECRET_HASH"] == "" {
		return nil, r.Client.CheckHash("", "")
	}
	t, err := s.Grants.Renew(ctx, grant.Renewal{Pool: r.Pool, Client: r.Client, Token: raw, DeviceKey: parameters["DEVICE_KEY"],
		Metadata: r.Metadata,
		IP:       r.IP, Agent: r.Agent, Check: func(u *user.User) error {
			x := exchange{Request: r, user: u, state: state{Name: u.Username}}
			return r.Client.CheckHash(parameters["SECRET_HASH"], x.names()...)
		}})
	if err != nil {
		return nil, err
	}
	return &Step{Tokens: t}, nil
}

// finish ends the sign-in: the user is in.
func (x *exchange) finish(ctx context.Context) (*Step, error) {
	if err := x.postAuthentication(ctx); err != nil {
		return nil, err
	}
	step := &Step{}
	if tracked(x.Pool) && !x.Hosted && x.state.DeviceKey == "" {
		step.Device = x.newDevice()
	}
	if x.user.Failures > 0 || !x.user.LockedUntil.IsZero() {
		x.edit(forgive)
	}
	if err := x.commit(ctx); err != nil {
		return nil, err
	}
	x.event(ctx, "SignIn", "Pass")
	step.Done = &Done{UserID: x.user.ID, Username: x.user.Username, EventID: x.state.EventID, AuthTime: x.now, DeviceKey: x.state.DeviceKey,
		Source: x.state.Source}
	if x.Hosted {
		return step, nil
	}
	var err error
	step.Tokens, err = x.s.Grants.Issue(ctx, grant.User{Pool: x.Pool, Client: x.Client, UserID: x.user.ID, EventID: x.state.EventID,
		AuthTime: x.now,
		Source:   x.state.Source, DeviceKey: x.state.DeviceKey, Metadata: x.Metadata, IP: x.IP, Agent: x.Agent})
	return step, err
}
