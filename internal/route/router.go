package route

import (
	"cmp"
	"slices"
	"sort"

	"github.com/gibbon-gateway/gibbon/internal/plan"
)

// Router matches requests to rules. It is immutable and safe for concurrent use.
type Router struct {
	rules    []*plan.Rule
	matchers []*matcher // best rank first
	ruleOf   []int32    // the rules of the matchers
	hosts    hostIndex
	folded   *hostIndex          // matchers of hosts without case; nil if there are none
	patterns map[string]*pattern // by expression
}

// Refused is a rule that cannot be compiled, and why.
type Refused struct {
	Rule *plan.Rule
	Err  error
}

// Build compiles rules, and keeps the slice. A rule that cannot be compiled, as for a pattern that Go's regexp refuses, is left out and returned; the
// others work.
func Build(rules []*plan.Rule) (*Router, []Refused) { return new(Router).Rebuild(rules) }

// Rebuild is Build that takes over what old has made of matches that rules have too, as the same objects and in the same order
// among each other, and the regular expressions that old has parsed and compiled. old is not changed, and may be nil.
func (old *Router) Rebuild(rules []*plan.Rule) (*Router, []Refused) {
	if old == nil {
		old = new(Router)
	}
	made := patternSet{old: old.patterns, used: make(map[string]*pattern, len(old.patterns))}
	r := &Router{rules: rules, patterns: made.used}
	done := old.handDown(r, &made)
	var fresh []ranked
	var refused []Refused
	for i := range rules {
		if done[i] {
			continue
		}
		parts, err := compile(rules[i], &made)
		if err != nil {
			refused = append(refused, Refused{rules[i], err})
		}
		for _, m := range parts {
			fresh = append(fresh, ranked{m, int32(i)})
		}
	}
	r.insert(fresh)
	var exact, folded hostBuilder
	for rank, m := range r.matchers {
		b := &exact
		if m.fold {
			b = &folded
		}
		b.add(uint32(rank), m)
	}
	r.hosts = exact.build(r.matchers)
	if !folded.empty() {
		x := folded.build(r.matchers)
		r.folded = &x
	}
	return r, refused
}

// handDown gives the matchers of matches that r has too to r, and reports which of its rules have got theirs. They stay in order.
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

// numbers returns what numbers the rules have among others, -1 for those whose match is not there. It expects that both are
// ordered by ID; otherwise it may miss some.
func (old *Router) numbers(rules []*plan.Rule) []int32 {
	to := make([]int32, len(old.rules))
	next := 0
	for i := range old.rules {
		to[i] = -1
		was := old.rules[i]
		for next < len(rules) && rules[next].Match != was.Match && rules[next].ID < was.ID {
			next++
		}
		if next < len(rules) && rules[next].Match == was.Match && rules[next].ID == was.ID {
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
	if a.tier != b.tier || a.key != b.key {
		return cmp.Or(cmp.Compare(b.tier, a.tier), keyless(a.key)-keyless(b.key), cmp.Compare(a.key, b.key))
	}
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

// keyless is 1 for an order without a key, which comes behind those with one.
func keyless(key string) int {
	if key == "" {
		return 1
	}
	return 0
}

// Len returns how many rules the router works with; those that were refused and of stream protocols are not counted.
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
