package entity

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/schema"
)

// OAuth2Credential is an application that acts for a consumer: a client of the plugin oauth2.
type OAuth2Credential struct {
	ID           string   `json:"id" conf:"id"`
	CreatedAt    int64    `json:"created_at" conf:"created_at"`
	Consumer     *Ref     `json:"consumer" conf:"foreign=consumers;required;on_delete=cascade" doc:"The consumer that the application stands for."`
	Name         string   `json:"name" conf:"required" doc:"The name of the application."`
	ClientID     string   `json:"client_id" conf:"optional;unique;auto" doc:"What the application names itself by. One is made up if it is missing."`
	ClientSecret string   `json:"client_secret" conf:"optional;encrypted;auto" doc:"The secret of the application. One is made up if it is missing."`
	HashSecret   bool     `json:"hash_secret" conf:"required;default=false" doc:"Whether only a hash of the secret is kept. A secret that is such a hash already is kept as it is."`
	RedirectURIs []string `json:"redirect_uris" conf:"optional" doc:"The addresses that the answer to an authorization may be sent to."`
	Tags         []string `json:"tags" conf:"tags" doc:"Labels to group and filter by."`
	ClientType   string   `json:"client_type" conf:"required;default=confidential;one_of=confidential,public" doc:"Whether the application can keep a secret. A public one has to do without."`
}

// OAuth2Token is an access token that the plugin oauth2 has issued, with its refresh token.
type OAuth2Token struct {
	ID                  string `json:"id" conf:"id"`
	CreatedAt           int64  `json:"created_at" conf:"created_at"`
	Service             *Ref   `json:"service" conf:"foreign=services;default=null;on_delete=cascade" doc:"The only service that the token is good for."`
	Credential          *Ref   `json:"credential" conf:"foreign=oauth2_credentials;required;on_delete=cascade" doc:"The application that has the token."`
	TokenType           string `json:"token_type" conf:"required;default=bearer;one_of=bearer" doc:"How the token is used."`
	ExpiresIn           int64  `json:"expires_in" conf:"required" doc:"How many seconds after created_at the access token is good. 0 is for ever."`
	AccessToken         string `json:"access_token" conf:"optional;unique;auto" doc:"The access token. One is made up if it is missing."`
	RefreshToken        string `json:"refresh_token" conf:"optional;unique" doc:"The token that another access token is to be had for."`
	AuthenticatedUserID string `json:"authenticated_userid" conf:"optional" doc:"The user who has let the application in."`
	Scope               string `json:"scope" doc:"What the token is good for, words with spaces between."`

	Vanishes time.Time `json:"-"` // when the row goes away, refresh token and all; zero if it does not
}

// Ends returns when the access token is over; the zero time if it does not end. As in Kong, it is good in the last second, too.
func (t *OAuth2Token) Ends() time.Time {
	if t.ExpiresIn <= 0 {
		return time.Time{}
	}
	return time.Unix(t.CreatedAt+t.ExpiresIn, 0)
}

// OAuth2Code is an authorization code that the plugin oauth2 has issued and that was not redeemed yet.
type OAuth2Code struct {
	ID                  string `json:"id" conf:"id"`
	CreatedAt           int64  `json:"created_at" conf:"created_at"`
	Service             *Ref   `json:"service" conf:"foreign=services;default=null;on_delete=cascade" doc:"The only service that the code is good for."`
	Credential          *Ref   `json:"credential" conf:"foreign=oauth2_credentials;required;on_delete=cascade" doc:"The application that has the code."`
	Code                string `json:"code" conf:"optional;unique;auto" doc:"The code."`
	AuthenticatedUserID string `json:"authenticated_userid" conf:"optional" doc:"The user who has let the application in."`
	Scope               string `json:"scope" doc:"What the token will be good for, words with spaces between."`
	Challenge           string `json:"challenge" conf:"optional" doc:"What the verifier of whoever redeems the code has to fit (RFC 7636)."`
	ChallengeMethod     string `json:"challenge_method" conf:"optional;one_of=S256" doc:"How it has to fit."`
	Plugin              *Ref   `json:"plugin" conf:"foreign=plugins;default=null;on_delete=cascade" doc:"The plugin that has issued the code."`

	Vanishes time.Time `json:"-"`
}

func oauth2CredentialSchema() *schema.Schema {
	return schema.Of[OAuth2Credential](schema.CheckField("redirect_uris.elements", checkRedirectURI))
}

func oauth2TokenSchema() *schema.Schema { return schema.Of[OAuth2Token]() }

func oauth2CodeSchema() *schema.Schema { return schema.Of[OAuth2Code]() }

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

// expiring is what a stored document of a kind with TTL says beside its fields.
type expiring struct {
	ExpiresAt *float64 `json:"expires_at"`
}

func (e expiring) time() time.Time {
	if e.ExpiresAt == nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(*e.ExpiresAt * 1000))
}

// decodeExpiring decodes a document of type T, and hands over when its time is over.
func decodeExpiring[T any](set func(v *T, at time.Time)) func(doc []byte) (any, error) {
	return func(doc []byte) (any, error) {
		v, end := new(T), expiring{}
		if err := json.Unmarshal(doc, v); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(doc, &end); err != nil {
			return nil, err
		}
		set(v, end.time())
		return v, nil
	}
}
