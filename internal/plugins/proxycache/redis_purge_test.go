package proxycache_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/statedb/redistest"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// TestPurgeMeetsFetches: what one node is fetching while another one purges is nowhere to be found afterwards.
func TestPurgeMeetsFetches(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t)
	for name, config := range map[string]string{"Kong": "redis_memory_seconds: 0", "tier": "redis_memory_seconds: 1", "RFC": "redis_memory_seconds: 0, rfc9111: true"} {
		for _, vary := range []string{"", "A"} {
			t.Run(name+vary, func(t *testing.T) {
				server.Do("FLUSHALL")
				c := newClock()
				one, two := node(t, c, 1, server.Port, config), node(t, c, 2, server.Port, config)
				h := adminOf(map[string]any{pluginID: one.Plugin})
				fresh := []string{"Cache-Control", "max-age=1000, public", "Cache-Tag", "t"}
				if vary != "" {
					fresh = append(fresh, "Vary", vary)
				}
				key := two.get("/key", nil, text("x", fresh...)).Get("X-Cache-Key")
				for _, purge := range []string{"", "?prefix=/", "?tag=t", "?prefix=/other", "?soft=true", "/" + key} {
					if purge != "" && name == "tier" {
						c.Advance(time.Second) // a while for the entry of the last round to leave the memory
					}
					ask(h, "DELETE", "/proxy-cache")
					c.Advance(time.Second)
					x, finish := two.begin(t, plugintest.Request{Target: "/key"})
					c.Advance(time.Millisecond)
					if code, body := ask(h, "DELETE", "/proxy-cache"+purge); code != 204 && code != 404 {
						t.Fatalf("purge %s: %d %s", purge, code, body)
					}
					c.Advance(time.Millisecond)
					finish(x, "old", fresh...)
					want(t, one.get("/key", nil, text("new", fresh...)), "Miss 200 new")
					want(t, two.get("/key", nil, text("newer", fresh...)), "Hit 200 new")
				}
			})
		}
	}
}

// TestChangeMeetsFetches: what is being fetched while a PUT on another node changes it, is not served once the PUT was answered; nor is
// what was kept for others.
func TestChangeMeetsFetches(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t)
	c := newClock()
	const config = "redis_memory_seconds: 0, rfc9111: true, vary_headers: [X-Who]"
	one, two := node(t, c, 1, server.Port, config), node(t, c, 2, server.Port, config)
	fresh := []string{"Cache-Control", "max-age=1000, public"}
	who := []string{"X-Who", "me"}
	want(t, one.get("/a", who, text("mine", fresh...)), "Miss 200 mine")
	x, finish := two.begin(t, plugintest.Request{Target: "/a"})
	one.send(plugintest.Request{Method: "PUT", Target: "/a"}, text("done"))
	finish(x, "old", fresh...)
	c.Advance(time.Millisecond)
	want(t, one.get("/a", nil, text("new", fresh...)), "Miss 200 new")
	want(t, two.get("/a", nil, text("newer", fresh...)), "Hit 200 new")
	want(t, two.get("/a", who, text("mine, new", fresh...)), "Miss 200 mine, new")
}

// TestPurgeMeetsThoseWhoWait: who begins to wait for a fetch after a purge on another node does not get what it brings.
func TestPurgeMeetsThoseWhoWait(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t)
	c := newClock()
	one, two := node(t, c, 1, server.Port, "redis_memory_seconds: 0"), node(t, c, 2, server.Port, "redis_memory_seconds: 0")
	x, finish := two.begin(t, plugintest.Request{})
	c.Advance(time.Millisecond)
	ask(adminOf(map[string]any{pluginID: one.Plugin}), "DELETE", "/proxy-cache")
	c.Advance(time.Millisecond)
	waits := make(chan string)
	go func() { waits <- two.Run(plugintest.Request{}, text("new")).Body }()
	<-time.After(50 * time.Millisecond) // until it waits, most likely
	finish(x, "old")
	if got := <-waits; got != "new" {
		t.Errorf("who waited got %q", got)
	}
}

// TestManyStoreAndPurge lets four nodes fetch and purge a few keys at once. The upstream counts; a response that began before a purge was
// answered must not be served to a request that began after.
func TestManyStoreAndPurge(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t)
	c := newClock()
	c.Advance(time.Hour) // it moves on with every look, so that nothing happens at the same time
	var version, purged atomic.Int64
	var wg sync.WaitGroup
	for n := range 4 {
		b := node(t, c, n, server.Port, fmt.Sprintf("redis_memory_seconds: 0, collapse: %v", n%2 == 0))
		wg.Go(func() {
			h := adminOf(map[string]any{pluginID: b.Plugin})
			for i := range 200 {
				c.Advance(time.Microsecond)
				if i%10 == n {
					at := version.Load()
					if code, body := ask(h, "DELETE", "/proxy-cache?prefix=/"); code != 204 {
						t.Errorf("purge: %d %s", code, body)
					}
					for old := purged.Load(); old < at && !purged.CompareAndSwap(old, at); old = purged.Load() {
					}
				}
				least := purged.Load()
				x := plugintest.Exchange(plugintest.Request{Target: fmt.Sprint("/", i%2)})
				p := b.Plugin.(phases)
				if p.Access(x) != nil {
					got, err := strconv.ParseInt(string(x.Response.Body()), 10, 64)
					if err != nil || got <= least {
						t.Errorf("node %d got version %d (%v) after a purge of all up to %d", n, got, err, least)
					}
				} else {
					b.finish(t, x, fmt.Sprint(version.Add(1)))
				}
				p.Record(x)
			}
		})
	}
	wg.Wait()
}

// TestRoundTrips counts the commands that a hit without memory takes.
func TestRoundTrips(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t)
	for _, config := range []string{"redis_memory_seconds: 0", "redis_memory_seconds: 0, rfc9111: true"} {
		for _, vary := range []string{"", "Accept-Encoding"} {
			c := newClock()
			b := node(t, c, 1, server.Port, config)
			reply := text("one", "Cache-Control", "max-age=1000")
			if vary != "" {
				reply = text("one", "Cache-Control", "max-age=1000", "Vary", vary)
			}
			b.get("/", nil, reply)
			server.Do("CONFIG", "RESETSTAT")
			const n = 20
			for range n {
				want(t, b.get("/", nil, text("x")), "Hit 200 one")
			}
			if got := commands(server); got != fmt.Sprintf("mget=%d", n) {
				t.Errorf("%s, Vary %q: %d hits took %s", config, vary, n, got)
			}
		}
	}
}

// commands lists what a server was asked since its counts were reset, but for what a test itself asks and what begins a connection.
func commands(s *redistest.Server) string {
	var list []string
	for _, m := range regexp.MustCompile(`cmdstat_([a-z|_]+):calls=(\d+)`).FindAllStringSubmatch(s.Do("INFO", "commandstats"), -1) {
		if !slices.Contains([]string{"info", "ping", "hello"}, m[1]) && !strings.HasPrefix(m[1], "config") {
			list = append(list, m[1]+"="+m[2])
		}
	}
	return strings.Join(list, " ")
}

// TestPurgedVariantsAreNotListed: what a purge has made worthless is not in lists either.
func TestPurgedVariantsAreNotListed(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t)
	c := newClock()
	one, two := node(t, c, 1, server.Port, ""), node(t, c, 2, server.Port, "")
	gzip := []string{"Accept-Encoding", "gzip"}
	key := one.get("/v", gzip, text("zipped", "Vary", "Accept-Encoding")).Get("X-Cache-Key")
	want(t, one.get("/v", nil, text("plain", "Vary", "Accept-Encoding")), "Miss 200 plain")
	h := adminOf(map[string]any{pluginID: two.Plugin})
	if code, body := ask(h, "GET", "/proxy-cache/"+key); code != 200 {
		t.Errorf("GET: %d %s", code, body)
	}
	if _, body := ask(h, "GET", "/proxy-cache"); strings.Count(body, "/v") != 2 {
		t.Errorf("two variants are %s", body)
	}
	if code, _ := ask(h, "DELETE", "/proxy-cache/"+key); code != 204 {
		t.Errorf("DELETE: %d", code)
	}
	if _, body := ask(h, "GET", "/proxy-cache"); strings.Contains(body, "/v") {
		t.Errorf("after the purge there is %s", body)
	}
}
