package peer

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// runFresh asks each request over a connection of its own, from a goroutine for each that runs at the same time.
func runFresh(s Spec, t *tally) error {
	start, end := time.Now(), time.Duration(s.Seconds*float64(time.Second))
	due := make(chan time.Duration, 1<<20)
	var mu sync.Mutex
	var failed error
	var wg sync.WaitGroup
	workers := s.Conns
	if s.Rate > 0 {
		workers *= 8 // a request waits for others only when there are very many
	}
	fields := fieldLines(append([][2]string{{"Connection", "close"}}, s.Fields...))
	for n := range workers {
		wg.Go(func() {
			for at := range due {
				late := time.Since(start) - at
				host, path := s.request(n)
				n += workers
				err := askOnce(s, host, fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n%s", path, host, fields))
				took := time.Since(start) - at
				mu.Lock()
				failed = cmp.Or(failed, err) // the first is enough
				t.took, t.late = append(t.took, took), append(t.late, late)
				stop := failed != nil
				mu.Unlock()
				if now := time.Since(start); s.Rate == 0 && now < end && !stop {
					due <- now
				} else if s.Rate == 0 || stop {
					return
				}
			}
		})
	}
	if s.Rate == 0 {
		for range workers {
			due <- 0
		}
		wg.Wait()
		return failed
	}
	pace(start, end, s.Rate, due)
	close(due)
	wg.Wait()
	return failed
}

// pace sends the times of requests when they have come.
func pace(start time.Time, end time.Duration, rate float64, due chan<- time.Duration) {
	for i := 0; ; i++ {
		at := time.Duration(float64(i) / rate * float64(time.Second))
		if at > end {
			return
		}
		pause(at - time.Since(start))
		select {
		case due <- at:
		default: // nobody has taken anything for a long time
			return
		}
	}
}

// askOnce opens a connection, asks, reads until the other side ends, and looks whether the answer is all there.
func askOnce(s Spec, host string, request []byte) error {
	c, err := net.Dial("tcp", s.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if s.TLS {
		c = tls.Client(c, tlsConfig(host, HTTP1))
	}
	if _, err := c.Write(request); err != nil {
		return err
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		return err
	}
	head, body, err := responseHead(answer)
	if err == nil && (head == 0 || len(answer) != head+body) {
		err = fmt.Errorf("incomplete answer of %d bytes", len(answer))
	}
	return err
}
