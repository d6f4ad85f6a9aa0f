package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/auth"
	"github.com/gibbon-gateway/gibbon/internal/idp/grant"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
)

// Authorization is a client's checked wish to have somebody signed in.
type Authorization struct {
	Pool     *pool.Pool
	Client   *pool.Client
	Query    Parameters // as it came, for links to other pages
	Redirect string     // one of the client's callback URLs
	Scopes   []string
	Implicit bool
	State    string
	Nonce    string

	challenge string
}

// Problem is why an Authorization was refused. If Redirect is set the client is told, else the person.
type Problem struct {
	Code, Description string
	Redirect          string // with the error in it
}

func (p *Problem) Error() string { return p.Code + ": " + p.Description }

// maxParameter bounds what is carried along: state and the like.
const maxParameter = 4096

// Check reads an authorization request. The error is a *Problem, or unforeseen.
func (s *Service) Check(ctx context.Context, at Place, q Parameters) (*Authorization, error) {
	p, c, err := s.find(ctx, at, q.Get("client_id"))
	var unknown *Error
	if errors.As(err, &unknown) {
		return nil, &Problem{Code: "invalid_client", Description: "There is no such app client."}
	}
	if err != nil {
		return nil, err
	}
	a := &Authorization{Pool: p, Client: c, Query: q, Redirect: q.Get("redirect_uri"), State: q.Get("state"), Nonce: q.Get("nonce"),
		Implicit: q.Get("response_type") == "token", challenge: q.Get("code_challenge")}
	if a.Redirect == "" {
		a.Redirect = c.DefaultRedirectURI
	}
	switch {
	case a.Redirect == "":
		return nil, &Problem{Code: "invalid_request", Description: "redirect_uri is missing."}
	case !slices.Contains(c.CallbackURLs, a.Redirect):
		return nil, &Problem{Code: "redirect_mismatch", Description: "redirect_uri is not one of the app client's callback URLs."}
	case len(a.State) > maxParameter || len(a.Nonce) > maxParameter || len(q.Get("login_hint")) > maxParameter:
		return nil, &Problem{Code: "invalid_request", Description: "A parameter is too long."}
	}
	if code, why := a.fault(q); code != "" {
		return nil, a.Refuse(code, why)
	}
	a.Scopes = strings.Fields(q.Get("scope"))
	if len(a.Scopes) == 0 {
		a.Scopes = c.AllowedOAuthScopes
	}
	for _, scope := range a.Scopes {
		if !slices.Contains(c.AllowedOAuthScopes, scope) {
			return nil, a.Refuse("invalid_scope", "")
		}
	}
	a.Scopes = slices.DeleteFunc(slices.Clone(a.Scopes), func(scope string) bool { return strings.Contains(scope, "/") && !p.HasScope(scope) })
	return a, nil
}

// fault says what is wrong with the parameters of a client whose redirect URI is good.
func (a *Authorization) fault(q Parameters) (code, why string) {
	c, kind, method := a.Client, q.Get("response_type"), q.Get("code_challenge_method")
	switch {
	case kind == "":
		return "invalid_request", "response_type is missing"
	case kind != "code" && kind != "token":
		return "unsupported_response_type", ""
	case !isTrue(c.AllowedOAuthFlowsUserPoolClient),
		kind == "code" && !slices.Contains(c.AllowedOAuthFlows, "code"), kind == "token" && !slices.Contains(c.AllowedOAuthFlows, "implicit"):
		return "unauthorized_client", ""
	case len(c.SupportedIdentityProviders) == 0:
		return "unauthorized_client", "the app client has no identity provider"
	case a.challenge == "" && method != "":
		return "invalid_request", "code_challenge is missing"
	case a.challenge != "" && method != "S256":
		return "invalid_request", "code_challenge_method must be S256"
	case a.challenge != "" && (len(a.challenge) != 43 || strings.Trim(a.challenge, base64URL) != ""):
		return "invalid_request", "code_challenge is not a SHA-256 hash"
	}
	return "", ""
}

const base64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// Refuse makes the Problem that is sent to the client.
func (a *Authorization) Refuse(code, why string) *Problem {
	pairs := []string{"error", code}
	if why != "" {
		pairs = append(pairs, "error_description", why)
	}
	return &Problem{Code: code, Description: why, Redirect: a.to(a.Implicit, pairs...)}
}

// to is the redirect URI with these parameters and the state.
func (a *Authorization) to(fragment bool, pairs ...string) string {
	if a.State != "" {
		pairs = append(pairs, "state", a.State)
	}
	var b strings.Builder
	b.WriteString(a.Redirect)
	separator := byte('?')
	switch {
	case fragment:
		separator = '#'
	case strings.Contains(a.Redirect, "?"):
		separator = '&'
	}
	for i := 0; i < len(pairs); i += 2 {
		b.WriteByte(separator)
		b.WriteString(pairs[i] + "=" + url.QueryEscape(pairs[i+1]))
		separator = '&'
	}
	return b.String()
}

// Local says whether people may sign in with a password of the pool, and lists the other providers that the client allows.
func (a *Authorization) Local() (local bool, others []string) {
	for _, name := range a.Client.SupportedIdentityProviders {
		if name == "COGNITO" {
			local = true
		} else if _, ok := a.Pool.Provider(name); ok {
			others = append(others, name)
		}
	}
	return local, others
}

// Elsewhere names the other provider that the request asks for, "" for none; not ok is one that the client does not allow.
func (a *Authorization) Elsewhere() (name string, ok bool) {
	name = a.Query.Get("identity_provider")
	if id := a.Query.Get("idp_identifier"); name == "" && id != "" {
		for _, idp := range a.Pool.Providers {
			if slices.Contains(idp.IdpIdentifiers, id) {
				name = idp.ProviderName
			}
		}
		if name == "" {
			return "", false
		}
	}
	local, others := a.Local()
	switch {
	case name == "COGNITO":
		return "", local
	case name != "":
		return name, slices.Contains(others, name)
	case !local && len(others) == 1:
		return others[0], true
	}
	return "", true
}

// Authorize serves /oauth2/authorize: it sends the browser on, to the sign-in page, to another provider, or back to the client.
func (s *Service) Authorize(w http.ResponseWriter, r *http.Request, at Place) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD, POST")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	q, err := Read(r)
	if err != nil {
		s.Fail(w, r, &Problem{Code: "invalid_request", Description: "The parameters cannot be read."})
		return
	}
	a, err := s.Check(r.Context(), at, q)
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	name, ok := a.Elsewhere()
	if !ok {
		s.Fail(w, r, a.Refuse("invalid_request", "identity provider is not enabled for this client"))
		return
	}
	prompts := strings.Fields(q.Get("prompt"))
	silent := slices.Contains(prompts, "none")
	if silent && len(prompts) > 1 {
		s.Fail(w, r, a.Refuse("invalid_request", "prompt none must stand alone"))
		return
	}
	if !slices.Contains(prompts, "login") && !slices.Contains(prompts, "select_account") {
		b, err := s.signedIn(r, at, a)
		if err != nil {
			s.Fail(w, r, err)
			return
		}
		if b != nil && (name == "" || name == b.Provider) {
			s.finish(w, r, a, b.Done)
			return
		}
	}
	if silent {
		s.Fail(w, r, a.Refuse("login_required", ""))
		return
	}
	if name != "" {
		s.Away(w, r, at, a, name)
		return
	}
	Redirect(w, "/login?"+q.Encode())
}

// signedIn returns who the browser is signed in as, if that is good enough for the request.
func (s *Service) signedIn(r *http.Request, at Place, a *Authorization) (*browser, error) {
	b, err := s.browser(r, at, a.Pool)
	if err != nil || b == nil {
		return nil, err
	}
	if text := a.Query.Get("max_age"); text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < 0 {
			return nil, a.Refuse("invalid_request", "max_age is not a number of seconds")
		}
		if s.Now().Sub(b.Done.AuthTime) > time.Duration(min(seconds, 1<<30))*time.Second {
			return nil, nil
		}
	}
	if !slices.Contains(a.Client.SupportedIdentityProviders, b.Provider) {
		return nil, nil // signed in where this client's users may not
	}
	return b, nil
}

// Complete ends a sign-in on the pages: the browser stays signed in, and goes back to the client.
func (s *Service) Complete(w http.ResponseWriter, r *http.Request, at Place, a *Authorization, done auth.Done, provider string) {
	if err := s.remember(w, r, at, a, done, provider); err != nil {
		s.Fail(w, r, err)
		return
	}
	s.finish(w, r, a, done)
}

// finish sends the browser back with a code or with tokens.
func (s *Service) finish(w http.ResponseWriter, r *http.Request, a *Authorization, done auth.Done) {
	if !a.Implicit {
		text, err := s.newCode(r.Context(), a.Pool, a.Client, code{Done: done, Scopes: a.Scopes, Redirect: a.Redirect, Challenge: a.challenge, Nonce: a.Nonce})
		if err != nil {
			s.Fail(w, r, err)
			return
		}
		Redirect(w, a.to(false, "code", text))
		return
	}
	t, err := s.Grants.Issue(r.Context(), grant.User{Pool: a.Pool, Client: a.Client, UserID: done.UserID, EventID: done.EventID,
		AuthTime: done.AuthTime, Scopes: a.Scopes, Hosted: true, Nonce: a.Nonce, Source: done.Source, DeviceKey: done.DeviceKey,
		NoRefresh: true})
	if err != nil {
		s.Fail(w, r, a.Refuse(s.asError(r, err).Code, ""))
		return
	}
	var pairs []string
	if t.ID != "" {
		pairs = append(pairs, "id_token", t.ID)
	}
	pairs = append(pairs, "access_token", t.Access, "expires_in", strconv.Itoa(t.ExpiresIn), "token_type", "Bearer")
	Redirect(w, a.to(true, pairs...))
}

// Fail sends the browser where a Problem belongs: back to the client, or to the page for errors. Others are logged.
func (s *Service) Fail(w http.ResponseWriter, r *http.Request, err error) {
	var problem *Problem
	if !errors.As(err, &problem) {
		problem = &Problem{Code: s.asError(r, err).Code}
	}
	if problem.Redirect != "" {
		Redirect(w, problem.Redirect)
		return
	}
	Redirect(w, "/error?"+url.Values{"error": {problem.Code}}.Encode())
}

// Redirect answers with status 302. Nothing of it may be kept, and the next page does not learn where the browser came from.
func Redirect(w http.ResponseWriter, to string) {
	h := w.Header()
	h.Set("Location", to)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusFound)
}
