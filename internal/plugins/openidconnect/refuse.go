package openidconnect

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/oidc"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// refusal is why a request is not let in.
type refusal struct {
	status int    // 400, 401, 403, 500 or 503
	code   string // of RFC 6750: invalid_token, insufficient_scope; "" when no credential was sent
	detail string // for the log, and for the client with display_errors
	scheme string // "DPoP" where that is what is asked for; "" is Bearer
	nonce  string // a DPoP nonce to use
	cause  error

	check, field string // what was looked at, and the configuration's field that decides; "" where a trace says it otherwise
}

// by says what was looked at, and by which field of the configuration.
func (r *refusal) by(check, field string) *refusal {
	r.check, r.field = check, field
	return r
}

func (r *refusal) Error() string {
	if r.cause != nil {
		return r.detail + ": " + r.cause.Error()
	}
	return r.detail
}

func (r *refusal) Unwrap() error { return r.cause }

func unauthorized(code, detail string, cause error) *refusal {
	return &refusal{status: http.StatusUnauthorized, code: code, detail: detail, cause: cause}
}

func forbidden(code, detail string) *refusal {
	return &refusal{status: http.StatusForbidden, code: code, detail: detail}
}

func unexpected(detail string, cause error) *refusal {
	return &refusal{status: http.StatusInternalServerError, detail: detail, cause: cause}
}

const invalidToken = "invalid_token"

// asRefusal turns any error into a refusal: what a provider refused, and what is wrong with a token, is 401.
func asRefusal(err error) *refusal {
	var r *refusal
	if errors.As(err, &r) {
		return r
	}
	var no *oidc.RefusedError
	switch {
	case errors.As(err, &no):
		return unauthorized(invalidToken, "the provider refused the credential", err)
	case errors.Is(err, oidc.ErrUnreachable):
		return unauthorized(invalidToken, "the provider cannot be asked", err)
	case errors.Is(err, errTwice):
		return &refusal{status: http.StatusBadRequest, code: "invalid_request", detail: "a credential was sent more than once"}
	}
	return unauthorized(invalidToken, "the token is not acceptable", err)
}

// refuse answers a request that is not let in: with the anonymous consumer where one is configured, with a redirect where
// that is, else with an error in Kong's form.
func (p *relyingParty) refuse(x *plugin.Exchange, r *refusal) error {
	p.env.Log.Info("request refused", "plugin", "openid-connect", "status", r.status, "reason", r.Error(), "request_id", x.RequestID())
	if r.status != http.StatusInternalServerError {
		if done, err := p.LetInAnonymous(x); done {
			x.Trace().Note("anonymous", "anonymous", "in place of the refusal the request is treated as this consumer's")
			return err
		}
	}
	x.Response.Header.Set("Cache-Control", "no-store")
	var to []string
	message, destroy := "", false
	switch r.status {
	case http.StatusUnauthorized:
		to, message, destroy = p.UnauthorizedRedirectURI, p.UnauthorizedErrorMessage, p.UnauthorizedDestroySession
	case http.StatusForbidden:
		to, message, destroy = p.ForbiddenRedirectURI, p.ForbiddenErrorMessage, p.ForbiddenDestroySession
	case http.StatusInternalServerError:
		to = p.UnexpectedRedirectURI
	case http.StatusServiceUnavailable:
		message = "The sessions are unavailable now"
	}
	if destroy && !errors.Is(r, oidc.ErrUnreachable) { // a provider that is away ends nobody's session
		p.dropSession(x)
	}
	if len(to) > 0 && !x.Client.GRPC {
		x.Trace().Note("redirect", "unauthorized_redirect_uri, forbidden_redirect_uri, unexpected_redirect_uri", "in place of the refusal the client is sent elsewhere")
		return x.Exit(http.StatusFound, nil, "Location", to[0])
	}
	if p.DisplayErrors && r.status != http.StatusInternalServerError {
		message += " (" + plain(r.detail) + ")"
	}
	if r.status != http.StatusUnauthorized && r.status != http.StatusForbidden && r.status != http.StatusBadRequest {
		return x.Error(r.status, message)
	}
	if r.nonce != "" {
		x.Response.Header.Set("DPoP-Nonce", r.nonce)
	}
	return x.Error(r.status, message, "WWW-Authenticate", p.challenge(x, r))
}

// challenge is RFC 6750's WWW-Authenticate, or RFC 9449's.
func (p *relyingParty) challenge(x *plugin.Exchange, r *refusal) string {
	var b strings.Builder
	b.WriteString(cmp.Or(r.scheme, "Bearer"))
	b.WriteString(` realm="` + p.realm + `"`)
	if r.code != "" && p.ExposeErrorCode {
		b.WriteString(`, error="` + r.code + `"`)
		if r.code == "insufficient_scope" && len(p.ScopesRequired) > 0 {
			b.WriteString(`, scope="` + plain(strings.Join(p.ScopesRequired, " ")) + `"`)
		}
	}
	if p.ProtectedResourceMetadata {
		b.WriteString(`, resource_metadata="` + plain(origin(x)+metadataPath+escapePath(string(x.Request.Path))) + `"`)
	}
	return b.String()
}

// plain keeps text out of harm in headers and bodies.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || strings.ContainsRune(`"\<>&`, r) {
			return -1
		}
		return r
	}, s)
}
