package redis_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/statedb/redis"
	"github.com/gibbon-gateway/gibbon/internal/statedb/redistest"
	"github.com/gibbon-gateway/gibbon/state"
)

// bulk covers what the store can do with several keys.
func bulk(t *testing.T, s *redis.Store) {
	ctx := t.Context()
	key := func(i int) []byte { return fmt.Appendf(nil, "{%d}k", i) }
	for i := range 20 {
		if err := s.Put(ctx, key(i), fmt.Append(nil, i), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Add(ctx, []byte("counter"), 1, 0); err != nil {
		t.Fatal(err)
	}
	got, err := s.GetAll(ctx, key(3), []byte("nothing"), key(19), []byte("counter"))
	if diff := cmp.Diff([][]byte{[]byte("3"), nil, []byte("19"), nil}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	guard := []byte("{0}guard")
	put := func(want string) (bool, error) {
		return s.PutIf(ctx, guard, []byte(want), redis.Item{Key: key(0), Value: []byte("new"), TTL: time.Minute}, redis.Item{Key: []byte("{0}other"), Value: []byte("other")})
	}
	if ok, err := put("a"); ok || err != nil {
		t.Errorf("without a guard: %v, %v", ok, err)
	}
	if err := s.Put(ctx, guard, []byte("a"), time.Minute); err != nil {
		t.Fatal(err)
	}
	if ok, err := put("b"); ok || err != nil {
		t.Errorf("with another guard: %v, %v", ok, err)
	}
	if ok, err := put("a"); !ok || err != nil {
		t.Errorf("with the guard: %v, %v", ok, err)
	}
	got, err = s.GetAll(ctx, key(0), []byte("{0}other"))
	if diff := cmp.Diff([][]byte{[]byte("new"), []byte("other")}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if _, err := s.PutIf(ctx, guard, nil, redis.Item{Key: key(0), Value: make([]byte, 512<<20)}); !errors.Is(err, state.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func TestBulk(t *testing.T) {
	if testing.Short() {
		return
	}
	t.Parallel()
	server := redistest.Start(t)
	bulk(t, open(t, redis.Options{Addresses: []string{server.Addr}}))
	cluster := redistest.StartCluster(t, 3, 0)
	bulk(t, open(t, redis.Options{Addresses: cluster.Addrs(), Cluster: true}))
	server.Stop()
	s := open(t, redis.Options{Addresses: []string{server.Addr}, Timeout: 200 * time.Millisecond})
	if _, err := s.GetAll(t.Context(), counter); !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("get all: %v", err)
	}
	if _, err := s.PutIf(t.Context(), counter, nil); !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("put if: %v", err)
	}
}
