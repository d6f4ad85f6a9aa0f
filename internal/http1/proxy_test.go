package http1_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/http1"
)

// forwarder is the smallest proxy that can be built on the package: everything goes to one upstream.
type forwarder struct {
	group exchange.Conns
	times exchange.Timeouts
	errs  chan error // gets what an exchange ended with; may be nil
}

func (f *forwarder) report(err error) {
	if f.errs != nil {
		f.errs <- err
	}
}

func (f *forwarder) ServeHTTP1(c *http1.Conn) {
	q := c.Request()
	head := &exchange.Head{Method: string(q.Method), Authority: []byte("upstream"), Path: q.Path, Header: &q.Header, Upgrade: string(q.Upgrade)}
	body := &exchange.Body{Present: q.HasBody, Length: q.Length}
	if whole, ok := c.WholeBody(); ok {
		body.Memory = whole
	} else {
		c.ReadBody(nil)
		body.Stream = c
	}
	for try := 0; ; try++ {
		u, err := f.group.Get(context.Background(), f.times)
		if err != nil {
			f.report(err)
			c.WriteHead(502, nil, nil, 0)
			return
		}
		err = u.Send(head, body, c)
		if err != nil {
			u.Release()
			var e *exchange.Error
			if errors.As(err, &e) && e.Stale && try < 3 {
				continue
			}
			f.report(err)
			if !errors.Is(err, exchange.ErrCanceled) {
				status := 502
				if s := exchange.StatusOf(err); s != 0 && errors.Is(err, exchange.ErrBody) {
					status = s
				} else if e.Timeout {
					status = 504
				}
				c.WriteHead(status, nil, nil, 0)
			}
			return
		}
		defer u.Release()
		r := u.Response()
		if r.Status == 101 {
			c.WriteHead(101, r.Reason, &r.Header, -1)
			_, err := c.Tunnel(u)
			f.report(err)
			return
		}
		length := r.Length
		if !r.HasBody {
			length = r.Declared
		}
		c.WriteHead(r.Status, r.Reason, &r.Header, length)
		_, err = c.Relay(u)
		f.report(err)
		return
	}
}

// chain starts upstream <- http1 and returns the address of the latter.
func chain(t testing.TB, raw bool, upstream string) (string, *forwarder) {
	t.Helper()
	p := &http1.Pool{Raw: raw}
	t.Cleanup(func() { p.Close() })
	f := &forwarder{group: p.Group(exchange.Key{Addr: upstream})}
	return start(t, &http1.Server{Handler: f, Raw: raw}), f
}

func TestProxyBasic(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		big := strings.Repeat("0123456789abcdef", 1<<16)
		up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("X-Saw", fmt.Sprint(r.Method, " ", r.URL, " ", len(body), " ", r.ContentLength, " ", r.Trailer.Get("X-T")))
			switch r.URL.Path {
			case "/big":
				w.Header().Set("Content-Length", fmt.Sprint(len(big)))
				io.WriteString(w, big)
			case "/chunks":
				for range 3 {
					io.WriteString(w, "part")
					w.(http.Flusher).Flush()
				}
			case "/trailer":
				w.Header().Set("Trailer", "X-Sum")
				io.WriteString(w, "part")
				w.Header().Set("X-Sum", "42")
			case "/204":
				w.WriteHeader(204)
			default:
				w.Write(body)
			}
		}))
		t.Cleanup(up.Close)
		addr, _ := chain(t, raw, strings.TrimPrefix(up.URL, "http://"))
		tr := &http.Transport{}
		t.Cleanup(tr.CloseIdleConnections)
		client := &http.Client{Transport: tr}
		do := func(method, path string, body io.Reader, want string) *http.Response {
			t.Helper()
			q, _ := http.NewRequest(method, "http://"+addr+path, body)
			if path == "/trailed" {
				q.Trailer = http.Header{"X-T": {"end"}}
			}
			r, err := client.Do(q)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r.Body)
			r.Body.Close()
			if err != nil {
				t.Fatalf("%s %s: %v", method, path, err)
			}
			if string(got) != want {
				t.Fatalf("%s %s: body of %d bytes, want %d", method, path, len(got), len(want))
			}
			return r
		}
		for range 3 {
			do("GET", "/a?b=c", nil, "")
			do("HEAD", "/big", nil, "")
			do("GET", "/204", nil, "")
			do("GET", "/big", nil, big)
			do("GET", "/chunks", nil, "partpartpart")
			if r := do("GET", "/trailer", nil, "part"); r.Trailer.Get("X-Sum") != "42" {
				t.Errorf("trailer: %v", r.Trailer)
			}
			do("POST", "/echo", strings.NewReader("small"), "small")
			do("POST", "/echo", strings.NewReader(big), big)
			do("POST", "/echo", io.MultiReader(strings.NewReader("chunked "), strings.NewReader("body")), "chunked body")
			if r := do("POST", "/trailed", io.MultiReader(strings.NewReader(big), strings.NewReader("body")), big+"body"); !strings.HasSuffix(r.Header.Get("X-Saw"), " end") {
				t.Errorf("upstream saw %s", r.Header.Get("X-Saw"))
			}
		}
	})
}

func TestTunnel(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			br := bufio.NewReader(c)
			if _, err := http.ReadRequest(br); err != nil {
				return
			}
			io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello ")
			all, _ := io.ReadAll(br) // until the client's half of the connection ends
			c.Write(bytes.ToUpper(all))
		}()
		addr, _ := chain(t, raw, l.Addr().String())
		c := dial(t, addr)
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly ")
		br := bufio.NewReader(c)
		r, err := http.ReadResponse(br, nil)
		if err != nil || r.StatusCode != 101 || r.Header.Get("Upgrade") != "echo" {
			t.Fatalf("%v %v", r, err)
		}
		io.WriteString(c, "late")
		c.(*net.TCPConn).CloseWrite()
		got, err := io.ReadAll(br)
		if string(got) != "hello EARLY LATE" || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
	})
}
