package oidc

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/jose"
)

// Errors of Check. All mean that the token is not accepted.
var (
	ErrExpired = errors.New("token has expired")
	ErrEarly   = errors.New("token is not valid yet")
	ErrIssuer  = errors.New("token of another issuer")
	ErrClaims  = errors.New("claims are not acceptable")
)

// Checks say what claims have to be.
type Checks struct {
	Now    time.Time
	Leeway time.Duration // tolerated difference of clocks, for all times

	// IDToken asks for what OpenID Connect Core 1.0, section 3.1.3.7, wants of an ID token: sub, aud with Audience, azp,
	// exp, iat.
	IDToken  bool
	Audience string   // the client id
	Nonce    string   // of the login; "" does not compare
	MaxAge   int64    // seconds since auth_time; negative does not compare
	Domains  []string // accepted hd values; empty accepts all
	// AccessToken and Code, where not "", are held against at_hash and c_hash if those are there.
	AccessToken, Code string
}

// maxTime is 9999-12-31: times beyond it are refused rather than computed with.
const maxTime = 253402300799

// Number returns a claim that is a number, or text of one.
func Number(v any) (float64, bool) {
	var f float64
	var err error
	switch n := v.(type) {
	case json.Number:
		f, err = n.Float64()
	case string:
		f, err = strconv.ParseFloat(n, 64)
	case float64:
		f = n
	default:
		return 0, false
	}
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// instant reads a time claim. there is false when the claim is absent.
func instant(claims map[string]any, name string) (t float64, there bool, err error) {
	v, there := claims[name]
	if !there {
		return 0, false, nil
	}
	t, ok := Number(v)
	if !ok || t < 0 || t > maxTime {
		return 0, true, fmt.Errorf("%w: %s is no time", ErrClaims, name)
	}
	return t, true, nil
}

// CheckTimes checks exp, nbf and iat where they are there (RFC 7519, section 4.1). A token is expired at its exp.
func CheckTimes(claims map[string]any, now time.Time, leeway time.Duration) error {
	at, slack := float64(now.UnixMilli())/1000, leeway.Seconds()
	exp, there, err := instant(claims, "exp")
	if err != nil {
		return err
	}
	if there && at >= exp+slack {
		return ErrExpired
	}
	for _, name := range []string{"nbf", "iat"} {
		t, there, err := instant(claims, name)
		if err != nil {
			return err
		}
		// Clocks differ by parts of a second: iat has whole ones and may be rounded up.
		if there && t > at+slack+1 {
			return fmt.Errorf("%w: %s lies ahead", ErrEarly, name)
		}
	}
	return nil
}

// Check checks the claims of a token whose signature and issuer are right.
func Check(t *jose.Token, c Checks) error {
	if err := CheckTimes(t.Claims, c.Now, c.Leeway); err != nil {
		return err
	}
	if c.IDToken {
		if err := checkIDToken(t.Claims, c.Audience); err != nil {
			return err
		}
	}
	if c.Nonce != "" {
		nonce, _ := t.Claims["nonce"].(string)
		if subtle.ConstantTimeCompare([]byte(nonce), []byte(c.Nonce)) != 1 {
			return fmt.Errorf("%w: nonce is not that of the login", ErrClaims)
		}
	}
	if err := checkAge(t.Claims, c); err != nil {
		return err
	}
	if len(c.Domains) > 0 {
		if hd, _ := t.Claims["hd"].(string); !slices.Contains(c.Domains, hd) {
			return fmt.Errorf("%w: hd %.100q is not an accepted domain", ErrClaims, hd)
		}
	}
	for claim, of := range map[string]string{"at_hash": c.AccessToken, "c_hash": c.Code} {
		if err := checkHash(t, claim, of); err != nil {
			return err
		}
	}
	return nil
}

func checkIDToken(claims map[string]any, client string) error {
	for _, name := range []string{"exp", "iat"} {
		if _, there := claims[name]; !there {
			return fmt.Errorf("%w: ID token without %s", ErrClaims, name)
		}
	}
	if sub, _ := claims["sub"].(string); sub == "" || len(sub) > 255 {
		return fmt.Errorf("%w: ID token without sub", ErrClaims)
	}
	audience := Strings(claims["aud"])
	if !slices.Contains(audience, client) {
		return fmt.Errorf("%w: ID token is for another client", ErrClaims)
	}
	azp, there := claims["azp"]
	if there && azp != client || !there && len(audience) > 1 {
		return fmt.Errorf("%w: ID token was issued to another client", ErrClaims)
	}
	return nil
}

func checkAge(claims map[string]any, c Checks) error {
	if c.MaxAge < 0 || !c.IDToken {
		return nil
	}
	at, there, err := instant(claims, "auth_time")
	if err != nil {
		return err
	}
	if !there || float64(c.Now.Unix()) > at+float64(c.MaxAge)+c.Leeway.Seconds() {
		return fmt.Errorf("%w: sign-in is older than max_age", ErrClaims)
	}
	return nil
}

// checkHash checks at_hash and its like (OpenID Connect Core 1.0, section 3.1.3.6): the left half of the hash.
func checkHash(t *jose.Token, claim, of string) error {
	v, there := t.Claims[claim]
	if !there || of == "" {
		return nil
	}
	h, ok := jose.Hash(t.Alg)
	if !ok {
		return fmt.Errorf("%w: %s of an unknown algorithm", ErrClaims, claim)
	}
	d := h.New()
	d.Write([]byte(of))
	sum := d.Sum(nil)
	want := base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	if got, _ := v.(string); subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
		return fmt.Errorf("%w: %s does not fit", ErrClaims, claim)
	}
	return nil
}

// Strings returns a claim that is text or a list of texts as a list. Other values, also within the list, give none.
func Strings(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		all := make([]string, 0, len(v))
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil
			}
			all = append(all, s)
		}
		return all
	}
	return nil
}

// Lookup follows a path of member names through claims. Within a list, a path step is an index from 1.
func Lookup(claims map[string]any, path []string) any {
	var v any = claims
	for _, step := range path {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n < 1 || n > len(at) {
				return nil
			}
			v = at[n-1]
		default:
			return nil
		}
	}
	return v
}

// Words returns the words of a claim: text is split at spaces, lists are taken apart, numbers and booleans are one word.
func Words(v any) []string {
	switch v := v.(type) {
	case string:
		return strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' })
	case json.Number:
		return []string{v.String()}
	case bool:
		return []string{strconv.FormatBool(v)}
	case []any:
		var all []string
		for _, e := range v {
			all = append(all, Words(e)...)
		}
		return all
	}
	return nil
}

// Satisfied applies Kong's rule of *_required fields: one item suffices, and of an item every word is needed. An empty list
// asks for nothing; an item without words is never satisfied.
func Satisfied(required, have []string) bool {
	if len(required) == 0 {
		return true
	}
	return slices.ContainsFunc(required, func(item string) bool {
		words := strings.Fields(item)
		return len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(have, w) })
	})
}
