// Package account serves the operations on users that exist: an administrator's on any, a user's on their own, groups, attributes,
// devices, MFA preferences, linked identities, import from CSV. Its main type is Service.
//
// It does not sign anybody in or up; package auth does.
package account

import (
	"context"
	"errors"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/auth"
	"github.com/gibbon-gateway/gibbon/internal/idp/grant"
	"github.com/gibbon-gateway/gibbon/internal/idp/message"
	"github.com/gibbon-gateway/gibbon/internal/idp/password"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/trigger"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// Options are what a Service needs.
type Options struct {
	Store    *store.Store
	Pools    *pool.Service
	Grants   *grant.Service
	Auth     *auth.Service
	Messages *message.Service
	Triggers *trigger.Caller
	Now      func() time.Time
	Cost     password.Cost
	BaseURL  string // of this provider, for the address that import files are sent to
}

// Service serves accounts. Make one with New.
type Service struct{ Options }

// New returns a Service.
func New(o Options) *Service { return &Service{o} }

func noUser() error { return api.UserNotFound.Errorf("User does not exist.") }

// find returns the pool and the user of a name.
func (s *Service) find(ctx context.Context, poolID, name string) (p *pool.Pool, u *user.User, err error) {
	if p, err = s.Pools.Pool(ctx, poolID); err != nil {
		return nil, nil, err
	}
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		u, err = find(tx, p, name)
		return err
	})
	return p, u, err
}

func find(tx *store.Tx, p *pool.Pool, name string) (*user.User, error) {
	u, err := user.Find(tx, p, name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, noUser()
	}
	return u, err
}

// edit changes a user of a name in a transaction.
func (s *Service) edit(ctx context.Context, poolID, name string, fn func(tx *store.Tx, p *pool.Pool, u *user.User) error) error {
	p, err := s.Pools.Pool(ctx, poolID)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		u, err := find(tx, p, name)
		if err != nil {
			return err
		}
		if err := fn(tx, p, u); err != nil {
			return err
		}
		return u.Save(tx, p, s.Now())
	})
}

// own changes the user of a session in a transaction.
func (s *Service) own(ctx context.Context, session *grant.Session, fn func(tx *store.Tx, u *user.User) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		u, err := user.ByID(tx, session.Pool, session.User.ID)
		if errors.Is(err, store.ErrNotFound) {
			return noUser()
		}
		if err != nil {
			return err
		}
		if err := fn(tx, u); err != nil {
			return err
		}
		return u.Save(tx, session.Pool, s.Now())
	})
}

// session checks an access token that is good for the user's own account.
func (s *Service) session(ctx context.Context, token string) (*grant.Session, error) {
	return s.Grants.Authenticate(ctx, token, grant.AdminScope)
}

// shown is a user as lists show them; passes filters attributes.
func shown(u *user.User, passes func(string) bool) *wire.User {
	return &wire.User{Username: u.Username, Attributes: u.Shown(passes), UserCreateDate: wire.At(u.Created),
		UserLastModifiedDate: wire.At(u.Modified),
		Enabled:              new(u.Enabled), UserStatus: u.Status, MFAOptions: u.More.MFAOptions}
}

// taken returns AliasExistsException if another user has one of u's names.
func taken(tx *store.Tx, p *pool.Pool, u *user.User) error {
	_, attribute, err := u.Holder(tx, p)
	if err != nil || attribute == "" {
		return err
	}
	return api.AliasExists.Errorf("An account with the given %s already exists.", attribute)
}

func isTrue(b *bool) bool { return b != nil && *b }
