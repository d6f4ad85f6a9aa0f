package route_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/plan"
	"github.com/gibbon-gateway/gibbon/internal/route"
)

// other makes a rule of http with an order of its own.
func other(id, key string, m plan.Match) *plan.Rule {
	m.Protocols, m.Order.Key = []string{"http"}, key
	return &plan.Rule{ID: id, Origin: plan.Origin{Kind: "HTTPRoute", ID: id}, Match: &m}
}

// pathsOf makes paths of kinds and values in turn.
func pathsOf(list ...any) (paths []plan.Path) {
	for i := 0; i < len(list); i += 2 {
		kind, ok := list[i].(plan.PathKind)
		if !ok {
			kind = plan.PathKind(list[i].(string))
		}
		paths = append(paths, plan.Path{Kind: kind, Value: list[i+1].(string)})
	}
	return paths
}

// found returns the id of the rule that takes a request, and what its path matched.
func found(t testing.TB, r *route.Router, rules []*plan.Rule, q request) string {
	t.Helper()
	in := q.input(t)
	if path, query, ok := strings.Cut(q.path, "?"); ok {
		q.path = path
		in = q.input(t)
		in.Query = []byte(query)
	}
	var out route.Result
	if !r.Match(in, &out) {
		return "none"
	}
	return rules[out.Rule].ID + " " + string(out.Prefix)
}

func TestConditionsOfOtherSources(t *testing.T) {
	for _, c := range []struct {
		name    string
		match   plan.Match
		yes, no []request
	}{
		{"exact path", plan.Match{Paths: pathsOf(plan.Exact, "/a/b")},
			[]request{{path: "/a/b"}, {path: "/a/b?x=/"}}, []request{{path: "/a"}, {path: "/a/b/"}, {path: "/a/bc"}, {path: "/a/b/c"}}},
		{"segments", plan.Match{Paths: pathsOf(plan.Segments, "/a/b")},
			[]request{{path: "/a/b"}, {path: "/a/b/"}, {path: "/a/b/c"}}, []request{{path: "/a/bc"}, {path: "/a"}, {path: "/"}}},
		{"segments with a slash behind", plan.Match{Paths: pathsOf(plan.Segments, "/a/")},
			[]request{{path: "/a"}, {path: "/a/x"}}, []request{{path: "/ax"}}},
		{"no segments", plan.Match{Paths: pathsOf(plan.Segments, "/")}, []request{{path: "/"}, {path: "/x"}}, nil},
		{"paths of all kinds", plan.Match{Paths: pathsOf(plan.Exact, "/ab", plan.Segments, "/cd", plan.Prefix, "/ef", plan.Regex, "/g$")},
			[]request{{path: "/ab"}, {path: "/cd/x"}, {path: "/efg"}, {path: "/g"}}, []request{{path: "/abc"}, {path: "/cde"}, {path: "/gh"}, {path: "/"}}},
		{"header", plan.Match{Headers: []plan.Condition{{Name: "X-Ver", Values: []string{"V2", "v3"}}}},
			[]request{{path: "/", fields: []string{"x-ver", "V2"}}, {path: "/", fields: []string{"X-Ver", "1", "X-Ver", "v3"}}},
			[]request{{path: "/", fields: []string{"x-ver", "v2"}}, {path: "/", fields: []string{"x_ver", "V2"}}, {path: "/"}}},
		{"header by expression", plan.Match{Headers: []plan.Condition{{Name: "x", Patterns: []string{"^V[0-9]$"}}}},
			[]request{{path: "/", fields: []string{"x", "V7"}}}, []request{{path: "/", fields: []string{"x", "v7"}}}},
		{"query", plan.Match{Query: []plan.Condition{{Name: "a b", Values: []string{"1+"}}, {Name: "c", Patterns: []string{"^x*$"}}}},
			[]request{{path: "/?a+b=1%2b&c"}, {path: "/?c=xx&z&a%20b=1%2B&a+b=2"}},
			[]request{{path: "/"}, {path: "/?a+b=1%2b"}, {path: "/?a+b=2&a+b=1%2b&c"}, {path: "/?a+b=1%2b&c=y"}, {path: "/?A+b=1%2b&c"}, {path: "/?a+b=1+&c"}}},
		{"hosts without case", plan.Match{Hosts: []string{"A.Test", "*.b.test:8000"}, FoldHosts: true},
			[]request{{path: "/", host: "a.tesT"}, {path: "/", host: "X.B.test"}}, []request{{path: "/", host: "b.a.test"}, {path: "/", host: "X.B.test:80"}}},
		{"listeners", plan.Match{Listeners: []string{":8000", "10.0.0.2:81"}},
			[]request{{path: "/", local: "10.0.0.1:8000"}, {path: "/", local: "[::ffff:10.0.0.2]:81"}}, []request{{path: "/", local: "10.0.0.1:81"}, {path: "/"}}},
	} {
		rules := []*plan.Rule{other("r", "k", c.match)}
		router, refused := route.Build(rules)
		if len(refused) > 0 {
			t.Fatalf("%s: %v", c.name, refused)
		}
		for _, q := range c.yes {
			if got := found(t, router, rules, q); got == "none" {
				t.Errorf("%s: %v does not match", c.name, q)
			}
		}
		for _, q := range c.no {
			if got := found(t, router, rules, q); got != "none" {
				t.Errorf("%s: %v matches", c.name, q)
			}
		}
	}
}

// Rules with a key stand in the order of their keys, in whatever order they come, and before those of Kong's order.
func TestOrderOfOtherSources(t *testing.T) {
	everywhere := pathsOf(plan.Segments, "/")
	high := other("high", "z", plan.Match{Paths: everywhere, Methods: []string{"GET"}})
	high.Match.Order.Tier = 1
	rules := []*plan.Rule{
		other("a", "3", plan.Match{Paths: pathsOf(plan.Segments, "/a/b")}),
		other("b", "1", plan.Match{Paths: pathsOf(plan.Exact, "/a/b")}),
		other("c", "2", plan.Match{Paths: pathsOf(plan.Segments, "/a"), Methods: []string{"POST"}}),
		other("d", "9", plan.Match{Paths: everywhere, Hosts: []string{"h.test"}}),
		other("kong", "", plan.Match{Paths: pathsOf(plan.Prefix, "/a/b"), Hosts: []string{"h.test"}, Methods: []string{"PUT", "DELETE"}}),
		high,
	}
	router, refused := new(route.Router).Rebuild(rules[:3])
	if len(refused) > 0 {
		t.Fatal(refused)
	}
	if router, refused = router.Rebuild(rules); len(refused) > 0 { // insertion between those that are there
		t.Fatal(refused)
	}
	for _, c := range []struct{ method, host, path, want string }{
		{"PUT", "h.test", "/a/b", "b /a/b"}, {"PUT", "h.test", "/a/b/c", "a /a/b"}, {"POST", "x", "/a/b/c", "c /a"},
		{"PUT", "h.test", "/a/bc", "d "}, {"GET", "h.test", "/a/b", "high "}, {"PUT", "x", "/c", "none"},
	} {
		if got := found(t, router, rules, request{method: c.method, host: c.host, path: c.path}); got != c.want {
			t.Errorf("%s %s%s: got %q, want %q", c.method, c.host, c.path, got, c.want)
		}
	}
	rules = slices.Clone(rules) // the router keeps its own
	rules[3] = other("d", "", *rules[3].Match)
	router, _ = router.Rebuild(rules)
	if got := found(t, router, rules, request{method: "PUT", host: "h.test", path: "/a/bc"}); got != "kong /a/b" {
		t.Errorf("without its key: %s", got)
	}
}

func TestBadMatches(t *testing.T) {
	_, refused := route.Build([]*plan.Rule{
		other("a", "", plan.Match{Paths: pathsOf(plan.Exact, "x", "like", "/", plan.Regex, "(")}),
		other("b", "", plan.Match{Headers: []plan.Condition{{Name: "x"}, {Values: []string{"v"}}}, Query: []plan.Condition{{Name: "q", Values: []string{"v"}, Fold: true}}}),
		other("c", "", plan.Match{Query: []plan.Condition{{Name: "q", Patterns: []string{"["}}}}),
		{ID: "d", Origin: plan.Origin{Kind: "HTTPRoute", Namespace: "ns", Name: "n"}, Match: &plan.Match{}},
		{ID: "e", Match: &plan.Match{Protocols: []string{"smtp"}, Listeners: []string{"80", ":x", "h:80", "10.0.0.1:80"}}},
	})
	var got []string
	for _, r := range refused {
		got = append(got, fmt.Sprintf("%s: %v", r.Rule.ID, strings.ReplaceAll(r.Err.Error(), "\n", "; ")))
	}
	want := []string{
		"a: match.paths[0].value does not start with /; match.paths[1].kind is not prefix, segments, exact or regex",
		"b: match.headers[0] has neither values nor patterns; match.headers[1].name is empty; match.query[0].fold is for fields only",
		"c: query argument q: error parsing regexp: missing closing ]: `[`",
		"d: match.protocols is empty",
		"e: match.protocols[0] is not a protocol; match.listeners[0] is not ip:port or :port; match.listeners[1] is not ip:port or :port; match.listeners[2] is not ip:port or :port",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOtherSourcesDoNotAllocate(t *testing.T) {
	rules := []*plan.Rule{other("r", "k", plan.Match{
		Paths: pathsOf(plan.Segments, "/a"), Headers: []plan.Condition{{Name: "x", Values: []string{"1"}}},
		Query: []plan.Condition{{Name: "q", Values: []string{"a b"}}}, Hosts: []string{"*.a.test"}, FoldHosts: true, Listeners: []string{":80"},
	})}
	router, _ := route.Build(rules)
	in := request{path: "/a/b", host: "X.A.test", local: "10.0.0.1:80", fields: []string{"X", "1"}}.input(t)
	in.Query = []byte("p=1&q=a%20b")
	var out route.Result
	if n := testing.AllocsPerRun(100, func() {
		if !router.Match(in, &out) {
			t.Fatal("no match")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
