package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of the algorithms
	_ "crypto/sha512"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// ErrSignature means that a signature is not that of the key.
var ErrSignature = errors.New("invalid signature")

// ErrKey means that a key cannot be used with an algorithm.
var ErrKey = errors.New("key does not fit the algorithm")

// algorithm says how a JWS algorithm (RFC 7518, section 3.1; RFC 8037) is computed.
type algorithm struct {
	family byte // H: HMAC, R: RSA PKCS #1, P: RSA PSS, E: ECDSA, D: EdDSA
	hash   crypto.Hash
	bits   int // of the curve, for E
}

var algorithms = map[string]algorithm{
	"HS256": {'H', crypto.SHA256, 0}, "HS384": {'H', crypto.SHA384, 0}, "HS512": {'H', crypto.SHA512, 0},
	"RS256": {'R', crypto.SHA256, 0}, "RS384": {'R', crypto.SHA384, 0}, "RS512": {'R', crypto.SHA512, 0},
	"PS256": {'P', crypto.SHA256, 0}, "PS384": {'P', crypto.SHA384, 0}, "PS512": {'P', crypto.SHA512, 0},
	"ES256": {'E', crypto.SHA256, 256}, "ES384": {'E', crypto.SHA384, 384}, "ES512": {'E', crypto.SHA512, 521},
	"EdDSA": {'D', 0, 0},
}

// Asymmetric lists the algorithms with a public key that Verify knows.
var Asymmetric = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// Symmetric lists the algorithms with a shared secret that Verify knows.
var Symmetric = []string{"HS256", "HS384", "HS512"}

// Hash returns the hash function of an algorithm, for at_hash and its like; false for unknown algorithms. EdDSA has SHA-512.
func Hash(alg string) (crypto.Hash, bool) {
	a, ok := algorithms[alg]
	if a.family == 'D' {
		return crypto.SHA512, true
	}
	return a.hash, ok
}

// Verify checks the signature by a public key (*rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey) or a secret ([]byte).
// allowed lists the algorithms that the caller accepts from this issuer; others are refused before the key is looked at. A
// public key never verifies an HS algorithm, and a secret nothing else.
func (t *Token) Verify(key any, allowed []string) error {
	a, known := algorithms[t.Alg]
	if !known || !slices.Contains(allowed, t.Alg) {
		return fmt.Errorf("%w: algorithm %.20q is not accepted", ErrKey, t.Alg)
	}
	switch k := key.(type) {
	case []byte:
		return t.verifyMAC(a, k)
	case *rsa.PublicKey:
		return t.verifyRSA(a, k)
	case *ecdsa.PublicKey:
		return t.verifyECDSA(a, k)
	case ed25519.PublicKey:
		if a.family != 'D' || len(k) != ed25519.PublicKeySize {
			return ErrKey
		}
		if !ed25519.Verify(k, t.signed, t.signature) {
			return ErrSignature
		}
		return nil
	}
	return ErrKey
}

func (t *Token) verifyMAC(a algorithm, secret []byte) error {
	if a.family != 'H' || len(secret) == 0 {
		return ErrKey
	}
	mac := hmac.New(a.hash.New, secret)
	mac.Write(t.signed)
	if !hmac.Equal(mac.Sum(nil), t.signature) {
		return ErrSignature
	}
	return nil
}

func (t *Token) digest(h crypto.Hash) []byte {
	d := h.New()
	d.Write(t.signed)
	return d.Sum(nil)
}

func (t *Token) verifyRSA(a algorithm, k *rsa.PublicKey) error {
	if err := checkRSA(k); err != nil {
		return err
	}
	var err error
	switch a.family {
	case 'R':
		err = rsa.VerifyPKCS1v15(k, a.hash, t.digest(a.hash), t.signature)
	case 'P':
		err = rsa.VerifyPSS(k, a.hash, t.digest(a.hash), t.signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	default:
		return ErrKey
	}
	if err != nil {
		return ErrSignature
	}
	return nil
}

// checkRSA refuses keys that anybody could break: RFC 7518, section 3.3, wants 2048 bits.
func checkRSA(k *rsa.PublicKey) error {
	if k.N == nil || k.N.BitLen() < 2048 || k.N.BitLen() > 16384 || k.E < 3 || k.E%2 == 0 {
		return fmt.Errorf("%w: RSA keys need 2048 bits and an odd exponent from 3", ErrKey)
	}
	return nil
}

func (t *Token) verifyECDSA(a algorithm, k *ecdsa.PublicKey) error {
	if a.family != 'E' || k.Curve == nil || k.Curve.Params().BitSize != a.bits {
		return ErrKey
	}
	size := (a.bits + 7) / 8
	if len(t.signature) != 2*size {
		return ErrSignature
	}
	r, s := new(big.Int).SetBytes(t.signature[:size]), new(big.Int).SetBytes(t.signature[size:])
	if r.Sign() == 0 || s.Sign() == 0 || !ecdsa.Verify(k, t.digest(a.hash), r, s) {
		return ErrSignature
	}
	return nil
}
