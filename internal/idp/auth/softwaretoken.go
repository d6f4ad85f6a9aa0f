package auth

import (
	"encoding/json"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/grant"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/token"
	"github.com/gibbon-gateway/gibbon/internal/idp/totp"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// setup finds out, for AssociateSoftwareToken and VerifySoftwareToken, whose app is to be set up: that of a signed-in user, or, with a
// session of MFA_SETUP, that of one who is signing in.
func (s *Service) setup(c *api.Call, accessToken, session string) (x *exchange, err error) {
	switch {
	case accessToken != "" && session != "", accessToken == "" && session == "":
		return nil, api.InvalidParameter.Errorf("Only one of AccessToken and Session must be set.")
	case accessToken != "":
		signed, err := s.Grants.Authenticate(c, accessToken, grant.AdminScope)
		if err != nil {
			return nil, err
		}
		return &exchange{s: s, now: s.Now(), user: signed.User, Request: Request{Pool: signed.Pool, Client: signed.Client}}, nil
	}
	return s.resumeSetup(c, session)
}

// resumeSetup finds pool and client, which the call does not name, by the session.
func (s *Service) resumeSetup(c *api.Call, session string) (*exchange, error) {
	var row store.Session
	err := s.Store.View(c, func(tx *store.Tx) (err error) {
		row, err = tx.Session(token.Hash(session))
		return err
	})
	if err != nil {
		return nil, badSession()
	}
	p, client, err := s.Pools.ClientOf(c, row.PoolID, row.ClientID)
	if err != nil {
		return nil, badSession()
	}
	r := Request{Pool: p, Client: client, IP: c.IP(), Agent: c.Agent()}
	var st state
	if json.Unmarshal(row.State, &st) != nil {
		return nil, badSession()
	}
	r.Admin, r.Hosted = st.Admin, st.Hosted
	x, err := s.resume(c, r, session, "MFA_SETUP")
	if err == nil && x.user == nil {
		err = badSession()
	}
	return x, err
}

// AssociateSoftwareToken makes the secret of a new app.
func (s *Service) AssociateSoftwareToken(c *api.Call, in *wire.AssociateSoftwareTokenRequest) (*wire.AssociateSoftwareTokenResponse, error) {
	x, err := s.setup(c, in.AccessToken, in.Session)
	if err != nil {
		return nil, err
	}
	if !offersTOTP(x.Pool) {
		return nil, api.SoftwareTokenMFANotFound.Errorf("Software token MFA is not enabled for the user pool.")
	}
	secret := totp.NewSecret()
	out := &wire.AssociateSoftwareTokenResponse{SecretCode: totp.Text(secret)}
	if in.Session != "" {
		x.state.TOTP = &newTOTP{Secret: secret}
		step, err := x.challenge(c, "MFA_SETUP", nil)
		if err == nil {
			out.Session = step.Session
		}
		return out, err
	}
	x.edit(func(tx *store.Tx, u *user.User) error {
		// The app of before is gone, and with it the factor, until this one is verified and chosen.
		u.More.TOTP, u.More.MFA.TOTP = &user.TOTP{Secret: sealTOTP(tx, u.ID, secret)}, false
		if u.More.MFA.Preferred == app {
			u.More.MFA.Preferred = ""
		}
		return nil
	})
	return out, x.commit(c)
}

// offersTOTP says whether users may set up apps: always, unless the pool has MFA with other means only.
func offersTOTP(p *pool.Pool) bool { return p.MFA.SoftwareToken || p.MfaConfiguration == "OFF" }

// VerifySoftwareToken takes the first code of a new app.
func (s *Service) VerifySoftwareToken(c *api.Call, in *wire.VerifySoftwareTokenRequest) (*wire.VerifySoftwareTokenResponse, error) {
	x, err := s.setup(c, in.AccessToken, in.Session)
	if err != nil {
		return nil, err
	}
	wrong := api.EnableSoftwareTokenMFA.Errorf("Code mismatch")
	if in.Session == "" {
		x.edit(func(tx *store.Tx, u *user.User) error {
			t := u.More.TOTP
			if t == nil {
				return api.SoftwareTokenMFANotFound.Errorf("Software token MFA has not been associated.")
			}
			secret, err := openTOTP(tx, u.ID, t)
			if err != nil {
				return err
			}
			n, ok := totp.Match(secret, in.UserCode, x.now)
			if !ok {
				return wrong
			}
			t.Verified, t.Name, t.LastStep = true, in.FriendlyDeviceName, n
			return nil
		})
		return &wire.VerifySoftwareTokenResponse{Status: "SUCCESS"}, x.commit(c)
	}
	if x.state.TOTP == nil {
		return nil, api.SoftwareTokenMFANotFound.Errorf("Software token MFA has not been associated.")
	}
	if err := x.attempt(c); err != nil {
		return nil, err
	}
	secret := x.state.TOTP.Secret
	n, ok := totp.Match(secret, in.UserCode, x.now)
	if !ok {
		return nil, x.wrong(c, wrong)
	}
	x.state.TOTP = &newTOTP{Done: true}
	x.edit(func(tx *store.Tx, u *user.User) error {
		u.More.TOTP = &user.TOTP{Secret: sealTOTP(tx, u.ID, secret), Verified: true, Name: in.FriendlyDeviceName, LastStep: n}
		u.More.MFA.TOTP, u.More.MFA.Preferred = true, app
		return nil
	})
	step, err := x.challenge(c, "MFA_SETUP", nil)
	if err != nil {
		return nil, err
	}
	return &wire.VerifySoftwareTokenResponse{Status: "SUCCESS", Session: step.Session}, nil
}
