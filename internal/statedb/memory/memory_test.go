package memory_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/gibbon-gateway/gibbon/internal/statedb/memory"
	"github.com/gibbon-gateway/gibbon/internal/statedb/statetest"
	"github.com/gibbon-gateway/gibbon/state"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that moves only when told.
type clock struct{ nano atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(0, c.nano.Load()) }
func (c *clock) Advance(d time.Duration) { c.nano.Add(int64(d)) }

func newClock() *clock {
	c := &clock{}
	c.nano.Store(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func TestContract(t *testing.T) {
	for name, o := range map[string]memory.Options{
		"lazy":         {SweepEvery: -1},
		"sweeping":     {SweepEvery: time.Millisecond},
		"with a limit": {MaxBytes: 64 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			statetest.Run(t, func(*testing.T) statetest.Harness {
				c := newClock()
				o.Now = c.Now
				return statetest.Harness{Store: memory.New(o), Unit: time.Hour, Advance: c.Advance}
			})
		})
	}
}

func TestSweepRemovesExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		s := memory.New(memory.Options{SweepEvery: 10 * time.Second})
		defer s.Close()
		ctx := t.Context()
		const n = 5000 // more than one batch in a shard
		for i := range n {
			k := fmt.Append(nil, "k", i)
			// in an order that is not the order of expiry
			if err := s.Put(ctx, k, make([]byte, 100), time.Duration(1+(i*7919)%n)*time.Second); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Add(ctx, []byte("stays"), 1, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Add(ctx, []byte("goes"), 1, time.Minute); err != nil {
			t.Fatal(err)
		}
		for _, at := range []int{1000, 2500, 4990} {
			<-time.After(time.Duration(at)*time.Second - time.Since(began))
			synctest.Wait()
			if got, want := s.Stats().Entries, n-at+1; got != want {
				t.Errorf("after %d s: %d entries, want %d", at, got, want)
			}
		}
		<-time.After(time.Hour)
		synctest.Wait()
		if got := s.Stats(); got.Entries != 1 || got.Bytes != 0 {
			t.Errorf("in the end: %+v, want one counter", got)
		}
	})
}

func TestLimitEvictsLeastRecentlyUsed(t *testing.T) {
	const limit = 4 << 20
	s := memory.New(memory.Options{MaxBytes: limit, SweepEvery: -1})
	ctx := t.Context()
	for i := range 100 {
		if _, err := s.Add(ctx, fmt.Append(nil, "counter", i), 1, 0); err != nil {
			t.Fatal(err)
		}
	}
	hot := []byte("hot")
	if err := s.Put(ctx, hot, make([]byte, 1000), 0); err != nil {
		t.Fatal(err)
	}
	const n = 20000
	for i := range n {
		if err := s.Put(ctx, fmt.Append(nil, "cold", i), make([]byte, 1000), 0); err != nil {
			t.Fatal(err)
		}
		if i%10 == 0 {
			if _, err := s.Get(ctx, hot); err != nil {
				t.Fatalf("after %d: what is used all the time was evicted", i)
			}
		}
	}
	st := s.Stats()
	if st.Bytes > limit {
		t.Errorf("%d bytes, over the limit of %d", st.Bytes, limit)
	}
	if values := st.Entries - 100; values < 3300 || values > 3600 {
		t.Errorf("%d values kept, want 3300 to 3600", values)
	}
	for i := range 100 {
		if v, err := s.Add(ctx, fmt.Append(nil, "counter", i), 0, 0); err != nil || v != 1 {
			t.Fatalf("counter %d: %d, %v; counters must stay", i, v, err)
		}
	}
	kept := 0
	for i := n - 2000; i < n; i++ {
		if _, err := s.Get(ctx, fmt.Append(nil, "cold", i)); err == nil {
			kept++
		}
	}
	if kept < 1800 {
		t.Errorf("of the newest 2000 values %d are there, want at least 1800", kept)
	}
}

func TestLimitAndOneLargeValue(t *testing.T) {
	const limit = 1 << 20
	s := memory.New(memory.Options{MaxBytes: limit, SweepEvery: -1})
	ctx := t.Context()
	for i := range 500 {
		if err := s.Put(ctx, fmt.Append(nil, "k", i), make([]byte, 1000), 0); err != nil {
			t.Fatal(err)
		}
	}
	// Nearly all of the limit: the others go, it stays.
	if err := s.Put(ctx, []byte("large"), make([]byte, limit-1000), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(ctx, []byte("large")); err != nil {
		t.Errorf("the value just put was evicted: %v", err)
	}
	if b := s.Stats().Bytes; b > limit {
		t.Errorf("%d bytes, over the limit", b)
	}
	for _, put := range []func() error{
		func() error { return s.Put(ctx, []byte("x"), make([]byte, limit), 0) },
		func() error { _, err := s.PutNew(ctx, []byte("x"), make([]byte, limit), 0); return err },
		func() error { _, err := s.Swap(ctx, []byte("large"), nil, make([]byte, limit), 0); return err },
	} {
		if err := put(); !errors.Is(err, state.ErrTooLarge) {
			t.Errorf("got %v, want ErrTooLarge", err)
		}
	}
	if _, err := s.Get(ctx, []byte("large")); err != nil {
		t.Errorf("a refused value evicted another: %v", err)
	}
	if err := s.Delete(ctx, []byte("large")); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Bytes < 0 || st.Bytes > 2000*200 {
		t.Errorf("after the delete: %+v", st)
	}
}

func TestUsableAfterClose(t *testing.T) {
	s := memory.New(memory.Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if v, err := s.Add(t.Context(), []byte("c"), 1, time.Minute); err != nil || v != 1 {
		t.Errorf("got %d, %v", v, err)
	}
}

func TestHotPathDoesNotAllocate(t *testing.T) {
	s := memory.New(memory.Options{SweepEvery: -1})
	ctx := context.Background()
	key := []byte("ratelimit:00000000-0000-0000-0000-000000000000:alice:1795384618:minute")
	claims := []state.Claim{{Key: key, Max: 1 << 40, TTL: time.Hour}, {Key: []byte("other"), Max: 1 << 40, TTL: time.Hour}}
	for name, do := range map[string]func(){
		"add":  func() { _, _ = s.Add(ctx, key, 1, time.Hour) },
		"take": func() { _, _ = s.Take(ctx, 1, claims) },
	} {
		if n := testing.AllocsPerRun(100, do); n != 0 {
			t.Errorf("%s allocates %v times on an existing counter", name, n)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	s := memory.New(memory.Options{SweepEvery: -1})
	var key [24]byte
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		binary.BigEndian.PutUint64(key[16:], uint64(i%10000))
		if _, err := s.Add(context.Background(), key[:], 1, time.Hour); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	for _, n := range []int{1, 2, 6} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := memory.New(memory.Options{SweepEvery: -1})
			claims := make([]state.Claim, n)
			for i := range claims {
				claims[i] = state.Claim{Key: fmt.Appendf(nil, "a key of the usual length, %d", i), Max: 1 << 40, TTL: time.Hour}
			}
			b.ReportAllocs()
			for b.Loop() {
				if ok, err := s.Take(context.Background(), 1, claims); !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	s := memory.New(memory.Options{SweepEvery: -1})
	if err := s.Put(context.Background(), []byte("key"), make([]byte, 100), 0); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Get(context.Background(), []byte("key")); err != nil {
			b.Fatal(err)
		}
	}
}
