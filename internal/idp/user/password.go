package user

import (
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/password"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/srp"
)

// Password is a password as it is stored: the hash for those who send it, salt and verifier for those who prove it. It takes tens of
// milliseconds to make: make it before a transaction, not in one.
type Password struct {
	Hash           string
	Salt, Verifier []byte
}

// NewPassword makes what is stored for a user of this username.
func NewPassword(p *pool.Pool, username, plain string, cost password.Cost) Password {
	salt := srp.NewSalt()
	return Password{Hash: password.Hash(plain, cost), Salt: salt, Verifier: srp.Verifier(p.Short(), username, plain, salt)}
}

// CheckPolicy refuses a password that the pool's policy does not allow.
func CheckPolicy(p *pool.Pool, plain string) error {
	if fault := password.Fault(plain, p.PasswordPolicy()); fault != "" {
		return api.InvalidPassword.Errorf("Password did not conform with policy: %s", fault)
	}
	return nil
}

// CheckHistory refuses a password that the user had before, as far as the pool remembers.
func (u *User) CheckHistory(p *pool.Pool, plain string) error {
	n := remembered(p)
	if n == 0 {
		return nil
	}
	for i, hash := range append([]string{u.Hash}, u.More.History...) {
		if i < n && hash != "" && password.Matches(plain, hash) {
			return api.PasswordHistoryPolicy.Errorf("Password has previously been used.")
		}
	}
	return nil
}

func remembered(p *pool.Pool) int {
	if size := p.PasswordPolicy().PasswordHistorySize; size != nil {
		return *size
	}
	return 0
}

// SetPassword gives the user a password. Wrong attempts with the old one are forgotten.
func (u *User) SetPassword(p *pool.Pool, new Password, temporary bool, now time.Time) {
	if n := remembered(p); n > 0 && u.Hash != "" {
		u.More.History = append([]string{u.Hash}, u.More.History...)
		u.More.History = u.More.History[:min(n, len(u.More.History))]
	} else {
		u.More.History = nil
	}
	u.Hash, u.Salt, u.Verifier = new.Hash, new.Salt, new.Verifier
	u.More.Temporary, u.PasswordSet = temporary, now
	u.Failures, u.LockedUntil = 0, time.Time{}
}

// TemporaryExpired says whether the password is an administrator's and too old to sign in with.
func (u *User) TemporaryExpired(p *pool.Pool, now time.Time) bool {
	days := p.PasswordPolicy().TemporaryPasswordValidityDays
	if days == nil || *days == 0 {
		return false
	}
	return now.Sub(u.PasswordSet) > time.Duration(*days)*24*time.Hour
}

const (
	freeFailures = 5
	longestLock  = 15 * time.Minute
)

// Fail counts a wrong password: after five, the user is locked for a second, and for twice as long after each further one.
func (u *User) Fail(now time.Time) {
	u.Failures++
	if u.Failures < freeFailures {
		return
	}
	lock := time.Second << min(u.Failures-freeFailures, 20)
	u.LockedUntil = now.Add(min(lock, longestLock))
}

// Locked says whether attempts are refused now. A lock that would last longer than any is from a clock that ran ahead, and does not count.
func (u *User) Locked(now time.Time) bool {
	left := u.LockedUntil.Sub(now)
	return left > 0 && left <= longestLock
}
