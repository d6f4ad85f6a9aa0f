package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/srp"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/token"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
)

// srpState is what the server remembers of a proof by SRP.
type srpState struct {
	A        string `json:"a"`
	Secret   []byte `json:"secret"`
	Verifier []byte `json:"verifier"`
	Group    string `json:"group"` // the pool's short name, or a device's group
	User     string `json:"user"`  // USER_ID_FOR_SRP, or a device's key
}

// newBlock makes a SECRET_BLOCK: it says nothing, but names the session.
func newBlock() string {
	b := make([]byte, 1024)
	rand.Read(b)
	return base64.StdEncoding.EncodeToString(b)
}

// prove ends the step with a challenge to prove, by SRP, that the client knows what the verifier was made of.
func (x *exchange) prove(ctx context.Context, name, a, group, id string, salt, verifier []byte) (*Step, error) {
	if _, err := srp.ParsePublic(a); err != nil {
		return nil, api.InvalidParameter.Errorf("SRP_A is not a valid value.")
	}
	x.state.SRP = &srpState{A: a, Secret: srp.NewSecret(), Verifier: verifier, Group: group, User: id}
	block := newBlock()
	if err := x.keep(name, block); err != nil {
		return nil, err
	}
	if err := x.commit(ctx); err != nil {
		return nil, err
	}
	step := &Step{Challenge: name, Parameters: map[string]string{"SALT": srp.SaltHex(salt), "SRP_B": srp.Public(verifier, x.state.SRP.Secret),
		"SECRET_BLOCK": block, "USERNAME": x.username()}}
	if x.state.Flow != "USER_SRP_AUTH" {
		step.Session = token.NewSession() // clients pass it on; the block is the session
	}
	return step, nil
}

// proven says whether the client's signature shows that it knows the password.
func (x *exchange) proven(answers map[string]string) (bool, error) {
	for _, name := range []string{"PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP"} {
		if answers[name] == "" {
			return false, missing(name)
		}
	}
	if _, err := srp.ParseTime(answers["TIMESTAMP"]); err != nil {
		return false, api.InvalidParameter.Errorf("TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.")
	}
	st := x.state.SRP
	key, err := srp.Key(st.A, st.Verifier, st.Secret)
	if err != nil {
		return false, nil
	}
	block, err := base64.StdEncoding.DecodeString(answers["PASSWORD_CLAIM_SECRET_BLOCK"])
	if err != nil {
		return false, nil
	}
	return srp.Proves(answers["PASSWORD_CLAIM_SIGNATURE"], key, st.Group, st.User, block, answers["TIMESTAMP"]), nil
}

// startSRP asks for a proof of the password. One who does not exist, or has no verifier, is asked as well.
func (x *exchange) startSRP(ctx context.Context, a string) (*Step, error) {
	if x.user != nil && len(x.user.Verifier) > 0 {
		step, err := x.prove(ctx, "PASSWORD_VERIFIER", a, x.Pool.Short(), x.user.Username, x.user.Salt, x.user.Verifier)
		if err == nil {
			step.Parameters["USER_ID_FOR_SRP"] = x.user.Username
		}
		return step, err
	}
	id, salt, err := x.madeUp(ctx)
	if err != nil {
		return nil, err
	}
	noise := make([]byte, 383) // nobody knows a password for it; to compute one would take longer than for a user who exists
	rand.Read(noise)
	step, err := x.prove(ctx, "PASSWORD_VERIFIER", a, x.Pool.Short(), id, salt, noise)
	if err == nil {
		step.Parameters["USER_ID_FOR_SRP"] = id
		if len(x.Pool.UsernameAttributes) > 0 {
			step.Parameters["USERNAME"] = id
		}
	}
	return step, err
}

// madeUp returns the id and salt of a user who does not exist: the same each time.
func (x *exchange) madeUp(ctx context.Context) (id string, salt []byte, err error) {
	if x.user != nil {
		id = x.user.Username
	}
	secret, err := x.s.readSecret(ctx)
	if err != nil {
		return "", nil, err
	}
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(x.Pool.ID + "/" + user.Key(x.Pool, x.state.Name)))
	sum := m.Sum(nil)
	if id == "" {
		id = user.Key(x.Pool, x.state.Name)
		if len(x.Pool.UsernameAttributes) > 0 {
			h := hex.EncodeToString(sum[16:])
			id = h[:8] + "-" + h[8:12] + "-70" + h[14:16] + "-" + h[16:20] + "-" + h[20:]
		}
	}
	return id, sum[:srp.SaltSize], nil
}

// readSecret returns the installation's secret for made-up users.
func (s *Service) readSecret(ctx context.Context) ([]byte, error) {
	s.secretMu.Lock()
	defer s.secretMu.Unlock()
	if s.secret != nil {
		return s.secret, nil
	}
	fresh := make([]byte, 32)
	rand.Read(fresh)
	return s.secret, s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		s.secret, err = tx.ServerSecret("made-up users", fresh)
		return err
	})
}

func (x *exchange) answerSRP(ctx context.Context, answers map[string]string) (*Step, error) {
	ok, err := x.proven(answers)
	if err != nil {
		return nil, err
	}
	if err := x.judge(ctx, ok); err != nil {
		return nil, err
	}
	if x.state.Custom != nil {
		return x.customAfterSRP(ctx)
	}
	return x.passed(ctx)
}

// judge counts a wrong proof, one at a time for each user, as checkPassword does.
func (x *exchange) judge(ctx context.Context, ok bool) error {
	if x.user == nil {
		name := x.Pool.ID + "/" + user.Key(x.Pool, x.state.Name)
		if x.s.ghosts.locked(name, x.now) {
			return locked()
		}
		x.s.ghosts.fail(name, x.now)
		return x.spend(ctx, incorrect())
	}
	defer x.s.lock(x.Pool, x.user.ID)()
	u, err := x.s.Current(ctx, x.Pool, x.user.ID)
	if err != nil {
		return err
	}
	if x.user = u; u.Locked(x.now) {
		return locked()
	}
	if !ok || len(u.Verifier) == 0 {
		return x.spend(ctx, x.failed(ctx))
	}
	return nil
}

// spend ends the session without a step, and returns refusal.
func (x *exchange) spend(ctx context.Context, refusal error) error {
	x.changes = nil
	if err := x.commit(ctx); err != nil {
		return err
	}
	return refusal
}
