// Package acl is the plugin acl: it lets requests through, or not, by the groups that their consumer is in, or that an
// authentication plugin has found for them. Its main type is list. Groups are entities of the kind acls; the package looks them
// up and does not keep any.
package acl

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/schema"
)

type config struct {
	Allow                  []string `json:"allow" doc:"The groups that may consume the service. Either allow or deny has to be given."`
	Deny                   []string `json:"deny" doc:"The groups that may not consume the service. Either allow or deny has to be given."`
	HideGroupsHeader       bool     `json:"hide_groups_header" conf:"required;default=false" doc:"Whether to keep X-Consumer-Groups from the upstream."`
	AlwaysUseAuthenticated bool     `json:"always_use_authenticated_groups" conf:"required;default=false" doc:"Whether groups that an authentication plugin has found count even when there is a consumer."`
}

// Type is the plugin.
var Type = plugin.Define(plugin.Desc{
	Name:       "acl",
	Priority:   950,
	Doc:        "Lets requests through by the groups of their consumer.",
	NoConsumer: true,
	Entities:   []*entity.Kind{groups},
}, build, schema.OnlyOneOf("allow", "deny"), schema.AtLeastOneOf("allow", "deny"))

// list is one configuration at work.
type list struct {
	groups     []string
	deny       bool
	hide, auth bool // hide_groups_header, always_use_authenticated_groups
	find       plugin.Finder
}

func build(c config, env plugin.Env) (any, error) {
	l := &list{groups: c.Allow, hide: c.HideGroupsHeader, auth: c.AlwaysUseAuthenticated, find: env.Find}
	if len(c.Deny) > 0 {
		l.groups, l.deny = c.Deny, true
	}
	return l, nil
}

const refusal = "You cannot consume this service" // Kong's words

// Headers that tell the upstream about groups.
const (
	consumerGroups      = "X-Consumer-Groups"
	authenticatedGroups = "X-Authenticated-Groups"
)

// IdentityFields implements plugin.IdentitySetter.
func (*list) IdentityFields() []string { return []string{consumerGroups, authenticatedGroups} }

// Access ends the request with 403 if its groups do not allow it, with 401 if nobody knows who sends it.
func (l *list) Access(x *plugin.Exchange) error {
	has := x.Credential != (plugin.Credential{})
	consumer := x.Credential.ConsumerID
	if x.Consumer != nil {
		consumer = x.Consumer.ID
	}
	var groups []string
	header := consumerGroups
	if consumer == "" || !has || l.auth {
		groups, _ = x.Shared(plugin.AuthenticatedGroups).([]string)
	}
	switch {
	case groups != nil:
		header = authenticatedGroups
	case consumer != "":
		for _, v := range l.find.Entities().Referring(kind, "consumer", consumer) {
			if g, ok := v.(*Group); ok {
				groups = append(groups, g.Group)
			}
		}
	}
	if groups == nil && (consumer == "" || !l.deny) {
		if has {
			return x.Error(http.StatusForbidden, refusal)
		}
		return x.Error(http.StatusUnauthorized, "")
	}
	if slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(l.groups, g) }) == l.deny {
		return x.Error(http.StatusForbidden, refusal)
	}
	x.Request.Header.Del(consumerGroups) // what a client says of itself is no group
	switch {
	case l.hide:
		x.Request.Header.Del(authenticatedGroups)
	case len(groups) > 0:
		x.Request.Header.Set(header, strings.Join(groups, ", "))
	}
	return nil
}
