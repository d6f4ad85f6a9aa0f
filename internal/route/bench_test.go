package route_test

import (
	"fmt"
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/route"
)

// collections are sets of n routes with requests for some of them, spread over the set.
var collections = []struct {
	name string
	rule func(i, n int, r *entity.Route)
	req  func(i, n int) request
}{
	{"hosts and paths", func(i, n int, r *entity.Route) {
		r.Hosts = []string{fmt.Sprintf("svc%d.example.com", i/10)}
		r.Paths = []string{fmt.Sprintf("/api/v%d", i%10)}
	}, func(i, n int) request {
		return request{host: fmt.Sprintf("svc%d.example.com", i/10), path: fmt.Sprintf("/api/v%d/things/17", i%10)}
	}},
	{"paths", func(i, n int, r *entity.Route) {
		r.Paths = []string{fmt.Sprintf("/team%d/service%d", i/10, i%10)}
	}, func(i, n int) request {
		return request{path: fmt.Sprintf("/team%d/service%d/things/17", i/10, i%10)}
	}},
	{"regular expressions", func(i, n int, r *entity.Route) {
		r.Paths = []string{fmt.Sprintf(`~/team%d/(?<id>\d+)/orders$`, i)}
	}, func(i, n int) request {
		return request{path: fmt.Sprintf("/team%d/17/orders", i)}
	}},
	{"regular expressions with one start", func(i, n int, r *entity.Route) {
		r.Paths = []string{fmt.Sprintf(`~/api/(?<id>[^/]+)/orders%d$`, i)}
	}, func(i, n int) request {
		return request{path: fmt.Sprintf("/api/17/orders%d", i)}
	}},
	{"regular expressions that differ inside", func(i, n int, r *entity.Route) {
		r.Paths = []string{fmt.Sprintf(`~/api/(?<org>[^#?/]+)/kind%d/(?<id>[^#?/]+)$`, i)}
	}, func(i, n int) request {
		return request{path: fmt.Sprintf("/api/acme/kind%d/17", i)}
	}},
	{"headers on one path", func(i, n int, r *entity.Route) {
		r.Paths = []string{"/api"}
		r.Headers = map[string][]string{"X-Tenant": {fmt.Sprintf("tenant-%d", i)}}
	}, func(i, n int) request {
		return request{path: "/api/17", fields: []string{"Accept", "*/*", "User-Agent", "test/1.0", "X-Tenant", fmt.Sprintf("Tenant-%d", i)}}
	}},
	{"wildcard hosts", func(i, n int, r *entity.Route) {
		r.Hosts = []string{fmt.Sprintf("*.tenant%d.example.com", i)}
	}, func(i, n int) request {
		return request{host: fmt.Sprintf("a.b.tenant%d.example.com", i), path: "/x"}
	}},
	{"methods on shared paths", func(i, n int, r *entity.Route) {
		r.Paths = []string{fmt.Sprintf("/team%d", i/4)}
		r.Methods = []string{[]string{"GET", "POST", "PUT", "DELETE"}[i%4]}
	}, func(i, n int) request {
		return request{method: []string{"GET", "POST", "PUT", "DELETE"}[i%4], path: fmt.Sprintf("/team%d/17", i/4)}
	}},
	{"SNIs on one path", func(i, n int, r *entity.Route) {
		r.Paths = []string{"/"}
		r.SNIs = []string{fmt.Sprintf("s%d.example.com", i)}
	}, func(i, n int) request {
		return request{path: "/x", tls: true, sni: fmt.Sprintf("s%d.example.com", i)}
	}},
	{"ports of one host", func(i, n int, r *entity.Route) {
		r.Hosts = []string{fmt.Sprintf("example.com:%d", i+1)}
	}, func(i, n int) request {
		return request{host: fmt.Sprintf("example.com:%d", i+1), path: "/"}
	}},
	{"nested paths", func(i, n int, r *entity.Route) {
		r.Paths = []string{"/" + nested[:i%len(nested)]}
		r.Hosts = []string{fmt.Sprintf("h%d.example.com", i/len(nested))}
	}, func(i, n int) request {
		return request{host: fmt.Sprintf("h%d.example.com", i/len(nested)), path: "/" + nested[:i%len(nested)]}
	}},
}

var nested = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

func rulesOf(n int, rule func(i, n int, r *entity.Route)) []ruled {
	rules := make([]ruled, n)
	for i := range rules {
		rules[i] = named(i, func(r *entity.Route) { rule(i, n, r) })
	}
	return rules
}

func BenchmarkMatch(b *testing.B) {
	for _, c := range collections {
		for _, n := range []int{10, 1000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", c.name, n), func(b *testing.B) {
				router := build(b, rulesOf(n, c.rule))
				in := make([]*route.Request, 64)
				for k := range in {
					in[k] = c.req(k*7919%n, n).input(b)
				}
				var out route.Result
				b.ReportAllocs()
				k := 0
				for b.Loop() {
					if !router.Match(in[k&63], &out) {
						b.Fatal("no match")
					}
					k++
				}
			})
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	for _, c := range collections {
		b.Run(c.name, func(b *testing.B) {
			rules := rulesOf(10_000, c.rule)
			b.ReportAllocs()
			for b.Loop() {
				build(b, rules)
			}
		})
	}
}

func BenchmarkRebuild(b *testing.B) {
	rules := rulesOf(10_000, collections[2].rule)
	router := build(b, rules)
	for b.Loop() {
		compile(router, rules)
	}
}

func BenchmarkNormalizePath(b *testing.B) {
	for _, path := range []string{"/api/v1/customers/17/orders", "/a%2Fb/%7Euser/./x//y"} {
		b.Run(path, func(b *testing.B) {
			src, dst := []byte(path), make([]byte, 0, 64)
			b.ReportAllocs()
			for b.Loop() {
				dst, _ = route.NormalizePath(dst[:0], src)
			}
		})
	}
}
