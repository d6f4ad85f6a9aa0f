package oidc

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"github.com/gibbon-gateway/gibbon/internal/jose"
)

// WithoutRedirects returns a Fetcher that asks the address it is given, and no other.
func (f *Fetcher) WithoutRedirects() *Fetcher {
	client := *f.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Fetcher{Client: &client, Timeout: f.Timeout, Log: f.Log}
}

// Claims asks the endpoint of a claims provider for its signed claims (OpenID Connect Core 1.0, section 5.6.2.2). token is sent
// unless it is "". The answer is not verified.
func (f *Fetcher) Claims(ctx context.Context, address, token string) (*jose.Token, error) {
	h := http.Header{"Accept": {"application/jwt"}}
	if token != "" {
		h.Set("Authorization", "Bearer "+token)
	}
	a, err := f.get(ctx, address, h)
	if err != nil {
		return nil, fmt.Errorf("claims endpoint: %w", err)
	}
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("%w: claims endpoint answered %d", ErrUnreachable, a.status)
	}
	t, err := jose.Parse(bytes.TrimSpace(a.body))
	if err != nil {
		return nil, fmt.Errorf("%w: claims endpoint: the answer is no signed JWT: %w", ErrUnreachable, err)
	}
	return t, nil
}
