package redis_test

import (
	"errors"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/statedb/redis"
	"github.com/gibbon-gateway/gibbon/internal/statedb/redistest"
	"github.com/gibbon-gateway/gibbon/state"
)

func TestAcquire(t *testing.T) {
	if testing.Short() {
		return
	}
	redis.SetGrace(t, 300*time.Millisecond)
	server := redistest.Start(t)
	acquire := func(o redis.Options) state.Store {
		o.Addresses = []string{server.Addr}
		s, err := redis.Acquire(o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := add(t, s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	release := func(s state.Store) {
		if err := errors.Join(s.Close(), s.Close()); err != nil { // the second must not count
			t.Fatal(err)
		}
	}
	connections := func() int {
		n := 0
		for _, c := range server.Do("CLIENT", "LIST") {
			if c == '\n' {
				n++
			}
		}
		return n - 1 // the one that asks
	}
	const most = 2 // connections that one store makes
	a, b := acquire(redis.Options{}), acquire(redis.Options{})
	one := connections()
	if one > most {
		t.Errorf("%d connections for two equal holders", one)
	}
	other := acquire(redis.Options{Prefix: "other:"})
	if n := connections(); n <= one {
		t.Errorf("%d connections for two stores, %d for one", n, one)
	}
	release(a)
	release(other)
	release(b)
	if _, err := add(t, b); err != nil {
		t.Errorf("just after the release: %v", err)
	}
	c := acquire(redis.Options{}) // in time: it is the same
	if n, err := add(t, c); err != nil || n != 5 {
		t.Errorf("counted %d, %v", n, err)
	}
	server.Await("to lose the other's connections", func() bool { return connections() <= most && connections() > 0 })
	release(c)
	server.Await("to lose all connections", func() bool { return connections() == 0 })
	if _, err := add(t, c); !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("long after the release: %v", err)
	}
	if _, err := redis.Acquire(redis.Options{}); err == nil {
		t.Error("want an error about the options")
	}
}
