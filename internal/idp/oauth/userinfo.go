package oauth

import (
	"net/http"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/grant"
	"github.com/gibbon-gateway/gibbon/internal/idp/token"
)

// UserInfo serves /oauth2/userInfo: the attributes of who an access token is for, as far as its scopes and its client may see them.
func (s *Service) UserInfo(w http.ResponseWriter, r *http.Request, at Place) {
	w.Header().Set("Access-Control-Expose-Headers", "WWW-Authenticate")
	if open(w, r, http.MethodGet, http.MethodPost) {
		return
	}
	text, ok := cutPrefixFold(r.Header.Get("Authorization"), "Bearer ")
	if !ok || strings.TrimSpace(text) == "" {
		challenge(w, http.StatusBadRequest, "invalid_request", "Bad OAuth2 request at UserInfo Endpoint")
		return
	}
	session, err := s.Grants.Authenticate(r.Context(), strings.TrimSpace(text), "openid")
	if isKind(err, api.NotAuthorized, api.UserNotFound, api.ResourceNotFound, api.InvalidParameter) ||
		err == nil && at.Pool != nil && at.Pool.ID != session.Pool.ID {
		challenge(w, http.StatusUnauthorized, "invalid_token", "Access token is expired, disabled, or deleted, or the user has globally signed out.")
		return
	}
	if err != nil {
		answerError(w, s.asError(r, err))
		return
	}
	claims := token.Claims{{Name: "sub", Value: session.User.ID}}
	scopes := strings.Fields(session.Claims.Scope)
	for _, a := range session.Attributes() {
		if grant.ScopeShows(scopes, a.Name) {
			claims.Set(a.Name, a.Value) // texts, even what is a boolean in an ID token
		}
	}
	claims.Set("username", session.User.Username)
	answer(w, http.StatusOK, claims)
}

// challenge refuses a token; the header alone is what the service documents.
func challenge(w http.ResponseWriter, status int, code, why string) {
	w.Header().Set("WWW-Authenticate", `error="`+code+`", error_description="`+why+`"`)
	answerError(w, &Error{Code: code, Description: why, Status: status})
}
