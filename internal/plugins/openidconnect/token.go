package openidconnect

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
)

// presentedName is where the credential that let a request in was found, for hide_credentials.
type presentedName struct {
	place string // "header", "query", "body", "cookie"
	name  string
	also  string // a second parameter that belongs to it
}

// fromToken lets a request in by the access token that it carries: a JWT by its signature, others if the plugin oauth2 has issued
// them, or by asking the provider.
func (v *visit) fromToken(token string, viaDPoP bool) (*grant, error) {
	p := v.p
	v.presented = v.findPresented(token)
	jws := jose.IsJWS(token)
	v.trace.token(jws, viaDPoP)
	var g *grant
	var err error
	if p.methods[byKongOAuth2] && !(jws && p.methods[byBearer]) {
		g, err = v.fromKongOAuth2(token)
	}
	switch {
	case g != nil || err != nil:
	case jws && p.methods[byBearer]:
		g, err = v.fromBearer(token)
		if err == nil && p.IntrospectJWTs {
			g, err = v.introspect(token, g)
		}
	case p.methods[byIntrospection]:
		g, err = v.introspect(token, nil)
	case p.methods[byUserinfo]:
		g, err = v.fromUserinfo(token)
	case p.methods[byKongOAuth2]:
		err = unauthorized(invalidToken, "the token is none of the plugin oauth2's", nil)
	default:
		err = unauthorized(invalidToken, "no method is enabled that this token could be checked by", nil)
	}
	if err != nil {
		v.trace.Check("access token", "auth_methods", err, "")
		return nil, err
	}
	if err := v.proven(g, viaDPoP); err != nil {
		return nil, err
	}
	if viaDPoP {
		v.x.Request.Header.Del("DPoP") // upstream it is a bearer token
	}
	return v.withSentID(g)
}

// withSentID adds the ID token that the client sends along, where id_token_param_name is set: claims are looked for in it too.
func (v *visit) withSentID(g *grant) (*grant, error) {
	p := v.p
	token, err := v.find(p.IDTokenParamType, p.IDTokenParamName)
	if err != nil || token == "" {
		return g, err
	}
	if rest, ok := scheme([]byte(token), "bearer"); ok {
		token = string(rest)
	}
	both := *g
	both.ID, both.ready = token, nil
	err = v.verifyID(&both, nil, "")
	if sub, there := g.access["sub"]; err == nil && there && both.id["sub"] != sub {
		err = unauthorized(invalidToken, "access token and ID token are about different subjects", nil)
	}
	v.trace.Check("ID token", "id_token_param_name", err, "it was sent along, and its claims count")
	if err != nil {
		return nil, err
	}
	return &both, nil
}

// findPresented finds out where a token stands.
func (v *visit) findPresented(token string) presentedName {
	c := &v.p.config
	if t, _, err := v.headerToken(c); err == nil && t == token {
		for _, name := range []string{c.BearerTokenHeaderName, "Authorization", "Access-Token", "X-Access-Token"} {
			if value, ok := v.x.Request.Header.Value(name); ok && name != "" && strings.HasSuffix(strings.TrimSpace(string(value)), token) {
				return presentedName{place: "header", name: name}
			}
		}
	}
	if t, n := v.queryArg("access_token"); n > 0 && t == token {
		return presentedName{place: "query", name: "access_token"}
	}
	if t, ok := v.cookie(c.BearerTokenCookieName); ok && t == token {
		return presentedName{place: "cookie", name: c.BearerTokenCookieName}
	}
	return presentedName{place: "body", name: "access_token"}
}

// fromBearer verifies a signed access token, or finds that it was verified before.
func (v *visit) fromBearer(token string) (*grant, error) {
	p := v.p
	key := oidc.KeyOfToken([]byte(token))
	g, ok := p.verified.Get(key, p.env.Now())
	if !ok || !g.current() {
		g = &grant{Method: byBearer, Access: token, Type: "Bearer"}
		if err := v.verifyAccess(g, byBearer); err != nil {
			return nil, err
		}
		p.setEnds(g, 0)
		g.ready = v.prepare(g)
		life := p.life(0)
		if !g.ends.IsZero() {
			life = min(g.ends.Sub(p.env.Now())+seconds(p.Leeway), p.life(g.ends.Sub(p.env.Now())))
		}
		if life > 0 {
			p.verified.Put(key, g, p.env.Now().Add(life), g.cost())
		}
	} else {
		v.trace.remembered(p, g)
	}
	return g, v.checkSessionCookie(g)
}

// checkSessionCookie compares a cookie with a claim, where jwt_session_cookie is set.
func (v *visit) checkSessionCookie(g *grant) error {
	p := v.p
	if p.JWTSessionCookie == "" {
		return nil
	}
	value, _ := v.cookie(p.JWTSessionCookie)
	claim, _ := g.access[p.JWTSessionClaim].(string)
	var err error
	if claim == "" || subtle.ConstantTimeCompare([]byte(value), []byte(claim)) != 1 {
		err = unauthorized(invalidToken, "the session cookie is not that of the token", nil)
	}
	v.trace.Check("session cookie of the token", "jwt_session_cookie", err, "it is that of the token")
	return err
}

// once asks the provider by fn, or waits for a call with the same key that is under way. fn gets a visit of its own without a
// request, for it may outlive the exchange of whoever began it. Where answers are cached fn looks there first: one may have come in
// since the caller has looked.
func (v *visit) once(key oidc.Key, fn func(w *visit) (*grant, error)) (*grant, error) {
	w := &visit{p: v.p, client: v.client, trace: v.trace}
	c := v.p.flights.DoChan(string(key[:]), func() (any, error) { return w.apart(fn) })
	select {
	case r := <-c:
		if r.Shared {
			v.trace.Note("provider", "", "several requests had the same question at this moment: the answer to one of them counts for all")
		}
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*grant), nil
	case <-v.ctx.Done():
		return nil, oidc.ErrUnreachable
	}
}

// apart runs fn with a time of its own. A panic in it is an error of who waits, not the end of the gateway.
func (v *visit) apart(fn func(w *visit) (*grant, error)) (g *grant, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*v.p.fetch.Timeout)
	defer cancel()
	defer func() {
		if e := recover(); e != nil {
			g, err = nil, fmt.Errorf("panic: %v\n%s", e, debug.Stack())
		}
	}()
	v.ctx = ctx
	return fn(v)
}

// introspect asks the introspection endpoint about a token; g, if not nil, is what is known of it already.
func (v *visit) introspect(token string, g *grant) (*grant, error) {
	p := v.p
	form, header := v.introspectionArgs(token)
	key := v.answerKey("introspection", token, form, header)
	if r, ok := p.refused.Get(key, p.env.Now()); ok && p.CacheIntrospection {
		v.trace.Check("introspection, as remembered", "cache_ttl_neg", r, "")
		return nil, r
	}
	made, ok := p.infos.Get(key, p.env.Now())
	if !ok || !p.CacheIntrospection {
		var err error
		if made, err = v.once(key, func(w *visit) (*grant, error) { return w.askIntrospection(token, key, form, header) }); err != nil {
			v.trace.Check("introspection", "introspection_endpoint", err, "")
			return nil, err
		}
	} else {
		v.trace.Accept("introspection, as remembered", "cache_introspection", "active, as the provider said before; it is not asked again")
	}
	if g == nil {
		return made, nil
	}
	both := *made
	both.Method, both.access, both.accessKey, both.foreign, both.ready = g.Method, g.access, g.accessKey, g.foreign, nil
	return &both, nil
}

// answerKey names what a provider says of a token, in the cache: by the client that asks, and all that is said beside the token.
func (v *visit) answerKey(what, token string, args url.Values, header http.Header) oidc.Key {
	client := ""
	if v.client != nil {
		client = v.client.ID
	}
	return oidc.KeyOf(appendFields([]string{what, v.p.salt, client, token, args.Encode()}, header)...)
}

// introspectionArgs are what the introspection endpoint is asked with: the form, and fields.
func (v *visit) introspectionArgs(token string) (url.Values, http.Header) {
	p := v.p
	form := url.Values{p.IntrospectionTokenParamName: {token}}
	if p.IntrospectionHint != "" {
		form.Set("token_type_hint", p.IntrospectionHint)
	}
	v.copyInto(form, p.IntrospectionPostArgsNames, p.IntrospectionPostArgsValues, p.IntrospectionPostArgsClient)
	for _, name := range p.IntrospectionPostArgsClientHeaders {
		if value, ok := v.x.Request.Header.Value(name); ok {
			form.Set(name, string(value))
		}
	}
	return form, v.copyHeaders(p.IntrospectionHeadersNames, p.IntrospectionHeadersValues, p.IntrospectionHeadersClient)
}

func (v *visit) askIntrospection(token string, key oidc.Key, form url.Values, header http.Header) (*grant, error) {
	p := v.p
	if p.CacheIntrospection {
		if made, ok := p.infos.Get(key, p.env.Now()); ok {
			return made, nil
		}
		if raw, ok := p.shared.get(v.ctx, "introspection", key); ok {
			if in := parseIntrospection(raw); in != nil {
				return v.introspected(token, in, key)
			}
		}
	}
	d, err := v.document()
	if err != nil {
		return nil, err
	}
	var c *oidc.Client
	if v.client != nil {
		c = &v.client.Client
	}
	e := p.endpoint(introspectionEndpoint, d, v.client)
	v.trace.ask(e)
	in, err := e.Introspect(v.ctx, c, form, header, p.IntrospectionAccept, v.verifyIntrospection)
	if err != nil {
		return nil, err
	}
	if p.CacheIntrospection && in.Active {
		p.shared.put(v.ctx, "introspection", key, in.Raw, p.introspectionLife(in.Claims))
	}
	return v.introspected(token, in, key)
}

func parseIntrospection(raw []byte) *oidc.Introspection {
	claims, err := jose.DecodeObject(raw)
	if err != nil {
		return nil
	}
	return &oidc.Introspection{Active: claims["active"] == true, Claims: claims, Raw: raw}
}

func (p *relyingParty) introspectionLife(claims map[string]any) time.Duration {
	exp, ok := oidc.Number(claims["exp"])
	if !ok {
		return p.life(0)
	}
	left := time.Unix(int64(min(exp, 1<<40)), 0).Sub(p.env.Now())
	return min(left, p.life(left))
}

func (v *visit) introspected(token string, in *oidc.Introspection, key oidc.Key) (*grant, error) {
	p := v.p
	t := v.trace
	if p.IntrospectionCheckActive && !in.Active {
		r := unauthorized(invalidToken, "the provider says that the token is not active", nil)
		t.Refuse("introspection", "introspection_check_active", r)
		p.refused.Put(key, r, p.env.Now().Add(p.refusedFor()), 512)
		return nil, r
	}
	if in.Active {
		t.Accept("introspection", "introspection_check_active", "the provider says that the token is active")
	} else {
		t.Omit("introspection", "introspection_check_active", "the provider does not say that the token is active; that does not count")
	}
	if err := oidc.CheckTimes(in.Claims, p.env.Now(), seconds(p.Leeway)); err != nil && p.VerifyClaims {
		err := unauthorized(invalidToken, "the token is not good now", err)
		t.Refuse("times", "verify_claims, leeway", err)
		return nil, err
	}
	v.trace.times(p, in.Claims)
	if d := p.issuer.Known(); d != nil && p.VerifyClaims {
		if iss, there := in.Claims["iss"].(string); there {
			if err := v.acceptIssuer(iss, d); err != nil {
				return nil, err
			}
		}
	}
	g := &grant{Method: byIntrospection, Access: token, Type: "Bearer", introspection: in.Claims, introspectionRaw: in.Raw, introspectionJWT: in.JWT}
	if exp, ok := oidc.Number(in.Claims["exp"]); ok {
		g.ends = time.Unix(int64(min(exp, 1<<40)), 0)
		g.Ends = g.ends.Unix()
	}
	_, g.elsewhere = in.Claims["cnf"]
	g.ready = v.prepare(g)
	if life := p.introspectionLife(in.Claims); p.CacheIntrospection && in.Active && life > 0 {
		p.infos.Put(key, g, p.env.Now().Add(life), g.cost())
	}
	return g, nil
}

// verifyAnswer checks a signed answer of the userinfo endpoint, which is for the client.
func (v *visit) verifyAnswer(_ context.Context, t *jose.Token) error { return v.verifySigned(t, nil) }

// verifyIntrospection checks a signed answer of the introspection endpoint. It is for the resource server that asks (RFC 9701, section 5), which
// providers know as a client or by an audience of tokens.
func (v *visit) verifyIntrospection(_ context.Context, t *jose.Token) error {
	return v.verifySigned(t, v.p.AudienceRequired)
}

// verifySigned checks a signed answer of the provider that is for the client, or for one of audiences.
func (v *visit) verifySigned(t *jose.Token, audiences []string) error {
	d, err := v.document()
	if err != nil {
		return err
	}
	iss, _ := t.Claims["iss"].(string)
	if iss != "" && !oidc.SameIssuer(iss, d.Issuer) {
		return unauthorized(invalidToken, "the provider's answer is of another issuer", oidc.ErrIssuer)
	}
	ours := func(aud string) bool { return aud == v.client.ID || slices.Contains(audiences, aud) }
	if v.client != nil && t.Claims["aud"] != nil && !slices.ContainsFunc(oidc.Strings(t.Claims["aud"]), ours) {
		return unauthorized(invalidToken, "the provider's answer is for another client", nil)
	}
	if _, err := v.signature(t, d.Issuer, d); err != nil {
		return err
	}
	if err := oidc.CheckTimes(t.Claims, v.p.env.Now(), seconds(v.p.Leeway)); err != nil {
		return unauthorized(invalidToken, "the provider's answer is too old", err)
	}
	return nil
}

// fromUserinfo lets a request in if the userinfo endpoint accepts its token.
func (v *visit) fromUserinfo(token string) (*grant, error) {
	g := &grant{Method: byUserinfo, Access: token, Type: "Bearer"}
	if len(token) > jose.MaxToken {
		return nil, unauthorized(invalidToken, "the token is too long", nil)
	}
	found, err := v.userinfoOf(token)
	v.trace.Check("userinfo", "auth_methods", err, "the provider has answered for the token")
	if err != nil {
		return nil, err
	}
	g.user, g.userRaw, g.userJWT, g.lookedUp = found.user, found.userRaw, found.userJWT, true
	return g, nil
}

// userinfo adds what the userinfo endpoint says to a grant, with search_user_info. It works on a copy: grants are shared.
func (v *visit) userinfo(g *grant) error {
	p := v.p
	if !p.SearchUserInfo || g.application != nil || g.lookedUp || g.Access == "" || g.Method == byClientCredentials {
		return nil
	}
	found, err := v.userinfoOf(g.Access)
	if err != nil {
		return err
	}
	if sub, ok := g.id["sub"]; ok && found.user["sub"] != sub {
		return unauthorized(invalidToken, "userinfo is about somebody else", nil)
	}
	v.found = found
	return nil
}

func (v *visit) userinfoOf(token string) (*grant, error) {
	p := v.p
	header := v.copyHeaders(p.UserinfoHeadersNames, p.UserinfoHeadersValues, p.UserinfoHeadersClient)
	header.Set("Accept", p.UserinfoAccept)
	query := url.Values{}
	v.copyInto(query, p.UserinfoQueryArgsNames, p.UserinfoQueryArgsValues, p.UserinfoQueryArgsClient)
	key := v.answerKey("userinfo", token, query, header)
	if p.CacheUserInfo {
		if g, ok := p.infos.Get(key, p.env.Now()); ok {
			v.trace.Note("userinfo, as remembered", "cache_user_info", "the provider is not asked again")
			return g, nil
		}
	}
	return v.once(key, func(w *visit) (*grant, error) {
		if g, ok := p.infos.Get(key, p.env.Now()); ok && p.CacheUserInfo {
			return g, nil
		}
		d, err := w.document()
		if err != nil {
			return nil, err
		}
		e := p.endpoint(userinfoEndpoint, d, nil)
		w.trace.ask(e)
		claims, raw, jwt, err := e.Userinfo(w.ctx, token, query, header, w.verifyAnswer)
		if err != nil {
			return nil, err
		}
		g := &grant{Access: token, user: claims, userRaw: raw, userJWT: jwt}
		if p.CacheUserInfo {
			p.infos.Put(key, g, p.env.Now().Add(p.userinfoLife(token)), g.cost())
		}
		return g, nil
	})
}

// userinfoLife is how long an answer is kept: not longer than the token lives, where that can be read.
func (p *relyingParty) userinfoLife(token string) time.Duration {
	if t, err := jose.Parse([]byte(token)); err == nil {
		if exp, ok := oidc.Number(t.Claims["exp"]); ok {
			left := time.Unix(int64(min(exp, 1<<40)), 0).Sub(p.env.Now())
			return min(left, p.life(left))
		}
	}
	return p.life(0)
}

// copyInto fills form fields or query arguments: fixed ones, and those that the client sent by name.
func (v *visit) copyInto(form url.Values, names, values, fromClient []string) {
	for i, name := range names {
		if i < len(values) {
			form.Set(name, values[i])
		}
	}
	for _, name := range fromClient {
		if value, err := v.find([]string{"query", "body", "header"}, name); err == nil && value != "" {
			form.Set(name, value)
		}
	}
}

func (v *visit) copyHeaders(names, values, fromClient []string) http.Header {
	h := http.Header{}
	for _, name := range fromClient {
		if value, ok := v.x.Request.Header.Value(name); ok {
			h.Set(name, string(value))
		}
	}
	for i, name := range names {
		if i < len(values) {
			h.Set(name, values[i])
		}
	}
	return h
}

// encodeJSON is for what is sent in headers; it cannot fail on what came from JSON.
func encodeJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return b
}
