package openidconnect

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
	"github.com/gibbon-gateway/gibbon/plugin"
)

const (
	// maxReplay is the longest form that is sent again after a login, in bytes: it lies in the cookie meanwhile.
	maxReplay = 2 << 10
	// maxOriginal is how long path and query may be, in bytes, that are kept to come back to.
	maxOriginal = 4 << 10
	// maxLogins is how many logins of one browser can be under way; more begin anew.
	maxLogins = 8
)

// loginState is a login under way. It lies, sealed, in a cookie of its own, so that tabs do not disturb each other.
type loginState struct {
	State       string `json:"s"`
	Nonce       string `json:"n"`
	Verifier    string `json:"v,omitempty"` // of PKCE
	Client      int    `json:"c"`
	RedirectURI string `json:"r"`
	Path        string `json:"p"` // what was asked for
	Query       string `json:"q,omitempty"`
	Method      string `json:"m,omitempty"` // of a request with a form: to be sent again
	Type        string `json:"t,omitempty"`
	Body        []byte `json:"b,omitempty"`
}

// loginCookie is the name of a login's cookie. The state is from our own generator; what a client sends is checked first.
func (p *relyingParty) loginCookie(state string) string {
	return p.AuthorizationCookieName + "_" + state[:8]
}

func (p *relyingParty) loginStore(state string) *oidc.Sessions {
	s := *p.logins
	s.Cookie.Name = p.loginCookie(state)
	return &s
}

// startLogin ends a request without credentials: with a redirect to the provider's login where a browser can follow it, else
// with 401.
func (v *visit) startLogin() error {
	p := v.p
	if !p.methods[byCode] || p.LoginNavigationOnly && !navigation(v.x) || isGRPC(v.x) || v.x.Request.Header.Has("Upgrade") {
		return unauthorized("", "no credential was sent", nil).by("credential", "auth_methods, login_navigation_only")
	}
	v.trace.Note("login", "auth_methods, login_navigation_only", "no credential was sent: the browser is sent to the provider's login")
	if v.client == nil {
		return unexpected("client id was not specified", nil)
	}
	d, err := v.document()
	if err != nil {
		return unexpected("the provider cannot be discovered", err)
	}
	target := cmp.Or(p.AuthorizationEndpoint, d.AuthorizationEndpoint)
	if target == "" {
		return unexpected("authorization endpoint was not specified", nil)
	}
	login, err := v.newLogin(d)
	if err != nil {
		return err
	}
	query, err := v.authorizationQuery(login, d)
	if err != nil {
		return err
	}
	fields, err := v.saveLogin(login)
	if err != nil {
		return unexpected("keeping the login", err)
	}
	v.setCookies(fields)
	separator := "?"
	if strings.Contains(target, "?") {
		separator = "&"
	}
	return v.x.Exit(http.StatusFound, nil, "Location", target+separator+query.Encode(), "Cache-Control", "no-store")
}

func (v *visit) saveLogin(login *loginState) ([]string, error) {
	p := v.p
	data, err := json.Marshal(login)
	if err != nil {
		return nil, err
	}
	store := p.loginStore(login.State)
	if s := &store.Cookie; strings.HasPrefix(p.ResponseMode, "form_post") && secure(v.x) && (s.SameSite == "" || s.SameSite == "Default") {
		s.SameSite = "None" // browsers send no other cookie with a form of another site
	}
	fields, err := store.Save(v.ctx, store.New(data), "", secure(v.x))
	if err != nil {
		return nil, err
	}
	var old []string
	for _, c := range v.cookies {
		if strings.HasPrefix(c.name, p.AuthorizationCookieName+"_") {
			old = append(old, c.name)
		}
	}
	if len(old) >= maxLogins {
		for _, name := range old {
			gone := p.logins.Cookie
			gone.Name = name
			fields = append(fields, gone.Remove(secure(v.x)))
		}
	}
	return fields, nil
}

// navigation reports whether a request may come from a browser that shows a page: scripts' requests, protocols other than
// HTTP and clients that take no HTML cannot follow a login.
func navigation(x *plugin.Exchange) bool {
	h := &x.Request.Header
	if mode, ok := h.Value("Sec-Fetch-Mode"); ok && string(mode) != "navigate" {
		return false
	}
	if with, ok := h.Value("X-Requested-With"); ok && header.EqualFold(with, "XMLHttpRequest") {
		return false
	}
	switch x.Request.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	default:
		return false
	}
	if h.Has("Upgrade") || h.Has("Sec-WebSocket-Key") || isGRPC(x) {
		return false
	}
	accept := strings.ToLower(h.Get("Accept"))
	return accept == "" || strings.Contains(accept, "text/html") || strings.Contains(accept, "*/*") || strings.Contains(accept, "text/*") ||
		strings.Contains(accept, "application/xhtml")
}

func isGRPC(x *plugin.Exchange) bool {
	t, _ := x.Request.Header.Known(header.ContentType)
	return len(t) >= 16 && header.EqualFold(t[:16], "application/grpc")
}

func (v *visit) newLogin(d *oidc.Document) (*loginState, error) {
	p, x := v.p, v.x
	login := &loginState{State: oidc.Random(18), Nonce: oidc.Random(18), Client: v.client.index, Path: string(x.Request.Path),
		Query: string(x.Request.Query()), RedirectURI: at(p.RedirectURI, v.client.index)}
	if len(login.Path)+len(login.Query) > maxOriginal {
		login.Query = ""
		if len(login.Path) > maxOriginal {
			login.Path = "/"
		}
	}
	if login.RedirectURI == "" {
		login.RedirectURI = origin(x) + escapePath(string(x.Request.Path))
	}
	if p.proofKey(d) {
		login.Verifier = oidc.Random(32)
	}
	if x.Request.Method == http.MethodPost && ownForm(x) {
		body, err := x.Request.Body(maxReplay)
		if err != nil && !errors.Is(err, plugin.ErrBodyTooLarge) {
			return nil, err
		}
		if err == nil {
			login.Method, login.Body = x.Request.Method, append([]byte(nil), body...)
			login.Type = x.Request.Header.Get("Content-Type")
		}
	}
	return login, nil
}

// ownForm reports whether a POST comes from a page of ours. Those of other sites are not sent again after the login: a browser
// would not have sent the session along with them.
func ownForm(x *plugin.Exchange) bool {
	h := &x.Request.Header
	if site, ok := h.Value("Sec-Fetch-Site"); ok && string(site) != "same-origin" {
		return false
	}
	from, ok := h.Value("Origin")
	return ok && string(from) == origin(x)
}

// origin returns scheme, host and port by which the client reaches the gateway.
func origin(x *plugin.Exchange) string {
	c := &x.Client
	host := c.ForwardedHost
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		host = "[" + host + "]"
	}
	if c.ForwardedPort != 0 && !(c.ForwardedScheme == "https" && c.ForwardedPort == 443) && !(c.ForwardedScheme == "http" && c.ForwardedPort == 80) {
		host += ":" + strconv.Itoa(c.ForwardedPort)
	}
	return c.ForwardedScheme + "://" + host
}

// withProofKey are issuers that support PKCE whatever their documents say.
var withProofKey = regexp.MustCompile(`^https?://(cognito-idp\.[a-z0-9-]+\.amazonaws\.com/|accounts\.google\.com|login\.microsoftonline\.com/|[a-z0-9-]+\.(okta|auth0)\.com)|/[a-z]{2}(-[a-z]+)+-[0-9]_[A-Za-z0-9]+$`)

func (p *relyingParty) proofKey(d *oidc.Document) bool {
	if p.RequireProofKeyForCodeExchange != nil {
		return *p.RequireProofKeyForCodeExchange
	}
	return slices.Contains(d.CodeChallengeMethods, "S256") || withProofKey.MatchString(d.Issuer) || withProofKey.MatchString(p.issuer.Name())
}

// authorizationQuery returns the arguments of the redirect: all of them, a reference to what was pushed ahead (RFC 9126), or
// a signed request object (RFC 9101).
func (v *visit) authorizationQuery(login *loginState, d *oidc.Document) (url.Values, error) {
	p := v.p
	q := url.Values{"response_type": {strings.Join(p.ResponseType, " ")}, "client_id": {v.client.ID}, "redirect_uri": {login.RedirectURI},
		"state": {login.State}, "nonce": {login.Nonce}}
	if len(p.Scopes) > 0 {
		q.Set("scope", strings.Join(p.Scopes, " "))
	}
	if p.ResponseMode != "" && p.ResponseMode != "query" {
		q.Set("response_mode", p.ResponseMode)
	}
	for _, audience := range p.Audience {
		q.Add("audience", audience)
	}
	if p.MaxAge != nil {
		q.Set("max_age", strconv.FormatInt(int64(*p.MaxAge), 10))
	}
	if login.Verifier != "" {
		sum := sha256.Sum256([]byte(login.Verifier))
		q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
		q.Set("code_challenge_method", "S256")
	}
	for i, name := range p.AuthorizationQueryArgsNames {
		if i < len(p.AuthorizationQueryArgsValues) {
			q.Set(name, p.AuthorizationQueryArgsValues[i])
		}
	}
	for _, name := range p.AuthorizationQueryArgsClient {
		if value, n := v.queryArg(name); n > 0 {
			q.Set(name, value)
		}
	}
	if isTrue(p.RequireSignedRequestObject, d.RequireRequestObject) {
		object, err := v.requestObject(q, d)
		if err != nil {
			return nil, unexpected("signing the request object", err)
		}
		// Providers that know request objects by OpenID Connect Core (section 6.1) rather than by RFC 9101 want these beside it.
		q = url.Values{"client_id": {v.client.ID}, "request": {object}, "response_type": q["response_type"], "scope": q["scope"]}
	}
	if isTrue(p.RequirePushedAuthorizationRequests, d.RequirePAR) {
		if q.Has("request") {
			q = url.Values{"client_id": q["client_id"], "request": q["request"]} // and nothing else (RFC 9126, section 3)
		}
		reference, err := p.endpoint(pushEndpoint, d, v.client).Push(v.ctx, &v.client.Client, q)
		if err != nil {
			return nil, unexpected("pushing the authorization request", err)
		}
		q = url.Values{"client_id": {v.client.ID}, "request_uri": {reference}}
	}
	return q, nil
}

func isTrue(set *bool, otherwise bool) bool {
	if set != nil {
		return *set
	}
	return otherwise
}

func (v *visit) requestObject(q url.Values, d *oidc.Document) (string, error) {
	c, now := v.client, v.p.env.Now()
	claims := map[string]any{"iss": c.ID, "aud": d.Issuer, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"jti": oidc.Random(18)}
	for name, values := range maps.All(q) {
		claims[name] = values[0]
	}
	key, id, err := c.PrivateKey()
	if err != nil {
		return "", err
	}
	if key != nil && (c.Key != nil || c.auth == oidc.PrivateKeyJWT || c.Secret == "") {
		return jose.Sign(cmp.Or(c.Alg, "RS256"), key, map[string]any{"typ": "oauth-authz-req+jwt", "kid": id}, claims)
	}
	return jose.Sign(cmp.Or(c.Alg, "HS256"), []byte(c.Secret), map[string]any{"typ": "oauth-authz-req+jwt"}, claims)
}
