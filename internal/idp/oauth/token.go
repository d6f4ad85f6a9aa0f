package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/idp/grant"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
)

// tokens is the answer of the token endpoint.
type tokens struct {
	ID        string `json:"id_token,omitempty"`
	Access    string `json:"access_token"`
	Refresh   string `json:"refresh_token,omitempty"`
	ExpiresIn int    `json:"expires_in"`
	Type      string `json:"token_type"`
}

// Token serves /oauth2/token.
func (s *Service) Token(w http.ResponseWriter, r *http.Request, at Place) {
	if open(w, r, http.MethodPost) {
		return
	}
	t, err := s.token(r, at)
	if err != nil {
		answerError(w, s.asError(r, err))
		return
	}
	answer(w, http.StatusOK, tokens{ID: t.ID, Access: t.Access, Refresh: t.Refresh, ExpiresIn: t.ExpiresIn, Type: "Bearer"})
}

func (s *Service) token(r *http.Request, at Place) (*grant.Tokens, error) {
	q, err := Read(r)
	if err != nil {
		return nil, refusal("invalid_request")
	}
	kind := q.Get("grant_type")
	if kind == "" {
		return nil, refusal("invalid_request")
	}
	switch kind {
	case "client_credentials", "authorization_code", "refresh_token":
	default:
		return nil, refusal("unsupported_grant_type")
	}
	proof, err := identify(r, q)
	if err != nil {
		return nil, err
	}
	p, c, err := s.client(r.Context(), at, proof)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "client_credentials":
		return s.machine(r, p, c, q)
	case "authorization_code":
		return s.exchange(r, p, c, q)
	}
	return s.refresh(r, p, c, q)
}

// machine gives a client a token of its own.
func (s *Service) machine(r *http.Request, p *pool.Pool, c *pool.Client, q Parameters) (*grant.Tokens, error) {
	switch {
	case !c.HasSecret():
		return nil, refusal("invalid_client")
	case !isTrue(c.AllowedOAuthFlowsUserPoolClient):
		return nil, refusal("invalid_grant")
	case !slices.Contains(c.AllowedOAuthFlows, "client_credentials"):
		return nil, refusal("unauthorized_client")
	}
	scopes, err := machineScopes(p, c, q.Get("scope"))
	if err != nil {
		return nil, err
	}
	metadata, err := metadata(q)
	if err != nil {
		return nil, err
	}
	return s.Grants.Machine(r.Context(), p, c, scopes, metadata)
}

// machineScopes are the scopes that a client gets of those it asks for, in that order; asking for none gives all. Scopes that its resource
// server has lost are dropped.
func machineScopes(p *pool.Pool, c *pool.Client, asked string) ([]string, error) {
	want := strings.Fields(asked)
	if len(want) == 0 {
		want = c.AllowedOAuthScopes
	}
	scopes := make([]string, 0, len(want))
	for _, scope := range want {
		switch {
		case !slices.Contains(c.AllowedOAuthScopes, scope):
			return nil, refusal("invalid_scope")
		case p.HasScope(scope):
			if !slices.Contains(scopes, scope) {
				scopes = append(scopes, scope)
			}
		case asked != "" && !strings.Contains(scope, "/"):
			return nil, refusal("invalid_scope") // of users: openid and its like
		}
	}
	if len(scopes) == 0 {
		return nil, refusal("invalid_scope")
	}
	return scopes, nil
}

// metadata reads aws_client_metadata, which triggers get.
func metadata(q Parameters) (map[string]string, error) {
	text := q.Get("aws_client_metadata")
	if text == "" {
		return nil, nil
	}
	var m map[string]string
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return nil, refusal("invalid_request").because("aws_client_metadata is not a JSON object of texts")
	}
	return m, nil
}

// exchange gives the tokens for a code.
func (s *Service) exchange(r *http.Request, p *pool.Pool, c *pool.Client, q Parameters) (*grant.Tokens, error) {
	text := q.Get("code")
	if text == "" || q.Get("redirect_uri") == "" {
		return nil, refusal("invalid_request")
	}
	if !slices.Contains(c.AllowedOAuthFlows, "code") {
		return nil, refusal("unauthorized_client")
	}
	code, err := s.code(r.Context(), p, c, text)
	if err != nil {
		return nil, err
	}
	if code.Redirect != q.Get("redirect_uri") {
		return nil, refusal("unauthorized_client").because("invalid_redirect")
	}
	if !proves(code.Challenge, q.Get("code_verifier")) {
		return nil, refusal("invalid_grant")
	}
	return s.redeem(r.Context(), p, c, text, code)
}

// proves checks a PKCE verifier. A verifier for a code without challenge is refused as well: somebody may have taken the challenge away.
func proves(challenge, verifier string) bool {
	if challenge == "" || verifier == "" {
		return challenge == verifier
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

// refresh gives new tokens for a refresh token.
func (s *Service) refresh(r *http.Request, p *pool.Pool, c *pool.Client, q Parameters) (*grant.Tokens, error) {
	text := q.Get("refresh_token")
	if text == "" {
		return nil, refusal("invalid_request")
	}
	metadata, err := metadata(q)
	if err != nil {
		return nil, err
	}
	return s.Grants.Refresh(r.Context(), p, c, text, "", metadata)
}

func isTrue(b *bool) bool { return b != nil && *b }
