package proxycache_test

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/statedb/redistest"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// lag is a way to Redis on which all that it says takes a while.
type lag struct {
	port  int
	delay atomic.Int64 // nanoseconds
}

func lagTo(t *testing.T, server *redistest.Server) *lag {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &lag{port: listener.Addr().(*net.TCPAddr).Port}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	t.Cleanup(func() {
		listener.Close()
		mu.Lock()
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", server.Addr)
			if err != nil {
				in.Close()
				continue
			}
			mu.Lock()
			open = append(open, in, out)
			mu.Unlock()
			wg.Go(func() {
				_, _ = io.Copy(out, in) // one of them goes away
				out.Close()
			})
			wg.Go(func() {
				defer in.Close()
				b := make([]byte, 64<<10)
				for {
					n, err := out.Read(b)
					if d := l.delay.Load(); d > 0 {
						<-time.After(time.Duration(d))
					}
					if _, werr := in.Write(b[:n]); err != nil || werr != nil {
						return
					}
				}
			})
		}
	})
	return l
}

// load sends requests from some sides for a while, and returns how many waited longer than limit.
func (b *bench) load(t *testing.T, long, limit time.Duration) (requests, waited int64) {
	t.Helper()
	var all, slow atomic.Int64
	var wg sync.WaitGroup
	end := time.Now().Add(long)
	for g := range 4 {
		wg.Go(func() {
			for i := g; time.Now().Before(end); i++ {
				at := time.Now()
				r := b.Run(pathTo(i%50), text("one"))
				if r.Err != nil || r.Status != 200 || r.Body != "one" {
					t.Errorf("%v %d %q", r.Err, r.Status, r.Body)
					return
				}
				all.Add(1)
				if time.Since(at) > limit {
					slow.Add(1)
				}
				<-time.After(time.Millisecond)
			}
		})
	}
	wg.Wait()
	return all.Load(), slow.Load()
}

// TestRedisSlow: as long as it answers in time it is used; when it does not, or only now and then, there is about one wait in a second,
// by the requests that are under way just then.
func TestRedisSlow(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t)
	way := lagTo(t, server)
	c := newClock()
	const timeout = 300
	b := node(t, c, timeout-2000, way.port, "redis_memory_seconds: 0, collapse: false")
	want(t, b.get("/a", nil, text("one")), "Miss 200 one")
	way.delay.Store(int64(20 * time.Millisecond))
	want(t, b.get("/a", nil, text("x")), "Hit 200 one")
	for name, swing := range map[string]bool{"always": false, "now and then": true} {
		t.Run(name, func(t *testing.T) {
			way.delay.Store(int64(2 * timeout * time.Millisecond))
			stop := make(chan struct{})
			var wg sync.WaitGroup
			if swing {
				wg.Go(func() {
					for on := false; ; on = !on {
						select {
						case <-stop:
							return
						case <-time.After(timeout * time.Millisecond):
						}
						way.delay.Store(0)
						if on {
							way.delay.Store(int64(2 * timeout * time.Millisecond))
						}
					}
				})
			}
			const seconds = 5
			requests, waited := b.load(t, seconds*time.Second, timeout*time.Millisecond/2)
			close(stop)
			wg.Wait()
			t.Logf("%d of %d waited", waited, requests)
			if waited > 4*(seconds+1) { // four are under way at a time
				t.Errorf("%d of %d requests waited in %d seconds", waited, requests, seconds)
			}
			way.delay.Store(0)
			server.Await("to be used again", func() bool {
				c.Advance(time.Second)
				other := b.get("/back"+name[:1], nil, text("up"))
				return other.Get("X-Cache-Status") == "Hit" && commands(server) != ""
			})
		})
	}
}

// TestRedisRestartsEmpty kills Redis under load, and starts it again with nothing in it: answers go on, and what was stored comes back,
// for other nodes too.
func TestRedisRestartsEmpty(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t)
	c := newClock()
	one, two := node(t, c, 1, server.Port, "redis_memory_seconds: 0"), node(t, c, 2, server.Port, "redis_memory_seconds: 0")
	one.load(t, 100*time.Millisecond, time.Second)
	var wg sync.WaitGroup
	var requests, waited int64
	wg.Go(func() { requests, waited = one.load(t, 4*time.Second, 500*time.Millisecond) })
	for range 2 {
		<-time.After(300 * time.Millisecond)
		server.Stop()
		<-time.After(300 * time.Millisecond)
		server.Start()
	}
	wg.Wait()
	if waited > 8 {
		t.Errorf("%d of %d requests waited", waited, requests)
	}
	server.Await("to have the entries again", func() bool {
		c.Advance(time.Millisecond)
		for i := range 50 {
			one.Run(pathTo(i), text("one"))
		}
		for i := range 50 {
			if r := two.Run(pathTo(i), text("x", "Set-Cookie", "not=stored")); r.Body != "one" {
				return false
			}
		}
		return true
	})
}

// TestFullRedisIsUsed: what is in a Redis that takes no more is still served.
func TestFullRedisIsUsed(t *testing.T) {
	if testing.Short() {
		return
	}
	server := redistest.Start(t)
	c := newClock()
	one, two := node(t, c, 1, server.Port, "redis_memory_seconds: 0"), node(t, c, 2, server.Port, "redis_memory_seconds: 0")
	want(t, one.get("/a", nil, text("one")), "Miss 200 one")
	for i := range 100 {
		one.get(fmt.Sprint("/", i), nil, text("one", "Set-Cookie", "not=stored"))
	}
	server.Do("CONFIG", "SET", "maxmemory", "1")
	want(t, two.get("/a", nil, text("x")), "Hit 200 one")
	kept := 0
	for i := range 100 {
		target := fmt.Sprint("/b", i)
		want(t, one.get(target, nil, text("b")), "Miss 200 b")
		c.Advance(time.Millisecond)
		if one.get(target, nil, text("x")).Body == "b" {
			kept++ // where the guard was there before Redis was full
		}
		want(t, two.get(target, nil, text("two", "Set-Cookie", "not=stored")), "Bypass 200 two")
	}
	if kept == 0 || kept == 100 {
		t.Errorf("%d of 100 are kept in memory", kept)
	}
	h := adminOf(map[string]any{pluginID: two.Plugin})
	if code, body := ask(h, "DELETE", "/proxy-cache"); code != 204 {
		t.Errorf("purge: %d %s", code, body)
	}
	c.Advance(time.Millisecond)
	want(t, one.get("/a", nil, text("one")), "Miss 200 one")
	server.Do("CONFIG", "SET", "maxmemory", "0")
	want(t, one.get("/c", nil, text("c")), "Miss 200 c")
	want(t, two.get("/c", nil, text("x")), "Hit 200 c")
}

func pathTo(i int) plugintest.Request { return plugintest.Request{Target: fmt.Sprint("/", i)} }
