package auth

import (
	"context"
	"encoding/json"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/password"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// identify looks the user up. Whether one who does not exist may be told apart, the client's settings say; x.user is nil then.
func (x *exchange) identify(ctx context.Context, preAuthentication bool) error {
	u, err := x.s.find(ctx, x.Pool, x.state.Name)
	if err != nil {
		return err
	}
	x.user = u
	switch {
	case u == nil && !x.Client.HidesUsers():
		return noUser()
	case u != nil && !u.Enabled:
		return disabled()
	case preAuthentication:
		return x.preAuthentication(ctx)
	}
	return nil
}

// passwordStep signs in by a password in the clear.
func (x *exchange) passwordStep(ctx context.Context, plain string, migrate bool) (*Step, error) {
	u, err := x.s.find(ctx, x.Pool, x.state.Name)
	if err != nil {
		return nil, err
	}
	if u == nil && migrate {
		if u, err = x.migrate(ctx, plain); err != nil {
			return nil, err
		}
	}
	switch x.user = u; {
	case u == nil && !x.Client.HidesUsers():
		return nil, noUser()
	case u != nil && !u.Enabled:
		return nil, disabled()
	}
	if err := x.preAuthentication(ctx); err != nil {
		return nil, err
	}
	if err := x.checkPassword(ctx, plain); err != nil {
		return nil, err
	}
	return x.passed(ctx)
}

// checkPassword compares the password, one at a time for each user, and counts a wrong one.
func (x *exchange) checkPassword(ctx context.Context, plain string) error {
	if x.user == nil {
		return x.ghostPassword(plain)
	}
	defer x.s.lock(x.Pool, x.user.ID)()
	// Read again: others may have failed while this one waited.
	u, err := x.s.Current(ctx, x.Pool, x.user.ID)
	if err != nil {
		return err
	}
	if x.user = u; u.Locked(x.now) {
		return locked()
	}
	if u.Hash == "" {
		password.Decoy(plain, x.s.Cost)
	} else if password.Matches(plain, u.Hash) {
		x.addVerifier(plain)
		return nil
	}
	return x.failed(ctx)
}

// addVerifier makes the SRP verifier of a user whose hash was imported, now that the password is known.
func (x *exchange) addVerifier(plain string) {
	if len(x.user.Verifier) > 0 {
		return
	}
	fresh := user.NewPassword(x.Pool, x.user.Username, plain, x.s.Cost)
	hash := x.user.Hash
	x.edit(func(_ *store.Tx, u *user.User) error {
		if u.Hash == hash {
			u.Salt, u.Verifier = fresh.Salt, fresh.Verifier
		}
		return nil
	})
}

// failed counts a wrong password, and returns the error for it.
func (x *exchange) failed(ctx context.Context) error {
	err := x.s.Store.Update(ctx, func(tx *store.Tx) error {
		u, err := user.ByID(tx, x.Pool, x.user.ID)
		if err != nil {
			return err
		}
		u.Fail(x.now)
		return u.SaveState(tx)
	})
	if err != nil {
		return err
	}
	x.event(ctx, "SignIn", "Fail")
	return incorrect()
}

// forgive forgets wrong passwords.
func forgive(_ *store.Tx, u *user.User) error {
	u.Failures, u.LockedUntil = 0, time.Time{}
	return nil
}

// passed goes on after the right password: what state the user is in, then device, then MFA.
func (x *exchange) passed(ctx context.Context) (*Step, error) {
	switch x.user.Status {
	case user.Unconfirmed:
		return nil, api.UserNotConfirmed.Errorf("User is not confirmed.")
	case user.ResetRequired:
		return nil, api.PasswordResetRequired.Errorf("Password reset required for the user")
	case user.ForceChange:
		if x.user.TemporaryExpired(x.Pool, x.now) {
			return nil, api.NotAuthorized.Errorf("Temporary password has expired and must be reset by an administrator.")
		}
		return x.askNewPassword(ctx)
	}
	return x.afterFirst(ctx)
}

// afterFirst goes on when the user is known and in order.
func (x *exchange) afterFirst(ctx context.Context) (*Step, error) {
	if step, err := x.askDevice(ctx); step != nil || err != nil {
		return step, err
	}
	return x.second(ctx)
}

func (x *exchange) askNewPassword(ctx context.Context) (*Step, error) {
	shown := make(map[string]string)
	for name, v := range x.user.Attr {
		if x.Client.Reads(name) && !strings.HasPrefix(name, "dev:") {
			shown[name] = v
		}
	}
	needed := []string{}
	for _, name := range x.user.Lacks(x.Pool) {
		needed = append(needed, "userAttributes."+name)
	}
	attributes, err := json.Marshal(shown)
	if err != nil {
		return nil, err
	}
	required, err := json.Marshal(needed)
	if err != nil {
		return nil, err
	}
	return x.challenge(ctx, "NEW_PASSWORD_REQUIRED", map[string]string{"USER_ID_FOR_SRP": x.user.Username, "userAttributes": string(attributes),
		"requiredAttributes": string(required)})
}

func (x *exchange) answerNewPassword(ctx context.Context, answers map[string]string) (*Step, error) {
	plain := answers["NEW_PASSWORD"]
	if plain == "" {
		return nil, missing("NEW_PASSWORD")
	}
	if x.user == nil || x.user.Status != user.ForceChange {
		return nil, badSession()
	}
	if err := user.CheckPolicy(x.Pool, plain); err != nil {
		return nil, err
	}
	if err := x.user.CheckHistory(x.Pool, plain); err != nil {
		return nil, err
	}
	var list []wire.Attribute
	for k, v := range answers {
		if name, ok := strings.CutPrefix(k, "userAttributes."); ok && x.user.Attr[name] != v {
			list = append(list, wire.Attribute{Name: name, Value: v})
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	if err := complete(x, x.user, list); err != nil {
		return nil, err
	}
	if lacks := x.user.Lacks(x.Pool); len(lacks) > 0 {
		return nil, api.InvalidParameter.Errorf("Invalid attributes given, %s is missing", lacks[0])
	}
	fresh := user.NewPassword(x.Pool, x.user.Username, plain, x.s.Cost)
	change := func(_ *store.Tx, u *user.User) error {
		if u.Status != user.ForceChange {
			return badSession()
		}
		if err := complete(x, u, list); err != nil {
			return err
		}
		u.SetPassword(x.Pool, fresh, false, x.now)
		u.Status = user.Confirmed
		return nil
	}
	if err := change(nil, x.user); err != nil { // what follows sees the user as they will be
		return nil, err
	}
	x.edit(change)
	x.state.Source = "NewPasswordChallenge"
	return x.afterFirst(ctx)
}

// complete sets what the user adds with their first own password: what can not be changed may be set if it is not there yet.
func complete(x *exchange, u *user.User, list []wire.Attribute) error {
	for _, a := range list {
		w := user.Writer{Client: x.Client, New: u.Attr[a.Name] == "" || u.Attr[a.Name] == a.Value}
		if err := u.Apply(x.Pool, []wire.Attribute{a}, w); err != nil {
			return err
		}
	}
	return nil
}

// ghosts counts wrong passwords for names that do not exist, so that they are locked as those that do.
type ghosts struct {
	mu    sync.Mutex
	names map[string]*user.User
}

const maxGhosts = 10000

func (x *exchange) ghostPassword(plain string) error {
	name := x.Pool.ID + "/" + user.Key(x.Pool, x.state.Name)
	defer x.s.lock(x.Pool, name)()
	if x.s.ghosts.locked(name, x.now) {
		return locked()
	}
	password.Decoy(plain, x.s.Cost)
	x.s.ghosts.fail(name, x.now)
	return incorrect()
}

func (g *ghosts) locked(name string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	u := g.names[name]
	return u != nil && u.Locked(now)
}

func (g *ghosts) fail(name string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.names == nil || len(g.names) >= maxGhosts {
		g.names = make(map[string]*user.User)
	}
	if g.names[name] == nil {
		g.names[name] = &user.User{}
	}
	g.names[name].Fail(now)
}
