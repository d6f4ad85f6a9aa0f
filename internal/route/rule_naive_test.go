package route_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/plan"
	"github.com/gibbon-gateway/gibbon/internal/route"
)

// otherRule makes a rule of few words with all that other sources may ask for.
func (g generator) otherRule(number int) *plan.Rule {
	m := plan.Match{FoldHosts: g.IntN(2) == 0}
	if g.IntN(3) == 0 {
		m.Hosts = g.some(2, g.routeHost)
	}
	for range g.IntN(3) {
		kind := []plan.PathKind{plan.Prefix, plan.Segments, plan.Segments, plan.Exact, plan.Exact, plan.Regex}[g.IntN(6)]
		m.Paths = append(m.Paths, plan.Path{Kind: kind, Value: g.path() + g.one("", "", "/")})
	}
	if g.IntN(3) == 0 {
		m.Methods = []string{g.one("GET", "POST", "FOO")}
	}
	for range g.IntN(2) {
		c := plan.Condition{Name: g.one("X-Ver", "accept"), Values: []string{g.value()}, Fold: g.IntN(2) == 0}
		if g.IntN(3) == 0 {
			c.Patterns = []string{"^v[0-9]$"}
		}
		m.Headers = append(m.Headers, c)
	}
	for range g.IntN(2) {
		m.Query = append(m.Query, plan.Condition{Name: g.one("q", "a b"), Values: []string{g.one("1", "x y"), g.one("1", "2")}})
	}
	if g.IntN(4) == 0 {
		m.Listeners = []string{g.one(":80", "10.0.0.1:80", "10.0.0.2:80", ":81")}
	}
	r := other(fmt.Sprintf("%04d", number), fmt.Sprintf("%08x", g.Uint32()), m)
	r.Match.Order.Tier = g.IntN(2)
	return r
}

// naiveTakes says what a match means, one condition after the other.
func naiveTakes(m *plan.Match, q request, query url.Values) bool {
	host := q.host
	if m.FoldHosts {
		host = strings.ToLower(host)
	}
	if len(m.Hosts) > 0 && !slices.ContainsFunc(m.Hosts, func(h string) bool { return naiveHost(h, host) }) {
		return false
	}
	if len(m.Methods) > 0 && !slices.Contains(m.Methods, q.method) {
		return false
	}
	if len(m.Listeners) > 0 && !slices.ContainsFunc(m.Listeners, func(l string) bool { return strings.HasSuffix(q.local, l) }) {
		return false
	}
	for _, c := range m.Headers {
		found := false
		for i := 0; i < len(q.fields); i += 2 {
			value := q.fields[i+1]
			values := c.Values
			if c.Fold {
				value = strings.ToLower(value)
				values = strings.Fields(strings.ToLower(strings.Join(values, " ")))
			}
			if strings.EqualFold(q.fields[i], c.Name) {
				found = found || slices.Contains(values, value) || len(c.Patterns) > 0 && regexp.MustCompile(c.Patterns[0]).MatchString(value)
			}
		}
		if !found {
			return false
		}
	}
	for _, c := range m.Query {
		if !query.Has(c.Name) || !slices.Contains(c.Values, query.Get(c.Name)) {
			return false
		}
	}
	return len(m.Paths) == 0 || slices.ContainsFunc(m.Paths, func(p plan.Path) bool {
		switch p.Kind {
		case plan.Exact:
			return q.path == p.Value
		case plan.Segments:
			return strings.HasPrefix(q.path+"/", strings.TrimRight(p.Value, "/")+"/")
		case plan.Regex:
			return regexp.MustCompile("^" + p.Value).MatchString(q.path)
		}
		return strings.HasPrefix(q.path, p.Value)
	})
}

func TestOtherSourcesAgreeWithNaive(t *testing.T) {
	matched, total := 0, 0
	for seed := range uint64(30) {
		g := generator{rand.New(rand.NewPCG(seed, 7))}
		var router *route.Router
		var rules []*plan.Rule
		for step := range 12 {
			rules = slices.Clone(rules)
			for range 1 + g.IntN(20) {
				rules = append(rules, g.otherRule(step*100+len(rules)))
			}
			if len(rules) > 3 {
				i := g.IntN(len(rules) - 2)
				rules = slices.Delete(rules, i, i+2)
			}
			slices.SortFunc(rules, func(a, b *plan.Rule) int { return strings.Compare(a.ID, b.ID) })
			var refused []route.Refused
			if router, refused = router.Rebuild(rules); len(refused) > 0 {
				t.Fatal(refused[0].Err)
			}
			order := slices.Clone(rules)
			slices.SortStableFunc(order, func(a, b *plan.Rule) int {
				if a.Match.Order.Tier != b.Match.Order.Tier {
					return b.Match.Order.Tier - a.Match.Order.Tier
				}
				return strings.Compare(a.Match.Order.Key, b.Match.Order.Key)
			})
			var out route.Result
			for range 40 {
				q := g.request()
				if g.IntN(2) == 0 {
					q.host = strings.ToUpper(q.host)
				}
				q.local = g.one("10.0.0.1", "10.0.0.2") + g.one(":80", ":81")
				text := g.one("", "q=1", "a+b=x%20y&q=2", "q=2&q=1", "a%20b=1&x=y")
				query, _ := url.ParseQuery(text)
				in := q.input(t)
				in.Query = []byte(text)
				q.path = string(in.Path)
				want := "none"
				if i := slices.IndexFunc(order, func(r *plan.Rule) bool { return naiveTakes(r.Match, q, query) }); i >= 0 {
					want = order[i].ID
				}
				got := "none"
				if router.Match(in, &out) {
					got = rules[out.Rule].ID
					matched++
				}
				if total++; got != want {
					t.Fatalf("seed %d: %v from %s ?%s: got %s, want %s", seed, q, netip.MustParseAddrPort(q.local), text, got, want)
				}
			}
		}
	}
	if matched*10 < total*3 || matched == total {
		t.Errorf("%d of %d requests matched: too few or too many to mean much", matched, total)
	}
}
