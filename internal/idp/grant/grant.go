// Package grant makes and checks what a sign-in ends with: access, ID and refresh tokens for users, access tokens for machines, and their
// refreshing and revocation. Its main type is Service. A grant is one sign-in; its id is the tokens' origin_jti.
//
// The package decides what claims a token has, and runs the PreTokenGeneration trigger over them. Whether somebody may sign in was decided
// before, by auth or oauth; which scopes a client may have, too.
package grant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/token"
	"github.com/gibbon-gateway/gibbon/internal/idp/trigger"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
)

// AdminScope lets a token's bearer use the API for their own account.
const AdminScope = "aws.cognito.signin.user.admin"

// Options are what a Service needs.
type Options struct {
	Store    *store.Store
	Ring     *token.Ring
	Pools    *pool.Service
	Triggers *trigger.Caller
	Now      func() time.Time
}

// Service issues and checks tokens. Make one with New.
type Service struct{ Options }

// New returns a Service.
func New(o Options) *Service { return &Service{o} }

// User asks for the tokens of a user who has just signed in.
type User struct {
	Pool      *pool.Pool
	Client    *pool.Client
	UserID    string
	EventID   string    // "" for a fresh one
	AuthTime  time.Time // zero for now
	Scopes    []string  // nil for AdminScope, which sign-in by the API gives
	Hosted    bool      // by /oauth2/authorize: the ID token depends on scope openid, its attributes on the others
	Nonce     string
	Source    string // what PreTokenGeneration is told, behind TokenGeneration_; "" for Authentication, or HostedAuth
	DeviceKey string
	Metadata  map[string]string
	NoRefresh bool // of the implicit flow
	IP, Agent string
}

// Tokens are what the caller gets. ID and Refresh may be "".
type Tokens struct {
	Access, ID, Refresh string
	ExpiresIn           int // seconds of the access token
}

// doc is what later tokens of a grant repeat, and what is shown of it.
type doc struct {
	Hosted    bool      `json:"hosted,omitempty"`
	DeviceKey string    `json:"device,omitempty"`
	SessionID string    `json:"session"`
	Created   time.Time `json:"created"`
	Active    time.Time `json:"active"`
	IP        string    `json:"ip,omitempty"`
	Agent     string    `json:"agent,omitempty"`
}

// making is all that goes into the tokens of one call.
type making struct {
	User
	user    *user.User
	groups  []store.Group
	grantID string
	now     time.Time
}

// Issue makes the tokens of a new sign-in.
func (s *Service) Issue(ctx context.Context, in User) (*Tokens, error) {
	m := &making{User: in, grantID: uuid.NewString(), now: s.Now()}
	if m.EventID == "" {
		m.EventID = uuid.NewString()
	}
	if m.AuthTime.IsZero() {
		m.AuthTime = m.now
	}
	if m.Scopes == nil {
		m.Scopes = []string{AdminScope}
	}
	if m.Source == "" {
		m.Source = "Authentication"
		if m.Hosted {
			m.Source = "HostedAuth"
		}
	}
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) { return m.read(tx) })
	if err != nil {
		return nil, err
	}
	t, err := s.make(ctx, m)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(doc{Hosted: m.Hosted, DeviceKey: m.DeviceKey, SessionID: newSessionID(), Created: m.now, Active: m.now,
		IP: m.IP, Agent: m.Agent})
	if err != nil {
		return nil, err
	}
	g := store.Grant{ID: m.grantID, PoolID: m.Pool.ID, ClientID: m.Client.ClientID, UserID: m.UserID, EventID: m.EventID,
		Scope: strings.Join(m.Scopes, " "), Doc: body, AuthTime: m.AuthTime, Expires: m.now.Add(m.Client.RefreshLife())}
	if m.NoRefresh {
		g.Expires = m.now.Add(m.Client.AccessLife())
	} else {
		t.Refresh = token.NewRefresh()
	}
	return t, s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.InsertGrant(g); err != nil {
			return err
		}
		if err := limitSessions(tx, m.Pool, m.UserID, m.now); err != nil {
			return err
		}
		if m.NoRefresh {
			return nil
		}
		return tx.InsertRefreshToken(store.RefreshToken{Hash: token.Hash(t.Refresh), GrantID: g.ID, Created: m.now})
	})
}

// read fetches the user as they are now: tokens never repeat old attributes or groups.
func (m *making) read(tx *store.Tx) (err error) {
	m.user, err = user.ByID(tx, m.Pool, m.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return api.UserNotFound.Errorf("User does not exist.")
	}
	if err != nil {
		return err
	}
	if !m.user.Enabled {
		return api.NotAuthorized.Errorf("User is disabled.")
	}
	m.groups, err = tx.GroupsOf(m.Pool.ID, m.UserID)
	return err
}

// limitSessions ends the oldest grants of a user beyond what the pool allows, where it tracks sessions.
func limitSessions(tx *store.Tx, p *pool.Pool, id string, now time.Time) error {
	if p.Sessions.UserSessionTracking != "ENABLED" {
		return nil
	}
	grants, err := tx.GrantsOf(p.ID, id, now)
	if err != nil {
		return err
	}
	slices.SortStableFunc(grants, func(a, b store.Grant) int { return docOf(a).Active.Compare(docOf(b).Active) })
	for len(grants) > *p.Sessions.TokenSession.MaxPerUser {
		if err := tx.RevokeGrant(grants[0].ID); err != nil {
			return err
		}
		grants = grants[1:]
	}
	return nil
}

// docOf reads a grant's document; one that cannot be read says nothing.
func docOf(g store.Grant) (d doc) {
	if json.Unmarshal(g.Doc, &d) != nil {
		return doc{}
	}
	return d
}

// Machine makes the token of a client that acts for itself. The scopes must have been checked; see MachineScopes.
func (s *Service) Machine(ctx context.Context, p *pool.Pool, c *pool.Client, scopes []string, metadata map[string]string) (*Tokens, error) {
	now := s.Now()
	overrides, err := s.machineOverrides(ctx, p, c, scopes, metadata)
	if err != nil {
		return nil, err
	}
	scopes = overrides.scopes(scopes)
	claims := token.Claims{{Name: "sub", Value: c.ClientID}, {Name: "token_use", Value: "access"}}
	if len(scopes) > 0 {
		claims = append(claims, token.Claim{Name: "scope", Value: strings.Join(scopes, " ")})
	}
	claims = append(claims, token.Claims{{Name: "auth_time", Value: now.Unix()}, {Name: "iss", Value: p.Issuer},
		{Name: "exp", Value: now.Add(c.AccessLife()).Unix()}, {Name: "iat", Value: now.Unix()}, {Name: "version", Value: 2},
		{Name: "jti", Value: uuid.NewString()}, {Name: "client_id", Value: c.ClientID}}...)
	overrides.apply(&claims, c.ClientID)
	access, err := s.Ring.Sign(ctx, p.ID, token.Access, claims)
	if err != nil {
		return nil, fmt.Errorf("client %s: %w", c.ClientID, err)
	}
	return &Tokens{Access: access, ExpiresIn: int(c.AccessLife().Seconds())}, nil
}

// MachineScopes returns what a client gets that asks for scopes for itself: nothing asked is all it may have. Scopes that no resource
// server has any more are left out. ok is false if one is not the client's to have, or it has none.
func MachineScopes(p *pool.Pool, c *pool.Client, asked []string) (granted []string, ok bool) {
	all := len(asked) == 0
	if all {
		asked = c.AllowedOAuthScopes
	}
	granted = make([]string, 0, len(asked))
	for _, scope := range asked {
		if !slices.Contains(c.AllowedOAuthScopes, scope) {
			return nil, false
		}
		if p.HasScope(scope) && !slices.Contains(granted, scope) {
			granted = append(granted, scope)
		}
	}
	return granted, len(granted) > 0
}
