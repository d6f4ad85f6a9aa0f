package sqlcount_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/statedb/statetest"
	"github.com/gibbon-gateway/gibbon/internal/store/pgtest"
	"github.com/gibbon-gateway/gibbon/internal/store/sqlcount"
	"github.com/gibbon-gateway/gibbon/internal/store/sqldb"
	"github.com/gibbon-gateway/gibbon/state"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// clock is a time that moves only when told.
type clock struct{ nano atomic.Int64 }

func (c *clock) Now() time.Time          { return time.Unix(0, c.nano.Load()) }
func (c *clock) Advance(d time.Duration) { c.nano.Add(int64(d)) }

func openDB(t testing.TB, dsn string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(dsn, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func contract(t *testing.T, dsn func(t *testing.T) string) {
	statetest.RunCounters(t, func(t *testing.T) statetest.Harness {
		c := &clock{}
		c.Advance(time.Hour)
		counters := sqlcount.New(openDB(t, dsn(t)), sqlcount.Options{Now: c.Now, Timeout: 30 * time.Second})
		return statetest.Harness{Store: statetest.OnlyCounters(counters), Unit: time.Hour, Advance: c.Advance}
	})
}

func file(t *testing.T) string { return filepath.Join(t.TempDir(), "counters.db") }

func TestContractSQLite(t *testing.T) { contract(t, file) }

func TestContractPostgres(t *testing.T) {
	if testing.Short() {
		return
	}
	contract(t, func(t *testing.T) string {
		s := pgtest.Shared(t)
		return s.DSN(s.Database(t))
	})
}

// TestThreeNodes has three gateways count in one database: exactly the limit passes.
func TestThreeNodes(t *testing.T) {
	if testing.Short() {
		return
	}
	const limit, workers, each = 200, 8, 20
	s := pgtest.Shared(t)
	dsn := s.DSN(s.Database(t))
	var passed atomic.Int64
	var wg sync.WaitGroup
	for range 3 {
		c := sqlcount.New(openDB(t, dsn), sqlcount.Options{Timeout: 30 * time.Second})
		t.Cleanup(func() { _ = c.Close() })
		for range workers {
			wg.Go(func() {
				for range each {
					claims := []state.Claim{{Key: []byte("{t}m"), Max: limit, TTL: time.Hour}, {Key: []byte("{t}h"), Max: 2 * limit, TTL: time.Hour}}
					ok, err := c.Take(t.Context(), 1, claims)
					if err != nil {
						t.Error(err)
						return
					}
					if ok {
						passed.Add(1)
					}
				}
			})
		}
	}
	wg.Wait()
	if passed.Load() != limit {
		t.Errorf("%d passed, want %d", passed.Load(), limit)
	}
}

// TestAway stops the database under the counters: calls fail soon, then at once, and work again when it is back.
func TestAway(t *testing.T) {
	if testing.Short() {
		return
	}
	s := pgtest.New(t)
	c := sqlcount.New(openDB(t, s.DSN(s.Database(t))), sqlcount.Options{Timeout: 5 * time.Second})
	t.Cleanup(func() { _ = c.Close() })
	if n, err := c.Add(t.Context(), []byte("k"), 1, 0); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	s.Stop(t)
	if _, err := c.Add(t.Context(), []byte("k"), 1, 0); !errors.Is(err, state.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	began := time.Now()
	for range 100 {
		if _, err := c.Add(t.Context(), []byte("k"), 1, 0); !errors.Is(err, state.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
	}
	if d := time.Since(began); d > 6*time.Second {
		t.Errorf("100 failing calls took %s", d)
	}
	s.Start(t)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(30 * time.Second); ; {
		n, err := c.Add(t.Context(), []byte("k"), 1, 0)
		if err == nil {
			if n < 2 {
				t.Errorf("the counter is %d after the return", n)
			}
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("not back: ", err)
		}
	}
}

func TestClosed(t *testing.T) {
	c := sqlcount.New(openDB(t, file(t)), sqlcount.Options{})
	if err := errors.Join(c.Close(), c.Close()); err != nil {
		t.Fatal(err)
	}
	for i := range 300 { // more than are gathered
		if _, err := c.Add(t.Context(), fmt.Append(nil, i), 1, 0); !errors.Is(err, state.ErrUnavailable) {
			t.Fatalf("got %v, want ErrUnavailable", err)
		}
	}
}
