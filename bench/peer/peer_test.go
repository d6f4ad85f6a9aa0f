//go:build linux

package peer_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gibbon-gateway/gibbon/bench/peer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// web starts a server of package net/http that speaks all versions.
func web(t *testing.T, secure bool, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetHTTP2(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.EnableHTTP2 = true
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func serve(t *testing.T, f func(net.Listener) error) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); f(l) }()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

func ok(w http.ResponseWriter, q *http.Request) {
	if q.Host != "a.example.com" && q.Host != "b.example.com" || q.URL.Path != "/x" && q.URL.Path != "/y" || q.Header.Get("K") != "v" {
		http.Error(w, "not what was asked", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Length", "3000")
	w.Write([]byte(strings.Repeat("x", 3000)))
}

func TestRun(t *testing.T) {
	cases := map[string]struct {
		spec peer.Spec
		addr func(t *testing.T, secure bool) string
	}{
		"HTTP/1.1":  {peer.Spec{Protocol: peer.HTTP1, Streams: 1}, nil},
		"fresh":     {peer.Spec{Protocol: peer.HTTP1, Streams: 1, Fresh: true}, nil},
		"HTTP/2":    {peer.Spec{Protocol: peer.HTTP2, Streams: 10}, nil},
		"gRPC":      {peer.Spec{Protocol: peer.GRPC, Streams: 10, Message: 100}, func(t *testing.T, _ bool) string { return serve(t, peer.ServeGRPC) }},
		"gRPC chat": {peer.Spec{Protocol: peer.GRPCChat, Streams: 10, Message: 1024}, func(t *testing.T, _ bool) string { return serve(t, peer.ServeGRPC) }},
		"WebSocket": {peer.Spec{Protocol: peer.WebSocket, Streams: 1, Message: 200}, func(t *testing.T, _ bool) string { return serve(t, peer.ServeWebSocket) }},
	}
	for name, c := range cases {
		for _, secure := range []bool{false, true} {
			for _, rate := range []float64{0, 500} {
				if secure && c.addr != nil { // these upstreams do not speak TLS
					continue
				}
				t.Run(name+map[bool]string{true: ", TLS"}[secure]+map[bool]string{true: ", open loop"}[rate > 0], func(t *testing.T) {
					s := c.spec
					if c.addr != nil {
						s.Addr = c.addr(t, secure)
					} else {
						s.Addr = web(t, secure, ok)
					}
					s.TLS, s.Rate, s.Conns, s.Seconds = secure, rate, 4, 0.2
					s.Hosts, s.Paths, s.Fields = []string{"a.example.com", "b.example.com"}, []string{"/x", "/y"}, [][2]string{{"k", "v"}}
					r, err := peer.Run(s)
					if err != nil {
						t.Fatal(err)
					}
					if rate > 0 && (r.Requests < 100 || r.Requests > 101) {
						t.Errorf("%d requests in 0.2 s at 500 a second", r.Requests)
					}
					if r.Requests == 0 || r.P99 < r.P50 || r.P50 <= 0 {
						t.Errorf("%+v", r)
					}
				})
			}
		}
	}
}

// TestRefused asks servers that do not answer well: nothing is averaged then.
func TestRefused(t *testing.T) {
	hangUp := func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }
	fail := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusTooManyRequests) }
	var n atomic.Int64
	late := func(w http.ResponseWriter, q *http.Request) {
		if n.Add(1) > 20 {
			fail(w, q)
			return
		}
		w.Write([]byte("good"))
	}
	for name, h := range map[string]http.HandlerFunc{"status 429": fail, "hangs up": hangUp, "the 21st fails": late} {
		for _, spec := range []peer.Spec{{Protocol: peer.HTTP1}, {Protocol: peer.HTTP2}, {Protocol: peer.GRPC}, {Protocol: peer.GRPCChat}, {Protocol: peer.WebSocket},
			{Protocol: peer.HTTP1, Fresh: true}} {
			t.Run(name+" "+spec.Protocol, func(t *testing.T) {
				n.Store(0)
				spec.Addr, spec.Conns, spec.Streams, spec.Seconds = web(t, false, h), 2, 1, 0.2
				spec.Hosts, spec.Paths = []string{"a"}, []string{"/"}
				if r, err := peer.Run(spec); err == nil {
					t.Errorf("%+v, and no error", r)
				}
			})
		}
	}
}

// TestOpenLoop asks a server that stops answering for a while: requests that were due meanwhile count from when they were due, though
// nothing could be sent.
func TestOpenLoop(t *testing.T) {
	for _, spec := range []peer.Spec{{Protocol: peer.HTTP1}, {Protocol: peer.HTTP2}} {
		t.Run(spec.Protocol, func(t *testing.T) {
			var n atomic.Int64
			stop := make(chan struct{})
			var until atomic.Int64
			addr := web(t, false, func(w http.ResponseWriter, _ *http.Request) {
				if n.Add(1) == 20 {
					until.Store(time.Now().Add(200 * time.Millisecond).UnixNano())
				}
				select {
				case <-time.After(time.Until(time.Unix(0, until.Load()))):
				case <-stop:
				}
				w.Write([]byte("good"))
			})
			defer close(stop)
			spec.Addr, spec.Conns, spec.Streams, spec.Seconds, spec.Rate = addr, 2, 1, 0.4, 200
			spec.Hosts, spec.Paths = []string{"a"}, []string{"/"}
			r, err := peer.Run(spec)
			if err != nil {
				t.Fatal(err)
			}
			// 40 of 80 are due while nothing is answered. The longest wait is 200 ms, that of the one before the last percent almost as long.
			if r.P99 < 150 || r.Late < 100 || r.Requests < 70 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestHold(t *testing.T) {
	for _, protocol := range []string{peer.HTTP1, peer.HTTP2} {
		var n atomic.Int64
		s := httptest.NewUnstartedServer(http.HandlerFunc(ok))
		s.EnableHTTP2 = true
		s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			switch state {
			case http.StateNew:
				n.Add(1)
			case http.StateClosed:
				n.Add(-1)
			}
		}
		s.StartTLS()
		defer s.Close()
		release, err := peer.Hold(peer.Spec{Addr: s.Listener.Addr().String(), TLS: true, Protocol: protocol, Conns: 20, Streams: 1,
			Hosts: []string{"a.example.com"}, Paths: []string{"/x"}, Fields: [][2]string{{"k", "v"}}})
		if err != nil {
			t.Fatal(err)
		}
		if n.Load() != 20 {
			t.Errorf("%s: %d connections are open", protocol, n.Load())
		}
		release()
	}
}

func TestIncomplete(t *testing.T) {
	if _, err := peer.Run(peer.Spec{Addr: "127.0.0.1:1", Conns: 1}); err == nil || !strings.Contains(err.Error(), "incomplete") {
		t.Error(err)
	}
}
