package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
)

// Revoke serves /oauth2/revoke: it ends a refresh token and what was made from it.
func (s *Service) Revoke(w http.ResponseWriter, r *http.Request, at Place) {
	if open(w, r, http.MethodPost) {
		return
	}
	if err := s.revoke(r, at); err != nil {
		e := s.asError(r, err)
		if e.Code == "invalid_client" {
			e = &Error{Code: e.Code, Status: http.StatusUnauthorized}
		}
		answerError(w, e)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json;charset=UTF-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", "0")
	w.WriteHeader(http.StatusOK)
}

func (s *Service) revoke(r *http.Request, at Place) error {
	q, err := Read(r)
	if err != nil || q.Get("token") == "" {
		return refusal("invalid_request")
	}
	proof, err := identify(r, q)
	if err != nil {
		return err
	}
	_, c, err := s.client(r.Context(), at, proof)
	if err != nil {
		return err
	}
	if !isTrue(c.EnableTokenRevocation) {
		return refusal("invalid_request").because("token revocation is not enabled for this client")
	}
	err = s.Grants.Revoke(r.Context(), c, q.Get("token"))
	switch {
	case api.UnsupportedTokenType.Is(err):
		return refusal("unsupported_token_type")
	case isKind(err, api.NotAuthorized, api.Unauthorized):
		return &Error{Code: "invalid_client", Status: http.StatusUnauthorized}
	}
	return err
}

// Logout serves /logout: the browser is signed out, and goes where a registered URL says, or to the sign-in page.
func (s *Service) Logout(w http.ResponseWriter, r *http.Request, at Place) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	q, err := Read(r)
	if err != nil {
		s.Fail(w, r, &Problem{Code: "invalid_request"})
		return
	}
	p, c, err := s.find(r.Context(), at, q.Get("client_id"))
	var unknown *Error
	if errors.As(err, &unknown) {
		err = &Problem{Code: "invalid_client"}
	}
	if err != nil {
		s.Fail(w, r, err)
		return
	}
	to, again := q.Get("logout_uri"), q.Get("redirect_uri")
	switch {
	case to != "" && !slices.Contains(c.LogoutURLs, to), to == "" && again != "" && !slices.Contains(c.CallbackURLs, again):
		s.Fail(w, r, &Problem{Code: "redirect_mismatch"})
		return
	case to == "" && again == "":
		s.Fail(w, r, &Problem{Code: "invalid_request"})
		return
	}
	if err := s.forget(w, r, at, p); err != nil {
		s.Fail(w, r, err)
		return
	}
	if to == "" {
		to = "/login?" + q.Encode()
	} else if state := q.Get("state"); state != "" {
		to += separator(to) + "state=" + url.QueryEscape(state)
	}
	Redirect(w, to)
}

func separator(uri string) string {
	if u, err := url.Parse(uri); err == nil && u.RawQuery != "" {
		return "&"
	}
	return "?"
}
