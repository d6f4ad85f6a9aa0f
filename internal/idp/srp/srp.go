// Package srp is SRP-6a in Cognito's dialect: the 3072-bit group of RFC 3526, SHA-256, numbers as Java's BigInteger writes them, and a
// 16-byte key derived with the label "Caldera Derived Key". The server keeps a salt and a verifier per user, from which the password
// cannot be read back, and proves with them that the client knows the password.
//
// Devices use the same mathematics: the device group key stands for the pool's name, the device key for the user.
//
// The package computes; it does not store challenges or judge their age.
package srp

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// ErrPublic means that the client's public number is malformed or would give a known key.
var ErrPublic = errors.New("srp: bad public number")

// TimeLayout is how clients write TIMESTAMP, in UTC.
const TimeLayout = "Mon Jan 2 15:04:05 UTC 2006"

// SaltSize is how many random bytes a salt has.
const SaltSize = 16

// NewSalt returns a random salt.
func NewSalt() []byte {
	salt := make([]byte, SaltSize)
	rand.Read(salt)
	return salt
}

// Verifier computes what the server stores for a password. pool is the part of the pool's id after the underscore.
func Verifier(pool, user, password string, salt []byte) []byte {
	inner := sha256.Sum256([]byte(pool + user + ":" + password))
	x := hashNumber(pad(new(big.Int).SetBytes(salt)), inner[:])
	return new(big.Int).Exp(generator, x, prime).Bytes()
}

// NewSecret returns the server's random exponent for one challenge.
func NewSecret() []byte {
	b := make([]byte, 32)
	rand.Read(b)
	return b
}

// Public computes SRP_B, in hex, of a verifier and the server's secret.
func Public(verifier, secret []byte) string {
	return public(verifier, secret).Text(16)
}

func public(verifier, secret []byte) *big.Int {
	n := new(big.Int).Exp(generator, new(big.Int).SetBytes(secret), prime)
	n.Add(n, new(big.Int).Mul(multiplier, new(big.Int).SetBytes(verifier)))
	return n.Mod(n, prime)
}

// ParsePublic reads SRP_A. It refuses what is not hex, is longer than the group, or is a multiple of the prime.
func ParsePublic(text string) (*big.Int, error) {
	if text == "" || len(text) > 2*len(primeHex) {
		return nil, ErrPublic
	}
	for _, c := range []byte(text) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			return nil, ErrPublic
		}
	}
	n, _ := new(big.Int).SetString(text, 16)
	if new(big.Int).Mod(n, prime).Sign() == 0 {
		return nil, ErrPublic
	}
	return n, nil
}

// Key computes the key that both sides share. clientPublic is SRP_A as the client sent it.
func Key(clientPublic string, verifier, secret []byte) ([]byte, error) {
	a, err := ParsePublic(clientPublic)
	if err != nil {
		return nil, err
	}
	u := hashNumber(pad(a), pad(public(verifier, secret)))
	if u.Sign() == 0 {
		return nil, ErrPublic
	}
	s := new(big.Int).Exp(new(big.Int).SetBytes(verifier), u, prime)
	s.Mul(s, a).Mod(s, prime)
	s.Exp(s, new(big.Int).SetBytes(secret), prime)
	return derive(u, s)
}

func derive(u, s *big.Int) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, pad(s), pad(u), "Caldera Derived Key", 16)
	if err != nil {
		return nil, fmt.Errorf("srp: derive key: %w", err)
	}
	return key, nil
}

// Signature is the proof PASSWORD_CLAIM_SIGNATURE, in base64: of the key, over the names, the secret block and the time as sent.
func Signature(key []byte, pool, user string, block []byte, timestamp string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(pool))
	m.Write([]byte(user))
	m.Write(block)
	m.Write([]byte(timestamp))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// Proves says, in constant time, whether the client's signature is the right one.
func Proves(signature string, key []byte, pool, user string, block []byte, timestamp string) bool {
	return hmac.Equal([]byte(signature), []byte(Signature(key, pool, user, block, timestamp)))
}

// ParseTime reads TIMESTAMP.
func ParseTime(s string) (time.Time, error) { return time.Parse(TimeLayout, s) }

// SaltHex is SALT as challenges carry it.
func SaltHex(salt []byte) string { return new(big.Int).SetBytes(salt).Text(16) }

// pad is the number's bytes as Java's BigInteger gives them: a zero byte goes before a set top bit.
func pad(n *big.Int) []byte {
	b := n.Bytes()
	if len(b) == 0 || b[0]&0x80 != 0 {
		b = append([]byte{0}, b...)
	}
	return b
}

func hashNumber(parts ...[]byte) *big.Int {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return new(big.Int).SetBytes(h.Sum(nil))
}
