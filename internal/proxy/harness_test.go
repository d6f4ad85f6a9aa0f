package proxy_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/balance"
	"github.com/gibbon-gateway/gibbon/internal/http1"
	"github.com/gibbon-gateway/gibbon/internal/plan"
	"github.com/gibbon-gateway/gibbon/internal/protocols"
	"github.com/gibbon-gateway/gibbon/internal/proxy"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/schema"
)

// gateway is a proxy that listens.
type gateway struct {
	*proxy.Proxy
	t     testing.TB
	addr  string
	build snapshot.Options
	logs  *lines
}

// setup says what gateway to start. Zero fields get useful values.
type setup struct {
	raw     bool
	http2   bool // with prior knowledge
	options proxy.Options
	build   snapshot.Options
	limits  http1.Limits
	types   plugin.Types
}

// lines collects what is logged.
type lines struct {
	mu  sync.Mutex
	all []string
	got chan struct{}
}

func (l *lines) Append(add func(b []byte) []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(add(nil)))
	select {
	case l.got <- struct{}{}:
	default:
	}
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.all, "")
}

// start runs a gateway with the given objects.
func start(t testing.TB, s setup, objects ...entity.Object) *gateway {
	t.Helper()
	g := &gateway{t: t, logs: &lines{got: make(chan struct{}, 1)}, build: s.build}
	o := s.options
	o.Version = "1.2.3"
	o.UpstreamID = true
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	upstreams := protocols.NewUpstreams(&http1.Pool{Raw: s.raw, Log: o.Log})
	o.Upstreams = upstreams
	registry := balance.New(balance.Config{})
	g.build.Types, g.build.Balance = s.types, registry
	g.build.Directory = &snapshot.Directory{}
	g.build.Env.Log, g.build.Env.Now = o.Log, time.Now
	g.Proxy = proxy.New(o)
	g.apply(objects...)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.addr = l.Addr().String()
	server := protocols.NewServer(g.Proxy, protocols.Options{Limits: s.limits, Raw: s.raw, HTTP2: s.http2, Log: o.Log})
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(ctx)
		<-served
		g.Close()
		upstreams.Close()
		registry.Close()
	})
	return g
}

// apply makes the objects the configuration.
func (g *gateway) apply(objects ...entity.Object) []entity.Problem {
	g.t.Helper()
	set, problems := entity.NewSet(1, objects)
	if len(problems) > 0 {
		g.t.Fatalf("set: %v", problems)
	}
	s, problems := snapshot.Build(g.Current(), plan.Translate(set, g.Current().Config()), g.build)
	g.Swap(s)
	return problems
}

// object makes a stored document of JSON; "id" is a number that is written as an id.
func object(t testing.TB, kind string, id int, text string) entity.Object {
	t.Helper()
	k := entity.KindOf(kind)
	if k == nil {
		t.Fatalf("no kind %s", kind)
	}
	doc := map[string]any{}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	doc["id"] = uuid(id)
	full, errs := k.Prepare(doc, schema.Options{Op: schema.Create})
	if len(errs) > 0 {
		t.Fatalf("%s %s: %s", kind, text, errs.Message())
	}
	b, err := json.Marshal(full)
	if err != nil {
		t.Fatal(err)
	}
	return entity.Object{Kind: k, ID: full["id"].(string), Doc: b}
}

func uuid(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

func ref(n int) string { return fmt.Sprintf(`{"id":"%s"}`, uuid(n)) }

// to makes a service (id 1) at an address, with more fields ("" for none), and a route (id 2) /up to it.
func to(t testing.TB, addr, more string) []entity.Object {
	t.Helper()
	host, port, _ := strings.Cut(addr, ":")
	if more != "" {
		more = "," + more
	}
	return []entity.Object{
		object(t, "services", 1, fmt.Sprintf(`{"host":%q,"port":%s%s}`, host, port, more)),
		object(t, "routes", 2, `{"paths":["/up"],"service":`+ref(1)+`}`),
	}
}

// paths runs a test on both ways of doing I/O.
func paths(t *testing.T, f func(t *testing.T, raw bool)) {
	for _, raw := range []bool{false, true} {
		t.Run(map[bool]string{false: "plain", true: "raw"}[raw], func(t *testing.T) { f(t, raw) })
	}
}

// seen is what an upstream was asked.
type seen struct {
	Method, URI, Host, Proto, Body string
	Header, Trailer                http.Header
	Transfer                       []string
	Length                         int64
}

// echo is an upstream that tells what it was asked, as JSON.
func echo(t testing.TB) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Upstream", "echo")
		json.NewEncoder(w).Encode(seen{r.Method, r.RequestURI, r.Host, r.Proto, string(body), r.Header, r.Trailer, r.TransferEncoding,
			r.ContentLength})
	}))
	t.Cleanup(s.Close)
	return s
}

func addrOf(s *httptest.Server) string { return s.Listener.Addr().String() }

// scripted is an upstream that handles every connection with f.
func scripted(t testing.TB, f func(c net.Conn, r *bufio.Reader)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				f(c, bufio.NewReader(c))
			})
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return l.Addr().String()
}

// head reads a request head.
func head(r *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return b.String(), err
		}
		b.WriteString(line)
		if line == "\r\n" {
			return b.String(), nil
		}
	}
}

// dial opens a client connection.
func (g *gateway) dial() (net.Conn, *bufio.Reader) {
	g.t.Helper()
	c, err := net.Dial("tcp", g.addr)
	if err != nil {
		g.t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(20 * time.Second))
	g.t.Cleanup(func() { c.Close() })
	return c, bufio.NewReader(c)
}

// raw sends bytes on a connection of its own and returns all responses' bytes until the connection ends.
func (g *gateway) raw(text string) string {
	g.t.Helper()
	c, r := g.dial()
	io.WriteString(c, text)
	b, _ := io.ReadAll(r)
	return string(b)
}

// answer is a response that has been read.
type answer struct {
	*http.Response
	body string
	err  error // of reading the body
}

// do sends a request, with fields in turn.
func (g *gateway) do(method, path, body string, fields ...string) *answer {
	g.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", method, path)
	host := "gw.test"
	for i := 0; i < len(fields); i += 2 {
		if fields[i] == "Host" {
			host = fields[i+1]
			continue
		}
		fmt.Fprintf(&b, "%s: %s\r\n", fields[i], fields[i+1])
	}
	fmt.Fprintf(&b, "Host: %s\r\n", host)
	if body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	c, r := g.dial()
	defer c.Close()
	io.WriteString(c, b.String())
	return read(g.t, r, method)
}

func read(t testing.TB, r *bufio.Reader, method string) *answer {
	t.Helper()
	res, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("no response to %s: %v", method, err)
	}
	b, err := io.ReadAll(res.Body)
	return &answer{res, string(b), err}
}

// asked decodes what the echo upstream says.
func (a *answer) asked(t testing.TB) seen {
	t.Helper()
	var s seen
	if err := json.Unmarshal([]byte(a.body), &s); err != nil {
		t.Fatalf("status %d, not an echo: %q", a.StatusCode, a.body)
	}
	return s
}
