package proxycache_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/internal/statedb/redistest"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// member makes a cache as another gateway has it, with Redis as fleet says. Connections are its own, as no other has its time limit.
func member(t *testing.T, c *clock, fleet, config string, timeout int) *bench {
	b := &bench{clock: c, stage: stage.New(t)}
	b.stage.Now = c.Now
	b.Instance = b.stage.Instance(t, proxycache.Type, fmt.Sprintf("{strategy: redis, redis: {%s, timeout: %d}, %s}", fleet, timeout, config))
	return b
}

func sentinels(w *redistest.Watched) string {
	var nodes []string
	for _, s := range w.Sentinels {
		nodes = append(nodes, fmt.Sprintf("{host: 127.0.0.1, port: %d}", s.Port))
	}
	return fmt.Sprintf("sentinel_master: %s, sentinel_nodes: [%s]", w.Name, strings.Join(nodes, ", "))
}

func clusterOf(c *redistest.Cluster) string {
	return fmt.Sprintf("cluster_nodes: [{ip: 127.0.0.1, port: %d}, {ip: 127.0.0.1, port: %d}]", c.Masters[0].Port, c.Masters[1].Port)
}

// TestFleets stores on one node, answers on another, and purges there in all ways, over Sentinels and over a Cluster of three.
func TestFleets(t *testing.T) {
	if testing.Short() {
		return
	}
	for name, fleet := range map[string]string{"Sentinel": sentinels(redistest.StartWatched(t)), "Cluster": clusterOf(redistest.StartCluster(t, 3, 0))} {
		for _, mode := range []string{"redis_memory_seconds: 0", "redis_memory_seconds: 0, rfc9111: true"} {
			t.Run(name+" "+mode, func(t *testing.T) {
				c := newClock()
				one, two := member(t, c, fleet, mode, 4001), member(t, c, fleet, mode, 4002)
				h := adminOf(map[string]any{pluginID: two.Plugin})
				const n = 12
				in := func(i int) plugintest.Request {
					return plugintest.Request{Target: fmt.Sprintf("/%d/x", i), Route: &entity.Route{ID: fmt.Sprint("r", i%2)}}
				}
				fill := func(body string) (key string) {
					c.Advance(time.Millisecond)
					for i := range n {
						reply := text(body, "Cache-Control", "max-age=1000", "Cache-Tag", fmt.Sprint("t", i%3))
						if i%4 == 0 {
							reply.Header = append(reply.Header, "Vary", "Accept-Encoding")
						}
						key = one.send(in(i), reply).Get("X-Cache-Key")
					}
					return key
				}
				ask(h, "DELETE", "/proxy-cache")
				key := fill("one")
				for i := range n {
					want(t, two.send(in(i), text("x")), "Hit 200 one")
				}
				for purge, gone := range map[string]int{"/" + key: 1, "?prefix=/1/": 1, "?tag=t1": n / 3, "?route=r0": n / 2, "": n} {
					fill("one")
					c.Advance(time.Millisecond)
					if code, body := ask(h, "DELETE", "/proxy-cache"+purge); code != 204 {
						t.Fatalf("purge %s: %d %s", purge, code, body)
					}
					c.Advance(time.Millisecond)
					for _, b := range []*bench{one, two} {
						missed := 0
						for i := range n {
							if b.send(in(i), text("new", "Set-Cookie", "not=stored")).Body == "new" {
								missed++
							}
						}
						if missed != gone {
							t.Errorf("purge %q: %d of %d are gone, want %d", purge, missed, n, gone)
						}
					}
				}
			})
		}
	}
}

// TestFailover takes the master away under load: answers go on, hardly any of them waits, and what was stored is there again when the
// replica has taken over.
func TestFailover(t *testing.T) {
	if testing.Short() {
		return
	}
	watched := redistest.StartWatched(t)
	cluster := redistest.StartCluster(t, 3, 1)
	for name, c := range map[string]struct {
		fleet string
		stop  []*redistest.Server
	}{"Sentinel": {sentinels(watched), []*redistest.Server{watched.Master}}, "Cluster": {clusterOf(cluster), cluster.Masters[2:]}} {
		t.Run(name, func(t *testing.T) {
			clock := newClock()
			const limit, n = 500, 30
			const config = "redis_memory_seconds: 0, bypass_on_err: true"
			one, two := member(t, clock, c.fleet, config, limit), member(t, clock, c.fleet, config, limit+1)
			for i := range n {
				want(t, one.get(fmt.Sprint("/", i), nil, text("one")), "Miss 200 one")
			}
			for _, s := range c.stop {
				s.Do("WAIT", "1", "2000")
				s.Pause()
				defer s.Resume()
			}
			began, slow, requests := time.Now(), 0, 0
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for back := 0; back < n; requests++ { // the second node gets all of them, which it has never stored
				<-tick.C
				clock.Advance(time.Millisecond)
				target := fmt.Sprint("/", requests%n)
				at := time.Now()
				if r := one.get(target, nil, text("x")); r.Body != "one" {
					t.Fatalf("what was in memory is %d %q", r.Status, r.Body)
				}
				r := two.get(target, nil, text("fetched", "Set-Cookie", "not=stored"))
				if time.Since(at) > limit*time.Millisecond/2 {
					slow++
				}
				if back++; r.Status != 200 {
					t.Fatalf("%d %q", r.Status, r.Body)
				} else if r.Body != "one" {
					back = 0
				}
				if time.Since(began) > 40*time.Second {
					t.Fatalf("not back within %s", time.Since(began))
				}
			}
			if most := 2 * (int(time.Since(began)/time.Second) + 1); slow > most {
				t.Errorf("%d of %d requests on two nodes waited in %s", slow, 2*requests, time.Since(began))
			}
			t.Logf("%d requests in %s, %d waited", 2*requests, time.Since(began), slow)
		})
	}
}
