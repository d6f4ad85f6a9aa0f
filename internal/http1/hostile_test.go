package http1_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/http1"
)

// hostile are requests that must not be forwarded in any form, with the status of the answer. Refusing them is what keeps two
// programs from reading one stream in two ways.
var hostile = []struct {
	name, request string
	status        int
}{
	{"length and chunked", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	{"chunked and length", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
	{"chunked and zero length", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n", 400},
	{"differing lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
	{"equal lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
	{"length list", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nhello", 400},
	{"length +5", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello", 400},
	{"length 0x5", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5\r\n\r\nhello", 400},
	{"length -1", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\nhello", 400},
	{"length empty", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n", 400},
	{"length with spaces", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1 1\r\n\r\nhello", 400},
	{"length overflow", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551621\r\n\r\nhello", 400},
	{"coding gzip", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
	{"coding identity", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n", 501},
	{"coding list", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
	{"coding chunked, identity", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400},
	{"coding twice", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	{"coding twice in a list", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400},
	{"coding with VT", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", 400},
	{"coding empty", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n", 400},
	{"coding quoted", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 400},
	{"coding with parameter", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 400},
	{"coding in HTTP/1.0", "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	{"space before colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
	{"space before colon of a length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nhello", 400},
	{"line that starts with space", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400},
	{"folded field", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400},
	{"folded field with tab", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\tc\r\n\r\n", 400},
	{"bare CR in value", "GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400},
	{"bare CR as line end", "GET / HTTP/1.1\rHost: x\r\n\r\n", 400},
	{"bare LF after request line", "GET / HTTP/1.1\nHost: x\r\n\r\n", 400},
	{"bare LF after field", "GET / HTTP/1.1\r\nHost: x\n\r\n", 400},
	{"bare LF as empty line", "GET / HTTP/1.1\r\nHost: x\r\n\n", 400},
	{"NUL in name", "GET / HTTP/1.1\r\nHost: x\r\nA\x00: b\r\n\r\n", 400},
	{"NUL in value", "GET / HTTP/1.1\r\nHost: x\r\nA: b\x00\r\n\r\n", 400},
	{"NUL in target", "GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"DEL in value", "GET / HTTP/1.1\r\nHost: x\r\nA: b\x7f\r\n\r\n", 400},
	{"empty name", "GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", 400},
	{"line without colon", "GET / HTTP/1.1\r\nHost: x\r\nabc\r\n\r\n", 400},
	{"name with slash", "GET / HTTP/1.1\r\nHost: x\r\na/b: c\r\n\r\n", 400},
	{"name with high byte", "GET / HTTP/1.1\r\nHost: x\r\na\xe9: c\r\n\r\n", 400},
	{"no host", "GET / HTTP/1.1\r\n\r\n", 400},
	{"two hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
	{"equal hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400},
	{"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
	{"host with userinfo", "GET / HTTP/1.1\r\nHost: a@x\r\n\r\n", 400},
	{"host with slash", "GET / HTTP/1.1\r\nHost: x/a\r\n\r\n", 400},
	{"host with space", "GET / HTTP/1.1\r\nHost: x y\r\n\r\n", 400},
	{"host list", "GET / HTTP/1.1\r\nHost: x, y\r\n\r\n", 400},
	{"host with bad port", "GET / HTTP/1.1\r\nHost: x:70000\r\n\r\n", 400},
	{"host with letters as port", "GET / HTTP/1.1\r\nHost: x:a\r\n\r\n", 400},
	{"host with open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
	{"HTTP/1.2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505},
	{"HTTP/2.0 as text", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
	{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
	{"HTTP/1.10", "GET / HTTP/1.10\r\nHost: x\r\n\r\n", 400},
	{"http/1.1", "GET / http/1.1\r\nHost: x\r\n\r\n", 400},
	{"HTTP/0.9", "GET /\r\n\r\n", 400},
	{"two spaces before target", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"two spaces after target", "GET /  HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"tab in request line", "GET\t/\tHTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"space in target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"space at end of request line", "GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400},
	{"leading empty line", "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"no method", " / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"method with colon", "GE:T / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"long method", strings.Repeat("A", 40) + " / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"target without slash", "GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"asterisk with GET", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"fragment", "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"encoded NUL", "GET /a%00b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"incomplete encoding", "GET /a%2 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"bad encoding", "GET /a%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"absolute target without host", "GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"absolute target with userinfo", "GET http://a@b/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"absolute target of another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	{"absolute target and bad host", "GET http://a/ HTTP/1.1\r\nHost: x/y\r\n\r\n", 400},
	{"CONNECT", "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", 405},
	{"other expectation", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 200-ok\r\n\r\nhello", 417},
	{"two upgrades", "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n\r\n", 400},
	{"long request line", "GET /" + strings.Repeat("a", 9000) + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
	{"endless request line", "GET /" + strings.Repeat("a", 9000), 414},
	{"long field", "GET / HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 9000) + "\r\n\r\n", 431},
	{"long head", "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: "+strings.Repeat("a", 4000)+"\r\n", 10) + "\r\n", 431},
	{"many fields", "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: b\r\n", 1001) + "\r\n", 431},
	{"garbage", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 400},
}

// hostileBodies are requests whose head is fine and whose chunked body is not. The handler sees the error.
var hostileBodies = []struct {
	name, body string
	status     int
}{
	{"size 0x5", "0x5\r\nhello\r\n0\r\n\r\n", 400},
	{"size +5", "+5\r\nhello\r\n0\r\n\r\n", 400},
	{"size -5", "-5\r\nhello\r\n0\r\n\r\n", 400},
	{"size with space before", " 5\r\nhello\r\n0\r\n\r\n", 400},
	{"size with space behind", "5 \r\nhello\r\n0\r\n\r\n", 400},
	{"size missing", "\r\nhello\r\n0\r\n\r\n", 400},
	{"size overflow", "10000000000000005\r\nhello\r\n0\r\n\r\n", 400},
	{"size of 15 digits and more", "0000000000000005\r\nhello\r\n0\r\n\r\n", 400},
	{"size with underscore", "1_0\r\nhello\r\n0\r\n\r\n", 400},
	{"size line ended by LF", "5\nhello\r\n0\r\n\r\n", 400},
	{"size line ended by CR", "5\rhello\r\n0\r\n\r\n", 400},
	{"LF in extension", "5;a\nhello\r\n0\r\n\r\n", 400},
	{"NUL in extension", "5;a\x00\r\nhello\r\n0\r\n\r\n", 400},
	{"CR in extension", "5;a\rb\r\nhello\r\n0\r\n\r\n", 400},
	{"long extensions", strings.Repeat("1;"+strings.Repeat("a", 1000)+"\r\nx\r\n", 6) + "0\r\n\r\n", 400},
	{"data too long", "5\r\nhello!\r\n0\r\n\r\n", 400},
	{"data too short", "5\r\nhell\r\n0\r\n\r\n", 400},
	{"LF after data", "5\r\nhello\n0\r\n\r\n", 400},
	{"LF as end", "5\r\nhello\r\n0\r\n\n", 400},
	{"trailer with space before colon", "0\r\nA : b\r\n\r\n", 400},
	{"folded trailer", "0\r\nA: b\r\n c\r\n\r\n", 400},
	{"trailer without colon", "0\r\nabc\r\n\r\n", 400},
	{"trailer with bare LF", "0\r\nA: b\n\r\n", 400},
	{"long trailers", "0\r\n" + strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 9) + "\r\n", 431},
}

func TestParserRefuses(t *testing.T) {
	for _, h := range hostile {
		if h.name == "leading empty line" {
			continue // the server's loop decides about that
		}
		var q http1.Request
		_, err := http1.ParseRequest(&q, []byte(h.request), http1.Limits{})
		if got := exchange.StatusOf(err); got != h.status {
			t.Errorf("%s: status %d (%v), want %d", h.name, got, err, h.status)
		}
		_, slow := http1.ParseRequestSlowly(&q, []byte(h.request), http1.Limits{})
		if slow != err {
			t.Errorf("%s: byte by byte %v, at once %v", h.name, slow, err)
		}
	}
}

func TestChunksRefused(t *testing.T) {
	for _, h := range hostileBodies {
		for _, size := range []int{1, 2, 3, 7, 1 << 20} {
			body, _, _, err := http1.ReadChunks([]byte(h.body), size)
			if got := exchange.StatusOf(err); got != h.status {
				t.Errorf("%s in pieces of %d: status %d (%v), want %d; read %q", h.name, size, got, err, h.status, body)
			}
		}
	}
}

// send writes a request in pieces and returns the only response, after which the connection must end.
func send(t *testing.T, addr, request string, size int) *http.Response {
	t.Helper()
	c := dial(t, addr)
	go func() {
		for s := request; len(s) > 0; s = s[min(size, len(s)):] {
			if _, err := io.WriteString(c, s[:min(size, len(s))]); err != nil {
				return
			}
		}
	}()
	br := bufio.NewReader(c)
	r, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	if rest, err := io.ReadAll(br); err != nil || len(rest) > 0 {
		t.Errorf("after the answer: %q, %v", rest, err)
	}
	return r
}

func TestServerRefuses(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		addr := start(t, &http1.Server{Raw: raw, Handler: http1.HandlerFunc(func(c *http1.Conn) {
			t.Errorf("served %s %s", c.Request().Method, c.Request().Target)
			c.WriteHead(200, nil, nil, 0)
		})})
		for _, h := range hostile {
			for _, size := range []int{1, 1 << 20} {
				if size == 1 && len(h.request) > 1000 {
					size = 100
				}
				// Another request is behind it in the stream: it must be dropped.
				r := send(t, addr, h.request+"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", size)
				if r.StatusCode != h.status || !r.Close {
					t.Errorf("%s: status %d, close %t; want %d", h.name, r.StatusCode, r.Close, h.status)
				}
			}
		}
	})
}

func TestServerRefusesBodies(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		addr := start(t, &http1.Server{Raw: raw, Handler: http1.HandlerFunc(func(c *http1.Conn) {
			if string(c.Request().Path) != "/" {
				t.Errorf("served %s", c.Request().Path)
			}
			buf := make([]byte, 100)
			for {
				if _, err := c.ReadBody(buf); err == io.EOF {
					t.Error("the body was accepted")
					c.WriteHead(200, nil, nil, 0)
					return
				} else if err != nil {
					c.WriteHead(exchange.StatusOf(err), nil, nil, 0)
					return
				}
			}
		})})
		for _, h := range hostileBodies {
			for _, size := range []int{1, 1 << 20} {
				if size == 1 && len(h.body) > 1000 {
					size = 100
				}
				r := send(t, addr, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"+h.body+"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", size)
				if r.StatusCode != h.status || !r.Close {
					t.Errorf("%s: status %d, close %t; want %d", h.name, r.StatusCode, r.Close, h.status)
				}
			}
		}
	})
}
