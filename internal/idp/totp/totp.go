// Package totp computes the codes of authenticator apps: RFC 6238 with SHA-1, six digits and steps of thirty seconds, as all apps do. It
// keeps nothing: whether a code was used before, the caller knows by its step.
package totp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"time"
)

const (
	step   = 30
	window = 1 // steps that a clock may be off
)

// NewSecret returns a random secret.
func NewSecret() []byte {
	b := make([]byte, 32)
	rand.Read(b)
	return b
}

// Text is a secret as apps take it.
func Text(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// Code is the code of a step.
func Code(secret []byte, n int64) string {
	m := hmac.New(sha1.New, secret)
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	m.Write(b[:])
	sum := m.Sum(nil)
	offset := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[offset:])&0x7fffffff)%1000000)
}

// Step is the step of a time.
func Step(t time.Time) int64 { return t.Unix() / step }

// Match returns the step of which the code is, if it is one of now's.
func Match(secret []byte, code string, now time.Time) (n int64, ok bool) {
	for i := Step(now) - window; i <= Step(now)+window; i++ {
		if subtle.ConstantTimeCompare([]byte(Code(secret, i)), []byte(code)) == 1 {
			return i, true
		}
	}
	return 0, false
}
