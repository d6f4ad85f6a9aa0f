package seed

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

var subForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// put stores a new user. Unlike a sign-up it sends nothing and asks no triggers.
func (w *work) put(in User) error {
	p, err := w.Pools.Pool(w.ctx, w.p.ID)
	if err != nil {
		return err
	}
	u, err := w.build(p, in)
	if err != nil {
		return err
	}
	if err := w.password(p, u, in); err != nil {
		return err
	}
	err = w.Store.Update(w.ctx, func(tx *store.Tx) error { return u.Insert(tx, p) })
	if errors.Is(err, store.ErrExists) {
		return errors.New("another user has this name, address or number")
	}
	return err
}

// build makes the user but for the password.
func (w *work) build(p *pool.Pool, in User) (*user.User, error) {
	now := w.Now()
	u := &user.User{User: store.User{ID: in.Sub, Enabled: in.Enabled == nil || *in.Enabled, Status: in.Status, Created: now, Modified: now},
		Attr: make(map[string]string), More: user.More{Identities: in.Identities}}
	if in.Sub != "" && !subForm.MatchString(in.Sub) {
		return nil, fmt.Errorf("%s: %q is not a UUID in small letters", "Sub", in.Sub)
	}
	var list []wire.Attribute
	for _, name := range slices.Sorted(maps.Keys(in.Attributes)) {
		list = append(list, wire.Attribute{Name: name, Value: in.Attributes[name]})
	}
	if err := u.Apply(p, list, user.Writer{Admin: true, New: true}); err != nil {
		return nil, fmt.Errorf("%s: %w", "Attributes", err)
	}
	if len(in.Identities) > 0 && len(p.UsernameAttributes) > 0 {
		// Who comes from another provider is not named by an address.
		if u.PoolID = p.ID; u.ID == "" {
			u.ID = user.NewSub()
		}
		u.Username, u.Key = in.Username, user.Key(p, in.Username)
		return u, nil
	}
	if err := u.Name(p, in.Username); err != nil {
		return nil, fmt.Errorf("%s: %w", "Username", err)
	}
	return u, nil
}

var states = []string{user.Unconfirmed, user.Confirmed, user.ForceChange, user.ResetRequired, user.External}

// password gives the user the password of the document, and the status that goes with it.
func (w *work) password(p *pool.Pool, u *user.User, in User) error {
	given := 0
	for _, text := range []string{in.Password, in.TemporaryPassword, in.PasswordHash} {
		if text != "" {
			given++
		}
	}
	if given > 1 {
		return fmt.Errorf("%s, %s and %s exclude each other", "Password", "TemporaryPassword", "PasswordHash")
	}
	now := w.Now()
	status := user.Confirmed
	switch plain := in.Password + in.TemporaryPassword; {
	case plain != "":
		if err := user.CheckPolicy(p, plain); err != nil {
			return err
		}
		u.SetPassword(p, user.NewPassword(p, u.Username, plain, w.Cost), in.TemporaryPassword != "", now)
	case in.PasswordHash != "":
		if !strings.HasPrefix(in.PasswordHash, "$argon2id$") {
			return fmt.Errorf("%s: is not of argon2id", "PasswordHash")
		}
		u.SetPassword(p, user.Password{Hash: in.PasswordHash, Salt: in.SRPSalt, Verifier: in.SRPVerifier}, in.Status == user.ForceChange, now)
	}
	switch {
	case in.TemporaryPassword != "":
		status = user.ForceChange
	case len(in.Identities) > 0:
		status = user.External
	}
	if u.Status == "" {
		u.Status = status
	}
	if !slices.Contains(states, u.Status) {
		return api.InvalidParameter.Errorf("UserStatus: %q is none of %s", u.Status, strings.Join(states, ", "))
	}
	return nil
}
