package snapshot

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/plan"
	"github.com/gibbon-gateway/gibbon/internal/route"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// Pick finds the configuration of a plugin that a request would meet before a consumer is identified, by the chain and the
// precedence that requests go by. Errors name what was not found.
func (s *Snapshot) Pick(name string, by plugin.Pick) (*plugin.Trial, error) {
	if s == nil {
		return nil, errors.New("there is no configuration yet")
	}
	var q request
	var err error
	switch {
	case by.Plugin != "":
		err = s.configuration(&q, name, by.Plugin)
	case by.Route != "":
		err = s.routeNamed(&q, by.Route)
	case by.Service != "":
		err = s.serviceNamed(&q, by.Service)
	default:
		err = errors.New("neither plugin nor route nor service is named")
	}
	if err != nil {
		return nil, err
	}
	if q.instance == nil {
		if i := slices.IndexFunc(q.chain.Slots, func(slot Slot) bool { return slot.Name == name }); i >= 0 {
			q.instance = q.chain.Slots[i].Pick(nil, nil)
		}
	}
	if q.instance == nil {
		return nil, fmt.Errorf("%s meets no plugin %s: there is none on it, nor a global one", q.subject, name)
	}
	return q.trial(by.Scheme)
}

// request is what is known of a request that a plugin is picked for.
type request struct {
	subject  string // what was asked about, for errors
	route    *entity.Route
	service  *entity.Service
	chain    *Chain
	kind     Protocols // what it may come by: that of HTTP, of gRPC, or all
	secure   bool      // it has to come by TLS
	instance *Instance
}

const anyProtocol = HTTP | HTTPS | GRPC | GRPCS

// comesBy says what a route's protocols make of its requests.
func (q *request) comesBy(p Protocols) {
	if q.kind = HTTP | HTTPS; p&(GRPC|GRPCS) != 0 {
		q.kind = GRPC | GRPCS
	}
	q.secure = p&(HTTP|GRPC) == 0
}

// configuration takes a configuration by its id, and the route or service that it is bound to.
func (s *Snapshot) configuration(q *request, name, id string) error {
	e := entity.Get[entity.Plugin](s.Set, id)
	switch {
	case e == nil:
		return fmt.Errorf("plugin %q: not found", id)
	case e.Name != name:
		return fmt.Errorf("plugin %q is not %s but %s", id, name, e.Name)
	case !e.Enabled:
		return fmt.Errorf("plugin %q is not enabled", id)
	}
	q.subject, q.kind = fmt.Sprintf("plugin %q", id), anyProtocol
	if q.instance = s.instances[id]; q.instance == nil {
		return fmt.Errorf("plugin %q is for none of the protocols that are served here", id)
	}
	if scope := q.instance.scope; scope.Route != "" {
		if q.route = entity.Get[entity.Route](s.Set, scope.Route); q.route != nil {
			q.comesBy(protocols(q.route.Protocols))
			q.service = entity.Get[entity.Service](s.Set, idOf(q.route.Service))
		}
	} else if scope.Service != "" {
		q.service = entity.Get[entity.Service](s.Set, scope.Service)
	}
	return nil
}

// routeNamed takes the plan of a route, or of another source's rule, by its id or name.
func (s *Snapshot) routeNamed(q *request, name string) error {
	is := func(r *plan.Rule, byID bool) bool {
		if byID {
			return r.ID == name || r.Origin.ID == name
		}
		return r.Origin.Name == name
	}
	q.subject = fmt.Sprintf("a request of route %q", name)
	for _, byID := range []bool{true, false} {
		i := slices.IndexFunc(s.config.Rules, func(r *plan.Rule) bool { return is(r, byID) })
		if i < 0 || name == "" {
			continue
		}
		rule := s.config.Rules[i]
		if reason, out := s.reasons[rule]; out {
			return fmt.Errorf("route %q takes no requests: %s", name, reason)
		}
		for n := range s.plans {
			if p := &s.plans[n]; p.Rule == rule {
				q.route, q.chain = p.Route, p.Chain
				q.comesBy(protocols(p.Route.Protocols))
				if p.Service != nil {
					q.service = p.Service.Entity
				}
				return nil
			}
		}
	}
	return fmt.Errorf("route %q: not found", name)
}

// serviceNamed takes the chain of a service's routes without plugins of their own.
func (s *Snapshot) serviceNamed(q *request, name string) error {
	all := entity.All[entity.Service](s.Set)
	i := slices.IndexFunc(all, func(e *entity.Service) bool { return e.ID == name })
	if i < 0 {
		i = slices.IndexFunc(all, func(e *entity.Service) bool { return e.Name == name })
	}
	switch {
	case i < 0 || name == "":
		return fmt.Errorf("service %q: not found", name)
	case !all[i].Enabled:
		return fmt.Errorf("service %q takes no requests: it is not enabled", name)
	}
	b := &builder{s: s}
	b.sortPlugins()
	q.subject, q.service, q.kind = fmt.Sprintf("a request of service %q", name), all[i], anyProtocol
	q.chain = b.chain("", all[i].ID)
	return nil
}

// trial makes the trial of a request by a scheme, "" is the first that it may come by.
func (q *request) trial(scheme string) (*plugin.Trial, error) {
	i := q.instance
	by := map[string]Protocols{"http": HTTP | GRPC, "https": HTTPS | GRPCS}
	if scheme == "" {
		if scheme = "http"; q.secure || q.kind&i.protocols&by[scheme] == 0 {
			scheme = "https"
		}
	}
	switch {
	case by[scheme] == 0:
		return nil, fmt.Errorf("scheme %q is neither http nor https", scheme)
	case scheme == "http" && q.secure:
		return nil, fmt.Errorf("%s has to come by https", q.subject)
	case i.protocols&by[scheme]&q.kind == 0:
		return nil, fmt.Errorf("%s by %s passes plugin %s unseen: the plugin is not for its protocol", q.subject, scheme, i.ID)
	}
	t := &plugin.Trial{Name: i.Name, ID: i.ID, Accessor: i.Accessor, Scope: i.scope, Route: q.route, Service: q.service,
		Normalize: func(path []byte) ([]byte, bool) { return route.NormalizePath(nil, path) }}
	if t.Client.Scheme = scheme; q.kind == GRPC|GRPCS {
		t.Client.HTTPVersion = "2"
	}
	if t.Accessor == nil {
		return nil, fmt.Errorf("plugin %s does not look at requests before the upstream is asked", i.Name)
	}
	return t, nil
}
