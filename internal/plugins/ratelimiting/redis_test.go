package ratelimiting_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/plugins/ratelimiting"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/internal/statedb/redistest"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// node makes a limiter as a gateway of its own has it: limiters of one process share their connections when they ask for
// the same, and they do not here, as each has another time limit.
func node(t *testing.T, s *stage.Stage, number int, server *redistest.Server, config string) *plugintest.Instance {
	return s.Instance(t, ratelimiting.Type,
		fmt.Sprintf("{policy: redis, redis: {host: 127.0.0.1, port: %d, timeout: %d}, %s}", server.Port, 5000+number, config))
}

// TestExactlyTheLimitPassesOnRedis sends many requests at once to three gateways on one Redis.
func TestExactlyTheLimitPassesOnRedis(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t)
	for i, rate := range []string{"-1", "0"} {
		const limit, workers, each = 300, 8, 20
		s, _ := newStage(t, fmt.Sprintf("2026-11-24T10:20:%dZ", 14+i))
		var passed, refused atomic.Int64
		var wg sync.WaitGroup
		for n := range 3 {
			p := node(t, s, n, server, fmt.Sprintf("second: %d, hour: %d, sync_rate: %s", limit, 10*limit, rate))
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
		}
		wg.Wait()
		if passed.Load() != limit || refused.Load() != 3*workers*each-limit {
			t.Errorf("sync rate %s: %d passed, %d refused, want %d and %d", rate, passed.Load(), refused.Load(), limit, 3*workers*each-limit)
		}
	}
}

func TestRedisHeaders(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.StartWithPassword(t, "secret")
	s, now := newStage(t, "2026-11-24T10:20:14Z")
	// The names of fields that Kong had before are still read.
	config := fmt.Sprintf("{minute: 2, hour: 100, policy: redis, redis_host: 127.0.0.1, redis_port: %d, redis_password: secret, redis_database: 2}", server.Port)
	p := s.Instance(t, ratelimiting.Type, config)
	var got [][]string
	for range 3 {
		got = append(got, rateHeaders(p.Run(plugintest.Request{}, plugintest.Reply{})))
	}
	want := func(minute, hour string, more ...string) []string {
		return append([]string{
			"X-RateLimit-Limit-Minute: 2", "X-RateLimit-Remaining-Minute: " + minute, "X-RateLimit-Limit-Hour: 100",
			"X-RateLimit-Remaining-Hour: " + hour, "RateLimit-Limit: 2", "RateLimit-Remaining: " + minute, "RateLimit-Reset: 46",
		}, more...)
	}
	if diff := cmp.Diff([][]string{want("1", "99"), want("0", "98"), want("0", "98", "Retry-After: 46")}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if info := server.Do("INFO", "keyspace"); !strings.Contains(info, "db2:keys=2,expires=2") {
		t.Errorf("the keys are %s", info)
	}
	now.set(t, "2026-11-24T10:21:00Z")
	if r := p.Run(plugintest.Request{}, plugintest.Reply{}); r.Status != 200 || r.Get("X-RateLimit-Remaining-Hour") != "97" {
		t.Errorf("in the next minute: %d, %q", r.Status, r.Header)
	}
}

func TestRedisAway(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t)
	s, _ := newStage(t, "2026-11-24T10:20:14Z")
	open := node(t, s, 0, server, "minute: 1")
	strict := node(t, s, 0, server, "minute: 1, fault_tolerant: false, limit_by: ip")
	run := func(p *plugintest.Instance) *plugintest.Result {
		return p.Run(plugintest.Request{}, plugintest.Reply{})
	}
	if r := run(strict); r.Status != 200 {
		t.Fatalf("%d, %v", r.Status, r.Err)
	}
	server.Stop()
	began := time.Now()
	for range 50 {
		if r := run(open); r.Err != nil || r.Status != 200 || len(rateHeaders(r)) > 0 {
			t.Fatalf("fault tolerant: %d, %v, %q", r.Status, r.Err, rateHeaders(r))
		}
		if r := run(strict); r.Err == nil {
			t.Fatalf("strict: %d, want an error", r.Status)
		}
	}
	if d := time.Since(began); d > time.Second {
		t.Errorf("100 requests took %s", d)
	}
	server.Start()
	// Each connection of the driver finds out by itself that its server was gone.
	server.Await("to be used again", func() bool { return run(strict).Err == nil })
	server.Await("to count again", func() bool { return run(strict).Status == 429 })
}

func TestSyncRate(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t)
	s, _ := newStage(t, "2026-11-24T10:20:14Z")
	const config = "hour: 1000, sync_rate: 0.05"
	a, b := node(t, s, 1, server, config), node(t, s, 2, server, config)
	left := func(p *plugintest.Instance) string {
		r := p.Run(plugintest.Request{}, plugintest.Reply{})
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		return r.Get("RateLimit-Remaining")
	}
	for range 10 {
		left(a)
	}
	if got := left(b); got != "999" && got != "989" {
		t.Errorf("before they know of each other: %s", got)
	}
	looks := 11
	// knows waits until a node knows of all that was counted. Looking counts, too, and nodes learn after they looked.
	knows := func(p *plugintest.Instance) {
		t.Helper()
		for range 40 {
			looks++
			if left(p) == fmt.Sprint(1000-looks) {
				return
			}
			<-time.After(150 * time.Millisecond)
		}
		t.Fatalf("a node does not learn of the %d requests that were counted", looks)
	}
	knows(b)
	knows(a)
	// Away: both go on, by themselves. And back: what they counted is not lost.
	server.Pause()
	began := time.Now()
	for range 5 {
		left(a)
		left(b)
		looks += 2
	}
	if d := time.Since(began); d > time.Second {
		t.Errorf("10 requests waited %s for Redis", d)
	}
	server.Resume()
	knows(a)
	knows(b)
	// A change of the configuration loses nothing either.
	changed := node(t, s, 2, server, config+", error_code: 430")
	if got := left(changed); got != fmt.Sprint(1000-looks-1) {
		t.Errorf("after a change %s are left, want %d", got, 1000-looks-1)
	}
	var refused []int
	for range 1100 {
		if r := changed.Run(plugintest.Request{}, plugintest.Reply{}); r.Status != 200 && !slices.Contains(refused, r.Status) {
			refused = append(refused, r.Status)
		}
	}
	if diff := cmp.Diff([]int{430}, refused); diff != "" {
		t.Errorf("over the limit (-want +got):\n%s", diff)
	}
}

func TestSyncedAccessDoesNotAllocate(t *testing.T) {
	if testing.Short() {
		return
	}
	p := node(t, stage.New(t), 1, redistest.Start(t), "minute: 1000000, hour: 10000000, sync_rate: 3600").Plugin.(plugin.Accessor)
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

func TestSyncIsWholeAtTheEnd(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t)
	s, _ := newStage(t, "2026-11-24T10:20:14Z")
	t.Run("first", func(t *testing.T) { // which closes the instance
		p := node(t, s, 1, server, "hour: 100, sync_rate: 3600")
		for range 7 {
			p.Run(plugintest.Request{}, plugintest.Reply{})
		}
	})
	p := node(t, s, 2, server, "hour: 100")
	if got := p.Run(plugintest.Request{}, plugintest.Reply{}).Get("RateLimit-Remaining"); got != "92" {
		t.Errorf("%s are left, want 92", got)
	}
}

func TestClusterPolicy(t *testing.T) {
	s, _ := newStage(t, "2026-11-24T10:20:14Z")
	const config = "{minute: 1, policy: cluster}"
	if _, err := s.Make(ratelimiting.Type, config); err == nil || !strings.Contains(err.Error(), "config.policy: policy 'cluster' needs a database") {
		t.Errorf("without a database: %v", err)
	}
	s.Cluster = s.State
	a, b := s.Instance(t, ratelimiting.Type, config), s.Instance(t, ratelimiting.Type, config)
	if r := a.Run(plugintest.Request{}, plugintest.Reply{}); r.Status != 200 {
		t.Errorf("the first: %d", r.Status)
	}
	if r := b.Run(plugintest.Request{}, plugintest.Reply{}); r.Status != 429 {
		t.Errorf("the second: %d", r.Status)
	}
}
