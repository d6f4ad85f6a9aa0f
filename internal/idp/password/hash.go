// Package password hashes passwords with argon2id, judges them by a pool's policy, and makes temporary ones. It knows nothing of users;
// the SRP verifier that lies beside a hash is package srp's.
package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost is what one hash takes. The zero value means Default.
type Cost struct {
	Memory uint32 // KiB
	Passes uint32
	Lanes  uint8
}

// Default takes about 20 ms of one core and 19 MiB, the least that OWASP advises.
var Default = Cost{Memory: 19 << 10, Passes: 2, Lanes: 1}

// Cheap is for tests.
var Cheap = Cost{Memory: 64, Passes: 1, Lanes: 1}

var errFormat = errors.New("password: unknown hash format")

const (
	saltSize = 16
	hashSize = 32
)

// Hash returns the password's hash in PHC form: $argon2id$v=19$m=…,t=…,p=…$salt$hash.
func Hash(password string, c Cost) string {
	if c == (Cost{}) {
		c = Default
	}
	salt := make([]byte, saltSize)
	rand.Read(salt)
	sum := argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, c.Lanes, hashSize)
	enc := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Passes, c.Lanes, enc.EncodeToString(salt), enc.EncodeToString(sum))
}

// Matches says whether the password has this hash. A hash that cannot be read matches nothing.
func Matches(password, hash string) bool {
	c, salt, sum, err := parse(hash)
	if err != nil {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, c.Lanes, uint32(len(sum)))
	return subtle.ConstantTimeCompare(got, sum) == 1
}

func parse(hash string) (c Cost, salt, sum []byte, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errFormat
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Passes, &c.Lanes); err != nil || c.Passes == 0 || c.Lanes == 0 {
		return c, nil, nil, errFormat
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return c, nil, nil, errFormat
	}
	if sum, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(sum) == 0 {
		return c, nil, nil, errFormat
	}
	return c, salt, sum, nil
}

// Decoy spends the time that Matches would for a user who does not exist, so that the two cannot be told apart.
func Decoy(password string, c Cost) {
	if c == (Cost{}) {
		c = Default
	}
	argon2.IDKey([]byte(password), make([]byte, saltSize), c.Passes, c.Memory, c.Lanes, hashSize)
}
