package ratelimiting_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/plugins/ratelimiting"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
	"github.com/gibbon-gateway/gibbon/state"
)

func TestReadme(t *testing.T) { stage.Readme(t, "README.md", ratelimiting.Type) }

func TestSchema(t *testing.T) { stage.Schema(t, ratelimiting.Type) }

func TestBadConfig(t *testing.T) {
	stage.BadConfig(t, ratelimiting.Type, []stage.Bad{
		{Config: `{}`, Want: "at least one of these fields must be non-empty: 'config.second', 'config.minute', 'config.hour', 'config.day', 'config.month', 'config.year'"},
		{Config: `{minute: x}`, Want: "config.minute: expected a number"},
		{Config: `{minute: 0}`, Want: "config.minute: value must be greater than 0"},
		{Config: `{minute: 1, policy: foo}`, Want: "config.policy: expected one of: local, cluster, redis"},
		{Config: `{minute: 1, limit_by: foo}`, Want: "config.limit_by: expected one of: consumer, credential, ip, service, header, path"},
		{Config: `{minute: 1, limit_by: header}`, Want: "failed conditional validation given value of field 'config.limit_by'"},
		{Config: `{minute: 1, limit_by: path}`, Want: "failed conditional validation given value of field 'config.limit_by'"},
		{Config: `{minute: 1, limit_by: header, header_name: "a b"}`, Want: "config.header_name: bad header name 'a b', allowed characters are A-Z, a-z, 0-9, '_', and '-'"},
		{Config: `{minute: 1, limit_by: path, path: x}`, Want: "config.path: should start with: /"},
		{Config: `{minute: 1, limit_by: path, path: //x}`, Want: "config.path: must not have empty segments"},
		{Config: `{minute: 1, error_code: 0}`, Want: "config.error_code: value must be greater than 0"},
		{Config: `{minute: 1, foo: 1}`, Want: "config.foo: unknown field"},
		{Config: `{second: 20, minute: 10}`, Want: "config: The limit for minute(10.0) cannot be lower than the limit for second(20.0)"},
		{Config: `{hour: 20, year: 10}`, Want: "config: The limit for year(10.0) cannot be lower than the limit for hour(20.0)"},
		{Config: `{minute: 1, sync_rate: 1}`, Want: "config: sync_rate can only be used with the redis policy"},
		{Config: `{minute: 1, policy: redis}`, Want: "failed conditional validation given value of field 'config.policy'"},
		{Config: `{minute: 1, policy: redis, redis: {host: r, port: 70000}}`, Want: "config.redis.port: value should be between 0 and 65535"},
		{Config: `{minute: 1, policy: redis, redis: {host: r}, sync_rate: 0.01}`, Want: "config: sync_rate must be greater than 0.02, or -1 to disable"},
		{Config: `{minute: 1, policy: redis, redis: {host: r}, sync_rate: -2}`, Want: "config: sync_rate must be greater than 0.02, or -1 to disable"},
		{Config: `{minute: 1, policy: redis, redis_host: r, redis_port: x}`, Want: "config.redis_port: expected an integer"},
	})
}

// clock is a time that moves only when told.
type clock struct{ nano atomic.Int64 }

func (c *clock) Now() time.Time { return time.Unix(0, c.nano.Load()) }

func (c *clock) set(t testing.TB, at string) {
	t.Helper()
	v, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	c.nano.Store(v.UnixNano())
}

// newStage makes a stage whose clock, and that of its state, is returned.
func newStage(t testing.TB, at string) (*stage.Stage, *clock) {
	c := &clock{}
	c.set(t, at)
	s := stage.New(t)
	s.State = newStore(t, c)
	s.Now = c.Now
	return s, c
}

func rateHeaders(r *plugintest.Result) []string {
	var list []string
	for _, l := range r.Header {
		if strings.Contains(l, "Rate") || strings.HasPrefix(l, "Retry") {
			list = append(list, l)
		}
	}
	return list
}

func TestPeriods(t *testing.T) {
	for _, c := range []struct {
		period, at string // the first request
		reset      string
		last       string // still in the window
		lastReset  string
		next       string // in the next one
	}{
		{"second", "2026-11-24T10:20:30.2Z", "1", "2026-11-24T10:20:30.999Z", "1", "2026-11-24T10:20:31Z"},
		{"minute", "2026-11-24T10:20:14Z", "46", "2026-11-24T10:20:59Z", "1", "2026-11-24T10:21:00Z"},
		{"hour", "2026-11-24T10:20:30Z", "2370", "2026-11-24T10:59:59Z", "1", "2026-11-24T11:00:00Z"},
		{"day", "2026-11-24T10:00:00Z", "50400", "2026-11-24T23:59:59Z", "1", "2026-11-25T00:00:00Z"},
		{"month", "2026-02-01T00:00:01Z", "2591999", "2026-02-28T23:59:59Z", "172801", "2026-03-01T00:00:00Z"},
		{"month", "2026-01-31T12:00:00Z", "1", "2026-01-31T23:59:59Z", "1", "2026-02-01T00:00:00Z"}, // Kong's month has 30 days
		{"year", "2028-01-01T00:00:00Z", "31536000", "2028-12-31T23:59:59Z", "1", "2029-01-01T00:00:00Z"},
	} {
		t.Run(c.period+" "+c.at, func(t *testing.T) {
			s, now := newStage(t, c.at)
			p := s.Instance(t, ratelimiting.Type, fmt.Sprintf("{%s: 2}", c.period))
			run := func() *plugintest.Result { return p.Run(plugintest.Request{}, plugintest.Reply{}) }
			name := strings.ToUpper(c.period[:1]) + c.period[1:]
			want := func(r *plugintest.Result, left, reset string) {
				t.Helper()
				w := []string{
					"X-RateLimit-Limit-" + name + ": 2", "X-RateLimit-Remaining-" + name + ": " + left,
					"RateLimit-Limit: 2", "RateLimit-Remaining: " + left, "RateLimit-Reset: " + reset,
				}
				if r.Exited {
					w = append(w, "Retry-After: "+reset)
				}
				if diff := cmp.Diff(w, rateHeaders(r)); diff != "" {
					t.Errorf("headers (-want +got):\n%s", diff)
				}
			}
			r := run()
			want(r, "1", c.reset)
			if r.Exited {
				t.Error("the first request was refused")
			}
			now.set(t, c.last)
			want(run(), "0", c.lastReset)
			r = run()
			want(r, "0", c.lastReset)
			if r.Status != 429 || !strings.Contains(r.Body, `"message":"API rate limit exceeded"`) {
				t.Errorf("the third request: %d %s", r.Status, r.Body)
			}
			now.set(t, c.next)
			if r := run(); r.Exited || r.Get("RateLimit-Remaining") != "1" {
				t.Errorf("in the next window: %d, %s left", r.Status, r.Get("RateLimit-Remaining"))
			}
		})
	}
}

func TestSeveralPeriods(t *testing.T) {
	s, now := newStage(t, "2026-11-24T10:20:14Z")
	p := s.Instance(t, ratelimiting.Type, "{second: 2, minute: 3, hour: 3}")
	short := func(r *plugintest.Result) string {
		return r.Get("RateLimit-Limit") + " " + r.Get("RateLimit-Remaining") + " " + r.Get("RateLimit-Reset") + " " + r.Get("Retry-After")
	}
	for i, want := range []string{"2 1 1 ", "2 0 1 ", "2 0 1 1"} {
		if got := short(p.Run(plugintest.Request{}, plugintest.Reply{})); got != want {
			t.Errorf("request %d: %q, want %q", i, got, want)
		}
	}
	now.set(t, "2026-11-24T10:20:15Z")
	// Minute and hour have one left, the second two: of equals the longer is told.
	if got, want := short(p.Run(plugintest.Request{}, plugintest.Reply{})), "3 0 2385 "; got != want {
		t.Errorf("in the next second: %q, want %q", got, want)
	}
	r := p.Run(plugintest.Request{}, plugintest.Reply{})
	if got, want := short(r), "3 0 2385 2385"; got != want || r.Status != 429 {
		t.Errorf("over the hour: %q, want %q; status %d", got, want, r.Status)
	}
	// The refused request did not count for the second.
	if got := r.Get("X-RateLimit-Remaining-Second"); got != "1" {
		t.Errorf("left in the second: %s, want 1", got)
	}
}

func TestFractions(t *testing.T) {
	s, _ := newStage(t, "2026-11-24T10:20:14Z")
	p := s.Instance(t, ratelimiting.Type, "{minute: 1.5}")
	var got []string
	for range 3 {
		r := p.Run(plugintest.Request{}, plugintest.Reply{})
		got = append(got, fmt.Sprint(r.Status, " ", r.Get("RateLimit-Limit"), " ", r.Get("RateLimit-Remaining")))
	}
	if diff := cmp.Diff([]string{"200 1.5 0.5", "200 1.5 0", "429 1.5 0"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLimitBy(t *testing.T) {
	alice := &entity.Consumer{ID: "11111111-1111-4111-8111-111111111111", Username: "alice"}
	key := func(id string) plugin.Credential {
		return plugin.Credential{ID: id, ConsumerID: alice.ID, Identifier: id}
	}
	service := func(id string) *entity.Service { return &entity.Service{ID: id} }
	long := strings.Repeat("x", 5000)
	type request = plugintest.Request
	for _, c := range []struct {
		name, config string
		first        request
		same, other  []request // share the counter of first, or do not
	}{
		{
			"consumer", "{minute: 1}",
			request{Consumer: alice, Credential: key("k1"), Peer: "192.0.2.1:1"},
			[]request{{Consumer: alice, Credential: key("k2"), Peer: "192.0.2.2:1"}, {Consumer: alice}},
			[]request{{Peer: "192.0.2.1:1"}, {Consumer: &entity.Consumer{ID: "2"}}, {Credential: key("k1")}},
		},
		{
			"consumer, fallback to the credential", "{minute: 1, limit_by: consumer}",
			request{Credential: key("k1"), Peer: "192.0.2.1:1"},
			[]request{{Credential: key("k1"), Peer: "192.0.2.2:1"}},
			[]request{{Credential: key("k2")}, {Peer: "192.0.2.1:1"}},
		},
		{
			"consumer, fallback to the address", "{minute: 1}",
			request{Peer: "192.0.2.1:1"},
			[]request{{Peer: "192.0.2.1:2"}},
			[]request{{Peer: "192.0.2.2:1"}, {Peer: "[2001:db8::1]:1"}},
		},
		{
			"credential", "{minute: 1, limit_by: credential}",
			request{Consumer: alice, Credential: key("k1"), Peer: "192.0.2.1:1"},
			[]request{{Consumer: alice, Credential: key("k1"), Peer: "192.0.2.2:1"}},
			[]request{{Consumer: alice, Credential: key("k2")}, {Consumer: alice, Peer: "192.0.2.1:1"}},
		},
		{
			"ip", "{minute: 1, limit_by: ip}",
			request{Peer: "[2001:db8::1]:1", Consumer: alice, Credential: key("k1")},
			[]request{{Peer: "[2001:db8::1]:2"}},
			[]request{{Peer: "[2001:db8::2]:1", Consumer: alice, Credential: key("k1")}},
		},
		{
			"service", "{minute: 1, limit_by: service}",
			request{Service: service("s1"), Peer: "192.0.2.1:1"},
			[]request{{Service: service("s1"), Peer: "192.0.2.2:1"}},
			[]request{{Service: service("s2"), Peer: "192.0.2.1:1"}, {Peer: "192.0.2.1:1"}},
		},
		{
			"header", "{minute: 1, limit_by: header, header_name: X-Tenant}",
			request{Header: []string{"x-tenant", "a"}, Peer: "192.0.2.1:1"},
			[]request{{Header: []string{"X-Tenant", "a", "X-Tenant", "b"}, Peer: "192.0.2.2:1"}},
			[]request{{Header: []string{"X-Tenant", "A"}}, {Peer: "192.0.2.1:1"}, {Header: []string{"X-Tenant", "192.0.2.9"}}},
		},
		{
			"long header", "{minute: 1, limit_by: header, header_name: X-Tenant}",
			request{Header: []string{"X-Tenant", long}},
			[]request{{Header: []string{"X-Tenant", long}}},
			[]request{{Header: []string{"X-Tenant", long + "y"}}},
		},
		{
			"path", "{minute: 1, limit_by: path, path: /status}",
			request{Target: "/status?a", Peer: "192.0.2.1:1"},
			[]request{{Target: "/status", Peer: "192.0.2.2:1"}},
			[]request{{Target: "/status/x", Peer: "192.0.2.1:1"}, {Target: "/Status", Peer: "192.0.2.9:1"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := newStage(t, "2026-11-24T10:20:14Z")
			p := s.Instance(t, ratelimiting.Type, c.config)
			if r := p.Run(c.first, plugintest.Reply{}); r.Exited || r.Err != nil {
				t.Fatalf("first: %d, %v", r.Status, r.Err)
			}
			for i, in := range c.same {
				if r := p.Run(in, plugintest.Reply{}); r.Status != 429 {
					t.Errorf("same %d: %d, want 429", i, r.Status)
				}
			}
			for i, in := range c.other {
				if r := p.Run(in, plugintest.Reply{}); r.Status != 200 {
					t.Errorf("other %d: %d, want 200", i, r.Status)
				}
			}
		})
	}
}

func TestCountersBelongToTheScope(t *testing.T) {
	s, _ := newStage(t, "2026-11-24T10:20:14Z")
	const route, service = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
	run := func(scope plugin.Scope, config string) int {
		s.Scope = scope
		return s.Instance(t, ratelimiting.Type, config).Run(plugintest.Request{}, plugintest.Reply{}).Status
	}
	for i, c := range []struct {
		scope  plugin.Scope
		config string
		want   int
	}{
		{plugin.Scope{Route: route}, "{minute: 1}", 200},
		{plugin.Scope{Route: route}, "{minute: 1, hide_client_headers: true}", 429}, // a new instance, the same counter
		{plugin.Scope{Route: route}, "{minute: 2}", 200},                            // raised
		{plugin.Scope{Route: route}, "{minute: 1}", 429},                            // lowered again
		{plugin.Scope{Service: service}, "{minute: 1}", 200},
		{plugin.Scope{}, "{minute: 1}", 200},
		{plugin.Scope{Route: route, Service: service}, "{minute: 1}", 200},
		{plugin.Scope{Route: "no uuid"}, "{minute: 1}", 200},
		{plugin.Scope{Route: "no uuid"}, "{minute: 1}", 429},
		{plugin.Scope{Route: "another"}, "{minute: 1}", 200},
		{plugin.Scope{Service: service}, "{minute: 1}", 429},
	} {
		if got := run(c.scope, c.config); got != c.want {
			t.Errorf("step %d, %+v %s: %d, want %d", i, c.scope, c.config, got, c.want)
		}
	}
}

func TestAnswer(t *testing.T) {
	for _, c := range []struct {
		config string
		accept string
		status int
		body   string
		header []string
	}{
		{"{minute: 1}", "", 429, "{\n  \"message\":\"API rate limit exceeded\",\n  \"request_id\":\"ID\"\n}",
			[]string{"X-RateLimit-Limit-Minute: 1", "X-RateLimit-Remaining-Minute: 0", "RateLimit-Limit: 1", "RateLimit-Remaining: 0", "RateLimit-Reset: 46", "Retry-After: 46"}},
		{"{minute: 1, hide_client_headers: true}", "", 429, "{\n  \"message\":\"API rate limit exceeded\",\n  \"request_id\":\"ID\"\n}", nil},
		{"{minute: 1, hide_client_headers: true, error_code: 430, error_message: slow down}", "text/plain", 430, "slow down\nrequest_id: ID\n", nil},
		{"{minute: 1, hide_client_headers: true, error_code: null, error_message: null}", "text/plain", 429, "Too many requests\nrequest_id: ID\n", nil},
		{"{minute: 1, hide_client_headers: true, limit_by: null, policy: null}", "text/plain", 429, "API rate limit exceeded\nrequest_id: ID\n", nil},
	} {
		s, _ := newStage(t, "2026-11-24T10:20:14Z")
		p := s.Instance(t, ratelimiting.Type, c.config)
		in := plugintest.Request{}
		if c.accept != "" {
			in.Header = []string{"Accept", c.accept}
		}
		p.Run(in, plugintest.Reply{})
		r := p.Run(in, plugintest.Reply{})
		if body := strings.ReplaceAll(r.Body, r.Exchange.RequestID(), "ID"); r.Status != c.status || body != c.body {
			t.Errorf("%s: %d %s, want %d %s", c.config, r.Status, body, c.status, c.body)
		}
		if diff := cmp.Diff(c.header, rateHeaders(r)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.config, diff)
		}
	}
}

// TestExactlyTheLimitPasses sends many requests at once.
func TestExactlyTheLimitPasses(t *testing.T) {
	const limit, workers, each = 500, 32, 40
	s, _ := newStage(t, "2026-11-24T10:20:14Z")
	p := s.Instance(t, ratelimiting.Type, fmt.Sprintf("{second: %d, hour: %d}", limit, 10*limit))
	var passed, refused atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				switch r := p.Run(plugintest.Request{}, plugintest.Reply{}); r.Status {
				case 200:
					passed.Add(1)
				case 429:
					refused.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if passed.Load() != limit || refused.Load() != workers*each-limit {
		t.Errorf("%d passed, %d refused, want %d and %d", passed.Load(), refused.Load(), limit, workers*each-limit)
	}
}

// away is a state that cannot be reached.
type away struct{ state.Store }

func (away) Take(context.Context, int64, []state.Claim) (bool, error) {
	return false, fmt.Errorf("dial redis: %w", state.ErrUnavailable)
}

func TestStateAway(t *testing.T) {
	s, now := newStage(t, "2026-11-24T10:20:14Z")
	var log strings.Builder
	s.State, s.Log = away{s.State}, &log
	p := s.Instance(t, ratelimiting.Type, "{minute: 1}")
	for range 5 {
		if r := p.Run(plugintest.Request{}, plugintest.Reply{}); r.Err != nil || r.Exited || len(rateHeaders(r)) > 0 {
			t.Errorf("fault tolerant: %d, %v, %q", r.Status, r.Err, rateHeaders(r))
		}
	}
	if n := strings.Count(log.String(), "dial redis"); n != 1 {
		t.Errorf("logged %d times, want once:\n%s", n, log.String())
	}
	now.set(t, "2026-11-24T10:20:25Z")
	p.Run(plugintest.Request{}, plugintest.Reply{})
	if n := strings.Count(log.String(), "dial redis"); n != 2 {
		t.Errorf("after eleven seconds logged %d times, want twice", n)
	}
	strict := s.Instance(t, ratelimiting.Type, "{minute: 1, fault_tolerant: false}")
	if r := strict.Run(plugintest.Request{}, plugintest.Reply{}); r.Err == nil || r.Exited {
		t.Errorf("strict: %d, %v, want an error", r.Status, r.Err)
	}
}

func TestAccessDoesNotAllocate(t *testing.T) {
	s := stage.New(t)
	p := s.Instance(t, ratelimiting.Type, "{minute: 1000000, hour: 10000000}").Plugin.(plugin.Accessor)
	x := plugintest.Exchange(plugintest.Request{})
	allocs := testing.AllocsPerRun(200, func() {
		x.Response.Header.Reset()
		if err := p.Access(x); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkAccess(b *testing.B) {
	for _, config := range []string{"{minute: 100000000}", "{minute: 100000000, hour: 100000000}"} {
		b.Run(config, func(b *testing.B) {
			s := stage.New(b)
			p := s.Instance(b, ratelimiting.Type, config).Plugin.(plugin.Accessor)
			x := plugintest.Exchange(plugintest.Request{})
			b.ReportAllocs()
			for b.Loop() {
				x.Response.Header.Reset()
				if err := p.Access(x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
