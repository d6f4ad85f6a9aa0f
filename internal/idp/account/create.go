package account

import (
	"context"
	"errors"
	"slices"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/auth"
	"github.com/gibbon-gateway/gibbon/internal/idp/message"
	"github.com/gibbon-gateway/gibbon/internal/idp/password"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/trigger"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// AdminCreateUser makes a user with a temporary password, and invites them.
func (s *Service) AdminCreateUser(c *api.Call, in *wire.AdminCreateUserRequest) (*wire.AdminCreateUserResponse, error) {
	p, err := s.Pools.Pool(c, in.UserPoolID)
	if err != nil {
		return nil, err
	}
	if in.MessageAction == "RESEND" {
		return s.invite(c, p, in)
	}
	u := &user.User{Attr: make(map[string]string)}
	if err := u.Apply(p, in.UserAttributes, user.Writer{Admin: true, New: true}); err != nil {
		return nil, err
	}
	if err := u.Name(p, in.Username); err != nil {
		return nil, err
	}
	if err := s.preSignUp(c, p, u, in); err != nil {
		return nil, err
	}
	now := s.Now()
	u.Enabled, u.Created, u.Modified, u.Status = true, now, now, user.ForceChange
	plain, err := temporary(p, in)
	if err != nil {
		return nil, err
	}
	if plain == "" {
		u.Status = user.Confirmed
	} else {
		u.SetPassword(p, user.NewPassword(p, u.Username, plain, s.Cost), true, now)
	}
	messages, err := s.invitations(c, p, u, plain, in)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(c, func(tx *store.Tx) error {
		if _, err := tx.UserByName(p.ID, u.Key); err == nil {
			return api.UsernameExists.Errorf("User account already exists")
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := auth.Release(tx, p, u, isTrue(in.ForceAliasCreation), now); api.AliasExists.Is(err) {
			return api.UsernameExists.Errorf("%s", err.(*api.Error).Message)
		} else if err != nil {
			return err
		}
		if err := u.Insert(tx, p); err != nil {
			return err
		}
		return put(tx, messages)
	})
	if errors.Is(err, store.ErrExists) {
		err = api.UsernameExists.Errorf("User account already exists")
	}
	if err != nil {
		return nil, err
	}
	s.Messages.Announce(messages...)
	return &wire.AdminCreateUserResponse{User: shown(u, nil)}, nil
}

// temporary is the password that an invitation carries; "" where users need none.
func temporary(p *pool.Pool, in *wire.AdminCreateUserRequest) (string, error) {
	switch {
	case in.TemporaryPassword != "":
		return in.TemporaryPassword, user.CheckPolicy(p, in.TemporaryPassword)
	case len(p.Policies.SignInPolicy.AllowedFirstAuthFactors) > 1:
		return "", nil
	}
	return password.Temporary(p.PasswordPolicy()), nil
}

func (s *Service) preSignUp(ctx context.Context, p *pool.Pool, u *user.User, in *wire.AdminCreateUserRequest) error {
	arn := p.LambdaConfig.PreSignUp
	if arn == "" {
		return nil
	}
	data := make(map[string]string)
	for _, a := range in.ValidationData {
		data[a.Name] = a.Value
	}
	var response struct {
		Email bool `json:"autoVerifyEmail"`
		Phone bool `json:"autoVerifyPhone"`
		Auto  bool `json:"autoConfirmUser"`
	}
	err := s.Triggers.Call(ctx, "PreSignUp", arn, trigger.Event{TriggerSource: "PreSignUp_AdminCreateUser", Region: p.Region, UserPoolID: p.ID,
		UserName: u.Username, Request: map[string]any{"userAttributes": u.Attr, "validationData": data,
			"clientMetadata": in.ClientMetadata}}, &response)
	if err != nil {
		return err
	}
	for name, verified := range map[string]bool{"email": response.Email, "phone_number": response.Phone} {
		if verified && u.Attr[name] != "" {
			u.Attr[name+"_verified"] = "true"
		}
	}
	return nil
}

// invitations are the messages that carry the temporary password.
func (s *Service) invitations(ctx context.Context, p *pool.Pool, u *user.User, plain string,
	in *wire.AdminCreateUserRequest) ([]store.Message, error) {
	if in.MessageAction == "SUPPRESS" || plain == "" {
		return nil, nil
	}
	mediums := slices.Compact(slices.Sorted(slices.Values(in.DesiredDeliveryMediums)))
	if len(mediums) == 0 {
		mediums = []string{"SMS"}
		if u.Attr["phone_number"] == "" {
			mediums = []string{"EMAIL"}
		}
	}
	var list []store.Message
	for _, medium := range mediums {
		to, _ := u.Contact(medium)
		if to == "" {
			continue
		}
		m, err := s.Messages.Compose(ctx, message.Draft{Pool: p, User: u, Kind: message.Invitation, Medium: medium, To: to, Code: plain,
			Metadata: in.ClientMetadata})
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

func put(tx *store.Tx, messages []store.Message) error {
	for _, m := range messages {
		if err := tx.InsertMessage(m); err != nil {
			return err
		}
	}
	return nil
}

// invite gives a user who never signed in another temporary password.
func (s *Service) invite(c *api.Call, p *pool.Pool, in *wire.AdminCreateUserRequest) (*wire.AdminCreateUserResponse, error) {
	_, u, err := s.find(c, p.ID, in.Username)
	if err != nil {
		return nil, err
	}
	unsuitable := api.UnsupportedUserState.Errorf("Resend not possible. %s status is not %s", u.Status, user.ForceChange)
	if u.Status != user.ForceChange {
		return nil, unsuitable
	}
	plain := in.TemporaryPassword
	if plain == "" {
		plain = password.Temporary(p.PasswordPolicy())
	}
	if err := user.CheckPolicy(p, plain); err != nil {
		return nil, err
	}
	fresh := user.NewPassword(p, u.Username, plain, s.Cost)
	messages, err := s.invitations(c, p, u, plain, in)
	if err != nil {
		return nil, err
	}
	err = s.edit(c, p.ID, in.Username, func(tx *store.Tx, _ *pool.Pool, v *user.User) error {
		if v.Status != user.ForceChange {
			return unsuitable
		}
		v.SetPassword(p, fresh, true, s.Now())
		u = v
		return put(tx, messages)
	})
	if err != nil {
		return nil, err
	}
	s.Messages.Announce(messages...)
	return &wire.AdminCreateUserResponse{User: shown(u, nil)}, nil
}

// Seed is a user of a fixture or of an export.
type Seed struct {
	ID             string // sub; "" for a fresh one
	Username       string // of pools whose users are named by an attribute: the address or number, or "" when it is among the attributes
	Password       string // in the clear, or
	Hash           string // of argon2id, with
	Salt, Verifier []byte // SRP's, if known
	Status         string // "" for CONFIRMED, or FORCE_CHANGE_PASSWORD without password
	Disabled       bool
	Attributes     map[string]string
	Groups         []string
	More           user.More
}

// Put makes a user as a fixture or an export says. A user of the same name or sub is left as they are: it returns false.
func (s *Service) Put(ctx context.Context, poolID string, in Seed) (made bool, err error) {
	p, err := s.Pools.Pool(ctx, poolID)
	if err != nil {
		return false, err
	}
	u := &user.User{Attr: make(map[string]string), More: in.More}
	u.ID = in.ID
	var list []wire.Attribute
	for name, v := range in.Attributes {
		if name != "sub" && name != "identities" {
			list = append(list, wire.Attribute{Name: name, Value: v})
		}
	}
	if err := u.Apply(p, list, user.Writer{Admin: true, New: true}); err != nil {
		return false, err
	}
	name := in.Username
	for _, attribute := range p.UsernameAttributes {
		if name == "" || name == in.ID {
			name = u.Attr[attribute]
		}
	}
	if len(u.More.Identities) > 0 && in.Password == "" && in.Hash == "" {
		u.PoolID, u.Username, u.Key = p.ID, in.Username, user.Key(p, in.Username)
		if u.ID == "" {
			u.ID = user.NewSub()
		}
	} else if err := u.Name(p, name); err != nil {
		return false, err
	}
	now := s.Now()
	u.Enabled, u.Created, u.Modified, u.PasswordSet, u.Status = !in.Disabled, now, now, now, in.Status
	switch {
	case in.Password != "":
		u.SetPassword(p, user.NewPassword(p, u.Username, in.Password, s.Cost), in.Status == user.ForceChange, now)
	case in.Hash != "":
		u.Hash, u.Salt, u.Verifier = in.Hash, in.Salt, in.Verifier
	}
	if u.Status == "" {
		u.Status = user.Confirmed
		if u.Hash == "" && len(p.Policies.SignInPolicy.AllowedFirstAuthFactors) == 1 {
			u.Status = user.ForceChange
		}
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := u.Insert(tx, p); err != nil {
			return err
		}
		for _, group := range in.Groups {
			if _, err := tx.Group(p.ID, group); err != nil {
				return noGroup(err)
			}
			if err := tx.Join(p.ID, group, u.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, store.ErrExists) {
		return false, nil
	}
	return err == nil, err
}
