package proxy_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/protocols"
	"github.com/gibbon-gateway/gibbon/internal/proxy"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
)

// fronts are the ways in which a client reaches a gateway, backs those in which that reaches its upstreams.
var (
	fronts = []string{"h1", "h1 tls", "h2c", "h2"}
	backs  = []string{"h1", "h1 tls", "h2c", "h2"}
)

// pair is a gateway with a client in front of it and an upstream behind it, each with its version of HTTP.
type pair struct {
	*gateway
	client *http.Client
	url    string
	front  string
}

// client returns an HTTP client of one version, which is not allowed any other.
func client(t testing.TB, version string) *http.Client {
	p := new(http.Protocols)
	p.SetHTTP1(strings.HasPrefix(version, "h1"))
	p.SetHTTP2(version == "h2")
	p.SetUnencryptedHTTP2(version == "h2c")
	tr := &http.Transport{Protocols: p, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableCompression: true}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// origin starts an upstream of one version.
func origin(t testing.TB, version string, h http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	p := new(http.Protocols)
	p.SetHTTP1(strings.HasPrefix(version, "h1"))
	p.SetHTTP2(version == "h2")
	p.SetUnencryptedHTTP2(version == "h2c")
	s.Config.Protocols = p
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.EnableHTTP2 = version == "h2"
	if version == "h1 tls" || version == "h2" {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

// startPair starts a gateway that listens for one version and forwards all of /up to an upstream of another.
func startPair(t testing.TB, front, back string, s setup, h http.Handler, more ...entity.Object) *pair {
	protocol := map[string]string{"h1": "http", "h1 tls": "https", "h2c": "grpc", "h2": "https"}[back]
	s.build.UpstreamHTTP2 = back == "h2"
	objects := append(to(t, addrOf(origin(t, back, h)), `"protocol":"`+protocol+`"`), more...)
	p := &pair{gateway: start(t, s, objects...), client: client(t, front), front: front}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := protocols.Options{Limits: s.limits, Raw: s.raw, HTTP2: strings.HasPrefix(front, "h2"), Log: slog.New(slog.DiscardHandler)}
	scheme := "http"
	if front == "h1 tls" || front == "h2" {
		scheme = "https"
		o.TLS = &tls.Config{Certificates: testCertificate(), NextProtos: protocols.NextProtos(o.HTTP2)}
	}
	server := protocols.NewServer(p.Proxy, o)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		p.client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(ctx)
		<-served
	})
	p.url = scheme + "://" + l.Addr().String()
	return p
}

// pairs runs a test over every pair of versions, with and without raw I/O where that makes a difference.
func pairs(t *testing.T, f func(t *testing.T, front, back string, raw bool)) {
	for _, front := range fronts {
		for _, back := range backs {
			for _, raw := range []bool{false, true} {
				if raw && front != "h1" && back != "h1" {
					continue
				}
				t.Run(fmt.Sprintf("%s to %s raw=%t", front, back, raw), func(t *testing.T) { f(t, front, back, raw) })
			}
		}
	}
}

// told is what came of an exchange: what the upstream was asked, and what the client got.
type told struct {
	Method, Path, Body string
	Fields, Trailer    []string // of the request, as the upstream has seen them
	Status             int
	Got                string
	GotFields          []string
	GotTrailer         []string
	Length             int64
	Interim            []string
}

// exchanges are the rows that have to come out the same over every pair.
var exchanges = []struct {
	name    string
	request func() *http.Request
	handler func(w http.ResponseWriter, r *http.Request)
}{
	{"get", func() *http.Request { return request("GET", "/up/a%20b/c?x=1&y=%2F", nil) }, respond(200, "hello")},
	{"head", func() *http.Request { return request("HEAD", "/up/", nil) }, respond(200, "hello")},
	{"options", func() *http.Request { return request("OPTIONS", "/up/", nil) }, respond(200, "")},
	{"method of its own", func() *http.Request { return request("PROPFIND", "/up/", nil) }, respond(207, "x")},
	{"post", func() *http.Request { return request("POST", "/up/", strings.NewReader("small")) }, respond(201, "made")},
	{"post of nothing", func() *http.Request { return request("POST", "/up/", http.NoBody) }, respond(200, "")},
	{"post of unknown length", func() *http.Request {
		return request("POST", "/up/", io.MultiReader(strings.NewReader("un"), strings.NewReader("known")))
	}, respond(200, "ok")},
	{"post of 1 MiB", func() *http.Request {
		return request("POST", "/up/", bytes.NewReader(bytes.Repeat([]byte("abcdefgh"), 1<<17)))
	}, respond(200, "ok")},
	{"post of 1 MiB, unknown length", func() *http.Request {
		return request("POST", "/up/", io.MultiReader(bytes.NewReader(bytes.Repeat([]byte("abcdefgh"), 1<<17))))
	}, respond(200, "ok")},
	{"request trailers", func() *http.Request {
		r := request("POST", "/up/", io.MultiReader(strings.NewReader("body")))
		r.Trailer = http.Header{"X-Sum": {"42"}, "X-Consumer-Id": {"forged"}}
		return r
	}, respond(200, "ok")},
	{"response trailers", func() *http.Request { return request("GET", "/up/", nil, "Te", "trailers") }, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		io.WriteString(w, "part")
		w.(http.Flusher).Flush()
		w.Header().Set("X-Sum", "42")
	}},
	{"large response", func() *http.Request { return request("GET", "/up/", nil) }, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(3<<20))
		w.Write(bytes.Repeat([]byte("x"), 3<<20))
	}},
	{"large response of unknown length", func() *http.Request { return request("GET", "/up/", nil) }, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		w.Write(bytes.Repeat([]byte("x"), 3<<20))
	}},
	{"204", func() *http.Request { return request("DELETE", "/up/", nil) }, respond(204, "")},
	{"304", func() *http.Request { return request("GET", "/up/", nil) }, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"x"`)
		w.WriteHeader(304)
	}},
	{"404 of the upstream", func() *http.Request { return request("GET", "/up/", nil) }, respond(404, "none")},
	{"early hints", func() *http.Request { return request("GET", "/up/", nil) }, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(103)
		w.Header().Del("Link")
		io.WriteString(w, "final")
	}},
	{"many fields and cookies", func() *http.Request {
		r := request("GET", "/up/", nil, "Cookie", "a=1; b=2")
		for i := range 60 {
			r.Header.Set(fmt.Sprintf("X-Field-%d", i), strings.Repeat("v", i))
		}
		return r
	}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		io.WriteString(w, "ok")
	}},
	{"route is not found", func() *http.Request { return request("GET", "/none", nil) }, respond(200, "")},
}

func request(method, target string, body io.Reader, fields ...string) *http.Request {
	r, err := http.NewRequest(method, "http://replaced"+target, body)
	if err != nil {
		panic(err)
	}
	r.Header.Set("User-Agent", "test")
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	return r
}

func respond(status int, body string) func(w http.ResponseWriter, r *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		if body != "" {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		}
		w.Header().Set("X-Up", "1")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// differing are fields that tell of the connection, the time or the version.
var differing = []string{"X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via", "X-Kong-Request-Id",
	"X-Kong-Proxy-Latency", "X-Kong-Upstream-Latency", "X-Kong-Response-Latency", "Date", "Connection", "Content-Length", "Te", "Trailer"}

func fieldsOf(h http.Header) []string {
	h = h.Clone()
	for _, name := range differing {
		delete(h, name)
	}
	return names(h)
}

// ask makes an exchange and tells what came of it.
func (p *pair) ask(t testing.TB, r *http.Request, got *told) {
	t.Helper()
	u := *r.URL
	r.URL = &u
	scheme, host, _ := strings.Cut(p.url, "://")
	r.URL.Scheme, r.URL.Host, r.Host = scheme, host, "h.test"
	ctx := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		got.Interim = append(got.Interim, fmt.Sprint(code, " ", h.Get("Link")))
		return nil
	}})
	res, err := p.client.Do(r.WithContext(ctx))
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	id := res.Header.Get("X-Kong-Request-Id")
	got.Status, got.Got, got.Length = res.StatusCode, digest(strings.ReplaceAll(string(body), id, "id")), res.ContentLength
	got.GotFields, got.GotTrailer = fieldsOf(res.Header), names(res.Trailer)
}

// digest shortens a long body to what tells it apart.
func digest(s string) string {
	if len(s) > 1000 {
		return fmt.Sprintf("%d bytes, %q … %q", len(s), s[:8], s[len(s)-8:])
	}
	return s
}

// TestPairs makes the same exchanges over every pair of versions. What the upstream sees and what the client gets is the same for all.
func TestPairs(t *testing.T) {
	want := map[string]told{}
	pairs(t, func(t *testing.T, front, back string, raw bool) {
		var handler func(w http.ResponseWriter, r *http.Request)
		var seen *told
		p := startPair(t, front, back, setup{raw: raw}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				t.Errorf("upstream: %v", err)
			}
			seen.Method, seen.Path, seen.Body = r.Method, r.RequestURI, digest(string(b))
			seen.Fields, seen.Trailer = fieldsOf(r.Header), names(r.Trailer)
			handler(w, r)
		}))
		for _, x := range exchanges {
			var got told
			handler, seen = x.handler, &got
			p.ask(t, x.request(), &got)
			first, ok := want[x.name]
			if !ok {
				want[x.name] = got
				continue
			}
			if diff := cmp.Diff(first, got); diff != "" {
				t.Errorf("%s: %s", x.name, diff)
			}
		}
	})
}

// TestPairsStream shows that each received piece is sent on at once, both ways at the same time where both sides can.
func TestPairsStream(t *testing.T) {
	pairs(t, func(t *testing.T, front, back string, raw bool) {
		next := make(chan string)
		p := startPair(t, front, back, setup{raw: raw}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			w.(http.Flusher).Flush()
			for s := range next {
				io.WriteString(w, "data: "+s+"\n\n")
				w.(http.Flusher).Flush()
			}
		}))
		req, _ := http.NewRequest("GET", p.url+"/up/events", nil)
		res, err := p.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		buf := make([]byte, 100)
		for _, s := range []string{"one", "two", "three"} {
			next <- s
			n, err := res.Body.Read(buf)
			if got := string(buf[:n]); got != "data: "+s+"\n\n" || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		}
		close(next)
		if _, err := res.Body.Read(buf); err != io.EOF {
			t.Errorf("%v", err)
		}
	})
}

// TestPairsFailures shows what clients see of upstreams that fail, and upstreams of clients that leave.
func TestPairsFailures(t *testing.T) {
	pairs(t, func(t *testing.T, front, back string, raw bool) {
		left := make(chan error, 1)
		p := startPair(t, front, back, setup{raw: raw, options: proxy.Options{}, build: snapshot.Options{}}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/abort":
				panic(http.ErrAbortHandler)
			case "/cut":
				w.Header().Set("Content-Length", "1000")
				io.WriteString(w, "part")
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			case "/left":
				w.(http.Flusher).Flush()
				<-r.Context().Done()
				left <- r.Context().Err()
			}
		}))
		var got told
		p.ask(t, request("POST", "/up/abort", strings.NewReader("x")), &got)
		if got.Status != 502 || !strings.Contains(got.Got, "An invalid response was received") {
			t.Errorf("abort: %d %s", got.Status, got.Got)
		}
		req, _ := http.NewRequest("GET", p.url+"/up/cut", nil)
		res, err := p.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(res.Body); err == nil {
			t.Errorf("a response that was cut off came as complete: %q", b)
		}
		res.Body.Close()
		ctx, cancel := context.WithCancel(t.Context())
		req, _ = http.NewRequestWithContext(ctx, "GET", p.url+"/up/left", nil)
		res, err = p.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		res.Body.Close()
		select {
		case <-left:
		case <-time.After(20 * time.Second):
			t.Error("the upstream was not told that the client has left")
		}
		if err := errors.Unwrap(ctx.Err()); err != nil {
			t.Error(err)
		}
	})
}
