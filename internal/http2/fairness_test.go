package http2_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"

	xhttp2 "golang.org/x/net/http2"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/http2"
)

// piped is a client over a pipe: the server writes no more than the client reads, so that what stands in front of what can be counted.
func piped(t *testing.T, s *http2.Server) *rawClient {
	x, y := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ServeConn(y, nil, exchange.Peer{})
	}()
	t.Cleanup(func() {
		x.Close()
		<-done
		s.Close()
	})
	r := &rawClient{Framer: xhttp2.NewFramer(x, x), t: t, nc: x}
	r.enc, r.heads = newCodec(&r.block)
	var start bytes.Buffer
	start.WriteString(xhttp2.ClientPreface)
	fr := xhttp2.NewFramer(&start, nil)
	fr.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 1<<31 - 1})
	fr.WriteWindowUpdate(0, 1<<31-1-65535)
	r.write(start.Bytes())
	return r
}

func endless(d exchange.Downstream) {
	if string(d.Request().Path) == "/small" {
		d.WriteHead(200, nil, nil, 5)
		d.WriteBody([]byte("small"))
		return
	}
	d.WriteHead(200, nil, nil, -1)
	piece := make([]byte, 40<<10)
	for d.WriteBody(piece) == nil {
	}
}

// Large bodies take turns. The client reads a frame whenever all streams wait for it.
func TestBodiesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := piped(t, &http2.Server{Handler: endless})
		const large = 5
		for i := range uint32(large) {
			r.get(2*i + 1)
		}
		got := map[uint32]int{}
		total := 0
		for total < 4<<20 {
			synctest.Wait()
			f, err := r.ReadFrame()
			if err != nil {
				t.Fatal(err)
			}
			if h := f.Header(); h.Type == xhttp2.FrameData {
				got[h.StreamID] += int(h.Length)
				total += int(h.Length)
			}
		}
		for id, n := range got {
			if share := float64(n) / float64(total); share < 0.15 || share > 0.25 {
				t.Errorf("stream %d has %.0f%% of the connection, want 20%%: %v", id, 100*share, got)
			}
		}
		if len(got) != large {
			t.Errorf("%d streams move", len(got))
		}
	})
}

// A small answer does not wait for large bodies: at most two full buffers and one turn of each body stand in front of it.
func TestSmallAnswerPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := piped(t, &http2.Server{Handler: endless})
		const large = 5
		for i := range uint32(large) {
			r.get(2*i + 1)
		}
		for i := range uint32(20) {
			id := 2*large + 2*i + 1
			r.head(id, true, ":method=GET", ":scheme=http", ":authority=x", ":path=/small")
			synctest.Wait() // every stream waits for the client, which reads nothing
			n := 0
			for {
				f, err := r.ReadFrame()
				if err != nil {
					t.Fatal(err)
				}
				if f.Header().StreamID == id {
					break
				}
				n += 9 + int(f.Header().Length)
			}
			if n > 256<<10 {
				t.Errorf("%d KB in front of a small answer", n>>10)
			}
		}
	})
}

// A stream whose client gives it no window does not slow the others.
func TestSlowStreamAlone(t *testing.T) {
	f := serve(t, &http2.Server{Handler: endless}, false)
	r := f.raw(t, xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 10})
	r.WriteWindowUpdate(0, 1<<30)
	for i := range uint32(50) {
		r.get(2*i + 1)
	}
	for n := 0; n < 100; n++ {
		r.next()
	}
	r.head(201, true, ":method=GET", ":scheme=http", ":authority=x", ":path=/small")
	r.expect("HEADERS 201 :status=200", `DATA 201 "small" end`)
	r.WriteWindowUpdate(31, 1<<20)
	for n := 0; n < 1<<20; {
		var m int
		got := r.next()
		if _, err := fmt.Sscanf(got, "DATA 31 %d bytes", &m); err != nil {
			t.Fatal(got)
		}
		n += m
	}
}

// An upload that nobody reads does not keep another one from going on.
func TestStalledUploadAlone(t *testing.T) {
	stall := make(chan struct{})
	f := serve(t, &http2.Server{Handler: func(d exchange.Downstream) {
		if string(d.Request().Path) == "/stall" {
			<-stall
			d.WriteHead(200, nil, nil, 0)
			return
		}
		n := 0
		buf := make([]byte, 10000)
		for {
			m, err := d.ReadBody(buf)
			if n += m; err != nil {
				if err != io.EOF || n != 3<<20 {
					t.Errorf("%d bytes, %v", n, err)
				}
				break
			}
		}
		d.WriteHead(200, nil, nil, 0)
	}}, true)
	c := f.client(t)
	done := make(chan error)
	post := func(path string) {
		resp, err := c.Post(f.url(path), "", bytes.NewReader(make([]byte, 3<<20)))
		if err == nil {
			resp.Body.Close()
		}
		done <- err
	}
	for range 10 {
		go post("/stall")
	}
	go post("/read")
	if err := <-done; err != nil {
		t.Error(err)
	}
	close(stall)
	for range 10 {
		<-done
	}
}
