// Package jwt is the plugin jwt: it identifies a consumer by a signed JSON Web Token whose issuer, or another claim, names a
// jwt_secrets credential. Its main type is verifier. Signatures are internal/jose's part; tokens of OpenID Connect providers are
// that of the plugin openid-connect.
package jwt

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/schema"
)

type config struct {
	URIParamNames     []string `json:"uri_param_names" conf:"set;default=jwt" doc:"Query parameters in which to look for a token."`
	CookieNames       []string `json:"cookie_names" conf:"set;default=[]" doc:"Cookies in which to look for a token."`
	KeyClaimName      string   `json:"key_claim_name" conf:"default=iss" doc:"The claim, or header parameter, that names the credential."`
	SecretIsBase64    bool     `json:"secret_is_base64" conf:"required;default=false" doc:"Whether the secrets of credentials are base64 text of what signs."`
	ClaimsToVerify    []string `json:"claims_to_verify" conf:"set;elements.one_of=exp,nbf" doc:"The registered claims that a token must have, and that are checked."`
	Anonymous         string   `json:"anonymous" doc:"The consumer, by id or username, that a request without a valid token is treated as. Without it such a request is answered with 401."`
	RunOnPreflight    bool     `json:"run_on_preflight" conf:"required;default=true" doc:"Whether OPTIONS requests need a token, too."`
	MaximumExpiration float64  `json:"maximum_expiration" conf:"default=0;between=0,31536000" doc:"How far in the future exp may lie at most, in seconds; 0 is no limit."`
	HeaderNames       []string `json:"header_names" conf:"set;default=authorization" doc:"Headers in which to look for a token behind the word Bearer."`
	Realm             string   `json:"realm" conf:"optional" doc:"The realm to tell in WWW-Authenticate."`
}

// Type is the plugin.
var Type = plugin.Define(plugin.Desc{
	Name:       "jwt",
	Priority:   1450,
	Doc:        "Identifies a consumer by a signed JSON Web Token.",
	NoConsumer: true,
	Auth:       true,
	Entities:   []*entity.Kind{secrets},
}, build, schema.If("maximum_expiration", "gt=0").Then("claims_to_verify", "contains=exp"))

// TokenKey is the name under which the token that let a request in is shared with other plugins.
const TokenKey = "authenticated_jwt_token"

// verifier is one configuration at work.
type verifier struct {
	config
	plugin.Authenticator
	invalid string // WWW-Authenticate for a token that is no good
	find    plugin.Finder
	now     func() time.Time
	keys    keyCache
}

func build(c config, env plugin.Env) (any, error) {
	v := &verifier{config: c, find: env.Find, now: env.Now, Authenticator: plugin.NewAuthenticator(plugin.Authentication{
		Anonymous: c.Anonymous, SkipPreflight: !c.RunOnPreflight, Scheme: "Bearer", Realm: c.Realm}, env)}
	v.invalid = v.Challenge() + ` error="invalid_token"`
	return v, nil
}

// refusal is why a request is not let in. The texts are Kong's, clients see them.
type refusal struct {
	message   string
	errors    map[string]string // about claims; they are the answer instead of a message
	challenge string
}

// Access identifies the consumer, or ends the request with 401.
func (v *verifier) Access(x *plugin.Exchange) error {
	if v.Skips(x) {
		return nil
	}
	r := v.authenticate(x)
	if r == nil {
		return nil
	}
	if done, err := v.LetInAnonymous(x); done {
		return err
	}
	var body any = map[string]string{"message": r.message}
	if r.errors != nil {
		body = r.errors
	}
	if r.challenge == "" {
		return x.Exit(http.StatusUnauthorized, body)
	}
	return x.Exit(http.StatusUnauthorized, body, "WWW-Authenticate", r.challenge)
}

// authenticate returns why the request is refused, or nil.
func (v *verifier) authenticate(x *plugin.Exchange) *refusal {
	token, many := v.token(x)
	switch {
	case many:
		return v.no("Multiple tokens provided")
	case token == "":
		return &refusal{message: "Unauthorized", challenge: v.Challenge()}
	}
	t, problem := parse(token)
	if problem != "" {
		return v.no("Bad token; " + problem)
	}
	key, named := v.keyOf(t)
	switch {
	case !named:
		return v.no("No mandatory '" + v.KeyClaimName + "' in claims")
	case key == "":
		return v.no("Invalid '" + v.KeyClaimName + "' in claims")
	}
	secret, _ := v.find.Credential(kind, []byte(key)).(*Secret)
	if secret == nil {
		return v.no("No credentials found for given '" + v.KeyClaimName + "'")
	}
	if r := v.verify(t, secret); r != nil {
		return r
	}
	var consumer *entity.Consumer
	if secret.Consumer != nil {
		consumer = v.find.Consumer(secret.Consumer.ID)
	}
	if consumer == nil {
		return &refusal{message: "Could not find consumer for '" + v.KeyClaimName + "=" + key + "'"}
	}
	v.Accept(x, consumer, plugin.Credential{ID: secret.ID, ConsumerID: consumer.ID, Identifier: secret.Key})
	x.SetShared(TokenKey, token)
	return nil
}

func (v *verifier) no(message string) *refusal {
	return &refusal{message: message, challenge: v.invalid}
}

// keyCache keeps parsed public keys by their PEM.
type keyCache struct {
	mu   sync.RWMutex
	keys map[string]any
}

// maxKeys bounds a keyCache; when it is full it begins anew.
const maxKeys = 1024

func (c *keyCache) get(pem string) any {
	pem = strings.TrimSpace(pem)
	c.mu.RLock()
	k, ok := c.keys[pem]
	c.mu.RUnlock()
	if ok {
		return k
	}
	k = parseKey(pem)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.keys == nil || len(c.keys) >= maxKeys {
		c.keys = map[string]any{}
	}
	c.keys[pem] = k
	return k
}
