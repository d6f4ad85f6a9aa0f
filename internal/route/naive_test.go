package route_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/route"
)

// naive is the router written down from its rules: sort, then try one after the other. It shares nothing with the package.
type naive struct{ parts []naivePart }

type naivePart struct {
	rule  int
	route *entity.Route
	paths []string
	order [6]int
	id    string
}

func newNaive(rules []ruled) *naive {
	n := new(naive)
	for i, rule := range rules {
		r := rule.Route
		groups := map[int][]string{} // by length; -1: regular expressions
		for _, p := range r.Paths {
			length := len(p)
			if p[0] == '~' {
				length = -1
			}
			groups[length] = append(groups[length], p)
		}
		if len(r.Paths) == 0 {
			groups[0] = nil
		}
		for length, paths := range groups {
			part := naivePart{rule: i, route: r, paths: paths, id: r.ID}
			if len(r.Paths) > 1 {
				name := strconv.Itoa(length)
				if length < 0 {
					name = "true"
				}
				part.id = uuid.NewSHA1(uuid.MustParse("7f145bf9-0dce-4f91-98eb-debbce4b9f6b"), []byte(r.ID+"#"+name)).String()
			}
			set := 0
			for _, n := range []int{len(r.Methods), len(r.Hosts), len(r.Headers), len(r.SNIs), len(r.Paths)} {
				set += min(n, 1)
			}
			plainHosts := 0
			if len(r.Hosts) > 0 && !strings.Contains(strings.Join(r.Hosts, " "), "*") {
				plainHosts = 1
			}
			part.order = [6]int{set, plainHosts, len(r.Headers), 0, 0, length}
			if length < 0 {
				part.order[3], part.order[4], part.order[5] = 1, r.RegexPriority, 0
			}
			n.parts = append(n.parts, part)
		}
	}
	slices.SortFunc(n.parts, func(a, b naivePart) int {
		return cmp.Or(-slices.Compare(a.order[:], b.order[:]), -strings.Compare(a.id, b.id))
	})
	return n
}

// match returns the rule and the matched text of the path.
func (n *naive) match(q request) (int, string) {
	for _, p := range n.parts {
		if prefix, ok := p.accepts(q); ok {
			return p.rule, prefix
		}
	}
	return -1, ""
}

func (p naivePart) accepts(q request) (prefix string, ok bool) {
	r := p.route
	if len(r.Methods) > 0 && !slices.Contains(r.Methods, q.method) {
		return "", false
	}
	if len(r.Hosts) > 0 && !slices.ContainsFunc(r.Hosts, func(h string) bool { return naiveHost(h, q.host) }) {
		return "", false
	}
	if q.tls && len(r.SNIs) > 0 && !slices.ContainsFunc(r.SNIs, func(s string) bool { return naiveWildcard(s, q.sni) }) {
		return "", false
	}
	for name, values := range r.Headers {
		found := false
		for i := 0; i < len(q.fields); i += 2 {
			got := strings.ToLower(q.fields[i+1])
			if !strings.EqualFold(q.fields[i], name) {
				continue
			}
			for _, want := range values {
				if strings.HasPrefix(want, "~*") {
					found = found || regexp.MustCompile(strings.ToLower(want[2:])).MatchString(got)
				} else {
					found = found || strings.ToLower(want) == got
				}
			}
		}
		if !found {
			return "", false
		}
	}
	if len(p.paths) == 0 {
		return "", true
	}
	for _, path := range p.paths {
		if path[0] == '~' {
			if m := regexp.MustCompile("^" + path[1:]).FindStringIndex(q.path); m != nil {
				return q.path[m[0]:m[1]], true
			}
		} else if strings.HasPrefix(q.path, path) {
			return path, true
		}
	}
	return "", false
}

func naiveHost(want, got string) bool {
	host, port := got, "8000"
	if h, p, ok := strings.Cut(got, ":"); ok {
		host, port = h, p
	}
	if h, p, ok := strings.Cut(want, ":"); ok {
		if p != port {
			return false
		}
		want = h
	}
	return naiveWildcard(want, host)
}

func naiveWildcard(want, got string) bool {
	switch {
	case strings.HasPrefix(want, "*"):
		return strings.HasSuffix(got, want[1:])
	case strings.HasSuffix(want, "*"):
		return strings.HasPrefix(got, want[:len(want)-1])
	}
	return want == got
}

// generator makes routes and requests of few words, so that many routes accept a request.
type generator struct{ *rand.Rand }

func (g generator) one(of ...string) string { return of[g.IntN(len(of))] }

func (g generator) some(most int, one func() string) (list []string) {
	for range g.IntN(most + 1) {
		if s := one(); !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

func (g generator) host() string {
	return g.one("", "a.", "b.", "a.b.") + g.one("x", "y", "z") + g.one(".test", ".org", ".test.org")
}

func (g generator) routeHost() string {
	switch g.IntN(6) {
	case 0:
		return "*." + g.host()
	case 1:
		return g.one("a", "b", "a.x", "b.y") + ".*"
	case 2:
		return g.host() + g.one(":80", ":8000")
	case 3:
		return "*." + g.one("test", "org", "x.test") + g.one(":80", ":8000")
	}
	return g.host()
}

func (g generator) path() string {
	p := ""
	for range 1 + g.IntN(4) {
		p += "/" + g.one("a", "b", "ab", "users", "7", "42", "é")
	}
	return p
}

func (g generator) routePath() string {
	switch g.IntN(9) {
	case 0:
		return "~" + g.path()
	case 7:
		return "~" + g.one("", "/a") + `/[^#?/]+` + g.path() + `/(?<id>[^#?/]+)` + g.one("", "$")
	case 1:
		return "~" + g.path() + "$"
	case 2:
		return `~/` + g.one("a", "users", "") + `/(?<id>\d+)` + g.one("", "$", "/users$", "/a")
	case 3:
		return `~/(a|users)/[^/]+` + g.one("", "/b$", "/42", g.path()+"$")
	case 4:
		return "~" + g.path() + "|" + g.path() + "$" // only the first is anchored
	case 5:
		return "~(?i)" + g.path() + g.one("", "$")
	}
	p := g.path()
	return p[:1+g.IntN(len(p))]
}

func (g generator) value() string { return g.one("v1", "V2", "v3", "text/html", "x") }

func (g generator) rule(number int) ruled {
	return named(number, func(r *entity.Route) {
		for len(r.Methods)+len(r.Hosts)+len(r.Paths)+len(r.Headers)+len(r.SNIs) == 0 {
			if g.IntN(3) == 0 {
				r.Methods = g.some(2, func() string { return g.one("GET", "POST", "PUT", "PURGE", "LOCK") })
			}
			if g.IntN(3) == 0 {
				r.Hosts = g.some(3, g.routeHost)
			}
			if g.IntN(3) > 0 {
				r.Paths = g.some(4, g.routePath)
			}
			if g.IntN(3) == 0 {
				r.Headers = map[string][]string{}
				for range g.IntN(3) {
					r.Headers[g.one("X-Ver", "accept", "x-t")] = []string{g.value(), g.one(g.value(), "~*^v[0-9]$", "~*T")}
				}
			}
			if g.IntN(6) == 0 {
				r.SNIs = g.some(2, func() string { return g.one("*.test", g.host(), g.host()) })
			}
		}
		r.RegexPriority = g.IntN(3)
		r.ID = uuid.NewSHA1(uuid.NameSpaceOID, []byte(fmt.Sprint(g.Uint64()))).String()
	})
}

func (g generator) request() request {
	q := request{method: g.one("GET", "GET", "POST", "PURGE", "LOCK", "FOO"), host: g.host() + g.one("", "", ":80", ":81"),
		path: g.path() + g.one("", "", "/"), tls: g.IntN(2) == 0}
	if q.tls {
		q.sni = g.host()
	}
	for range g.IntN(4) {
		q.fields = append(q.fields, g.one("X-VER", "Accept", "X-T", "Other"), g.value())
	}
	return q
}

// agree compares the router and the naive one over some requests.
func agree(t *testing.T, seed uint64, routes, requests int) (matched int) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}()
	g := generator{rand.New(rand.NewPCG(seed, 1))}
	rules := make([]ruled, routes)
	for i := range rules {
		rules[i] = g.rule(i)
	}
	return agrees(t, g, build(t, rules), rules, requests)
}

// agrees compares a router that was made of these rules, however it was made.
func agrees(t *testing.T, g generator, router *route.Router, rules []ruled, requests int) (matched int) {
	t.Helper()
	simple := newNaive(rules)
	var out route.Result // reused, as the proxy does
	for range requests {
		q := g.request()
		want, prefix := simple.match(q)
		got := -1
		if router.Match(q.input(t), &out) {
			got = out.Rule
			matched++
		}
		if got != want || string(out.Prefix) != prefix {
			t.Fatalf("%d routes, %v:\n got %d prefix %q, want %d prefix %q\n got %+v\nwant %+v",
				len(rules), q, got, out.Prefix, want, prefix, ruleOf(rules, got), ruleOf(rules, want))
		}
	}
	return matched
}

func ruleOf(rules []ruled, i int) *entity.Route {
	if i < 0 {
		return nil
	}
	return rules[i].Route
}

func TestAgreesWithNaive(t *testing.T) {
	matched, total := 0, 0
	for seed := range uint64(40) {
		for _, routes := range []int{1, 3, 15, 60, 500} {
			matched += agree(t, seed, routes, 100)
			total += 100
		}
	}
	if matched*10 < total*4 || matched*10 > total*9 {
		t.Errorf("%d of %d requests matched: too few or too many to mean much", matched, total)
	}
}

// TestRebuildAgreesWithNaive makes each router of the last, with some rules added, removed or in another place.
func TestRebuildAgreesWithNaive(t *testing.T) {
	for seed := range uint64(10) {
		g := generator{rand.New(rand.NewPCG(seed, 2))}
		var router *route.Router
		var rules []ruled
		for step := range 40 {
			rules = slices.Clone(rules)
			for range g.IntN(8) {
				rules = append(rules, g.rule(step))
			}
			for range min(g.IntN(6), len(rules)) {
				i := g.IntN(len(rules))
				rules = slices.Delete(rules, i, i+1)
			}
			if g.IntN(10) == 0 {
				g.Shuffle(len(rules), func(i, j int) { rules[i], rules[j] = rules[j], rules[i] })
			} else {
				slices.SortFunc(rules, func(a, b ruled) int { return strings.Compare(a.Route.ID, b.Route.ID) })
			}
			broken := g.rule(step)
			broken.Route.Paths = []string{"~/("}
			var problems []route.Refused
			if router, problems = compile(router, append(rules, broken)); len(problems) != 1 {
				t.Fatal(problems)
			}
			agrees(t, g, router, rules, 60)
		}
	}
}

func FuzzAgreesWithNaive(f *testing.F) {
	f.Add(uint64(1), uint16(10))
	f.Add(uint64(2), uint16(200))
	f.Fuzz(func(t *testing.T, seed uint64, routes uint16) {
		agree(t, seed, int(routes%400)+1, 40)
	})
}
