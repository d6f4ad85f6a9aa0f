package route

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gibbon-gateway/gibbon/entity"
)

// Router matches requests to rules. It is immutable and safe for concurrent use.
type Router struct {
	rules    []Rule
	matchers []matcher // best rank first
	hosts    hostIndex
	patterns map[string]*pattern // by expression
}

// Build compiles rules. A rule that cannot be compiled (a pattern that Go's regexp refuses) is left out and named in the
// problems; the others work.
func Build(rules []Rule) (*Router, []entity.Problem) { return (*Router)(nil).Rebuild(rules) }

// Rebuild is Build that takes over the regular expressions that old has parsed and compiled already. old is not changed, and
// may be nil.
func (old *Router) Rebuild(rules []Rule) (*Router, []entity.Problem) {
	made := patternSet{used: make(map[string]*pattern)}
	if old != nil {
		made.old = old.patterns
	}
	r := &Router{rules: rules, patterns: made.used}
	var problems []entity.Problem
	drafts := make([]draft, 0, len(rules)+len(rules)/4)
	for i := range rules {
		var err error
		if drafts, err = appendDrafts(drafts, i, rules[i].Route, &made); err != nil {
			problems = append(problems, problem(rules[i].Route, err))
		}
	}
	slices.SortFunc(drafts, func(a, b draft) int {
		return cmp.Or(cmp.Compare(b.priority, a.priority), cmp.Compare(b.id, a.id), cmp.Compare(a.matcher.rule, b.matcher.rule))
	})
	r.matchers = make([]matcher, len(drafts))
	var b hostBuilder
	for rank := range drafts {
		r.matchers[rank] = drafts[rank].matcher
		b.add(uint32(rank), &drafts[rank])
	}
	r.hosts = b.build(r.matchers)
	return r, problems
}

func problem(r *entity.Route, err error) entity.Problem {
	return entity.Problem{Kind: "routes", ID: r.ID, Err: fmt.Errorf("route %s: %w", r.ID, err)}
}

// Len returns how many rules the router works with; those with problems and of stream protocols are not counted.
func (r *Router) Len() int {
	seen, n := make([]bool, len(r.rules)), 0
	for i := range r.matchers {
		if rule := r.matchers[i].rule; !seen[rule] {
			seen[rule] = true
			n++
		}
	}
	return n
}
