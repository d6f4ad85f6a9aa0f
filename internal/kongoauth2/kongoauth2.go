// Package kongoauth2 holds the entities of Kong's plugin oauth2: applications, codes and tokens, and how secrets of
// applications are kept. The plugin oauth2 declares them and issues them; openid-connect takes the tokens. Its main type is
// Credential, an application.
package kongoauth2

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/schema"
)

// Credential is an application that acts for a consumer: a client of the plugin oauth2.
type Credential struct {
	ID           string      `json:"id" conf:"id"`
	CreatedAt    int64       `json:"created_at" conf:"created_at"`
	Consumer     *entity.Ref `json:"consumer" conf:"foreign=consumers;required;on_delete=cascade" doc:"The consumer that the application stands for."`
	Name         string      `json:"name" conf:"required" doc:"The name of the application."`
	ClientID     string      `json:"client_id" conf:"optional;unique;auto" doc:"What the application names itself by. One is made up if it is missing."`
	ClientSecret string      `json:"client_secret" conf:"optional;encrypted;auto" doc:"The secret of the application. One is made up if it is missing."`
	HashSecret   bool        `json:"hash_secret" conf:"required;default=false" doc:"Whether only a hash of the secret is kept. A secret that is such a hash already is kept as it is."`
	RedirectURIs []string    `json:"redirect_uris" conf:"optional" doc:"The addresses that the answer to an authorization may be sent to."`
	Tags         []string    `json:"tags" conf:"tags" doc:"Labels to group and filter by."`
	ClientType   string      `json:"client_type" conf:"required;default=confidential;one_of=confidential,public" doc:"Whether the application can keep a secret. A public one has to do without."`
}

// Token is an access token that the plugin oauth2 has issued, with its refresh token.
type Token struct {
	ID                  string      `json:"id" conf:"id"`
	CreatedAt           int64       `json:"created_at" conf:"created_at"`
	Service             *entity.Ref `json:"service" conf:"foreign=services;default=null;on_delete=cascade" doc:"The only service that the token is good for."`
	Credential          *entity.Ref `json:"credential" conf:"foreign=oauth2_credentials;required;on_delete=cascade" doc:"The application that has the token."`
	TokenType           string      `json:"token_type" conf:"required;default=bearer;one_of=bearer" doc:"How the token is used."`
	ExpiresIn           int64       `json:"expires_in" conf:"required" doc:"How many seconds after created_at the access token is good. 0 is for ever."`
	AccessToken         string      `json:"access_token" conf:"optional;unique;auto" doc:"The access token. One is made up if it is missing."`
	RefreshToken        string      `json:"refresh_token" conf:"optional;unique" doc:"The token that another access token is to be had for."`
	AuthenticatedUserID string      `json:"authenticated_userid" conf:"optional" doc:"The user who has let the application in."`
	Scope               string      `json:"scope" doc:"What the token is good for, words with spaces between."`

	Vanishes time.Time `json:"-"` // when the row goes away, refresh token and all; zero if it does not
}

// Ends returns when the access token is over; the zero time if it does not end. As in Kong, it is good in the last second, too.
func (t *Token) Ends() time.Time {
	if t.ExpiresIn <= 0 {
		return time.Time{}
	}
	return time.Unix(t.CreatedAt+t.ExpiresIn, 0)
}

// Code is an authorization code that the plugin oauth2 has issued and that was not redeemed yet.
type Code struct {
	ID                  string      `json:"id" conf:"id"`
	CreatedAt           int64       `json:"created_at" conf:"created_at"`
	Service             *entity.Ref `json:"service" conf:"foreign=services;default=null;on_delete=cascade" doc:"The only service that the code is good for."`
	Credential          *entity.Ref `json:"credential" conf:"foreign=oauth2_credentials;required;on_delete=cascade" doc:"The application that has the code."`
	Code                string      `json:"code" conf:"optional;unique;auto" doc:"The code."`
	AuthenticatedUserID string      `json:"authenticated_userid" conf:"optional" doc:"The user who has let the application in."`
	Scope               string      `json:"scope" doc:"What the token will be good for, words with spaces between."`
	Challenge           string      `json:"challenge" conf:"optional" doc:"What the verifier of whoever redeems the code has to fit (RFC 7636)."`
	ChallengeMethod     string      `json:"challenge_method" conf:"optional;one_of=S256" doc:"How it has to fit."`
	Plugin              *entity.Ref `json:"plugin" conf:"foreign=plugins;default=null;on_delete=cascade" doc:"The plugin that has issued the code."`

	Vanishes time.Time `json:"-"`
}

// The kinds of entities.
const (
	Credentials = "oauth2_credentials"
	Tokens      = "oauth2_tokens"
	Codes       = "oauth2_authorization_codes"
)

// Kinds are the kinds of entities, those that are referred to first.
var Kinds = []*entity.Kind{
	entity.NewKind[Credential](entity.Kind{
		Name: Credentials, Path: "oauth2", Endpoint: "client_id", Keyed: true, Unique: [][]string{{"client_id"}},
		Schema: schema.Of[Credential](schema.CheckField("redirect_uris.elements", checkRedirectURI)),
		Refs:   []entity.Reference{{Field: "consumer", To: "consumers", Nested: "oauth2", Cascade: true}},
		After:  hashSecret, Patch: checkSecretPatch,
	}),
	entity.NewKind[Token](entity.Kind{
		Name: Tokens, Path: "oauth2_tokens", Endpoint: "access_token", Keyed: true, TTL: true, Ledger: true,
		Schema: schema.Of[Token](), Unique: [][]string{{"access_token"}, {"refresh_token"}},
		Refs: []entity.Reference{
			{Field: "service", To: "services", Nested: "oauth2_tokens", Cascade: true},
			{Field: "credential", To: Credentials, Nested: "oauth2_tokens", Cascade: true},
		},
	}),
	entity.NewKind[Code](entity.Kind{
		Name: Codes, Path: "oauth2_authorization_codes", Nested: true, TTL: true, Ledger: true,
		Schema: schema.Of[Code](), Unique: [][]string{{"code"}},
		Refs: []entity.Reference{
			{Field: "service", To: "services", Cascade: true},
			{Field: "credential", To: Credentials, Cascade: true},
			{Field: "plugin", To: "plugins", Cascade: true},
		},
	}),
}

// checkRedirectURI has Kong's words.
func checkRedirectURI(v any) error {
	text, _ := v.(string)
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme == "":
		return fmt.Errorf("cannot parse '%s'", text)
	case strings.Contains(text, "#"): // an empty fragment, too
		return fmt.Errorf("fragment not allowed in '%s'", text)
	}
	return nil
}

// hashSecret hashes the secret of an application, if it is to be and is not yet.
func hashSecret(doc map[string]any, _ schema.Options) schema.Errors {
	hash, _ := doc["hash_secret"].(bool)
	secret, isText := doc["client_secret"].(string)
	if hash && isText && !isHashedSecret(secret) {
		doc["client_secret"] = HashSecret(secret)
	}
	return nil
}

// checkSecretPatch wants a secret and whether to hash it together, as Kong does: neither says alone what the other is to be.
func checkSecretPatch(in map[string]any) schema.Errors {
	if (in["hash_secret"] == nil) == (in["client_secret"] == nil) {
		return nil
	}
	return schema.Errors{"@entity": []string{"all or none of these fields must be set: 'hash_secret', 'client_secret'"}}
}
