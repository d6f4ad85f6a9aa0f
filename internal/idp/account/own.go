package account

import (
	"errors"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/grant"
	"github.com/gibbon-gateway/gibbon/internal/idp/password"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

func (s *Service) getOwn(c *api.Call, in *wire.GetUserRequest) (*wire.GetUserResponse, error) {
	session, err := s.session(c, in.AccessToken)
	if err != nil {
		return nil, err
	}
	methods, preferred := session.User.Methods()
	return &wire.GetUserResponse{Username: session.User.Username, UserAttributes: session.Attributes(), MFAOptions: session.User.More.MFAOptions,
		PreferredMfaSetting: preferred, UserMFASettingList: methods}, nil
}

func (s *Service) deleteOwn(c *api.Call, in *wire.DeleteUserRequest) (*wire.Empty, error) {
	session, err := s.session(c, in.AccessToken)
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, s.remove(c, session.Pool, session.User)
}

// ChangePassword replaces a user's password by one of their choice.
func (s *Service) ChangePassword(c *api.Call, in *wire.ChangePasswordRequest) (*wire.Empty, error) {
	session, err := s.session(c, in.AccessToken)
	if err != nil {
		return nil, err
	}
	p, u := session.Pool, session.User
	if u.Status == user.External {
		return nil, api.NotAuthorized.Errorf("User password cannot be changed in the current state.")
	}
	if u.Hash != "" {
		if err := s.checkPrevious(c, session, in.PreviousPassword); err != nil {
			return nil, err
		}
	}
	if err := user.CheckPolicy(p, in.ProposedPassword); err != nil {
		return nil, err
	}
	if err := u.CheckHistory(p, in.ProposedPassword); err != nil {
		return nil, err
	}
	fresh := user.NewPassword(p, u.Username, in.ProposedPassword, s.Cost)
	return &wire.Empty{}, s.own(c, session, func(_ *store.Tx, v *user.User) error {
		if v.Hash != u.Hash {
			return api.NotAuthorized.Errorf("Incorrect username or password.") // it was changed meanwhile
		}
		v.SetPassword(p, fresh, false, s.Now())
		return nil
	})
}

// checkPrevious compares the old password; a wrong one counts as at a sign-in.
func (s *Service) checkPrevious(c *api.Call, session *grant.Session, plain string) error {
	if session.User.Locked(s.Now()) {
		return api.LimitExceeded.Errorf("Attempt limit exceeded, please try after some time.")
	}
	if plain == "" {
		return api.InvalidParameter.Errorf("Missing required parameter PreviousPassword")
	}
	if password.Matches(plain, session.User.Hash) {
		return nil
	}
	err := s.Store.Update(c, func(tx *store.Tx) error {
		u, err := user.ByID(tx, session.Pool, session.User.ID)
		if errors.Is(err, store.ErrNotFound) {
			return noUser()
		}
		if err != nil {
			return err
		}
		u.Fail(s.Now())
		return u.SaveState(tx)
	})
	if err != nil {
		return err
	}
	return api.NotAuthorized.Errorf("Incorrect username or password.")
}

func (s *Service) setSettings(c *api.Call, in *wire.SetUserSettingsRequest) (*wire.Empty, error) {
	session, err := s.session(c, in.AccessToken)
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, s.own(c, session, func(_ *store.Tx, u *user.User) error { return setOptions(u, in.MFAOptions) })
}
