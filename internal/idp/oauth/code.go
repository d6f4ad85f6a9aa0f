package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/auth"
	"github.com/gibbon-gateway/gibbon/internal/idp/grant"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/token"
	"github.com/google/uuid"
)

const (
	codeLife  = 5 * time.Minute
	vouchLife = time.Hour
	// memory is how long a spent code is remembered, so that who tries it again ends what it gave.
	memory = 24 * time.Hour
)

// The kinds of rows that this package keeps among the sessions.
const (
	kindCode    = "oauth code"
	kindSpent   = "oauth code spent"  // State: the refresh token's hash
	kindReplay  = "oauth code replay" // tried again while it was being spent
	kindBrowser = "oauth browser"
	kindAway    = "oauth away"    // a browser that was sent to another provider
	kindVouched = "oauth vouched" // one that has just signed up
)

// code is what an authorization code stands for.
type code struct {
	Done      auth.Done `json:"done"`
	Scopes    []string  `json:"scopes"`
	Redirect  string    `json:"redirect"`
	Challenge string    `json:"challenge,omitempty"`
	Nonce     string    `json:"nonce,omitempty"`
}

// keep stores a row under the hash of a text that the caller holds.
func (s *Service) keep(ctx context.Context, text, kind string, p *pool.Pool, client, user string, state any, life time.Duration) error {
	body, err := json.Marshal(state)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		return tx.InsertSession(store.Session{Hash: key(kind, text), PoolID: p.ID, ClientID: client, UserID: user, Kind: kind, State: body,
			Expires: s.Now().Add(life)})
	})
}

// key is how a text of a kind is known in the database.
func key(kind, text string) string { return token.Hash(kind + " " + text) }

// look returns a row that keep stored and that has not expired: store.ErrNotFound.
func (s *Service) look(ctx context.Context, text, kind string, state any) (row store.Session, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		row, err = tx.Session(key(kind, text))
		return err
	})
	switch {
	case err != nil:
		return row, err
	case row.Kind != kind || !s.Now().Before(row.Expires):
		return row, store.ErrNotFound
	}
	if err := json.Unmarshal(row.State, state); err != nil {
		return row, fmt.Errorf("%s: stored state: %w", kind, err)
	}
	return row, nil
}

// newCode stores what a code stands for.
func (s *Service) newCode(ctx context.Context, p *pool.Pool, c *pool.Client, stands code) (string, error) {
	text := uuid.NewString()
	return text, s.keep(ctx, text, kindCode, p, c.ClientID, stands.Done.UserID, stands, codeLife)
}

// code returns what a code stands for, if this client may spend it.
func (s *Service) code(ctx context.Context, p *pool.Pool, c *pool.Client, text string) (code, error) {
	var stands code
	row, err := s.look(ctx, text, kindCode, &stands)
	if errors.Is(err, store.ErrNotFound) || err == nil && (row.PoolID != p.ID || row.ClientID != c.ClientID) {
		return stands, refusal("invalid_grant")
	}
	if err != nil {
		return stands, err
	}
	if row.Used {
		return stands, s.replayed(ctx, p, c, text)
	}
	return stands, nil
}

// redeem spends a code. Of two who try, one gets tokens, and loses them as soon as the other is noticed.
func (s *Service) redeem(ctx context.Context, p *pool.Pool, c *pool.Client, text string, stands code) (*grant.Tokens, error) {
	var first bool
	err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		first, err = tx.UseSession(key(kindCode, text))
		return err
	})
	if err != nil {
		return nil, err
	}
	if !first {
		return nil, s.replayed(ctx, p, c, text)
	}
	t, err := s.Grants.Issue(ctx, grant.User{Pool: p, Client: c, UserID: stands.Done.UserID, EventID: stands.Done.EventID,
		AuthTime: stands.Done.AuthTime, Scopes: stands.Scopes, Hosted: true, Nonce: stands.Nonce, Source: stands.Done.Source, DeviceKey: stands.Done.DeviceKey})
	if err != nil {
		return nil, err
	}
	if err := s.keep(ctx, text, kindSpent, p, c.ClientID, stands.Done.UserID, token.Hash(t.Refresh), memory); err != nil {
		return nil, err
	}
	var ignored bool
	switch _, err := s.look(ctx, text, kindReplay, &ignored); {
	case err == nil:
		return nil, s.replayed(ctx, p, c, text)
	case !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	return t, nil
}

// replayed ends what a code gave, for it was tried twice. The error is what the caller is told.
func (s *Service) replayed(ctx context.Context, p *pool.Pool, c *pool.Client, text string) error {
	s.Log.Warn("provider: an authorization code was used twice; what it gave is revoked", "pool", p.ID, "client", c.ClientID)
	if err := s.keep(ctx, text, kindReplay, p, c.ClientID, "", true, memory); err != nil && !errors.Is(err, store.ErrExists) {
		return err
	}
	var refresh string
	_, err := s.look(ctx, text, kindSpent, &refresh)
	if errors.Is(err, store.ErrNotFound) {
		return refusal("invalid_grant") // its tokens are on their way; who makes them sees the mark
	}
	if err != nil {
		return err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		t, err := tx.RefreshToken(refresh)
		if err != nil {
			return err
		}
		return tx.RevokeGrant(t.GrantID)
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return refusal("invalid_grant")
}
