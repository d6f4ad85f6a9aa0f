package proxy_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// probeConfig names an instance.
type probeConfig struct {
	Name string `json:"name"`
}

// hooks are what the probes of a test do in their phases. A nil one does nothing.
type hooks struct {
	mu     sync.Mutex
	events []string
	done   chan struct{} // gets one for each record of a probe
	do     func(phase, name string, x *plugin.Exchange) error
}

func (h *hooks) note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, fmt.Sprintf(format, args...))
}

func (h *hooks) take() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := strings.Join(h.events, " ")
	h.events = nil
	return s
}

// probe is a plugin with all phases.
type probe struct {
	h    *hooks
	name string
}

func (p *probe) run(phase string, x *plugin.Exchange) error {
	p.h.note("%s:%s", phase, p.name)
	p.h.mu.Lock()
	defer p.h.mu.Unlock()
	if p.h.do != nil {
		return p.h.do(phase, p.name, x)
	}
	return nil
}

// set changes what the probes do, or what that depends on. The race detector does not see the order that raw I/O makes, so that
// the lock is needed although nothing runs meanwhile.
func (h *hooks) set(do func(phase, name string, x *plugin.Exchange) error) {
	h.locked(func() { h.do = do })
}

func (h *hooks) locked(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
}

func (p *probe) Rewrite(x *plugin.Exchange) error      { return p.run("rewrite", x) }
func (p *probe) Access(x *plugin.Exchange) error       { return p.run("access", x) }
func (p *probe) Respond(x *plugin.Exchange) error      { return p.run("respond", x) }
func (p *probe) HeaderFilter(x *plugin.Exchange) error { return p.run("header", x) }
func (p *probe) Record(x *plugin.Exchange) {
	p.run("record", x)
	p.h.done <- struct{}{}
}

// probes declares plugins a (priority 3), b and c (2).
func probes(h *hooks) plugin.Types {
	h.done = make(chan struct{}, 100)
	types := plugin.Types{}
	for i, name := range []string{"a", "b", "c"} {
		types[name] = plugin.Define(plugin.Desc{Name: name, Priority: 3 - (i+1)/2},
			func(c probeConfig, _ plugin.Env) (any, error) { return &probe{h, c.Name}, nil })
	}
	return types
}

// probeOf makes a plugin object; scope holds "route", "service", "consumer" references.
func probeOf(t testing.TB, id int, kind, name, scope string) entity.Object {
	k := entity.KindOf("plugins")
	doc := fmt.Sprintf(`{"id":%q,"name":%q,"enabled":true,"protocols":["http","https"],"config":{"name":%q}%s}`, uuid(id), kind, name, scope)
	return entity.Object{Kind: k, ID: uuid(id), Doc: []byte(doc)}
}

func (h *hooks) wait(n int) {
	for range n {
		<-h.done
	}
}

func TestPhases(t *testing.T) {
	up := addrOf(echo(t))
	paths(t, func(t *testing.T, raw bool) {
		h := &hooks{}
		g := start(t, setup{raw: raw, types: probes(h)}, append(to(t, up, ""),
			probeOf(t, 10, "a", "a", ""), probeOf(t, 11, "b", "b", ""), probeOf(t, 12, "c", "c", `,"route":`+ref(2)))...)
		h.set(func(phase, name string, x *plugin.Exchange) error {
			switch {
			case phase == "rewrite":
				x.SetLocal("from " + name)
			case name != "c" && phase == "access" && x.Local() != "from "+name:
				t.Errorf("local of %s: %v", name, x.Local())
			case phase == "header":
				x.Response.Header.Set("X-"+name, fmt.Sprint(x.Response.FromUpstream))
			}
			return nil
		})
		a := g.do("GET", "/up", "")
		h.wait(3)
		want := "rewrite:a rewrite:b access:a access:c access:b respond:a respond:c respond:b header:a header:c header:b record:a record:c record:b"
		if got := h.take(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if a.Header.Get("X-A") != "true" || a.Header.Get("X-C") != "true" {
			t.Errorf("%v", a.Header)
		}
		g.do("GET", "/nowhere", "")
		h.wait(2)
		if got := h.take(); got != "rewrite:a rewrite:b header:a header:b record:a record:b" {
			t.Errorf("without a route: %s", got)
		}
		h.set(func(phase, name string, x *plugin.Exchange) error {
			if phase == "access" && name == "a" {
				x.Response.Header.Set("X-Early", "1")
				return x.Exit(403, map[string]string{"message": "no"})
			}
			return nil
		})
		a = g.do("POST", "/up", "body")
		h.wait(3)
		if got := h.take(); got != "rewrite:a rewrite:b access:a header:a header:c header:b record:a record:c record:b" {
			t.Errorf("after an exit: %s", got)
		}
		if a.StatusCode != 403 || a.body != `{"message":"no"}` || a.Header.Get("X-Early") != "1" || a.Header.Get("X-Kong-Response-Latency") == "" {
			t.Errorf("%d %v %q", a.StatusCode, a.Header, a.body)
		}
	})
}

func TestPrecedence(t *testing.T) {
	up := addrOf(echo(t))
	r, s, c, m := `,"route":`+ref(2), `,"service":`+ref(1), `,"consumer":`+ref(3), `,"consumer_group":`+ref(4)
	scopes := []string{"", s, r, m, c, r + s, s + m, r + m, s + c, r + c, r + s + m, r + s + c} // from the least specific
	// What wins of the first scopes when nobody is identified, when only a group is known, when a consumer in no group is, and
	// when one is that is in the group.
	wins := map[string][12]int{
		"nobody":            {0, 1, 2, 2, 2, 5, 5, 5, 5, 5, 5, 5},
		"group":             {0, 1, 2, 3, 3, 5, 6, 7, 7, 7, 10, 10},
		"consumer":          {0, 1, 2, 2, 4, 5, 5, 5, 8, 9, 9, 11},
		"consumer in group": {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
		// What a plugin says of groups counts in place of those that the consumer is in.
		"consumer out of group": {0, 1, 2, 2, 4, 5, 5, 5, 8, 9, 9, 11},
	}
	for top := range scopes {
		for who, want := range wins {
			h := &hooks{}
			types := probes(h)
			objects := append(to(t, up, ""), object(t, "consumers", 3, `{"username":"u"}`), object(t, "consumer_groups", 4, `{"name":"g"}`),
				object(t, "consumers", 5, `{"username":"v"}`), object(t, "consumer_group_consumers", 0, `{"consumer":`+ref(3)+`,"consumer_group":`+ref(4)+`}`),
				probeOf(t, 40, "a", "auth", ""))
			if who == "consumer" {
				objects = slices.DeleteFunc(objects, func(o entity.Object) bool { return o.Kind.Name == "consumer_group_consumers" })
			}
			for i := range top + 1 {
				objects = append(objects, probeOf(t, 50+i, "b", fmt.Sprint(i), scopes[i]))
			}
			h.set(func(phase, name string, x *plugin.Exchange) error {
				if phase != "access" || name != "auth" {
					return nil
				}
				if strings.HasPrefix(who, "consumer") {
					x.Identify(&entity.Consumer{ID: uuid(3), Username: "u"}, plugin.Credential{ID: "c"})
				}
				switch who {
				case "group":
					x.ConsumerGroups = []*entity.ConsumerGroup{{ID: uuid(7)}, {ID: uuid(4)}}
				case "consumer out of group":
					x.ConsumerGroups = []*entity.ConsumerGroup{}
				}
				return nil
			})
			g := start(t, setup{types: types}, objects...)
			g.do("GET", "/up", "")
			h.wait(2)
			if got := h.take(); !strings.Contains(got, fmt.Sprintf("access:%d ", want[top])) || strings.Count(got, "access:") != 2 {
				t.Errorf("scopes up to %d, %s: %s", top, who, got)
			}
		}
	}
}

func TestPluginFailures(t *testing.T) {
	up := addrOf(echo(t))
	for _, phase := range []string{"rewrite", "access", "respond", "header", "record"} {
		for _, how := range []string{"error", "panic"} {
			t.Run(phase+" "+how, func(t *testing.T) {
				h := &hooks{}
				g := start(t, setup{types: probes(h)}, append(to(t, up, ""), probeOf(t, 10, "a", "a", ""))...)
				h.set(func(p, _ string, x *plugin.Exchange) error {
					switch {
					case p != phase:
						return nil
					case how == "panic":
						panic("on purpose")
					}
					return errors.New("on purpose")
				})
				a := g.do("GET", "/up", "")
				want, text := 500, "An unexpected error occurred"
				if phase == "record" {
					want, text = 200, ""
				}
				if a.StatusCode != want || !strings.Contains(a.body, text) || a.Header.Get("X-Kong-Request-Id") == "" {
					t.Errorf("%d %v %q", a.StatusCode, a.Header, a.body)
				}
				h.set(nil)
				if a := g.do("GET", "/up", ""); a.StatusCode != 200 {
					t.Errorf("afterwards: %d", a.StatusCode)
				}
			})
		}
	}
}

// TestChangedRequest sends upstream what plugins have made of a request.
func TestChangedRequest(t *testing.T) {
	up := addrOf(echo(t))
	paths(t, func(t *testing.T, raw bool) {
		h := &hooks{}
		g := start(t, setup{raw: raw, types: probes(h)}, append(to(t, up, `"path":"/base"`), probeOf(t, 10, "a", "a", ""))...)
		h.set(func(phase, _ string, x *plugin.Exchange) error {
			if phase != "access" {
				return nil
			}
			b, err := x.Request.Body(1 << 20)
			if err != nil {
				return err
			}
			x.Request.SetMethod("PUT")
			x.Request.SetPath("/other path")
			x.Request.SetQuery([]byte("a=b c\r\nX: y"))
			x.Request.SetHost("else.test")
			x.Request.SetBody(append([]byte("was "), b...))
			x.Request.Header.Set("X-New", "1\r\nX: y")
			x.Request.Header.Del("X-Old")
			return nil
		})
		a := g.do("POST", "/up/x?q", "body", "X-Old", "1")
		s := a.asked(t)
		got := []string{s.Method, s.URI, s.Host, s.Body, s.Header.Get("X-New"), s.Header.Get("X-Old"), s.Header.Get("X"), fmt.Sprint(s.Length)}
		want := []string{"PUT", "/other%20path?a=b%20c%0D%0AX:%20y", "else.test", "was body", "1  X: y", "", "", "8"}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

// TestBodyRead reads bodies in a plugin, whole and too long: both go upstream unchanged.
func TestBodyRead(t *testing.T) {
	up := addrOf(echo(t))
	paths(t, func(t *testing.T, raw bool) {
		h := &hooks{}
		g := start(t, setup{raw: raw, types: probes(h)}, append(to(t, up, ""), probeOf(t, 10, "a", "a", ""))...)
		h.set(func(phase, _ string, x *plugin.Exchange) error {
			if phase == "access" {
				b, err := x.Request.Body(1000)
				if err != nil && err != plugin.ErrBodyTooLarge {
					return err
				}
				x.Response.Header.Set("X-Read", fmt.Sprint(len(b), err == nil))
			}
			return nil
		})
		big := strings.Repeat("a", 200<<10)
		chunked := fmt.Sprintf("POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(big), big)
		for name, c := range map[string]struct{ request, body, read string }{
			"short":   {"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody", "body", "4 true"},
			"none":    {"GET /up HTTP/1.1\r\nHost: a\r\n\r\n", "", "0 true"},
			"long":    {fmt.Sprintf("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(big), big), big, "0 false"},
			"chunked": {chunked, big, "0 false"},
		} {
			conn, r := g.dial()
			io.WriteString(conn, c.request)
			a := read(t, r, "POST")
			if a.Header.Get("X-Read") != c.read || a.asked(t).Body != c.body {
				t.Errorf("%s: %q, body of %d bytes", name, a.Header.Get("X-Read"), len(a.asked(t).Body))
			}
		}
		if got := g.raw("POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
			t.Errorf("bad chunks: %q", got)
		}
	})
}

// keeper notes what it sees of a body.
type keeper struct {
	body     string
	complete []bool
}

func (k *keeper) ObserveBody(_ *plugin.Exchange, chunk []byte) { k.body += string(chunk) }
func (k *keeper) EndBody(_ *plugin.Exchange, complete bool) {
	k.complete = append(k.complete, complete)
}

// shout turns a body into capitals.
type shout struct{}

func (shout) FilterBody(_ *plugin.Exchange, chunk []byte, last bool) ([]byte, error) {
	for i, c := range chunk {
		if 'a' <= c && c <= 'z' {
			chunk[i] = c - 32
		}
	}
	if last {
		chunk = append(chunk, '!')
	}
	return chunk, nil
}

func TestBodiesPassing(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		for name, c := range map[string]struct {
			answer, method string
			observe        bool
			filter         bool
			want, seen     string
			complete       bool
			length         int64
		}{
			"observed":          {"Content-Length: 5\r\n\r\nhello", "GET", true, false, "hello", "hello", true, 5},
			"observed chunks":   {"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "GET", true, false, "hello", "hello", true, -1},
			"filtered":          {"Content-Length: 5\r\n\r\nhello", "GET", false, true, "HELLO!", "", true, -1},
			"both":              {"Content-Length: 5\r\n\r\nhello", "GET", true, true, "HELLO!", "hello", true, -1},
			"observed, cut":     {"Content-Length: 9\r\n\r\nhello", "GET", true, false, "hello", "hello", false, 9},
			"filtered, cut":     {"Content-Length: 9\r\n\r\nhello", "GET", true, true, "HELLO", "hello", false, -1},
			"head":              {"Content-Length: 9\r\n\r\n", "HEAD", true, false, "", "", true, 9},
			"observed to close": {"\r\nhello", "GET", true, false, "hello", "hello", true, -1},
		} {
			t.Run(name, func(t *testing.T) {
				h := &hooks{}
				up := scripted(t, func(conn net.Conn, r *bufio.Reader) { head(r); io.WriteString(conn, "HTTP/1.1 200 OK\r\n"+c.answer) })
				g := start(t, setup{raw: raw, types: probes(h)}, append(to(t, up, ""), probeOf(t, 10, "a", "a", ""))...)
				k := &keeper{}
				var upstream error
				h.set(func(phase, _ string, x *plugin.Exchange) error {
					switch {
					case phase == "respond" && c.observe:
						x.ObserveBody(k)
					case phase == "header" && c.filter:
						x.FilterBody(shout{})
					case phase == "record":
						upstream = x.Outcome.UpstreamErr
					}
					return nil
				})
				a := g.do(c.method, "/up", "")
				h.wait(1)
				if a.body != c.want || a.ContentLength != c.length || (a.err == nil) != c.complete || (upstream == nil) != c.complete {
					t.Errorf("%q, length %d, error %v, %v", a.body, a.ContentLength, a.err, upstream)
				}
				if c.observe && (k.body != c.seen || len(k.complete) != 1 || k.complete[0] != c.complete) {
					t.Errorf("seen %q, complete %v", k.body, k.complete)
				}
			})
		}
	})
}

// TestServe answers from a store, in Access and in place of what the upstream says.
func TestServe(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") != "" {
			w.Header().Set("X-Fresh", "1")
			w.WriteHeader(304)
			return
		}
		w.Write(make([]byte, 1<<20))
	}))
	t.Cleanup(up.Close)
	body := []byte(strings.Repeat("stored ", 20000))
	var stored header.Fields
	stored.Add("Content-Type", "text/plain")
	stored.Add("Content-Length", "4711")
	stored.Add("Via", "1.1 origin")
	paths(t, func(t *testing.T, raw bool) {
		h := &hooks{}
		g := start(t, setup{raw: raw, types: probes(h)}, append(to(t, addrOf(up), ""), probeOf(t, 10, "a", "a", ""), probeOf(t, 11, "b", "b", ""))...)
		var when string
		k := &keeper{}
		h.set(func(phase, name string, x *plugin.Exchange) error {
			switch {
			case name == "b" && phase == "header":
				x.Response.Header.Set("X-Filtered", fmt.Sprint(x.Response.FromUpstream, x.Response.Status))
				if when == "filtered" {
					x.FilterBody(shout{})
				}
			case name != "a":
			case phase == "access":
				x.Response.Header.Set("X-Early", "1")
				if when == "access" || when == "filtered" {
					return x.Serve(200, &stored, body)
				}
				if when == "revalidate" {
					x.Request.Header.Set("If-None-Match", `"x"`)
				}
			case phase == "respond":
				if when == "revalidate" && x.Response.Status != 304 {
					t.Errorf("respond sees %d", x.Response.Status)
				}
				if when == "replace" {
					x.ObserveBody(k)
				}
				return x.Serve(200, &stored, body)
			}
			return nil
		})
		for _, now := range []string{"access", "revalidate", "replace", "filtered"} {
			h.locked(func() { when = now })
			a := g.do("GET", "/up", "")
			want := string(body)
			if now == "filtered" {
				want = strings.ToUpper(want) + "!"
			}
			if a.StatusCode != 200 || a.body != want || a.ContentLength != int64(len(want)) || a.Header.Get("X-Early") != "1" ||
				a.Header.Get("X-Filtered") != "true 200" || a.Header.Get("X-Fresh") != "" || a.Header.Get("Content-Type") != "text/plain" ||
				a.Header.Get("Via") != "1.1 origin, 1.1 gibbon/1.2.3" || a.Header.Get("X-Kong-Proxy-Latency") == "" ||
				a.Header.Get("X-Kong-Response-Latency") != "" {
				t.Errorf("%s: %d %v, body of %d bytes", now, a.StatusCode, a.Header, len(a.body))
			}
			if string(body[:7]) != "stored " || stored.Len() != 3 {
				t.Fatal("the stored response was changed")
			}
		}
		h.wait(8)
		if len(k.complete) != 1 || k.complete[0] {
			t.Errorf("observer of a replaced response: %v", k.complete)
		}
		h.locked(func() { when = "access" })
		if a := g.do("HEAD", "/up", ""); a.ContentLength != int64(len(body)) || a.body != "" {
			t.Errorf("HEAD: %v", a.Header)
		}
	})
}

// TestServeOnFailure answers from a store when no upstream does.
func TestServeOnFailure(t *testing.T) {
	h := &hooks{}
	g := start(t, setup{types: probes(h)}, append(to(t, "127.0.0.1:1", `"retries":0`), probeOf(t, 10, "a", "a", ""))...)
	h.set(func(phase, _ string, x *plugin.Exchange) error {
		if phase == "respond" {
			if x.Response.Status != 502 || x.Response.FromUpstream || x.Outcome.UpstreamErr == nil {
				t.Errorf("%d, %v", x.Response.Status, x.Outcome.UpstreamErr)
			}
			return x.Serve(200, nil, []byte("stale"))
		}
		return nil
	})
	if a := g.do("GET", "/up", ""); a.StatusCode != 200 || a.body != "stale" {
		t.Errorf("%d %q", a.StatusCode, a.body)
	}
}

// TestDetach asks the upstream apart from the exchange, after that has ended.
func TestDetach(t *testing.T) {
	up := addrOf(echo(t))
	paths(t, func(t *testing.T, raw bool) {
		h := &hooks{}
		g := start(t, setup{raw: raw, types: probes(h)}, append(to(t, up, `"path":"/base"`), probeOf(t, 10, "a", "a", ""))...)
		var later *plugin.Detached
		h.set(func(phase, _ string, x *plugin.Exchange) error {
			if phase == "access" {
				later = x.Detach()
				return x.Exit(202, nil)
			}
			return nil
		})
		g.do("GET", "/up/x?q=1", "", "X-Mine", "1", "Host", "h.test")
		g.do("GET", "/other", "")
		h.wait(2)
		later.Header.Set("If-None-Match", "x")
		got, err := later.Do(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(got.Body)
		got.Body.Close()
		if err != nil || got.Status != 200 || got.Header.Get("X-Upstream") != "echo" {
			t.Fatalf("%d, %v", got.Status, err)
		}
		s := (&answer{body: string(b)}).asked(t)
		if s.URI != "/base/x?q=1" || s.Header.Get("X-Mine") != "1" || s.Header.Get("If-None-Match") != "x" ||
			s.Header.Get("X-Forwarded-Host") != "h.test" || s.Host != up {
			t.Errorf("%+v", s)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		<-ctx.Done()
		if _, err := later.Do(ctx); err == nil {
			t.Error("a request that was called off succeeded")
		}
	})
}

// TestDetachCanceled calls a request off while the upstream thinks.
func TestDetachCanceled(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		asked := make(chan struct{}, 10)
		up := scripted(t, func(c net.Conn, r *bufio.Reader) { head(r); asked <- struct{}{}; io.Copy(io.Discard, r) })
		h := &hooks{}
		g := start(t, setup{raw: raw, types: probes(h)}, append(to(t, up, `"retries":0`), probeOf(t, 10, "a", "a", ""))...)
		var later *plugin.Detached
		h.set(func(phase, _ string, x *plugin.Exchange) error {
			if phase == "access" {
				later = x.Detach()
				return x.Exit(202, nil)
			}
			return nil
		})
		g.do("GET", "/up", "")
		h.wait(1)
		ctx, cancel := context.WithCancel(context.Background())
		go func() { <-asked; cancel() }()
		if _, err := later.Do(ctx); err == nil {
			t.Error("no error")
		}
	})
}

// TestRecorderSees gives a recorder all of request, response and outcome, after the upstream's connection could be used again.
func TestRecorderSees(t *testing.T) {
	up := addrOf(echo(t))
	paths(t, func(t *testing.T, raw bool) {
		h := &hooks{}
		g := start(t, setup{raw: raw, types: probes(h)}, append(to(t, up, ""), probeOf(t, 10, "a", "a", ""))...)
		var got []string
		h.set(func(phase, _ string, x *plugin.Exchange) error {
			if phase == "record" {
				o := &x.Outcome
				got = []string{fmt.Sprint(x.Response.Status), x.Response.Header.Get("X-Upstream"), x.Response.Header.Get("Via"), x.Route.ID,
					x.Service.ID, fmt.Sprint(o.Tries, o.Received, o.Sent > 500, o.Total >= o.Gateway, o.Upstream > 0, o.ClientErr, o.UpstreamErr),
					o.Address.String(), string(x.Request.Path), x.Request.Header.Get("X-Mine")}
			}
			return nil
		})
		g.do("POST", "/up/x?y", "body", "X-Mine", "1")
		h.wait(1)
		want := []string{"200", "echo", "1.1 gibbon/1.2.3", uuid(2), uuid(1), "1 4 true true true <nil> <nil>", up, "/up/x", "1"}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

// TestRewriteAnswers ends a request before a route is looked for.
func TestRewriteAnswers(t *testing.T) {
	h := &hooks{}
	g := start(t, setup{types: probes(h)}, append(to(t, addrOf(echo(t)), ""), probeOf(t, 10, "a", "a", ""))...)
	h.set(func(phase, _ string, x *plugin.Exchange) error {
		if phase == "rewrite" {
			return x.Exit(418, "short")
		}
		return nil
	})
	if a := g.do("GET", "/up", ""); a.StatusCode != 418 || a.body != "short" {
		t.Errorf("%d %q", a.StatusCode, a.body)
	}
	h.wait(1)
	if got := h.take(); got != "rewrite:a header:a record:a" {
		t.Error(got)
	}
}

// TestPluginProtocols leaves plugins out that are for other protocols.
func TestPluginProtocols(t *testing.T) {
	h := &hooks{}
	p := probeOf(t, 10, "a", "a", "")
	p.Doc = []byte(strings.Replace(string(p.Doc), `["http","https"]`, `["https"]`, 1))
	g := start(t, setup{types: probes(h)}, append(to(t, addrOf(echo(t)), ""), p, probeOf(t, 11, "b", "b", ""))...)
	g.do("GET", "/up", "")
	h.wait(1)
	if got := h.take(); strings.Contains(got, ":a") || !strings.Contains(got, "access:b") {
		t.Error(got)
	}
}

// TestPanicInObserver panics where the request is already being ended.
func TestPanicInObserver(t *testing.T) {
	h := &hooks{}
	g := start(t, setup{types: probes(h)}, append(to(t, addrOf(echo(t)), ""), probeOf(t, 10, "a", "a", ""))...)
	h.set(func(phase, _ string, x *plugin.Exchange) error {
		if phase == "respond" {
			x.ObserveBody(panicking{})
		}
		return nil
	})
	for range 5 {
		g.raw("GET /up HTTP/1.1\r\nHost: a\r\n\r\n")
	}
	h.set(nil)
	if a := g.do("GET", "/up", ""); a.StatusCode != 200 {
		t.Errorf("afterwards: %d", a.StatusCode)
	}
	for end := time.Now().Add(5 * time.Second); g.Counters().Writing != 0; {
		if time.Now().After(end) {
			t.Fatalf("%+v", g.Counters())
		}
	}
}

type panicking struct{}

func (panicking) ObserveBody(*plugin.Exchange, []byte) { panic("on purpose") }
func (panicking) EndBody(*plugin.Exchange, bool)       { panic("again") }
