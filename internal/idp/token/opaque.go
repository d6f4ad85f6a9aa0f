package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// NewRefresh returns a refresh token: it looks like the service's encrypted ones, five parts of the usual sizes, and says nothing.
func NewRefresh() string {
	return encode([]byte(`{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}`)) + "." + noise(256) + "." + noise(12) + "." + noise(640) + "." + noise(16)
}

// NewSession returns what a client holds between two steps of a sign-in.
func NewSession() string { return "AYABe" + noise(765) }

func noise(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return encode(b)
}

// Hash is how the database knows an opaque token, so that a copy of it does not hold the token itself.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
