package entity

import "sync"

// indexes are the maps of a set. Each is of one kind, and taken over by the next set as long as that kind does not change.
type indexes struct {
	routesOf    func() map[string][]*Route // made when it is first asked for
	targetsOf   map[string][]*Target
	aclsOf      map[string][]*ACL
	groups      map[string]*ConsumerGroup   // by name
	groupsOf    map[string][]*ConsumerGroup // of a consumer, by name
	pluginsOf   map[scope][]*Plugin
	upstreams   map[string]*Upstream
	snis        map[string]*SNI
	consumers   map[string]*Consumer
	credentials [4]map[string]any // by key; see credentialKind
}

// scope is what a plugin is bound to.
type scope struct{ route, service, consumer, group string }

// The places of the kinds of credentials.
const (
	keyAuth = iota
	jwtSecret
	oauth2Credential
	oauth2Token
)

// index makes the maps of a kind.
func (s *Set) index(k *Kind) {
	switch k.Name {
	case "routes":
		routes := All[Route](s)
		s.routesOf = sync.OnceValue(func() map[string][]*Route { return grouped(routes, func(r *Route) *Ref { return r.Service }) })
	case "targets":
		s.targetsOf = grouped(All[Target](s), func(t *Target) *Ref { return t.Upstream })
	case "acls":
		s.aclsOf = grouped(All[ACL](s), func(a *ACL) *Ref { return a.Consumer })
	case "consumer_groups":
		s.groups = byKey(All[ConsumerGroup](s), func(g *ConsumerGroup) string { return g.Name })
		s.indexMembers() // they are ordered by the groups' names
	case "consumer_group_consumers":
		s.indexMembers()
	case "plugins":
		s.pluginsOf = make(map[scope][]*Plugin)
		for _, p := range All[Plugin](s) {
			at := scope{refID(p.Route), refID(p.Service), refID(p.Consumer), refID(p.ConsumerGroup)}
			s.pluginsOf[at] = append(s.pluginsOf[at], p)
		}
	case "upstreams":
		s.upstreams = byKey(All[Upstream](s), func(u *Upstream) string { return u.Name })
	case "snis":
		s.snis = byKey(All[SNI](s), func(n *SNI) string { return n.Name })
	case "consumers":
		s.indexConsumers()
	case "keyauth_credentials":
		s.credentials[keyAuth] = anyByKey(All[KeyAuthCredential](s), func(c *KeyAuthCredential) string { return c.Key })
	case "jwt_secrets":
		s.credentials[jwtSecret] = anyByKey(All[JWTSecret](s), func(c *JWTSecret) string { return c.Key })
	case "oauth2_credentials":
		s.credentials[oauth2Credential] = anyByKey(All[OAuth2Credential](s), func(c *OAuth2Credential) string { return c.ClientID })
	case "oauth2_tokens":
		s.credentials[oauth2Token] = anyByKey(All[OAuth2Token](s), func(t *OAuth2Token) string { return t.AccessToken })
	}
}

// grouped files entities under what they refer to.
func grouped[T any](all []*T, of func(*T) *Ref) map[string][]*T {
	m := make(map[string][]*T)
	for _, v := range all {
		if r := of(v); r != nil {
			m[r.ID] = append(m[r.ID], v)
		}
	}
	return m
}

// indexConsumers lets ids win over usernames, and these over custom ids.
func (s *Set) indexConsumers() {
	all := All[Consumer](s)
	s.consumers = make(map[string]*Consumer, 2*len(all))
	for _, key := range []func(*Consumer) string{
		func(c *Consumer) string { return c.CustomID },
		func(c *Consumer) string { return c.Username },
		func(c *Consumer) string { return c.ID },
	} {
		for _, c := range all {
			if k := key(c); k != "" {
				s.consumers[k] = c
			}
		}
	}
}

func byKey[T any](all []*T, key func(*T) string) map[string]*T {
	m := make(map[string]*T, len(all))
	for _, v := range all {
		m[key(v)] = v
	}
	return m
}

func anyByKey[T any](all []*T, key func(*T) string) map[string]any {
	m := make(map[string]any, len(all))
	for _, v := range all {
		if k := key(v); k != "" {
			m[k] = v
		}
	}
	return m
}

func refID(r *Ref) string {
	if r == nil {
		return ""
	}
	return r.ID
}
