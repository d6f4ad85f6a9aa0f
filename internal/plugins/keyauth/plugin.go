// Package keyauth is the plugin key-auth: it identifies a consumer by a key that the request carries in a header, in the
// query or in the body. Its main type is keyAuth. Keys are entities of the kind keyauth_credentials; the package looks
// them up and does not keep any.
package keyauth

import (
	"net/http"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/edit"
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
}, build)

// keyAuth is one configuration at work.
type keyAuth struct {
	config
	challenge string // the value of WWW-Authenticate
	find      plugin.Finder
	now       func() time.Time
}

func build(c config, env plugin.Env) (any, error) {
	k := &keyAuth{config: c, challenge: "Key", find: env.Find, now: env.Now}
	if c.Realm != "" {
		k.challenge = `Key realm="` + c.Realm + `"`
	}
	return k, nil
}

// Why a request is refused; the texts are Kong's, clients see them.
const (
	noKey        = "No API key found in request"
	duplicateKey = "Duplicate API key found"
	badKey       = "Unauthorized"
)

// kind is the kind of entity that keys are.
const kind = "keyauth_credentials"

// Access identifies the consumer, or ends the request with 401.
func (k *keyAuth) Access(x *plugin.Exchange) error {
	if !k.RunOnPreflight && x.Request.Method == http.MethodOptions {
		return nil
	}
	if k.Anonymous != "" && x.Credential.ID != "" {
		return nil // another plugin has identified the consumer, and one is enough
	}
	refusal, err := k.authenticate(x)
	switch {
	case err != nil || refusal == "":
		return err
	case k.Anonymous != "":
		return k.anonymous(x)
	}
	return x.Error(http.StatusUnauthorized, refusal, "WWW-Authenticate", k.challenge)
}

// authenticate returns why the request is refused, or "".
func (k *keyAuth) authenticate(x *plugin.Exchange) (string, error) {
	key, refusal, err := k.key(x)
	if err != nil || refusal != "" {
		return refusal, err
	}
	cred, _ := k.find.Credential(kind, key).(*entity.KeyAuthCredential)
	if cred == nil || cred.Consumer == nil {
		return badKey, nil
	}
	consumer := k.find.Consumer(cred.Consumer.ID)
	if consumer == nil {
		return badKey, nil
	}
	x.Identify(consumer, plugin.Credential{ID: cred.ID, ConsumerID: consumer.ID, Identifier: cred.ID})
	return "", nil
}

func (k *keyAuth) anonymous(x *plugin.Exchange) error {
	consumer := k.find.Consumer(k.Anonymous)
	if consumer == nil {
		return x.Error(http.StatusInternalServerError, "anonymous consumer "+k.Anonymous+" is configured but doesn't exist")
	}
	x.Identify(consumer, plugin.Credential{})
	return nil
}

// key finds the key of the request, and hides it if so configured. For each name in turn it looks into the header, the
// query and the body.
func (k *keyAuth) key(x *plugin.Exchange) (key []byte, refusal string, err error) {
	var b *body
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
			value, count = edit.Find(x.Request.Query(), name)
		}
		if count == 0 && k.KeyInBody {
			if b == nil {
				if b, err = readBody(x); err != nil {
					return nil, "", err
				}
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
			if k.HideCredentials {
				if err := k.hide(x, name, b); err != nil {
					return nil, "", err
				}
			}
			return value, "", nil
		}
	}
	return nil, noKey, nil
}

// hide takes name out of the request, wherever it is.
func (k *keyAuth) hide(x *plugin.Exchange, name string, b *body) (err error) {
	x.Request.Header.Del(name)
	if _, count := edit.Find(x.Request.Query(), name); count > 0 {
		form := edit.ParseForm(x.Request.Query())
		form.Del(name)
		x.Request.SetQuery(form.AppendTo(nil))
	}
	if !k.KeyInBody {
		return nil
	}
	if b == nil {
		if b, err = readBody(x); err != nil {
			return err
		}
	}
	if b.doc != nil && b.doc.Del(name) {
		x.Request.SetBody(b.doc.AppendTo(nil))
	}
	return nil
}
