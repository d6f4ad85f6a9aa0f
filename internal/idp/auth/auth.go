// Package auth lets users in: sign-up and its confirmation, forgotten passwords, every authentication flow with its challenges, software
// tokens and passkeys. Its main type is Service; Initiate begins a sign-in and Respond answers a challenge, for the API and for hosted
// pages alike.
//
// What is known between two steps lies in a session row, which the client holds the name of. Each step is one transaction that spends the
// old session and stores all that changed; functions of the pool's owner (triggers) are called before it. Tokens are made by package grant.
package auth

import (
	"context"
	"errors"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
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
	Messages *message.Service
	Triggers *trigger.Caller
	Now      func() time.Time
	Log      *slog.Logger
	Cost     password.Cost
}

// Service serves sign-ins. Make one with New.
type Service struct {
	Options
	seed   maphash.Seed
	checks [256]sync.Mutex // one password of a user is checked at a time, so that guesses at once are counted
	ghosts ghosts

	secretMu sync.Mutex
	secret   []byte // of the installation, for made-up users
}

// New returns a Service.
func New(o Options) *Service {
	return &Service{Options: o, seed: maphash.MakeSeed()}
}

// Request is what a step of a sign-in is about, besides its parameters.
type Request struct {
	Pool      *pool.Pool
	Client    *pool.Client
	Admin     bool // by an administrator's credentials
	Hosted    bool // by a hosted page: no SECRET_HASH, no ExplicitAuthFlows, no tokens at the end
	Metadata  map[string]string
	IP, Agent string
}

// Step is the answer to a step: another challenge, or the end.
type Step struct {
	Challenge  string
	Session    string
	Parameters map[string]string
	Available  []string // what SELECT_CHALLENGE lets choose
	Done       *Done    // the user is in
	Tokens     *grant.Tokens
	Device     *wire.NewDeviceMetadata
}

// Done says who signed in.
type Done struct {
	UserID, Username string
	EventID          string
	AuthTime         time.Time
	DeviceKey        string
	Source           string // for grant.User
}

// Current returns a user who signed in before, if they may still be in.
func (s *Service) Current(ctx context.Context, p *pool.Pool, id string) (u *user.User, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		u, err = user.ByID(tx, p, id)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, noUser()
	case err == nil && !u.Enabled:
		return nil, disabled()
	}
	return u, err
}

// find returns the user of a name, or nil.
func (s *Service) find(ctx context.Context, p *pool.Pool, name string) (u *user.User, err error) {
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		u, err = user.Find(tx, p, name)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return u, err
}

// lock serializes checks of one user's password.
func (s *Service) lock(p *pool.Pool, name string) (unlock func()) {
	m := &s.checks[maphash.String(s.seed, p.ID+name)%uint64(len(s.checks))]
	m.Lock()
	return m.Unlock
}

func noUser() error   { return api.UserNotFound.Errorf("User does not exist.") }
func disabled() error { return api.NotAuthorized.Errorf("User is disabled.") }
func incorrect() error {
	return api.NotAuthorized.Errorf("Incorrect username or password.")
}
func locked() error { return api.NotAuthorized.Errorf("Password attempts exceeded") }
func badSession() error {
	return api.NotAuthorized.Errorf("Invalid session for the user.")
}

// missing is the error for a parameter that must be there.
func missing(name string) error {
	return api.InvalidParameter.Errorf("Missing required parameter %s", name)
}
