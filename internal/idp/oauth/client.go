package oauth

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
)

// credentials are what a client proves itself by.
type credentials struct {
	id      string
	secrets []string // ways to read the secret; one of them must fit. Empty: none was sent
}

// identify reads the client's credentials, from the Authorization header or the parameters.
func identify(r *http.Request, p Parameters) (credentials, error) {
	c := credentials{id: p.Get("client_id")}
	if secret := p.Get("client_secret"); secret != "" {
		c.secrets = []string{secret}
	}
	header := r.Header.Get("Authorization")
	if header == "" {
		if c.id == "" {
			return c, refusal("invalid_request")
		}
		return c, nil
	}
	encoded, ok := cutPrefixFold(header, "Basic ")
	if !ok {
		return c, refusal("invalid_client")
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return c, refusal("invalid_client")
	}
	id, secret, ok := strings.Cut(string(text), ":")
	if !ok {
		return c, refusal("invalid_client")
	}
	// RFC 6749 has both percent-encoded, which many clients forget; a plus sign is never a space here.
	if c.id != "" && c.id != unescaped(id) {
		return c, refusal("invalid_request")
	}
	if len(c.secrets) > 0 && c.secrets[0] != unescaped(secret) && c.secrets[0] != secret {
		return c, refusal("invalid_request")
	}
	c.id = unescaped(id)
	c.secrets = []string{secret}
	if plain := unescaped(secret); plain != secret {
		c.secrets = append(c.secrets, plain)
	}
	return c, nil
}

func unescaped(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// client finds the client of a request and checks its secret. A client of another pool than the host's is unknown there.
func (s *Service) client(ctx context.Context, at Place, c credentials) (*pool.Pool, *pool.Client, error) {
	p, client, err := s.find(ctx, at, c.id)
	if err != nil {
		return nil, nil, err
	}
	if len(c.secrets) == 0 {
		if client.HasSecret() {
			return nil, nil, refusal("invalid_client")
		}
		return p, client, nil
	}
	for _, secret := range c.secrets {
		if secret == "" && !client.HasSecret() || secret != "" && client.Proves(secret) {
			return p, client, nil
		}
	}
	return nil, nil, refusal("invalid_client")
}

// find returns a client by its id, with its pool.
func (s *Service) find(ctx context.Context, at Place, id string) (*pool.Pool, *pool.Client, error) {
	if len(id) > 128 || id == "" {
		return nil, nil, refusal("invalid_client")
	}
	p, client, err := s.Pools.Client(ctx, id)
	if api.ResourceNotFound.Is(err) {
		return nil, nil, refusal("invalid_client")
	}
	if err != nil {
		return nil, nil, err
	}
	if at.Pool != nil && at.Pool.ID != p.ID {
		return nil, nil, refusal("invalid_client")
	}
	return p, client, nil
}
