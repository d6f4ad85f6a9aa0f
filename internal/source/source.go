// Package source says who delivers the entities: a store that is watched (Store), or a declarative file (Declared), whose
// format Parse reads. Whole sets are delivered, the newest last. The package does not compile sets and does not write to a
// store.
package source

import (
	"context"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
)

// Source delivers sets.
type Source interface {
	// Run calls deliver with a set, and what was left out of it, at the start and whenever there is a newer one. deliver is
	// called by one goroutine at a time; sets that come while it runs are skipped but for the newest. Run returns when ctx
	// ends, with its error.
	Run(ctx context.Context, deliver func(*entity.Set, []entity.Problem)) error
	// Status says how it goes. It may be called at any time.
	Status() Status
}

// Status says what was delivered last and why nothing newer can be had.
type Status struct {
	Version  uint64           // of the set that was delivered last
	Since    time.Time        // when it was delivered; zero if none was
	Problems []entity.Problem // what was left out of it
	Err      error            // why the source cannot be read now, or nil
	ErrSince time.Time        // since when
}

// state keeps the Status of a source.
type state struct {
	mu     sync.Mutex
	status Status
}

// Status says how it goes.
func (s *state) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

func (s *state) delivered(set *entity.Set, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Version, s.status.Since, s.status.Problems = set.Version(), now, set.Problems()
}

// failed notes an error and reports whether all was well before.
func (s *state) failed(err error, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.status.Err == nil
	if first {
		s.status.ErrSince = now
	}
	s.status.Err = err
	return first
}

// recovered forgets the error and reports since when there was one; the zero time if there was none.
func (s *state) recovered() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := s.status.ErrSince
	s.status.Err, s.status.ErrSince = nil, time.Time{}
	return since
}
