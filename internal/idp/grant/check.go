package grant

import (
	"context"
	"errors"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/token"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// Session is a user who shows an access token.
type Session struct {
	Pool   *pool.Pool
	Client *pool.Client
	User   *user.User
	Claims *token.Verified
}

// Attributes lists the user's attributes that the client may read.
func (s *Session) Attributes() []wire.Attribute {
	return s.User.Shown(func(name string) bool { return s.Client.Reads(name) && !strings.HasPrefix(name, "dev:") })
}

// PoolOf finds the pool that an access, ID or other signed token claims to be from; nothing of it is checked.
func PoolOf(raw string) (id string, ok bool) {
	v, ok := token.Unverified(raw)
	return v.Issuer[strings.LastIndexByte(v.Issuer, '/')+1:], ok && v.Issuer != ""
}

// Authenticate checks an access token wholly: signature, age, revocation, and that its user is there and enabled. scope must be granted;
// "" for none.
func (s *Service) Authenticate(ctx context.Context, raw, scope string) (*Session, error) {
	invalid := api.NotAuthorized.Errorf("Invalid Access Token")
	id, ok := PoolOf(raw)
	if !ok {
		return nil, invalid
	}
	p, err := s.Pools.Pool(ctx, id)
	if api.ResourceNotFound.Is(err) {
		return nil, invalid
	}
	if err != nil {
		return nil, err
	}
	v, err := s.Ring.Verify(ctx, p.ID, raw, token.Access)
	switch {
	case errors.Is(err, token.ErrExpired):
		return nil, api.NotAuthorized.Errorf("Access Token has expired")
	case errors.Is(err, token.ErrInvalid), errors.Is(err, store.ErrNotFound):
		return nil, invalid
	case err != nil:
		return nil, err
	case v.Username == "" || scope != "" && !v.HasScope(scope):
		return nil, api.NotAuthorized.Errorf("Access Token does not have required scopes")
	}
	_, c, err := s.Pools.ClientOf(ctx, p.ID, v.ClientID)
	if api.ResourceNotFound.Is(err) {
		return nil, api.NotAuthorized.Errorf("Access Token has been revoked")
	}
	if err != nil {
		return nil, err
	}
	session := &Session{Pool: p, Client: c, Claims: v}
	return session, s.Store.View(ctx, func(tx *store.Tx) error { return session.check(tx) })
}

// check reads the user, and refuses a token that was revoked.
func (s *Session) check(tx *store.Tx) (err error) {
	s.User, err = user.ByID(tx, s.Pool, s.Claims.Subject)
	if errors.Is(err, store.ErrNotFound) {
		return api.UserNotFound.Errorf("User does not exist.")
	}
	if err != nil {
		return err
	}
	if !s.User.Enabled {
		return api.NotAuthorized.Errorf("User is disabled.")
	}
	revoked := api.NotAuthorized.Errorf("Access Token has been revoked")
	if s.Claims.OriginJTI == "" {
		// The token names no grant: only that its user signed out everywhere can be known.
		if !s.User.SignedOut.IsZero() && s.Claims.IssuedAt <= s.User.SignedOut.Unix() {
			return revoked
		}
		return nil
	}
	g, err := tx.Grant(s.Claims.OriginJTI)
	if errors.Is(err, store.ErrNotFound) || err == nil && (g.Revoked || g.UserID != s.User.ID || g.PoolID != s.Pool.ID) {
		return revoked
	}
	return err
}
