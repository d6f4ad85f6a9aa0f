package kongoauth2

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"hash"
	"strconv"
	"strings"
)

// Hashed secrets are texts of the PHC form that Kong writes: $pbkdf2-sha512$i=10000,l=32$salt$hash, the last two in base64
// without padding.
const (
	secretDigest     = "sha512"
	secretIterations = 10000
	secretLength     = 32
	secretSalt       = 16

	mostIterations = 1_000_000 // of a hash that somebody brings: each sign-in costs them
	mostLength     = 128       // of it and of its salt, in bytes
)

var secretDigests = map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}

var secretBase64 = base64.RawStdEncoding

// HashSecret returns the text that a secret is kept by.
func HashSecret(secret string) string {
	salt := make([]byte, secretSalt)
	rand.Read(salt)
	sum, err := pbkdf2.Key(sha512.New, secret, salt, secretIterations, secretLength)
	if err != nil {
		panic(err) // the parameters are right
	}
	return "$pbkdf2-" + secretDigest + "$i=" + strconv.Itoa(secretIterations) + ",l=" + strconv.Itoa(secretLength) + "$" +
		secretBase64.EncodeToString(salt) + "$" + secretBase64.EncodeToString(sum)
}

// hashedSecret is a hashed secret, in parts.
type hashedSecret struct {
	digest     func() hash.Hash
	iterations int
	salt, sum  []byte
}

func parseSecret(text string) (h hashedSecret, ok bool) {
	parts := strings.Split(text, "$")
	if len(parts) != 5 || parts[0] != "" {
		return h, false
	}
	name, isPBKDF2 := strings.CutPrefix(parts[1], "pbkdf2-")
	h.digest = secretDigests[name]
	length := 0
	for param := range strings.SplitSeq(parts[2], ",") {
		key, value, _ := strings.Cut(param, "=")
		n, err := strconv.Atoi(value)
		switch {
		case err != nil:
			return h, false
		case key == "i":
			h.iterations = n
		case key == "l":
			length = n
		}
	}
	var err, err2 error
	h.salt, err = secretBase64.DecodeString(strings.TrimRight(parts[3], "="))
	h.sum, err2 = secretBase64.DecodeString(strings.TrimRight(parts[4], "="))
	ok = isPBKDF2 && h.digest != nil && h.iterations > 0 && h.iterations <= mostIterations && err == nil && err2 == nil &&
		len(h.sum) > 0 && len(h.sum) <= mostLength && len(h.salt) <= mostLength && (length == 0 || length == len(h.sum))
	return h, ok
}

func isHashedSecret(text string) bool {
	_, ok := parseSecret(text)
	return ok
}

// Verify says whether a secret is the application's. How long it takes does not depend on where the two differ.
func (c *Credential) Verify(secret string) bool {
	if !c.HashSecret {
		a, b := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(c.ClientSecret))
		return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && c.ClientSecret != ""
	}
	h, ok := parseSecret(c.ClientSecret)
	if !ok {
		return false
	}
	sum, err := pbkdf2.Key(h.digest, secret, h.salt, h.iterations, len(h.sum))
	return err == nil && subtle.ConstantTimeCompare(sum, h.sum) == 1
}
