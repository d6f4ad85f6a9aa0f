package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
)

// memory is what Translate has made of the entities of a set.
type memory struct {
	pools    map[string]*pooled  // by upstream id
	backends map[string]*Backend // by service id
	ofRoute  []*Rule             // ordered by id
}

// pooled is a pool and what it was made of.
type pooled struct {
	*Pool
	upstream *entity.Upstream
	targets  []*entity.Target
}

// Translate makes rules of the entities of a set: one of each route. What prev, an earlier result or nil, has made of the same
// objects is taken over as the same object; apart from that the outcome depends on set alone. Routes that are not in force are
// rules that say why.
func Translate(set *entity.Set, prev *Config) *Config {
	old := new(memory)
	if prev != nil && prev.memory != nil {
		old = prev.memory
	}
	m := &memory{}
	c := &Config{Set: set, memory: m}
	named := m.translatePools(set, old, c)
	m.translateServices(set, old, named)
	m.translateRoutes(set, old)
	c.Rules = m.ofRoute
	return c
}

// translatePools makes pools of upstreams. It returns their ids by name in lower case.
func (m *memory) translatePools(set *entity.Set, old *memory, c *Config) map[string]string {
	all := entity.All[entity.Upstream](set)
	m.pools = make(map[string]*pooled, len(all))
	named := make(map[string]string, len(all))
	for _, u := range all {
		targets := set.TargetsOf(u.ID)
		p := old.pools[u.ID]
		if p == nil || p.upstream != u || !slices.Equal(p.targets, targets) {
			p = &pooled{Pool: poolOf(u, targets), upstream: u, targets: targets}
		}
		m.pools[u.ID] = p
		named[strings.ToLower(u.Name)] = u.ID
		c.Pools = append(c.Pools, p.Pool)
	}
	return named
}

func poolOf(u *entity.Upstream, targets []*entity.Target) *Pool {
	p := &Pool{ID: u.ID, Origin: Origin{Kind: "upstreams", ID: u.ID, Name: u.Name}, Name: u.Name, HostHeader: u.HostHeader}
	if u.ClientCertificate != nil {
		p.ClientCertificate = u.ClientCertificate.ID
	}
	for _, t := range targets {
		p.Targets = append(p.Targets, Target{Target: t.Target, Weight: t.Weight})
	}
	return p
}

// translateServices makes backends of services.
func (m *memory) translateServices(set *entity.Set, old *memory, named map[string]string) {
	all := entity.All[entity.Service](set)
	m.backends = make(map[string]*Backend, len(all))
	for _, s := range all {
		pool := ""
		if len(named) > 0 {
			pool = named[strings.ToLower(s.Host)]
		}
		b := old.backends[s.ID]
		if b == nil || b.Service != s || b.Pool != pool {
			b = backendOf(s, pool)
		}
		m.backends[s.ID] = b
	}
}

func backendOf(s *entity.Service, pool string) *Backend {
	b := &Backend{
		ID: s.ID, Origin: Origin{Kind: "services", ID: s.ID, Name: s.Name}, Service: s,
		Protocol: s.Protocol, Host: s.Host, Port: s.Port, Path: s.Path, Pool: pool,
		Connect: millis(s.ConnectTimeout), Write: millis(s.WriteTimeout), Read: millis(s.ReadTimeout), Tries: 1 + s.Retries,
	}
	if s.Protocol == "https" || s.Protocol == "grpcs" || s.Protocol == "tls" {
		b.TLS = &TLS{Verify: s.TLSVerify, Depth: s.TLSVerifyDepth, CACertificates: s.CACertificates}
		if s.ClientCertificate != nil {
			b.TLS.ClientCertificate = s.ClientCertificate.ID
		}
	}
	return b
}

func millis(n int) Duration { return Duration(time.Duration(n) * time.Millisecond) }

// translateRoutes makes rules of routes. Both lists are ordered by id, as sets are.
func (m *memory) translateRoutes(set *entity.Set, old *memory) {
	all := entity.All[entity.Route](set)
	m.ofRoute = make([]*Rule, len(all))
	next := 0
	for i, r := range all {
		for next < len(old.ofRoute) && old.ofRoute[next].ID < r.ID {
			next++
		}
		var b *Backend
		if r.Service != nil {
			b = m.backends[r.Service.ID]
		}
		if next < len(old.ofRoute) && old.ofRoute[next].Scope.Route == r {
			m.ofRoute[i] = old.ofRoute[next].with(b)
			continue
		}
		m.ofRoute[i] = OfRoute(r, b)
	}
}

// with returns what OfRoute makes of the rule's route and a backend: the rule itself, or one with the same match.
func (r *Rule) with(b *Backend) *Rule {
	if len(r.Backends) == 0 && b == nil || len(r.Backends) == 1 && r.Backends[0].Backend == b {
		return r
	}
	other := OfRoute(r.Scope.Route, b)
	other.Match = r.Match
	return other
}

// OfRoute makes the rule of a route and the backend of its service, nil if it has none.
func OfRoute(r *entity.Route, b *Backend) *Rule {
	rule := &Rule{
		ID: r.ID, Origin: Origin{Kind: "routes", ID: r.ID, Name: r.Name}, Match: matchOf(r), Scope: Scope{Route: r},
		PreserveHost: r.PreserveHost, RequestBuffering: r.RequestBuffering,
	}
	switch {
	case b != nil:
		rule.Scope.Service, rule.Backends = b.Service, []Weighted{{Weight: 1, Backend: b}}
		if !b.Service.Enabled {
			rule.Off = b.Origin.String() + " is disabled"
		}
	case r.Service != nil:
		rule.Off = fmt.Sprintf("service %s is not there", r.Service.ID)
	}
	if rule.Off == "" && !slices.ContainsFunc(r.Protocols, ofRequests) {
		rule.Off = "streams (" + strings.Join(r.Protocols, ", ") + ") are not proxied"
	}
	return rule
}

// ofRequests reports whether a protocol is one of those that have requests.
func ofRequests(protocol string) bool {
	return protocol == "http" || protocol == "https" || protocol == "grpc" || protocol == "grpcs"
}

// matchOf reads the signs that routes have: "~" before regular expressions of paths, "~*" before those of fields.
func matchOf(r *entity.Route) *Match {
	m := &Match{
		Protocols: r.Protocols, Hosts: r.Hosts, Methods: r.Methods, SNIs: r.SNIs, StripPath: r.StripPath,
		HTTPSRedirect: r.HTTPSRedirectStatusCode, Order: Order{RegexPriority: r.RegexPriority},
	}
	for _, p := range r.Paths {
		if expr, ok := strings.CutPrefix(p, "~"); ok {
			m.Paths = append(m.Paths, Path{Regex, expr})
		} else {
			m.Paths = append(m.Paths, Path{Prefix, p})
		}
	}
	if len(r.Headers) == 0 {
		return m
	}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		c := Condition{Name: name, Fold: true}
		for _, v := range r.Headers[name] {
			if expr, ok := strings.CutPrefix(v, "~*"); ok {
				c.Patterns = append(c.Patterns, expr)
			} else {
				c.Values = append(c.Values, v)
			}
		}
		m.Headers = append(m.Headers, c)
	}
	return m
}
