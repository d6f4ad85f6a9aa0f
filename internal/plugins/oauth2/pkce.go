package oauth2

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/kongoauth2"
)

// challengeOf returns the code challenge of a request, "" if there is none, in the base64 of URLs without padding.
func challengeOf(p *parameters) (challenge string, refused *refusal) {
	v, has := p.get("code_challenge")
	method, named := p.get("code_challenge_method")
	switch {
	case !has && named:
		return "", no("invalid_request", "code_challenge is required when code_method is present")
	case !has:
		return "", nil
	case v.odd || v.text == "":
		return "", no("invalid_request", "code_challenge is not a string")
	case named && method.text != "S256" && method.text != "s256":
		return "", no("invalid_request", "code_challenge_method is not supported, must be S256")
	}
	plain := strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(v.text, "="))
	if _, err := base64.RawURLEncoding.DecodeString(plain); err == nil {
		return plain, nil
	}
	return v.text, nil
}

// needsChallenge reports whether an application has to send a code challenge.
func (s *server) needsChallenge(client *kongoauth2.Credential) bool {
	return client.ClientType == "public" && s.PKCE != "none" || client.ClientType == "confidential" && s.PKCE == "strict"
}

// checkVerifier holds the verifier of a request against the challenge of its code.
func checkVerifier(p *parameters, challenge string) *refusal {
	v, has := p.get("code_verifier")
	switch {
	case !has:
		return no("invalid_request", "code_verifier is required for PKCE authorization requests")
	case v.odd:
		return no("invalid_request", "code_verifier is not a string")
	case len(v.text) < 43 || len(v.text) > 128:
		return no("invalid_request", "code_verifier must be between 43 and 128 characters")
	}
	sum := sha256.Sum256([]byte(v.text))
	if challenge == "" || subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) != 1 {
		return no("invalid_grant", "Invalid code")
	}
	return nil
}
