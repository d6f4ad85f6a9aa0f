package srp_test

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/srp"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The numbers come from amazon-cognito-identity-js as the client, with an independent server side.
const (
	vectorPool = "AbCdEfGhI"
	vectorUser = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
	vectorTime = "Tue Jan 6 09:05:07 UTC 2026"
)

func TestVector(t *testing.T) {
	salt := unhex(t, "00112233445566778899aabbccddeeff")
	verifier := srp.Verifier(vectorPool, vectorUser, "Passw0rd!", salt)
	prime := clientPrime()
	x, _ := new(big.Int).SetString("ee6e60fc5cdb83a2f9eb7c7f2d257697ab98a3ff64209b676925c4aa2fbe4683", 16)
	if want := new(big.Int).Exp(big.NewInt(2), x, prime).Bytes(); hex.EncodeToString(want) != hex.EncodeToString(verifier) {
		t.Error("verifier differs")
	}
	a, _ := new(big.Int).SetString(strings.Repeat("0102030405060708090a0b0c0d0e0f10", 8), 16)
	public := new(big.Int).Exp(big.NewInt(2), a, prime).Text(16)
	if !strings.HasPrefix(public, "3ec4cbf5c956735bca223b5e") {
		t.Fatalf("A begins %s", public[:24])
	}
	secret := unhex(t, strings.Repeat("1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100", 4))
	if b := srp.Public(verifier, secret); !strings.HasPrefix(b, "66c0fce1c2262b63245587b7") {
		t.Errorf("B begins %s", b[:24])
	}
	key, err := srp.Key(public, verifier, secret)
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(key); got != "dff83cc597943199453658a0671910e2" {
		t.Errorf("K = %s", got)
	}
	block := []byte("secret-block")
	const want = "/mHrE8T73r7eFYwzf7zZT2djZ1tKH438xmEf9qmqLFE="
	if got := srp.Signature(key, vectorPool, vectorUser, block, vectorTime); got != want {
		t.Errorf("signature = %s, want %s", got, want)
	}
	if !srp.Proves(want, key, vectorPool, vectorUser, block, vectorTime) || srp.Proves(want, key, vectorPool, "other", block, vectorTime) {
		t.Error("Proves is wrong")
	}
	at, err := srp.ParseTime(vectorTime)
	if err != nil || !at.Equal(time.Date(2026, 1, 6, 9, 5, 7, 0, time.UTC)) {
		t.Errorf("time = %v, %v", at, err)
	}
}

// clientPrime computes the prime from the formula in RFC 3526.
func clientPrime() *big.Int {
	pi := func() *big.Int { // 2^2942 times pi, by Machin's formula
		one := new(big.Int).Lsh(big.NewInt(1), 3400)
		arctan := func(x int64) *big.Int {
			term := new(big.Int).Div(one, big.NewInt(x))
			sum, square := new(big.Int).Set(term), big.NewInt(x*x)
			for n, sign := int64(3), int64(-1); term.Sign() != 0; n, sign = n+2, -sign {
				term.Div(term, square)
				part := new(big.Int).Div(term, big.NewInt(n))
				sum.Add(sum, part.Mul(part, big.NewInt(sign)))
			}
			return sum
		}
		p := new(big.Int).Mul(arctan(5), big.NewInt(4))
		p.Sub(p, arctan(239)).Mul(p, big.NewInt(4))
		return p.Rsh(p, 3400-2942)
	}()
	n := new(big.Int).Lsh(big.NewInt(1), 3072)
	n.Sub(n, new(big.Int).Lsh(big.NewInt(1), 3008)).Sub(n, big.NewInt(1))
	pi.Add(pi, big.NewInt(1690314))
	return n.Add(n, pi.Lsh(pi, 64))
}

// clientKey is the other side, written from the protocol's text.
func clientKey(t *testing.T, pool, user, password string, salt []byte, a *big.Int, serverPublic string) []byte {
	t.Helper()
	n, g := clientPrime(), big.NewInt(2)
	pad := func(x *big.Int) []byte {
		h := x.Text(16)
		if len(h)%2 == 1 {
			h = "0" + h
		}
		if strings.ContainsRune("89abcdef", rune(h[0])) {
			h = "00" + h
		}
		return unhex(t, h)
	}
	sum := func(parts ...[]byte) *big.Int {
		h := sha256.New()
		for _, p := range parts {
			h.Write(p)
		}
		return new(big.Int).SetBytes(h.Sum(nil))
	}
	inner := sha256.Sum256([]byte(pool + user + ":" + password))
	x := sum(pad(new(big.Int).SetBytes(salt)), inner[:])
	b, _ := new(big.Int).SetString(serverPublic, 16)
	u := sum(pad(new(big.Int).Exp(g, a, n)), pad(b))
	k := sum(pad(n), pad(g))
	base := new(big.Int).Sub(b, new(big.Int).Mul(k, new(big.Int).Exp(g, x, n)))
	s := base.Exp(base.Mod(base, n), new(big.Int).Add(a, new(big.Int).Mul(u, x)), n)
	key, err := hkdf.Key(sha256.New, pad(s), pad(u), "Caldera Derived Key", 16)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Padding mistakes show in one of 256 sign-ins: many random ones, with salts of every first byte's length.
func TestBothSidesAgree(t *testing.T) {
	for i := range 64 {
		salt := srp.NewSalt()
		if i%8 == 0 {
			salt[0] = 0
		}
		verifier, secret := srp.Verifier("Pool", "user", "påss wörd", salt), srp.NewSecret()
		a := new(big.Int).SetBytes(srp.NewSecret())
		public := new(big.Int).Exp(big.NewInt(2), a, clientPrime()).Text(16)
		server, err := srp.Key(public, verifier, secret)
		if err != nil {
			t.Fatal(err)
		}
		if client := clientKey(t, "Pool", "user", "påss wörd", salt, a, srp.Public(verifier, secret)); string(client) != string(server) {
			t.Fatalf("round %d: keys differ (salt %x)", i, salt)
		}
		if client := clientKey(t, "Pool", "user", "wrong", salt, a, srp.Public(verifier, secret)); string(client) == string(server) {
			t.Fatal("a wrong password gives the key")
		}
	}
}

func TestBadPublicNumbers(t *testing.T) {
	prime := clientPrime()
	for name, a := range map[string]string{
		"empty": "", "zero": "0", "prime": prime.Text(16), "twice the prime": new(big.Int).Lsh(prime, 1).Text(16),
		"not hex": "xyz", "negative": "-5", "underscore": "1_0", "huge": strings.Repeat("f", 4000),
	} {
		if _, err := srp.Key(a, srp.Verifier("P", "u", "p", srp.NewSalt()), srp.NewSecret()); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func BenchmarkServer(b *testing.B) {
	verifier := srp.Verifier("P", "u", "p", srp.NewSalt())
	public := new(big.Int).Exp(big.NewInt(2), big.NewInt(0).SetBytes(srp.NewSecret()), clientPrime()).Text(16)
	for b.Loop() {
		secret := srp.NewSecret()
		srp.Public(verifier, secret)
		if _, err := srp.Key(public, verifier, secret); err != nil {
			b.Fatal(err)
		}
	}
}
