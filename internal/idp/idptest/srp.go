package idptest

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"testing"
)

const primeHex = "" +
	"FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD" +
	"EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED" +
	"EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F" +
	"83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B" +
	"E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510" +
	"15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7" +
	"ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C" +
	"BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF"

var prime, _ = new(big.Int).SetString(primeHex, 16)

// SRP is a client's side of a proof, written after AWS's own clients and apart from package srp.
type SRP struct{ a, A *big.Int }

// NewSRP begins a proof.
func NewSRP() *SRP {
	b := make([]byte, 128)
	rand.Read(b)
	a := new(big.Int).SetBytes(b)
	return &SRP{a, new(big.Int).Exp(big.NewInt(2), a, prime)}
}

// Public is SRP_A.
func (c *SRP) Public() string { return c.A.Text(16) }

func signed(n *big.Int) []byte {
	b := n.Bytes()
	if len(b) == 0 || b[0] >= 0x80 {
		return append([]byte{0}, b...)
	}
	return b
}

func digest(parts ...[]byte) *big.Int {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return new(big.Int).SetBytes(h.Sum(nil))
}

// secret is x.
func secret(salt *big.Int, group, user, password string) *big.Int {
	inner := sha256.Sum256([]byte(group + user + ":" + password))
	return digest(signed(salt), inner[:])
}

// Claim answers a challenge: group is the pool's name or a device's group key, user is USER_ID_FOR_SRP or a device's key.
func (c *SRP) Claim(t testing.TB, group, user, password, timestamp string, challenge map[string]string) (signature string) {
	t.Helper()
	salt, ok1 := new(big.Int).SetString(challenge["SALT"], 16)
	b, ok2 := new(big.Int).SetString(challenge["SRP_B"], 16)
	if !ok1 || !ok2 {
		t.Fatalf("bad challenge %v", challenge)
	}
	two := big.NewInt(2)
	k, u, x := digest(signed(prime), signed(two)), digest(signed(c.A), signed(b)), secret(salt, group, user, password)
	base := new(big.Int).Mul(k, new(big.Int).Exp(two, x, prime))
	base.Sub(b, base).Mod(base, prime)
	s := new(big.Int).Exp(base, new(big.Int).Add(c.a, new(big.Int).Mul(u, x)), prime)
	key, err := hkdf.Key(sha256.New, signed(s), signed(u), "Caldera Derived Key", 16)
	if err != nil {
		t.Fatal(err)
	}
	block, err := base64.StdEncoding.DecodeString(challenge["SECRET_BLOCK"])
	if err != nil {
		t.Fatal(err)
	}
	m := hmac.New(sha256.New, key)
	m.Write([]byte(group + user))
	m.Write(block)
	m.Write([]byte(timestamp))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// DeviceVerifier is what a client sends to ConfirmDevice.
func DeviceVerifier(group, device, password string) (salt, verifier string) {
	raw := make([]byte, 16)
	rand.Read(raw)
	n := new(big.Int).SetBytes(raw)
	v := new(big.Int).Exp(big.NewInt(2), secret(n, group, device, password), prime)
	return base64.StdEncoding.EncodeToString(signed(n)), base64.StdEncoding.EncodeToString(signed(v))
}
