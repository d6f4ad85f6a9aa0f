package openidconnect

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
)

func backgroundTimeout(p *relyingParty) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), p.fetch.Timeout)
}

// logoutWanted reports whether a request asks to be logged out.
func (v *visit) logoutWanted() bool {
	p := v.p
	if p.LogoutURISuffix == "" && p.LogoutQueryArg == "" && p.LogoutPostArg == "" || !slices.Contains(p.LogoutMethods, v.x.Request.Method) {
		return false
	}
	if p.LogoutURISuffix != "" && strings.HasSuffix(string(v.x.Request.Path), p.LogoutURISuffix) {
		return true
	}
	if p.LogoutQueryArg != "" {
		if _, n := v.queryArg(p.LogoutQueryArg); n > 0 {
			return true
		}
	}
	if p.LogoutPostArg != "" {
		if _, n, err := v.bodyArg(p.LogoutPostArg); err == nil && n > 0 {
			return true
		}
	}
	return false
}

// logout ends the session here and, where so configured, the tokens and the session at the provider.
func (v *visit) logout() error {
	p := v.p
	var g *grant
	if s, err := p.sessions.Open(v.ctx, v.cookie, p.bind(v.x)); err == nil {
		if g, err = v.sessionGrant(s.Data); err != nil {
			g = nil
		}
	}
	p.dropSession(v.x)
	v.x.Response.Header.Set("Cache-Control", "no-store")
	if g != nil {
		v.client = p.clientOf(g)
		v.revoke(g)
	}
	after := ""
	if v.client != nil {
		after = at(p.LogoutRedirectURI, v.client.index)
	}
	d, err := v.document()
	if err != nil {
		d = &oidc.Document{} // the session here is gone all the same
	}
	if target := cmp.Or(p.EndSessionEndpoint, d.EndSessionEndpoint); target != "" && (g != nil || p.EndSessionEndpoint != "") {
		return v.x.Exit(http.StatusFound, nil, "Location", v.endSession(target, after, g))
	}
	if after != "" {
		return v.x.Exit(http.StatusFound, nil, "Location", after)
	}
	return v.x.Exit(http.StatusOK, nil)
}

// cognitoIssuer are the names of Cognito's user pools, also of those that live in this gateway: their logout page may have any host.
var cognitoIssuer = regexp.MustCompile(`^https?://cognito-idp\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/|/[a-z]{2}(-[a-z]+)+-[0-9]_[A-Za-z0-9]+$`)

// endSession returns the provider's logout URL in the dialect that it speaks: RP-Initiated Logout 1.0, which Okta, Entra ID
// and Keycloak follow, or Cognito's and Auth0's own.
func (v *visit) endSession(target, after string, g *grant) string {
	u, err := url.Parse(target)
	if err != nil {
		return target
	}
	q, clientID := u.Query(), ""
	if v.client != nil {
		clientID = v.client.ID
	}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	host := u.Hostname()
	switch {
	case strings.HasSuffix(host, ".amazoncognito.com") || strings.HasSuffix(u.Path, "/logout") && cognitoIssuer.MatchString(v.p.issuer.Name()):
		set("client_id", clientID)
		set("logout_uri", after)
	case strings.HasSuffix(host, ".auth0.com") && strings.HasPrefix(u.Path, "/v2/"):
		set("client_id", clientID)
		set("returnTo", after)
	default:
		if g != nil {
			set("id_token_hint", g.ID)
		}
		set("client_id", clientID)
		set("post_logout_redirect_uri", after)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// revoke revokes the tokens of a session at the provider, as far as logout_revoke says. Failures are logged: the user is
// logged out here in any case.
func (v *visit) revoke(g *grant) {
	p := v.p
	if !p.LogoutRevoke || v.client == nil {
		return
	}
	d, err := v.document()
	if err != nil {
		return
	}
	e := p.endpoint(revocationEndpoint, d, v.client)
	for _, t := range []struct {
		revoke      bool
		hint, token string
	}{{p.LogoutRevokeRefreshToken, "refresh_token", g.Refresh}, {p.LogoutRevokeAccessToken, "access_token", g.Access}} {
		if !t.revoke || t.token == "" {
			continue
		}
		form := url.Values{p.RevocationTokenParamName: {t.token}, "token_type_hint": {t.hint}}
		if err := e.Revoke(v.ctx, &v.client.Client, form); err != nil {
			p.env.Log.Warn("token not revoked at logout", "token", t.hint, "error", err)
		}
	}
}

// logoutEvent is what a logout token has to hold (Back-Channel Logout 1.0, section 2.4).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// backChannel answers the provider's logout calls: a POST of a logout_token to a path that ends with logout_uri_suffix. Sessions
// of the subject or session that it names end: those in a store and those in cookies, on all nodes that share state.
func (v *visit) backChannel() (handled bool, err error) {
	p := v.p
	if p.LogoutURISuffix == "" || v.x.Request.Method != http.MethodPost || !strings.HasSuffix(string(v.x.Request.Path), p.LogoutURISuffix) {
		return false, nil
	}
	token, n, err := v.bodyArg("logout_token")
	if err != nil || n == 0 {
		return false, err
	}
	if n > 1 || v.checkLogoutToken(token) != nil {
		return true, v.x.Exit(http.StatusBadRequest, map[string]string{"error": "invalid_request"}, "Cache-Control", "no-store")
	}
	return true, v.x.Exit(http.StatusOK, nil, "Cache-Control", "no-store")
}

func (v *visit) checkLogoutToken(token string) error {
	p := v.p
	t, err := jose.Parse([]byte(token))
	if err != nil {
		return err
	}
	d, err := v.document()
	if err != nil {
		return err
	}
	iss, _ := t.Claims["iss"].(string)
	if err := p.acceptIssuer(iss, d); err != nil {
		return err
	}
	if slices.Contains(jose.Symmetric, t.Alg) {
		return jose.ErrKey
	}
	if _, err := v.signature(t, iss, d); err != nil {
		return err
	}
	if err := oidc.CheckTimes(t.Claims, p.env.Now(), seconds(p.Leeway)); err != nil {
		return err
	}
	aud := oidc.Strings(t.Claims["aud"])
	known := false
	for _, a := range aud {
		known = known || p.clientNamedExactly(a) != nil
	}
	iat, dated := oidc.Number(t.Claims["iat"])
	events, _ := t.Claims["events"].(map[string]any)
	_, right := events[logoutEvent].(map[string]any)
	_, nonce := t.Claims["nonce"]
	sid, _ := t.Claims["sid"].(string)
	sub, _ := t.Claims["sub"].(string)
	jti, _ := t.Claims["jti"].(string)
	now := p.env.Now()
	if !known || !right || nonce || sid == "" && sub == "" || jti == "" || !dated || float64(now.Unix())-iat > 300 {
		return oidc.ErrClaims
	}
	if p.env.State == nil {
		return oidc.ErrUnreachable
	}
	// A logout token is good once.
	name := []byte("oidc:logout-token:" + keyText("jti", iss, jti))
	once, err := p.env.State.PutNew(v.ctx, name, []byte{1}, 10*time.Minute)
	if err != nil || !once {
		return oidc.ErrClaims
	}
	if err := p.markEnded(v.ctx, iss, sid, sub, now); err != nil {
		return errors.Join(err, p.env.State.Delete(v.ctx, name)) // the provider may try again
	}
	return nil
}

// frontChannel reports whether a request is the provider's logout in the browser (Front-Channel Logout 1.0): a GET of a path that
// ends with logout_uri_suffix, with the issuer and the provider's session.
func (v *visit) frontChannel() bool {
	p := v.p
	if p.LogoutURISuffix == "" || v.x.Request.Method != http.MethodGet || !strings.HasSuffix(string(v.x.Request.Path), p.LogoutURISuffix) {
		return false
	}
	_, iss := v.queryArg("iss")
	_, sid := v.queryArg("sid")
	return iss == 1 && sid == 1
}

// endFrontChannel ends the browser's session if it is the one that is named, and answers with nothing in either case.
func (v *visit) endFrontChannel() error {
	p := v.p
	iss, _ := v.queryArg("iss")
	sid, _ := v.queryArg("sid")
	if s, err := p.sessions.Open(v.ctx, v.cookie, p.bind(v.x)); err == nil {
		if g, err := v.sessionGrant(s.Data); err == nil && g.id["iss"] == iss && providersSession(g.id) == sid && sid != "" {
			p.dropSession(v.x)
		}
	}
	return v.x.Exit(http.StatusOK, nil, "Cache-Control", "no-store")
}

// providersSession names the provider's session that an ID token comes from. LemonLDAP::NG 2.16 has no sid in its ID tokens, and names
// the subject as sid when it logs out.
func providersSession(id map[string]any) any {
	if sid, there := id["sid"]; there {
		return sid
	}
	return id["sub"]
}

// markEnded remembers that sessions ended: those of a provider's session, else all of a subject that began before now.
func (p *relyingParty) markEnded(ctx context.Context, iss, sid, sub string, now time.Time) error {
	key := keyText("sub", iss, sub)
	if sid != "" {
		key = keyText("sid", iss, sid)
	}
	life := max(p.sessions.Absolute, time.Hour)
	return p.env.State.Put(ctx, []byte("oidc:ended:"+key), []byte(now.UTC().Format(time.RFC3339Nano)), life)
}

// endedElsewhere reports whether a session was ended by the provider or an operator.
func (v *visit) endedElsewhere(g *grant, s *oidc.Session) (bool, error) {
	p := v.p
	if p.env.State == nil || g.id == nil || p.LogoutURISuffix == "" && !p.SessionStoreMetadata {
		return false, nil
	}
	iss, _ := g.id["iss"].(string)
	sid, _ := g.id["sid"].(string)
	sub, _ := g.id["sub"].(string)
	for _, key := range []string{keyText("sid", iss, sid), keyText("sub", iss, sub)} {
		mark, err := p.env.State.Get(v.ctx, []byte("oidc:ended:"+key))
		if err != nil {
			continue // not ended, or not known now: the session's own timeouts hold
		}
		if at, err := time.Parse(time.RFC3339Nano, string(mark)); err == nil && !s.Created.After(at) {
			p.dropSession(v.x)
			return true, nil
		}
	}
	return false, nil
}
