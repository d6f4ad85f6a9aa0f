package memcached_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/statedb/memcached"
	"github.com/gibbon-gateway/gibbon/internal/statedb/memcached/memcachedtest"
	"github.com/gibbon-gateway/gibbon/state"
)

func open(t *testing.T, o memcached.Options) *memcached.Store {
	t.Helper()
	s, err := memcached.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// wantGet checks what is at a key; "" is nothing.
func wantGet(t *testing.T, s *memcached.Store, key, want string) {
	t.Helper()
	value, err := s.Get(t.Context(), []byte(key))
	if string(value) != want || errors.Is(err, state.ErrNotFound) != (want == "") || want != "" && err != nil {
		t.Errorf("%s: %q %v, want %q", key, value, err, want)
	}
}

func TestOptions(t *testing.T) {
	for want, o := range map[string]memcached.Options{
		`address "" is not host:port`: {}, `address "a" is not host:port`: {Address: "a"}, `address ":1" is not host:port`: {Address: ":1"},
		"white space": {Address: "a:1", Prefix: "a b"}, "longer than": {Address: "a:1", Prefix: strings.Repeat("a", 126)},
	} {
		if _, err := memcached.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
}

func TestValues(t *testing.T) {
	if testing.Short() {
		return // starts memcached
	}
	overTLS, pool := memcachedtest.StartTLS(t)
	for name, o := range map[string]memcached.Options{
		"tcp":              {Address: memcachedtest.Start(t).Addr, Prefix: "p:"},
		"socket":           {Socket: "unix:" + memcachedtest.StartSocket(t).Socket},
		"TLS":              {Address: overTLS.Addr, TLS: true, RootCAs: pool, Timeout: 5 * time.Second},
		"TLS not verified": {Address: overTLS.Addr, TLS: true, SkipVerify: true, Timeout: 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, o)
			ctx := t.Context()
			wantGet(t, s, "a", "")
			for _, value := range []string{"one", "t\x00wo\r\nEND\r\n", strings.Repeat("3", 1<<20-1<<10)} {
				if err := s.Put(ctx, []byte("a"), []byte(value), time.Minute); err != nil {
					t.Fatal(err)
				}
				wantGet(t, s, "a", value)
			}
			if err := s.Put(ctx, []byte("a"), bytes.Repeat([]byte("4"), 1<<20), time.Minute); !errors.Is(err, state.ErrTooLarge) {
				t.Errorf("1 MiB: %v", err)
			}
			if err := s.Put(ctx, []byte(strings.Repeat("k", 251)), nil, 0); err == nil {
				t.Error("a key of 251 bytes was taken")
			}
			if err := s.Delete(ctx, []byte("a"), []byte("nothing")); err != nil {
				t.Error(err)
			}
			wantGet(t, s, "a", "")
			// A lifetime of over 30 days is not a time in 1970.
			if err := s.Put(ctx, []byte("b"), []byte("long"), 31*24*time.Hour); err != nil {
				t.Fatal(err)
			}
			wantGet(t, s, "b", "long")
			if err := s.Put(ctx, []byte("c"), []byte("short"), time.Millisecond); err != nil {
				t.Fatal(err)
			}
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			for end := time.Now().Add(10 * time.Second); ; <-tick.C {
				if _, err := s.Get(ctx, []byte("c")); errors.Is(err, state.ErrNotFound) {
					break
				}
				if time.Now().After(end) {
					t.Fatal("a value outlives its lifetime")
				}
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			wantGet(t, s, "b", "long") // requests under way
		})
	}
	for name, o := range map[string]memcached.Options{
		"unknown to us": {Address: overTLS.Addr, TLS: true}, "plain": {Address: overTLS.Addr, Timeout: 300 * time.Millisecond},
	} {
		if _, err := open(t, o).Get(t.Context(), []byte("a")); !errors.Is(err, state.ErrUnavailable) {
			t.Errorf("TLS, %s: %v", name, err)
		}
	}
}

// A server that takes less than is usual says so.
func TestSmallServer(t *testing.T) {
	if testing.Short() {
		return // starts memcached
	}
	s := open(t, memcached.Options{Address: memcachedtest.Start(t, "-I", "512k").Addr})
	if err := s.Put(t.Context(), []byte("a"), make([]byte, 600<<10), 0); !errors.Is(err, state.ErrTooLarge) {
		t.Errorf("600 KiB: %v", err)
	}
	if err := s.Put(t.Context(), []byte("a"), []byte("x"), 0); err != nil {
		t.Error(err)
	}
}

// A server that is away, silent or back: callers learn at once, and the log once.
func TestFaults(t *testing.T) {
	if testing.Short() {
		return // starts memcached
	}
	var log bytes.Buffer
	server := memcachedtest.Start(t)
	const limit = 300 * time.Millisecond
	s := open(t, memcached.Options{Address: server.Addr, Timeout: limit, Log: slog.New(slog.NewTextHandler(&log, nil))})
	put := func() error { return s.Put(t.Context(), []byte("a"), []byte("x"), 0) }
	away := func(what string) {
		t.Helper()
		began := time.Now()
		if _, err := s.Get(t.Context(), []byte("a")); !errors.Is(err, state.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
		if d := time.Since(began); d > 5*limit {
			t.Errorf("%s: took %v", what, d)
		}
	}
	if err := put(); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	away("killed")
	away("killed")
	server.Start()
	if err := put(); err != nil { // connections from before are no reason to fail
		t.Errorf("back: %v", err)
	}
	server.Stop()
	server.Start()
	if err := put(); err != nil {
		t.Errorf("restarted between two calls: %v", err)
	}
	server.Pause()
	for end := time.Now().Add(10 * time.Second); put() == nil; { // threads stop one by one
		if time.Now().After(end) {
			t.Fatal("it does not pause")
		}
	}
	began := time.Now()
	for range 100 {
		away("silent, and left alone")
	}
	if d := time.Since(began); d > 5*limit {
		t.Errorf("100 calls of a silent server took %v", d)
	}
	server.Resume()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); put() != nil; <-tick.C {
		if time.Now().After(end) {
			t.Fatal("not used again")
		}
	}
	for text, n := range map[string]int{"memcached cannot be used": 2, "memcached can be used again": 2} {
		if got := strings.Count(log.String(), text); got != n {
			t.Errorf("the log says %q %d times, want %d:\n%s", text, got, n, log.String())
		}
	}
}
