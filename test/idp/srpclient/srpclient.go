// Package srpclient proves a password to a user pool by SRP, as AWS's clients do: USER_SRP_AUTH and the challenge PASSWORD_VERIFIER. Its
// main type is Client. It is written from the protocol, not from the provider's own code, so that tests find where the two differ.
package srpclient

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// The 3072-bit group of RFC 3526, as Cognito uses it.
const primeHex = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD" +
	"EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED" +
	"EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F" +
	"83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B" +
	"E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510" +
	"15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7" +
	"ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C" +
	"BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF"

var (
	prime, _   = new(big.Int).SetString(primeHex, 16)
	generator  = big.NewInt(2)
	multiplier = hashed(padded(prime), padded(generator))
)

// Client is one attempt to sign in.
type Client struct {
	pool   string // behind the underscore of the pool's id
	secret *big.Int
	public *big.Int
}

// New begins an attempt in the pool of an id.
func New(pool string) *Client {
	_, short, _ := strings.Cut(pool, "_")
	b := make([]byte, 128)
	rand.Read(b)
	c := &Client{pool: short, secret: new(big.Int).SetBytes(b)}
	c.public = new(big.Int).Exp(generator, c.secret, prime)
	return c
}

// A is the parameter SRP_A.
func (c *Client) A() string { return c.public.Text(16) }

// Answers are the responses to PASSWORD_VERIFIER, but for SECRET_HASH.
func (c *Client) Answers(challenge map[string]string, password string, at time.Time) (map[string]string, error) {
	user := challenge["USER_ID_FOR_SRP"]
	salt, ok1 := new(big.Int).SetString(challenge["SALT"], 16)
	b, ok2 := new(big.Int).SetString(challenge["SRP_B"], 16)
	block, err := base64.StdEncoding.DecodeString(challenge["SECRET_BLOCK"])
	if !ok1 || !ok2 || err != nil || len(block) == 0 || user == "" {
		return nil, fmt.Errorf("challenge %v", challenge)
	}
	if new(big.Int).Mod(b, prime).Sign() == 0 {
		return nil, errors.New("SRP_B is 0")
	}
	u := hashed(padded(c.public), padded(b))
	inner := sha256.Sum256([]byte(c.pool + user + ":" + password))
	x := hashed(padded(salt), inner[:])
	s := new(big.Int).Exp(generator, x, prime)
	s.Mul(s, multiplier).Sub(b, s).Mod(s, prime)
	s.Exp(s, new(big.Int).Add(c.secret, u.Mul(u, x)), prime)
	key := derived(padded(s), padded(hashed(padded(c.public), padded(b))))
	timestamp := at.UTC().Format("Mon Jan 2 15:04:05 UTC 2006")
	m := hmac.New(sha256.New, key)
	for _, part := range [][]byte{[]byte(c.pool), []byte(user), block, []byte(timestamp)} {
		m.Write(part)
	}
	return map[string]string{
		"USERNAME": user, "TIMESTAMP": timestamp, "PASSWORD_CLAIM_SECRET_BLOCK": challenge["SECRET_BLOCK"],
		"PASSWORD_CLAIM_SIGNATURE": base64.StdEncoding.EncodeToString(m.Sum(nil)),
	}, nil
}

// derived is the key by HKDF with one block.
func derived(secret, salt []byte) []byte {
	extract := hmac.New(sha256.New, salt)
	extract.Write(secret)
	expand := hmac.New(sha256.New, extract.Sum(nil))
	expand.Write([]byte("Caldera Derived Key\x01"))
	return expand.Sum(nil)[:16]
}

// padded writes a number as even hex digits, with a zero byte before a set top bit.
func padded(n *big.Int) []byte {
	text := n.Text(16)
	if len(text)%2 == 1 {
		text = "0" + text
	} else if strings.ContainsAny(text[:1], "89abcdef") {
		text = "00" + text
	}
	b, err := hex.DecodeString(text)
	if err != nil {
		panic(err) // digits of a number
	}
	return b
}

func hashed(parts ...[]byte) *big.Int {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return new(big.Int).SetBytes(h.Sum(nil))
}
