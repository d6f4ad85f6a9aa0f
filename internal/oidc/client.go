package oidc

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/jose"
)

// The methods of client authentication (OpenID Connect Core 1.0, section 9; RFC 8705).
const (
	SecretBasic   = "client_secret_basic"
	SecretPost    = "client_secret_post"
	SecretJWT     = "client_secret_jwt"
	PrivateKeyJWT = "private_key_jwt"
	TLSAuth       = "tls_client_auth"
	SelfSignedTLS = "self_signed_tls_client_auth"
	NoAuth        = "none"
)

// assertionLife is how long a client's assertion is good.
const assertionLife = 60 * time.Second

// Client is who asks a provider.
type Client struct {
	ID, Secret string
	Alg        string // of assertions; "" means HS256 or RS256
	Key        any    // private key of PrivateKeyJWT
	KeyID      string
	Own        func() (key any, id string, err error) // gives the private key at each use, where it changes and Key is nil
	TLS        *Fetcher                               // with the client certificate, for TLSAuth and SelfSignedTLS
	Audiences  *Audiences
}

// Audiences remembers whom endpoints want assertions to be for. A nil one remembers nothing.
type Audiences struct{ urls sync.Map } // endpoint's URL: true where that is what it wants

func (a *Audiences) isURL(endpoint string) bool {
	if a == nil {
		return false
	}
	is, _ := a.urls.Load(endpoint)
	return is == true
}

func (a *Audiences) set(endpoint string, isURL bool) {
	if a != nil {
		a.urls.Store(endpoint, isURL)
	}
}

// Mutual reports whether a method authenticates by a TLS certificate.
func Mutual(method string) bool { return method == TLSAuth || method == SelfSignedTLS }

// authenticate adds the client's proof to a request: to its form or to its header. Assertions are for audience.
func (c *Client) authenticate(method, audience string, form url.Values, header http.Header, now time.Time) error {
	switch method {
	case SecretBasic, "":
		// RFC 6749, section 2.3.1: both are form-encoded before.
		pair := url.QueryEscape(c.ID) + ":" + url.QueryEscape(c.Secret)
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
		return nil
	case SecretPost:
		form.Set("client_id", c.ID)
		form.Set("client_secret", c.Secret)
		return nil
	case SecretJWT, PrivateKeyJWT:
		assertion, err := c.assertion(method, audience, now)
		if err != nil {
			return fmt.Errorf("client assertion: %w", err)
		}
		form.Set("client_id", c.ID)
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", assertion)
		return nil
	case NoAuth, TLSAuth, SelfSignedTLS:
		form.Set("client_id", c.ID)
		return nil
	}
	return fmt.Errorf("unknown client authentication method %q", method)
}

// assertion makes a JWT that proves who the client is (RFC 7523, section 3).
func (c *Client) assertion(method, audience string, now time.Time) (string, error) {
	alg, key := c.Alg, any([]byte(c.Secret))
	header := map[string]any{}
	if method == PrivateKeyJWT {
		private, id, err := c.PrivateKey()
		if err != nil {
			return "", err
		}
		if key = private; id != "" {
			header["kid"] = id
		}
	}
	if alg == "" {
		alg = map[string]string{SecretJWT: "HS256", PrivateKeyJWT: "RS256"}[method]
	}
	return jose.Sign(alg, key, header, map[string]any{
		"iss": c.ID, "sub": c.ID, "aud": audience, "jti": Random(18),
		"iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
}

// PrivateKey returns the key of PrivateKeyJWT and its id; nil if the client has none.
func (c *Client) PrivateKey() (key any, id string, err error) {
	if c.Key == nil && c.Own != nil {
		return c.Own()
	}
	return c.Key, c.KeyID, nil
}

// Random returns n random bytes as base64url text.
func Random(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

// ChooseMethod returns the method to use at an endpoint: as configured, else the first of what the provider supports that the
// client can do, else client_secret_basic.
func (c *Client) ChooseMethod(configured string, supported []string) string {
	if configured != "" {
		return configured
	}
	hasKey := c.Key != nil || c.Own != nil
	if c.Secret == "" && !hasKey {
		return NoAuth
	}
	for _, m := range supported {
		switch m {
		case SecretBasic, SecretPost:
			if c.Secret != "" {
				return m
			}
		case PrivateKeyJWT:
			if hasKey && c.Secret == "" {
				return m
			}
		}
	}
	return SecretBasic
}
