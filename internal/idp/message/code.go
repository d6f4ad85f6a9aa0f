package message

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
)

// The purposes of codes; verifying an attribute has the attribute's name behind it. A user has at most one code for each.
const (
	ToConfirm = "signup"
	ToReset   = "forgot"
	ToVerify  = "verify:"
)

const (
	maxFailures = 10 // wrong answers that one code survives
	maxSent     = 20 // codes for a purpose in an hour
)

// Life is how long a code for a purpose is good.
func Life(purpose string) time.Duration {
	if purpose == ToReset {
		return time.Hour
	}
	return 24 * time.Hour
}

// codeDoc is what is known of a code.
type codeDoc struct {
	Attribute string      `json:"attribute"`
	Value     string      `json:"value"` // of the attribute, when the code was sent
	Sent      []time.Time `json:"sent"`  // when codes for the purpose were sent in the last hour
}

// Pending is a code with the message that carries it, before both are stored.
type Pending struct {
	Message   store.Message
	purpose   string
	attribute string
	now       time.Time
}

// Prepare makes a code and its message. Store them with Put, in a transaction, and Announce the message after it.
func (s *Service) Prepare(ctx context.Context, d Draft, purpose, attribute string) (*Pending, error) {
	d.Code = s.Code(6)
	m, err := s.Compose(ctx, d)
	if err != nil {
		return nil, err
	}
	return &Pending{Message: m, purpose: purpose, attribute: attribute, now: s.Now()}, nil
}

// Put stores the code, in place of the one before, and the message. Too many in an hour are refused.
func (p *Pending) Put(tx *store.Tx) error {
	d := codeDoc{Attribute: p.attribute, Value: p.Message.To}
	old, err := tx.Code(p.Message.PoolID, p.Message.UserID, p.purpose)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err == nil {
		var before codeDoc
		if err := json.Unmarshal(old.Doc, &before); err != nil {
			return err
		}
		for _, at := range before.Sent {
			if p.now.Sub(at).Abs() < time.Hour {
				d.Sent = append(d.Sent, at)
			}
		}
	}
	if len(d.Sent) >= maxSent {
		return tooMany()
	}
	d.Sent = append(d.Sent, p.now)
	body, err := json.Marshal(d)
	if err != nil {
		return err
	}
	err = tx.PutCode(store.Code{PoolID: p.Message.PoolID, UserID: p.Message.UserID, Purpose: p.purpose, Value: p.Message.Code, Doc: body,
		Expires: p.now.Add(Life(p.purpose))})
	if err != nil {
		return err
	}
	return tx.InsertMessage(p.Message)
}

func tooMany() error {
	return api.LimitExceeded.Errorf("Attempt limit exceeded, please try after some time.")
}

// Mismatch and Expired are how a code is refused.
func Mismatch() error {
	return api.CodeMismatch.Errorf("Invalid verification code provided, please try again.")
}

// Expired says that there is no such code any more.
func Expired() error {
	return api.ExpiredCode.Errorf("Invalid code provided, please request a code again.")
}

// Redeem checks a code of a user and, if it is right, runs fn in the same transaction and removes the code. A wrong answer is counted.
// fn gets the attribute that the code was sent to, and its value at that time.
func Redeem(ctx context.Context, st *store.Store, p *pool.Pool, id, purpose, answer string, now time.Time,
	fn func(tx *store.Tx, u *user.User, attribute, value string) error) error {
	var refusal error
	err := st.Update(ctx, func(tx *store.Tx) error {
		refusal = nil
		u, err := user.ByID(tx, p, id)
		if err != nil {
			return err
		}
		c, err := tx.Code(p.ID, id, purpose)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return Expired()
		case err != nil:
			return err
		case !now.Before(c.Expires):
			return Expired()
		case c.Failures >= maxFailures:
			return tooMany()
		}
		if subtle.ConstantTimeCompare([]byte(c.Value), []byte(answer)) != 1 {
			refusal = Mismatch()
			c.Failures++
			return tx.PutCode(c)
		}
		var d codeDoc
		if err := json.Unmarshal(c.Doc, &d); err != nil {
			return err
		}
		if err := fn(tx, u, d.Attribute, d.Value); err != nil {
			return err
		}
		return tx.DeleteCode(p.ID, id, purpose)
	})
	if err != nil {
		return err
	}
	return refusal
}
