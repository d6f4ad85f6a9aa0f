package http2_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/http2"
)

// inUse returns the bytes of heap and stacks in use, pools emptied.
func inUse() int64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// oneRequest is what a client sends for one request.
func oneRequest() []byte {
	var b bytes.Buffer
	b.WriteString(xhttp2.ClientPreface)
	fr := xhttp2.NewFramer(&b, nil)
	fr.WriteSettings()
	fr.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: encode(append(plainGet[:4:4], "user-agent=test/1.0 (a usual length of it)",
		"accept=*/*", "accept-encoding=gzip, br", "x-some-id=0123456789abcdef0123456789abcdef")...), EndStream: true, EndHeaders: true})
	return b.Bytes()
}

// An idle connection over TLS that has served a request needs at most 20 KB beside crypto/tls.
func TestIdleConnectionIsSmall(t *testing.T) {
	const n = 300
	measure := func(serve func(nc net.Conn)) int64 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		var serving sync.WaitGroup
		var clients []net.Conn
		before := inUse()
		for range n {
			nc, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			other, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			serving.Go(func() {
				c := tls.Server(other, &tls.Config{Certificates: []tls.Certificate{certificate()}, NextProtos: []string{"h2"}})
				defer c.Close()
				if c.Handshake() == nil {
					serve(c)
				}
			})
			c := tls.Client(nc, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
			c.Write(oneRequest())
			got := make([]byte, 400)
			for read := 0; !bytes.Contains(got[:read], []byte("answer")); {
				m, err := c.Read(got[read:])
				if err != nil {
					t.Fatal(err)
				}
				read += m
			}
			clients = append(clients, c)
		}
		after := inUse()
		for _, c := range clients {
			c.Close()
		}
		serving.Wait()
		return (after - before) / n
	}
	plain := measure(func(nc net.Conn) {
		got := make([]byte, 1)
		for n := len(oneRequest()); n > 0; n-- {
			nc.Read(got)
		}
		nc.Write([]byte("answer"))
		nc.Read(got)
	})
	s := &http2.Server{Handler: func(d exchange.Downstream) {
		d.WriteHead(200, nil, nil, 6)
		d.WriteBody([]byte("answer"))
	}}
	ours := measure(func(nc net.Conn) { s.ServeConn(nc, nil, exchange.Peer{}) })
	s.Close()
	t.Logf("%d bytes for a connection, %d of them with crypto/tls and the client alone", ours, plain)
	if ours-plain > 20<<10 {
		t.Errorf("%d bytes for an idle connection beside crypto/tls, want at most 20 KB", ours-plain)
	}
}

// Ten thousand streams over a hundred connections, again and again, need no more memory than the first time.
func TestManyStreams(t *testing.T) {
	const conns, streams = 100, 100
	var started sync.WaitGroup
	var gate chan struct{}
	f := serve(t, &http2.Server{Handler: func(d exchange.Downstream) {
		gate := gate
		started.Done()
		<-gate
		d.WriteHead(200, nil, nil, 6)
		d.WriteBody([]byte("answer"))
	}}, false)
	clients := make([]*rawClient, conns)
	for i := range clients {
		clients[i] = f.raw(t)
	}
	var during, after [4]int64
	for round := range during {
		gate = make(chan struct{})
		started.Add(conns * streams)
		for _, r := range clients {
			for i := range uint32(streams) {
				r.get(uint32(round)*2*streams+2*i+1, "x-some-id=0123456789abcdef")
			}
		}
		started.Wait()
		during[round] = inUse()
		close(gate)
		for _, r := range clients {
			for n := 0; n < streams; {
				if got := r.next(); strings.HasSuffix(got, "end") {
					n++
				} else if !strings.HasPrefix(got, "HEADERS") {
					t.Fatal(got)
				}
			}
		}
		after[round] = inUse()
	}
	t.Logf("KB during: %v, after: %v", kb(during[:]), kb(after[:]))
	if per := (during[1] - after[1]) / (conns * streams); per > 16<<10 {
		t.Errorf("%d bytes for a stream", per)
	}
	if grown := after[3] - after[1]; grown > 2<<20 {
		t.Errorf("%d KB more than two rounds before", grown>>10)
	}
	if grown := during[3] - during[1]; grown > 8<<20 {
		t.Errorf("%d KB more while the streams run than two rounds before", grown>>10)
	}
}

func kb(bytes []int64) (s []string) {
	for _, b := range bytes {
		s = append(s, fmt.Sprint(b>>10))
	}
	return s
}

// pipeClient speaks to a server over a pipe, without allocating.
type pipeClient struct {
	nc   net.Conn
	buf  [4096]byte
	head []byte // a HEADERS frame
	id   uint32
}

// do sends one request, and waits for the last frame of its answer.
func (p *pipeClient) do() error {
	p.id += 2
	p.head[5], p.head[6], p.head[7], p.head[8] = byte(p.id>>24), byte(p.id>>16), byte(p.id>>8), byte(p.id)
	if _, err := p.nc.Write(p.head); err != nil {
		return err
	}
	for end := false; !end; {
		if _, err := io.ReadFull(p.nc, p.buf[:9]); err != nil {
			return err
		}
		n := int(p.buf[1])<<8 | int(p.buf[2])
		end = p.buf[3] == 0 && p.buf[4]&1 != 0
		if _, err := io.ReadFull(p.nc, p.buf[:n]); err != nil {
			return err
		}
	}
	return nil
}

// start opens the connection and teaches the server's table the request's fields.
func startPipe(tb testing.TB, s *http2.Server, nc net.Conn) *pipeClient {
	p := &pipeClient{nc: nc, id: 1}
	nc.SetReadDeadline(time.Now().Add(time.Minute))
	first := oneRequest()
	if _, err := nc.Write(first); err != nil {
		tb.Fatal(err)
	}
	for got := []byte(nil); !bytes.Contains(got, []byte("answer")); {
		n, err := nc.Read(p.buf[:])
		if err != nil {
			tb.Fatal(err)
		}
		got = append(got, p.buf[:n]...)
	}
	if err := xhttp2.NewFramer(nc, nil).WriteWindowUpdate(0, 1<<30); err != nil {
		tb.Fatal(err)
	}
	// :method, :scheme and :path are in the static table, the other five in the dynamic one.
	p.head = append([]byte{0, 0, 8, 1, 5, 0, 0, 0, 0}, 0x82, 0x86, 0x84, 0xc2, 0xc1, 0xc0, 0xbf, 0xbe)
	return p
}

// A request costs no memory: streams, their buffers and what they hold are pooled. Reading a record costs crypto/tls one allocation, here
// on both sides.
func TestRequestsDoNotAllocate(t *testing.T) {
	for _, withTLS := range []bool{false, true} {
		if raceEnabled {
			continue
		}
		f := serve(t, &http2.Server{Limits: http2.Limits{Requests: 1 << 30}, Handler: func(d exchange.Downstream) {
			if d.Request().Header.Len() != 5 {
				t.Errorf("%d fields", d.Request().Header.Len())
			}
			d.WriteHead(200, nil, nil, 6)
			d.WriteBody(answerText)
		}}, withTLS)
		p := startPipe(t, f.Server, f.dial(t))
		n := testing.AllocsPerRun(2000, func() {
			if err := p.do(); err != nil {
				t.Fatal(err)
			}
		})
		if most := map[bool]float64{false: 0, true: 2}[withTLS]; n > most {
			t.Errorf("TLS %t: %.2f allocations for a request, want %.0f", withTLS, n, most)
		}
	}
}

var answerText = []byte("answer")

func BenchmarkRequest(b *testing.B) {
	b.Run("cleartext", func(b *testing.B) { benchmarkRequest(b, false) })
	b.Run("tls", func(b *testing.B) { benchmarkRequest(b, true) })
}

func benchmarkRequest(b *testing.B, withTLS bool) {
	f := serve(b, &http2.Server{Limits: http2.Limits{Requests: 1 << 30}, Handler: func(d exchange.Downstream) {
		d.WriteHead(200, nil, nil, 6)
		d.WriteBody(answerText)
	}}, withTLS)
	p := startPipe(b, f.Server, f.dial(b))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.do(); err != nil {
			b.Fatal(err)
		}
	}
}
