package snapshot

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/plan"
)

// Plan is what a matched rule will do.
type Plan struct {
	Rule    *plan.Rule
	Route   *entity.Route // what plugins see of it
	Service *Service      // nil if the rule has none; the first, if it has more
	Chain   *Chain
	GRPC    bool   // the rule takes calls of gRPC
	Extra   *Extra // nil for rules that do no more than Kong's routes
}

// Extra is what a rule does that Kong's routes cannot say.
type Extra struct {
	Rule     *plan.Rule
	Redirect *plan.Redirect // nil for none
	CORS     *plan.CORS     // nil for none
	Mirrors  []*Mirror

	shares []Share
	turns  turns
}

// Share is the part of a rule's requests that one backend gets, and what is done with them.
type Share struct {
	Service        *Service // nil: they are answered with 500
	RequestHeader  []*plan.HeaderEdit
	ResponseHeader []*plan.HeaderEdit
	Mark           uint64 // by which a session knows the backend
	Rule           *plan.Rule

	path *plan.PathEdit
	host string
	end  uint64 // sum of the weights up to and with this one
}

// Path returns how the path is rewritten; nil if it is not, as that of no share.
func (s *Share) Path() *plan.PathEdit {
	if s == nil {
		return nil
	}
	return s.path
}

// Host returns the Host field to send; "" if it is not rewritten, as that of no share.
func (s *Share) Host() string {
	if s == nil {
		return ""
	}
	return s.host
}

// Mirror is a backend that gets copies.
type Mirror struct {
	Service *Service
	filter  *plan.Mirror
	turns   turns
}

// turns spread choices evenly: of any run of n·sum choices, each weight gets its part but for one or two.
type turns struct{ n atomic.Uint32 }

// next returns a number below sum, which is at most 2³².
func (t *turns) next(sum uint64) uint64 {
	const golden = 0x9E3779B9 // 2³² by the golden ratio: multiples are spread evenly
	return uint64(t.n.Add(1)*golden) * sum >> 32
}

// Share chooses the backend of a request; nil when no weight is above 0.
func (e *Extra) Share() *Share {
	if len(e.shares) == 0 || e.shares[len(e.shares)-1].end == 0 {
		return nil
	}
	if len(e.shares) == 1 {
		return &e.shares[0]
	}
	n := e.turns.next(e.shares[len(e.shares)-1].end)
	for i := range e.shares {
		if n < e.shares[i].end {
			return &e.shares[i]
		}
	}
	return nil
}

// Marked returns the share with a mark, also one that gets no new sessions as its weight is 0; nil if there is none.
func (e *Extra) Marked(mark uint64) *Share {
	for i := range e.shares {
		if s := &e.shares[i]; s.Mark == mark && s.Service != nil {
			return s
		}
	}
	return nil
}

// Wanted reports whether the present request is to be copied.
func (m *Mirror) Wanted() bool {
	f := m.filter
	return f.Denominator == 0 || m.turns.next(uint64(f.Denominator)) < uint64(f.Numerator)
}

// checked returns the rules that can be compiled, ordered by ID, and notes why others cannot.
func (b *builder) checked() []*plan.Rule {
	all := b.config.Rules
	byID := func(x, y *plan.Rule) int { return strings.Compare(x.ID, y.ID) }
	if !slices.IsSortedFunc(all, byID) {
		all = slices.Clone(all)
		slices.SortStableFunc(all, byID)
	}
	out := make([]*plan.Rule, 0, len(all))
	for _, r := range all {
		if r.Off != "" {
			b.s.reasons[r] = r.Off
			continue
		}
		var err error
		if len(out) > 0 && out[len(out)-1].ID == r.ID {
			err = fmt.Errorf("another rule has the ID %s", r.ID)
		} else if r.Match == nil {
			err = errors.New("match is missing")
		} else if !r.Plain() || r.Scope.Route == nil {
			err = r.Check()
		}
		if err != nil {
			b.refuse(r, err)
			continue
		}
		out = append(out, r)
	}
	return out
}

// refuse leaves a rule out.
func (b *builder) refuse(r *plan.Rule, err error) {
	b.problems = append(b.problems, r.Origin.Problem(fmt.Errorf("%s: %w", r.Origin, err)))
	b.s.reasons[r] = err.Error()
}

// plan makes the router and the plans of its rules.
func (b *builder) plan(rules []*plan.Rule) {
	plans := make([]Plan, len(rules))
	for i, r := range rules {
		p := &plans[i]
		p.Rule, p.Route, p.GRPC = r, r.Scope.Route, r.Match.GRPC()
		if p.Route == nil {
			p.Route = &entity.Route{ID: r.ID, Name: r.Origin.Name, Protocols: r.Match.Protocols}
		}
		service := ""
		if r.Scope.Service != nil {
			service = r.Scope.Service.ID
		}
		for k := range r.Backends {
			if to := r.Backends[k].Backend; to != nil {
				p.Service = b.s.services[to.ID]
				break
			}
		}
		p.Chain = b.chain(p.Route.ID, service)
		if !r.Plain() {
			p.Extra = b.extra(r)
		}
	}
	b.s.rules, b.s.plans = rules, plans
	if b.prev.router != nil && slices.EqualFunc(rules, b.prev.rules, sameMatch) {
		b.s.router, b.s.refused = b.prev.router, b.prev.refused
	} else {
		b.s.router, b.s.refused = b.prev.router.Rebuild(rules)
	}
	for _, r := range b.s.refused { // maybe one that had the same match
		i, _ := slices.BinarySearchFunc(rules, r.Rule.ID, func(r *plan.Rule, id string) int { return strings.Compare(r.ID, id) })
		b.refuse(rules[i], r.Err)
	}
}

// sameMatch reports whether the router makes the same of two rules: a translator keeps what did not change.
func sameMatch(a, b *plan.Rule) bool { return a.Match == b.Match && a.ID == b.ID }

// extra compiles what Kong's routes cannot say.
func (b *builder) extra(r *plan.Rule) *Extra {
	e := &Extra{Rule: r}
	e.turns.n.Store(rand.Uint32())
	var whole Share
	for i := range r.Filters {
		f := &r.Filters[i]
		whole.edit(f)
		switch {
		case f.Redirect != nil:
			e.Redirect = f.Redirect
		case f.CORS != nil:
			e.CORS = f.CORS
		case f.Mirror != nil:
			m := &Mirror{Service: b.s.services[f.Mirror.Backend.ID], filter: f.Mirror}
			m.turns.n.Store(rand.Uint32())
			e.Mirrors = append(e.Mirrors, m)
		}
	}
	sum := uint64(0)
	e.shares = make([]Share, len(r.Backends))
	for i := range r.Backends {
		w, s := &r.Backends[i], &e.shares[i]
		sum += uint64(w.Weight)
		s.Rule, s.end = r, sum
		s.path, s.host = whole.path, whole.host
		s.RequestHeader, s.ResponseHeader = slices.Clip(whole.RequestHeader), slices.Clip(whole.ResponseHeader)
		if w.Backend != nil {
			s.Service, s.Mark = b.s.services[w.Backend.ID], markOf(w.Backend.ID)
		}
		for k := range w.Filters {
			s.edit(&w.Filters[k])
		}
	}
	return e
}

// edit adds a filter that edits requests or responses.
func (s *Share) edit(f *plan.Filter) {
	switch {
	case f.Rewrite != nil:
		s.host = cmp.Or(f.Rewrite.Host, s.host)
		if f.Rewrite.Path != nil {
			s.path = f.Rewrite.Path
		}
	case f.RequestHeader != nil:
		s.RequestHeader = append(s.RequestHeader, f.RequestHeader)
	case f.ResponseHeader != nil:
		s.ResponseHeader = append(s.ResponseHeader, f.ResponseHeader)
	}
}

// markOf is FNV-1a of an ID: the same on all nodes.
func markOf(id string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return h
}

// Rules returns all rules of the configuration, ordered by ID, and what became of them.
func (s *Snapshot) Rules() []plan.Status {
	out := make([]plan.Status, len(s.config.Rules))
	for i, r := range s.config.Rules {
		reason, off := s.reasons[r]
		out[i] = plan.Status{Rule: r, Programmed: !off, Reason: reason}
	}
	slices.SortStableFunc(out, func(x, y plan.Status) int { return strings.Compare(x.ID, y.ID) })
	return out
}
