package http1_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/http1"
)

// TestShutdownResetsNoConnection shuts servers down while many clients connect and ask at once. Whoever could connect gets an answer.
func TestShutdownResetsNoConnection(t *testing.T) {
	paths(t, func(t *testing.T, raw bool) {
		var connected, lost atomic.Int32
		var mu sync.Mutex
		why := map[string]int{}
		for range 8 {
			var lc net.ListenConfig
			lc.SetMultipathTCP(false) // its sockets take no filter
			l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			s := &http1.Server{Raw: raw, Log: slog.New(slog.DiscardHandler), Settle: 50 * time.Millisecond,
				Handler: http1.HandlerFunc(func(c *http1.Conn) { c.WriteHead(200, nil, nil, 0) })}
			served := make(chan error, 1)
			go func() { served <- s.Serve(l) }()
			var clients sync.WaitGroup
			enough := make(chan struct{})
			var once sync.Once
			var local atomic.Int32
			for range 16 {
				clients.Go(func() {
					for {
						c, err := net.DialTimeout("tcp", l.Addr().String(), 300*time.Millisecond)
						if err != nil {
							return // refused: nobody took the connection
						}
						connected.Add(1)
						if local.Add(1) == 100 {
							once.Do(func() { close(enough) })
						}
						if err := ask(c); err != nil {
							lost.Add(1)
							mu.Lock()
							why[kind(err)]++
							mu.Unlock()
						}
						c.Close()
					}
				})
			}
			<-enough
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			if err := s.Shutdown(ctx); err != nil {
				t.Error(err)
			}
			cancel()
			<-served
			clients.Wait()
		}
		if lost.Load() > 0 {
			t.Errorf("%d of %d connections were lost: %v", lost.Load(), connected.Load(), why)
		}
	})
}

// kind is the reason of an error without its addresses.
func kind(err error) string {
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	return err.Error()
}

// ask sends a request and reads the answer.
func ask(c net.Conn) error {
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		return err
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r.Body)
	return err
}
