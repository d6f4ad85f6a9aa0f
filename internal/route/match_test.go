package route_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/route"
)

// fill is short for what makes a route.
type fill = func(r *entity.Route)

func hosts(h ...string) fill   { return func(r *entity.Route) { r.Hosts = h } }
func paths(p ...string) fill   { return func(r *entity.Route) { r.Paths = p } }
func methods(m ...string) fill { return func(r *entity.Route) { r.Methods = m } }
func snis(s ...string) fill    { return func(r *entity.Route) { r.SNIs = s } }
func urgent(p int) fill        { return func(r *entity.Route) { r.RegexPriority = p } }

func headers(name string, values ...string) fill {
	return func(r *entity.Route) {
		if r.Headers == nil {
			r.Headers = map[string][]string{}
		}
		r.Headers[name] = values
	}
}

func all(parts ...fill) fill {
	return func(r *entity.Route) {
		for _, p := range parts {
			p(r)
		}
	}
}

func TestAttributes(t *testing.T) {
	for _, c := range []struct {
		name    string
		route   fill
		yes, no []request
	}{
		{"methods", all(methods("GET", "PURGE"), paths("/")),
			[]request{{path: "/"}, {path: "/", method: "PURGE"}},
			[]request{{path: "/", method: "POST"}, {path: "/", method: "LOCK"}, {path: "/", method: "get"}}},
		{"all methods", methods("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"),
			[]request{{path: "/", method: "HEAD"}, {path: "/", method: "POST"}, {path: "/", method: "PUT"}, {path: "/", method: "PATCH"},
				{path: "/", method: "DELETE"}, {path: "/", method: "OPTIONS"}, {path: "/", method: "TRACE"}, {path: "/", method: "CONNECT"}},
			[]request{{path: "/", method: "BREW"}, {path: "/", method: "GETS"}}},
		{"any method", paths("/"), []request{{path: "/", method: "FOO"}}, nil},
		{"hosts", hosts("a.test", "b.test"),
			[]request{{path: "/x", host: "a.test"}, {path: "/", host: "b.test:99"}},
			[]request{{path: "/", host: "c.test"}, {path: "/", host: "A.test"}, {path: "/", host: "x.a.test"}, {path: "/", host: "a.test."}, {path: "/", host: "a.test:x"}}},
		{"wildcard on the left", hosts("*.a.test"),
			[]request{{path: "/", host: "x.a.test"}, {path: "/", host: "x.y.a.test:8"}, {path: "/", host: ".a.test"}},
			[]request{{path: "/", host: "a.test"}, {path: "/", host: "xa.test"}, {path: "/", host: "x.a.test.org"}}},
		{"wildcard on the right", hosts("a.*"),
			[]request{{path: "/", host: "a.test"}, {path: "/", host: "a.x.y"}, {path: "/", host: "a.x:80"}},
			[]request{{path: "/", host: "a"}, {path: "/", host: "b.a.test"}, {path: "/", host: "ab.test"}}},
		{"only a wildcard", hosts("*"), []request{{path: "/", host: "x"}}, nil},
		{"host with the port of the request", hosts("a.test:9000"),
			[]request{{path: "/", host: "a.test:9000"}}, []request{{path: "/", host: "a.test"}, {path: "/", host: "a.test:8000"}}},
		{"host with the port of the listener", hosts("a.test:8000", "*.b.test:8000", "c.*:8000"),
			[]request{{path: "/", host: "a.test"}, {path: "/", host: "x.b.test"}, {path: "/", host: "c.test"}},
			[]request{{path: "/", host: "a.test:80"}, {path: "/", host: "x.b.test:80"}, {path: "/", host: "c.test:80"}}},
		{"IPv6 host", hosts("[::1]:80"), []request{{path: "/", host: "[::1]:80"}}, []request{{path: "/", host: "[::1]"}}},
		{"paths", paths("/a", "/b/c"),
			[]request{{path: "/a"}, {path: "/ab"}, {path: "/b/c/d"}, {path: "/x/../a"}, {path: "//a"}, {path: "/%61"}},
			[]request{{path: "/"}, {path: "/b"}, {path: "/x/a"}, {path: "/A"}}},
		{"encoded slash", paths("/a%2Fb"), []request{{path: "/a%2fb/c"}}, []request{{path: "/a/b"}}},
		{"regular expression", paths(`~/rx/(?<id>\d+)$`),
			[]request{{path: "/rx/42"}}, []request{{path: "/rx/abc"}, {path: "/rx/42/x"}, {path: "/x/rx/42"}}},
		{"only the first alternative is anchored", paths(`~/a$|/b$`),
			[]request{{path: "/a"}, {path: "/b"}, {path: "/x/b"}}, []request{{path: "/x/a"}, {path: "/ab"}}},
		{"header", all(headers("X-Ver", "v2", "V3"), paths("/")),
			[]request{{path: "/", fields: []string{"x-ver", "V2"}}, {path: "/", fields: []string{"X-VER", "v1", "X-Ver", "v3"}}, {path: "/", fields: []string{"x_ver", "v2"}}},
			[]request{{path: "/"}, {path: "/", fields: []string{"x-ver", "v22"}}, {path: "/", fields: []string{"x-ver", ""}},
				{path: "/", fields: []string{"x-ver", "v2", "x_ver", "v1"}}}}, // the spelling with "_" hides the other
		{"headers", all(headers("a", "1"), headers("b", "2")),
			[]request{{path: "/", fields: []string{"a", "1", "b", "2"}}}, []request{{path: "/", fields: []string{"a", "1"}}, {path: "/", fields: []string{"b", "2"}}}},
		{"header by regular expression", headers("accept", "~*^TEXT/(html|plain)$"),
			[]request{{path: "/", fields: []string{"Accept", "text/HTML"}}, {path: "/", fields: []string{"Accept", "x", "Accept", "text/plain"}}},
			[]request{{path: "/", fields: []string{"Accept", "text/htmlx"}}}},
		{"snis", all(snis("a.test", "*.b.test", "c.test.", "d.*"), paths("/")),
			[]request{{path: "/", tls: true, sni: "d.test"}, {path: "/", tls: true, sni: "a.test"}, {path: "/", tls: true, sni: "x.b.test"}, {path: "/", tls: true, sni: "c.test"}, {path: "/"}},
			[]request{{path: "/", tls: true}, {path: "/", tls: true, sni: "b.test"}}},
	} {
		router := build(t, []ruled{named(1, c.route)})
		for _, q := range c.yes {
			if got, out := match(t, router, q); got != 0 || out.Match == nil {
				t.Errorf("%s: %v does not match", c.name, q)
			}
		}
		for _, q := range c.no {
			if got, out := match(t, router, q); got != -1 || out.Match != nil {
				t.Errorf("%s: %v matches", c.name, q)
			}
		}
	}
}

// Each case is a list of routes from the first choice to the last for a request that they all accept.
func TestPrecedence(t *testing.T) {
	everything := request{host: "x.a.test:80", path: "/api/users/7", tls: true, sni: "x.a.test", fields: []string{"a", "1", "b", "2"}}
	for _, c := range []struct {
		name   string
		routes []fill
	}{
		{"more attributes first, whatever they are", []fill{
			all(hosts("*.a.test"), paths("/"), methods("GET"), headers("a", "1"), snis("x.a.test")),
			all(hosts("*.a.test"), paths("/"), methods("GET"), headers("a", "1")),
			all(paths("/"), methods("GET"), headers("a", "1")),
			all(methods("GET"), headers("a", "1")),
			hosts("x.a.test"), // one attribute, and no wildcard
			paths(`~/api/users/\d+$`)}},
		{"hosts without wildcard, then number of headers, then regular expressions", []fill{
			all(hosts("x.a.test"), headers("a", "1")),
			all(headers("a", "1"), headers("b", "2"), paths("/")),
			all(headers("a", "1"), paths(`~/a`)),
			all(headers("a", "1"), paths("/api/users/7")),
			all(hosts("x.a.test", "*.a.test"), methods("GET"))}},
		{"regex_priority, also 0 before the longest path", []fill{
			all(paths(`~/api/`), urgent(200)), all(paths(`~/api/users/\d+$`), urgent(10)), paths(`~/`), paths("/api/users/7"),
			all(paths("/api/users/"), urgent(500)), paths("/api"), paths("/")}},
		{"a negative regex_priority wraps", []fill{
			all(paths(`~/api`), urgent(-1)), all(paths(`~/api/users`), urgent(9))}},
		{"the parts of a route compete for themselves", []fill{
			paths("/other", "/api/users/7"), paths("/api/users/"), paths("/a", "/nowhere/to/be/found/at/all")}},
	} {
		n := len(c.routes)
		for shift := range n { // ids and order must not matter
			rules := make([]ruled, n)
			for i, f := range c.routes {
				rules[i] = named((i+shift)%n, f)
			}
			for first := range c.routes {
				got, _ := match(t, build(t, rules[first:]), everything)
				if got != 0 {
					t.Errorf("%s: of routes %d to %d the match is %d", c.name, first, n-1, first+got)
				}
			}
		}
	}
}

func TestEqualPriorityGoesToTheLargerID(t *testing.T) {
	rules := []ruled{named(2, paths("/a")), named(9, paths("/a")), named(3, paths("/a"))}
	if got, _ := match(t, build(t, rules), request{path: "/a"}); got != 1 {
		t.Errorf("got %d", got)
	}
	// The parts of a split route have ids of their own: uuid5(namespace, "<route id>#2") and "…#true".
	rules = []ruled{named(5, paths("/a", "/other", "~/b", "~/c")), named(4, paths("/a")), named(4, paths("~/b"))}
	rules[1].Route.ID, rules[2].Route.ID = "ffffffff-0000-4000-8000-000000000000", "00000000-0000-4000-8000-000000000000"
	if got, _ := match(t, build(t, rules), request{path: "/a"}); got != 1 {
		t.Errorf("got %d", got)
	}
	if got, _ := match(t, build(t, rules), request{path: "/b"}); got != 0 {
		t.Errorf("got %d", got)
	}
}

func TestResult(t *testing.T) {
	rules := []ruled{
		named(1, paths("/with")), named(2, paths(`~/rx/(?<id>\d+)/(x)?(?<rest>.*)`)), named(3, hosts("h.test")), named(4, paths(`~/plain$`)),
	}
	router := build(t, rules)
	var out route.Result
	if router.Match(request{path: "/none"}.input(t), &out); out.Match != nil {
		t.Errorf("no match left %+v", out)
	}
	if !router.Match(request{path: "/with/x"}.input(t), &out) || out.Match != made[rules[0].Route].Match || string(out.Prefix) != "/with" {
		t.Errorf("got %+v", out)
	}
	if n, named := out.Captures(); n != nil || named != nil {
		t.Errorf("captures of a plain path: %v %v", n, named)
	}
	if !router.Match(request{path: "/rx/42/a/b"}.input(t), &out) || out.Rule != 1 || string(out.Prefix) != "/rx/42/a/b" {
		t.Errorf("got %+v", out)
	}
	numbered, byName := out.Captures()
	if diff := cmp.Diff([]string{"/rx/42/a/b", "42", "", "a/b"}, numbered); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"id": "42", "rest": "a/b"}, byName); diff != "" {
		t.Error(diff)
	}
	if !router.Match(request{path: "/plain"}.input(t), &out) {
		t.Fatal("no match")
	}
	if n, named := out.Captures(); n != nil || named != nil {
		t.Errorf("captures of an expression without groups: %v %v", n, named)
	}
	if !router.Match(request{path: "/x", host: "h.test"}.input(t), &out) || len(out.Prefix) != 0 {
		t.Errorf("got %+v", out)
	}
}

func TestRequestWithoutFields(t *testing.T) {
	router := build(t, []ruled{named(1, all(paths("/"), headers("a", "1"))), named(2, paths("/a"))})
	var out route.Result
	if in := (&route.Request{Path: []byte("/")}); router.Match(in, &out) {
		t.Errorf("matched %v", out.Match)
	}
	if in := (&route.Request{Path: []byte("/a"), Header: new(header.Fields)}); !router.Match(in, &out) || out.Rule != 1 {
		t.Errorf("matched %v", out.Match)
	}
}

func TestRoutesThatCannotWork(t *testing.T) {
	rules := []ruled{
		named(1, paths("/a", `~/a(`)),
		named(2, all(paths("/a"), headers("x", "~*["))),
		named(3, paths("/a")),
		named(4, paths(`~/b(?=c)`)),
		named(5, func(r *entity.Route) { r.Protocols, r.SNIs = []string{"tls"}, []string{"a.test"} }),
	}
	router, problems := compile(nil, rules)
	var got []string
	for _, p := range problems {
		got = append(got, p.Rule.Origin.String()+": "+p.Err.Error())
	}
	want := []string{
		"route 00000000-0000-4000-8000-000000000001: path \"~/a(\": error parsing regexp: missing closing ): `^/a(`",
		"route 00000000-0000-4000-8000-000000000002: header x: error parsing regexp: missing closing ]: `[`",
		"route 00000000-0000-4000-8000-000000000004: path \"~/b(?=c)\": error parsing regexp: invalid or unsupported Perl syntax: `(?=`",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := router.Len(); n != 1 {
		t.Errorf("%d rules work", n)
	}
	if got, _ := match(t, router, request{path: "/a"}); got != 2 {
		t.Errorf("matched %d", got)
	}
	empty, problems := compile(nil, nil)
	if got, _ := match(t, empty, request{path: "/"}); got != -1 || len(problems) > 0 {
		t.Errorf("matched %d of none, %v", got, problems)
	}
}

func TestRebuild(t *testing.T) {
	rules := []ruled{named(1, paths(`~/a/(?<id>\d+)`)), named(2, all(paths("/a"), headers("x", "~*^v[0-9]$")))}
	first := build(t, rules)
	second, problems := compile(first, []ruled{rules[1], named(3, paths(`~/a/(?<id>\d+)`, `~/b/(\d+)`))})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, c := range []struct {
		router *route.Router
		path   string
		want   int
	}{{first, "/a/7", 0}, {first, "/b/7", -1}, {second, "/a/7", 1}, {second, "/b/7", 1}, {second, "/a", -1}} {
		if got, _ := match(t, c.router, request{path: c.path}); got != c.want {
			t.Errorf("%s: got %d, want %d", c.path, got, c.want)
		}
	}
	big := rulesOf(500, collections[2].rule)
	router := build(t, big)
	fresh := testing.AllocsPerRun(2, func() { compile(nil, big) })
	if again := testing.AllocsPerRun(2, func() { compile(router, big) }); again > fresh/2 {
		t.Errorf("%v allocations to rebuild the same, %v to build", again, fresh)
	}
}

// A long list is filed by header values; fields spelled with "_" and requests without fields must still get the right answer.
func TestManyRoutesByHeader(t *testing.T) {
	var rules []ruled
	for i := range 100 {
		rules = append(rules, named(i, all(paths("/"), headers("X-Tenant", fmt.Sprint(i)))))
	}
	rules = append(rules, named(100, paths("/")))
	router := build(t, rules)
	for _, c := range []struct {
		fields []string
		want   int
	}{
		{nil, 100},
		{[]string{"x-tenant", "42"}, 42},
		{[]string{"x_tenant", "42"}, 42},
		{[]string{"x-tenant", "1", "x-tenant", "2"}, 2}, // both match: the larger id
		{[]string{"x-tenant", "x"}, 100},
	} {
		if got, _ := match(t, router, request{path: "/", fields: c.fields}); got != c.want {
			t.Errorf("%q: got %d, want %d", c.fields, got, c.want)
		}
	}
	var out route.Result
	if !router.Match(&route.Request{Path: []byte("/")}, &out) || out.Rule != 100 {
		t.Errorf("without fields: %d", out.Rule)
	}
}

func TestProtocol(t *testing.T) {
	const secure, grpc, http2 = 1, 2, 4
	for _, c := range []struct {
		protocols string
		status    int
		want      [8]route.Verdict // by the sum of what the request is
	}{
		{"http", 301, [8]route.Verdict{}},
		{"http https", 301, [8]route.Verdict{}},
		{"https", 426, [8]route.Verdict{0: route.RequireHTTPS, grpc: route.RequireHTTPS, http2: route.RequireHTTPS, grpc | http2: route.RequireHTTPS}},
		{"https", 0, [8]route.Verdict{0: route.RequireHTTPS, grpc: route.RequireHTTPS, http2: route.RequireHTTPS, grpc | http2: route.RequireHTTPS}},
		{"https", 301, [8]route.Verdict{0: route.RedirectHTTPS, grpc: route.RedirectHTTPS, http2: route.RedirectHTTPS, grpc | http2: route.RedirectHTTPS}},
		{"grpc", 426, [8]route.Verdict{route.RefuseNonGRPC, route.RefuseNonGRPC, route.RequireHTTP2, route.RequireHTTP2, route.RefuseNonGRPC, route.RefuseNonGRPC, route.Forward, route.Forward}},
		{"grpcs", 426, [8]route.Verdict{route.RefuseNonGRPC, route.RefuseNonGRPC, route.RequireHTTP2, route.RequireHTTP2, route.RefuseNonGRPC, route.RefuseNonGRPC, route.RefuseGRPCPlain, route.Forward}},
		{"grpc grpcs", 426, [8]route.Verdict{route.RefuseNonGRPC, route.RefuseNonGRPC, route.RequireHTTP2, route.RequireHTTP2, route.RefuseNonGRPC, route.RefuseNonGRPC, route.Forward, route.Forward}},
	} {
		router := build(t, []ruled{named(1, func(r *entity.Route) {
			r.Protocols, r.Paths, r.HTTPSRedirectStatusCode = strings.Fields(c.protocols), []string{"/"}, c.status
		})})
		_, out := match(t, router, request{path: "/"})
		for is, want := range c.want {
			if got := out.Protocol(is&secure != 0, is&grpc != 0, is&http2 != 0); got != want {
				t.Errorf("%s %d, request %03b: got %d, want %d", c.protocols, c.status, is, got, want)
			}
		}
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	for _, c := range collections {
		router := build(t, rulesOf(300, c.rule))
		in := c.req(17, 300).input(t)
		var out route.Result
		dst := make([]byte, 0, 256)
		if n := testing.AllocsPerRun(200, func() {
			if !router.Match(in, &out) {
				t.Fatalf("%s: no match", c.name)
			}
			dst, _ = route.NormalizePath(dst[:0], in.Path)
			dst = out.UpstreamPath(dst[:0], "/base")
		}); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}

// A walk over 10,000 routes takes a thousand times as long as one over 10. The bound leaves room for caches and a busy machine.
func TestLookupDoesNotGrowWithRoutes(t *testing.T) {
	for _, c := range collections {
		few, many := lookupTime(t, c.rule, c.req, 10), lookupTime(t, c.rule, c.req, 10_000)
		if many > 20*few+2*time.Microsecond {
			t.Errorf("%s: a lookup takes %v with 10 routes and %v with 10,000", c.name, few, many)
		}
	}
}

// lookupTime is the best of some rounds.
func lookupTime(t *testing.T, rule func(i, n int, r *entity.Route), req func(i, n int) request, n int) time.Duration {
	router := build(t, rulesOf(n, rule))
	in := make([]*route.Request, 32)
	for k := range in {
		in[k] = req(k*7919%n, n).input(t)
	}
	best := time.Hour
	var out route.Result
	for range 20 {
		start := time.Now()
		for k := range in {
			if !router.Match(in[k], &out) {
				t.Fatal("no match", fmt.Sprint(in[k]))
			}
		}
		best = min(best, time.Since(start)/time.Duration(len(in)))
	}
	return best
}
