package page

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/auth"
	"github.com/gibbon-gateway/gibbon/internal/idp/oauth"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/google/uuid"
)

const (
	maxForm       = 64 << 10
	csrfCookie    = "XSRF-TOKEN"
	pendingCookie = "cognito-pending"
	pendingLife   = time.Hour
)

// Options are what Pages need.
type Options struct {
	Pools *pool.Service
	OAuth *oauth.Service
	Auth  *auth.Service
	Log   *slog.Logger
	// Invoke calls an operation of the API.
	Invoke func(ctx context.Context, region, operation string, in, out any) error
}

// Pages serves the hosted pages. Make one with New.
type Pages struct {
	Options
	routes map[string]route
}

// route is one page: how it is shown, and what its form does. A nil get is reached only by its form.
type route struct {
	get, post func(*visit)
	bare      bool // only the client is needed, no authorization request
}

// New returns Pages.
func New(o Options) *Pages {
	p := &Pages{Options: o}
	p.routes = map[string]route{
		"/login":                 {get: (*visit).login, post: (*visit).signIn},
		"/mfa":                   {post: (*visit).answer},
		"/changePassword":        {post: (*visit).answer},
		"/signup":                {get: (*visit).signUpForm, post: (*visit).signUp},
		"/confirm":               {get: (*visit).confirmForm, post: (*visit).confirm},
		"/resendcode":            {get: (*visit).confirmForm, post: (*visit).resend},
		"/forgotPassword":        {get: (*visit).forgotForm, post: (*visit).forgot},
		"/confirmforgotPassword": {get: (*visit).resetForm, post: (*visit).reset},
		"/passkeys/add":          {get: (*visit).passkey, post: (*visit).addPasskey},
		"/confirmUser":           {get: (*visit).confirmLink, bare: true},
	}
	return p
}

// Has says whether a path is a page.
func (p *Pages) Has(path string) bool {
	_, ok := p.routes[path]
	return ok || path == "/error" || strings.HasPrefix(path, assetPath+"/")
}

// visit is one request for a page.
type visit struct {
	*Pages
	w     http.ResponseWriter
	r     *http.Request
	at    oauth.Place
	query url.Values // of the address
	form  url.Values // of the body
	lang  string
	a     *oauth.Authorization
}

// Serve answers a request for a path that Has knows.
func (p *Pages) Serve(w http.ResponseWriter, r *http.Request, at oauth.Place) {
	v := &visit{Pages: p, w: w, r: r, at: at}
	var err error
	if v.query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		v.broken(http.StatusBadRequest, "")
		return
	}
	v.lang = Language(v.query.Get("lang"))
	switch {
	case strings.HasPrefix(r.URL.Path, assetPath+"/"):
		v.asset(strings.TrimPrefix(r.URL.Path, assetPath+"/"))
		return
	case r.URL.Path == "/error":
		v.broken(errorStatus(v.query.Get("error")), v.query.Get("error"))
		return
	}
	to := p.routes[r.URL.Path]
	run := to.get
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if run == nil {
			oauth.Redirect(w, "/login?"+r.URL.RawQuery) // the page of a step that is over
			return
		}
	case http.MethodPost:
		run = to.post
	default:
		run = nil
	}
	if run == nil {
		w.Header().Set("Allow", "GET, HEAD, POST")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if !to.bare && !v.check() {
		return
	}
	if r.Method != http.MethodPost {
		run(v)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxForm))
	if err == nil {
		v.form, err = url.ParseQuery(string(body))
	}
	if err != nil {
		v.broken(http.StatusBadRequest, "")
		return
	}
	if !v.genuine() {
		if to.get == nil {
			to.get = (*visit).login
		}
		v.form = url.Values{"problem": {v.text("problem.csrf")}}
		to.get(v)
		return
	}
	run(v)
}

// check reads the client's request from the address, and answers if it is refused.
func (v *visit) check() bool {
	q := oauth.Parameters{Values: url.Values{}}
	for name, values := range v.query {
		q.Set(name, values[0])
	}
	a, err := v.OAuth.Check(v.r.Context(), v.at, q)
	if err == nil {
		v.a = a
		return true
	}
	var problem *oauth.Problem
	switch {
	case errors.As(err, &problem) && problem.Redirect == "":
		v.broken(http.StatusBadRequest, problem.Code)
	default:
		v.OAuth.Fail(v.w, v.r, err)
	}
	return false
}

// errorStatus tells the provider's failures from the caller's, for whoever watches statuses.
func errorStatus(code string) int {
	switch code {
	case "server_error":
		return http.StatusInternalServerError
	case "temporarily_unavailable":
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// genuine says whether the form was sent by a page of ours in the same browser.
func (v *visit) genuine() bool {
	if v.r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		return false
	}
	cookie, err := v.r.Cookie(csrfCookie)
	return err == nil && cookie.Value != "" && subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(v.form.Get("_csrf"))) == 1
}

// csrf is the token of this browser, made if it has none.
func (v *visit) csrf() string {
	if cookie, err := v.r.Cookie(csrfCookie); err == nil && len(cookie.Value) >= 20 && len(cookie.Value) <= 64 {
		return cookie.Value
	}
	text := rand.Text()
	http.SetCookie(v.w, oauth.Cookie(v.at, csrfCookie, text, 24*time.Hour))
	return text
}

// text is a text in the language of the visit.
func (v *visit) text(key string, args ...any) string { return Text(v.lang, key, args...) }

// view begins a page.
func (v *visit) view(kind string) View {
	page := View{Kind: kind, Lang: v.lang, Name: "Sign in", Error: v.form.Get("problem")}
	if v.a == nil {
		return page
	}
	keep := "?" + v.query.Encode()
	page.Name, page.CSRF, page.Action = v.a.Pool.Name, v.csrf(), v.r.URL.Path+keep
	page.Links = Links{SignIn: "/login" + keep, Forgot: "/forgotPassword" + keep, Resend: "/resendcode" + keep}
	if c := v.a.Pool.AdminCreateUserConfig; c == nil || !isTrue(c.AllowAdminCreateUserOnly) {
		page.Links.SignUp = "/signup" + keep
	}
	page.NameLabel, page.NameType = naming(v.a.Pool)
	page.Prompt = strings.Replace(page.NameLabel, "field.", "login.", 1)
	page.Policy = rules(v.a.Pool)
	v.customise(&page)
	return page
}

// naming is the label and type of the field for the username.
func naming(p *pool.Pool) (label, kind string) {
	email, phone := p.NamedBy("email"), p.NamedBy("phone_number")
	switch {
	case email && phone:
		return "field.either", "text"
	case email:
		return "field.email", "email"
	case phone:
		return "field.phone", "tel"
	}
	return "field.username", "text"
}

// rules are the demands of the pool's password policy.
func rules(p *pool.Pool) (list []Rule) {
	policy := p.PasswordPolicy()
	for _, rule := range []struct {
		name string
		on   *bool
	}{{"lowerletter", policy.RequireLowercase}, {"upperletter", policy.RequireUppercase}, {"numbers", policy.RequireNumbers}, {"symbols", policy.RequireSymbols}} {
		if isTrue(rule.on) {
			list = append(list, Rule{Name: rule.name})
		}
	}
	length := 8
	if policy.MinimumLength != nil {
		length = *policy.MinimumLength
	}
	return append(list, Rule{Name: "length", Count: length})
}

// show answers with a page.
func (v *visit) show(status int, page View) {
	html, err := Render(page)
	if err != nil {
		v.Log.Error("provider: page failed", "error", err)
		http.Error(v.w, "Something went wrong.", http.StatusInternalServerError)
		return
	}
	h := v.w.Header()
	guard(h, strings.HasPrefix(page.Kind, "passkey"), v.origins(), v.at.Secure())
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", page.Lang)
	v.w.WriteHeader(status)
	v.w.Write(html)
}

// origins are where the forms may lead in the end: to the client's callback URLs.
func (v *visit) origins() (list []string) {
	if v.a == nil {
		return nil
	}
	for _, callback := range v.a.Client.CallbackURLs {
		u, err := url.Parse(callback)
		if err != nil || strings.ContainsAny(u.Host, "; ,'\"") {
			continue
		}
		origin := u.Scheme + ":"
		if (u.Scheme == "http" || u.Scheme == "https") && !strings.HasPrefix(u.Host, "[") {
			origin += "//" + u.Host
		}
		if !slices.Contains(list, origin) {
			list = append(list, origin)
		}
	}
	return list
}

// hints say more about an error, by its code; others than these are not repeated, for anybody can write them into an address.
var hints = map[string]string{
	"redirect_mismatch":       "redirect_mismatch: the URL to go to is not registered for the app client.",
	"invalid_client":          "invalid_client: there is no such app client here.",
	"invalid_request":         "invalid_request: a parameter is missing or wrong.",
	"invalid_code":            "The link was used already, or is too old.",
	"server_error":            "server_error",
	"temporarily_unavailable": "temporarily_unavailable",
}

// broken shows the page for errors that no client can be told.
func (v *visit) broken(status int, code string) {
	page := v.view("error")
	page.Name, page.Error, page.Notice = "Sign in", v.text("error.page"), hints[code]
	v.show(status, page)
}

// call is what operations of the API want.
func (v *visit) call() *api.Call {
	return &api.Call{Context: v.r.Context(), Region: v.a.Pool.Region, RequestID: uuid.NewString(), Request: v.r}
}

// told is what a person is told of an error. What is unforeseen is logged.
func (v *visit) told(err error) string {
	var e *api.Error
	if !errors.As(err, &e) || e.Kind == api.InternalError {
		if v.r.Context().Err() == nil {
			v.Log.Error("provider: sign-in page failed", "path", v.r.URL.Path, "error", err)
		}
		return v.text("problem.internal")
	}
	switch e.Kind {
	case api.CodeMismatch:
		return v.text("problem.code")
	case api.ExpiredCode:
		return v.text("problem.expired")
	case api.LimitExceeded, api.TooManyRequests, api.TooManyFailedAttempts:
		return v.text("problem.many")
	}
	if e.Message == Text(fallback, "problem.wrong") {
		return v.text("problem.wrong")
	}
	return e.Message
}

// pending is what the next page needs to know, kept in a cookie so that addresses carry no names.
type pending struct {
	Username    string `json:"u,omitempty"`
	Destination string `json:"d,omitempty"`
	Medium      string `json:"m,omitempty"`
	Notice      string `json:"n,omitempty"` // key of a text
	Vouch       string `json:"v,omitempty"` // of oauth: this browser signed up
}

// next sends the browser to another page with the same query.
func (v *visit) next(path string, p pending) {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // of texts
	}
	http.SetCookie(v.w, oauth.Cookie(v.at, pendingCookie, base64.RawURLEncoding.EncodeToString(text), pendingLife))
	oauth.Redirect(v.w, path+"?"+v.query.Encode())
}

// pending reads what next kept.
func (v *visit) pending() (p pending) {
	cookie, err := v.r.Cookie(pendingCookie)
	if err != nil {
		return p
	}
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || json.Unmarshal(text, &p) != nil {
		return pending{}
	}
	return p
}

// done forgets what was pending.
func (v *visit) done() {
	http.SetCookie(v.w, oauth.Cookie(v.at, pendingCookie, "", 0))
}

func isTrue(b *bool) bool { return b != nil && *b }
