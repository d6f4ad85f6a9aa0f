// Package keyauth is the plugin key-auth: it identifies a consumer by a key that the request carries in a header, in the
// query or in the body. Its main type is keyAuth. Keys are entities of the kind keyauth_credentials; the package looks
// them up and does not keep any.
package keyauth

import (
	"net/http"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/plugin"
)

type config struct {
	KeyNames        []string `json:"key_names" conf:"required;default=apikey;elements.header_name" doc:"Describes an array of parameter names where the plugin will look for a key. The key names may only contain [a-z], [A-Z], [0-9], [_] underscore, and [-] hyphen."`
	HideCredentials bool     `json:"hide_credentials" conf:"required;default=false" doc:"Removes the key from the request before it goes upstream."`
	Anonymous       string   `json:"anonymous" doc:"The consumer, by id or username, that a request without a valid key is treated as. Without it such a request is answered with 401."`
	KeyInHeader     bool     `json:"key_in_header" conf:"required;default=true" doc:"Whether to look for the key in the headers."`
	KeyInQuery      bool     `json:"key_in_query" conf:"required;default=true" doc:"Whether to look for the key in the query."`
	KeyInBody       bool     `json:"key_in_body" conf:"required;default=false" doc:"Whether to look for the key in the body: a form, JSON or multipart/form-data."`
	RunOnPreflight  bool     `json:"run_on_preflight" conf:"required;default=true" doc:"Whether OPTIONS requests need a key, too."`
	Realm           string   `json:"realm" conf:"optional" doc:"The realm to tell in WWW-Authenticate."`
}

// Type is the plugin.
var Type = plugin.Define(plugin.Desc{
	Name:       "key-auth",
	Priority:   1250,
	Doc:        "Identifies a consumer by a key in a header, the query or the body.",
	NoConsumer: true,
	Auth:       true,
	Entities:   []*entity.Kind{keys},
}, build)

// keyAuth is one configuration at work.
type keyAuth struct {
	config
	plugin.Authenticator
	find plugin.Finder
}

func build(c config, env plugin.Env) (any, error) {
	return &keyAuth{config: c, find: env.Find, Authenticator: plugin.NewAuthenticator(plugin.Authentication{Anonymous: c.Anonymous,
		HideCredentials: c.HideCredentials, SkipPreflight: !c.RunOnPreflight, Scheme: "Key", Realm: c.Realm}, env)}, nil
}

// Why a request is refused; the texts are Kong's, clients see them.
const (
	noKey        = "No API key found in request"
	duplicateKey = "Duplicate API key found"
	badKey       = "Unauthorized"
)

// Access identifies the consumer, or ends the request with 401.
func (k *keyAuth) Access(x *plugin.Exchange) error {
	if k.Skips(x) {
		return nil
	}
	refusal, err := k.authenticate(x)
	if err != nil || refusal == "" {
		return err
	}
	if done, err := k.LetInAnonymous(x); done {
		return err
	}
	return x.Error(http.StatusUnauthorized, refusal, "WWW-Authenticate", k.Challenge())
}

// authenticate returns why the request is refused, or "".
func (k *keyAuth) authenticate(x *plugin.Exchange) (string, error) {
	key, refusal, err := k.key(x)
	if err != nil || refusal != "" {
		return refusal, err
	}
	cred, _ := k.find.Credential(kind, key).(*Credential)
	if cred == nil || cred.Consumer == nil {
		return badKey, nil
	}
	consumer := k.find.Consumer(cred.Consumer.ID)
	if consumer == nil {
		return badKey, nil
	}
	k.Accept(x, consumer, plugin.Credential{ID: cred.ID, ConsumerID: consumer.ID, Identifier: cred.ID})
	return "", nil
}

// maxBody is the longest body, in bytes, in which a key is looked for.
const maxBody = 1 << 20

// key finds the key of the request, and hides it if so configured. For each name in turn it looks into the header, the
// query and the body.
func (k *keyAuth) key(x *plugin.Exchange) (key []byte, refusal string, err error) {
	b := body{x: x}
	for _, name := range k.KeyNames {
		value, count := []byte(nil), 0
		if k.KeyInHeader {
			for v := range x.Request.Header.Values(name) {
				if count == 0 {
					value = v
				}
				count++
			}
		}
		if count == 0 && k.KeyInQuery {
			value, count = x.Request.Arg(name)
		}
		if count == 0 && k.KeyInBody {
			if err := b.read(); err != nil {
				return nil, "", err
			}
			value, count = b.find(name)
		}
		switch {
		case count > 1:
			return nil, duplicateKey, nil
		case count == 1 && value != nil:
			if len(value) == 0 {
				return nil, noKey, nil
			}
			if k.KeyInBody && k.Hides() {
				if err := b.read(); err != nil {
					return nil, "", err
				}
			}
			k.Hide(x, name, b.doc)
			return value, "", nil
		}
	}
	return nil, noKey, nil
}
