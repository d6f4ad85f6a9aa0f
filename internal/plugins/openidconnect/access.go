package openidconnect

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// The methods by which a request is let in, as auth_methods names them.
const (
	bySession           = "session"
	byBearer            = "bearer"
	byIntrospection     = "introspection"
	byUserinfo          = "userinfo"
	byRefreshToken      = "refresh_token"
	byPassword          = "password"
	byClientCredentials = "client_credentials"
	byCode              = "authorization_code"
	byKongOAuth2        = "kong_oauth2"
)

// visit is one request on its way through the plugin.
type visit struct {
	request
	p      *relyingParty
	ctx    context.Context
	trace  steps   // of nothing unless the request is explained
	client *client // nil when none is configured

	session   *oidc.Session
	remember  bool          // the session came by the remember cookie
	renewed   bool          // the session's tokens were refreshed: it has to be saved
	replay    *loginState   // of the login that this request ended
	fresh     bool          // the grant was made for this request, not found in a session
	presented presentedName // what the client sent that is to be hidden
	found     *grant        // what userinfo said, where that was asked for beside a grant
	elsewhere *elsewhere    // what was found of claims that lie elsewhere; nil if none do
}

// Access implements plugin.Accessor. It follows Kong's order: preflight, other plugins, client, logout, credentials in a fixed
// order, exchange, authorisation, consumer, headers, session, login action.
func (p *relyingParty) Access(x *plugin.Exchange) error {
	if p.Skips(x) {
		steps{x.Trace()}.unseen(p, x)
		return nil
	}
	v := &visit{request: request{x: x}, p: p, trace: steps{x.Trace()}}
	// The common case first: a credential that was let in before costs one hash.
	g, ok := v.remembered()
	var err error
	if ok {
		v.trace.remembered(p, g)
		err = v.admit(g)
	} else {
		// Each call of the provider has config.timeout; a request that needs several may take three times that.
		ctx, cancel := context.WithTimeout(context.Background(), 3*p.fetch.Timeout)
		defer cancel()
		v.ctx = ctx
		err = v.run()
	}
	if err == nil {
		return nil
	}
	var r *refusal
	var no *oidc.RefusedError
	if errors.Is(err, plugin.ErrExit) {
		return err
	}
	v.trace.refusal(err)
	switch {
	case errors.As(err, &r), errors.As(err, &no), errors.Is(err, oidc.ErrUnreachable), errors.Is(err, errTwice):
		return p.refuse(x, asRefusal(err))
	}
	return err
}

func (v *visit) run() error {
	p, t := v.p, v.trace
	if v.answersMetadata() {
		t.Note("resource metadata", "protected_resource_metadata", "the request asks for it, and is answered here")
		return v.metadata()
	}
	var err error
	if v.client, err = p.client(&v.request); err != nil {
		return err
	}
	v.trace.client(p, v.client)
	if err := v.verifyParameters(); err != nil {
		t.Check("configuration", "verify_parameters", err, "")
		return err
	}
	if handled, err := v.backChannel(); handled {
		t.Note("logout", "logout_uri_suffix", "a logout by the provider's back channel, answered here")
		return err
	}
	if v.frontChannel() {
		t.Note("logout", "logout_uri_suffix", "a logout by the provider's front channel, answered here")
		return v.endFrontChannel()
	}
	if v.logoutWanted() {
		t.Note("logout", "logout_uri_suffix, logout_query_arg, logout_post_arg", "the request asks to be logged out, and is answered here")
		return v.logout()
	}
	g, err := v.authenticate()
	if err != nil {
		return err
	}
	if g == nil { // nobody, and a login was begun or is not to be
		return v.startLogin()
	}
	return v.admit(g)
}

// isQuick reports whether the configuration lets a request in by a credential in the Authorization field that was seen before,
// without anything else to look at, to ask or to choose by.
func (p *relyingParty) isQuick() bool {
	return p.BearerTokenHeaderName == "" && !p.sendsTokensInCookies() && !p.IntrospectJWTs && p.JWTSessionCookie == "" && !p.binding() && len(p.clients) < 2 &&
		p.LogoutQueryArg == "" && p.LogoutPostArg == "" && p.LogoutURISuffix == "" && p.IDTokenParamName == "" && !p.SearchUserInfo &&
		p.TokenExchange == nil && p.TokenExchangeEndpoint == "" && !p.ProtectedResourceMetadata && !p.ResolveDistributedClaims
}

// sendsTokensInCookies reports whether access tokens are looked for in a cookie.
func (p *relyingParty) sendsTokensInCookies() bool {
	return p.BearerTokenCookieName != "" && slices.Contains(p.BearerTokenParamType, "cookie")
}

// remembered returns the grant of a session, of a bearer token, or of a Basic credential of a client, that was let in before.
// Where the request could hold another credential that comes first or contradicts, it returns none.
func (v *visit) remembered() (*grant, bool) {
	p, h := v.p, &v.x.Request.Header
	if !p.quick {
		return nil, false
	}
	if p.methods[bySession] && h.HasID(header.Cookie) {
		if all := v.sessionCookies(); all[0] != nil {
			return v.rememberedSession(&all) // a session comes first
		}
	}
	value, ok := h.Known(header.Authorization)
	query := v.x.Request.Query()
	if !ok || len(value) > maxQuick || bytes.Contains(query, []byte("access_token")) || isForm(h) || count(h, "Authorization") > 1 ||
		p.methods[byCode] && (bytes.Contains(query, []byte("state")) || bytes.Contains(query, []byte("response"))) { // maybe the end of a login
		return nil, false
	}
	var g *grant
	now := p.env.Now()
	if token, is := scheme(value, "bearer"); is && p.methods[byBearer] && slices.Contains(p.BearerTokenParamType, "header") {
		g, ok = p.verified.Get(oidc.KeyOfToken(token), now)
		ok = ok && !g.elsewhere && g.current()
	} else if _, is := scheme(value, "basic"); is && p.methods[byClientCredentials] && slices.Contains(p.ClientCredentialsParamType, "header") &&
		!(p.methods[byRefreshToken] && p.RefreshTokenParamName != "") {
		g, ok = p.granted.Get(oidc.KeyOfToken(value), now)
		ok = ok && !p.expired(g) && !p.soon(g)
		v.fresh = ok
	} else {
		return nil, false
	}
	if ok {
		v.presented = presentedName{place: "header", name: "Authorization"}
	}
	return g, ok
}

// maxQuick is the longest Authorization field that is looked up before anything else, in bytes.
const maxQuick = 16 << 10

// authenticate looks for credentials in Kong's order, where the provider's redirect back comes before a session: a login that
// was begun in another tab ends where it was to. The first kind that is found decides. It returns nil when there is none.
func (v *visit) authenticate() (*grant, error) {
	p, t := v.p, v.trace
	var stale error
	if p.methods[byCode] {
		g, err := v.fromCode()
		v.trace.method(byCode, "response_mode", g, err)
		if g != nil || err != nil && !errors.Is(err, errNoLogin) {
			return g, err
		}
		stale = err
	}
	if p.methods[bySession] {
		g, err := v.fromSession()
		v.trace.method(bySession, "session_cookie_name", g, err)
		if g != nil && stale != nil {
			t.Note("login", "", "it ended before: the browser is sent on without the provider's answer")
			return nil, v.leaveCallback() // a login that ended before: the browser's back button
		}
		if err != nil || g != nil {
			return g, err
		}
	}
	token, viaDPoP, err := v.bearer(&p.config)
	if err != nil {
		t.Check("access token", "bearer_token_param_type", err, "")
		return nil, err
	}
	if token != "" {
		return v.fromToken(token, viaDPoP)
	}
	t.Omit("access token", "bearer_token_param_type", "none was sent where one is looked for")
	for _, method := range []struct {
		name, places string
		try          func() (*grant, error)
	}{
		{byRefreshToken, "refresh_token_param_type", v.fromRefreshToken}, {byPassword, "password_param_type", v.fromPassword},
		{byClientCredentials, "client_credentials_param_type", v.fromClientCredentials},
	} {
		if !p.methods[method.name] {
			t.Omit(method.name, "auth_methods", "not among them")
			continue
		}
		g, err := method.try()
		if err != nil && method.name == byPassword && p.methods[byClientCredentials] && refusedBy(err) {
			v.trace.notUser(err)
			continue // a Basic credential may be a client's
		}
		v.trace.method(method.name, method.places, g, err)
		if err != nil || g != nil {
			return g, err
		}
	}
	return nil, stale
}

// refusedBy reports whether a provider said no, rather than nothing.
func refusedBy(err error) bool {
	var no *oidc.RefusedError
	var r *refusal
	return errors.As(err, &no) || errors.As(err, &r) && r.status == http.StatusUnauthorized
}

// admit lets a request in whose grant is good, if it is authorised.
func (v *visit) admit(g *grant) error {
	sent := g
	g, err := v.exchange(g)
	if err != nil || g != sent {
		v.trace.Check("token exchange", "token_exchange", err, "the provider has given another access token for the one that was sent")
	}
	if err != nil {
		return err
	}
	if err := v.userinfo(g); err != nil {
		v.trace.Check("userinfo", "search_user_info", err, "")
		return err
	}
	v.resolve(g)
	ready := g.ready
	if ready == nil || v.found != nil || v.elsewhere != nil {
		ready = v.prepare(g)
	}
	if v.trace.on() {
		v.authorise(g, v.trace.Trace)
		v.trace.refused(ready.denied)
	}
	if ready.denied != nil {
		return ready.denied
	}
	if err := v.identify(g, ready); err != nil {
		return err
	}
	v.hide(ready)
	if err := v.keep(g); err != nil {
		v.trace.Check("keeping the session", "session_storage", err, "")
		return err
	}
	v.headers(g, ready)
	return v.finish(g)
}

// expired reports whether a grant's access token is over, or about to be.
func (p *relyingParty) expired(g *grant) bool {
	return !g.ends.IsZero() && !p.env.Now().Before(g.ends.Add(-seconds(p.Leeway)))
}

// soon reports whether a grant of a machine is to be renewed while it is still good: in the last tenth of its life, half a minute
// at most.
func (p *relyingParty) soon(g *grant) bool {
	if g.ends.IsZero() || g.made.IsZero() {
		return false
	}
	return g.ends.Sub(p.env.Now())-seconds(p.Leeway) < min(g.ends.Sub(g.made)/10, 30*time.Second)
}

// life returns how long something may be cached: what is known of its end, within cache_ttl_min and cache_ttl_max.
func (p *relyingParty) life(known time.Duration) time.Duration {
	d := known
	if d <= 0 {
		d = seconds(p.CacheTTL)
	}
	if p.CacheTTLMin != nil && d < seconds(*p.CacheTTLMin) && known <= 0 {
		d = seconds(*p.CacheTTLMin) // a token's own end is never passed
	}
	if p.CacheTTLMax != nil && *p.CacheTTLMax > 0 {
		d = min(d, seconds(*p.CacheTTLMax))
	}
	return d
}
