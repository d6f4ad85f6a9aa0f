package account

import (
	"slices"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// choice is what a request says of one method; the three structures of the API are alike.
type choice struct {
	name               string
	enabled, preferred *bool
	given              bool
}

func choices(sms *wire.SMSMfaSettings, app *wire.SoftwareTokenMfaSettings, mail *wire.EmailMfaSettings) []choice {
	list := []choice{{name: "SMS_MFA"}, {name: "SOFTWARE_TOKEN_MFA"}, {name: "EMAIL_OTP"}}
	if sms != nil {
		list[0] = choice{"SMS_MFA", sms.Enabled, sms.PreferredMfa, true}
	}
	if app != nil {
		list[1] = choice{"SOFTWARE_TOKEN_MFA", app.Enabled, app.PreferredMfa, true}
	}
	if mail != nil {
		list[2] = choice{"EMAIL_OTP", mail.Enabled, mail.PreferredMfa, true}
	}
	return list
}

// prefer sets which methods the user has on, and which they like best.
func prefer(p *pool.Pool, u *user.User, list []choice, webAuthn *wire.WebAuthnMfaSettings) error {
	var preferred []string
	m := &u.More.MFA
	on := map[string]*bool{"SMS_MFA": &m.SMS, "SOFTWARE_TOKEN_MFA": &m.TOTP, "EMAIL_OTP": &m.Email}
	for _, c := range list {
		if !c.given {
			continue
		}
		if isTrue(c.preferred) {
			preferred = append(preferred, c.name)
		}
		if isTrue(c.enabled) {
			if err := possible(p, u, c.name); err != nil {
				return err
			}
		}
		*on[c.name] = isTrue(c.enabled)
		if m.Preferred == c.name && (!isTrue(c.enabled) || c.preferred != nil && !*c.preferred) {
			m.Preferred = ""
		}
	}
	switch {
	case len(preferred) > 1:
		return api.InvalidParameter.Errorf("Only one MFA method can be preferred.")
	case len(preferred) == 1 && !*on[preferred[0]]:
		return api.InvalidParameter.Errorf("A preferred MFA method must be enabled.")
	case len(preferred) == 1:
		m.Preferred = preferred[0]
	}
	if webAuthn != nil {
		m.WebAuthn = isTrue(webAuthn.Enabled)
	}
	return nil
}

// possible refuses a method for which user or pool lack something.
func possible(p *pool.Pool, u *user.User, method string) error {
	switch {
	case method == "SMS_MFA" && u.Attr["phone_number"] == "":
		return api.InvalidParameter.Errorf("User does not have a phone number.")
	case method == "SOFTWARE_TOKEN_MFA" && (u.More.TOTP == nil || !u.More.TOTP.Verified):
		return api.InvalidParameter.Errorf("User has not verified software token mfa")
	case method == "EMAIL_OTP" && u.Attr["email"] == "":
		return api.InvalidParameter.Errorf("User does not have an email address.")
	case method == "EMAIL_OTP" && p.MFA.Email == nil:
		return api.InvalidParameter.Errorf("Email MFA is not enabled for the user pool.")
	}
	return nil
}

func (s *Service) setPreference(c *api.Call, in *wire.SetUserMFAPreferenceRequest) (*wire.Empty, error) {
	session, err := s.session(c, in.AccessToken)
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, s.own(c, session, func(_ *store.Tx, u *user.User) error {
		return prefer(session.Pool, u, choices(in.SMSMfaSettings, in.SoftwareTokenMfaSettings, in.EmailMfaSettings), in.WebAuthnMfaSettings)
	})
}

func (s *Service) adminSetPreference(c *api.Call, in *wire.AdminSetUserMFAPreferenceRequest) (*wire.Empty, error) {
	return &wire.Empty{}, s.edit(c, in.UserPoolID, in.Username, func(_ *store.Tx, p *pool.Pool, u *user.User) error {
		return prefer(p, u, choices(in.SMSMfaSettings, in.SoftwareTokenMfaSettings, in.EmailMfaSettings), in.WebAuthnMfaSettings)
	})
}

// factors lists what the user can prove themselves with.
func (s *Service) factors(c *api.Call, p *pool.Pool, u *user.User) (list []string, err error) {
	if u.Hash != "" {
		list = append(list, "PASSWORD")
	}
	if u.Verified("email") && (p.FirstFactor("EMAIL_OTP") || slices.Contains(methods(u), "EMAIL_OTP")) {
		list = append(list, "EMAIL_OTP")
	}
	if u.Verified("phone_number") && (p.FirstFactor("SMS_OTP") || slices.Contains(methods(u), "SMS_MFA")) {
		list = append(list, "SMS_OTP")
	}
	err = s.Store.View(c, func(tx *store.Tx) error {
		keys, err := tx.UserObjects(p.ID, u.ID, "passkey", "", 1)
		if len(keys) > 0 {
			list = append(list, "WEB_AUTHN")
		}
		return err
	})
	return list, err
}

func methods(u *user.User) []string {
	list, _ := u.Methods()
	return list
}

func (s *Service) getFactors(c *api.Call, in *wire.GetUserAuthFactorsRequest) (*wire.GetUserAuthFactorsResponse, error) {
	session, err := s.session(c, in.AccessToken)
	if err != nil {
		return nil, err
	}
	list, err := s.factors(c, session.Pool, session.User)
	on, preferred := session.User.Methods()
	return &wire.GetUserAuthFactorsResponse{Username: session.User.Username, PreferredMfaSetting: preferred, UserMFASettingList: on,
		ConfiguredUserAuthFactors: list}, err
}

func (s *Service) adminGetFactors(c *api.Call, in *wire.AdminGetUserAuthFactorsRequest) (*wire.AdminGetUserAuthFactorsResponse, error) {
	p, u, err := s.find(c, in.UserPoolID, in.Username)
	if err != nil {
		return nil, err
	}
	list, err := s.factors(c, p, u)
	on, preferred := u.Methods()
	return &wire.AdminGetUserAuthFactorsResponse{Username: u.Username, PreferredMfaSetting: preferred, UserMFASettingList: on,
		ConfiguredUserAuthFactors: list}, err
}

func (s *Service) adminDropTOTP(c *api.Call, in *wire.AdminDeleteSoftwareTokenRequest) (*wire.Empty, error) {
	return &wire.Empty{}, s.edit(c, in.UserPoolID, in.Username, func(_ *store.Tx, _ *pool.Pool, u *user.User) error {
		u.More.TOTP, u.More.MFA.TOTP = nil, false
		if u.More.MFA.Preferred == "SOFTWARE_TOKEN_MFA" {
			u.More.MFA.Preferred = ""
		}
		return nil
	})
}
