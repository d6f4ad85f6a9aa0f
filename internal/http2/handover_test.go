package http2_test

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/http1"
	"github.com/gibbon-gateway/gibbon/internal/http2"
)

// Behind the listener of HTTP/1.1, as the gateway has it: clients of both versions are served on one port, and Shutdown waits for the
// streams that run.
func TestBehindHTTP1(t *testing.T) {
	for _, c := range []struct {
		name     string
		tls, raw bool
	}{{"cleartext", false, false}, {"cleartext, raw", false, true}, {"tls", true, false}} {
		t.Run(c.name, func(t *testing.T) {
			started, release := make(chan struct{}), make(chan struct{})
			answer := func(d exchange.Downstream) {
				if string(d.Request().Path) == "/wait" {
					close(started)
					<-release
				}
				text := d.Request().Version.String()
				d.WriteHead(200, nil, nil, int64(len(text)))
				d.WriteBody([]byte(text))
			}
			s := &http1.Server{Raw: c.raw, Handler: http1.HandlerFunc(func(c *http1.Conn) { answer(c) }), HTTP2: &http2.Server{Handler: answer},
				Log: slog.New(slog.DiscardHandler)}
			if c.tls {
				s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate()}, NextProtos: []string{"h2", "http/1.1"}}
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var serving sync.WaitGroup
			serving.Go(func() { s.Serve(l) })
			f := &front{addr: l.Addr().(*net.TCPAddr), tls: c.tls}
			two := f.client(t)
			one := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
			ask := func(c *http.Client, path string) string {
				resp, err := c.Get(f.url(path))
				if err != nil {
					return err.Error()
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				if err != nil {
					return err.Error()
				}
				return string(body)
			}
			if got := ask(one, "/") + " " + ask(two, "/") + " " + ask(one, "/"); got != "1.1 2 1.1" {
				t.Errorf("versions %s", got)
			}
			waited := make(chan string)
			go func() { waited <- ask(two, "/wait") }()
			<-started
			serving.Go(func() {
				if err := s.Shutdown(context.Background()); err != nil {
					t.Error(err)
				}
			})
			close(release)
			if got := <-waited; got != "2" {
				t.Errorf("the stream that ran got %s", got)
			}
			serving.Wait()
		})
	}
}
