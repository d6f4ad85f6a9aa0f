package account

import (
	"context"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/message"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// mediumOf is by which a code for an attribute goes.
var mediumOf = map[string]string{"email": "EMAIL", "phone_number": "SMS"}

// change applies new attributes to a user. A new email or number is unverified until its code comes back, and, where the pool says so,
// waits beside the old one until then. It returns which need codes.
func change(p *pool.Pool, u *user.User, list []wire.Attribute, w user.Writer) (codes []string, err error) {
	verified := make(map[string]bool)
	for _, a := range list {
		if name, ok := strings.CutSuffix(a.Name, "_verified"); ok && a.Value == "true" {
			verified[name] = true
		}
	}
	var now []wire.Attribute
	for _, a := range list {
		fresh := mediumOf[a.Name] != "" && a.Value != "" && u.Attr[a.Name] != a.Value && !verified[a.Name]
		if fresh && p.Verifies(a.Name) {
			codes = append(codes, a.Name)
		}
		if !fresh || !slices.Contains(p.UserAttributeUpdateSettings.AttributesRequireVerificationBeforeUpdate, a.Name) || u.Attr[a.Name] == "" {
			now = append(now, a)
			continue
		}
		// Checked as if it were set, but kept aside.
		probe := &user.User{User: u.User, Attr: map[string]string{}}
		if err := probe.Apply(p, []wire.Attribute{a}, w); err != nil {
			return nil, err
		}
		if u.More.Pending == nil {
			u.More.Pending = make(map[string]string)
		}
		u.More.Pending[a.Name] = a.Value
	}
	before := map[string]string{"email": u.Attr["email"], "phone_number": u.Attr["phone_number"]}
	if err := u.Apply(p, now, w); err != nil {
		return nil, err
	}
	for name, old := range before {
		if u.Attr[name] != "" && u.Attr[name] != old {
			delete(u.More.Pending, name)
			if !verified[name] {
				u.Attr[name+"_verified"] = "false"
			}
		}
	}
	return codes, nil
}

// codesFor makes the codes for attributes that changed.
func (s *Service) codesFor(ctx context.Context, p *pool.Pool, client string, u *user.User, names []string, kind string,
	metadata map[string]string) ([]*message.Pending, error) {
	var list []*message.Pending
	for _, name := range names {
		to := u.Attr[name]
		if v := u.More.Pending[name]; v != "" {
			to = v
		}
		code, err := s.Messages.Prepare(ctx, message.Draft{Pool: p, ClientID: client, User: u, Kind: kind, Medium: mediumOf[name],
			To: to, Metadata: metadata},
			message.ToVerify+name, name)
		if err != nil {
			return nil, err
		}
		list = append(list, code)
	}
	return list, nil
}

// update changes attributes of a user and sends the codes that it takes.
func (s *Service) update(ctx context.Context, p *pool.Pool, id, client string, list []wire.Attribute, w user.Writer,
	metadata map[string]string) ([]wire.CodeDeliveryDetails, error) {
	var u *user.User
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		u, err = user.ByID(tx, p, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	names, err := change(p, u, list, w)
	if err != nil {
		return nil, err
	}
	codes, err := s.codesFor(ctx, p, client, u, names, message.UpdateAttribute, metadata)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		u, err := user.ByID(tx, p, id)
		if err != nil {
			return err
		}
		if _, err := change(p, u, list, w); err != nil {
			return err
		}
		if err := taken(tx, p, u); err != nil {
			return err
		}
		for _, code := range codes {
			if err := code.Put(tx); err != nil {
				return err
			}
		}
		return u.Save(tx, p, s.Now())
	})
	if err != nil {
		return nil, err
	}
	details := []wire.CodeDeliveryDetails{}
	for i, code := range codes {
		s.Messages.Announce(code.Message)
		details = append(details, *message.Details(code.Message.Medium, code.Message.To, names[i]))
	}
	return details, nil
}

func (s *Service) adminUpdate(c *api.Call, in *wire.AdminUpdateUserAttributesRequest) (*wire.Empty, error) {
	p, u, err := s.find(c, in.UserPoolID, in.Username)
	if err != nil {
		return nil, err
	}
	_, err = s.update(c, p, u.ID, "", in.UserAttributes, user.Writer{Admin: true}, in.ClientMetadata)
	return &wire.Empty{}, err
}

func (s *Service) updateOwn(c *api.Call, in *wire.UpdateUserAttributesRequest) (*wire.UpdateUserAttributesResponse, error) {
	session, err := s.session(c, in.AccessToken)
	if err != nil {
		return nil, err
	}
	details, err := s.update(c, session.Pool, session.User.ID, session.Client.ClientID, in.UserAttributes,
		user.Writer{Client: session.Client}, in.ClientMetadata)
	return &wire.UpdateUserAttributesResponse{CodeDeliveryDetailsList: details}, err
}

// drop removes attributes.
func drop(p *pool.Pool, u *user.User, names []string, w user.Writer) error {
	var list []wire.Attribute
	for _, name := range names {
		if slices.Contains(p.UsernameAttributes, name) && len(p.UsernameAttributes) == 1 {
			return api.InvalidParameter.Errorf("User attribute %s cannot be deleted: it names the user.", name)
		}
		list = append(list, wire.Attribute{Name: name})
	}
	return u.Apply(p, list, w)
}

func (s *Service) adminDrop(c *api.Call, in *wire.AdminDeleteUserAttributesRequest) (*wire.Empty, error) {
	return &wire.Empty{}, s.edit(c, in.UserPoolID, in.Username, func(_ *store.Tx, p *pool.Pool, u *user.User) error {
		return drop(p, u, in.UserAttributeNames, user.Writer{Admin: true})
	})
}

func (s *Service) dropOwn(c *api.Call, in *wire.DeleteUserAttributesRequest) (*wire.Empty, error) {
	session, err := s.session(c, in.AccessToken)
	if err != nil {
		return nil, err
	}
	return &wire.Empty{}, s.own(c, session, func(_ *store.Tx, u *user.User) error {
		return drop(session.Pool, u, in.UserAttributeNames, user.Writer{Client: session.Client})
	})
}

func (s *Service) verificationCode(c *api.Call, in *wire.GetUserAttributeVerificationCodeRequest) (
	*wire.GetUserAttributeVerificationCodeResponse, error) {
	session, err := s.session(c, in.AccessToken)
	if err != nil {
		return nil, err
	}
	u, name := session.User, in.AttributeName
	if mediumOf[name] == "" {
		return nil, api.InvalidParameter.Errorf("Attribute %s can not be verified.", name)
	}
	if u.Attr[name] == "" && u.More.Pending[name] == "" {
		return nil, api.InvalidParameter.Errorf("User does not have a value for attribute %s.", name)
	}
	codes, err := s.codesFor(c, session.Pool, session.Client.ClientID, u, []string{name}, message.VerifyAttribute, in.ClientMetadata)
	if err != nil {
		return nil, err
	}
	if err := s.Store.Update(c, codes[0].Put); err != nil {
		return nil, err
	}
	m := codes[0].Message
	s.Messages.Announce(m)
	return &wire.GetUserAttributeVerificationCodeResponse{CodeDeliveryDetails: message.Details(m.Medium, m.To, name)}, nil
}

func (s *Service) verify(c *api.Call, in *wire.VerifyUserAttributeRequest) (*wire.Empty, error) {
	session, err := s.session(c, in.AccessToken)
	if err != nil {
		return nil, err
	}
	name, p := in.AttributeName, session.Pool
	if mediumOf[name] == "" {
		return nil, api.InvalidParameter.Errorf("Attribute %s can not be verified.", name)
	}
	return &wire.Empty{}, message.Redeem(c, s.Store, p, session.User.ID, message.ToVerify+name, in.Code, s.Now(), func(tx *store.Tx,
		u *user.User, _, value string) error {
		switch value {
		case u.More.Pending[name]:
			u.Attr[name] = value
			delete(u.More.Pending, name)
		case u.Attr[name]:
		default: // the attribute changed since the code was sent
			return message.Expired()
		}
		u.Attr[name+"_verified"] = "true"
		if err := taken(tx, p, u); err != nil {
			return err
		}
		return u.Save(tx, p, s.Now())
	})
}
