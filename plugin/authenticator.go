package plugin

import (
	"log/slog"
	"net/http"
	"slices"

	"github.com/gibbon-gateway/gibbon/edit"
	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/header"
)

// Authentication is what a configuration says of the things that Kong's authentication plugins share.
type Authentication struct {
	// Anonymous is the consumer, by id or username, that a request without a valid credential is treated as; "" refuses it.
	Anonymous string
	// HideCredentials takes the credential out of the request before it goes upstream; see Authenticator.Hide.
	HideCredentials bool
	// SkipPreflight lets OPTIONS requests through unseen: the opposite of Kong's run_on_preflight.
	SkipPreflight bool
	// Scheme and Realm make WWW-Authenticate: Key realm="…". Without a realm there is the scheme alone.
	Scheme, Realm string
	// Fields are the request fields that this plugin sets beside those of Exchange.Identify, and no other: what a client sends
	// under these names does not go upstream.
	Fields []string
}

// Authenticator is what authentication plugins have in common. An instance embeds one, made by NewAuthenticator, and its Access
// goes:
//
//	if k.Skips(x) {
//		return nil
//	}
//	credential, consumer := … // what the request carries
//	if credential is good {
//		k.Accept(x, consumer, plugin.Credential{…})
//		return nil
//	}
//	if done, err := k.LetInAnonymous(x); done {
//		return err
//	}
//	return x.Error(http.StatusUnauthorized, "…", "WWW-Authenticate", k.Challenge())
//
// The plugin sets Desc.Auth.
type Authenticator struct {
	anonymous     string
	hides         bool
	skipPreflight bool
	challenge     string
	own, all      header.Names // Authentication.Fields; with those of Identify
	find          Finder
	log           *slog.Logger
}

// NewAuthenticator makes an authenticator of a configuration.
func NewAuthenticator(a Authentication, env Env) Authenticator {
	challenge := a.Scheme
	if a.Realm != "" {
		challenge += ` realm="` + a.Realm + `"`
	}
	return Authenticator{anonymous: a.Anonymous, hides: a.HideCredentials, skipPreflight: a.SkipPreflight, challenge: challenge,
		own: header.NewNames(a.Fields...), all: header.NewNames(append(ConsumerFields(), a.Fields...)...), find: env.Find, log: env.Log}
}

// IdentityFields implements IdentitySetter.
func (a *Authenticator) IdentityFields() []string { return slices.Clone(a.all.All()) }

// Challenge returns the beginning of WWW-Authenticate: scheme and realm.
func (a *Authenticator) Challenge() string { return a.challenge }

// Skips reports whether the plugin has nothing to do with the request: it is a preflight that needs no credential, or another
// plugin has found one, which is enough when there is an anonymous consumer. What only this plugin may set was removed then.
func (a *Authenticator) Skips(x *Exchange) bool {
	preflight := a.skipPreflight && x.Request.Method == http.MethodOptions
	if !preflight && (a.anonymous == "" || x.Credential == (Credential{})) {
		return false
	}
	a.Clean(x)
	return true
}

// Clean removes what the client has sent under the names of Authentication.Fields, and, as long as no plugin has said who it is, under
// those that Identify sets.
func (a *Authenticator) Clean(x *Exchange) {
	if x.Consumer == nil && x.Credential == (Credential{}) {
		a.all.DropFrom(&x.Request.Header)
	} else {
		a.own.DropFrom(&x.Request.Header)
	}
}

// Accept lets the request in as a consumer (nil for a credential that is nobody's): Identify, behind Clean. Fields of the plugin's own
// are set after it.
func (a *Authenticator) Accept(x *Exchange, consumer *entity.Consumer, credential Credential) {
	a.all.DropFrom(&x.Request.Header)
	x.Identify(consumer, credential)
}

// LetInAnonymous treats the request as the anonymous consumer's, if there is to be one; it reports false if there is not. When the
// consumer does not exist the request is answered with 500, in Kong's words.
func (a *Authenticator) LetInAnonymous(x *Exchange) (done bool, err error) {
	if a.anonymous == "" {
		return false, nil
	}
	consumer := a.find.Consumer(a.anonymous)
	if consumer == nil || consumer.ID != a.anonymous && consumer.Username != a.anonymous { // a custom_id does not count
		text := "anonymous consumer " + a.anonymous + " is configured but doesn't exist"
		a.log.Error(text, "request_id", x.RequestID())
		return true, x.Error(http.StatusInternalServerError, text)
	}
	a.Accept(x, consumer, Credential{})
	return true, nil
}

// Hide takes what is called name out of the request's fields, query and body, if credentials are to be hidden. body is what
// Request.Document has given; nil leaves the body alone.
func (a *Authenticator) Hide(x *Exchange, name string, body edit.Doc) {
	if !a.hides {
		return
	}
	x.Request.Header.Del(name)
	x.Request.DelArg(name)
	if body != nil && body.Del(name) {
		x.Request.SetBody(body.AppendTo(nil))
	}
}

// Hides reports whether credentials are to be hidden.
func (a *Authenticator) Hides() bool { return a.hides }
