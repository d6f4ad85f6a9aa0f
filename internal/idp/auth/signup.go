package auth

import (
	"context"
	"errors"
	"slices"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/message"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/token"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// request reads what the calls without credentials have in common, and checks SECRET_HASH.
func (s *Service) request(c *api.Call, client, hash, username string, metadata map[string]string) (Request, error) {
	p, cl, err := s.Pools.Client(c, client)
	if err != nil {
		return Request{}, err
	}
	r := Request{Pool: p, Client: cl, Metadata: metadata, IP: c.IP(), Agent: c.Agent()}
	if username == "" {
		return r, nil
	}
	return r, cl.CheckHash(hash, username)
}

// SignUp registers a user.
func (s *Service) SignUp(c *api.Call, in *wire.SignUpRequest) (*wire.SignUpResponse, error) {
	r, err := s.request(c, in.ClientID, in.SecretHash, in.Username, in.ClientMetadata)
	if err != nil {
		return nil, err
	}
	p := r.Pool
	if only := p.AdminCreateUserConfig.AllowAdminCreateUserOnly; only != nil && *only {
		return nil, api.NotAuthorized.Errorf("SignUp is not permitted for this user pool")
	}
	u, err := newUser(r, in)
	if err != nil {
		return nil, err
	}
	if err := s.free(c, p, u); err != nil {
		return nil, err
	}
	approved, err := s.preSignUp(c, r, u, in)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	u.Enabled, u.Created, u.Modified, u.Status = true, now, now, user.Unconfirmed
	if in.Password != "" {
		u.SetPassword(p, user.NewPassword(p, u.Username, in.Password, s.Cost), false, now)
	}
	out := &wire.SignUpResponse{UserConfirmed: new(approved.Confirm), UserSub: u.ID}
	approved.apply(u)
	var code *message.Pending
	if !approved.Confirm {
		if code, err = s.confirmation(c, r, u, message.SignUp); err != nil {
			return nil, err
		}
	}
	x := s.begin(r, "SIGN_UP", in.Username)
	x.user = u
	x.do(func(tx *store.Tx) error {
		if err := u.Insert(tx, p); errors.Is(err, store.ErrExists) {
			return exists(p, "")
		} else if err != nil {
			return err
		}
		if code == nil {
			return nil
		}
		return code.Put(tx)
	})
	if code != nil {
		x.after = append(x.after, code.Message)
		out.CodeDeliveryDetails = details(code)
	}
	if raw := token.NewSession(); r.Client.Allows("USER_AUTH") && !approved.Confirm {
		out.Session = raw
		if err := x.remember(signUpSession, raw); err != nil {
			return nil, err
		}
	}
	if err := x.commit(c); err != nil {
		return nil, err
	}
	x.event(c, "SignUp", "Pass")
	if approved.Confirm {
		return out, s.postConfirmation(c, r, u, "PostConfirmation_ConfirmSignUp")
	}
	return out, nil
}

// newUser builds the user that a sign-up asks for, and refuses what the pool does not allow.
func newUser(r Request, in *wire.SignUpRequest) (*user.User, error) {
	u := &user.User{Attr: make(map[string]string)}
	if err := u.Apply(r.Pool, in.UserAttributes, user.Writer{Client: r.Client, New: true}); err != nil {
		return nil, err
	}
	if err := u.Name(r.Pool, in.Username); err != nil {
		return nil, err
	}
	if err := u.CheckRequired(r.Pool); err != nil {
		return nil, err
	}
	passwordless := r.Client.Allows("USER_AUTH") && len(r.Pool.Policies.SignInPolicy.AllowedFirstAuthFactors) > 1
	if in.Password == "" && passwordless {
		return u, nil
	}
	return u, user.CheckPolicy(r.Pool, in.Password)
}

// free refuses a user whose name is taken.
func (s *Service) free(ctx context.Context, p *pool.Pool, u *user.User) error {
	return s.Store.View(ctx, func(tx *store.Tx) error {
		_, err := tx.UserByName(p.ID, u.Key)
		if err == nil {
			return exists(p, "")
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if len(p.UsernameAttributes) == 0 {
			return nil // an alias that is taken is told at confirmation, when the user has shown that it is theirs
		}
		_, attribute, err := u.Holder(tx, p)
		if err == nil && attribute != "" {
			return exists(p, attribute)
		}
		return err
	})
}

// exists is the error for a name that is taken.
func exists(p *pool.Pool, attribute string) error {
	if attribute == "" && len(p.UsernameAttributes) > 0 {
		attribute = p.UsernameAttributes[0]
	}
	if attribute == "" {
		return api.UsernameExists.Errorf("User already exists")
	}
	return api.UsernameExists.Errorf("An account with the given %s already exists.", attribute)
}

// approval is what the PreSignUp trigger answers.
type approval struct {
	Confirm bool `json:"autoConfirmUser"`
	Email   bool `json:"autoVerifyEmail"`
	Phone   bool `json:"autoVerifyPhone"`
}

func (a approval) apply(u *user.User) {
	if a.Confirm {
		u.Status = user.Confirmed
	}
	for name, verified := range map[string]bool{"email": a.Email, "phone_number": a.Phone} {
		if u.Attr[name] != "" && verified {
			u.Attr[name+"_verified"] = "true"
		} else if u.Attr[name] != "" {
			u.Attr[name+"_verified"] = "false"
		}
	}
}

func (s *Service) preSignUp(ctx context.Context, r Request, u *user.User, in *wire.SignUpRequest) (a approval, err error) {
	data := make(map[string]string)
	for _, v := range in.ValidationData {
		data[v.Name] = v.Value
	}
	attributes := message.Attributes(u)
	delete(attributes, "sub")
	delete(attributes, "cognito:user_status")
	request := map[string]any{"userAttributes": attributes, "validationData": data, "clientMetadata": orEmpty(r.Metadata)}
	err = s.call(ctx, r.Pool, r.Client.ClientID, "PreSignUp", r.Pool.LambdaConfig.PreSignUp, "PreSignUp_SignUp", u.Username, request, &a)
	if err != nil {
		return a, err
	}
	if a.Email && u.Attr["email"] == "" || a.Phone && u.Attr["phone_number"] == "" {
		return a, api.InvalidLambdaResponse.Errorf("PreSignUp verified an attribute that the user does not have.")
	}
	if a.Confirm && len(r.Pool.AliasAttributes) > 0 {
		v := &user.User{User: u.User, Attr: map[string]string{}, More: u.More}
		for k, value := range u.Attr {
			v.Attr[k] = value
		}
		a.apply(v)
		err = s.Store.View(ctx, func(tx *store.Tx) error { return taken(tx, r.Pool, v) })
	}
	return a, err
}

// postConfirmation tells that a user is confirmed, or has a new password.
func (s *Service) postConfirmation(ctx context.Context, r Request, u *user.User, source string) error {
	return s.call(ctx, r.Pool, r.Client.ClientID, "PostConfirmation", r.Pool.LambdaConfig.PostConfirmation, source, u.Username,
		map[string]any{"userAttributes": message.Attributes(u), "clientMetadata": orEmpty(r.Metadata)}, &nothing{})
}

// confirmation makes the code by which a new user confirms an address: the number, if both are to be verified. nil if neither is.
func (s *Service) confirmation(ctx context.Context, r Request, u *user.User, kind string) (*message.Pending, error) {
	for _, medium := range []string{"SMS", "EMAIL"} {
		to, attribute := u.Contact(medium)
		if to == "" || !r.Pool.Verifies(attribute) || u.Verified(attribute) {
			continue
		}
		return s.Messages.Prepare(ctx, message.Draft{Pool: r.Pool, ClientID: r.Client.ClientID, User: u, Kind: kind, Medium: medium, To: to,
			Metadata: r.Metadata}, message.ToConfirm, attribute)
	}
	return nil, nil
}

func details(p *message.Pending) *wire.CodeDeliveryDetails {
	attribute := map[string]string{"SMS": "phone_number", "EMAIL": "email"}[p.Message.Medium]
	return message.Details(p.Message.Medium, p.Message.To, attribute)
}

// nobody is the error for a name that does not exist, where it may be told.
func nobody() error {
	return api.UserNotFound.Errorf("Username/client id combination not found.")
}

// ConfirmSignUp confirms a user by the code they got.
func (s *Service) ConfirmSignUp(c *api.Call, in *wire.ConfirmSignUpRequest) (*wire.ConfirmSignUpResponse, error) {
	r, err := s.request(c, in.ClientID, in.SecretHash, in.Username, in.ClientMetadata)
	if err != nil {
		return nil, err
	}
	u, err := s.find(c, r.Pool, in.Username)
	if err != nil {
		return nil, err
	}
	if u == nil {
		if r.Client.HidesUsers() {
			return nil, message.Expired()
		}
		return nil, nobody()
	}
	if u.Status != user.Unconfirmed {
		return nil, api.NotAuthorized.Errorf("User cannot be confirmed. Current status is %s", u.Status)
	}
	if in.Session != "" {
		x, err := s.resume(c, r, in.Session, signUpSession)
		if err != nil {
			return nil, err
		}
		if x.user == nil || x.user.ID != u.ID {
			return nil, badSession()
		}
	}
	now, force := s.Now(), in.ForceAliasCreation != nil && *in.ForceAliasCreation
	x := s.begin(r, "SIGN_UP", in.Username)
	out := &wire.ConfirmSignUpResponse{}
	err = message.Redeem(c, s.Store, r.Pool, u.ID, message.ToConfirm, in.ConfirmationCode, now, func(tx *store.Tx, fresh *user.User,
		attribute, value string) error {
		if fresh.Status != user.Unconfirmed {
			return api.NotAuthorized.Errorf("User cannot be confirmed. Current status is %s", fresh.Status)
		}
		fresh.Status = user.Confirmed
		if attribute != "" && fresh.Attr[attribute] == value {
			fresh.Attr[attribute+"_verified"] = "true"
		}
		if err := Release(tx, r.Pool, fresh, force, now); err != nil {
			return err
		}
		u, x.user, x.changes = fresh, fresh, nil
		return fresh.Save(tx, r.Pool, now)
	})
	if err != nil {
		return nil, err
	}
	if raw := token.NewSession(); r.Client.Allows("USER_AUTH") {
		out.Session = raw
		if err := x.remember(confirmedSession, raw); err != nil {
			return nil, err
		}
		if err := x.commit(c); err != nil {
			return nil, err
		}
	}
	return out, s.postConfirmation(c, r, u, "PostConfirmation_ConfirmSignUp")
}

// ResendConfirmationCode sends a new code to a user who is not confirmed yet.
func (s *Service) ResendConfirmationCode(c *api.Call, in *wire.ResendConfirmationCodeRequest) (*wire.ResendConfirmationCodeResponse, error) {
	r, err := s.request(c, in.ClientID, in.SecretHash, in.Username, in.ClientMetadata)
	if err != nil {
		return nil, err
	}
	u, err := s.find(c, r.Pool, in.Username)
	switch {
	case err != nil:
		return nil, err
	case u == nil && r.Client.HidesUsers():
		return &wire.ResendConfirmationCodeResponse{CodeDeliveryDetails: simulated(in.Username)}, nil
	case u == nil:
		return nil, nobody()
	case u.Status != user.Unconfirmed:
		return nil, api.InvalidParameter.Errorf("User is already confirmed.")
	}
	code, err := s.confirmation(c, r, u, message.ResendCode)
	if err != nil {
		return nil, err
	}
	if code == nil {
		return nil, api.InvalidParameter.Errorf("Auto verification not turned on.")
	}
	if err := s.Store.Update(c, code.Put); err != nil {
		return nil, err
	}
	s.Messages.Announce(code.Message)
	s.note(c, r, u.ID, "ResendCode", "Pass")
	return &wire.ResendConfirmationCodeResponse{CodeDeliveryDetails: details(code)}, nil
}

// simulated are details for a name that does not exist.
func simulated(name string) *wire.CodeDeliveryDetails {
	if user.LooksLikePhone(name) {
		return message.Details("SMS", name, "phone_number")
	}
	return message.Details("EMAIL", name, "email")
}

// recovery lists the attributes by which users get back in, in the pool's order.
func recovery(p *pool.Pool) []string {
	options := slices.Clone(p.AccountRecoverySetting.RecoveryMechanisms)
	slices.SortFunc(options, func(a, b wire.RecoveryOption) int { return *a.Priority - *b.Priority })
	var list []string
	for _, o := range options {
		switch o.Name {
		case "verified_email":
			list = append(list, "EMAIL")
		case "verified_phone_number":
			list = append(list, "SMS")
		}
	}
	return list
}
