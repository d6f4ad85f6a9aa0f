package snapshot

import (
	"cmp"
	"slices"

	"github.com/gibbon-gateway/gibbon/entity"
)

// Chain is the plugins that may take part in a request, in the order in which they run. Routes without plugins of their own share the
// chain of their service, and services without, the global one.
type Chain struct {
	Slots []Slot
	// What at least one instance of the chain implements; phases that nobody has are skipped.
	Access, Respond, FilterHeader, Record bool
	Rewrite                               bool // only of the global chain: one of its global plugins rewrites
}

// Slot is the place of a plugin in a chain: one of its configurations is picked for a request.
type Slot struct {
	Name string
	// Global is the index of the plugin's slot in the snapshot's global chain, or -1.
	Global int

	priority  int
	plain     *Instance            // without regard to the consumer; nil if there is none
	consumers map[string]*Instance // by the consumer's id: what wins over plain
}

// Pick returns the configuration for a consumer (nil if none is identified), or nil when none applies.
func (s *Slot) Pick(consumer *entity.Consumer) *Instance {
	if consumer != nil && s.consumers != nil {
		if i := s.consumers[consumer.ID]; i != nil {
			return i
		}
	}
	return s.plain
}

// level is Kong's order of precedence: route, service and consumer make 1, nothing makes 8.
func (i *Instance) level() int {
	switch r, s, c := i.scope.Route != "", i.scope.Service != "", i.scope.Consumer != ""; {
	case r && s && c:
		return 1
	case r && c:
		return 2
	case s && c:
		return 3
	case r && s:
		return 4
	case c:
		return 5
	case r:
		return 6
	case s:
		return 7
	}
	return 8
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
		}
	}
	for i := range c.Slots {
		c.Slots[i].settle()
	}
	slices.SortFunc(c.Slots, func(x, y Slot) int {
		return cmp.Or(cmp.Compare(y.priority, x.priority), cmp.Compare(y.Name, x.Name))
	})
	b.link(c)
	return c
}

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
	if i.scope.Consumer == "" {
		if s.plain == nil || i.level() < s.plain.level() {
			s.plain = i
		}
		return
	}
	if s.consumers == nil {
		s.consumers = make(map[string]*Instance)
	}
	if old := s.consumers[i.scope.Consumer]; old == nil || i.level() < old.level() {
		s.consumers[i.scope.Consumer] = i
	}
}

// settle drops what can never win: a consumer's configuration for everything (level 5) where there is one for route and service
// together (level 4).
func (s *Slot) settle() {
	if s.plain == nil {
		return
	}
	level := s.plain.level()
	for id, i := range s.consumers {
		if i.level() > level {
			delete(s.consumers, id)
		}
	}
}
