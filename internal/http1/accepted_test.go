package http1_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/http1"
)

// describe tells what the server understood of a request, body included.
func describe(c *http1.Conn) string {
	q := http1.Head(c)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s path=%s host=%s 1.%d body=%d/%d close=%t upgrade=%q expect=%t", q.Method, q.Target, q.Path, q.Host, q.Minor,
		q.Body, q.Length, q.Close, q.Upgrade, q.Expect)
	for n, v := range q.Header.All() {
		fmt.Fprintf(&b, " %s=%q", n, v)
	}
	buf := make([]byte, 7)
	b.WriteString(" [")
	for {
		n, err := c.ReadBody(buf)
		b.Write(buf[:n])
		if err != nil {
			if err != io.EOF {
				fmt.Fprintf(&b, " error %v", err)
			}
			break
		}
	}
	b.WriteString("]")
	if q.Body == http1.BodyChunked {
		for n, v := range c.RequestTrailer().All() {
			fmt.Fprintf(&b, " %s=%q", n, v)
		}
	}
	return b.String()
}

var accepted = []struct{ name, request, want string }{
	{"plain", "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n",
		`GET /a?b=c path=/a?b=c host=x 1.1 body=0/0 close=false upgrade="" expect=false Host="x" []`},
	{"spaces around values", "GET / HTTP/1.1\r\nHost:x\r\nA: \t b c \t\r\nB:\r\n\r\n",
		`GET / path=/ host=x 1.1 body=0/0 close=false upgrade="" expect=false Host="x" A="b c" B="" []`},
	{"high bytes and tab in value", "GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\nA: \xff\tb\r\n\r\n",
		"GET /\xc3\xa4 path=/\xc3\xa4 host=x 1.1 body=0/0 close=false upgrade=\"\" expect=false Host=\"x\" A=\"\\xff\\tb\" []"},
	{"HTTP/1.0 without host", "GET / HTTP/1.0\r\n\r\n",
		`GET / path=/ host= 1.0 body=0/0 close=true upgrade="" expect=false []`},
	{"HTTP/1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
		`GET / path=/ host= 1.0 body=0/0 close=false upgrade="" expect=false []`},
	{"close in a list", "GET / HTTP/1.1\r\nHost: x\r\nConnection: a, ,CLOSE\r\n\r\n",
		`GET / path=/ host=x 1.1 body=0/0 close=true upgrade="" expect=false Host="x" []`},
	{"upgrade", "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n",
		`GET / path=/ host=x 1.1 body=0/0 close=false upgrade="websocket" expect=false Host="x" []`},
	{"upgrade not named by connection", "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n",
		`GET / path=/ host=x 1.1 body=0/0 close=false upgrade="" expect=false Host="x" []`},
	{"absolute", "GET http://y:81/p?q HTTP/1.1\r\nHost: x\r\n\r\n",
		`GET http://y:81/p?q path=/p?q host=y:81 1.1 body=0/0 close=false upgrade="" expect=false Host="x" []`},
	{"absolute without path", "GET HTTPS://y?q HTTP/1.1\r\nHost: x\r\n\r\n",
		`GET HTTPS://y?q path=/?q host=y 1.1 body=0/0 close=false upgrade="" expect=false Host="x" []`},
	{"asterisk", "OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
		`OPTIONS * path=* host=[::1]:80 1.1 body=0/0 close=false upgrade="" expect=false Host="[::1]:80" []`},
	{"two slashes", "GET //a/b HTTP/1.1\r\nHost: x\r\n\r\n",
		`GET //a/b path=//a/b host=x 1.1 body=0/0 close=false upgrade="" expect=false Host="x" []`},
	{"body with length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello world",
		`POST / path=/ host=x 1.1 body=1/11 close=false upgrade="" expect=false Host="x" Content-Length="11" [hello world]`},
	{"length zero", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
		`POST / path=/ host=x 1.1 body=0/0 close=false upgrade="" expect=false Host="x" Content-Length="0" []`},
	{"body that looks like a request", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n",
		`POST / path=/ host=x 1.1 body=1/18 close=false upgrade="" expect=false Host="x" Content-Length="18" [GET / HTTP/1.1` + "\r\n\r\n]"},
	{"chunks", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n006;a=b;c=\"d\"\r\n world\r\n0\r\n\r\n",
		`POST / path=/ host=x 1.1 body=2/-1 close=false upgrade="" expect=false Host="x" [hello world]`},
	{"chunks with trailers", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nB\r\nhello world\r\n0\r\nX-Sum: 42\r\nContent-Length: 9\r\nAuthorization: a\r\nX-B:c\r\n\r\n",
		`POST / path=/ host=x 1.1 body=2/-1 close=false upgrade="" expect=false Host="x" [hello world] X-Sum="42" X-B="c"`},
	{"no chunks", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0;last\r\n\r\n",
		`POST / path=/ host=x 1.1 body=2/-1 close=false upgrade="" expect=false Host="x" []`},
	{"expectation in HTTP/1.0 is ignored", "POST / HTTP/1.0\r\nExpect: 200-ok\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\nx",
		`POST / path=/ host= 1.0 body=1/1 close=false upgrade="" expect=false Content-Length="1" [x]`},
}

// TestServerAccepts sends every request alone, twice in a row, and with all others in one stream; at once and byte by byte.
func TestServerAccepts(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		addr := start(t, &http1.Server{Raw: raw, Handler: http1.HandlerFunc(func(c *http1.Conn) {
			d := describe(c)
			c.WriteHead(200, nil, nil, int64(len(d)))
			c.WriteBody([]byte(d))
		})})
		var stream string
		var wants []string
		for _, a := range accepted {
			check(t, addr, a.name, a.request, []string{a.want})
			if strings.Contains(a.want, "close=false") {
				check(t, addr, a.name+" twice", a.request+a.request, []string{a.want, a.want})
				stream += a.request
				wants = append(wants, a.want)
			}
		}
		check(t, addr, "all", stream, wants)
	})
}

func check(t *testing.T, addr, name, request string, wants []string) {
	t.Helper()
	for _, size := range []int{1, 3, 1 << 20} {
		c := dial(t, addr)
		go func() {
			for s := request; len(s) > 0; s = s[min(size, len(s)):] {
				if _, err := io.WriteString(c, s[:min(size, len(s))]); err != nil {
					return
				}
			}
		}()
		br := bufio.NewReader(c)
		for i, want := range wants {
			r, err := http.ReadResponse(br, nil)
			if err != nil {
				t.Errorf("%s in pieces of %d, answer %d: %v", name, size, i, err)
				break
			}
			got, err := io.ReadAll(r.Body)
			if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
				t.Errorf("%s in pieces of %d, answer %d: %v\n%s", name, size, i, err, diff)
			}
		}
		c.Close()
	}
}
