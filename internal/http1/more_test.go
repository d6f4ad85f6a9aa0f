package http1_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/http1"
)

func TestUpgradeRequired(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		sent := make(chan int64, 1)
		addr := start(t, &http1.Server{Raw: raw, Handler: http1.HandlerFunc(func(c *http1.Conn) {
			var h header.Fields
			h.Add("Upgrade", "TLS/1.2")
			c.WriteHead(426, nil, &h, 4)
			c.WriteBody([]byte("text"))
			_, body := c.Sent()
			sent <- body
		})})
		c := dial(t, addr)
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		if res.Header.Get("Upgrade") != "TLS/1.2" || len(res.Header["Connection"]) != 2 || res.Header["Connection"][1] != "Upgrade" {
			t.Errorf("%v", res.Header)
		}
		if n := <-sent; n != 4 {
			t.Errorf("%d body bytes", n)
		}
	})
}

func TestConnectionsAreCounted(t *testing.T) {
	s := &http1.Server{Handler: http1.HandlerFunc(func(c *http1.Conn) { c.WriteHead(204, nil, nil, 0) })}
	addr := start(t, s)
	for range 3 {
		c := dial(t, addr)
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		io.Copy(io.Discard, c)
	}
	c := dial(t, addr)
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	http.ReadResponse(bufio.NewReader(c), nil)
	for end := time.Now().Add(5 * time.Second); ; {
		accepted, open := s.Connections()
		if accepted == 4 && open == 1 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d accepted, %d open", accepted, open)
		}
	}
}

func TestCancel(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		asked := make(chan struct{})
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			c.Read(make([]byte, 1))
			close(asked)
			io.Copy(io.Discard, c)
		}()
		p := &http1.Pool{Raw: raw}
		defer p.Close()
		u, err := p.Group(exchange.Key{Addr: l.Addr().String()}).Get(context.Background(), exchange.Timeouts{})
		if err != nil {
			t.Fatal(err)
		}
		go func() { <-asked; u.Cancel() }()
		if err := u.Send(get("a"), new(exchange.Body), nil); !errors.Is(err, exchange.ErrCanceled) {
			t.Errorf("%v", err)
		}
		u.Release()
	})
}
