// Package oauth2 is the plugin oauth2: an authorization server for the applications of consumers, at /oauth2/authorize and
// /oauth2/token below any path that it is on, and the guard of what lies there. Its main type is server. Applications, codes and
// tokens are entities; the last two are issued and looked up by plugin.Ledger. It signs nobody in: the page that asks users is the
// owner's, who proves with provision_key that a user has agreed.
package oauth2

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/kongoauth2"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/schema"
)

type config struct {
	Scopes            []string `json:"scopes" doc:"The scopes that a token may have. Needed with mandatory_scope."`
	MandatoryScope    bool     `json:"mandatory_scope" conf:"required;default=false" doc:"Whether every token must have a scope."`
	ProvisionKey      string   `json:"provision_key" conf:"required;auto;unique;encrypted" doc:"What the page that asks users shows, to prove that it is yours. One is made up if it is missing."`
	TokenExpiration   float64  `json:"token_expiration" conf:"required;default=7200" doc:"How many seconds an access token is good. With 0 it is for ever, and there are no refresh tokens."`
	AuthorizationCode bool     `json:"enable_authorization_code" conf:"required;default=false" doc:"Whether codes are issued, to be redeemed for tokens (RFC 6749, section 4.1)."`
	ImplicitGrant     bool     `json:"enable_implicit_grant" conf:"required;default=false" doc:"Whether tokens are issued without a code (section 4.2)."`
	ClientCredentials bool     `json:"enable_client_credentials" conf:"required;default=false" doc:"Whether an application gets a token for itself (section 4.4)."`
	PasswordGrant     bool     `json:"enable_password_grant" conf:"required;default=false" doc:"Whether a token is issued for a user whose password you have checked (section 4.3)."`
	HideCredentials   bool     `json:"hide_credentials" conf:"required;default=false" doc:"Removes the token from the request before it goes upstream."`
	AcceptTerminated  bool     `json:"accept_http_if_already_terminated" conf:"required;default=false" doc:"Whether a proxy of trusted_ips may have taken the request by HTTPS, as X-Forwarded-Proto says."`
	Anonymous         string   `json:"anonymous" doc:"The consumer, by id or username, that a request without a valid token is treated as. Without it such a request is answered with 401."`
	GlobalCredentials bool     `json:"global_credentials" conf:"required;default=false" doc:"Whether tokens are good for all services whose plugin is set so, not just for the one that they were issued at."`
	AuthHeaderName    string   `json:"auth_header_name" conf:"default=authorization" doc:"The header field that carries the token."`
	RefreshTokenTTL   float64  `json:"refresh_token_ttl" conf:"required;default=1209600;between=0,100000000" doc:"How many seconds a refresh token is good. 0 is for ever."`
	ReuseRefreshToken bool     `json:"reuse_refresh_token" conf:"required;default=false" doc:"Whether a refresh token stays good when it was used. Otherwise it is replaced by another."`
	PKCE              string   `json:"pkce" conf:"optional;default=lax;one_of=none,lax,strict" doc:"Who needs a code challenge (RFC 7636): nobody, public applications, or all. Whoever sends one has to fit it always."`
	Realm             string   `json:"realm" conf:"optional" doc:"The realm to tell in WWW-Authenticate."`
}

// Type is the plugin.
var Type = plugin.Define(plugin.Desc{
	Name:       "oauth2",
	Priority:   1400,
	Doc:        "Issues OAuth 2 tokens to the applications of consumers, and identifies them by these.",
	NoConsumer: true,
	Auth:       true,
	Entities:   kongoauth2.Kinds,
}, build, schema.At("", schema.If("mandatory_scope", "eq=true").Then("scopes", "required")), schema.CheckRecord(checkFlows))

func checkFlows(doc map[string]any) error {
	for _, name := range []string{"enable_authorization_code", "enable_implicit_grant", "enable_client_credentials", "enable_password_grant"} {
		if on, _ := doc[name].(bool); on {
			return nil
		}
	}
	return errors.New("at least one of these fields must be true: enable_authorization_code, enable_implicit_grant, " +
		"enable_client_credentials, enable_password_grant")
}

// server is one configuration at work.
type server struct {
	config
	plugin.Authenticator
	id     string
	life   int64 // of an access token, in seconds; 0 for ever
	kept   int64 // of a refresh token
	ledger plugin.Ledger
	find   plugin.Finder
	now    func() time.Time
	log    *slog.Logger
}

func build(c config, env plugin.Env) (any, error) {
	if env.Ledger == nil {
		return nil, errors.New("there is nothing to keep tokens in")
	}
	if c.TokenExpiration > math.MaxInt32 {
		return nil, fmt.Errorf("config.token_expiration: must not be greater than %d", math.MaxInt32)
	}
	s := &server{config: c, id: env.ID, life: int64(max(c.TokenExpiration, 0)), kept: int64(c.RefreshTokenTTL),
		ledger: env.Ledger, find: env.Find, now: env.Now, log: env.Log,
		Authenticator: plugin.NewAuthenticator(plugin.Authentication{Anonymous: c.Anonymous, HideCredentials: c.HideCredentials,
			Scheme: "Bearer", Realm: c.Realm, Fields: []string{scopeField, userField}}, env)}
	if s.AuthHeaderName == "" {
		s.AuthHeaderName = "authorization"
	}
	return s, nil
}
