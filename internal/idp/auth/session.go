package auth

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/message"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/token"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
)

// state is what is known between two steps.
type state struct {
	Admin     bool      `json:"admin,omitempty"`
	Hosted    bool      `json:"hosted,omitempty"`
	Flow      string    `json:"flow"`
	Name      string    `json:"name"` // what the caller called the user
	EventID   string    `json:"event"`
	Source    string    `json:"source,omitempty"` // of the PreTokenGeneration trigger
	DeviceKey string    `json:"device,omitempty"`
	Trusted   bool      `json:"trusted,omitempty"` // the device proved itself, and the pool lets that do for MFA
	First     string    `json:"first,omitempty"`   // the first factor, when it was no password
	Choices   []string  `json:"choices,omitempty"`
	Failures  int       `json:"failures,omitempty"` // guesses at a code
	OTP       *otp      `json:"otp,omitempty"`
	SRP       *srpState `json:"srp,omitempty"`
	Custom    *custom   `json:"custom,omitempty"`
	TOTP      *newTOTP  `json:"totp,omitempty"`
	Challenge []byte    `json:"challenge,omitempty"` // of WebAuthn
}

// otp is a code that was sent within a sign-in.
type otp struct {
	Code      string `json:"code"`
	Medium    string `json:"medium"`
	To        string `json:"to"`
	Attribute string `json:"attribute"`
	Setup     bool   `json:"setup,omitempty"` // the user wants to get codes there from now on
}

// newTOTP is an authenticator app that is being set up.
type newTOTP struct {
	Secret []byte `json:"secret"`
	Done   bool   `json:"done,omitempty"`
}

// exchange is a step that is being made.
type exchange struct {
	Request
	s       *Service
	state   state
	user    *user.User // nil for one who does not exist, which the client must not learn
	now     time.Time
	session store.Session // the one that is answered; without hash if the step is the first

	changes []func(*store.Tx) error
	after   []store.Message
}

// begin starts a sign-in.
func (s *Service) begin(r Request, flow, name string) *exchange {
	return &exchange{Request: r, s: s, now: s.Now(), state: state{Admin: r.Admin, Hosted: r.Hosted, Flow: flow, Name: name,
		EventID: uuid.NewString()}}
}

// resume continues a sign-in by the session that a client sent for a challenge.
func (s *Service) resume(ctx context.Context, r Request, raw string, kinds ...string) (*exchange, error) {
	x := &exchange{Request: r, s: s, now: s.Now()}
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		x.session, err = tx.Session(token.Hash(raw))
		if errors.Is(err, store.ErrNotFound) || err == nil && (x.session.PoolID != r.Pool.ID || x.session.ClientID != r.Client.ClientID) {
			return badSession()
		}
		if err != nil {
			return err
		}
		if err := x.fits(kinds); err != nil {
			return err
		}
		if x.session.UserID == "" {
			return nil
		}
		x.user, err = user.ByID(tx, r.Pool, x.session.UserID)
		if errors.Is(err, store.ErrNotFound) {
			return badSession()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if x.user != nil && !x.user.Enabled {
		return nil, disabled()
	}
	return x, nil
}

// fits reads the session, and refuses one that is spent, too old, or of another challenge.
func (x *exchange) fits(kinds []string) error {
	switch {
	case x.session.Used:
		return api.NotAuthorized.Errorf("Invalid session for the user, session can only be used once.")
	case !x.now.Before(x.session.Expires):
		return api.NotAuthorized.Errorf("Invalid session for the user, session is expired.")
	}
	good := false
	for _, k := range kinds {
		good = good || k == x.session.Kind
	}
	if !good {
		return badSession()
	}
	if err := json.Unmarshal(x.session.State, &x.state); err != nil {
		return err
	}
	if x.state.Admin != x.Admin || x.state.Hosted != x.Hosted {
		return badSession()
	}
	return nil
}

// do adds a change to the step's transaction. fn may run more than once.
func (x *exchange) do(fn func(*store.Tx) error) { x.changes = append(x.changes, fn) }

// edit adds a change of the user to the step's transaction: fn gets the user as they are then.
func (x *exchange) edit(fn func(tx *store.Tx, u *user.User) error) {
	x.do(func(tx *store.Tx) error {
		u, err := user.ByID(tx, x.Pool, x.user.ID)
		if err != nil {
			return err
		}
		if err := fn(tx, u); err != nil {
			return err
		}
		err = u.Save(tx, x.Pool, x.now)
		if err == nil {
			x.user = u
		}
		return err
	})
}

// send adds a message.
func (x *exchange) send(m store.Message) {
	x.do(func(tx *store.Tx) error { return tx.InsertMessage(m) })
	x.after = append(x.after, m)
}

// commit spends the session that was answered and makes the changes.
func (x *exchange) commit(ctx context.Context) error {
	if x.session.Hash == "" && len(x.changes) == 0 {
		return nil
	}
	err := x.s.Store.Update(ctx, func(tx *store.Tx) error {
		if x.session.Hash != "" {
			first, err := tx.UseSession(x.session.Hash)
			if err != nil {
				return err
			}
			if !first {
				return api.NotAuthorized.Errorf("Invalid session for the user, session can only be used once.")
			}
		}
		for _, change := range x.changes {
			if err := change(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		x.s.Messages.Announce(x.after...)
	}
	return err
}

// challenge ends the step with a challenge.
func (x *exchange) challenge(ctx context.Context, name string, parameters map[string]string) (*Step, error) {
	raw := token.NewSession()
	if err := x.keep(name, raw); err != nil {
		return nil, err
	}
	if err := x.commit(ctx); err != nil {
		return nil, err
	}
	return &Step{Challenge: name, Session: raw, Parameters: parameters}, nil
}

// keep adds the new session to the step's transaction.
func (x *exchange) keep(kind, raw string) error {
	body, err := json.Marshal(x.state)
	if err != nil {
		return err
	}
	next := store.Session{Hash: token.Hash(raw), PoolID: x.Pool.ID, ClientID: x.Client.ClientID, Kind: kind, State: body,
		Expires: x.now.Add(x.Client.SessionLife())}
	if x.user != nil {
		next.UserID = x.user.ID
	}
	x.do(func(tx *store.Tx) error { return tx.InsertSession(next) })
	return nil
}

// maxAnswers is how many wrong codes a session survives.
const maxAnswers = 10

// attempt counts a guess at a code before it is compared, so that many at once are no more than one after another. The last guess
// spends the session, right or wrong.
func (x *exchange) attempt(ctx context.Context) error {
	return x.s.Store.Update(ctx, func(tx *store.Tx) error {
		session, err := tx.Session(x.session.Hash)
		if err != nil {
			return err
		}
		if session.Used {
			return api.NotAuthorized.Errorf("Invalid session for the user, session can only be used once.")
		}
		var st state
		if err := json.Unmarshal(session.State, &st); err != nil {
			return err
		}
		st.Failures++
		if session.State, err = json.Marshal(st); err != nil {
			return err
		}
		if err := tx.UpdateSession(session); err != nil {
			return err
		}
		if st.Failures > maxAnswers {
			_, err = tx.UseSession(session.Hash)
		}
		return err
	})
}

// wrong counts a wrong code: the user's next sign-in may have to wait. It returns refusal.
func (x *exchange) wrong(ctx context.Context, refusal error) error {
	if x.user == nil {
		return refusal
	}
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
	return refusal
}

// username is how challenges name the user.
func (x *exchange) username() string {
	if x.user == nil {
		return x.state.Name
	}
	return x.user.Username
}

// named checks USERNAME and SECRET_HASH of an answer against the session's user.
func (x *exchange) named(answers map[string]string) error {
	if x.Hosted {
		return nil
	}
	name := answers["USERNAME"]
	if name == "" {
		return missing("USERNAME")
	}
	names := x.names()
	key, known := user.Key(x.Pool, name), false
	for _, n := range names {
		known = known || key == user.Key(x.Pool, n)
	}
	if !known {
		return badSession()
	}
	return x.Client.CheckHash(answers["SECRET_HASH"], append(names, name)...)
}

// names are all that the user may be called by.
func (x *exchange) names() []string {
	names := []string{x.state.Name, x.username()}
	if x.state.SRP != nil {
		names = append(names, x.state.SRP.User) // made up, if there is no such user
	}
	if x.user != nil {
		names = append(names, x.user.ID)
		for _, list := range [][]string{x.Pool.UsernameAttributes, x.Pool.AliasAttributes} {
			for _, a := range list {
				if v := x.user.Attr[a]; v != "" {
					names = append(names, v)
				}
			}
		}
	}
	return names
}

// codeParameters tell where a code went.
func (x *exchange) codeParameters(o *otp) map[string]string {
	return map[string]string{"CODE_DELIVERY_DELIVERY_MEDIUM": o.Medium, "CODE_DELIVERY_DESTINATION": message.Mask(o.Medium, o.To),
		"USER_ID_FOR_SRP": x.username()}
}

// tracked says whether the pool remembers devices.
func tracked(p *pool.Pool) bool { return p.DeviceConfiguration != nil }
