package openidconnect

import (
	"bytes"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// authorise checks what the claims of a grant allow; nil is yes. What is allowed is recorded in t.
func (v *visit) authorise(g *grant, t *plugin.Trace) *refusal {
	p, at := v.p, v.p.placesOf(g)
	for _, name := range p.ClaimsForbidden {
		if v.claim(g, []string{name}) != nil || v.elsewhere.lacks(name) {
			return forbidden("", "claim "+plain(name)+" is forbidden").by("forbidden claims", "claims_forbidden")
		}
	}
	if len(p.ClaimsForbidden) > 0 {
		t.Accept("forbidden claims", "claims_forbidden", "none is there")
	}
	for _, need := range []struct {
		what, field string
		required    []string
		path        []string
	}{
		{"scope", "scopes_required", p.ScopesRequired, at.scopes}, {"audience", "audience_required", p.AudienceRequired, at.audience},
		{"group", "groups_required", p.GroupsRequired, at.groups}, {"role", "roles_required", p.RolesRequired, at.roles},
	} {
		if len(need.required) == 0 {
			continue
		}
		have := oidc.Words(v.claim(g, need.path))
		if need.what == "scope" && have == nil && g.Scope != "" {
			have = oidc.Words(g.Scope) // of an opaque token: what the token endpoint said
		}
		if !oidc.Satisfied(need.required, have) {
			code := ""
			if need.what == "scope" {
				code = "insufficient_scope"
			}
			return forbidden(code, "a required "+need.what+" is missing").by(need.what, need.field)
		}
		t.Accept(need.what, need.field, "what is required is there")
	}
	return nil
}

// claim finds a claim in the documents of a grant, in what userinfo said for this request, and in what these say lies elsewhere.
func (v *visit) claim(g *grant, path []string) any {
	found := g.claim(path)
	if found == nil && v.found != nil {
		found = oidc.Lookup(v.found.user, path)
	}
	if found == nil && v.elsewhere != nil {
		found = oidc.Lookup(v.elsewhere.claims, path)
	}
	return found
}

// userOf returns the grant that holds the userinfo of a request.
func (v *visit) userOf(g *grant) *grant {
	if v.found != nil {
		return v.found
	}
	return g
}

// identify maps the claims to a consumer, or to a credential without one, and tells other plugins.
func (v *visit) identify(g *grant, ready *prepared) error {
	p, x := v.p, v.x
	consumer, err := v.consumer(g)
	v.trace.consumer(p, consumer, err)
	if err != nil {
		return err
	}
	groups, err := v.consumerGroups(g)
	v.trace.groups(p, groups, err)
	if err != nil {
		return err
	}
	credential := plugin.Credential{ID: ready.credential}
	if g.application != nil {
		credential = plugin.Credential{ID: g.application.ID, ConsumerID: consumer.ID, Identifier: g.application.ClientID}
	} else if consumer != nil {
		credential.ConsumerID = consumer.ID
		if credential.ID == "" {
			credential.ID = consumer.ID
		}
	} else {
		credential.Identifier = ready.credential
	}
	p.Accept(x, consumer, credential)
	x.ConsumerGroups = groups
	x.SetShared(plugin.TokenClaims, ready.claims)
	if len(ready.groups) > 0 {
		x.SetShared(plugin.AuthenticatedGroups, ready.groups)
		x.Request.Header.SetBytes("X-Authenticated-Groups", ready.groupList)
	}
	return nil
}

// consumer finds the consumer that the claims name, where consumer_claims is set.
func (v *visit) consumer(g *grant) (*entity.Consumer, error) {
	p := v.p
	if g.application != nil {
		return p.applicationConsumer(g)
	}
	paths := p.placesOf(g).consumers
	if len(paths) == 0 {
		return nil, nil
	}
	for _, path := range paths {
		value := v.claim(g, path)
		if value == nil {
			continue
		}
		words := oidc.Words(value)
		if text, ok := value.(string); ok {
			words = []string{text} // a name may have spaces
		}
		for _, name := range words {
			if c := p.findConsumer(name); c != nil {
				return c, nil
			}
		}
	}
	if p.ConsumerOptional {
		return nil, nil
	}
	return nil, forbidden("", "no consumer belongs to the claims")
}

// findConsumer looks a name up by the fields of consumer_by, in their order.
func (p *relyingParty) findConsumer(name string) *entity.Consumer {
	if name == "" {
		return nil
	}
	c := p.env.Find.Consumer(name)
	fits := func(c *entity.Consumer, by string) bool {
		switch by {
		case "id":
			return c.ID == name
		case "username":
			return c.Username == name
		case "custom_id":
			return c.CustomID == name
		}
		return false
	}
	if c != nil && slices.ContainsFunc(p.ConsumerBy, func(by string) bool { return fits(c, by) }) {
		return c
	}
	if c == nil && !p.ByUsernameIgnoreCase {
		return nil
	}
	// The name is one consumer's id or username and another's custom_id, or letter case does not matter.
	for _, by := range p.ConsumerBy {
		for _, c := range entity.All[entity.Consumer](p.env.Find.Entities()) {
			if fits(c, by) || by == "username" && p.ByUsernameIgnoreCase && strings.EqualFold(c.Username, name) {
				return c
			}
		}
	}
	return nil
}

// hide takes the credential that let the request in out of what goes upstream, and our own cookies always.
func (v *visit) hide(ready *prepared) {
	p, r := v.p, &v.x.Request
	v.dropCookies(func(name []byte) bool {
		login, ok := bytes.CutPrefix(name, []byte(p.AuthorizationCookieName))
		return ok && len(login) > 0 && login[0] == '_' || isChunk(name, p.SessionCookieName) ||
			p.remember != nil && isChunk(name, p.SessionRememberCookieName)
	})
	n := v.presented
	if !p.HideCredentials || n.name == "" {
		return
	}
	switch n.place {
	case "header":
		if value, _ := r.Header.Value(n.name); !ready.sends(n.name, value) {
			r.Header.Del(n.name)
		}
	case "query":
		v.queryArg(n.name)
		v.query.Del(n.name)
		if n.also != "" {
			v.query.Del(n.also)
		}
		r.SetQuery(v.query.AppendTo(nil))
	case "body":
		if v.doc != nil {
			v.doc.Del(n.name)
			if n.also != "" {
				v.doc.Del(n.also)
			}
			r.SetBody(v.doc.AppendTo(nil))
		}
	case "cookie":
		v.dropCookies(func(name []byte) bool { return string(name) == n.name })
	}
}

// isChunk reports whether a cookie is one of those that a session was split into.
func isChunk(name []byte, base string) bool {
	rest, ok := bytes.CutPrefix(name, []byte(base))
	return ok && (len(rest) == 0 || len(rest) == 1 && rest[0] >= '2' && rest[0] <= '9')
}
