package proxycache_test

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
	"github.com/gibbon-gateway/gibbon/internal/statedb/redistest"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// node makes a cache as another gateway has it: with a memory, and connections, of its own.
func node(t *testing.T, c *clock, number, port int, config string) *bench {
	b := &bench{clock: c, stage: stage.New(t)}
	b.stage.Now = c.Now
	b.Instance = b.stage.Instance(t, proxycache.Type,
		fmt.Sprintf("{strategy: redis, redis: {host: 127.0.0.1, port: %d, timeout: %d}, %s}", port, 2000+number, config))
	return b
}

func newClock() *clock {
	c := &clock{}
	c.nano.Store(time.Now().UnixNano()) // Redis has the time of the machine
	return c
}

func TestNodesShare(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t)
	c := newClock()
	one, two := node(t, c, 1, server.Port, ""), node(t, c, 2, server.Port, "")
	gzip := []string{"Accept-Encoding", "gzip"}
	want(t, one.get("/a", nil, text("one", "X", "y")), "Miss 200 one")
	want(t, one.get("/v", gzip, text("zipped", "Vary", "Accept-Encoding")), "Miss 200 zipped")
	want(t, one.get("/v", nil, text("plain", "Vary", "Accept-Encoding")), "Miss 200 plain")
	c.Advance(2 * time.Second)
	r := two.get("/a", nil, text("x"))
	want(t, r, "Hit 200 one")
	if r.Get("X") != "y" || r.Get("Age") != "2" {
		t.Errorf("fields are %q", r.Header)
	}
	want(t, two.get("/v", gzip, text("x")), "Hit 200 zipped")
	want(t, two.get("/v", nil, text("x")), "Hit 200 plain")

	// A purge on one node is seen by the other when it looks again, after a second.
	c.Advance(500 * time.Millisecond)
	h := adminOf(map[string]any{pluginID: one.Plugin})
	key := r.Get("X-Cache-Key")
	if code, body := ask(h, "GET", "/proxy-cache/"+key); code != 200 {
		t.Errorf("GET: %d %s", code, body)
	}
	if code, _ := ask(h, "DELETE", "/proxy-cache/"+key); code != 204 {
		t.Errorf("DELETE: %d", code)
	}
	if code, _ := ask(h, "DELETE", "/proxy-cache?prefix=/v"); code != 204 {
		t.Errorf("DELETE: %d", code)
	}
	if code, _ := ask(h, "GET", "/proxy-cache/"+key); code != 404 {
		t.Errorf("GET after DELETE: %d", code)
	}
	c.Advance(time.Millisecond)
	want(t, one.get("/a", nil, text("two")), "Miss 200 two")
	want(t, two.get("/a", nil, text("x")), "Hit 200 one")
	c.Advance(time.Second)
	want(t, two.get("/a", nil, text("x")), "Hit 200 two")
	want(t, two.get("/v", gzip, text("new", "Vary", "Accept-Encoding")), "Miss 200 new")
	want(t, one.get("/v", nil, text("new", "Vary", "Accept-Encoding")), "Miss 200 new")

	// A purge of one key does not keep others out of memory.
	ask(h, "DELETE", "/proxy-cache/nokey")
	want(t, one.get("/other", nil, text("one")), "Miss 200 one")

	// Lists hold what is in Redis alone too.
	three := node(t, c, 3, server.Port, "")
	if _, body := ask(adminOf(map[string]any{pluginID: three.Plugin}), "GET", "/proxy-cache?prefix=/a"); len(body) < 100 {
		t.Errorf("the list is %s", body)
	}
}

func TestNodesInvalidate(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t)
	c := newClock()
	one, two := node(t, c, 1, server.Port, "rfc9111: true"), node(t, c, 2, server.Port, "rfc9111: true")
	fresh := []string{"Cache-Control", "max-age=100, public"}
	want(t, one.get("/a", nil, text("one", fresh...)), "Miss 200 one")
	want(t, two.get("/a", nil, text("x")), "Hit 200 one")
	c.Advance(10 * time.Millisecond)
	two.send(plugintest.Request{Method: "PUT", Target: "/a"}, text("done"))
	c.Advance(time.Second)
	want(t, one.get("/a", nil, text("two", fresh...)), "Miss 200 two")
	want(t, two.get("/a", nil, text("x")), "Hit 200 two")
}

// TestRedisGoesAway: answers go on, from memory or the upstream, and nobody waits twice.
func TestRedisGoesAway(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t)
	c := newClock()
	b := node(t, c, 1, server.Port, "bypass_on_err: true")
	want(t, b.get("/a", nil, text("one")), "Miss 200 one")
	server.Stop()
	c.Advance(5 * time.Second)
	began := time.Now()
	want(t, b.get("/a", nil, text("x")), "Hit 200 one")
	for i := range 50 {
		want(t, b.get(fmt.Sprint("/", i), nil, text("up")), "Bypass 200 up")
	}
	if d := time.Since(began); d > 10*time.Second {
		t.Errorf("50 requests took %v", d)
	}
	server.Start()
	server.Await("the cache is back", func() bool {
		c.Advance(time.Second)
		return b.get("/back", nil, text("up")).Get("X-Cache-Status") != "Bypass"
	})
	want(t, b.get("/back", nil, text("x")), "Hit 200 up")
}

// TestRedisFreezes: it takes connections and says nothing.
func TestRedisFreezes(t *testing.T) {
	if testing.Short() {
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b := &bench{clock: newClock(), stage: stage.New(t)}
	b.stage.Now = b.Now
	b.Instance = b.stage.Instance(t, proxycache.Type,
		fmt.Sprintf("{strategy: redis, redis: {host: 127.0.0.1, port: %d, timeout: 300}}", l.Addr().(*net.TCPAddr).Port))
	began := time.Now()
	for i := range 20 {
		want(t, b.get(fmt.Sprint("/", i), nil, text("up")), " 200 up")
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("20 requests took %v", d)
	}
}

// TestNodesStoreAndPurgeAtOnce lets two nodes store and purge one key: nothing older than the last purge is found after it.
func TestNodesStoreAndPurgeAtOnce(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t)
	c := newClock()
	nodes := []*bench{node(t, c, 1, server.Port, "redis_memory_seconds: 0"), node(t, c, 2, server.Port, "redis_memory_seconds: 0")}
	var wg sync.WaitGroup
	for _, b := range nodes {
		wg.Go(func() {
			h := adminOf(map[string]any{pluginID: b.Plugin})
			for i := range 50 {
				if i%5 == 0 {
					ask(h, "DELETE", "/proxy-cache")
				}
				if r := b.Run(plugintest.Request{}, text("x", "Vary", "A")); r.Err != nil || r.Status != 200 || r.Body != "x" {
					t.Errorf("%v %d %q", r.Err, r.Status, r.Body)
				}
			}
		})
	}
	wg.Wait()
	c.Advance(time.Millisecond)
	for _, b := range nodes {
		ask(adminOf(map[string]any{pluginID: b.Plugin}), "DELETE", "/proxy-cache")
	}
	c.Advance(time.Millisecond)
	want(t, nodes[0].get("/", nil, text("new")), "Miss 200 new")
	want(t, nodes[1].get("/", nil, text("y")), "Hit 200 new")
}

// TestRedisIsFull: what it cannot take is not shared, and nothing else happens.
func TestRedisIsFull(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t, "--maxmemory", "2mb", "--maxmemory-policy", "noeviction")
	b := node(t, newClock(), 1, server.Port, "")
	big := text(string(make([]byte, 300_000)))
	for i := range 20 {
		if r := b.get(fmt.Sprint("/", i), nil, big); r.Status != 200 || len(r.Body) != 300_000 {
			t.Fatalf("%d: %d", i, r.Status)
		}
	}
	if r := b.get("/19", nil, text("x")); r.Get("X-Cache-Status") != "Hit" {
		t.Errorf("memory: %s", r.Get("X-Cache-Status"))
	}
}
