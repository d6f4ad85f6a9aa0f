package redis_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/statedb/redis"
	"github.com/gibbon-gateway/gibbon/internal/statedb/redistest"
	"github.com/gibbon-gateway/gibbon/state"
)

// slack is what a busy machine may add to a time limit.
const slack = 400 * time.Millisecond

var counter = []byte("{t}counter")

func add(t testing.TB, s state.Store) (int64, error) {
	return s.Add(t.Context(), counter, 1, time.Minute)
}

// comesBack waits until the store can be used.
func comesBack(t testing.TB, s state.Store, within time.Duration) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); ; <-tick.C {
		_, err := add(t, s)
		if err == nil {
			return
		}
		if !errors.Is(err, state.ErrUnavailable) {
			t.Fatalf("got %v, want ErrUnavailable", err)
		}
		if time.Since(began) > within {
			t.Fatalf("not back within %s: %v", within, err)
		}
	}
}

// failsAtOnce checks that calls fail without waiting.
func failsAtOnce(t testing.TB, s state.Store) {
	t.Helper()
	began := time.Now()
	for range 100 {
		if _, err := add(t, s); !errors.Is(err, state.ErrUnavailable) {
			t.Fatalf("got %v, want ErrUnavailable", err)
		}
	}
	if d := time.Since(began); d > slack {
		t.Errorf("100 failing calls took %s", d)
	}
}

func TestAwayFromTheStart(t *testing.T) {
	if testing.Short() {
		return
	}
	t.Parallel()
	server := redistest.Start(t)
	server.Stop()
	var log strings.Builder
	s := open(t, redis.Options{Addresses: []string{server.Addr}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	failsAtOnce(t, s)
	server.Start()
	comesBack(t, s, 3*time.Second)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !contains(log.String(), "redis cannot be reached") || !contains(log.String(), "redis is back") {
		t.Errorf("the log has\n%s", log.String())
	}
	failsAtOnce(t, s)
}

func TestRestartedEmpty(t *testing.T) {
	if testing.Short() {
		return
	}
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr}})
	for range 3 {
		if _, err := add(t, s); err != nil {
			t.Fatal(err)
		}
	}
	server.Stop()
	if _, err := add(t, s); !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	failsAtOnce(t, s)
	server.Start()
	comesBack(t, s, 3*time.Second)
	// Scripts are sent again, and counters start anew. Another connection of the driver may find out only now that its server is gone.
	claims := []state.Claim{{Key: counter, Max: 2}}
	ok, err := s.Take(t.Context(), 1, claims)
	for limit := time.Now().Add(3 * time.Second); errors.Is(err, state.ErrUnavailable) && time.Now().Before(limit); {
		<-time.After(50 * time.Millisecond)
		ok, err = s.Take(t.Context(), 1, claims)
	}
	if err != nil || !ok || claims[0].Value != 2 {
		t.Errorf("take: %v, %v, %d, want the second since the restart", ok, err, claims[0].Value)
	}
}

// TestSilent has Redis stop answering under load: nobody waits longer than the time limit, and after the first nobody waits
// at all.
func TestSilent(t *testing.T) {
	if testing.Short() {
		return
	}
	t.Parallel()
	const limit, silence, workers = 500 * time.Millisecond, 3 * time.Second, 40
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr}, Timeout: limit})
	comesBack(t, s, 3*time.Second)

	var failed, slow atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			pace := time.NewTicker(5 * time.Millisecond)
			defer pace.Stop()
			for {
				select {
				case <-stop:
					return
				case <-pace.C:
				}
				began := time.Now()
				_, err := add(t, s)
				took := time.Since(began)
				if err != nil {
					failed.Add(1)
					if !errors.Is(err, state.ErrUnavailable) {
						t.Errorf("got %v, want ErrUnavailable", err)
					}
				}
				if took > limit+slack {
					t.Errorf("a call took %s", took)
				}
				if took > limit/2 {
					slow.Add(1)
				}
			}
		})
	}
	<-time.After(200 * time.Millisecond)
	server.Pause()
	<-time.After(silence)
	server.Resume()
	comesBack(t, s, 3*time.Second)
	close(stop)
	wg.Wait()
	if failed.Load() < 1000 {
		t.Errorf("%d calls failed: they did not fail at once", failed.Load())
	}
	if slow.Load() > 2*workers { // each waits when silence begins, and perhaps once while it ends
		t.Errorf("%d calls waited, with %d workers", slow.Load(), workers)
	}
}

func TestCloseWhileSilent(t *testing.T) {
	if testing.Short() {
		return
	}
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr}, Timeout: time.Second})
	comesBack(t, s, 3*time.Second)
	server.Pause()
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := add(t, s); !errors.Is(err, state.ErrUnavailable) {
				t.Errorf("got %v, want ErrUnavailable", err)
			}
		})
	}
	began := time.Now()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d > 2*time.Second+slack {
		t.Errorf("close took %s", d)
	}
	wg.Wait()
	failsAtOnce(t, s)
}

// TestFull has Redis refuse writes, which is an answer: reads go on.
func TestFull(t *testing.T) {
	if testing.Short() {
		return
	}
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr}})
	key := []byte("k")
	if err := s.Put(t.Context(), key, []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	server.Do("CONFIG", "SET", "maxmemory", "1")
	for range 3 {
		if _, err := add(t, s); !errors.Is(err, state.ErrUnavailable) || !contains(err.Error(), "OOM") {
			t.Errorf("add: got %v, want ErrUnavailable and OOM", err)
		}
		if v, err := s.Get(t.Context(), key); err != nil || string(v) != "v" {
			t.Errorf("get: %q, %v", v, err)
		}
	}
	server.Do("CONFIG", "SET", "maxmemory", "0")
	if _, err := add(t, s); err != nil {
		t.Error(err)
	}
}

// TestCallerGivesUp checks that callers with less patience do not take the link down for others.
func TestCallerGivesUp(t *testing.T) {
	if testing.Short() {
		return
	}
	t.Parallel()
	server := redistest.Start(t)
	s := open(t, redis.Options{Addresses: []string{server.Addr}})
	comesBack(t, s, 3*time.Second)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Get(gone, counter); !errors.Is(err, context.Canceled) || errors.Is(err, state.ErrUnavailable) {
		t.Errorf("cancelled: got %v", err)
	}
	server.Pause()
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Get(short, []byte("k")); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("too late: got %v", err)
	}
	server.Resume()
	if _, err := add(t, s); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestSentinelFailover(t *testing.T) {
	if testing.Short() {
		return
	}
	t.Parallel()
	w := redistest.StartWatched(t)
	s := open(t, redis.Options{Addresses: w.Addrs(), Master: w.Name, Timeout: 500 * time.Millisecond})
	comesBack(t, s, 3*time.Second)
	w.Master.Do("WAIT", "1", "1000")
	w.Master.Pause()
	comesBack(t, s, 40*time.Second)
	if role := w.Replica.Do("ROLE"); !strings.HasPrefix(role, "master") {
		t.Errorf("the replica is %s", role)
	}
	if n, err := add(t, s); err != nil || n < 3 {
		t.Errorf("the counter is %d, %v: the replica did not have it", n, err)
	}
	// The old master comes back as a replica; nothing is to be seen of it.
	w.Master.Resume()
	w.Master.Await("to follow", func() bool { return strings.HasPrefix(w.Master.Do("ROLE"), "slave") })
	comesBack(t, s, 5*time.Second)
}

func TestClusterFailover(t *testing.T) {
	if testing.Short() {
		return
	}
	t.Parallel()
	c := redistest.StartCluster(t, 3, 1)
	s := open(t, redis.Options{Addresses: c.Addrs(), Cluster: true, Timeout: 500 * time.Millisecond})
	comesBack(t, s, 3*time.Second)
	var holder *redistest.Server
	for _, m := range c.Masters {
		if m.Do("DBSIZE") != "0" {
			holder = m
		}
	}
	holder.Pause()
	if _, err := add(t, s); !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	failsAtOnce(t, s)
	comesBack(t, s, 40*time.Second)
	seen := 0
	if err := s.Scan(t.Context(), nil, func([]byte) bool { seen++; return true }); err != nil || seen != 1 {
		t.Errorf("scan: %d keys, %v", seen, err)
	}
}

func TestTakeAcrossTags(t *testing.T) {
	if testing.Short() {
		return
	}
	t.Parallel()
	c := redistest.StartCluster(t, 3, 0)
	s := open(t, redis.Options{Addresses: c.Addrs(), Cluster: true})
	claims := []state.Claim{{Key: []byte("{a}1"), Max: 5}, {Key: []byte("{b}1"), Max: 5}}
	if ok, err := s.Take(t.Context(), 1, claims); ok || err == nil || errors.Is(err, state.ErrUnavailable) {
		t.Errorf("got %v, %v, want an error about the tags", ok, err)
	}
	for _, c := range claims {
		if n, err := s.Add(t.Context(), c.Key, 0, 0); n != 0 || err != nil {
			t.Errorf("%s is %d, %v", c.Key, n, err)
		}
	}
}

// TestSomethingElse has other programs, and broken ones, where Redis should be.
func TestSomethingElse(t *testing.T) {
	for name, says := range map[string]string{
		"HTTP":        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
		"nothing":     "",
		"half a line": "%7\r\n$6\r\nser",
		"odd answer":  "%1\r\n$6\r\nserver\r\n:1\r\n" + "+OK\r\n+OK\r\n" + "Zwhat\r\n",
		"huge":        "%1\r\n$6\r\nserver\r\n:1\r\n" + "+OK\r\n+OK\r\n" + "$9999999999999\r\n",
		"binary":      "\x00\x01\x02\xff\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var served sync.WaitGroup
			served.Go(func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					served.Go(func() {
						defer c.Close()
						if _, err := c.Read(make([]byte, 1)); err == nil {
							_, _ = io.WriteString(c, says)
						}
					})
				}
			})
			t.Cleanup(served.Wait)
			t.Cleanup(func() { l.Close() })
			s := open(t, redis.Options{Addresses: []string{l.Addr().String()}, Timeout: 300 * time.Millisecond})
			for range 3 {
				if _, err := s.Get(t.Context(), counter); !errors.Is(err, state.ErrUnavailable) {
					t.Errorf("got %v, want ErrUnavailable", err)
				}
				<-time.After(50 * time.Millisecond)
			}
		})
	}
}
