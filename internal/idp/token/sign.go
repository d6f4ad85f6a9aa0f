package token

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrInvalid means that a token is not one of the pool's; ErrExpired that it was one.
var (
	ErrInvalid = errors.New("invalid token")
	ErrExpired = errors.New("token has expired")
)

// Claim is one claim; Claims keep their order.
type Claim struct {
	Name  string
	Value any
}

// Claims are the claims of a token in the order in which they are written.
type Claims []Claim

// Set adds a claim, or replaces the one of that name.
func (c *Claims) Set(name string, value any) {
	for i := range *c {
		if (*c)[i].Name == name {
			(*c)[i].Value = value
			return
		}
	}
	*c = append(*c, Claim{name, value})
}

// Drop removes a claim.
func (c *Claims) Drop(name string) {
	kept := (*c)[:0]
	for _, claim := range *c {
		if claim.Name != name {
			kept = append(kept, claim)
		}
	}
	*c = kept
}

// Get returns a claim's value, or nil.
func (c Claims) Get(name string) any {
	for _, claim := range c {
		if claim.Name == name {
			return claim.Value
		}
	}
	return nil
}

// MarshalJSON writes an object.
func (c Claims) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, claim := range c {
		if i > 0 {
			b = append(b, ',')
		}
		name, _ := json.Marshal(claim.Name)
		value, err := marshal(claim.Value)
		if err != nil {
			return nil, fmt.Errorf("claim %s: %w", claim.Name, err)
		}
		b = append(append(append(b, name...), ':'), value...)
	}
	return append(b, '}'), nil
}

// marshal writes < and & as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Sign makes a token with the pool's key for this use.
func (r *Ring) Sign(ctx context.Context, pool string, use Use, claims Claims) (string, error) {
	k, err := r.of(ctx, pool)
	if err != nil {
		return "", err
	}
	s := k.signers[use]
	if s == nil {
		return "", fmt.Errorf("pool %s has no key for %s tokens", pool, use)
	}
	payload, err := claims.MarshalJSON()
	if err != nil {
		return "", err
	}
	signed := s.header + encode(payload)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(nil, s.private, crypto.SHA256, sum[:])
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return signed + "." + encode(signature), nil
}

// Verified is what a token of ours says, as far as the provider itself asks.
type Verified struct {
	Subject   string   `json:"sub"`
	Issuer    string   `json:"iss"`
	Use       Use      `json:"token_use"`
	ClientID  string   `json:"client_id"` // of access tokens
	Audience  string   `json:"aud"`       // of ID tokens
	Username  string   `json:"username"`  // of users' access tokens
	Scope     string   `json:"scope"`
	OriginJTI string   `json:"origin_jti"`
	EventID   string   `json:"event_id"`
	JTI       string   `json:"jti"`
	DeviceKey string   `json:"device_key"`
	IssuedAt  int64    `json:"iat"`
	AuthTime  int64    `json:"auth_time"`
	Expires   int64    `json:"exp"`
	Groups    []string `json:"cognito:groups"`
}

// HasScope says whether the scope was granted.
func (v *Verified) HasScope(scope string) bool {
	for s := range strings.FieldsSeq(v.Scope) {
		if s == scope {
			return true
		}
	}
	return false
}

// Verify checks that the pool signed the token for this use, and that it has not expired: ErrInvalid, ErrExpired.
func (r *Ring) Verify(ctx context.Context, pool, token string, use Use) (*Verified, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, ErrInvalid
	}
	k, err := r.of(ctx, pool)
	if err != nil {
		return nil, err
	}
	var head struct{ Kid, Alg string }
	if !decode(parts[0], &head) || head.Alg != "RS256" {
		return nil, ErrInvalid
	}
	s := k.known[head.Kid]
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if s == nil || s.use != use || err != nil {
		return nil, ErrInvalid
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&s.private.PublicKey, crypto.SHA256, sum[:], signature) != nil {
		return nil, ErrInvalid
	}
	v := new(Verified)
	if !decode(parts[1], v) || v.Use != use {
		return nil, ErrInvalid
	}
	if !r.now().Before(time.Unix(v.Expires, 0)) {
		return nil, ErrExpired
	}
	return v, nil
}

// Unverified reads a token's claims without checking anything, to find out which pool to ask.
func Unverified(token string) (v Verified, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return v, false
	}
	return v, decode(parts[1], &v)
}

func decode(part string, into any) bool {
	b, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(b, into) == nil
}
