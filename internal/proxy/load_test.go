package proxy_test

import (
	"bytes"
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/http1"
	"github.com/gibbon-gateway/gibbon/internal/proxy"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// fixed is an upstream that answers everything with 45 bytes, and allocates nothing for it.
func fixed(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fields := header.Fields{}
	fields.Add("Content-Type", "text/plain")
	body := []byte("0123456789abcdef0123456789abcdef0123456789abc")
	s := &http1.Server{Raw: true, Handler: http1.HandlerFunc(func(c *http1.Conn) {
		c.WriteHead(200, nil, &fields, int64(len(body)))
		c.WriteBody(body)
	})}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() { s.Shutdown(t.Context()); <-served })
	return l.Addr().String()
}

var typical = []byte("GET /up/v1/items/42?q=abc HTTP/1.1\r\nHost: h57.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0\r\n" +
	"Accept: application/json, text/plain, */*\r\nAccept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\n" +
	"Authorization: Bearer 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\nCookie: sid=0123456789abcdef\r\n\r\n")

// trip sends a request and reads the answer of fixed.
func trip(t testing.TB, c net.Conn, request, buf []byte) {
	if _, err := c.Write(request); err != nil {
		t.Fatal(err)
	}
	n := 0
	for !bytes.HasSuffix(buf[:n], []byte("789abc")) {
		k, err := c.Read(buf[n:])
		if err != nil {
			t.Fatalf("%v after %q", err, buf[:n])
		}
		n += k
	}
}

// sink is an access log that is written to nowhere.
type sink struct{ b []byte }

func (s *sink) Append(add func(b []byte) []byte) { s.b = add(s.b[:0]) }

func TestNoAllocation(t *testing.T) {
	if raceEnabled { // it makes pools forget
		return
	}
	up := fixed(t)
	paths(t, func(t *testing.T, raw bool) {
		g := start(t, setup{raw: raw, options: proxy.Options{AccessLog: &sink{}}}, to(t, up, "")...)
		c, _ := g.dial()
		buf := make([]byte, 8192)
		for range 200 {
			trip(t, c, typical, buf)
		}
		// A date text a second, and pools that the collector has emptied, are not counted: AllocsPerRun rounds down.
		if n := testing.AllocsPerRun(1000, func() { trip(t, c, typical, buf) }); n != 0 {
			t.Errorf("%v allocations for a request", n)
		}
	})
}

// known is a plugin that knows who everybody is.
type known struct{ consumer *entity.Consumer }

func (k known) Access(x *plugin.Exchange) error {
	x.Identify(k.consumer, plugin.Credential{ID: "c"})
	return nil
}

// counter is a plugin that counts what it sees.
type counter struct{ n int }

func (s *counter) Access(*plugin.Exchange) error { s.n++; return nil }

// TestNoAllocationForGroups picks a plugin by the consumer's group, for consumers in one and in none.
func TestNoAllocationForGroups(t *testing.T) {
	if raceEnabled {
		return
	}
	up := fixed(t)
	for _, in := range []bool{true, false} {
		counts := map[string]*counter{}
		types := plugin.Types{
			"auth": plugin.Define(plugin.Desc{Name: "auth", Priority: 2}, func(probeConfig, plugin.Env) (any, error) {
				return known{&entity.Consumer{ID: uuid(3), Username: "u"}}, nil
			}),
			"a": plugin.Define(plugin.Desc{Name: "a"}, func(c probeConfig, _ plugin.Env) (any, error) {
				counts[c.Name] = &counter{}
				return counts[c.Name], nil
			}),
		}
		objects := append(to(t, up, ""), object(t, "consumers", 3, `{"username":"u"}`), object(t, "consumer_groups", 4, `{"name":"gold"}`),
			probeOf(t, 10, "auth", "", ""), probeOf(t, 11, "a", "free", ""), probeOf(t, 12, "a", "gold", `,"consumer_group":`+ref(4)))
		if in {
			objects = append(objects, object(t, "consumer_group_consumers", 0, `{"consumer":`+ref(3)+`,"consumer_group":`+ref(4)+`}`))
		}
		g := start(t, setup{types: types}, objects...)
		c, _ := g.dial()
		buf := make([]byte, 8192)
		for range 200 {
			trip(t, c, typical, buf)
		}
		if n := testing.AllocsPerRun(1000, func() { trip(t, c, typical, buf) }); n != 0 {
			t.Errorf("in a group %v: %v allocations for a request", in, n)
		}
		if counts["gold"].n > 0 != in || counts["free"].n > 0 == in {
			t.Errorf("in a group %v: %d and %d", in, counts["gold"].n, counts["free"].n)
		}
	}
}

// TestSwapsUnderLoad changes the configuration all the time while requests run: none fails, none waits.
func TestSwapsUnderLoad(t *testing.T) {
	up := fixed(t)
	paths(t, func(t *testing.T, raw bool) {
		var live atomic.Int32
		types := plugin.Types{"a": plugin.Define(plugin.Desc{Name: "a"}, func(c probeConfig, _ plugin.Env) (any, error) {
			live.Add(1)
			return &counted{live: &live}, nil
		})}
		base := to(t, up, "")
		config := func(n int) []entity.Object {
			objects := append(base[:2:2], probeOf(t, 10, "a", fmt.Sprint(n), ""))
			for i := range n % 7 {
				objects = append(objects, object(t, "routes", 100+i, fmt.Sprintf(`{"paths":["/x%d"],"service":%s}`, i, ref(1))))
			}
			return objects
		}
		g := start(t, setup{raw: raw, types: types}, config(0)...)
		stop := make(chan struct{})
		var clients sync.WaitGroup
		var served atomic.Int64
		for range 8 {
			c, _ := g.dial()
			clients.Go(func() {
				buf := make([]byte, 8192)
				for {
					select {
					case <-stop:
						return
					default:
					}
					trip(t, c, typical, buf)
					served.Add(1)
				}
			})
		}
		swaps := 0
		for end := time.Now().Add(700 * time.Millisecond); time.Now().Before(end); swaps++ {
			g.apply(config(swaps)...)
		}
		close(stop)
		clients.Wait()
		if swaps < 20 || served.Load() < 100 {
			t.Errorf("%d requests during %d swaps", served.Load(), swaps)
		}
		g.Close()
		if n := live.Load(); n != 0 {
			t.Errorf("%d instances were not closed", n)
		}
	})
}

// counted is an instance that is counted until it is closed.
type counted struct{ live *atomic.Int32 }

func (c *counted) Access(*plugin.Exchange) error { return nil }
func (c *counted) Close() error                  { c.live.Add(-1); return nil }

// TestIdleMemory measures what an idle connection costs on the raw path.
func TestIdleMemory(t *testing.T) {
	if testing.Short() || raceEnabled {
		return
	}
	const n = 1000
	g := start(t, setup{raw: true}, to(t, fixed(t), "")...)
	buf := make([]byte, 8192)
	warm, _ := g.dial()
	for range 100 {
		trip(t, warm, typical, buf)
	}
	before := inUse()
	all := make([]net.Conn, n)
	for i := range all {
		c, err := net.Dial("tcp", g.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		all[i] = c
		trip(t, c, typical, buf)
	}
	if per := (inUse() - before) / n; per > 10<<10 { // 8 KB of the proxy, and what the test's own end takes
		t.Errorf("%d bytes per idle connection, the client's end included", per)
	} else {
		t.Logf("%d bytes per idle connection, the client's end included", per)
	}
}

// inUse returns the bytes of heap and stacks in use.
func inUse() int {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapInuse + m.StackInuse)
}

// TestManyPanics keeps a connection through requests that go wrong.
func TestManyPanics(t *testing.T) {
	h := &hooks{}
	g := start(t, setup{raw: true, types: probes(h)}, append(to(t, fixed(t), ""), probeOf(t, 10, "a", "a", ""))...)
	h.set(func(phase, _ string, _ *plugin.Exchange) error {
		if phase == "access" {
			panic("on purpose")
		}
		return nil
	})
	c, r := g.dial()
	for range 20 {
		c.Write(typical)
		if a := read(t, r, "GET"); a.StatusCode != 500 {
			t.Fatalf("%d", a.StatusCode)
		}
	}
}
