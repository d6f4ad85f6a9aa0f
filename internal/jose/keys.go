package jose

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	gojose "github.com/go-jose/go-jose/v4"
)

// Limits of a JWKS document.
const (
	MaxKeySet = 1 << 20 // bytes
	maxKeys   = 256
)

// Key is a public key of an issuer.
type Key struct {
	ID     string // kid
	X5T    string // x5t, SHA-1 thumbprint of its certificate, as written
	Alg    string // the only algorithm that it is for; "" for any that fits
	Public any    // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
	JSON   json.RawMessage
}

// ParseSet reads a JWKS document (RFC 7517). Keys that are of no use for signatures, that are weak, or that should not be
// there (private and symmetric ones) are left out, each with a reason in left. An error means that it is no JWKS document.
func ParseSet(text []byte) (keys []Key, left []string, err error) {
	if len(text) > MaxKeySet {
		return nil, nil, fmt.Errorf("key set is longer than %d bytes", MaxKeySet)
	}
	var doc struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, nil, fmt.Errorf("key set: %w", err)
	}
	if doc.Keys == nil {
		return nil, nil, errors.New("key set: no keys")
	}
	for i, raw := range doc.Keys {
		if i == maxKeys {
			left = append(left, fmt.Sprintf("keys behind the first %d", maxKeys))
			break
		}
		k, err := ParseKey(raw)
		if err != nil {
			left = append(left, fmt.Sprintf("key %d: %v", i+1, err))
			continue
		}
		keys = append(keys, k)
	}
	return keys, left, nil
}

// ParseKey reads one public JWK for signatures.
func ParseKey(raw json.RawMessage) (Key, error) {
	var meta struct {
		Use    string   `json:"use"`
		KeyOps []string `json:"key_ops"`
	}
	if err := json.Unmarshal(raw, &meta); err != nil {
		return Key{}, err
	}
	bare, x5t, err := withoutCertificates(raw)
	if err != nil {
		return Key{}, err
	}
	if meta.Use != "" && meta.Use != "sig" {
		return Key{}, fmt.Errorf("is for use %.20q", meta.Use)
	}
	if len(meta.KeyOps) > 0 && !slices.Contains(meta.KeyOps, "verify") {
		return Key{}, errors.New("is not for verifying")
	}
	var jwk gojose.JSONWebKey
	if err := jwk.UnmarshalJSON(bare); err != nil {
		return Key{}, err
	}
	switch k := jwk.Key.(type) {
	case *rsa.PublicKey:
		if err := checkRSA(k); err != nil {
			return Key{}, err
		}
	case *ecdsa.PublicKey, ed25519.PublicKey:
	default:
		return Key{}, errors.New("is not a public key for signatures")
	}
	return Key{ID: jwk.KeyID, X5T: x5t, Alg: jwk.Algorithm, Public: jwk.Key, JSON: raw}, nil
}

// withoutCertificates returns a JWK without the members about certificates (RFC 7517, sections 4.6 to 4.9), and its x5t. Nobody here trusts a
// key for its certificate, and odd ones, which some providers publish, are no reason to do without the key.
func withoutCertificates(raw json.RawMessage) (bare json.RawMessage, x5t string, err error) {
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, "", err
	}
	if json.Unmarshal(members["x5t"], &x5t) != nil {
		x5t = ""
	}
	for _, name := range []string{"x5u", "x5c", "x5t", "x5t#S256"} {
		delete(members, name)
	}
	bare, err = json.Marshal(members)
	return bare, x5t, err
}

// Choose returns the keys that may have signed t, the likely ones first: those of its kid, else of its x5t, else, when it
// names neither or none of that name is there, all that fit the algorithm. The last case returns named false.
func Choose(keys []Key, t *Token) (fit []Key, named bool) {
	for _, by := range []func(k *Key) bool{
		func(k *Key) bool { return t.Kid != "" && k.ID == t.Kid },
		func(k *Key) bool { return t.X5T != "" && k.X5T == t.X5T },
	} {
		for i := range keys {
			if by(&keys[i]) && keys[i].Fits(t.Alg) {
				fit = append(fit, keys[i])
			}
		}
		if len(fit) > 0 {
			return fit, true
		}
	}
	for i := range keys {
		if keys[i].Fits(t.Alg) {
			fit = append(fit, keys[i])
		}
	}
	return fit, false
}

// Fits reports whether the key can verify signatures of an algorithm.
func (k *Key) Fits(alg string) bool {
	if k.Alg != "" && k.Alg != alg {
		return false
	}
	a := algorithms[alg]
	switch p := k.Public.(type) {
	case *rsa.PublicKey:
		return a.family == 'R' || a.family == 'P'
	case *ecdsa.PublicKey:
		return a.family == 'E' && p.Curve.Params().BitSize == a.bits
	case ed25519.PublicKey:
		return a.family == 'D'
	}
	return false
}
