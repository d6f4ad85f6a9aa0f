package entity

import (
	"maps"
	"sync"
	"time"
)

// indexes are the maps of a set. Each is of one kind, and taken over by the next set as long as that kind does not change.
type indexes struct {
	routesOf  func() map[string][]*Route // made when it is first asked for
	targetsOf map[string][]*Target
	groups    map[string]*ConsumerGroup   // by name
	groupsOf  map[string][]*ConsumerGroup // of a consumer, by name
	pluginsOf map[scope][]*Plugin
	upstreams map[string]*Upstream
	snis      map[string]*SNI
	consumers map[string]*Consumer
	keyed     map[string]map[string]keyed    // by the name of a Keyed kind and the key
	referring map[reference]map[string][]any // by an Indexed reference and the id that it holds
}

// scope is what a plugin is bound to.
type scope struct{ route, service, consumer, group string }

// keyed is an entity of a Keyed kind, and when it vanishes; the zero time if it does not.
type keyed struct {
	value any
	end   time.Time
}

// reference is a field of a kind.
type reference struct{ kind, field string }

// index makes the maps of a kind.
func (s *Set) index(k *Kind) {
	switch k.Name {
	case "routes":
		routes := All[Route](s)
		s.routesOf = sync.OnceValue(func() map[string][]*Route { return grouped(routes, func(r *Route) *Ref { return r.Service }) })
	case "targets":
		s.targetsOf = grouped(All[Target](s), func(t *Target) *Ref { return t.Upstream })
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
	}
	if k.Keyed {
		s.keyed = maps.Clone(s.keyed) // the set before has it, too
		put(&s.keyed, k.Name, k.keys(s.Objects(k)))
	}
	for _, r := range k.Refs {
		if r.Indexed {
			s.referring = maps.Clone(s.referring)
			put(&s.referring, reference{k.Name, r.Field}, r.group(s.Objects(k)))
		}
	}
}

func put[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[key] = value
}

// keys files entities by what they are found by.
func (k *Kind) keys(objects []Object) map[string]keyed {
	m := make(map[string]keyed, len(objects))
	for _, o := range objects {
		if key := k.keyOf(o.Value); key != "" {
			m[key] = keyed{o.Value, k.end(o.Value)}
		}
	}
	return m
}

// group files entities under what they refer to.
func (r *Reference) group(objects []Object) map[string][]any {
	m := make(map[string][]any)
	for _, o := range objects {
		if ref := r.of(o.Value); ref != nil {
			m[ref.ID] = append(m[ref.ID], o.Value)
		}
	}
	return m
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

func refID(r *Ref) string {
	if r == nil {
		return ""
	}
	return r.ID
}
