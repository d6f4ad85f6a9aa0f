package openidconnect

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	random "math/rand/v2"

	gojose "github.com/go-jose/go-jose/v4"
)

// ownKey returns the gateway's key for private_key_jwt without client_jwk; its public half is at /openid-connect/jwks. It is derived
// from a secret that the nodes of a database share, so that they all have the same one, at every start. Without a database it is
// made at the first use in a process.
func (d *directory) ownKey(secret func(name string) ([]byte, error)) (*gojose.JSONWebKey, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.own != nil {
		return d.own, nil
	}
	key, err := newKey(secret)
	if err != nil {
		return nil, fmt.Errorf("key for private_key_jwt: %w", err)
	}
	j := &gojose.JSONWebKey{Key: key, Algorithm: "RS256", Use: "sig"}
	public := j.Public()
	sum := sha256.Sum256(public.Key.(*rsa.PublicKey).N.Bytes())
	j.KeyID = base64.RawURLEncoding.EncodeToString(sum[:12])
	d.own = j
	return j, nil
}

func newKey(secret func(name string) ([]byte, error)) (*rsa.PrivateKey, error) {
	if secret == nil {
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	seed, err := secret("openid-connect private_key_jwt")
	if err != nil {
		return nil, err
	}
	return deriveRSA(sha256.Sum256(seed))
}

// deriveRSA makes an RSA key of 2048 bits out of a seed; the same one makes the same key. The package crypto/rsa cannot: its keys
// differ whatever reader it is given.
func deriveRSA(seed [32]byte) (*rsa.PrivateKey, error) {
	stream := random.NewChaCha8(seed)
	e, one := big.NewInt(65537), big.NewInt(1)
	prime := func() *big.Int {
		for {
			b := make([]byte, 128)
			if _, err := stream.Read(b); err != nil {
				return nil // it never fails
			}
			b[0] |= 0xc0 // the product has all its bits
			b[127] |= 1
			p := new(big.Int).SetBytes(b)
			if new(big.Int).GCD(nil, nil, e, new(big.Int).Sub(p, one)).Cmp(one) == 0 && p.ProbablyPrime(32) {
				return p
			}
		}
	}
	p, q := prime(), prime()
	if p == nil || q == nil || p.Cmp(q) == 0 {
		return nil, errors.New("no primes")
	}
	p1, q1 := new(big.Int).Sub(p, one), new(big.Int).Sub(q, one)
	k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}, Primes: []*big.Int{p, q},
		D: new(big.Int).ModInverse(e, new(big.Int).Mul(p1, q1))}
	k.Precompute()
	return k, k.Validate()
}
