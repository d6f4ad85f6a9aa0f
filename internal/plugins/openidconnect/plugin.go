// Package openidconnect is the plugin openid-connect: a relying party of OpenID Connect and OAuth 2.0 in front of an upstream.
// It lets requests in by a session, a bearer token, introspection, userinfo, a refresh token, a password, client credentials,
// or a login in the browser; it decides by claims, maps consumers and tells the upstream who asks. Its main type is
// relyingParty, one configuration at work; a request's way through it begins in access.go. The protocol itself is in
// internal/oidc, signatures are in internal/jose.
package openidconnect

import (
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// Type declares the plugin. Its instances share what they know of issuers.
var Type = declare()

func declare() *plugin.Type {
	known := newDirectory()
	return plugin.Define(plugin.Desc{
		Name: "openid-connect", Priority: 1050, Auth: true, NoConsumer: true,
		Doc:       "Lets requests in by OpenID Connect and OAuth 2.0: bearer tokens, client credentials, sessions, logins in the browser.",
		Protocols: []string{"grpc", "grpcs", "http", "https"},
		Admin:     known.admin,
	}, func(c config, env plugin.Env) (any, error) { return build(c, env, known) }, rules()...)
}

// relyingParty is one configuration at work.
type relyingParty struct {
	config
	plugin.Authenticator
	env    plugin.Env
	known  *directory
	issuer *oidc.Issuer
	others map[string]*oidc.Issuer // those of issuers_allowed that have keys of their own
	// The issuers of tokens to exchange whose signatures are verified.
	subjects map[*subjectIssuer]*oidc.Issuer
	// With resolve_distributed_claims: the claims that are looked up elsewhere, and who may vouch for them beside a document's issuer.
	resolvable     map[string]bool
	vouchers       map[string]*oidc.Issuer
	claimsFetch    *oidc.Fetcher
	claims         places // where claims are, and where those of the issuers of issuer_claims
	claimsOfIssuer map[string]*places
	fetch          *oidc.Fetcher
	mutual         *oidc.Fetcher // with the client certificate; nil without
	clients        []client
	methods        map[string]bool
	algs           []string // accepted for signatures, without those by a shared secret

	sessions, remember *oidc.Sessions // remember is nil unless session_remember
	logins             *oidc.Sessions // cookies of logins under way
	sessionStore       io.Closer      // nil unless session_storage redis

	caches
	flights singleflight.Group // calls of the provider under way
	shared  *sharedCache       // nil without cluster_cache_strategy
	salt    string

	noPassword atomic.Int64  // until when (ns since 1970) the provider's "no such grant" for passwords holds
	verifiedAt atomic.Uint64 // the generation of the document that verify_parameters has found good
	quick      bool          // a credential that was seen before is all that a request needs
	// quickSession is quick for sessions.
	quickSession bool

	realm string
}

func build(c config, env plugin.Env, known *directory) (any, error) {
	p := &relyingParty{config: c, env: env, known: known, salt: c.CacheTokensSalt, methods: map[string]bool{}}
	if p.salt == "" {
		p.salt = env.ID
	}
	for _, m := range c.AuthMethods {
		p.methods[m] = true
	}
	if p.binding() { // the others cannot prove that a token is its sender's
		for m := range p.methods {
			if m != byBearer && m != byIntrospection && m != bySession {
				delete(p.methods, m)
			}
		}
	}
	if p.env.Now == nil {
		p.env.Now = time.Now
	}
	if err := p.reach(); err != nil {
		return nil, err
	}
	if err := p.listClients(); err != nil {
		return nil, err
	}
	if err := p.keepSessions(); err != nil {
		return nil, err
	}
	p.algs = jose.Asymmetric
	p.caches = known.caches.part()
	var err error
	if p.shared, err = newSharedCache(p); err != nil {
		return nil, err
	}
	p.quick = p.isQuick()
	p.quickSession = p.isQuickSession()
	p.realm = realm(p.issuer.Name())
	p.Authenticator = plugin.NewAuthenticator(plugin.Authentication{Anonymous: c.Anonymous, HideCredentials: c.HideCredentials,
		SkipPreflight: !c.RunOnPreflight, Scheme: "Bearer", Realm: p.realm, Fields: c.ownedHeaders()}, env)
	known.enter(p)
	return p, nil
}

// Close implements plugin.Closer.
func (p *relyingParty) Close() error {
	p.known.leave(p)
	p.fetch.Client.CloseIdleConnections() // claimsFetch has the same connections
	if p.mutual != nil {
		p.mutual.Client.CloseIdleConnections()
	}
	err := p.shared.close()
	if p.sessionStore != nil {
		err = errors.Join(err, p.sessionStore.Close())
	}
	return err
}

// realm is what WWW-Authenticate names: the issuer's host.
func realm(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" {
		return "gibbon"
	}
	return u.Host
}

// reach prepares the ways to the provider.
func (p *relyingParty) reach() error {
	proxies, err := p.proxies()
	if err != nil {
		return err
	}
	transport := func(config *tls.Config) http.RoundTripper {
		t := &http.Transport{
			Proxy: proxies, TLSClientConfig: config, ForceAttemptHTTP2: false,
			MaxIdleConnsPerHost: 32, IdleConnTimeout: 60 * time.Second, DisableKeepAlives: !p.Keepalive || p.HTTPVersion < 1.1,
		}
		if p.env.Transport != nil {
			return p.env.Transport(t)
		}
		return t
	}
	timeout := time.Duration(p.Timeout * float64(time.Millisecond))
	if timeout <= 0 {
		timeout = 10 * time.Second
	}
	p.fetch = oidc.NewFetcher(transport(&tls.Config{InsecureSkipVerify: !p.SSLVerify}), timeout, p.env.Log)
	if p.TLSClientAuthCertID != "" {
		// The certificate is looked up when it is needed: it may come with this very configuration, or be replaced later.
		p.mutual = oidc.NewFetcher(transport(&tls.Config{InsecureSkipVerify: !p.TLSClientAuthSSLVerify,
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return p.clientCertificate() }}), timeout, p.env.Log)
	}
	p.issuer = p.newIssuer(p.Issuer, p.JWKSEndpoint, p.ExtraJWKSURIs, p.UsingPseudoIssuer)
	p.others = map[string]*oidc.Issuer{}
	for _, iss := range p.IssuersAllowed {
		u, err := url.Parse(iss)
		extra := slices.ContainsFunc(p.ExtraJWKSURIs, func(uri string) bool { return strings.HasPrefix(uri, strings.TrimRight(iss, "/")+"/") })
		if err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") && !extra && !p.UsingPseudoIssuer &&
			!oidc.SameIssuer(iss, p.issuer.Name()) {
			p.others[strings.TrimRight(iss, "/")] = p.newIssuer(iss, "", nil, false)
		}
	}
	if p.TokenExchange != nil {
		p.subjects = map[*subjectIssuer]*oidc.Issuer{}
		for i := range p.TokenExchange.SubjectTokenIssuers {
			if s := &p.TokenExchange.SubjectTokenIssuers[i]; s.VerifySignature {
				p.subjects[s] = p.newIssuer(s.Issuer, s.JWKSURI, nil, s.JWKSURI != "")
			}
		}
	}
	p.prepareClaims()
	p.prepareElsewhere()
	return nil
}

func (p *relyingParty) newIssuer(address, jwks string, extra []string, pseudo bool) *oidc.Issuer {
	header := http.Header{}
	for i, name := range p.DiscoveryHeadersNames {
		if i < len(p.DiscoveryHeadersValues) {
			header.Set(name, p.DiscoveryHeadersValues[i])
		}
	}
	return p.known.issuer(oidc.IssuerOptions{
		URL: address, Header: header, JWKS: jwks, ExtraJWKS: extra, Pseudo: pseudo, Fetch: p.fetch, Log: p.env.Log, Now: p.env.Now,
		Rediscovery: seconds(p.RediscoveryLifetime), TTL: seconds(p.CacheTTL), Allowed: p.IssuersAllowed, Strict: p.VerifyParameters,
	}, fmt.Sprint(p.SSLVerify, p.HTTPProxy, p.HTTPSProxy, p.NoProxy, p.Timeout))
}

// proxies returns how requests to the provider choose a forward proxy.
func (p *relyingParty) proxies() (func(*http.Request) (*url.URL, error), error) {
	if p.HTTPProxy == "" && p.HTTPSProxy == "" {
		return nil, nil
	}
	parse := func(field, text, authorization string) (*url.URL, error) {
		if text == "" {
			return nil, nil
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("%s: not a URL", field)
		}
		if kind, rest, ok := strings.Cut(authorization, " "); ok && strings.EqualFold(kind, "basic") {
			if user, password, ok := basicText(rest); ok {
				u.User = url.UserPassword(user, password)
			}
		}
		return u, nil
	}
	plain, err := parse("http_proxy", p.HTTPProxy, p.HTTPProxyAuthorization)
	if err != nil {
		return nil, err
	}
	secure, err := parse("https_proxy", p.HTTPSProxy, p.HTTPSProxyAuthorization)
	if err != nil {
		return nil, err
	}
	none := strings.FieldsFunc(p.NoProxy, func(r rune) bool { return r == ',' || r == ' ' })
	return func(r *http.Request) (*url.URL, error) {
		host := r.URL.Hostname()
		for _, n := range none {
			if n == "*" || host == strings.TrimPrefix(n, ".") || strings.HasSuffix(host, "."+strings.TrimPrefix(n, ".")) {
				return nil, nil
			}
		}
		if r.URL.Scheme == "https" {
			return secure, nil
		}
		return plain, nil
	}, nil
}

func seconds(f float64) time.Duration { return time.Duration(f * float64(time.Second)) }

// secret returns the key material of sessions: the configured one, else one that all nodes share.
func (p *relyingParty) secret() ([]byte, error) {
	if p.SessionSecret != "" {
		sum := sha256.Sum256([]byte(p.SessionSecret))
		return sum[:], nil
	}
	if p.env.Secret == nil {
		return []byte(oidc.Random(32)), nil // without a store there is one process, and its sessions end with it
	}
	return p.env.Secret("openid-connect session " + p.issuer.Name())
}

// keepSessions prepares how sessions, and logins under way, are kept.
func (p *relyingParty) keepSessions() error {
	secret, err := p.secret()
	if err != nil {
		return fmt.Errorf("session secret: %w", err)
	}
	secrets := [][]byte{secret}
	for _, old := range p.SessionSecretFallbacks {
		sum := sha256.Sum256([]byte(old))
		secrets = append(secrets, sum[:])
	}
	scope := strings.Join(append([]string{p.issuer.Name(), p.SessionAudience}, p.ClientID...), "\x00")
	base := oidc.Sessions{
		Cookie: oidc.Cookie{Name: p.SessionCookieName, Path: p.SessionCookiePath, Domain: p.SessionCookieDomain,
			SameSite: p.SessionCookieSameSite, HTTPOnly: p.SessionCookieHTTPOnly, Secure: p.SessionCookieSecure},
		Scope: scope, Secrets: secrets, HashKeys: p.SessionHashStorageKey, Now: p.env.Now,
		Idle: seconds(p.SessionIdlingTimeout), Rolling: seconds(p.SessionRollingTimeout), Absolute: seconds(p.SessionAbsoluteTimeout),
	}
	if err := p.storeSessions(&base); err != nil {
		return err
	}
	session := base
	p.sessions = &session
	if p.SessionRemember {
		remember := base
		remember.Cookie.Name, remember.Scope = p.SessionRememberCookieName, "remember\x00"+scope
		remember.Idle, remember.Rolling = 0, seconds(p.SessionRememberRollingTimeout)
		remember.Absolute = seconds(p.SessionRememberAbsoluteTimeout)
		remember.Cookie.MaxAge = remember.Rolling
		p.remember = &remember
	}
	p.logins = &oidc.Sessions{
		Cookie: oidc.Cookie{Name: p.AuthorizationCookieName, Path: p.AuthorizationCookiePath, Domain: p.AuthorizationCookieDomain,
			SameSite: p.AuthorizationCookieSameSite, HTTPOnly: p.AuthorizationCookieHTTPOnly, Secure: p.AuthorizationCookieSecure},
		Scope: "login\x00" + scope, Secrets: base.Secrets, Now: p.env.Now, Absolute: seconds(p.AuthorizationRollingTimeout),
	}
	return nil
}
