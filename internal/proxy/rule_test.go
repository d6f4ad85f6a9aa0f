package proxy_test

import (
	"bufio"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/plan"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// backend makes a backend at an address.
func backend(id, addr string) *plan.Backend {
	host, text, _ := net.SplitHostPort(addr)
	port, _ := strconv.Atoi(text)
	return &plan.Backend{ID: id, Origin: plan.Origin{Kind: "Service", ID: id, Name: id}, Protocol: "http", Host: host, Port: port, Tries: 1}
}

// ruleTo makes a rule for all below a path that sends to one address.
func ruleTo(path, addr string, change ...func(r *plan.Rule)) *plan.Rule {
	r := &plan.Rule{ID: path, Origin: plan.Origin{Kind: "HTTPRoute", ID: path, Name: path[1:], Namespace: "ns"}, RequestBuffering: true,
		Match: &plan.Match{Protocols: []string{"http", "https"}, Order: plan.Order{Key: path},
			Paths: []plan.Path{{Kind: plan.Segments, Value: path}}}}
	if addr != "" {
		r.Backends = []plan.Weighted{{Weight: 1, Backend: backend("to "+path, addr)}}
	}
	for _, f := range change {
		f(r)
	}
	return r
}

func filters(list ...plan.Filter) func(r *plan.Rule) { return func(r *plan.Rule) { r.Filters = list } }

// ruled starts a gateway with rules that no entities were made of.
func ruled(t testing.TB, s setup, rules ...*plan.Rule) *gateway {
	t.Helper()
	g := start(t, s)
	next, problems := snapshot.Build(g.Current(), &plan.Config{Rules: rules}, g.build)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	g.Swap(next)
	return g
}

// counting is an upstream that counts requests and answers with its name.
func counting(t testing.TB, name string) (addr string, n *atomic.Int64) {
	n = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, name)
	}))
	t.Cleanup(s.Close)
	return addrOf(s), n
}

// eventually waits until something is true.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(10 * time.Second); !is(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not %s", what)
		}
	}
}

// A rule with 90/10 backends and mirrors: the shares are as asked for, the mirrors get theirs, and nobody sees their failure.
func TestWeightsAndMirrors(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		one, ones := counting(t, "one")
		two, twos := counting(t, "two")
		var copied sync.Map
		half := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			copied.Store(r.Header.Get("X-N")+" "+r.Method+" "+r.RequestURI+" "+string(body)+" "+r.Header.Get("X-Set"), true)
			w.WriteHeader(500)
			io.WriteString(w, "never seen")
		}))
		defer half.Close()
		broken, attempts := "", new(atomic.Int64)
		broken = scripted(t, func(c net.Conn, r *bufio.Reader) { attempts.Add(1) })
		g := ruled(t, setup{raw: raw}, ruleTo("/w", "", func(r *plan.Rule) {
			r.Backends = []plan.Weighted{{Weight: 90, Backend: backend("one", one)}, {Weight: 10, Backend: backend("two", two)}, {Weight: 0, Backend: backend("none", "127.0.0.1:1")}}
			r.Filters = []plan.Filter{
				{Mirror: &plan.Mirror{Backend: backend("half", addrOf(half)), Numerator: 1, Denominator: 2}},
				{Mirror: &plan.Mirror{Backend: backend("broken", broken)}},
				{RequestHeader: &plan.HeaderEdit{Set: []plan.Field{{Name: "X-Set", Value: "yes"}}}},
			}
		}))
		const n = 200
		c, r := g.dial()
		for i := range n {
			body := fmt.Sprint("body-", i)
			fmt.Fprintf(c, "POST /w/x?q=%d HTTP/1.1\r\nHost: a\r\nX-N: %d\r\nContent-Length: %d\r\n\r\n%s", i, i, len(body), body)
			if a := read(t, r, "POST"); a.StatusCode != 200 || a.body != "one" && a.body != "two" {
				t.Fatalf("%d %q", a.StatusCode, a.body)
			}
		}
		if a, b := ones.Load(), twos.Load(); a+b != n || a < 178 || a > 182 {
			t.Errorf("shares %d and %d of %d", a, b, n)
		}
		seen := func() (k int) {
			copied.Range(func(any, any) bool { k++; return true })
			return k
		}
		eventually(t, "mirrored", func() bool { return seen() >= n/2-2 && attempts.Load() == n })
		if k := seen(); k > n/2+2 {
			t.Errorf("%d copies of %d", k, n)
		}
		copied.Range(func(key, _ any) bool {
			i, _, _ := strings.Cut(key.(string), " ")
			if want := fmt.Sprintf("%s POST /w/x?q=%s body-%s yes", i, i, i); key != want {
				t.Errorf("copy %q, want %q", key, want)
			}
			return true
		})
	})
}

// A mirror that does not answer neither delays requests nor takes more than its part of memory, and ends with the proxy.
func TestMirrorsAreBounded(t *testing.T) {
	up, served := counting(t, "up")
	var waiting atomic.Int64
	stuck := scripted(t, func(c net.Conn, r *bufio.Reader) {
		waiting.Add(1)
		io.Copy(io.Discard, r)
	})
	g := ruled(t, setup{}, ruleTo("/m", up, filters(plan.Filter{Mirror: &plan.Mirror{Backend: backend("stuck", stuck)}})))
	c, r := g.dial()
	for range 400 {
		fmt.Fprintf(c, "GET /m HTTP/1.1\r\nHost: a\r\n\r\n")
		if a := read(t, r, "GET"); a.body != "up" {
			t.Fatal(a.StatusCode)
		}
	}
	eventually(t, "all copies that may be", func() bool { return waiting.Load() == 256 })
	// A body that is not at hand is not copied.
	g2 := ruled(t, setup{}, ruleTo("/m", up, filters(plan.Filter{Mirror: &plan.Mirror{Backend: backend("stuck", stuck)}})))
	if a := g2.do("POST", "/m", strings.Repeat("x", 1<<20)); a.body != "up" {
		t.Error(a.StatusCode)
	}
	if served.Load() != 401 || waiting.Load() != 256 {
		t.Errorf("%d served, %d copies", served.Load(), waiting.Load())
	}
}

func TestNobodyToAsk(t *testing.T) {
	up, _ := counting(t, "up")
	g := ruled(t, setup{},
		ruleTo("/zero", "", func(r *plan.Rule) { r.Backends = []plan.Weighted{{Weight: 0, Backend: backend("a", up)}} }),
		ruleTo("/invalid", "", func(r *plan.Rule) { r.Backends = []plan.Weighted{{Weight: 1, Invalid: "no such service"}} }),
		ruleTo("/half", "", func(r *plan.Rule) {
			r.Backends = []plan.Weighted{{Weight: 1, Backend: backend("a", up)}, {Weight: 1, Invalid: "no such service"}}
		}),
		ruleTo("/none", ""))
	for path, want := range map[string]int{"/zero": 500, "/invalid": 500, "/none": 503} {
		if a := g.do("GET", path, ""); a.StatusCode != want {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
	got := map[int]int{}
	for range 20 {
		got[g.do("GET", "/half", "").StatusCode]++
	}
	if got[200] < 9 || got[500] < 9 || got[200]+got[500] != 20 {
		t.Errorf("half: %v", got)
	}
}

func TestRedirects(t *testing.T) {
	full, prefix, root := "/new path", "/p/", "/"
	for _, c := range []struct {
		to     plan.Redirect
		target string
		status int
		want   string
	}{
		{plan.Redirect{Scheme: "https"}, "/r/a?x=1", 302, "https://gw.test/r/a?x=1"},
		{plan.Redirect{Scheme: "https", Port: 8443, Status: 301}, "/r", 301, "https://gw.test:8443/r"},
		{plan.Redirect{Scheme: "https", Port: 443}, "/r", 302, "https://gw.test/r"},
		{plan.Redirect{Scheme: "http"}, "/r", 302, "http://gw.test/r"},
		{plan.Redirect{Host: "other.test", Port: 80, Status: 308}, "/r/%2f?", 308, "http://other.test/r/%2f?"},
		{plan.Redirect{Host: "other.test"}, "/r", 302, "http://other.test:PORT/r"},
		{plan.Redirect{Port: 9, Path: &plan.PathEdit{Full: &full}, Status: 303}, "/r/x?y", 303, "http://gw.test:9/new%20path?y"},
		{plan.Redirect{Port: 80, Path: &plan.PathEdit{Prefix: &prefix}, Status: 307}, "/r/x/y", 307, "http://gw.test/p/x/y"},
		{plan.Redirect{Port: 80, Path: &plan.PathEdit{Prefix: &prefix}}, "/r/", 302, "http://gw.test/p/"},
		{plan.Redirect{Port: 80, Path: &plan.PathEdit{Prefix: &prefix}}, "/r", 302, "http://gw.test/p"},
		{plan.Redirect{Port: 80, Path: &plan.PathEdit{Prefix: &root}}, "/r", 302, "http://gw.test/"},
		{plan.Redirect{Port: 80, Path: &plan.PathEdit{Prefix: &root}}, "/r/x", 302, "http://gw.test/x"},
	} {
		g := ruled(t, setup{}, ruleTo("/r", "", filters(plan.Filter{Redirect: &c.to})))
		a := g.do("GET", c.target, "")
		_, port, _ := net.SplitHostPort(g.addr)
		if got := a.Header.Get("Location"); a.StatusCode != c.status || got != strings.ReplaceAll(c.want, "PORT", port) {
			t.Errorf("%+v %s: %d %q", c.to, c.target, a.StatusCode, got)
		}
	}
}

func TestRewritesAndHeaders(t *testing.T) {
	up := echo(t)
	full, prefix := "/full", "/p"
	to := backend("base", addrOf(up))
	to.Path = "/base/"
	g := ruled(t, setup{},
		ruleTo("/full", addrOf(up), filters(plan.Filter{Rewrite: &plan.Rewrite{Host: "in.test", Path: &plan.PathEdit{Full: &full}}})),
		ruleTo("/prefix", addrOf(up), filters(plan.Filter{Rewrite: &plan.Rewrite{Path: &plan.PathEdit{Prefix: &prefix}}})),
		ruleTo("/based", "", func(r *plan.Rule) {
			r.PreserveHost = true
			r.Filters = []plan.Filter{{Rewrite: &plan.Rewrite{Path: &plan.PathEdit{Prefix: &prefix}}}}
			r.Backends = []plan.Weighted{{Weight: 1, Backend: to, Filters: []plan.Filter{{Rewrite: &plan.Rewrite{Host: "b.test"}}, {RequestHeader: &plan.HeaderEdit{Set: []plan.Field{{Name: "X-B", Value: "2"}}}}}}}
		}),
		ruleTo("/fields", addrOf(up), filters(
			plan.Filter{RequestHeader: &plan.HeaderEdit{Remove: []string{"X-Gone"}, Set: []plan.Field{{Name: "X-Set", Value: "1"}}, Add: []plan.Field{{Name: "X-Add", Value: "b"}}}},
			plan.Filter{RequestHeader: &plan.HeaderEdit{Add: []plan.Field{{Name: "X-Set", Value: "2"}}}},
			plan.Filter{ResponseHeader: &plan.HeaderEdit{Remove: []string{"X-Upstream"}, Add: []plan.Field{{Name: "X-More", Value: "m"}}}})))
	for _, c := range []struct{ target, uri, host string }{
		{"/full/x?q", "/full?q", "in.test"}, {"/prefix/x/%20?q=1", "/p/x/%20?q=1", addrOf(up)}, {"/prefix", "/p", addrOf(up)},
		{"/based/x", "/base/p/x", "b.test"},
	} {
		if s := g.do("GET", c.target, "").asked(t); s.URI != c.uri || s.Host != c.host {
			t.Errorf("%s: %s %s", c.target, s.URI, s.Host)
		}
	}
	a := g.do("GET", "/fields", "", "X-Gone", "1", "X-Set", "0", "X-Add", "a")
	s := a.asked(t)
	got := []any{s.Header["X-Gone"], s.Header["X-Set"], s.Header["X-Add"], a.Header["X-Upstream"], a.Header["X-More"]}
	if diff := cmp.Diff([]any{[]string(nil), []string{"1", "2"}, []string{"a", "b"}, []string(nil), []string{"m"}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestRuleTimeouts(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		ask := func(c net.Conn, r *bufio.Reader, answer string) {
			for {
				if _, err := head(r); err != nil {
					return
				}
				io.WriteString(c, answer)
			}
		}
		silent := scripted(t, func(c net.Conn, r *bufio.Reader) { ask(c, r, "") })
		half := scripted(t, func(c net.Conn, r *bufio.Reader) { ask(c, r, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha") })
		fine := scripted(t, func(c net.Conn, r *bufio.Reader) { ask(c, r, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine") })
		var tries atomic.Int64
		slow := scripted(t, func(c net.Conn, r *bufio.Reader) { tries.Add(1); ask(c, r, "") })
		short := plan.Duration(50 * time.Millisecond)
		timeouts := func(x plan.Timeouts) func(r *plan.Rule) { return func(r *plan.Rule) { r.Timeouts = x } }
		g := ruled(t, setup{raw: raw},
			ruleTo("/request", silent, timeouts(plan.Timeouts{Request: short})),
			ruleTo("/backend", silent, timeouts(plan.Timeouts{Backend: short})),
			ruleTo("/half", half, timeouts(plan.Timeouts{Request: short})),
			ruleTo("/fine", fine, timeouts(plan.Timeouts{Request: plan.Duration(time.Minute), Backend: short})),
			ruleTo("/again", slow, timeouts(plan.Timeouts{Request: plan.Duration(time.Minute), Backend: short}), func(r *plan.Rule) { r.Retry = &plan.Retry{Attempts: 2} }),
			ruleTo("/total", slow, timeouts(plan.Timeouts{Request: 3 * short, Backend: short}), func(r *plan.Rule) { r.Retry = &plan.Retry{Attempts: 1000} }))
		for _, path := range []string{"/request", "/backend", "/again"} {
			began := time.Now()
			if a := g.do("GET", path, ""); a.StatusCode != 504 || time.Since(began) > 5*time.Second {
				t.Errorf("%s: %d after %v", path, a.StatusCode, time.Since(began))
			}
		}
		if n := tries.Load(); n != 3 {
			t.Errorf("%d tries", n)
		}
		if a := g.do("GET", "/total", ""); a.StatusCode != 504 || tries.Load() > 3+4 {
			t.Errorf("/total: %d after %d tries", a.StatusCode, tries.Load()-3)
		}
		if a := g.do("GET", "/half", ""); a.StatusCode != 200 || a.err == nil {
			t.Errorf("/half: %d %q %v", a.StatusCode, a.body, a.err)
		}
		c, r := g.dial() // connections are used again, long after the time of an earlier request
		for range 3 {
			fmt.Fprintf(c, "GET /fine HTTP/1.1\r\nHost: a\r\n\r\n")
			if a := read(t, r, "GET"); a.body != "fine" {
				t.Errorf("/fine: %d %q", a.StatusCode, a.body)
			}
			<-time.After(60 * time.Millisecond)
		}
		// A client that does not send its body is not waited for.
		c, r = g.dial()
		fmt.Fprintf(c, "POST /request HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
		if a := read(t, r, "POST"); a.StatusCode != 504 {
			t.Errorf("half a body: %d", a.StatusCode)
		}
	})
}

func TestRuleRetries(t *testing.T) {
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		k := n.Add(1)
		if k%3 != 0 {
			w.WriteHeader(503)
		}
		fmt.Fprintf(w, "%d %s", k, body)
	}))
	defer s.Close()
	retry := func(x plan.Retry) func(r *plan.Rule) { return func(r *plan.Rule) { r.Retry = &x } }
	g := ruled(t, setup{},
		ruleTo("/codes", addrOf(s), retry(plan.Retry{Attempts: 2, Codes: []int{503}, Backoff: plan.Duration(10 * time.Millisecond)})),
		ruleTo("/one", addrOf(s), retry(plan.Retry{Attempts: 1, Codes: []int{503}})),
		ruleTo("/other", addrOf(s), retry(plan.Retry{Attempts: 2, Codes: []int{500}})))
	began := time.Now()
	if a := g.do("POST", "/codes", "body"); a.StatusCode != 200 || a.body != "3 body" || time.Since(began) < 20*time.Millisecond {
		t.Errorf("%d %q after %v", a.StatusCode, a.body, time.Since(began))
	}
	if a := g.do("GET", "/one", ""); a.StatusCode != 503 || a.body != "5 " { // the last answer counts
		t.Errorf("%d %q", a.StatusCode, a.body)
	}
	n.Store(0)
	if a := g.do("GET", "/other", ""); a.StatusCode != 503 || n.Load() != 1 {
		t.Errorf("%d after %d", a.StatusCode, n.Load())
	}
	n.Store(0)
	if a := g.do("POST", "/codes", strings.Repeat("x", 1<<20)); a.StatusCode != 503 || n.Load() != 1 { // the body is not at hand
		t.Errorf("%d after %d", a.StatusCode, n.Load())
	}
	// A connection that fails is tried again.
	var tries atomic.Int64
	flaky := scripted(t, func(c net.Conn, r *bufio.Reader) {
		if tries.Add(1) < 3 {
			return
		}
		head(r)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	})
	g = ruled(t, setup{}, ruleTo("/flaky", flaky, retry(plan.Retry{Attempts: 2})))
	if a := g.do("GET", "/flaky", ""); a.body != "ok" {
		t.Errorf("%d after %d tries", a.StatusCode, tries.Load())
	}
}

func TestAffinity(t *testing.T) {
	var addrs []string
	for i := range 4 {
		addr, _ := counting(t, fmt.Sprint(i))
		addrs = append(addrs, addr)
	}
	pools := []*plan.Pool{{ID: "p", Targets: []plan.Target{{Target: addrs[0], Weight: 1}, {Target: addrs[1], Weight: 1}}},
		{ID: "q", Targets: []plan.Target{{Target: addrs[2], Weight: 1}, {Target: addrs[3], Weight: 1}}}}
	backends := func(first int) []plan.Weighted {
		return []plan.Weighted{{Weight: first, Backend: &plan.Backend{ID: "p", Protocol: "http", Pool: "p", Tries: 1}},
			{Weight: 1, Backend: &plan.Backend{ID: "q", Protocol: "http", Pool: "q", Tries: 1}}}
	}
	config := func(first int) *plan.Config {
		return &plan.Config{Pools: pools, Rules: []*plan.Rule{
			ruleTo("/cookie", "", func(r *plan.Rule) {
				r.Backends, r.Affinity = backends(first), &plan.Affinity{Kind: plan.Cookie, Name: "stick", TTL: plan.Duration(time.Hour)}
			}),
			ruleTo("/header", "", func(r *plan.Rule) {
				r.Backends, r.Affinity = backends(first), &plan.Affinity{Kind: plan.Header, Name: "X-Session"}
			})}}
	}
	g := start(t, setup{})
	apply := func(c *plan.Config) {
		s, problems := snapshot.Build(g.Current(), c, g.build)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		g.Swap(s)
	}
	apply(config(1))
	seen := map[string]bool{}
	for range 16 {
		seen[g.do("GET", "/cookie", "").body] = true
	}
	for range 8 {
		a := g.do("GET", "/cookie", "")
		c := a.Cookies()[0]
		if c.Name != "stick" || c.Path != "/" || !c.HttpOnly || c.Secure || c.MaxAge != 3600 {
			t.Fatalf("%+v", c)
		}
		for range 4 {
			again := g.do("GET", "/cookie", "", "Cookie", "a=b; stick="+c.Value+"; c=d")
			if again.body != a.body || len(again.Cookies()) > 0 {
				t.Fatalf("session of %s came to %s, %v", a.body, again.body, again.Cookies())
			}
		}
		key := g.do("GET", "/header", "").Header.Get("X-Session")
		first := g.do("GET", "/header", "", "X-Session", key)
		if again := g.do("GET", "/header", "", "X-Session", key); again.body != first.body || again.Header.Get("X-Session") != key {
			t.Fatalf("session %s of %s came to %s", key, first.body, again.body)
		}
	}
	if len(seen) != 4 {
		t.Errorf("new sessions come to %v only", seen)
	}
	// A session stays at a backend that gets no new ones, and is given another place when its own is gone.
	var old *http.Cookie
	var name string
	for old == nil {
		if a := g.do("GET", "/cookie", ""); a.body < "2" {
			old, name = a.Cookies()[0], a.body
		}
	}
	apply(config(0))
	if a := g.do("GET", "/cookie", "", "Cookie", "stick="+old.Value); a.body != name {
		t.Errorf("came to %s, not %s", a.body, name)
	}
	if a := g.do("GET", "/cookie", ""); a.body < "2" {
		t.Errorf("a new session came to %s", a.body)
	}
	gone := config(1)
	for _, r := range gone.Rules {
		r.Backends = r.Backends[1:]
	}
	apply(gone)
	for _, value := range []string{old.Value, "", "x", strings.Repeat("0", 32), strings.Repeat("g", 32)} {
		if a := g.do("GET", "/cookie", "", "Cookie", "stick="+value); a.body < "2" || len(a.Cookies()) != 1 {
			t.Errorf("cookie %q: %d %q %v", value, a.StatusCode, a.body, a.Cookies())
		}
	}
}

func TestCORS(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "https://upstream")
		w.Header().Set("Access-Control-Max-Age", "1")
	}))
	defer s.Close()
	g := ruled(t, setup{},
		ruleTo("/some", addrOf(s), filters(plan.Filter{CORS: &plan.CORS{AllowOrigins: []string{"https://a.test", "https://*.b.test"}, AllowMethods: []string{"GET", "PUT"},
			AllowHeaders: []string{"X-A"}, ExposeHeaders: []string{"X-B", "X-C"}, AllowCredentials: true, MaxAge: 60}})),
		ruleTo("/any", addrOf(s), filters(plan.Filter{CORS: &plan.CORS{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}}})),
		ruleTo("/named", addrOf(s), filters(plan.Filter{CORS: &plan.CORS{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, AllowCredentials: true}})))
	got := func(a *answer) string {
		out := fmt.Sprint(a.StatusCode)
		for _, name := range []string{"Allow-Origin", "Allow-Credentials", "Allow-Methods", "Allow-Headers", "Expose-Headers", "Max-Age"} {
			out += "|" + strings.Join(a.Header["Access-Control-"+name], ";")
		}
		return out + "|" + a.Header.Get("Vary")
	}
	for _, c := range []struct{ method, path, origin, want string }{
		{"GET", "/some", "https://a.test", "200|https://a.test|true|||X-B, X-C||Origin"},
		{"GET", "/some", "https://x.y.b.test", "200|https://x.y.b.test|true|||X-B, X-C||Origin"},
		{"GET", "/some", "https://evil.test", "200|||||||Origin"},
		{"GET", "/some", "http://a.test", "200|||||||Origin"},
		{"GET", "/some", "https://b.test", "200|||||||Origin"},
		{"GET", "/some", "https://evilb.test", "200|||||||Origin"},
		{"GET", "/some", "", "200|||||||Origin"},
		{"OPTIONS", "/some", "https://a.test", "204|https://a.test|true|GET, PUT|X-A||60|Origin"},
		{"OPTIONS", "/some", "https://evil.test", "204|||||||Origin"},
		{"GET", "/any", "https://a.test", "200|*||||||"},
		{"OPTIONS", "/any", "https://a.test", "204|*||*|*|||"},
		{"OPTIONS", "/named", "https://a.test", "204|https://a.test|true|PUT|x-a, x-b|||Origin"},
	} {
		var fields []string
		if c.origin != "" {
			fields = append(fields, "Origin", c.origin)
		}
		if c.method == "OPTIONS" {
			fields = append(fields, "Access-Control-Request-Method", "PUT", "Access-Control-Request-Headers", "x-a, x-b")
		}
		if g := got(g.do(c.method, c.path, "", fields...)); g != c.want {
			t.Errorf("%s %s from %s:\n got %s\nwant %s", c.method, c.path, c.origin, g, c.want)
		}
	}
}

// guard is a plugin that refuses everybody, and tells what it saw of later phases.
type guard struct{ seen chan string }

func (guard) Access(x *plugin.Exchange) error { return x.Error(401, "no") }

func (guard) HeaderFilter(x *plugin.Exchange) error {
	if x.Response.Header.Has("Access-Control-Allow-Origin") {
		x.Response.Header.Set("X-Saw", "what a cache would keep")
	}
	return nil
}

func (p guard) Record(x *plugin.Exchange) {
	text := fmt.Sprint(x.Response.Status, " ", x.Route.ID, " ", x.Route.Name)
	if x.Service != nil {
		text += " " + x.Service.ID
	}
	p.seen <- text
}

// Preflights and redirects need no credentials; all else passes the plugins first, whose answers browsers can read. Plugins see a
// route that the rule names, and a service, though no entity is one.
func TestFiltersBesidePlugins(t *testing.T) {
	up, served := counting(t, "up")
	seen := make(chan string, 1)
	type config struct{}
	g := start(t, setup{types: plugin.Types{"guard": plugin.Define(plugin.Desc{Name: "guard", Priority: 1},
		func(config, plugin.Env) (any, error) { return guard{seen}, nil })}})
	bound := entity.Object{Kind: entity.KindOf("plugins"), ID: uuid(1),
		Doc: []byte(`{"id":"` + uuid(1) + `","name":"guard","enabled":true,"protocols":["http"],"config":{},"route":` + ref(2) + `}`)}
	set, problems := entity.NewSet(1, []entity.Object{bound, object(t, "routes", 2, `{"name":"bound","paths":["/unused"]}`)})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	c := &plan.Config{Set: set, Rules: []*plan.Rule{
		ruleTo("/free", up),
		ruleTo("/c", up, func(r *plan.Rule) { r.Scope.Route = entity.Get[entity.Route](set, uuid(2)) }, filters(plan.Filter{CORS: &plan.CORS{AllowOrigins: []string{"*"}}}, plan.Filter{Mirror: &plan.Mirror{Backend: backend("m", up)}})),
		ruleTo("/r", "", func(r *plan.Rule) { r.Scope.Route = entity.Get[entity.Route](set, uuid(2)) },
			filters(plan.Filter{Redirect: &plan.Redirect{Scheme: "https"}}))}}
	s, problems := snapshot.Build(g.Current(), c, g.build)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	g.Swap(s)
	if a := g.do("OPTIONS", "/c", "", "Origin", "https://a.test", "Access-Control-Request-Method", "PUT"); a.StatusCode != 204 {
		t.Errorf("preflight: %d", a.StatusCode)
	}
	if got := <-seen; got != "204 "+uuid(2)+" bound to /c" {
		t.Errorf("recorded %q", got)
	}
	if a := g.do("GET", "/c", "", "Origin", "https://a.test"); a.StatusCode != 401 || a.Header.Get("Access-Control-Allow-Origin") != "*" || a.Header.Get("X-Saw") != "" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	<-seen
	if a := g.do("GET", "/r", ""); a.StatusCode != 302 || served.Load() != 0 {
		t.Errorf("redirect: %d, %d served", a.StatusCode, served.Load())
	}
	<-seen
	if a := g.do("GET", "/free", ""); a.body != "up" {
		t.Errorf("without plugin: %d", a.StatusCode)
	}
}

// The client that leaves during a backoff ends the request.
func TestClientLeavesDuringBackoff(t *testing.T) {
	asked := make(chan struct{}, 9)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(503)
		asked <- struct{}{}
	}))
	defer s.Close()
	paths(t, func(t *testing.T, raw bool) {
		g := ruled(t, setup{raw: raw}, ruleTo("/b", addrOf(s), func(r *plan.Rule) {
			r.Retry = &plan.Retry{Attempts: 9, Codes: []int{503}, Backoff: plan.Duration(time.Hour)}
		}))
		c, _ := g.dial()
		io.WriteString(c, "GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
		<-asked
		c.Close()
		eventually(t, "ended", func() bool { return g.Counters().Writing == 0 })
		if len(asked) > 0 {
			t.Error("asked again")
		}
	})
}

// Rules do the same for clients of HTTP/2: all of it happens behind the exchange seam.
func TestRulesOverHTTP2(t *testing.T) {
	up := echo(t)
	silent := scripted(t, func(c net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) })
	copied, copies := counting(t, "copy")
	var failing atomic.Int64
	flaky := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if failing.Add(1) < 3 {
			w.WriteHeader(503)
		}
		w.Write(body)
	}))
	defer flaky.Close()
	prefix := "/p"
	g := ruled(t, setup{raw: true, http2: true},
		ruleTo("/up", addrOf(up), filters(plan.Filter{Rewrite: &plan.Rewrite{Host: "in.test", Path: &plan.PathEdit{Prefix: &prefix}}}, plan.Filter{Mirror: &plan.Mirror{Backend: backend("m", copied)}}),
			func(r *plan.Rule) { r.Affinity = &plan.Affinity{Kind: plan.Cookie, Name: "s"} }),
		ruleTo("/silent", silent, func(r *plan.Rule) { r.Timeouts.Request = plan.Duration(50 * time.Millisecond) }),
		ruleTo("/flaky", addrOf(flaky), func(r *plan.Rule) { r.Retry = &plan.Retry{Attempts: 2, Codes: []int{503}} }),
		ruleTo("/to", "", filters(plan.Filter{Redirect: &plan.Redirect{Scheme: "https"}})))
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	do := func(path string, body io.Reader) *answer {
		t.Helper()
		q, _ := http.NewRequest("POST", "http://"+g.addr+path, body)
		res, err := transport.RoundTrip(q)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		return &answer{res, string(b), err}
	}
	a := do("/up/x", strings.NewReader("body"))
	if s := a.asked(t); a.ProtoMajor != 2 || s.URI != "/p/x" || s.Host != "in.test" || s.Body != "body" || len(a.Cookies()) != 1 {
		t.Errorf("%+v %+v", a.Response, s)
	}
	eventually(t, "copied", func() bool { return copies.Load() == 1 })
	if a := do("/flaky", strings.NewReader("again")); a.StatusCode != 200 || a.body != "again" || failing.Load() != 3 {
		t.Errorf("%d %q after %d", a.StatusCode, a.body, failing.Load())
	}
	if a := do("/to", nil); a.StatusCode != 302 || a.Header.Get("Location") != "https://127.0.0.1/to" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	if a := do("/silent", nil); a.StatusCode != 504 {
		t.Errorf("%d", a.StatusCode)
	}
	half, end := io.Pipe() // a body that never ends
	defer end.Close()
	go end.Write([]byte("half"))
	if a := do("/silent", half); a.StatusCode != 504 {
		t.Errorf("%d", a.StatusCode)
	}
	if a := do("/to", nil); a.StatusCode != 302 { // the connection goes on
		t.Errorf("%d", a.StatusCode)
	}
}

// A backend's server name is asked for and verified, whatever Host field is sent.
func TestServerNameOfBackend(t *testing.T) {
	asked := make(chan string, 9)
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked <- r.TLS.ServerName + " " + r.Host }))
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	to := func(id, name string) []plan.Weighted {
		b := backend(id, addrOf(s))
		b.Protocol, b.TLS = "https", &plan.TLS{ServerName: name}
		return []plan.Weighted{{Weight: 1, Backend: b}}
	}
	g := ruled(t, setup{build: snapshot.Options{Roots: roots, VerifyUpstream: true}},
		ruleTo("/good", "", func(r *plan.Rule) { r.Backends, r.PreserveHost = to("good", "example.com"), true }),
		ruleTo("/bad", "", func(r *plan.Rule) { r.Backends, r.PreserveHost = to("bad", "other.test"), true }))
	if a := g.do("GET", "/good", "", "Host", "other.test"); a.StatusCode != 200 {
		t.Fatal(a.StatusCode)
	}
	if got := <-asked; got != "example.com other.test" {
		t.Errorf("asked for %s", got)
	}
	if a := g.do("GET", "/bad", ""); a.StatusCode != 502 {
		t.Errorf("a wrong name is answered with %d", a.StatusCode)
	}
}
