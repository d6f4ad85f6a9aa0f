package http1_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/http1"
)

// responses are what an upstream sends before it closes, what is understood of it, and whether the connection may be used again.
var responses = []struct {
	name, bytes string
	toHead      bool
	want        string // body and trailers; "refused" for an invalid head, "broken" for an invalid body
	reuse       bool
}{
	{"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, "200 OK [hello]", true},
	{"no reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", false, "200  []", true},
	{"empty reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", false, "200  []", true},
	{"odd status", "HTTP/1.1 799 Odd one\r\nContent-Length: 0\r\n\r\n", false, "799 Odd one []", true},
	{"close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", false, "200 OK [hello]", false},
	{"until close", "HTTP/1.1 200 OK\r\n\r\nhello", false, "200 OK [hello]", false},
	{"until close, 1.0", "HTTP/1.0 200 OK\r\n\r\nhello", false, "200 OK [hello]", false},
	{"1.0 with length", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, "200 OK [hello]", false},
	{"1.0 kept", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", false, "200 OK [hello]", true},
	{"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x\r\n world\r\n0\r\nX-A: b\r\nContent-Length: 3\r\n\r\n", false, "200 OK [hello world] X-A=b", true},
	{"204", "HTTP/1.1 204 No Content\r\n\r\n", false, "204 No Content []", true},
	{"304 with length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false, "304 Not Modified []", true},
	{"to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, "200 OK []", true},
	{"to HEAD, chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true, "200 OK []", true},
	{"to HEAD with a body, too much", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true, "200 OK []", false},
	{"interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, "200 OK [hello]", true},
	{"too much", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!", false, "200 OK [hello]", false},
	{"another response, too much", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n", false, "200 OK [hello]", false},
	{"too much behind chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx", false, "200 OK []", false},
	{"too little", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", false, "200 OK [hello broken: ended", false},
	{"chunks cut", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello", false, "200 OK [hello broken: ended", false},
	{"chunks without end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", false, "200 OK [hello broken: ended", false},
	{"bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n", false, "200 OK [hello broken: invalid", false},
	{"endless interim", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 20) + "HTTP/1.1 200 OK\r\n\r\n", false, "invalid", false},
	{"length and chunked", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false, "invalid", false},
	{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", false, "invalid", false},
	{"bad length", "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello", false, "invalid", false},
	{"unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: other\r\n\r\nhello", false, "200 OK [hello]", false},
	{"coding identity", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nhello", false, "200 OK [hello]", false},
	{"coding gzip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello", false, "invalid", false},
	{"coding X-Gzip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: X-Gzip\r\n\r\nhello", false, "invalid", false},
	{"codings gzip, chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", false, "invalid", false},
	{"unknown coding and length", "HTTP/1.1 200 OK\r\nTransfer-Encoding: other\r\nContent-Length: 5\r\n\r\nhello", false, "invalid", false},
	{"unknown coding twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: other\r\nTransfer-Encoding: other\r\n\r\nhello", false, "invalid", false},
	{"chunked in 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false, "invalid", false},
	{"folded", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", false, "invalid", false},
	{"bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", false, "invalid", false},
	{"NUL", "HTTP/1.1 200 OK\r\nA: \x00\r\n\r\n", false, "invalid", false},
	{"HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", false, "invalid", false},
	{"garbage", "hello world, this is no response\r\n\r\n", false, "invalid", false},
	{"endless head", "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 70000), false, "invalid", false},
	{"nothing", "", false, "ended", false},
	{"head cut", "HTTP/1.1 200 OK\r\nContent-", false, "ended", false},
}

// scripted is an upstream that sends the given bytes to whoever has sent a request, in pieces, and then ends its direction.
func scripted(t *testing.T, response string, size int) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			br := bufio.NewReader(c)
			if r, err := http.ReadRequest(br); err == nil {
				io.Copy(io.Discard, r.Body)
				for s := response; len(s) > 0; s = s[min(size, len(s)):] {
					if _, err := io.WriteString(c, s[:min(size, len(s))]); err != nil {
						break
					}
				}
				c.(*net.TCPConn).CloseWrite()
				io.Copy(io.Discard, br)
			}
			c.Close()
		}
	}()
	return l.Addr().String()
}

func kindOf(err error) string {
	switch {
	case errors.Is(err, exchange.ErrReset):
		return "ended"
	case errors.Is(err, exchange.ErrResponse):
		return "invalid"
	}
	return err.Error()
}

// get is the head of a request without fields.
func get(host string) *exchange.Head {
	return &exchange.Head{Method: "GET", Authority: []byte(host), Path: []byte("/"), Header: new(header.Fields)}
}

func fetch(g exchange.Conns, toHead bool) (string, error) {
	u, err := g.Get(context.Background(), exchange.Timeouts{})
	if err != nil {
		return "", err
	}
	defer u.Release()
	head := get("x")
	if toHead {
		head.Method = "HEAD"
	}
	if err := u.Send(head, new(exchange.Body), nil); err != nil {
		return kindOf(err), nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s [", u.Response().Status, u.Response().Reason)
	for {
		data, err := u.Next()
		b.Write(data)
		if err == io.EOF {
			break
		}
		if err != nil {
			fmt.Fprintf(&b, " broken: %s", kindOf(err))
			return b.String(), nil
		}
	}
	b.WriteString("]")
	if t := u.Trailer(); t != nil {
		for n, v := range t.All() {
			fmt.Fprintf(&b, " %s=%s", n, v)
		}
	}
	return b.String(), nil
}

func TestResponses(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		for _, r := range responses {
			for _, size := range []int{1, 1 << 20} {
				if size == 1 && strings.Contains(r.name, "too much") {
					continue // what comes late is found when the connection is taken again: TestLateBytes
				}
				if size == 1 && len(r.bytes) > 1000 {
					size = 1000
				}
				p := &http1.Pool{Raw: raw}
				g := p.Group(exchange.Key{Addr: scripted(t, r.bytes, size)})
				got, err := fetch(g, r.toHead)
				if diff := cmp.Diff(r.want, got); diff != "" || err != nil {
					t.Errorf("%s in pieces of %d: %v\n%s", r.name, size, err, diff)
				}
				// The end of the stream may have come together with the response; then nothing is kept either.
				if n := g.Idle(); n == 1 && !r.reuse {
					t.Errorf("%s in pieces of %d: the connection was kept", r.name, size)
				}
				p.Close()
			}
		}
	})
}

func TestResponseParser(t *testing.T) {
	for _, r := range responses {
		var fast, slow http1.Response
		end, err := http1.ParseResponse(&fast, []byte(r.bytes), r.toHead)
		end2, err2 := http1.ParseResponseSlowly(&slow, []byte(r.bytes), r.toHead)
		if exchange.StatusOf(err) != exchange.StatusOf(err2) || end != end2 {
			t.Errorf("%s: at once %d, %v; byte by byte %d, %v", r.name, end, err, end2, err2)
		}
	}
}
