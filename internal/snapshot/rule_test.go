package snapshot_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/plan"
	"github.com/gibbon-gateway/gibbon/internal/route"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
)

func place(id, host string) *plan.Backend {
	return &plan.Backend{ID: id, Origin: plan.Origin{Kind: "Service", ID: id, Name: id, Namespace: "ns"}, Protocol: "http", Host: host, Port: 80, Tries: 1}
}

// written makes rules as another source may, with all that rules can say.
func written() []*plan.Rule {
	full, prefix := "/full", "/p"
	origin := plan.Origin{Kind: "HTTPRoute", ID: "uid-1", Name: "web", Namespace: "ns"}
	match := func(key string, m plan.Match) *plan.Match {
		m.Protocols, m.Order.Key = []string{"http", "https"}, key
		return &m
	}
	edit := &plan.HeaderEdit{Set: []plan.Field{{Name: "X-A", Value: "1"}}, Remove: []string{"X-B"}}
	return []*plan.Rule{
		{ID: "1", Origin: origin, Match: match("1", plan.Match{Paths: []plan.Path{{Kind: plan.Exact, Value: "/exact"}},
			Headers: []plan.Condition{{Name: "x", Values: []string{"1"}}}, Query: []plan.Condition{{Name: "q", Values: []string{"1"}}}}),
			Backends: []plan.Weighted{
				{Weight: 90, Backend: place("a", "10.0.0.1")},
				{Weight: 10, Backend: place("b", "10.0.0.2"), Filters: []plan.Filter{{RequestHeader: edit}}},
				{Weight: 0, Backend: place("c", "10.0.0.3")}},
			Filters: []plan.Filter{{RequestHeader: edit}, {ResponseHeader: edit}, {Rewrite: &plan.Rewrite{Host: "h", Path: &plan.PathEdit{Full: &full}}},
				{Mirror: &plan.Mirror{Backend: place("m", "10.0.0.9"), Numerator: 1, Denominator: 4}}},
			Timeouts: plan.Timeouts{Request: plan.Duration(time.Second), Backend: plan.Duration(time.Millisecond)},
			Retry:    &plan.Retry{Attempts: 2, Codes: []int{503}}, Affinity: &plan.Affinity{Kind: plan.Cookie, Name: "s"}},
		{ID: "2", Origin: origin, Match: match("2", plan.Match{Paths: []plan.Path{{Kind: plan.Segments, Value: "/old"}}}),
			Filters: []plan.Filter{{Redirect: &plan.Redirect{Scheme: "https", Path: &plan.PathEdit{Prefix: &prefix}, Status: 301}}}},
		{ID: "3", Origin: origin, Match: match("3", plan.Match{Paths: []plan.Path{{Kind: plan.Segments, Value: "/none"}}}),
			Backends: []plan.Weighted{{Weight: 0, Backend: place("a", "10.0.0.1")}, {Weight: 0, Invalid: "no such service"}}},
	}
}

// A source that has no entities of Kong gets all that it asks for.
func TestRulesOfAnotherSource(t *testing.T) {
	o := options(t, nil)
	config := &plan.Config{Rules: written()}
	s, problems := snapshot.Build(nil, config, o)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var fields header.Fields
	fields.Add("X", "1")
	find := func(path, query string) *snapshot.Plan {
		var out route.Result
		return s.Match(&route.Request{Method: []byte("GET"), Path: []byte(path), Query: []byte(query), Header: &fields}, &out)
	}
	p := find("/exact", "q=1")
	if p == nil || p.Extra == nil || p.Route.ID != "1" || p.Route.Name != "web" || p.Service.Entity.ID != "a" || p.Service.Entity.Host != "10.0.0.1" {
		t.Fatalf("%+v", p)
	}
	shares := map[string]int{}
	for range 1000 {
		shares[p.Extra.Share().Service.Backend.ID]++
	}
	if shares["a"] < 898 || shares["a"] > 902 || shares["a"]+shares["b"] != 1000 {
		t.Errorf("shares %v", shares)
	}
	mirrored := 0
	for range 1000 {
		if p.Extra.Mirrors[0].Wanted() {
			mirrored++
		}
	}
	if m := p.Extra.Mirrors[0]; mirrored < 248 || mirrored > 252 || m.Service.Backend.ID != "m" {
		t.Errorf("%d of 1000 mirrored to %s", mirrored, m.Service.Backend.ID)
	}
	share := p.Extra.Share()
	for share.Service.Backend.ID != "b" {
		share = p.Extra.Share()
	}
	if len(share.RequestHeader) != 2 || len(share.ResponseHeader) != 1 || share.Host() != "h" || *share.Path().Full != "/full" || p.Extra.Marked(share.Mark) != share {
		t.Errorf("%+v", share)
	}
	if find("/exact", "q=2") != nil || find("/exact/x", "q=1") != nil {
		t.Error("a rule takes what it should not")
	}
	if p := find("/old/x", ""); p == nil || p.Extra.Redirect.Status != 301 || p.Service != nil {
		t.Errorf("%+v", p)
	}
	if p := find("/none", ""); p == nil || p.Extra.Share() != nil {
		t.Errorf("%+v", p)
	}
	// The next snapshot takes over what is the same, beside rules of entities.
	set := setOf(t, object(t, "services", 1, `{"host":"127.0.0.1"}`), object(t, "routes", 2, `{"paths":["/old"],"service":`+ref(1)+`}`),
		object(t, "routes", 3, `{"paths":["/kong"]}`))
	both := plan.Translate(set, nil)
	both.Rules = append(both.Rules, config.Rules...)
	before := p
	if s, problems = snapshot.Build(s, both, o); len(problems) > 0 || s.Routes() != 5 {
		t.Fatal(s.Routes(), problems)
	}
	if p := find("/exact", "q=1"); p.Service != before.Service {
		t.Error("an equal backend was made again")
	}
	if p := find("/old", ""); p.Rule != config.Rules[1] { // rules with a key come first
		t.Errorf("%+v", p.Rule)
	}
	if p := find("/kong", ""); p == nil || p.Rule.Origin.Kind != "routes" || p.Extra != nil {
		t.Errorf("%+v", p)
	}
}

func TestBadRules(t *testing.T) {
	origin := plan.Origin{Kind: "HTTPRoute", ID: "uid-1", Name: "web", Namespace: "ns"}
	match := &plan.Match{Protocols: []string{"http"}}
	slash, host := "/x", "up"
	good := place("a", host)
	broken := func(change func(b *plan.Backend)) *plan.Backend {
		b := place("bad", host)
		change(b)
		return b
	}
	for _, c := range []struct {
		name string
		rule plan.Rule
		want string
	}{
		{"no match", plan.Rule{}, "match is missing"},
		{"bad match", plan.Rule{Match: &plan.Match{}}, "match.protocols is empty"},
		{"weights", plan.Rule{Match: match, Backends: []plan.Weighted{{Weight: -1, Backend: good}, {Weight: 1}, {Weight: 1, Backend: good, Invalid: "x"}}},
			"backends[0].weight is not between 0 and 1000000; backends[1] has no backend and does not say why; backends[2] has a backend and says why not"},
		{"backend", plan.Rule{Match: match, Backends: []plan.Weighted{{Weight: 1, Backend: broken(func(b *plan.Backend) { b.Host, b.Port, b.Tries, b.Protocol = "", 0, 0, "ftp" })}}},
			"backends[0].backend.host is empty; backends[0].backend.port is not between 1 and 65535; backends[0].backend.tries is not at least 1; backends[0].backend.protocol is not http, https, grpc, grpcs or h2c"},
		{"TLS", plan.Rule{Match: match, Backends: []plan.Weighted{{Weight: 1, Backend: broken(func(b *plan.Backend) { b.TLS = &plan.TLS{} })}, {Weight: 1, Backend: broken(func(b *plan.Backend) { b.Protocol = "https" })}}},
			"backends[0].backend.tls is for https and grpcs only; backends[1].backend.tls is missing"},
		{"filters", plan.Rule{Match: match, Filters: []plan.Filter{{}, {RequestHeader: &plan.HeaderEdit{}}, {Rewrite: &plan.Rewrite{}, Mirror: &plan.Mirror{}}}},
			"filters[0] has 0 kinds, not one; filters[1].request_header changes nothing; filters[2].rewrite changes nothing; filters[2].mirror.backend is missing; filters[2] has 2 kinds, not one"},
		{"fields", plan.Rule{Match: match, Filters: []plan.Filter{{ResponseHeader: &plan.HeaderEdit{Set: []plan.Field{{Name: "a b", Value: "x\r\ny"}}, Remove: []string{"Content-Length"}}}}},
			"filters[0].response_header.set[0].name is not a name; filters[0].response_header.set[0].value has control characters; filters[0].response_header.remove[0].name is a field that the gateway writes itself"},
		{"paths", plan.Rule{Match: match, Filters: []plan.Filter{{Rewrite: &plan.Rewrite{Path: &plan.PathEdit{Prefix: &host}}}, {Redirect: &plan.Redirect{Scheme: "ftp", Host: "a/b", Port: 70000, Status: 300, Path: &plan.PathEdit{Full: &slash, Prefix: &slash}}}}},
			"filters[0].rewrite.path does not start with /; filters[0].rewrite.path.prefix the rule matches no path; filters[1].redirect.scheme is neither http nor https; filters[1].redirect.host is not a host; filters[1].redirect.port is not between 1 and 65535; filters[1].redirect.status is not 301, 302, 303, 307 or 308; filters[1].redirect.path has not just one of full and prefix; filters[1].redirect.path.prefix the rule matches no path; filters redirect and rewrite exclude each other"},
		{"filters of backends", plan.Rule{Match: match, Backends: []plan.Weighted{{Weight: 1, Backend: good, Filters: []plan.Filter{{CORS: &plan.CORS{AllowOrigins: []string{"x", "https://a*.b"}, MaxAge: -1}}}}}},
			"backends[0].filters[0].cors.allow_origins[0] is not an origin; backends[0].filters[0].cors.allow_origins[1] is not an origin; backends[0].filters[0].cors.max_age is negative; backends[0].filters[0].cors is not for backends"},
		{"times", plan.Rule{Match: match, Timeouts: plan.Timeouts{Request: 1, Backend: 2}, Retry: &plan.Retry{Attempts: -1, Codes: []int{200}, Backoff: -1}, Affinity: &plan.Affinity{Kind: "ip", TTL: 1}},
			"timeouts.backend is longer than timeouts.request; retry.attempts is not between 0 and 1000; retry.backoff is negative; retry.codes[0] is not between 400 and 599; affinity.kind is neither cookie nor header; affinity.name is not a name; affinity.ttl is for cookies only"},
	} {
		c.rule.ID, c.rule.Origin = "r", origin
		rules := []*plan.Rule{&c.rule, {ID: "s", Origin: origin, Match: match, Backends: []plan.Weighted{{Weight: 1, Backend: good}}}}
		s, problems := snapshot.Build(nil, &plan.Config{Rules: rules}, options(t, nil))
		if len(problems) != 1 || problems[0].Kind != "HTTPRoute" || problems[0].ID != "uid-1" {
			t.Errorf("%s: %v", c.name, problems)
			continue
		}
		text := strings.ReplaceAll(problems[0].Err.Error(), "\n", "; ")
		if diff := cmp.Diff("HTTPRoute ns/web: "+c.want, text); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if st := s.Rules(); s.Routes() != 1 || st[0].Programmed || !strings.Contains(text, strings.ReplaceAll(st[0].Reason, "\n", "; ")) || !st[1].Programmed {
			t.Errorf("%s: %d in force, %+v", c.name, s.Routes(), st)
		}
	}
}

// Rules that are not in force say why, also when the router is taken over from the last snapshot.
func TestStatuses(t *testing.T) {
	o := options(t, nil)
	objects := []entity.Object{
		object(t, "services", 1, `{"name":"off","host":"127.0.0.1","enabled":false}`), object(t, "routes", 2, `{"paths":["/"],"service":`+ref(1)+`}`),
		object(t, "routes", 3, `{"paths":["/x"]}`), object(t, "routes", 4, `{"protocols":["tcp"],"sources":[{"port":1}]}`),
	}
	bad := slices.Clone(written()[:1])[0]
	bad.Match.Paths = []plan.Path{{Kind: plan.Regex, Value: "("}}
	twice := *bad
	twice.ID = uuid(3)
	var last *snapshot.Snapshot
	for range 2 {
		c := plan.Translate(setOf(t, objects...), last.Config())
		c.Rules = append(slices.Clone(c.Rules), bad, &twice)
		s, problems := snapshot.Build(last, c, o)
		var got []string
		for _, st := range s.Rules() {
			if st.Programmed != (st.Reason == "") {
				t.Errorf("%+v", st)
			}
			got = append(got, st.ID[max(0, len(st.ID)-1):]+" "+st.Origin.Kind+" "+st.Reason)
		}
		want := []string{"2 routes service " + uuid(1) + " is disabled", "3 routes ", "3 HTTPRoute another rule has the ID " + uuid(3),
			"4 routes streams (tcp) are not proxied", "1 HTTPRoute path \"~(\": error parsing regexp: missing closing ): `^(`"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if len(problems) != 2 || s.Routes() != 1 {
			t.Errorf("%d in force, %v", s.Routes(), problems)
		}
		last = s
	}
}

// What is wrong with a backend is said once, in the name of its origin; rules go on with what there is.
func TestBackendProblems(t *testing.T) {
	match := func(path string) *plan.Match {
		return &plan.Match{Protocols: []string{"http"}, Paths: []plan.Path{{Kind: plan.Exact, Value: path}}}
	}
	lost, secure := place("lost", ""), place("secure", "up")
	lost.Pool = "gone"
	secure.Protocol, secure.TLS = "https", &plan.TLS{ServerName: "inner", CACertificates: []string{"no-ca"}, ClientCertificate: "no-pair"}
	rule := func(id string, b *plan.Backend) *plan.Rule {
		return &plan.Rule{ID: id, Match: match("/" + id), Backends: []plan.Weighted{{Weight: 1, Backend: b}}}
	}
	s, problems := snapshot.Build(nil, &plan.Config{
		Rules: []*plan.Rule{rule("a", place("twice", "one")), rule("b", place("twice", "two")), rule("c", lost), rule("d", secure), rule("e", secure)},
		Pools: []*plan.Pool{{ID: "p", Origin: plan.Origin{Kind: "Service", ID: "p"}, Targets: []plan.Target{{Target: "no port"}}}},
	}, options(t, nil))
	var got []string
	for _, p := range problems {
		got = append(got, p.Kind+" "+p.ID+": "+p.Err.Error())
	}
	want := []string{
		`Service p: upstream : target "no port": address no port: missing port in address`,
		"Service twice: Service ns/twice: another backend has the ID twice",
		"Service lost: Service ns/lost: there is no pool gone",
		"Service secure: ca_certificates: no-ca cannot be used",
		"Service secure: client_certificate no-pair cannot be used",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s.Routes() != 5 {
		t.Errorf("%d in force", s.Routes())
	}
	var out route.Result
	if p := s.Match(&route.Request{Path: []byte("/d")}, &out); p.Service.TLS.Name != "inner" || p.Service.DefaultPort() != 443 {
		t.Errorf("%+v", p.Service)
	}
}
