package openidconnect

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// steps records what the checks of a visit come to, for explanations. Its Trace is nil in requests of clients: then nothing is put
// together and nothing is kept.
type steps struct{ *plugin.Trace }

func (s steps) on() bool { return s.Trace != nil }

// unseen says why the plugin has let a request pass without a look at it.
func (s steps) unseen(p *relyingParty, x *plugin.Exchange) {
	if x.Request.Method == http.MethodOptions && !p.RunOnPreflight {
		s.Omit("request", "run_on_preflight", "a preflight needs no credential")
	} else {
		s.Omit("request", "anonymous", "another plugin has identified the client")
	}
}

// refusal makes sure that the error that ends a visit is among the steps.
func (s steps) refusal(err error) {
	if !s.on() || s.Has(err) {
		return
	}
	r := new(refusal)
	errors.As(err, &r)
	s.Refuse(cmp.Or(r.check, "request"), r.field, err)
}

// refused records a refusal, if it is one.
func (s steps) refused(r *refusal) {
	if r != nil {
		s.refusal(r)
	}
}

func (s steps) client(p *relyingParty, c *client) {
	if s.on() && c != nil && len(p.clients) > 1 {
		s.Note("client", "client_arg", "the request is for the client "+plain(c.ID))
	}
}

// remembered says by what the plugin knows a credential: its checks were done before.
func (s steps) remembered(p *relyingParty, g *grant) {
	if !s.on() {
		return
	}
	detail := "it was good before and is remembered: form, issuer, signature and times are not looked at again"
	if iss, ok := g.claim([]string{"iss"}).(string); ok {
		detail += "; of " + plain(iss)
	}
	if !g.ends.IsZero() {
		detail += fmt.Sprintf("; it ends in %s", g.ends.Sub(p.env.Now()).Round(time.Second))
	}
	s.Accept(g.Method+", as remembered", "cache_ttl", detail)
}

// cached says that the token endpoint was not asked.
func (s steps) cached() {
	s.Accept("token endpoint, as remembered", "cache_tokens", "the credential was good before: the provider is not asked again")
}

// method records how one of auth_methods went; places is the field that says where its credential is looked for.
func (s steps) method(name, places string, g *grant, err error) {
	switch {
	case !s.on():
	case errors.Is(err, errNoLogin):
		s.Omit(name, places, err.Error())
	case err != nil:
		s.Check(name, "auth_methods", err, "")
	case g == nil:
		s.Omit(name, places, "none was sent, or none that counts")
	default:
		s.Accept(name, "auth_methods", "found, and good")
	}
}

// notUser says that a Basic credential is no user's.
func (s steps) notUser(err error) {
	if s.on() {
		s.Omit(byPassword, "auth_methods", "no user's: "+plain(err.Error()))
	}
}

func (s steps) noSession(err error) {
	if s.on() {
		s.Omit("session cookie", "session_cookie_name", err.Error())
	}
}

// token says what kind of token was sent.
func (s steps) token(jws, viaDPoP bool) {
	if !s.on() {
		return
	}
	kind := "an opaque token"
	if jws {
		kind = "a signed token (JWT)"
	}
	if viaDPoP {
		kind += ", by the scheme DPoP"
	}
	s.Note("access token", "bearer_token_param_type", kind)
}

func (s steps) form(t *jose.Token, err error) {
	if s.on() {
		s.Check("form", "", err, "typ "+plain(cmp.Or(t.Type, "is absent")))
	}
}

func (s steps) issuer(p *relyingParty, iss string, err error) {
	if !s.on() {
		return
	}
	field := "issuer"
	if len(p.IssuersAllowed) > 0 {
		field = "issuers_allowed"
	}
	s.Check("issuer", field, err, plain(iss))
}

func (s steps) signature(t *jose.Token, err error) {
	if s.on() {
		s.Check("signature", "verify_signature", err, plain(fmt.Sprintf("%s by key %s", t.Alg, t.Kid)))
	}
}

func (s steps) times(p *relyingParty, claims map[string]any) {
	if !s.on() {
		return
	}
	detail := "no end is named"
	if exp, ok := oidc.Number(claims["exp"]); ok {
		detail = fmt.Sprintf("good for another %s", time.Unix(int64(min(exp, 1<<40)), 0).Sub(p.env.Now()).Round(time.Second))
	}
	s.Accept("times", "leeway", detail)
}

// ask says that the provider is asked.
func (s steps) ask(e *oidc.Endpoint) {
	if s.on() {
		s.Note("provider", "", "its "+e.Name+" endpoint is asked: "+plain(hostOf(e.URL)))
	}
}

// proof records whether a token that is bound to a key or certificate has come from its owner.
func (s steps) proof(what, field, bound string, err error) {
	if err == nil && bound == "" {
		s.Omit(what, field, "the token is not bound")
		return
	}
	s.Check(what, field, err, "the token is bound to it")
}

func (s steps) kong(g *grant, err error) {
	switch {
	case !s.on():
	case err != nil:
		s.Check(byKongOAuth2, "auth_methods", err, "")
	case g == nil:
		s.Omit(byKongOAuth2, "auth_methods", "not a token of the plugin oauth2")
	default:
		s.Accept(byKongOAuth2, "auth_methods", "a token of the plugin oauth2, for the application "+plain(g.application.ClientID))
	}
}

func (s steps) elsewhere(e *elsewhere) {
	if s.on() {
		s.Note("claims elsewhere", "resolve_distributed_claims, claims_providers", plain(e.String()))
	}
}

func (s steps) consumer(p *relyingParty, c *entity.Consumer, err error) {
	if !s.on() {
		return
	}
	detail := "no consumer is looked for"
	if c != nil {
		detail = "consumer " + plain(cmp.Or(c.Username, c.CustomID, c.ID))
	} else if len(p.ConsumerClaims) > 0 {
		detail = "none belongs to the claims, and none has to"
	}
	s.Check("consumer", "consumer_claims, consumer_by, consumer_optional", err, detail)
}

func (s steps) groups(p *relyingParty, groups []*entity.ConsumerGroup, err error) {
	if !s.on() {
		return
	}
	detail := "those of the consumer"
	if groups != nil {
		names := make([]string, len(groups))
		for i := range groups {
			names[i] = groups[i].Name
		}
		detail = plain(strings.Join(names, ", "))
	}
	s.Check("consumer groups", "consumer_groups_claim, consumer_groups_optional", err, detail)
}

// document returns what the provider publishes about itself, and records when it had to be fetched.
func (v *visit) document() (*oidc.Document, error) {
	i := v.p.issuer
	known := !v.trace.on() || i.Known() != nil
	d, err := i.Document(v.ctx)
	if err != nil || !known {
		v.trace.Check("discovery", "issuer", err, "the provider's document and keys were fetched")
	}
	return d, err
}
