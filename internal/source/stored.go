package source

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
)

// Stored delivers what is in a store. When the database is away the last set stays in force and the store is asked again
// and again.
type Stored struct {
	state
	store store.Store
	log   *slog.Logger
	wake  chan struct{}
}

// The pauses between two attempts while the database is away, and the longest pause between two sets in a burst of changes.
const (
	retryFirst = 100 * time.Millisecond
	retryMost  = 5 * time.Second
	paceMost   = time.Second
)

// FromStore returns a source that watches a store. log gets one line when the database goes away and one when it is back.
func FromStore(s store.Store, log *slog.Logger) *Stored {
	return &Stored{store: s, log: log, wake: make(chan struct{}, 1)}
}

// Wake says that the store has changed, or can be reached again. It makes Run look at once, in case that the store itself is
// slower to tell.
func (s *Stored) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run delivers sets until ctx ends. The first change after a quiet time is delivered at once. In a burst of changes it pauses
// after each set for as long as that set took, so that at most half of a processor goes into compiling.
func (s *Stored) Run(ctx context.Context, deliver func(*entity.Set, []entity.Problem)) error {
	var last *entity.Set
	pause := retryFirst
	for ctx.Err() == nil {
		begun := time.Now()
		set, err := s.store.Load(ctx)
		if err != nil {
			s.retry(ctx, err, &pause)
			continue
		}
		if since := s.recovered(); !since.IsZero() {
			s.log.Info("the configuration can be read again", "away", time.Since(since).Round(time.Millisecond))
		}
		if last == nil || set.Version() != last.Version() {
			deliver(set, set.Problems())
			s.delivered(set, time.Now())
			last = set
			sleep(ctx, min(time.Since(begun), paceMost), nil)
		}
		begun = time.Now()
		if err = s.watch(ctx, last.Version()); err == nil || time.Since(begun) > retryMost {
			pause = retryFirst
		}
		if err != nil {
			s.retry(ctx, err, &pause)
		}
	}
	return ctx.Err()
}

// retry notes an error and waits for a while, or until Wake is called. The next pause will be longer.
func (s *Stored) retry(ctx context.Context, err error, pause *time.Duration) {
	if ctx.Err() != nil {
		return
	}
	if s.failed(err, time.Now()) {
		s.log.Error("the configuration cannot be read; the last one stays in force", "error", err)
	}
	// Some chance keeps many nodes from asking at the same time.
	sleep(ctx, *pause/2+rand.N(*pause/2), s.wake)
	*pause = min(2**pause, retryMost)
}

// watch waits until the store is past a version, or Wake is called.
func (s *Stored) watch(ctx context.Context, version uint64) error {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() {
		_, err := s.store.Watch(watching, version)
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-s.wake:
		stop()
		<-done
		return nil
	}
}

// sleep waits, but for no longer than ctx lasts or until wake.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
	case <-ctx.Done():
	}
}
