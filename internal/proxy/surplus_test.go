package proxy_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/proxy"
)

// surplus are answers of an upstream with bytes behind them that belong to no answer. later is when these are sent; at once if 0.
var surplus = []struct {
	name, method, answer, behind string
	later                        time.Duration
}{
	{"second answer in the same write", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", poison, 0},
	{"second answer 10 ms later", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", poison, 10 * time.Millisecond},
	{"second answer 50 ms later", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", poison, 50 * time.Millisecond},
	{"second answer 300 ms later", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", poison, 300 * time.Millisecond},
	{"behind chunks", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", poison, 10 * time.Millisecond},
	{"body on 204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", poison, 0},
	{"body on 204, later", "GET", "HTTP/1.1 204 No Content\r\n\r\n", poison, 10 * time.Millisecond},
	{"body on 304", "GET", "HTTP/1.1 304 Not Modified\r\n\r\n", poison, 10 * time.Millisecond},
	{"answer to HEAD with a body", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", poison, 10 * time.Millisecond},
	{"Content-Length 0 with a body", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", poison, 10 * time.Millisecond},
	{"one byte", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "H", 10 * time.Millisecond},
	{"an early 408", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", 10 * time.Millisecond},
}

const poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"

// TestSurplusBytesAreNoAnswer shows that bytes that an upstream sends behind an answer never become the answer of the next request, in
// any I/O mode, and that the connection is closed and the log says so.
func TestSurplusBytesAreNoAnswer(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, raw := range []bool{false, true} {
			for _, c := range surplus {
				t.Run(fmt.Sprintf("tls=%t/raw=%t/%s", secure, raw, c.name), func(t *testing.T) {
					t.Parallel()
					behind := make(chan struct{}, 1)
					var connections atomic.Int32
					addr := scripted(t, func(conn net.Conn, r *bufio.Reader) {
						conn, r = secured(conn, r, secure)
						n := connections.Add(1)
						for first := n == 1; ; first = false {
							if _, err := head(r); err != nil {
								return
							}
							if !first {
								io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine")
								continue
							}
							if c.later == 0 {
								io.WriteString(conn, c.answer+c.behind)
							} else {
								io.WriteString(conn, c.answer)
								<-time.After(c.later)
								io.WriteString(conn, c.behind)
							}
							behind <- struct{}{}
						}
					})
					var text lines
					text.got = make(chan struct{}, 1)
					scheme := `"protocol":"http"`
					if secure {
						scheme = `"protocol":"https","tls_verify":false`
					}
					g := start(t, setup{raw: raw, options: proxy.Options{Log: slog.New(slog.NewTextHandler(&text, nil))}}, to(t, addr, scheme)...)
					client, cr := g.dial()
					defer client.Close()
					fmt.Fprintf(client, "%s /up HTTP/1.1\r\nHost: a\r\n\r\n", c.method)
					read(t, cr, c.method)
					<-behind
					fmt.Fprintf(client, "GET /up HTTP/1.1\r\nHost: a\r\n\r\n")
					if a := read(t, cr, "GET"); a.body != "mine" {
						t.Errorf("the next request was answered with %d %q", a.StatusCode, a.body)
					}
					if n := connections.Load(); n != 2 {
						t.Errorf("%d connections", n)
					}
					if !strings.Contains(text.text(), "an upstream sent bytes") {
						t.Errorf("nothing was logged: %s", text.text())
					}
				})
			}
		}
	}
}

// Write makes lines what a logger writes to.
func (l *lines) Write(p []byte) (int, error) {
	l.Append(func(b []byte) []byte { return append(b, p...) })
	return len(p), nil
}

// secured puts TLS on a server's connection.
func secured(c net.Conn, r *bufio.Reader, secure bool) (net.Conn, *bufio.Reader) {
	if !secure {
		return c, r
	}
	t := tls.Server(c, &tls.Config{Certificates: testCertificate()})
	return t, bufio.NewReader(t)
}

// testCertificate returns the certificate that net/http/httptest has for tests.
func testCertificate() []tls.Certificate {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	return s.TLS.Certificates
}
