package http1_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/http1"
)

var request = []byte("GET /svc3/v1/items/42?q=abc HTTP/1.1\r\nHost: h57.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0\r\n" +
	"Accept: application/json, text/plain, */*\r\nAccept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\n" +
	"Authorization: Bearer 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n" +
	"Cookie: sid=0123456789abcdef; theme=dark\r\nX-Request-ID: 3f1c9c1e-1111-2222-3333-444455556666\r\nConnection: keep-alive\r\n\r\n")

var answer = []byte("0123456789abcdef0123456789abcdef0123456789abc")

var posted = []byte("POST /svc3/v1/items HTTP/1.1\r\nHost: h57.example.com\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"a\":\"bcd\"}")

// lean forwards as the proxy does, without allocating.
type lean struct {
	group exchange.Conns
	head  exchange.Head
	body  exchange.Body
}

var contents = header.Fields{}

func (f *lean) ServeHTTP1(c *http1.Conn) {
	q := c.Request()
	u, err := f.group.Get(context.Background(), exchange.Timeouts{})
	if err != nil {
		c.WriteHead(502, nil, nil, 0)
		return
	}
	defer u.Release()
	f.head = exchange.Head{Method: "GET", Authority: upstreamName, Path: q.Path, Header: &q.Header}
	f.body = exchange.Body{}
	if q.HasBody {
		f.head.Method = "POST"
		f.body.Present, f.body.Length = true, q.Length
		f.body.Memory, _ = c.WholeBody()
	}
	if err := u.Send(&f.head, &f.body, c); err != nil {
		c.WriteHead(502, nil, nil, 0)
		return
	}
	r := u.Response()
	r.Header.Add("X-Kong-Proxy-Latency", "1")
	c.WriteHead(r.Status, r.Reason, &r.Header, r.Length)
	c.Relay(u)
}

var upstreamName = []byte("upstream")

// upstream answers everything with 45 bytes.
func upstream(c *http1.Conn) {
	c.WriteHead(200, nil, &contents, 45)
	c.WriteBody(answer)
}

func leanChain(t testing.TB, raw bool) string {
	up := start(t, &http1.Server{Handler: http1.HandlerFunc(upstream), Raw: true})
	p := &http1.Pool{Raw: raw}
	t.Cleanup(func() { p.Close() })
	return start(t, &http1.Server{Handler: &lean{group: p.Group(exchange.Key{Addr: up})}, Raw: raw})
}

// roundTrip sends b and reads one response that ends with the upstream's body.
func roundTrip(t testing.TB, c net.Conn, b, buf []byte) {
	if _, err := c.Write(b); err != nil {
		t.Fatal(err)
	}
	n := 0
	for !bytes.HasSuffix(buf[:n], []byte("789abc")) {
		k, err := c.Read(buf[n:])
		if err != nil {
			t.Fatal(err)
		}
		n += k
	}
}

func TestNoAllocation(t *testing.T) {
	if raceEnabled { // it makes pools forget
		return
	}
	paths(t, func(t *testing.T, raw bool) {
		addr := leanChain(t, raw)
		c := dial(t, addr)
		buf := make([]byte, 4096)
		for name, b := range map[string][]byte{"GET": request, "POST": posted} {
			for range 100 { // lets pools and stacks grow
				roundTrip(t, c, b, buf)
			}
			n := testing.AllocsPerRun(1000, func() { roundTrip(t, c, b, buf) })
			// A date text a second, and pools that the collector has emptied, are not counted: AllocsPerRun rounds down.
			if n != 0 {
				t.Errorf("%s: %v allocations for a request", name, n)
			}
		}
	})
}

func TestParserDoesNotAllocate(t *testing.T) {
	var q http1.Request
	if n := testing.AllocsPerRun(100, func() {
		if _, err := http1.ParseRequest(&q, request, http1.Limits{}); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkParseRequest(b *testing.B) {
	var q http1.Request
	b.ReportAllocs()
	for b.Loop() {
		http1.ParseRequest(&q, request, http1.Limits{})
	}
}

func BenchmarkParseResponse(b *testing.B) {
	var r http1.Response
	head := []byte("HTTP/1.1 200 OK\r\nServer: up\r\nDate: Sun, 22 Nov 2026 21:30:00 GMT\r\nContent-Type: application/json\r\n" +
		"Content-Length: 45\r\nConnection: keep-alive\r\nCache-Control: max-age=300\r\nETag: \"abc\"\r\nX-Upstream: a\r\n\r\n")
	b.ReportAllocs()
	for b.Loop() {
		http1.ParseResponse(&r, head, false)
	}
}

func BenchmarkServe(b *testing.B) {
	for _, raw := range []bool{false, true} {
		b.Run(map[bool]string{false: "plain", true: "raw"}[raw], func(b *testing.B) {
			addr := start(b, &http1.Server{Handler: http1.HandlerFunc(upstream), Raw: raw})
			benchmark(b, addr)
		})
	}
}

func BenchmarkProxy(b *testing.B) {
	for _, raw := range []bool{false, true} {
		b.Run(map[bool]string{false: "plain", true: "raw"}[raw], func(b *testing.B) {
			benchmark(b, leanChain(b, raw))
		})
	}
}

func benchmark(b *testing.B, addr string) {
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			b.Error(err)
			return
		}
		defer c.Close()
		buf := make([]byte, 4096)
		for pb.Next() {
			if _, err := c.Write(request); err != nil {
				b.Error(err)
				return
			}
			if _, err := io.ReadAtLeast(c, buf, 45); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
