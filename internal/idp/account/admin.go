package account

import (
	"errors"
	"slices"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/auth"
	"github.com/gibbon-gateway/gibbon/internal/idp/message"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/trigger"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

func (s *Service) adminGet(c *api.Call, in *wire.AdminGetUserRequest) (*wire.AdminGetUserResponse, error) {
	_, u, err := s.find(c, in.UserPoolID, in.Username)
	if err != nil {
		return nil, err
	}
	methods, preferred := u.Methods()
	return &wire.AdminGetUserResponse{Username: u.Username, UserAttributes: u.Shown(nil), UserCreateDate: wire.At(u.Created),
		UserLastModifiedDate: wire.At(u.Modified), Enabled: new(u.Enabled), UserStatus: u.Status, MFAOptions: u.More.MFAOptions,
		PreferredMfaSetting: preferred, UserMFASettingList: methods}, nil
}

func (s *Service) adminDelete(c *api.Call, in *wire.AdminDeleteUserRequest) (*wire.Empty, error) {
	p, u, err := s.find(c, in.UserPoolID, in.Username)
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, s.remove(c, p, u)
}

func (s *Service) remove(c *api.Call, p *pool.Pool, u *user.User) error {
	err := s.Store.Update(c, func(tx *store.Tx) error { return tx.DeleteUser(p.ID, u.ID) })
	if errors.Is(err, store.ErrNotFound) {
		return noUser()
	}
	return err
}

func (s *Service) adminEnable(c *api.Call, in *wire.AdminEnableUserRequest) (*wire.Empty, error) {
	return &wire.Empty{}, s.edit(c, in.UserPoolID, in.Username, func(_ *store.Tx, _ *pool.Pool, u *user.User) error {
		u.Enabled = true
		return nil
	})
}

func (s *Service) adminDisable(c *api.Call, in *wire.AdminDisableUserRequest) (*wire.Empty, error) {
	return &wire.Empty{}, s.edit(c, in.UserPoolID, in.Username, func(tx *store.Tx, p *pool.Pool, u *user.User) error {
		u.Enabled = false
		u.SignedOut = s.Now()
		return tx.RevokeGrantsOf(p.ID, u.ID)
	})
}

// AdminSetUserPassword gives a user a password: for good, or until their next sign-in.
func (s *Service) AdminSetUserPassword(c *api.Call, in *wire.AdminSetUserPasswordRequest) (*wire.Empty, error) {
	p, u, err := s.find(c, in.UserPoolID, in.Username)
	if err != nil {
		return nil, err
	}
	if err := user.CheckPolicy(p, in.Password); err != nil {
		return nil, err
	}
	if err := u.CheckHistory(p, in.Password); err != nil {
		return nil, err
	}
	fresh := user.NewPassword(p, u.Username, in.Password, s.Cost)
	return &wire.Empty{}, s.edit(c, in.UserPoolID, in.Username, func(_ *store.Tx, _ *pool.Pool, u *user.User) error {
		u.SetPassword(p, fresh, !isTrue(in.Permanent), s.Now())
		u.Status = user.Confirmed
		if !isTrue(in.Permanent) {
			u.Status = user.ForceChange
		}
		return nil
	})
}

func (s *Service) adminReset(c *api.Call, in *wire.AdminResetUserPasswordRequest) (*wire.Empty, error) {
	p, u, err := s.find(c, in.UserPoolID, in.Username)
	if err != nil {
		return nil, err
	}
	impossible := api.NotAuthorized.Errorf("User password cannot be reset in the current state.")
	if u.Status != user.Confirmed && u.Status != user.ResetRequired {
		return nil, impossible
	}
	code, err := s.Auth.RecoveryCode(c, auth.Request{Pool: p, Metadata: in.ClientMetadata}, u)
	if err != nil {
		return nil, err
	}
	err = s.edit(c, in.UserPoolID, in.Username, func(tx *store.Tx, _ *pool.Pool, u *user.User) error {
		if u.Status != user.Confirmed && u.Status != user.ResetRequired {
			return impossible
		}
		u.Status = user.ResetRequired
		return code.Put(tx)
	})
	if err == nil {
		s.Messages.Announce(code.Message)
	}
	return &wire.Empty{}, err
}

func (s *Service) adminConfirm(c *api.Call, in *wire.AdminConfirmSignUpRequest) (*wire.Empty, error) {
	var confirmed *user.User
	var p *pool.Pool
	err := s.edit(c, in.UserPoolID, in.Username, func(tx *store.Tx, pl *pool.Pool, u *user.User) error {
		if u.Status != user.Unconfirmed {
			return api.NotAuthorized.Errorf("User cannot be confirmed. Current status is %s", u.Status)
		}
		u.Status = user.Confirmed
		confirmed, p = u, pl
		if err := taken(tx, pl, u); err != nil {
			return err
		}
		return tx.DeleteCode(pl.ID, u.ID, message.ToConfirm)
	})
	if err != nil || p.LambdaConfig.PostConfirmation == "" {
		return &wire.Empty{}, err
	}
	return &wire.Empty{}, s.Triggers.Call(c, "PostConfirmation", p.LambdaConfig.PostConfirmation, trigger.Event{
		TriggerSource: "PostConfirmation_ConfirmSignUp", Region: p.Region, UserPoolID: p.ID, UserName: confirmed.Username,
		Request: map[string]any{"userAttributes": message.Attributes(confirmed), "clientMetadata": in.ClientMetadata}}, &struct{}{})
}

func (s *Service) adminSetSettings(c *api.Call, in *wire.AdminSetUserSettingsRequest) (*wire.Empty, error) {
	return &wire.Empty{}, s.edit(c, in.UserPoolID, in.Username, func(_ *store.Tx, _ *pool.Pool, u *user.User) error {
		return setOptions(u, in.MFAOptions)
	})
}

// setOptions serves the legacy operations, which know text messages only.
func setOptions(u *user.User, options []wire.MFAOption) error {
	for _, o := range options {
		if o.DeliveryMedium != "SMS" || o.AttributeName != "phone_number" {
			return api.InvalidParameter.Errorf("Only SMS to phone_number is supported.")
		}
	}
	u.More.MFAOptions = options
	u.More.MFA.SMS = len(options) > 0
	return nil
}

func (s *Service) adminLink(c *api.Call, in *wire.AdminLinkProviderForUserRequest) (*wire.Empty, error) {
	p, err := s.Pools.Pool(c, in.UserPoolID)
	if err != nil {
		return nil, err
	}
	source, destination := in.SourceUser, in.DestinationUser
	idp, ok := p.Provider(source.ProviderName)
	switch {
	case !ok:
		return nil, api.InvalidParameter.Errorf("Invalid SourceUser: the provider %s does not exist.", source.ProviderName)
	case source.ProviderAttributeValue == "" || destination.ProviderAttributeValue == "":
		return nil, api.InvalidParameter.Errorf("ProviderAttributeValue is required for SourceUser and DestinationUser.")
	}
	return &wire.Empty{}, s.Store.Update(c, func(tx *store.Tx) error {
		u, err := destinationUser(tx, p, destination)
		if err != nil {
			return err
		}
		other, err := user.ByIdentity(tx, p, source.ProviderName, source.ProviderAttributeValue)
		switch {
		case err == nil && other.ID == u.ID:
			return api.InvalidParameter.Errorf("SourceUser is already linked to DestinationUser")
		case err == nil:
			return api.AliasExists.Errorf("SourceUser is linked to another user already.")
		case !errors.Is(err, store.ErrNotFound):
			return err
		case len(u.More.Identities) >= 5:
			return api.LimitExceeded.Errorf("A user can not have more than 5 identities.")
		}
		u.More.Identities = append(u.More.Identities, auth.NewIdentity(idp, source.ProviderAttributeValue, false, s.Now().UnixMilli()))
		return u.Save(tx, p, s.Now())
	})
}

func destinationUser(tx *store.Tx, p *pool.Pool, d *wire.ProviderUserIdentifier) (*user.User, error) {
	if d.ProviderName == "" || d.ProviderName == "Cognito" {
		return find(tx, p, d.ProviderAttributeValue)
	}
	u, err := user.ByIdentity(tx, p, d.ProviderName, d.ProviderAttributeValue)
	if errors.Is(err, store.ErrNotFound) {
		return nil, noUser()
	}
	return u, err
}

func (s *Service) adminUnlink(c *api.Call, in *wire.AdminDisableProviderForUserRequest) (*wire.Empty, error) {
	p, err := s.Pools.Pool(c, in.UserPoolID)
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, s.Store.Update(c, func(tx *store.Tx) error {
		u, err := destinationUser(tx, p, in.User)
		if err != nil {
			return err
		}
		if in.User.ProviderName == "" || in.User.ProviderName == "Cognito" {
			u.Hash, u.Salt, u.Verifier = "", nil, nil // they can not sign in by password any more
			return u.Save(tx, p, s.Now())
		}
		u.More.Identities = slices.DeleteFunc(u.More.Identities, func(i user.Identity) bool {
			return i.ProviderName == in.User.ProviderName && i.UserID == in.User.ProviderAttributeValue
		})
		return u.Save(tx, p, s.Now())
	})
}
