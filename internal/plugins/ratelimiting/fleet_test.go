package ratelimiting_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/plugins/ratelimiting"
	"github.com/gibbon-gateway/gibbon/internal/statedb/redis"
	"github.com/gibbon-gateway/gibbon/internal/statedb/redistest"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// TestFleets counts over Sentinels and over a Cluster of three, from three gateways: exactly the limit passes. Then a master goes away:
// requests go on or are refused, as configured, and when the replica has taken over the limit holds again.
func TestFleets(t *testing.T) {
	if testing.Short() {
		return
	}
	watched, cluster := redistest.StartWatched(t), redistest.StartCluster(t, 3, 1)
	for name, c := range map[string]struct {
		o     redis.Options
		stop  []*redistest.Server
		start int
	}{
		"Sentinel": {redis.Options{Addresses: watched.Addrs(), Master: watched.Name}, []*redistest.Server{watched.Master}, 14},
		"Cluster":  {redis.Options{Addresses: cluster.Addrs(), Cluster: true}, cluster.Masters[:1], 15},
	} {
		t.Run(name, func(t *testing.T) {
			const limit = 100
			var passed, refused atomic.Int64
			var nodes []*plugintest.Instance
			var wg sync.WaitGroup
			for n := range 3 {
				s, _ := newStage(t, fmt.Sprintf("2026-11-24T10:20:%dZ", c.start))
				o := c.o
				o.Timeout = 500 * time.Millisecond
				shared, err := redis.New(o)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = shared.Close() })
				s.State = shared
				host, port := "127.0.0.1", o.Addresses[0][len("127.0.0.1:"):]
				config := fmt.Sprintf("{minute: %d, policy: redis, fault_tolerant: %v, redis: {host: %s, port: %s}}", limit, n == 0, host, port)
				p := s.Instance(t, ratelimiting.Type, config)
				nodes = append(nodes, p)
				for range 4 {
					wg.Go(func() {
						for range 20 {
							switch p.Run(plugintest.Request{}, plugintest.Reply{}).Status {
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
			if passed.Load() != limit || refused.Load() != 240-limit {
				t.Errorf("%d passed, %d refused, want %d and %d", passed.Load(), refused.Load(), limit, 240-limit)
			}
			for _, s := range c.stop {
				s.Do("WAIT", "1", "2000")
				s.Pause()
				defer s.Resume()
			}
			away := false
			c.stop[0].Await("to be replaced", func() bool {
				// Each client of the gateway is at another address, and so has a counter of its own, somewhere in the Cluster.
				in := func(i int) plugintest.Request { return plugintest.Request{Peer: fmt.Sprintf("10.0.0.%d:1", i)} }
				all := true
				for i := range 20 {
					open, strict := nodes[0].Run(in(i), plugintest.Reply{}), nodes[1].Run(in(i), plugintest.Reply{})
					if open.Err != nil || open.Status != 200 {
						t.Fatalf("fault tolerant: %d, %v", open.Status, open.Err)
					}
					if strict.Err != nil {
						away, all = true, false
					}
				}
				return all && away
			})
			for _, p := range nodes { // each finds out for itself
				c.stop[0].Await("to be replaced for all, and the limit to hold", func() bool {
					return p.Run(plugintest.Request{}, plugintest.Reply{}).Status == 429
				})
			}
		})
	}
}

// TestRedisFull: a Redis that takes no more is one that cannot be reached.
func TestRedisFull(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t, "--maxmemory-policy", "noeviction")
	s, _ := newStage(t, "2026-11-24T10:20:14Z")
	open, strict := node(t, s, 0, server, "minute: 5"), node(t, s, 0, server, "minute: 5, fault_tolerant: false")
	if r := open.Run(plugintest.Request{}, plugintest.Reply{}); r.Status != 200 {
		t.Fatalf("%d, %v", r.Status, r.Err)
	}
	server.Do("CONFIG", "SET", "maxmemory", "1")
	for range 20 {
		if r := open.Run(plugintest.Request{}, plugintest.Reply{}); r.Err != nil || r.Status != 200 {
			t.Errorf("fault tolerant: %d, %v", r.Status, r.Err)
		}
		if r := strict.Run(plugintest.Request{}, plugintest.Reply{}); r.Err == nil {
			t.Errorf("strict: %d, want an error", r.Status)
		}
	}
	server.Do("CONFIG", "SET", "maxmemory", "0")
	if r := strict.Run(plugintest.Request{}, plugintest.Reply{}); r.Status != 200 || r.Get("RateLimit-Remaining") != "3" {
		t.Errorf("after that: %d, %v, %q", r.Status, r.Err, r.Header)
	}
}
