package route_test

import (
	"bufio"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
)

// pathCase is a row of testdata/upstream_path.txt.
type pathCase struct {
	service, route, strip, handling, request, want string
}

func pathCases(t *testing.T) (cases []pathCase) {
	t.Helper()
	f, err := os.Open("testdata/upstream_path.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if strings.HasPrefix(s.Text(), "#") {
			continue
		}
		c := strings.Fields(s.Text())
		if len(c) != 6 {
			t.Fatalf("row %q", s.Text())
		}
		cases = append(cases, pathCase{c[0], c[1], c[2], c[3], c[4], c[5]})
	}
	return cases
}

// key is what decides the outcome in flavour traditional_compatible, which takes no notice of path_handling.
func (c pathCase) key() pathCase {
	c.handling, c.want = "", ""
	return c
}

func TestUpstreamPathTable(t *testing.T) {
	cases := pathCases(t)
	want := make(map[pathCase]string)
	for _, c := range cases {
		if c.handling == "v0" {
			want[c.key()] = c.want
		}
	}
	if len(cases) != 212 || len(want) != 106 {
		t.Fatalf("%d rows, %d of them v0", len(cases), len(want))
	}
	for _, c := range cases {
		expected, ok := want[c.key()]
		if !ok {
			t.Fatalf("no v0 row for %+v", c)
		}
		for _, regex := range []bool{false, true} {
			router := build(t, []ruled{named(1, func(r *entity.Route) {
				r.StripPath, r.PathHandling = c.strip == "true", c.handling
				switch {
				case c.route == "-":
					r.Hosts = []string{"localhost"}
				case regex:
					r.Paths = []string{"~" + regexp.QuoteMeta(c.route)}
				default:
					r.Paths = []string{c.route}
				}
			})})
			rule, out := match(t, router, request{path: c.request})
			if rule != 0 {
				t.Errorf("%+v: no match", c)
				continue
			}
			if got := string(out.UpstreamPath(nil, c.service)); got != expected {
				t.Errorf("%+v regex %v: got %s, want %s", c, regex, got, expected)
			}
		}
	}
}

func TestUpstreamPathOfRecordedRequests(t *testing.T) {
	rules := []ruled{
		named(1, func(r *entity.Route) { r.Paths = []string{"/plain"} }),
		named(2, func(r *entity.Route) { r.Paths = []string{"/nostrip"}; r.StripPath = false }),
		named(3, func(r *entity.Route) { r.Paths = []string{`~/rx/(?<id>\d+)$`} }),
		named(4, func(r *entity.Route) { r.Hosts = []string{"h.test"} }),
		named(5, func(r *entity.Route) { r.Paths = []string{"/viaup"} }),
	}
	router := build(t, rules)
	for _, c := range []struct {
		request          request
		base             string
		upstream, prefix string
	}{
		{request{path: "/plain"}, "", "/", "/plain"},
		{request{path: "/plainly"}, "", "/ly", "/plain"},
		{request{path: "/plain."}, "", "/", "/plain"},
		{request{path: "/plain.."}, "", "/", "/plain"},
		{request{path: "/plain../x"}, "/base", "/base/x", "/plain"},
		{request{path: "/nostrip/z"}, "", "/nostrip/z", ""},
		{request{path: "/rx/42"}, "", "/", "/rx/42"},
		{request{path: "/any/path", host: "h.test"}, "", "/any/path", ""},
		{request{path: "/plain/a%2Fb/%7Euser/%20x"}, "", "/a%2Fb/~user/%20x", "/plain"},
		{request{path: "/plain/../nostrip/x"}, "", "/nostrip/x", ""},
		{request{path: "/plain//a///b"}, "", "/a/b", "/plain"},
		{request{path: "/viaup/x"}, "/base", "/base/x", "/viaup"},
		{request{path: "/plain/%c3%a9%5c%22"}, "/with space", "/with%20space/%C3%A9%5C%22", "/plain"},
	} {
		rule, out := match(t, router, c.request)
		if rule < 0 {
			t.Errorf("%v: no match", c.request)
			continue
		}
		if got := string(out.UpstreamPath(nil, c.base)); got != c.upstream {
			t.Errorf("%v: upstream path %s, want %s", c.request, got, c.upstream)
		}
		if got := string(out.ForwardedPrefix()); got != c.prefix {
			t.Errorf("%v: prefix %q, want %q", c.request, got, c.prefix)
		}
	}
}

func TestUpstreamPathAppends(t *testing.T) {
	router := build(t, []ruled{named(1, func(r *entity.Route) { r.Paths = []string{"/"} })})
	_, out := match(t, router, request{path: "/"})
	if got := string(out.UpstreamPath([]byte("GET "), "/x")); got != "GET /x" {
		t.Errorf("got %q", got)
	}
	if p := out.ForwardedPrefix(); len(p) != 0 {
		t.Errorf("the prefix %q is forwarded, but it is only a slash", p)
	}
}
