package openidconnect

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/jose"
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
)

// visit is one request on its way through the plugin.
type visit struct {
	request
	p      *relyingParty
	ctx    context.Context
	client *client // nil when none is configured

	session   *oidc.Session
	remember  bool          // the session came by the remember cookie
	renewed   bool          // the session's tokens were refreshed: it has to be saved
	replay    *loginState   // of the login that this request ended
	fresh     bool          // the grant was made for this request, not found in a session
	presented presentedName // what the client sent that is to be hidden
	found     *grant        // what userinfo said, where that was asked for beside a grant
}

// Access implements plugin.Accessor. It follows Kong's order: preflight, other plugins, client, logout, credentials in a fixed
// order, exchange, authorisation, consumer, headers, session, login action.
func (p *relyingParty) Access(x *plugin.Exchange) error {
	if x.Request.Method == http.MethodOptions && !p.RunOnPreflight {
		return nil
	}
	if p.Anonymous != "" && x.Credential != (plugin.Credential{}) {
		return nil // another plugin has identified the client
	}
	// Each call of the provider has config.timeout; a request that needs several may take three times that.
	ctx, cancel := context.WithTimeout(context.Background(), 3*p.fetch.Timeout)
	defer cancel()
	v := &visit{request: request{x: x}, p: p, ctx: ctx}
	err := v.run()
	var r *refusal
	switch {
	case err == nil || errors.Is(err, plugin.ErrExit):
		return err
	case errors.As(err, &r), errors.Is(err, oidc.ErrUnreachable), errors.Is(err, errTwice):
		return p.refuse(x, asRefusal(err))
	}
	return err
}

func (v *visit) run() error {
	p := v.p
	// The common case first: a bearer token that was let in before costs one hash.
	if g, ok := v.remembered(); ok {
		return v.admit(g)
	}
	var err error
	if v.client, err = p.client(&v.request); err != nil {
		return err
	}
	if handled, err := v.backChannel(); handled {
		return err
	}
	if v.logoutWanted() {
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

// remembered returns the grant of a bearer token in the Authorization field that was verified before and needs no more than
// that.
func (v *visit) remembered() (*grant, bool) {
	p := v.p
	if !p.methods[byBearer] || p.BearerTokenHeaderName != "" || p.IntrospectJWTs || p.JWTSessionCookie != "" || p.binding() ||
		len(p.clients) > 1 || !p.headerOnly() {
		return nil, false
	}
	value, ok := v.x.Request.Header.Value("Authorization")
	if !ok {
		return nil, false
	}
	token, ok := scheme(value, "bearer")
	if !ok || !jose.IsJWS(token) || count(&v.x.Request.Header, "Authorization") > 1 {
		return nil, false
	}
	if p.methods[bySession] {
		if _, has := v.cookie(p.SessionCookieName); has {
			return nil, false // a session comes first
		}
	}
	g, ok := p.verified.Get(oidc.KeyOf(string(token)), p.env.Now())
	if !ok || g.elsewhere {
		return nil, false
	}
	v.presented = presentedName{place: "header", name: "Authorization"}
	return g, true
}

// headerOnly reports whether nothing in a query or body can compete with a token in the Authorization field.
func (p *relyingParty) headerOnly() bool {
	return p.LogoutQueryArg == "" && p.LogoutPostArg == "" && p.LogoutURISuffix == ""
}

// authenticate looks for credentials in Kong's order; the first kind that is found decides. It returns nil when there is none.
func (v *visit) authenticate() (*grant, error) {
	p := v.p
	if p.methods[bySession] {
		g, err := v.fromSession()
		if err != nil || g != nil {
			return g, err
		}
	}
	token, viaDPoP, err := v.bearer(&p.config)
	if err != nil {
		return nil, err
	}
	if token != "" {
		if g, err := v.fromToken(token, viaDPoP); err != nil || g != nil {
			return g, err
		}
	}
	for _, method := range []struct {
		name string
		try  func() (*grant, error)
	}{
		{byRefreshToken, v.fromRefreshToken}, {byPassword, v.fromPassword}, {byClientCredentials, v.fromClientCredentials},
		{byCode, v.fromCode},
	} {
		if !p.methods[method.name] {
			continue
		}
		g, err := method.try()
		if err != nil && method.name == byPassword && p.methods[byClientCredentials] && refusedBy(err) {
			continue // a Basic credential may be a client's
		}
		if err != nil || g != nil {
			return g, err
		}
	}
	return nil, nil
}

// refusedBy reports whether a provider said no, rather than nothing.
func refusedBy(err error) bool {
	var no *oidc.RefusedError
	var r *refusal
	return errors.As(err, &no) || errors.As(err, &r) && r.status == http.StatusUnauthorized
}

// admit lets a request in whose grant is good, if it is authorised.
func (v *visit) admit(g *grant) error {
	g, err := v.exchange(g)
	if err != nil {
		return err
	}
	if err := v.userinfo(g); err != nil {
		return err
	}
	if err := v.authorise(g); err != nil {
		return err
	}
	if err := v.identify(g); err != nil {
		return err
	}
	v.hide()
	if err := v.keep(g); err != nil {
		return err
	}
	v.headers(g)
	return v.finish(g)
}

// expired reports whether a grant's access token is over, or about to be.
func (p *relyingParty) expired(g *grant) bool {
	return !g.ends.IsZero() && !p.env.Now().Before(g.ends.Add(-seconds(p.Leeway)))
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
