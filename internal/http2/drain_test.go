package http2_test

import (
	"io"
	"sync"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/http2"
)

func ok(d exchange.Downstream) { d.WriteHead(200, nil, nil, 0) }

var goAwayPing = [8]byte{'g', 'o', 'a', 'w', 'a', 'y', 0, 1}

// Drain loses nothing: streams that were on their way are served, those that come later can be sent again, and the connection
// is closed behind the last answer.
func TestDrain(t *testing.T) {
	eachWay(t, func(t *testing.T, withTLS bool) {
		started, release := make(chan struct{}), make(chan struct{})
		f := serve(t, &http2.Server{Handler: func(d exchange.Downstream) {
			if string(d.Request().Path) == "/wait" {
				started <- struct{}{}
				<-release
			}
			ok(d)
		}}, withTLS)
		r := f.raw(t)
		r.head(1, true, ":method=GET", ":scheme=http", ":authority=x", ":path=/wait")
		<-started
		f.Drain()
		r.expect("GOAWAY 2147483647 NO_ERROR")
		r.get(3) // crosses the GOAWAY
		r.expect("HEADERS 3 :status=200")
		r.WritePing(true, goAwayPing)
		r.expect("GOAWAY 3 NO_ERROR")
		r.get(5) // not served: the client knows
		close(release)
		r.expect("HEADERS 1 :status=200 content-length=0 end", "closed")
	})
}

func TestDrainIdle(t *testing.T) {
	f := serve(t, &http2.Server{Handler: ok}, false)
	r := f.raw(t)
	r.alive(1)
	f.Drain()
	r.expect("GOAWAY 2147483647 NO_ERROR")
	r.WritePing(true, goAwayPing)
	r.expect("GOAWAY 1 NO_ERROR", "closed")
	// A connection that comes later is told at once.
	r = f.raw(t)
	r.expect("GOAWAY 2147483647 NO_ERROR")
	r.alive(1)
	r.WritePing(true, goAwayPing)
	r.expect("GOAWAY 1 NO_ERROR", "closed")
}

// A client that does not answer is told which streams are served after a second.
func TestDrainWithoutAnswer(t *testing.T) {
	f := serve(t, &http2.Server{Handler: ok}, false)
	r := f.raw(t)
	r.alive(1)
	f.Drain()
	r.expect("GOAWAY 2147483647 NO_ERROR", "GOAWAY 1 NO_ERROR", "closed")
}

func TestRequestsPerConnection(t *testing.T) {
	f := serve(t, &http2.Server{Handler: ok, Limits: http2.Limits{Requests: 10}}, false)
	c := f.client(t)
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			for range 40 {
				resp, err := c.Get(f.url("/"))
				if err != nil {
					t.Error(err)
					return
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
	}
	wg.Wait()
	if accepted, _ := f.Connections(); accepted < 10 {
		t.Errorf("200 requests over %d connections, want more", accepted)
	}
}

func TestIdleTimeout(t *testing.T) {
	f := serve(t, &http2.Server{Handler: ok, Limits: http2.Limits{IdleTimeout: time.Millisecond}}, false)
	r := f.raw(t)
	r.expect("GOAWAY 2147483647 NO_ERROR")
	r.WritePing(true, goAwayPing)
	r.expect("GOAWAY 0 NO_ERROR", "closed")
}

// A client that is about to leave gets its answers, and the connection is closed.
func TestClientGoesAway(t *testing.T) {
	f := serve(t, &http2.Server{Handler: echo}, false)
	r := f.raw(t)
	r.post(1)
	r.expect("HEADERS 1 :status=200")
	r.WriteGoAway(0, xhttp2.ErrCodeNo, nil)
	r.expect("GOAWAY 2147483647 NO_ERROR")
	r.WritePing(true, goAwayPing)
	r.expect("GOAWAY 1 NO_ERROR")
	r.WriteData(1, true, []byte("x"))
	r.expect(`DATA 1 "x"`, `DATA 1 "" end`, "closed")
}

// Close cuts everything off, and the handlers learn of it.
func TestClose(t *testing.T) {
	started, gone := make(chan struct{}), make(chan struct{})
	f := serve(t, &http2.Server{Handler: func(d exchange.Downstream) {
		d.Watch(&exchange.Watch{End: func() { close(gone) }})
		close(started)
		<-gone
	}}, true)
	r := f.raw(t)
	r.post(1)
	<-started
	f.Close()
	<-gone
	r.expect("closed")
}
