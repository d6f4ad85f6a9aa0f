package grant

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/token"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
)

// Renewal asks for new tokens by a refresh token.
type Renewal struct {
	Pool      *pool.Pool
	Client    *pool.Client
	Token     string
	DeviceKey string
	Metadata  map[string]string
	Check     func(*user.User) error // what else must hold of the user, such as SECRET_HASH; may be nil
	IP, Agent string
}

// Refresh makes new access and ID tokens, and, if the client rotates them, a new refresh token.
func (s *Service) Refresh(ctx context.Context, p *pool.Pool, c *pool.Client, refresh, device string,
	metadata map[string]string) (*Tokens, error) {
	return s.Renew(ctx, Renewal{Pool: p, Client: c, Token: refresh, DeviceKey: device, Metadata: metadata})
}

// Renew is Refresh with more to say.
func (s *Service) Renew(ctx context.Context, in Renewal) (*Tokens, error) {
	now, hash := s.Now(), token.Hash(in.Token)
	m := &making{User: User{Pool: in.Pool, Client: in.Client, Source: "RefreshTokens", Metadata: in.Metadata}, now: now}
	var g store.Grant
	var reused bool
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		reused = false
		row, err := tx.RefreshToken(hash)
		if err == nil {
			g, err = tx.Grant(row.GrantID)
		}
		switch {
		case errors.Is(err, store.ErrNotFound), err == nil && (g.PoolID != in.Pool.ID || g.ClientID != in.Client.ClientID):
			return api.NotAuthorized.Errorf("Invalid Refresh Token")
		case err != nil:
			return err
		case g.Revoked:
			return api.NotAuthorized.Errorf("Refresh Token has been revoked")
		case !now.Before(g.Expires):
			return api.NotAuthorized.Errorf("Refresh Token has expired")
		}
		d := docOf(g)
		m.UserID, m.grantID, m.EventID, m.AuthTime = g.UserID, g.ID, g.EventID, g.AuthTime
		m.Scopes, m.Hosted, m.DeviceKey = strings.Fields(g.Scope), d.Hosted, d.DeviceKey
		if err := m.read(tx); err != nil {
			return err
		}
		if in.Check != nil {
			if err := in.Check(m.user); err != nil {
				return err
			}
		}
		if err := checkDevice(tx, m, in.DeviceKey); err != nil {
			return err
		}
		reused = spent(row, in.Client, now)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if reused {
		return nil, s.reuse(ctx, g.ID)
	}
	t, err := s.make(ctx, m)
	if err != nil {
		return nil, err
	}
	return t, s.renewed(ctx, in, g, hash, t, now)
}

// spent says whether a token was replaced too long ago to be repeated. By a clock that has gone back since, it was as well.
func spent(row store.RefreshToken, c *pool.Client, now time.Time) bool {
	return !row.Replaced.IsZero() && now.Sub(row.Replaced).Abs() > c.Grace()
}

// reuse ends a grant whose replaced token came back: thief or owner, one of the two has a copy.
func (s *Service) reuse(ctx context.Context, id string) error {
	if err := s.Store.Update(ctx, func(tx *store.Tx) error { return tx.RevokeGrant(id) }); err != nil {
		return err
	}
	return api.RefreshTokenReuse.Errorf("Refresh token has been reused.")
}

// renewed stores that a grant was used, and the new refresh token of a client that rotates.
func (s *Service) renewed(ctx context.Context, in Renewal, g store.Grant, hash string, t *Tokens, now time.Time) error {
	tracked := in.Pool.Sessions.UserSessionTracking == "ENABLED"
	if !in.Client.Rotates() && !tracked {
		return nil
	}
	if in.Client.Rotates() {
		t.Refresh = token.NewRefresh()
	}
	var reused bool
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		reused = false
		g, err := tx.Grant(g.ID)
		switch {
		case errors.Is(err, store.ErrNotFound), err == nil && g.Revoked:
			return api.NotAuthorized.Errorf("Refresh Token has been revoked")
		case err != nil:
			return err
		}
		if tracked {
			d := docOf(g)
			d.Active, d.IP, d.Agent = now, in.IP, in.Agent
			body, err := json.Marshal(d)
			if err != nil {
				return err
			}
			if err := tx.UpdateGrantDoc(g.ID, body); err != nil {
				return err
			}
		}
		if t.Refresh == "" {
			return nil
		}
		first, err := tx.ReplaceRefreshToken(hash, now)
		if err != nil {
			return err
		}
		if !first {
			row, err := tx.RefreshToken(hash)
			if err != nil {
				return err
			}
			if reused = spent(row, in.Client, now); reused {
				return nil
			}
		}
		return tx.InsertRefreshToken(store.RefreshToken{Hash: token.Hash(t.Refresh), GrantID: g.ID, Created: now})
	})
	if err == nil && reused {
		return s.reuse(ctx, g.ID)
	}
	return err
}

// checkDevice refuses a token that was made on another device than the one that shows it, where devices are tracked.
func checkDevice(tx *store.Tx, m *making, shown string) error {
	if m.DeviceKey == "" || m.Pool.DeviceConfiguration == nil {
		return nil
	}
	if shown != m.DeviceKey {
		return api.NotAuthorized.Errorf("Invalid Refresh Token.")
	}
	_, err := tx.UserObject(m.Pool.ID, m.UserID, "device", shown)
	if errors.Is(err, store.ErrNotFound) {
		return api.ResourceNotFound.Errorf("Device does not exist.")
	}
	return err
}

// Revoke ends the grant of a refresh token: with it go the tokens made from it. An unknown token is no error.
func (s *Service) Revoke(ctx context.Context, c *pool.Client, raw string) error {
	if strings.Count(raw, ".") == 2 {
		return api.UnsupportedTokenType.Errorf("Unsupported token type")
	}
	if c.EnableTokenRevocation != nil && !*c.EnableTokenRevocation {
		return api.UnsupportedOperation.Errorf("Token revocation is not enabled for this client.")
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.RefreshToken(token.Hash(raw))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		g, err := tx.Grant(row.GrantID)
		if err != nil {
			return err
		}
		if g.ClientID != c.ClientID {
			return api.Unauthorized.Errorf("The token was not issued to this client.")
		}
		return tx.RevokeGrant(g.ID)
	})
}
