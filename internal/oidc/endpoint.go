package oidc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/jose"
)

// RefusedError is a provider's answer that what was asked is not granted.
type RefusedError struct {
	Endpoint    string // "token", "introspection", …
	Status      int
	Code        string // "invalid_grant", …; "" if the answer names none
	Description string // as the provider wrote it; not to be shown unescaped
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s endpoint refused: status %d, error %.100q, %.200q", e.Endpoint, e.Status, e.Code, e.Description)
}

// Endpoint is an address of a provider, and how a client proves who it is there.
type Endpoint struct {
	Name     string // for messages: "token"
	URL      string
	Method   string // of client authentication
	Audience string // of assertions: the issuer; where that is refused, URL
	Fetch    *Fetcher
	Now      func() time.Time
}

// post sends a form with the client's authentication. Providers differ in whom an assertion has to be for: themselves (RFC 9126, section 2;
// FAPI 2.0), or the endpoint that is asked (Okta, Entra ID). Where the one is refused the other is tried, and what was good is remembered.
// Nobody else can use an assertion that is for the URL to which it was sent.
func (e *Endpoint) post(ctx context.Context, c *Client, form url.Values, header http.Header) (*answer, error) {
	if e.URL == "" {
		return nil, fmt.Errorf("%w: the provider has no %s endpoint", ErrUnreachable, e.Name)
	}
	if c == nil || e.Method != SecretJWT && e.Method != PrivateKeyJWT {
		return e.send(ctx, c, e.Audience, form, header)
	}
	audience, other := e.Audience, e.URL
	if c.Audiences.isURL(e.URL) {
		audience, other = other, audience
	}
	a, err := e.send(ctx, c, audience, form, header)
	if err != nil || !unauthenticated(a) {
		return a, err
	}
	if again, err := e.send(ctx, c, other, form, header); err == nil && !unauthenticated(again) {
		c.Audiences.set(e.URL, other == e.URL)
		return again, nil
	}
	return a, nil
}

// unauthenticated reports whether an answer says that the client did not prove who it is (RFC 6749, section 5.2): by the code of the
// error, or without one by the status.
func unauthenticated(a *answer) bool {
	var doc struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(a.body, &doc) // what is no JSON has no code
	switch a.status {
	case http.StatusUnauthorized:
		return true
	case http.StatusForbidden:
		return doc.Error == "" || doc.Error == "invalid_client"
	case http.StatusBadRequest:
		return doc.Error == "invalid_client"
	}
	return false
}

// send sends a form once, with an assertion for an audience if the client's authentication is one.
func (e *Endpoint) send(ctx context.Context, c *Client, audience string, form url.Values, header http.Header) (*answer, error) {
	body := url.Values{}
	for name, values := range form {
		body[name] = values
	}
	h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}
	for name, values := range header {
		h[name] = values
	}
	fetch := e.Fetch
	if c != nil {
		if err := c.authenticate(e.Method, audience, body, h, e.Now()); err != nil {
			return nil, err
		}
		if Mutual(e.Method) {
			if fetch = c.TLS; fetch == nil {
				return nil, errors.New("no client certificate for mutual TLS")
			}
		}
	}
	r, err := http.NewRequest(http.MethodPost, e.URL, strings.NewReader(body.Encode()))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	r.Header = h
	a, err := fetch.do(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("%s endpoint: %w", e.Name, err)
	}
	if a.status >= 500 || a.status >= 300 && a.status < 400 {
		return nil, fmt.Errorf("%w: %s endpoint answered %d", ErrUnreachable, e.Name, a.status)
	}
	return a, nil
}

// refused reads an OAuth error (RFC 6749, section 5.2).
func (e *Endpoint) refused(a *answer) error {
	var doc struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(a.body, &doc) // what is no JSON has no code
	return &RefusedError{Endpoint: e.Name, Status: a.status, Code: doc.Error, Description: doc.Description}
}

// Tokens are what a token endpoint gave.
type Tokens struct {
	Access, ID, Refresh string
	Type                string // "Bearer" or "DPoP", as written by the provider; Bearer if it says nothing
	Scope               string
	// Lifetime of the access token; 0 when the answer does not say. Fresh is false when it says that it is over already.
	Lifetime time.Duration
	Fresh    bool
	Raw      json.RawMessage
	Header   http.Header // of the answer
}

// maxLifetime bounds what a provider may claim: ten years.
const maxLifetime = 10 * 365 * 24 * time.Hour

// Token asks the token endpoint (RFC 6749, section 3.2). The error is a *RefusedError when the provider said no.
func (e *Endpoint) Token(ctx context.Context, c *Client, form url.Values, header http.Header) (*Tokens, error) {
	a, err := e.post(ctx, c, form, header)
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusOK {
		return nil, e.refused(a)
	}
	return parseTokens(a)
}

func parseTokens(a *answer) (*Tokens, error) {
	bad := func(why string) error { return fmt.Errorf("%w: token endpoint: %s", ErrUnreachable, why) }
	doc, err := jose.DecodeObject(a.body)
	if err != nil {
		return nil, bad("the answer is no JSON object")
	}
	if code, refused := doc["error"].(string); refused {
		return nil, &RefusedError{Endpoint: "token", Status: a.status, Code: code}
	}
	t := &Tokens{Type: "Bearer", Fresh: true, Raw: bytes.Clone(a.body), Header: a.header}
	for name, to := range map[string]*string{"access_token": &t.Access, "id_token": &t.ID, "refresh_token": &t.Refresh,
		"token_type": &t.Type, "scope": &t.Scope} {
		v, there := doc[name]
		if !there || v == nil {
			continue
		}
		s, ok := v.(string)
		if !ok || len(s) > jose.MaxToken {
			return nil, bad(name + " is no text")
		}
		*to = s
	}
	if t.Access == "" {
		return nil, bad("no access_token")
	}
	if !strings.EqualFold(t.Type, "Bearer") && !strings.EqualFold(t.Type, "DPoP") {
		return nil, bad(fmt.Sprintf("token_type %.40q", t.Type))
	}
	if v, there := doc["expires_in"]; there && v != nil {
		n, ok := Number(v)
		if !ok {
			return nil, bad("expires_in is no number")
		}
		t.Fresh = n > 0
		t.Lifetime = maxLifetime
		if n < maxLifetime.Seconds() {
			t.Lifetime = time.Duration(max(n, 0) * float64(time.Second))
		}
	}
	return t, nil
}

// signedIntrospection is the media type of RFC 9701.
const signedIntrospection = "application/token-introspection+jwt"

// Introspection is what an introspection endpoint said of a token.
type Introspection struct {
	Active bool
	Claims map[string]any
	Raw    json.RawMessage
	JWT    string // the signed form, if the provider answered so
}

// Introspect asks about a token (RFC 7662). accept is the media type wanted; a signed answer (RFC 9701) is verified by verify.
// A token that the provider does not know is not an error: Active is false.
func (e *Endpoint) Introspect(ctx context.Context, c *Client, form url.Values, header http.Header, accept string,
	verify func(ctx context.Context, jwt *jose.Token) error) (*Introspection, error) {
	h := header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Accept", accept)
	a, err := e.post(ctx, c, form, h)
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusOK {
		return nil, e.refused(a)
	}
	in := &Introspection{Raw: bytes.Clone(a.body)}
	if a.media == "application/jwt" || a.media == signedIntrospection {
		t, err := jose.Parse(bytes.TrimSpace(a.body))
		if err != nil {
			return nil, fmt.Errorf("%w: introspection endpoint: %w", ErrUnreachable, err)
		}
		if err := verify(ctx, t); err != nil {
			return nil, fmt.Errorf("introspection endpoint: %w", err)
		}
		in.JWT = string(bytes.TrimSpace(a.body))
		claims, ok := t.Claims["token_introspection"].(map[string]any)
		switch {
		case a.media == signedIntrospection && (!ok || t.Claims["iss"] == nil || t.Claims["aud"] == nil || !strings.EqualFold(t.Type, "token-introspection+jwt")):
			return nil, fmt.Errorf("%w: introspection endpoint: the signed answer is not one of RFC 9701", ErrUnreachable)
		case !ok: // application/jwt, which older providers answer with
			claims = t.Claims
		}
		in.Claims = claims
		if in.Raw, err = json.Marshal(claims); err != nil {
			return nil, err
		}
	} else if in.Claims, err = jose.DecodeObject(a.body); err != nil {
		return nil, fmt.Errorf("%w: introspection endpoint: the answer is no JSON object", ErrUnreachable)
	}
	in.Active = in.Claims["active"] == true // text "true" is not
	return in, nil
}

// Userinfo asks the userinfo endpoint with an access token (OpenID Connect Core 1.0, section 5.3). The JWT is "" for a plain
// answer; a signed one is verified by verify.
func (e *Endpoint) Userinfo(ctx context.Context, token string, query url.Values, header http.Header,
	verify func(ctx context.Context, jwt *jose.Token) error) (claims map[string]any, raw json.RawMessage, jwt string, err error) {
	if e.URL == "" {
		return nil, nil, "", fmt.Errorf("%w: the provider has no userinfo endpoint", ErrUnreachable)
	}
	u, err := url.Parse(e.URL)
	if err != nil {
		return nil, nil, "", fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if len(query) > 0 {
		q := u.Query()
		for name, values := range query {
			q[name] = values
		}
		u.RawQuery = q.Encode()
	}
	h := header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Authorization", "Bearer "+token)
	a, err := e.Fetch.get(ctx, u.String(), h)
	if err != nil {
		return nil, nil, "", fmt.Errorf("userinfo endpoint: %w", err)
	}
	switch {
	case a.status >= 500 || a.status >= 300 && a.status < 400:
		return nil, nil, "", fmt.Errorf("%w: userinfo endpoint answered %d", ErrUnreachable, a.status)
	case a.status != http.StatusOK:
		return nil, nil, "", e.refused(a)
	}
	if a.media == "application/jwt" {
		t, err := jose.Parse(bytes.TrimSpace(a.body))
		if err != nil {
			return nil, nil, "", fmt.Errorf("%w: userinfo endpoint: %w", ErrUnreachable, err)
		}
		if err := verify(ctx, t); err != nil {
			return nil, nil, "", fmt.Errorf("userinfo endpoint: %w", err)
		}
		raw, err = json.Marshal(t.Claims)
		return t.Claims, raw, string(bytes.TrimSpace(a.body)), err
	}
	claims, err = jose.DecodeObject(a.body)
	if err != nil {
		return nil, nil, "", fmt.Errorf("%w: userinfo endpoint: the answer is no JSON object", ErrUnreachable)
	}
	return claims, bytes.Clone(a.body), "", nil
}

// Revoke revokes a token (RFC 7009). A token that the provider does not know is revoked.
func (e *Endpoint) Revoke(ctx context.Context, c *Client, form url.Values) error {
	a, err := e.post(ctx, c, form, nil)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK && a.status != http.StatusNoContent {
		return e.refused(a)
	}
	return nil
}

// Push sends an authorization request ahead (RFC 9126) and returns its request_uri.
func (e *Endpoint) Push(ctx context.Context, c *Client, form url.Values) (string, error) {
	a, err := e.post(ctx, c, form, nil)
	if err != nil {
		return "", err
	}
	if a.status != http.StatusCreated && a.status != http.StatusOK {
		return "", e.refused(a)
	}
	var doc struct {
		RequestURI string `json:"request_uri"`
	}
	if err := json.Unmarshal(a.body, &doc); err != nil || doc.RequestURI == "" {
		return "", fmt.Errorf("%w: pushed authorization request endpoint gave no request_uri", ErrUnreachable)
	}
	return doc.RequestURI, nil
}

// PostToken posts a token, as bearer token, to an address that answers with another one: Kong's token_exchange_endpoint.
func (f *Fetcher) PostToken(ctx context.Context, address, token string) (string, error) {
	r, err := http.NewRequest(http.MethodPost, address, nil)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	a, err := f.do(ctx, r)
	if err != nil {
		return "", fmt.Errorf("token exchange endpoint: %w", err)
	}
	fresh := string(bytes.TrimSpace(a.body))
	switch {
	case a.status >= 500:
		return "", fmt.Errorf("%w: token exchange endpoint answered %d", ErrUnreachable, a.status)
	case a.status != http.StatusOK:
		return "", &RefusedError{Endpoint: "token exchange", Status: a.status}
	case fresh == "" || len(fresh) > jose.MaxToken || strings.ContainsAny(fresh, " \r\n\t<"):
		return "", fmt.Errorf("%w: token exchange endpoint gave no token", ErrUnreachable)
	}
	return fresh, nil
}
