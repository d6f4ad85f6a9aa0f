package route

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"github.com/gibbon-gateway/gibbon/entity"
)

// Router matches requests to rules. It is immutable and safe for concurrent use.
type Router struct {
	rules    []Rule
	matchers []*matcher // best rank first
	ruleOf   []int32    // the rules of the matchers
	hosts    hostIndex
	patterns map[string]*pattern // by expression
}

// Build compiles rules. A rule that cannot be compiled (a pattern that Go's regexp refuses) is left out and named in the
// problems; the others work.
func Build(rules []Rule) (*Router, []entity.Problem) { return new(Router).Rebuild(rules) }

// Rebuild is Build that takes over what old has made of routes that are in rules too, as the same object and in the same order
// among each other, and the regular expressions that old has parsed and compiled. old is not changed, and may be nil.
func (old *Router) Rebuild(rules []Rule) (*Router, []entity.Problem) {
	if old == nil {
		old = new(Router)
	}
	made := patternSet{old: old.patterns, used: make(map[string]*pattern, len(old.patterns))}
	r := &Router{rules: rules, patterns: made.used}
	done := old.handDown(r, &made)
	var fresh []ranked
	var problems []entity.Problem
	for i := range rules {
		if done[i] {
			continue
		}
		parts, err := compile(rules[i].Route, &made)
		if err != nil {
			problems = append(problems, problem(rules[i].Route, err))
		}
		for _, m := range parts {
			fresh = append(fresh, ranked{m, int32(i)})
		}
	}
	r.insert(fresh)
	var b hostBuilder
	for rank, m := range r.matchers {
		b.add(uint32(rank), m)
	}
	r.hosts = b.build(r.matchers)
	return r, problems
}

// handDown gives the matchers of routes that r has too to r, and reports which of its rules have got theirs. They stay in order.
func (old *Router) handDown(r *Router, made *patternSet) (done []bool) {
	done = make([]bool, len(r.rules))
	to := old.numbers(r.rules)
	r.matchers, r.ruleOf = make([]*matcher, 0, len(old.matchers)+1), make([]int32, 0, len(old.matchers)+1)
	for rank, m := range old.matchers {
		number := to[old.ruleOf[rank]]
		if number < 0 {
			continue
		}
		done[number] = true
		r.matchers, r.ruleOf = append(r.matchers, m), append(r.ruleOf, number)
		made.keep(m)
	}
	return done
}

// numbers returns what numbers the rules have among others, -1 for those whose route is not there. It expects that both are
// ordered by id, as sets are; otherwise it may miss some.
func (old *Router) numbers(rules []Rule) []int32 {
	to := make([]int32, len(old.rules))
	next := 0
	for i := range old.rules {
		to[i] = -1
		route := old.rules[i].Route
		for next < len(rules) && rules[next].Route != route && rules[next].Route.ID < route.ID {
			next++
		}
		if next < len(rules) && rules[next].Route == route {
			to[i] = int32(next)
			next++
		}
	}
	return to
}

// ranked is a matcher and its rule.
type ranked struct {
	*matcher
	rule int32
}

// compare orders by rank: best first.
func (a ranked) compare(b ranked) int {
	return cmp.Or(cmp.Compare(b.priority, a.priority), cmp.Compare(b.id, a.id), cmp.Compare(a.rule, b.rule))
}

// insert puts matchers between those that are there.
func (r *Router) insert(fresh []ranked) {
	slices.SortFunc(fresh, ranked.compare)
	matchers, rules := r.matchers, r.ruleOf
	r.matchers, r.ruleOf = make([]*matcher, 0, len(matchers)+len(fresh)), make([]int32, 0, len(matchers)+len(fresh))
	for _, f := range fresh {
		n := sort.Search(len(matchers), func(i int) bool { return f.compare(ranked{matchers[i], rules[i]}) < 0 })
		r.matchers, r.ruleOf = append(append(r.matchers, matchers[:n]...), f.matcher), append(append(r.ruleOf, rules[:n]...), f.rule)
		matchers, rules = matchers[n:], rules[n:]
	}
	r.matchers, r.ruleOf = append(r.matchers, matchers...), append(r.ruleOf, rules...)
}

func problem(r *entity.Route, err error) entity.Problem {
	return entity.Problem{Kind: "routes", ID: r.ID, Err: fmt.Errorf("route %s: %w", r.ID, err)}
}

// Len returns how many rules the router works with; those with problems and of stream protocols are not counted.
func (r *Router) Len() int {
	seen, n := make([]bool, len(r.rules)), 0
	for _, rule := range r.ruleOf {
		if !seen[rule] {
			seen[rule] = true
			n++
		}
	}
	return n
}
