package source_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/source"
	"github.com/gibbon-gateway/gibbon/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// flaky is a store that can be away. As the contract says, Watch waits while it is.
type flaky struct {
	store.Memory
	mu    sync.Mutex
	away  error
	loads int
}

func (f *flaky) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.away = err
}

func (f *flaky) state() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.away
}

func (f *flaky) Load(ctx context.Context) (*entity.Set, error) {
	f.mu.Lock()
	f.loads++
	f.mu.Unlock()
	if err := f.state(); err != nil {
		return nil, err
	}
	return f.Memory.Load(ctx)
}

func (f *flaky) View(ctx context.Context, fn func(store.Tx) error) error {
	if err := f.state(); err != nil {
		return err
	}
	return f.Memory.View(ctx, fn)
}

func (f *flaky) attempts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.loads
}

func (f *flaky) add(t *testing.T, name string) {
	t.Helper()
	k := entity.KindOf("consumers")
	id := entity.DeterministicID(k, name)
	doc, err := json.Marshal(map[string]any{"id": id, "username": name})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Update(t.Context(), func(tx store.Tx) error { return tx.Insert(k, doc) }); err != nil {
		t.Fatal(err)
	}
}

// run starts a source; sets arrive in the channel. compile is how long a delivery takes.
func run(t *testing.T, s source.Source, compile time.Duration) (sets chan *entity.Set, stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	sets = make(chan *entity.Set, 10000)
	ended := make(chan error, 1)
	go func() {
		ended <- s.Run(ctx, func(set *entity.Set, _ []entity.Problem) {
			<-time.After(compile)
			sets <- set
		})
	}()
	return sets, func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

func TestChangesAreDeliveredAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &flaky{}
		s := source.FromStore(db, slog.New(slog.DiscardHandler))
		sets, stop := run(t, s, time.Millisecond)
		if set := <-sets; set.Version() != 0 {
			t.Error(set.Version())
		}
		<-time.After(time.Second)
		for i := range 3 {
			begun := time.Now()
			db.add(t, fmt.Sprint(i))
			set := <-sets
			if len(entity.All[entity.Consumer](set)) != i+1 || time.Since(begun) > 5*time.Millisecond {
				t.Error(set.Version(), time.Since(begun))
			}
			synctest.Wait()
			if status := s.Status(); status.Version != set.Version() || status.Err != nil || status.Since != time.Now() {
				t.Error(status)
			}
			<-time.After(time.Second)
		}
		stop()
	})
}

func TestBurstsAreCoalesced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &flaky{}
		s := source.FromStore(db, slog.New(slog.DiscardHandler))
		sets, stop := run(t, s, 100*time.Millisecond)
		<-sets
		<-time.After(time.Second)
		for i := range 1000 {
			db.add(t, fmt.Sprint(i))
			<-time.After(time.Millisecond)
		}
		<-time.After(time.Second)
		var last *entity.Set
		n := 0
		for len(sets) > 0 {
			last = <-sets
			n++
		}
		// 1.2 s of changes at 200 ms a set.
		if n > 8 || len(entity.All[entity.Consumer](last)) != 1000 {
			t.Error(n, last.Version())
		}
		stop()
	})
}

func TestDatabaseAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		db := &flaky{}
		db.set(fmt.Errorf("%w: refused", store.ErrUnavailable))
		s := source.FromStore(db, slog.New(slog.NewTextHandler(&logged, nil)))
		sets, stop := run(t, s, 0)
		<-time.After(time.Minute)
		if n := db.attempts(); n < 10 || n > 40 {
			t.Error(n, "attempts in a minute")
		}
		if status := s.Status(); !errors.Is(status.Err, store.ErrUnavailable) || time.Since(status.ErrSince) != time.Minute || !status.Since.IsZero() {
			t.Error(status)
		}
		db.set(nil)
		s.Wake()
		<-sets
		synctest.Wait()
		if status := s.Status(); status.Err != nil || status.Since != time.Now() {
			t.Error(status)
		}

		// Away once more, with nothing to deliver: the last set stays and the status tells.
		db.set(store.ErrUnavailable)
		<-time.After(6 * time.Second)
		if status := s.Status(); status.Err == nil || len(sets) != 0 {
			t.Error(status)
		}
		db.set(nil)
		<-time.After(6 * time.Second)
		if status := s.Status(); status.Err != nil {
			t.Error(status)
		}
		stop()
		if text := logged.String(); strings.Count(text, "cannot be read") != 2 || strings.Count(text, "can be read again") != 2 {
			t.Error(text)
		}
	})
}

// A watch that fails over and over does not turn into a busy loop.
func TestWatchFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &unwatched{}
		s := source.FromStore(db, slog.New(slog.DiscardHandler))
		_, stop := run(t, s, 0)
		<-time.After(time.Minute)
		if n := db.attempts(); n > 40 {
			t.Error(n, "loads in a minute")
		}
		stop()
	})
}

type unwatched struct{ flaky }

func (*unwatched) Watch(context.Context, uint64) (uint64, error) { return 0, store.ErrUnavailable }

func TestWakeLooksAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &deaf{}
		s := source.FromStore(db, slog.New(slog.DiscardHandler))
		sets, stop := run(t, s, 0)
		<-sets
		db.add(t, "a")
		s.Wake()
		if set := <-sets; len(entity.All[entity.Consumer](set)) != 1 {
			t.Error(set.Version())
		}
		s.Wake() // nothing new: nothing is delivered
		synctest.Wait()
		if len(sets) != 0 {
			t.Error("delivered twice")
		}
		stop()
	})
}

// deaf is a store whose Watch hears nothing.
type deaf struct{ flaky }

func (*deaf) Watch(ctx context.Context, _ uint64) (uint64, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

func TestDeclared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d source.Declared
		if c, set := d.Current(); c != nil || set != nil {
			t.Error(c, set)
		}
		first, _ := parse(t, `{_format_version: "3.0", consumers: [{username: a}]}`)
		d.Apply(first) // before Run: nobody is waited for
		sets, stop := run(t, &d, 0)
		if set := <-sets; set.Version() != 1 || len(entity.All[entity.Consumer](set)) != 1 {
			t.Error(set.Version())
		}
		second, _ := parse(t, `{_format_version: "3.0", consumers: [{username: a}, {username: b}]}`)
		set := d.Apply(second)
		if len(sets) != 1 || <-sets != set || set.Version() != 2 {
			t.Error("not delivered when Apply returns")
		}
		if c, current := d.Current(); c != second || current != set {
			t.Error(c, current)
		}
		if status := d.Status(); status.Version != 2 || status.Since != time.Now() {
			t.Error(status)
		}
		stop()
		d.Apply(first)
	})
}

func TestDeclaredWithoutAny(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d source.Declared
		sets, stop := run(t, &d, 0)
		if set := <-sets; set.Version() != 0 || len(entity.All[entity.Route](set)) != 0 {
			t.Error(set)
		}
		stop()
	})
}
