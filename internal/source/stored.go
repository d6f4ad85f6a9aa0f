package source

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
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

// The pauses between two attempts while the database is away, the longest pause between two sets in a burst of changes, and
// how often a quiet store is asked whether it is there.
const (
	retryFirst = 100 * time.Millisecond
	retryMost  = 5 * time.Second
	paceMost   = time.Second
	probeEvery = 5 * time.Second
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
		s.healed()
		if last == nil || set.Version() != last.Version() {
			deliver(set, set.Problems())
			s.delivered(set, time.Now())
			if last != nil { // the first takes longest, and comes alone
				sleep(ctx, min(time.Since(begun), paceMost), nil)
			}
			last = set
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
	s.report(err)
	// Some chance keeps many nodes from asking at the same time.
	sleep(ctx, *pause/2+rand.N(*pause/2), s.wake)
	*pause = min(2**pause, retryMost)
}

// watch waits until a version is not the last any more, or Wake is called. A store that is away is not heard of meanwhile, so
// it is asked for a sign of life now and then.
func (s *Stored) watch(ctx context.Context, version uint64) error {
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	done, probed := make(chan error, 1), make(chan error, 1)
	running.Go(func() {
		_, err := s.store.Watch(ctx, version)
		done <- err
	})
	timer := time.NewTimer(probeEvery)
	defer timer.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-s.wake:
			return nil
		case <-timer.C:
			running.Go(func() { probed <- s.probe(ctx) })
		case err := <-probed:
			if err == nil {
				s.healed()
			} else if ctx.Err() == nil {
				s.report(err)
			}
			timer.Reset(probeEvery)
		}
	}
}

// probe reads nothing from the store.
func (s *Stored) probe(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, probeEvery)
	defer stop()
	return s.store.View(ctx, func(store.Tx) error { return nil })
}

func (s *Stored) report(err error) {
	if s.failed(err, time.Now()) {
		s.log.Error("the configuration cannot be read; the last one stays in force", "error", err)
	}
}

func (s *Stored) healed() {
	if since := s.recovered(); !since.IsZero() {
		s.log.Info("the configuration can be read again", "away", time.Since(since).Round(time.Millisecond))
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
