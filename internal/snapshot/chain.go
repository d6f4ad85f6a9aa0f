package snapshot

import (
	"cmp"
	"maps"
	"slices"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// Chain is the plugins that may take part in a request, in the order in which they run. Routes without plugins of their own share the
// chain of their service, and services without, the global one.
type Chain struct {
	Slots []Slot
	// What at least one instance of the chain implements; phases that nobody has are skipped.
	Access, Respond, FilterHeader, Record bool
	Rewrite                               bool // only of the global chain: one of its global plugins rewrites
	// Identity names the request fields that a plugin of the chain may set to tell the upstream who sends the request: lower case,
	// ordered, each once.
	Identity []string
	identity header.Names // the same
}

// Slot is the place of a plugin in a chain: one of its configurations is picked for a request.
type Slot struct {
	Name string
	// Global is the index of the plugin's slot in the snapshot's global chain, or -1.
	Global int

	priority  int
	plain     *Instance            // without regard to the consumer; nil if there is none
	consumers map[string]*Instance // by the consumer's id: what wins over plain
	groups    map[string]*Instance // by the consumer group's id: what wins over plain
}

// Grouped reports whether Pick asks for consumer groups.
func (s *Slot) Grouped() bool { return s.groups != nil }

// Pick returns the configuration for a consumer (nil if none is identified) and the groups that the request counts to, or nil when
// none applies. Of configurations of several groups at the same level, that of the first group wins.
func (s *Slot) Pick(consumer *entity.Consumer, groups []*entity.ConsumerGroup) *Instance {
	best := s.plain
	if consumer != nil && s.consumers != nil {
		if i := s.consumers[consumer.ID]; i != nil {
			best = i
		}
	}
	for _, g := range groups {
		if i := s.groups[g.ID]; i != nil && (best == nil || i.level < best.level) {
			best = i
		}
	}
	return best
}

// levelOf is Kong's order of precedence, with the levels of consumer groups that its paid edition has: route, service and consumer
// make 1, nothing makes 12. It counts what is bound, and only then prefers consumers to groups: a group on a route wins over a
// consumer everywhere.
func levelOf(scope plugin.Scope) int {
	switch r, s, c, g := scope.Route != "", scope.Service != "", scope.Consumer != "", scope.ConsumerGroup != ""; {
	case r && s && c:
		return 1
	case r && s && g:
		return 2
	case r && c:
		return 3
	case s && c:
		return 4
	case r && g:
		return 5
	case s && g:
		return 6
	case r && s:
		return 7
	case c:
		return 8
	case g:
		return 9
	case r:
		return 10
	case s:
		return 11
	}
	return 12
}

// sortPlugins files the instances by what they are bound to.
func (b *builder) sortPlugins() {
	b.ofRoute, b.ofService, b.chains = make(map[string][]*Instance), make(map[string][]*Instance), make(map[string]*Chain)
	for _, i := range b.s.instances {
		switch {
		case i.scope.Route != "":
			b.ofRoute[i.scope.Route] = append(b.ofRoute[i.scope.Route], i)
		case i.scope.Service != "":
			b.ofService[i.scope.Service] = append(b.ofService[i.scope.Service], i)
		default:
			b.global = append(b.global, i)
		}
	}
}

// chain returns the chain of a route and its service; "" for none.
func (b *builder) chain(route, service string) *Chain {
	own := b.ofRoute[route]
	if len(own) > 0 && route != "" {
		return b.compile(own, service)
	}
	if len(b.ofService[service]) == 0 {
		service = ""
	}
	c := b.chains[service]
	if c == nil {
		c = b.compile(nil, service)
		b.chains[service] = c
	}
	return c
}

// compile makes a chain of the plugins of a route, its service's, and the global ones.
func (b *builder) compile(own []*Instance, service string) *Chain {
	c := &Chain{}
	at := make(map[string]int)
	for _, list := range [][]*Instance{own, b.ofService[service], b.global} {
		for _, i := range list {
			if i.scope.Service != "" && i.scope.Service != service {
				continue // bound to the route and to another service
			}
			n, ok := at[i.Name]
			if !ok {
				n = len(c.Slots)
				at[i.Name] = n
				c.Slots = append(c.Slots, Slot{Name: i.Name, Global: -1, priority: i.kind.Priority})
			}
			c.Slots[n].add(i)
			c.Access = c.Access || i.Accessor != nil
			c.Respond = c.Respond || i.Responder != nil
			c.FilterHeader = c.FilterHeader || i.HeaderFilter != nil
			c.Record = c.Record || i.Recorder != nil
			c.Identity = append(c.Identity, i.identity...)
		}
	}
	slices.Sort(c.Identity)
	c.Identity = slices.Compact(c.Identity)
	c.identity = header.NewNames(c.Identity...)
	for i := range c.Slots {
		c.Slots[i].settle()
	}
	slices.SortFunc(c.Slots, func(x, y Slot) int {
		return cmp.Or(cmp.Compare(y.priority, x.priority), cmp.Compare(y.Name, x.Name))
	})
	b.link(c)
	return c
}

// IsIdentity reports whether a field name is one of Identity, in any case, and with "_" for "-", which many upstreams do not tell
// apart.
func (c *Chain) IsIdentity(name []byte) bool { return c.identity.Has(name) }

// link finds the places of plugins in the global chain, or marks the global chain itself.
func (b *builder) link(c *Chain) {
	if b.s.Global == nil {
		for i := range c.Slots {
			c.Slots[i].Global = i
			if p := c.Slots[i].plain; p != nil && p.Rewriter != nil {
				c.Rewrite = true
			}
		}
		return
	}
	global := b.s.Global.Slots
	for i := range c.Slots {
		c.Slots[i].Global = slices.IndexFunc(global, func(s Slot) bool { return s.Name == c.Slots[i].Name })
	}
}

// add puts a candidate into the slot: the most specific one wins.
func (s *Slot) add(i *Instance) {
	switch {
	case i.scope.Consumer != "":
		s.consumers = better(s.consumers, i.scope.Consumer, i)
	case i.scope.ConsumerGroup != "":
		s.groups = better(s.groups, i.scope.ConsumerGroup, i)
	case s.plain == nil || i.level < s.plain.level:
		s.plain = i
	}
}

// better puts i where there is nothing, or less, in a map that may be nil.
func better(m map[string]*Instance, id string, i *Instance) map[string]*Instance {
	if m == nil {
		m = make(map[string]*Instance)
	}
	if old := m[id]; old == nil || i.level < old.level {
		m[id] = i
	}
	return m
}

// settle drops what can never win: a consumer's or group's configuration for everything where there is one for route and service
// together.
func (s *Slot) settle() {
	if s.plain == nil {
		return
	}
	loses := func(_ string, i *Instance) bool { return i.level > s.plain.level }
	maps.DeleteFunc(s.consumers, loses)
	maps.DeleteFunc(s.groups, loses)
	if len(s.groups) == 0 {
		s.groups = nil
	}
}
