package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/http1"
)

func TestFailingUpstreams(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(c net.Conn, r *bufio.Reader)
		status int
		more   string
	}{
		"hangs":    {func(c net.Conn, r *bufio.Reader) { io.Copy(io.Discard, r) }, 504, `"read_timeout":150,"retries":0`},
		"closes":   {func(net.Conn, *bufio.Reader) {}, 502, ""},
		"resets":   {func(c net.Conn, r *bufio.Reader) { head(r); c.(*net.TCPConn).SetLinger(0) }, 502, ""},
		"garbage":  {func(c net.Conn, r *bufio.Reader) { head(r); io.WriteString(c, "SSH-2.0-what\r\n\r\n") }, 502, ""},
		"cut head": {func(c net.Conn, r *bufio.Reader) { head(r); io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Le") }, 502, ""},
		"huge head": {func(c net.Conn, r *bufio.Reader) {
			head(r)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("a", 70000))
		}, 502, ""},
		"two bodies": {func(c net.Conn, r *bufio.Reader) {
			head(r)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")
		}, 502, ""},
		"unasked upgrade": {func(c net.Conn, r *bufio.Reader) {
			head(r)
			io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
		}, 502, ""},
	} {
		t.Run(name, func(t *testing.T) {
			paths(t, func(t *testing.T, raw bool) {
				var connections atomic.Int32
				up := scripted(t, func(conn net.Conn, r *bufio.Reader) { connections.Add(1); c.answer(conn, r) })
				g := start(t, setup{raw: raw}, to(t, up, c.more)...)
				for range 2 {
					a := g.do("GET", "/up", "", "Accept", "application/json")
					message := map[int]string{502: "An invalid response was received from the upstream server", 504: "The upstream server is timing out"}[c.status]
					if a.StatusCode != c.status || !strings.Contains(a.body, message) || a.Header.Get("Via") == "" {
						t.Errorf("%d %v %q", a.StatusCode, a.Header, a.body)
					}
				}
				tries := int32(2) // one for each request
				if name == "closes" || name == "resets" || name == "cut head" {
					tries = 12 // with five retries for each
				}
				if got := connections.Load(); got != tries {
					t.Errorf("%d connections, not %d", got, tries)
				}
				if a := g.do("POST", "/up", "x"); a.StatusCode != c.status {
					t.Errorf("POST: %d", a.StatusCode)
				}
				if got := connections.Load(); got != tries+1 {
					t.Errorf("POST was sent %d times", got-tries)
				}
			})
		})
	}
}

// TestRetry lets the first two targets fail in turn: the third answers.
func TestRetry(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		dead, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		dead.Close()
		cut := scripted(t, func(c net.Conn, r *bufio.Reader) { head(r) })
		good := addrOf(echo(t))
		objects := to(t, "up.test:80", "")
		objects[0] = object(t, "services", 1, `{"host":"up.test"}`)
		objects = append(objects, object(t, "upstreams", 3, `{"name":"up.test"}`))
		for i, addr := range []string{dead.Addr().String(), cut, good} {
			objects = append(objects, object(t, "targets", 4+i, fmt.Sprintf(`{"target":%q,"upstream":%s}`, addr, ref(3))))
		}
		g := start(t, setup{raw: raw}, objects...)
		for range 9 {
			if a := g.do("PUT", "/up", "body"); a.StatusCode != 200 || a.asked(t).Body != "body" {
				t.Errorf("%d %q", a.StatusCode, a.body)
			}
		}
		// What was sent must not be repeated: of three POSTs one meets the target that breaks off.
		bad := 0
		for range 3 {
			if a := g.do("POST", "/up", "body"); a.StatusCode == 502 {
				bad++
			}
		}
		if bad == 0 {
			t.Error("no POST failed, so one was sent twice")
		}
	})
}

// TestStaleConnection closes a kept connection when the next request comes on it.
func TestStaleConnection(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		var connections atomic.Int32
		up := scripted(t, func(c net.Conn, r *bufio.Reader) {
			connections.Add(1)
			head(r)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			head(r)
		})
		g := start(t, setup{raw: raw}, to(t, up, `"retries":0`)...)
		for range 5 {
			if a := g.do("GET", "/up", ""); a.StatusCode != 200 || a.body != "ok" {
				t.Fatalf("%d %q", a.StatusCode, a.body)
			}
		}
		if n := connections.Load(); n != 5 {
			t.Errorf("%d connections", n)
		}
	})
}

// TestReuse sees the same connection serve again, and one that cannot be trusted not.
func TestReuse(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		reused bool
	}{
		"length":         {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true},
		"chunked":        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", true},
		"no content":     {"HTTP/1.1 204 No Content\r\n\r\n", true},
		"not modified":   {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", true},
		"interim":        {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true},
		"closes":         {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false},
		"old":            {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false},
		"more than said": {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n", false},
		"bad last chunk": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokx", false},
	} {
		t.Run(name, func(t *testing.T) {
			paths(t, func(t *testing.T, raw bool) {
				var connections atomic.Int32
				up := scripted(t, func(conn net.Conn, r *bufio.Reader) {
					connections.Add(1)
					for {
						if _, err := head(r); err != nil {
							return
						}
						io.WriteString(conn, c.answer)
					}
				})
				g := start(t, setup{raw: raw}, to(t, up, "")...)
				client, r := g.dial()
				for range 3 { // on one connection, as another could come before the upstream's is free again
					io.WriteString(client, "GET /up HTTP/1.1\r\nHost: a\r\n\r\n")
					a := read(t, r, "GET")
					if a.err != nil {
						client, r = g.dial()
					}
					if want := name == "bad last chunk"; (a.err != nil) != want {
						t.Errorf("%d %q, error %v", a.StatusCode, a.body, a.err)
					}
				}
				if n := connections.Load(); (n == 1) != c.reused || !c.reused && n != 3 {
					t.Errorf("%d connections", n)
				}
			})
		})
	}
}

// TestCutBody breaks off within a body: the client must see it.
func TestCutBody(t *testing.T) {
	for name, answer := range map[string]string{
		"length":  "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf",
		"chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			paths(t, func(t *testing.T, raw bool) {
				up := scripted(t, func(c net.Conn, r *bufio.Reader) { head(r); io.WriteString(c, answer) })
				g := start(t, setup{raw: raw}, to(t, up, "")...)
				if a := g.do("GET", "/up", ""); a.StatusCode != 200 || a.body != "half" || a.err == nil {
					t.Errorf("%d %q, error %v", a.StatusCode, a.body, a.err)
				}
			})
		})
	}
}

// TestEarlyResponse answers an upload before it has been read.
func TestEarlyResponse(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		up := scripted(t, func(c net.Conn, r *bufio.Reader) {
			head(r)
			io.WriteString(c, "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
			io.CopyN(io.Discard, r, 1<<20)
		})
		g := start(t, setup{raw: raw}, to(t, up, "")...)
		c, r := g.dial()
		fmt.Fprintf(c, "POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", 10<<20, strings.Repeat("a", 100000))
		if a := read(t, r, "POST"); a.StatusCode != 413 || a.body != "no" {
			t.Errorf("%d %q", a.StatusCode, a.body)
		}
	})
}

func TestBodies(t *testing.T) {
	up := addrOf(echo(t))
	big := strings.Repeat("0123456789abcdef", 20<<10)
	paths(t, func(t *testing.T, raw bool) {
		g := start(t, setup{raw: raw}, to(t, up, "")...)
		for name, c := range map[string]struct {
			request, body string
			length        int64
		}{
			"length":         {"Content-Length: 7\r\n\r\na=1&b=2", "a=1&b=2", 7},
			"empty":          {"Content-Length: 0\r\n\r\n", "", 0},
			"small chunks":   {"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n", "abcdefg", 7},
			"large":          {fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(big), big), big, int64(len(big))},
			"large, chunked": {fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\nX-T: v\r\n\r\n", len(big), big), big, -1},
		} {
			t.Run(name, func(t *testing.T) {
				c2, r := g.dial()
				io.WriteString(c2, "POST /up HTTP/1.1\r\nHost: a\r\n"+c.request)
				s := read(t, r, "POST").asked(t)
				if s.Body != c.body || s.Length != c.length {
					t.Errorf("length %d, body of %d bytes", s.Length, len(s.Body))
				}
			})
		}
	})
}

func TestContinue(t *testing.T) {
	up := addrOf(echo(t))
	paths(t, func(t *testing.T, raw bool) {
		g := start(t, setup{raw: raw}, to(t, up, "")...)
		c, r := g.dial()
		io.WriteString(c, "POST /up HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
		if h, err := head(r); h != "HTTP/1.1 100 Continue\r\n\r\n" {
			t.Fatalf("%q, %v", h, err)
		}
		io.WriteString(c, "body")
		if s := read(t, r, "POST").asked(t); s.Body != "body" || s.Header["Expect"] != nil {
			t.Errorf("%+v", s)
		}
	})
}

// TestSlowClient sends a request byte by byte, and takes its time to read.
func TestSlowClient(t *testing.T) {
	up := addrOf(echo(t))
	paths(t, func(t *testing.T, raw bool) {
		g := start(t, setup{raw: raw}, to(t, up, "")...)
		c, r := g.dial()
		for _, b := range []byte("POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n") {
			c.Write([]byte{b})
		}
		if s := read(t, r, "POST").asked(t); s.Body != "body" {
			t.Errorf("%+v", s)
		}
	})
}

func TestClientTimeouts(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		g := start(t, setup{raw: raw, limits: http1.Limits{HeadTimeout: 250 * time.Millisecond, BodyTimeout: 250 * time.Millisecond}},
			to(t, addrOf(echo(t)), "")...)
		if got := g.raw("GET /up HTTP/1.1\r\nHo"); !strings.HasPrefix(got, "HTTP/1.1 408 ") || !strings.Contains(got, "Request timeout") {
			t.Errorf("%q", got)
		}
		if got := g.raw("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab"); !strings.HasPrefix(got, "HTTP/1.1 408 ") {
			t.Errorf("%q", got)
		}
	})
}

func TestBodyLimit(t *testing.T) {
	g := start(t, setup{limits: http1.Limits{Body: 10}}, to(t, addrOf(echo(t)), "")...)
	if got := g.raw("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n01234567890"); !strings.HasPrefix(got, "HTTP/1.1 413 ") ||
		!strings.Contains(got, "Payload too large") {
		t.Errorf("%q", got)
	}
	if got := g.raw("POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 413 ") {
		t.Errorf("%q", got)
	}
}

// responses is an upstream with answers of all shapes.
func responses(t testing.TB) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/length":
			io.WriteString(w, "hello")
		case "/chunks":
			w.Header().Set("Trailer", "X-Sum")
			for i := range 3 {
				fmt.Fprintf(w, "part %d\n", i)
				w.(http.Flusher).Flush()
			}
			w.Header().Set("X-Sum", "3")
		case "/big":
			w.Header().Set("Content-Length", fmt.Sprint(4<<20))
			for range 4 << 10 {
				w.Write(make([]byte, 1<<10))
			}
		case "/204":
			w.WriteHeader(204)
		case "/304":
			w.Header().Set("ETag", `"x"`)
			w.WriteHeader(304)
		case "/via":
			w.Header().Set("Via", "1.1 other")
			w.Header().Set("Server", "mine")
			w.Header().Set("Connection", "X-Hop")
			w.Header().Set("X-Hop", "1")
			w.WriteHeader(418)
		}
	}))
	t.Cleanup(s.Close)
	return addrOf(s)
}

func TestResponses(t *testing.T) {
	up := responses(t)
	paths(t, func(t *testing.T, raw bool) {
		g := start(t, setup{raw: raw}, to(t, up, "")...)
		if a := g.do("GET", "/up/length", ""); a.body != "hello" || a.ContentLength != 5 {
			t.Errorf("%v %q", a.Header, a.body)
		}
		if a := g.do("HEAD", "/up/length", ""); a.body != "" || a.ContentLength != 5 {
			t.Errorf("%v %q", a.Header, a.body)
		}
		if a := g.do("GET", "/up/chunks", "", "TE", "trailers"); a.body != "part 0\npart 1\npart 2\n" || a.Trailer.Get("X-Sum") != "3" {
			t.Errorf("%v %q %v", a.Header, a.body, a.Trailer)
		}
		if a := g.do("GET", "/up/big", ""); len(a.body) != 4<<20 || a.err != nil {
			t.Errorf("%v %d bytes, %v", a.Header, len(a.body), a.err)
		}
		if a := g.do("GET", "/up/204", ""); a.StatusCode != 204 || a.Header["Content-Length"] != nil || a.body != "" {
			t.Errorf("%d %v", a.StatusCode, a.Header)
		}
		if a := g.do("GET", "/up/304", ""); a.StatusCode != 304 || a.Header.Get("ETag") != `"x"` {
			t.Errorf("%d %v", a.StatusCode, a.Header)
		}
		a := g.do("GET", "/up/via", "")
		if a.StatusCode != 418 || a.Header.Get("Via") != "1.1 other, 1.1 gibbon/1.2.3" || a.Header.Get("Server") != "mine" ||
			a.Header["X-Hop"] != nil {
			t.Errorf("%d %v", a.StatusCode, a.Header)
		}
		if got := g.raw("GET /up/chunks HTTP/1.0\r\n\r\n"); !strings.HasSuffix(got, "\r\n\r\npart 0\npart 1\npart 2\n") {
			t.Errorf("%q", got)
		}
	})
}

func TestPipelining(t *testing.T) {
	up := responses(t)
	paths(t, func(t *testing.T, raw bool) {
		g := start(t, setup{raw: raw}, to(t, up, "")...)
		c, r := g.dial()
		one := "GET /up/length HTTP/1.1\r\nHost: a\r\n\r\n"
		io.WriteString(c, one+"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"+"POST /up/length HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"+one)
		for i, want := range []int{200, 404, 200, 200} {
			if a := read(t, r, "GET"); a.StatusCode != want {
				t.Errorf("answer %d: %d", i, a.StatusCode)
			}
		}
	})
}

// TestWebSocket passes bytes both ways after an upgrade.
func TestWebSocket(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		asked := make(chan string, 1)
		up := scripted(t, func(c net.Conn, r *bufio.Reader) {
			h, _ := head(r)
			asked <- h
			io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nhi ")
			io.Copy(c, r)
		})
		g := start(t, setup{raw: raw}, to(t, up, "")...)
		c, r := g.dial()
		io.WriteString(c, "GET /up HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: k\r\n\r\nearly ")
		h, err := head(r)
		if err != nil || !strings.HasPrefix(h, "HTTP/1.1 101 ") || !strings.Contains(h, "Upgrade: websocket\r\n") ||
			!strings.Contains(h, "Sec-WebSocket-Accept: x\r\n") {
			t.Fatalf("%q, %v", h, err)
		}
		if h := <-asked; !strings.Contains(h, "\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n") ||
			!strings.Contains(h, "Sec-WebSocket-Key: k") {
			t.Errorf("asked %q", h)
		}
		io.WriteString(c, "late")
		c.(*net.TCPConn).CloseWrite()
		if b, err := io.ReadAll(r); string(b) != "hi early late" || err != nil {
			t.Errorf("%q, %v", b, err)
		}
	})
}

// TestClientGone leaves while the upstream thinks: its connection ends, too.
func TestClientGone(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		asked, ended := make(chan struct{}, 1), make(chan struct{}, 1)
		up := scripted(t, func(c net.Conn, r *bufio.Reader) {
			head(r)
			asked <- struct{}{}
			r.ReadByte()
			ended <- struct{}{}
		})
		g := start(t, setup{raw: raw}, to(t, up, "")...)
		c, _ := g.dial()
		io.WriteString(c, "GET /up HTTP/1.1\r\nHost: a\r\n\r\n")
		<-asked
		c.Close()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Error("the upstream is still being asked")
		}
	})
}

// TestCounters watches connections and requests come and go.
func TestCounters(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		var release sync.WaitGroup
		release.Add(1)
		asked := make(chan struct{})
		up := scripted(t, func(c net.Conn, r *bufio.Reader) {
			head(r)
			asked <- struct{}{}
			release.Wait()
			io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
		})
		g := start(t, setup{raw: raw}, to(t, up, "")...)
		c, r := g.dial()
		io.WriteString(c, "GET /up HTTP/1.1\r\nHost: a\r\n\r\n")
		<-asked
		if n := g.Counters(); n.Requests != 1 || n.Active != 1 || n.Writing != 1 || n.Waiting != 0 || n.Accepted != 1 {
			t.Errorf("%+v", n)
		}
		release.Done()
		read(t, r, "GET")
		io.WriteString(c, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
		read(t, r, "GET")
		if n := g.Counters(); n.Requests != 2 || n.Active != 1 {
			t.Errorf("%+v", n)
		}
	})
}
