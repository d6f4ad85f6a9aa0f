package http2_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/http2"
)

// upstream is an upstream that answers the first request of each connection with what a test writes.
func upstream(t *testing.T, answer func(f *xhttp2.Framer, c net.Conn, id uint32)) exchange.Conns {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(10 * time.Second))
				io.ReadFull(c, make([]byte, len(xhttp2.ClientPreface)))
				f := xhttp2.NewFramer(c, c)
				f.AllowIllegalWrites = true
				f.WriteSettings()
				for {
					frame, err := f.ReadFrame()
					if err != nil {
						return
					}
					if h, ok := frame.(*xhttp2.HeadersFrame); ok {
						answer(f, c, h.StreamID)
					}
				}
			})
		}
	})
	p := &http2.Pool{}
	t.Cleanup(func() { p.Close(); l.Close(); all.Wait() })
	return p.Conns(exchange.Key{Addr: l.Addr().String(), Protocols: exchange.OnlyHTTP2})
}

// blockOf encodes a header block.
func blockOf(pairs ...string) []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	for i := 0; i < len(pairs); i += 2 {
		e.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return b.Bytes()
}

func headOf(f *xhttp2.Framer, id uint32, end bool, pairs ...string) {
	f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: id, BlockFragment: blockOf(pairs...), EndHeaders: true, EndStream: end})
}

// fetch makes a request and reads the response to its end.
func fetch(conns exchange.Conns, method string) (body string, err error) {
	u, err := conns.Get(context.Background(), exchange.Timeouts{Read: 5 * time.Second})
	if err != nil {
		return "", err
	}
	defer u.Release()
	q := &exchange.Head{Method: method, Scheme: "http", Authority: []byte("a"), Path: []byte("/"), Header: new(header.Fields)}
	if err := u.Send(q, new(exchange.Body), nil); err != nil {
		return "", err
	}
	for {
		part, err := u.Next()
		body += string(part)
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return body, err
		}
	}
}

// TestHostileUpstreams shows what comes of upstreams that break the rules, give streams up, or are none of HTTP/2.
func TestHostileUpstreams(t *testing.T) {
	type fr = *xhttp2.Framer
	reset := func(code xhttp2.ErrCode) func(fr, net.Conn, uint32) {
		return func(f fr, _ net.Conn, id uint32) { f.WriteRSTStream(id, code) }
	}
	for _, c := range []struct {
		name   string
		answer func(f fr, c net.Conn, id uint32)
		kind   error // nil: the response is right
		stale  bool
	}{
		{"right", func(f fr, _ net.Conn, id uint32) {
			headOf(f, id, false, ":status", "200", "content-length", "2")
			f.WriteData(id, true, []byte("ok"))
		}, nil, false},
		{"refused stream", reset(xhttp2.ErrCodeRefusedStream), exchange.ErrReset, true},
		{"reset: internal error", reset(xhttp2.ErrCodeInternal), exchange.ErrReset, false},
		{"reset: cancel", reset(xhttp2.ErrCodeCancel), exchange.ErrReset, false},
		{"reset: protocol error", reset(xhttp2.ErrCodeProtocol), exchange.ErrResponse, false},
		{"reset: HTTP/1.1 required", reset(xhttp2.ErrCodeHTTP11Required), exchange.ErrResponse, false},
		{"goaway before the stream", func(f fr, _ net.Conn, id uint32) { f.WriteGoAway(id-1, xhttp2.ErrCodeNo, nil) }, exchange.ErrReset, true},
		{"goaway behind the stream", func(f fr, _ net.Conn, id uint32) {
			f.WriteGoAway(id, xhttp2.ErrCodeNo, nil)
			headOf(f, id, true, ":status", "200")
		}, nil, false},
		{"connection closed", func(_ fr, c net.Conn, _ uint32) { c.Close() }, exchange.ErrReset, false},
		{"push", func(f fr, _ net.Conn, id uint32) {
			f.WritePushPromise(xhttp2.PushPromiseParam{StreamID: id, PromiseID: 2, BlockFragment: blockOf(":method", "GET"), EndHeaders: true})
		}, exchange.ErrResponse, false},
		{"more than content-length", func(f fr, _ net.Conn, id uint32) {
			headOf(f, id, false, ":status", "200", "content-length", "2")
			f.WriteData(id, true, []byte("more"))
		}, exchange.ErrResponse, false},
		{"less than content-length", func(f fr, _ net.Conn, id uint32) {
			headOf(f, id, false, ":status", "200", "content-length", "5")
			f.WriteData(id, true, []byte("less"))
		}, exchange.ErrResponse, false},
		{"two content-lengths", func(f fr, _ net.Conn, id uint32) {
			headOf(f, id, false, ":status", "200", "content-length", "2", "content-length", "3")
		}, exchange.ErrResponse, false},
		{"data before the head", func(f fr, _ net.Conn, id uint32) { f.WriteData(id, true, []byte("x")) }, exchange.ErrResponse, false},
		{"no status", func(f fr, _ net.Conn, id uint32) { headOf(f, id, true, "a", "b") }, exchange.ErrResponse, false},
		{"status 101", func(f fr, _ net.Conn, id uint32) { headOf(f, id, false, ":status", "101") }, exchange.ErrResponse, false},
		{"status 20x", func(f fr, _ net.Conn, id uint32) { headOf(f, id, true, ":status", "20x") }, exchange.ErrResponse, false},
		{"upper case", func(f fr, _ net.Conn, id uint32) { headOf(f, id, true, ":status", "200", "X-A", "1") }, exchange.ErrResponse, false},
		{"connection field", func(f fr, _ net.Conn, id uint32) { headOf(f, id, true, ":status", "200", "connection", "close") }, exchange.ErrResponse, false},
		{"line break in a value", func(f fr, _ net.Conn, id uint32) { headOf(f, id, true, ":status", "200", "a", "b\r\nc: d") }, exchange.ErrResponse, false},
		{"interim that ends", func(f fr, _ net.Conn, id uint32) { headOf(f, id, true, ":status", "103") }, exchange.ErrResponse, false},
		{"interim for ever", func(f fr, _ net.Conn, id uint32) {
			for range 100 {
				headOf(f, id, false, ":status", "103")
			}
			headOf(f, id, true, ":status", "200")
		}, nil, false}, // nobody waits for them: they are dropped
		{"trailers that go on", func(f fr, _ net.Conn, id uint32) {
			headOf(f, id, false, ":status", "200")
			headOf(f, id, false, "a", "b")
		}, exchange.ErrResponse, false},
		{"pseudo field in trailers", func(f fr, _ net.Conn, id uint32) {
			headOf(f, id, false, ":status", "200")
			headOf(f, id, true, ":status", "200")
		}, exchange.ErrResponse, false},
		{"stream that was not opened", func(f fr, _ net.Conn, id uint32) { headOf(f, id+2, true, ":status", "200") }, exchange.ErrResponse, false},
		{"window of zero", func(f fr, _ net.Conn, id uint32) { f.WriteWindowUpdate(id, 0) }, exchange.ErrResponse, false},
		{"window overflow", func(f fr, _ net.Conn, id uint32) { f.WriteWindowUpdate(0, 1<<31-1) }, exchange.ErrResponse, false},
		{"settings of push", func(f fr, _ net.Conn, _ uint32) {
			f.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingEnablePush, Val: 1})
		}, exchange.ErrResponse, false},
		{"broken header block", func(f fr, _ net.Conn, id uint32) {
			f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: id, BlockFragment: []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, EndHeaders: true})
		}, exchange.ErrResponse, false},
		{"endless header block", func(f fr, _ net.Conn, id uint32) {
			f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: id, BlockFragment: blockOf(":status", "200")})
			for range 100 {
				f.WriteContinuation(id, false, blockOf("a", "b"))
			}
		}, exchange.ErrResponse, false},
		{"settings without end", func(f fr, _ net.Conn, _ uint32) {
			for range 100000 {
				if f.WriteSettings() != nil {
					return
				}
			}
		}, exchange.ErrResponse, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := fetch(upstream(t, c.answer), "GET")
			var e *exchange.Error
			errors.As(err, &e)
			switch {
			case c.kind == nil && err != nil, c.kind != nil && !errors.Is(err, c.kind):
				t.Errorf("%v, want %v", err, c.kind)
			case e != nil && e.Stale != c.stale:
				t.Errorf("%v: stale is %t", err, e.Stale)
			}
		})
	}
}

// TestUpstreamOfHTTP1 shows that an upstream that does not speak HTTP/2 is named as that.
func TestUpstreamOfHTTP1(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		c.Read(make([]byte, 100))
		io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
	}()
	p := &http2.Pool{}
	t.Cleanup(func() { p.Close(); l.Close(); <-done })
	_, err = fetch(p.Conns(exchange.Key{Addr: l.Addr().String(), Protocols: exchange.OnlyHTTP2}), "GET")
	if !errors.Is(err, exchange.ErrConnect) || !bytes.Contains([]byte(err.Error()), []byte("does not speak HTTP/2")) {
		t.Errorf("%v", err)
	}
}
