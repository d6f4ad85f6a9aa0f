package oauth2

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/kongoauth2"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// The grants.
const (
	byCode     = "authorization_code"
	byRefresh  = "refresh_token"
	byItself   = "client_credentials"
	byPassword = "password"
)

// grant is what a token is issued for.
type grant struct {
	client      *kongoauth2.Credential
	user, scope string
	refresh     bool              // with a refresh token
	old         *kongoauth2.Token // that is refreshed
}

// issued is the answer that has a token.
type issued struct {
	AccessToken  string  `json:"access_token"`
	TokenType    string  `json:"token_type"`
	ExpiresIn    int64   `json:"expires_in,omitempty"`
	RefreshToken string  `json:"refresh_token,omitempty"`
	State        *string `json:"state,omitempty"`
}

// token answers at the token endpoint.
func (s *server) token(x *plugin.Exchange) error {
	p, err := readParameters(x)
	if err != nil {
		return err
	}
	t, refused, err := s.redeem(x, p)
	switch {
	case err != nil:
		return err
	case refused == nil:
		out := issued{t.AccessToken, t.TokenType, max(t.ExpiresIn, 0), t.RefreshToken, p.state()}
		return x.Exit(http.StatusOK, out, noStore...)
	}
	status, fields := http.StatusBadRequest, noStore
	if refused.unauthorized {
		status, fields = http.StatusUnauthorized, append(slices.Clone(noStore), "WWW-Authenticate", `Basic realm="OAuth2.0"`)
	}
	return x.Exit(status, answer{Error: refused.code, Description: refused.text, State: p.state()}, fields...)
}

// refusedToken is a refusal, and whether it is told by 401 instead of 400.
type refusedToken struct {
	*refusal
	unauthorized bool
}

func (s *server) redeem(x *plugin.Exchange, p *parameters) (*kongoauth2.Token, *refusedToken, error) {
	if secure, text := s.isSecure(x); !secure {
		return nil, &refusedToken{no("access_denied", text), false}, nil
	}
	client, refused := s.checkClient(x, p)
	if refused != nil {
		return nil, refused, nil
	}
	var t *kongoauth2.Token
	var err error
	switch p.text("grant_type") {
	case byCode:
		t, err = s.fromCode(x, p, client)
	case byRefresh:
		t, err = s.fromRefresh(x, p, client)
	case byItself:
		t, err = s.forItself(x, p, client)
	case byPassword:
		t, err = s.fromPassword(x, p, client)
	}
	var r *refusal
	if errors.As(err, &r) {
		return nil, &refusedToken{r, false}, nil
	}
	return t, nil, err
}

// Error lets a refusal end a transaction.
func (r *refusal) Error() string { return r.code + ": " + r.text }

// checkClient finds the application that asks and checks who it is. As in Kong, the last thing that is wrong is told.
func (s *server) checkClient(x *plugin.Exchange, p *parameters) (client *kongoauth2.Credential, refused *refusedToken) {
	how := p.text("grant_type")
	if how != byCode && how != byRefresh && !(how == byItself && s.ClientCredentials) && !(how == byPassword && s.PasswordGrant) {
		refused = &refusedToken{no("unsupported_grant_type", "Invalid grant_type"), false}
	}
	id, secret, byField := s.clientOf(x, p)
	client = s.application(id)
	if how != byItself {
		if client == nil || client.RedirectURIs == nil {
			refused = &refusedToken{badClient, byField}
		} else if _, allowed := redirectOf(p, client); !allowed {
			refused = &refusedToken{badRedirect, false}
		}
	} else if client == nil && refused == nil {
		// Whether a user may be named comes first.
		if _, named := p.get("authenticated_userid"); named && !s.isProvisioned(p) {
			return nil, &refusedToken{badProvision, false}
		}
		return nil, &refusedToken{badClient, false}
	}
	switch {
	case client == nil:
	case client.ClientType == "public" && strings.TrimSpace(secret) != "":
		refused = &refusedToken{no("invalid_request", "client_secret is disallowed for public clients"), false}
	case client.ClientType != "public" && !verify(client, secret):
		refused = &refusedToken{badClient, byField}
	}
	return client, refused
}

// hashing holds those who hash a secret, which takes milliseconds of a processor. They may not take all processors.
var hashing = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))

func verify(client *kongoauth2.Credential, secret string) bool {
	if client.HashSecret {
		hashing <- struct{}{}
		defer func() { <-hashing }()
	}
	return client.Verify(secret)
}

// clientOf returns what an application says of itself; byField if it does in the field of tokens.
func (s *server) clientOf(x *plugin.Exchange, p *parameters) (id, secret string, byField bool) {
	pid, named := p.get("client_id")
	psecret, has := p.get("client_secret")
	if named && has {
		return pid.text, psecret.text, false
	}
	field, byField := x.Request.Header.Value(s.AuthHeaderName)
	if !byField {
		return pid.text, "", false
	}
	text := strings.TrimSpace(string(field))
	if len(text) < len("basic") || !header.EqualFold(text[:len("basic")], "basic") {
		return "", "", true
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text[len("basic"):]))
	if err != nil {
		return "", "", true
	}
	id, secret, _ = strings.Cut(string(raw), ":")
	return id, secret, true
}

// serviceOf returns the id of the service that tokens are bound to here; "" if they are not.
func (s *server) serviceOf(x *plugin.Exchange) (string, error) {
	switch {
	case s.GlobalCredentials:
		return "", nil
	case x.Service == nil:
		return "", errors.New("the route has no service that a token could be for; global_credentials makes tokens for all")
	}
	return x.Service.ID, nil
}

// isOf reports whether something was issued at the service where it is shown, or for all.
func isOf(service *entity.Ref, here string) bool {
	return here == "" || service != nil && service.ID == here
}

// fromCode redeems a code. Of many who redeem one at the same time one gets a token.
func (s *server) fromCode(x *plugin.Exchange, p *parameters, client *kongoauth2.Credential) (t *kongoauth2.Token, err error) {
	here, err := s.serviceOf(x)
	if err != nil {
		return nil, err
	}
	redirect, named := p.get("redirect_uri")
	err = s.ledger.Change(context.Background(), func(tx plugin.LedgerTx) error {
		found, err := tx.Find(kongoauth2.Codes, "code", p.text("code"))
		if err != nil {
			return err
		}
		c, _ := found.(*kongoauth2.Code)
		if c == nil || !isOf(c.Service, here) || c.Credential.ID != client.ID {
			return badCode
		}
		if c.ChallengeMethod != "" || s.needsChallenge(client) {
			if refused := checkVerifier(p, c.Challenge); refused != nil {
				return refused
			}
		}
		if s.GlobalCredentials && c.Plugin != nil && c.Plugin.ID != s.id || named && !wasSentTo(c.Code, redirect.text) {
			return badCode
		}
		if err := tx.Delete(kongoauth2.Codes, c.ID); err != nil {
			return err
		}
		t, err = s.put(tx, here, grant{client: client, user: c.AuthenticatedUserID, scope: c.Scope, refresh: true})
		return err
	})
	return t, err
}

// fromRefresh issues another token for a refresh token, which is replaced unless it is to be reused.
func (s *server) fromRefresh(x *plugin.Exchange, p *parameters, client *kongoauth2.Credential) (t *kongoauth2.Token, err error) {
	here, err := s.serviceOf(x)
	if err != nil {
		return nil, err
	}
	err = s.ledger.Change(context.Background(), func(tx plugin.LedgerTx) error {
		found, err := tx.Find(kongoauth2.Tokens, "refresh_token", p.text("refresh_token"))
		if err != nil {
			return err
		}
		old, _ := found.(*kongoauth2.Token)
		switch {
		case old == nil || !isOf(old.Service, here):
			return badRefresh
		case old.Credential.ID != client.ID:
			return badClient
		}
		for _, w := range strings.Fields(old.Scope) {
			if !slices.Contains(s.Scopes, w) {
				return no("invalid_scope", "Scope mismatch")
			}
		}
		g := grant{client: client, user: old.AuthenticatedUserID, scope: old.Scope, refresh: true}
		if s.ReuseRefreshToken {
			g.old = old
		} else if err := tx.Delete(kongoauth2.Tokens, old.ID); err != nil {
			return err
		}
		t, err = s.put(tx, here, g)
		return err
	})
	return t, err
}

// forItself issues a token to an application without a user, or for one whom the owner's page names.
func (s *server) forItself(x *plugin.Exchange, p *parameters, client *kongoauth2.Credential) (*kongoauth2.Token, error) {
	user, named := p.get("authenticated_userid")
	switch {
	case named && !s.isProvisioned(p):
		return nil, badProvision
	case client.ClientType == "public":
		// Whoever knows the id, and it is no secret, would be the application (RFC 6749, section 4.4).
		return nil, no("unauthorized_client", "client_credentials is disallowed for public clients")
	}
	scope, refused := s.scopeOf(p)
	if refused != nil {
		return nil, refused
	}
	return s.issue(x, grant{client: client, user: user.orNumber().text, scope: scope})
}

// fromPassword issues a token for a user whom the owner's page has signed in.
func (s *server) fromPassword(x *plugin.Exchange, p *parameters, client *kongoauth2.Credential) (*kongoauth2.Token, error) {
	user, _ := p.get("authenticated_userid")
	user = user.orNumber()
	switch {
	case !s.isProvisioned(p):
		return nil, badProvision
	case user.blank():
		return nil, noUser
	}
	scope, refused := s.scopeOf(p)
	if refused != nil {
		return nil, refused
	}
	return s.issue(x, grant{client: client, user: user.text, scope: scope, refresh: true})
}

// issue issues a token in a transaction of its own.
func (s *server) issue(x *plugin.Exchange, g grant) (t *kongoauth2.Token, err error) {
	here, err := s.serviceOf(x)
	if err != nil {
		return nil, err
	}
	err = s.ledger.Change(context.Background(), func(tx plugin.LedgerTx) error {
		t, err = s.put(tx, here, g)
		return err
	})
	return t, err
}

// put stores the token of a grant. The row goes away when neither the access token nor the refresh token is good any more.
func (s *server) put(tx plugin.LedgerTx, service string, g grant) (*kongoauth2.Token, error) {
	doc := map[string]any{"credential": ref(g.client.ID), "expires_in": s.life}
	set := func(field, text string) {
		if text != "" {
			doc[field] = text
		}
	}
	set("authenticated_userid", g.user)
	set("scope", g.scope)
	if service != "" {
		doc["service"] = ref(service)
	}
	kept := s.kept
	switch {
	case g.old != nil:
		doc["id"] = g.old.ID
		set("refresh_token", g.old.RefreshToken)
		if g.old.Service != nil {
			doc["service"] = ref(g.old.Service.ID)
		}
	case g.refresh && s.life > 0:
		doc["refresh_token"] = rand.Text() + rand.Text()[:6] // as long as Kong's
	case kept == 0 || s.life < kept:
		kept = s.life + 1 // the access token is good in its last second
	}
	if s.life > 0 && kept > 0 {
		doc["ttl"] = kept
	}
	v, err := tx.Put(kongoauth2.Tokens, doc)
	t, _ := v.(*kongoauth2.Token)
	return t, err
}

// over reports whether an access token is good no more.
func over(t *kongoauth2.Token, now time.Time) bool {
	end := t.Ends()
	return !end.IsZero() && now.After(end)
}
