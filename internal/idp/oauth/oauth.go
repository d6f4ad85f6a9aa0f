// Package oauth serves the OAuth 2.0 and OpenID Connect endpoints of user pools: authorize, token, userInfo, revoke, logout, discovery and
// keys, and the sign-in through other providers. Its main type is Service. Parameters, statuses and error bodies are Cognito's, which is no
// strict OpenID provider: parameters come in query and body alike, errors are bare, and an access token has no audience.
//
// People see package page, who they are is decided by auth, and tokens are made by grant; this package holds what lies between: codes,
// the sign-in of a browser, and the checks of a client's request.
package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/auth"
	"github.com/gibbon-gateway/gibbon/internal/idp/grant"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/token"
	"github.com/gibbon-gateway/gibbon/internal/store/sqldb"
	"github.com/google/uuid"
)

// maxForm bounds the body of a request.
const maxForm = 64 << 10

// Options are what a Service needs.
type Options struct {
	Store  *store.Store
	Ring   *token.Ring
	Pools  *pool.Service
	Grants *grant.Service
	Auth   *auth.Service
	Now    func() time.Time
	Log    *slog.Logger
	// Transport reaches other providers; nil means http.DefaultTransport.
	Transport http.RoundTripper
}

// Service serves the endpoints. Make one with New.
type Service struct {
	Options
	ctx     context.Context // ends with Close
	stop    context.CancelFunc
	working sync.WaitGroup
	issuers issuers
}

// New returns a Service. Close stops its background work.
func New(o Options) *Service {
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Service{Options: o, ctx: ctx, stop: stop}
}

// Close stops what runs in the background.
func (s *Service) Close() {
	s.stop()
	s.working.Wait()
}

// Place is where a request arrived.
type Place struct {
	Pool   *pool.Pool // that the host names; nil where any client may ask
	Origin string     // as the caller sees it: https://kongdomain.auth.us-west-2.amazoncognito.com
}

// Secure says whether the caller came by TLS.
func (p Place) Secure() bool { return strings.HasPrefix(p.Origin, "https://") }

// Parameters are those of a request, from query and body alike.
type Parameters struct{ url.Values }

// errTwice means that a parameter has two values.
var errTwice = errors.New("a parameter has two different values")

// Read returns the parameters of a request. A body counts as a form whatever its type says, for many clients send none.
func Read(r *http.Request) (Parameters, error) {
	p := Parameters{make(url.Values)}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return p, err
	}
	sources := []url.Values{query}
	if r.Method == http.MethodPost && r.Body != nil {
		body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxForm))
		if err != nil {
			return p, err
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return p, err
		}
		sources = append(sources, form)
	}
	for _, source := range sources {
		for name, values := range source {
			for _, v := range values {
				if have, there := p.Values[name]; there && have[0] != v {
					return p, errTwice
				}
				p.Values[name] = []string{v}
			}
		}
	}
	return p, nil
}

// Error is what an endpoint answers when it refuses.
type Error struct {
	Code        string // of RFC 6749 and OpenID Connect
	Description string // "" for none
	Status      int
}

func (e *Error) Error() string { return e.Code + ": " + e.Description }

// refusal makes an Error with status 400, as nearly all are.
func refusal(code string) *Error { return &Error{Code: code, Status: http.StatusBadRequest} }

func (e *Error) because(description string) *Error {
	e.Description = description
	return e
}

// asError turns what went wrong into an answer. What is unforeseen is logged here, once.
func (s *Service) asError(r *http.Request, err error) *Error {
	var mine *Error
	var theirs *api.Error
	switch {
	case errors.As(err, &mine):
		return mine
	case errors.As(err, &theirs):
		switch theirs.Kind {
		case api.NotAuthorized, api.UserNotFound, api.RefreshTokenReuse, api.UserNotConfirmed, api.PasswordResetRequired, api.UnsupportedOperation:
			return refusal("invalid_grant")
		case api.UserLambdaValidation, api.InvalidLambdaResponse, api.UnexpectedLambda:
			return refusal("invalid_request").because(theirs.Message)
		case api.ResourceNotFound:
			return refusal("invalid_client")
		case api.TooManyRequests, api.LimitExceeded:
			return &Error{Code: "too_many_requests", Status: http.StatusTooManyRequests}
		case api.InternalError:
		default:
			return refusal("invalid_request").because(theirs.Message)
		}
	}
	if r.Context().Err() == nil {
		s.Log.Error("provider: request failed", "path", r.URL.Path, "error", err)
	}
	if errors.Is(err, sqldb.ErrUnavailable) {
		return &Error{Code: "temporarily_unavailable", Status: http.StatusServiceUnavailable}
	}
	return &Error{Code: "server_error", Status: http.StatusInternalServerError}
}

// answer writes JSON that must not be kept.
func answer(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // of types made here
	}
	h := w.Header()
	h.Set("Content-Type", "application/json;charset=UTF-8")
	h.Set("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("x-amz-cognito-request-id", uuid.NewString())
	w.WriteHeader(status)
	w.Write(text)
}

func answerError(w http.ResponseWriter, e *Error) {
	answer(w, e.Status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{e.Code, e.Description})
}

// open lets pages of any origin call, and answers their question whether they may. It reports whether the request was that question or has
// a method that is not served; then all is said.
func open(w http.ResponseWriter, r *http.Request, methods ...string) (done bool) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	allowed := strings.Join(append(methods, http.MethodOptions), ", ")
	if r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", allowed)
		asked := r.Header.Get("Access-Control-Request-Headers")
		if asked == "" {
			asked = "authorization, content-type, x-amz-user-agent"
		}
		h.Set("Access-Control-Allow-Headers", asked)
		h.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusOK)
		return true
	}
	for _, m := range methods {
		if r.Method == m {
			return false
		}
	}
	h.Set("Allow", allowed)
	w.WriteHeader(http.StatusMethodNotAllowed)
	return true
}

// isKind says whether err is one of these exceptions.
func isKind(err error, kinds ...api.Kind) bool {
	for _, k := range kinds {
		if k.Is(err) {
			return true
		}
	}
	return false
}
