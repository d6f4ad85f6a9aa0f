package auth

import (
	"context"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/message"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// ForgotPassword sends a code by which the user can set a new password.
func (s *Service) ForgotPassword(c *api.Call, in *wire.ForgotPasswordRequest) (*wire.ForgotPasswordResponse, error) {
	r, err := s.request(c, in.ClientID, in.SecretHash, in.Username, in.ClientMetadata)
	if err != nil {
		return nil, err
	}
	u, err := s.find(c, r.Pool, in.Username)
	if err == nil && u == nil {
		u, err = s.migrate(c, r, in.Username, "", "UserMigration_ForgotPassword")
	}
	switch {
	case err != nil:
		return nil, err
	case u == nil && r.Client.HidesUsers():
		return &wire.ForgotPasswordResponse{CodeDeliveryDetails: simulated(in.Username)}, nil
	case u == nil:
		return nil, nobody()
	case !u.Enabled:
		return nil, disabled()
	case u.Status == user.ForceChange || u.Status == user.External:
		return nil, api.NotAuthorized.Errorf("User password cannot be reset in the current state.")
	}
	code, err := s.RecoveryCode(c, r, u)
	if err != nil {
		return nil, err
	}
	if err := s.Store.Update(c, code.Put); err != nil {
		return nil, err
	}
	s.Messages.Announce(code.Message)
	s.note(c, r, u.ID, "ForgotPassword", "Pass")
	return &wire.ForgotPasswordResponse{CodeDeliveryDetails: details(code)}, nil
}

// RecoveryCode makes the code that goes to the first verified address or number of those that the pool allows. The request needs no client.
func (s *Service) RecoveryCode(ctx context.Context, r Request, u *user.User) (*message.Pending, error) {
	list := recovery(r.Pool)
	if len(list) == 0 {
		return nil, api.NotAuthorized.Errorf("Contact administrator to reset password.")
	}
	var client string
	if r.Client != nil {
		client = r.Client.ClientID
	}
	for _, medium := range list {
		to, attribute := u.Contact(medium)
		if u.Verified(attribute) {
			return s.Messages.Prepare(ctx, message.Draft{Pool: r.Pool, ClientID: client, User: u, Kind: message.ForgotPassword, Medium: medium, To: to,
				Metadata: r.Metadata}, message.ToReset, attribute)
		}
	}
	return nil, api.InvalidParameter.Errorf("Cannot reset password for the user as there is no registered/verified email or phone_number")
}

// ConfirmForgotPassword sets a new password by the code that ForgotPassword sent.
func (s *Service) ConfirmForgotPassword(c *api.Call, in *wire.ConfirmForgotPasswordRequest) (*wire.Empty, error) {
	r, err := s.request(c, in.ClientID, in.SecretHash, in.Username, in.ClientMetadata)
	if err != nil {
		return nil, err
	}
	if err := user.CheckPolicy(r.Pool, in.Password); err != nil {
		return nil, err
	}
	u, err := s.find(c, r.Pool, in.Username)
	switch {
	case err != nil:
		return nil, err
	case u == nil && r.Client.HidesUsers():
		return nil, message.Expired()
	case u == nil:
		return nil, nobody()
	case !u.Enabled:
		return nil, disabled()
	case u.Status == user.Unconfirmed:
		return nil, api.UserNotConfirmed.Errorf("User is not confirmed.")
	case u.Status == user.ForceChange || u.Status == user.External:
		return nil, api.NotAuthorized.Errorf("User password cannot be reset in the current state.")
	}
	if err := u.CheckHistory(r.Pool, in.Password); err != nil {
		return nil, err
	}
	now := s.Now()
	fresh := user.NewPassword(r.Pool, u.Username, in.Password, s.Cost)
	err = message.Redeem(c, s.Store, r.Pool, u.ID, message.ToReset, in.ConfirmationCode, now, func(tx *store.Tx, v *user.User,
		attribute, value string) error {
		v.SetPassword(r.Pool, fresh, false, now)
		v.Status = user.Confirmed
		if v.Attr[attribute] == value {
			v.Attr[attribute+"_verified"] = "true"
		}
		u = v
		return v.Save(tx, r.Pool, now)
	})
	if err != nil {
		return nil, err
	}
	s.note(c, r, u.ID, "PasswordChange", "Pass")
	return &wire.Empty{}, s.postConfirmation(c, r, u, "PostConfirmation_ConfirmForgotPassword")
}
