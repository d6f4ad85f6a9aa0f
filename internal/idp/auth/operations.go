package auth

import (
	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// Operations are those of the API that the Service serves.
func (s *Service) Operations() []api.Operation {
	const open, signed = api.Open, api.Signed
	return []api.Operation{
		api.Op("SignUp", open, s.SignUp), api.Op("ConfirmSignUp", open, s.ConfirmSignUp),
		api.Op("ResendConfirmationCode", open, s.ResendConfirmationCode),
		api.Op("ForgotPassword", open, s.ForgotPassword), api.Op("ConfirmForgotPassword", open, s.ConfirmForgotPassword),
		api.Op("InitiateAuth", open, s.initiate), api.Op("AdminInitiateAuth", signed, s.adminInitiate),
		api.Op("RespondToAuthChallenge", open, s.respond), api.Op("AdminRespondToAuthChallenge", signed, s.adminRespond),
		api.Op("AssociateSoftwareToken", open, s.AssociateSoftwareToken), api.Op("VerifySoftwareToken", open, s.VerifySoftwareToken),
		api.Op("StartWebAuthnRegistration", open, s.startRegistration),
		api.Op("CompleteWebAuthnRegistration", open, s.completeRegistration),
		api.Op("ListWebAuthnCredentials", open, s.listPasskeys), api.Op("DeleteWebAuthnCredential", open, s.deletePasskey),
	}
}

func (s *Service) initiate(c *api.Call, in *wire.InitiateAuthRequest) (*wire.InitiateAuthResponse, error) {
	r, err := s.request(c, in.ClientID, "", "", in.ClientMetadata)
	if err != nil {
		return nil, err
	}
	step, err := s.Initiate(c, r, in.AuthFlow, in.AuthParameters, in.Session)
	if err != nil {
		return nil, err
	}
	return step.response(), nil
}

func (s *Service) adminInitiate(c *api.Call, in *wire.AdminInitiateAuthRequest) (*wire.AdminInitiateAuthResponse, error) {
	r, err := s.adminRequest(c, in.UserPoolID, in.ClientID, in.ClientMetadata, in.ContextData)
	if err != nil {
		return nil, err
	}
	step, err := s.Initiate(c, r, in.AuthFlow, in.AuthParameters, in.Session)
	if err != nil {
		return nil, err
	}
	return (*wire.AdminInitiateAuthResponse)(step.response()), nil
}

func (s *Service) adminRequest(c *api.Call, pool, client string, metadata map[string]string, context *wire.ContextData) (Request, error) {
	p, cl, err := s.Pools.ClientOf(c, pool, client)
	r := Request{Pool: p, Client: cl, Admin: true, Metadata: metadata, IP: c.IP(), Agent: c.Agent()}
	if context != nil {
		r.IP = context.IPAddress
	}
	return r, err
}

func (s *Service) respond(c *api.Call, in *wire.RespondToAuthChallengeRequest) (*wire.RespondToAuthChallengeResponse, error) {
	r, err := s.request(c, in.ClientID, "", "", in.ClientMetadata)
	if err != nil {
		return nil, err
	}
	step, err := s.Respond(c, r, in.ChallengeName, in.Session, in.ChallengeResponses)
	if err != nil {
		return nil, err
	}
	return step.answer(), nil
}

func (s *Service) adminRespond(c *api.Call, in *wire.AdminRespondToAuthChallengeRequest) (*wire.AdminRespondToAuthChallengeResponse, error) {
	r, err := s.adminRequest(c, in.UserPoolID, in.ClientID, in.ClientMetadata, in.ContextData)
	if err != nil {
		return nil, err
	}
	step, err := s.Respond(c, r, in.ChallengeName, in.Session, in.ChallengeResponses)
	if err != nil {
		return nil, err
	}
	return (*wire.AdminRespondToAuthChallengeResponse)(step.answer()), nil
}

// response is the step as InitiateAuth answers it.
func (t *Step) response() *wire.InitiateAuthResponse {
	out := &wire.InitiateAuthResponse{ChallengeName: t.Challenge, Session: t.Session, ChallengeParameters: t.Parameters,
		AvailableChallenges: t.Available}
	if out.ChallengeParameters == nil {
		out.ChallengeParameters = map[string]string{}
	}
	if t.Tokens != nil {
		out.AuthenticationResult = t.Tokens.Result()
		out.AuthenticationResult.NewDeviceMetadata = t.Device
	}
	return out
}

// answer is the step as RespondToAuthChallenge answers it.
func (t *Step) answer() *wire.RespondToAuthChallengeResponse {
	r := t.response()
	return &wire.RespondToAuthChallengeResponse{ChallengeName: r.ChallengeName, Session: r.Session, ChallengeParameters: r.ChallengeParameters,
		AuthenticationResult: r.AuthenticationResult}
}
