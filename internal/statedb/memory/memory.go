// Package memory keeps state of one process in memory. Its main type is Store, which implements state.Store. Keys are
// spread over shards with a lock each; an entry whose lifetime is over is never seen again, and is removed in the
// background. Values can be held under a limit of bytes, where those used least recently go first; counters are exempt.
// Nothing is kept over a restart and nothing is shared with other nodes.
package memory

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/state"
)

// Options of a Store. The zero value is ready to use.
type Options struct {
	// MaxBytes limits what values take: their keys, their bytes and a fixed share for the table. Zero means no limit.
	// Locks made with PutNew are values too: what must not be evicted belongs in a store without a limit.
	MaxBytes int64
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// SweepEvery is how often expired entries are removed in the background. Zero means every second, less than zero
	// never: then an expired entry stays until its key is used again.
	SweepEvery time.Duration
}

const (
	shardCount = 256 // a power of two
	// overhead is what an entry costs beside its key and value, in bytes: the struct, a map slot, a heap slot.
	overhead = 160
	// sweepBatch is how many expired entries are removed under one hold of a shard's lock.
	sweepBatch = 256
)

// Store is a state.Store in memory.
type Store struct {
	seed   maphash.Seed
	now    func() time.Time
	max    int64
	size   atomic.Int64  // bytes of values, in the sense of Options.MaxBytes
	hand   atomic.Uint32 // the shard that the next eviction looks at
	shards [shardCount]shard

	stop func()
}

var _ state.Store = (*Store)(nil)

// New makes an empty store. Close stops its background work.
func New(o Options) *Store {
	s := &Store{seed: maphash.MakeSeed(), now: o.Now, max: o.MaxBytes, stop: func() {}}
	if s.now == nil {
		s.now = time.Now
	}
	for i := range s.shards {
		s.shards[i].entries = map[string]*entry{}
	}
	if o.SweepEvery == 0 {
		o.SweepEvery = time.Second
	}
	if o.SweepEvery > 0 {
		done, gone := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(gone)
			s.sweepEvery(o.SweepEvery, done)
		}()
		s.stop = sync.OnceFunc(func() {
			close(done)
			<-gone
		})
	}
	return s
}

func (s *Store) index(key []byte) int { return int(maphash.Bytes(s.seed, key) & (shardCount - 1)) }

func (s *Store) shard(key []byte) *shard { return &s.shards[s.index(key)] }

// deadline returns the time of expiry in nanoseconds since 1970, or 0 for none.
func deadline(now int64, ttl time.Duration) int64 {
	if ttl <= 0 {
		return 0
	}
	if d := now + int64(ttl); d > 0 {
		return d
	}
	return 0 // beyond what the clock can say
}

// Add implements state.Store. It does not allocate when the counter is there.
func (s *Store) Add(_ context.Context, key []byte, n int64, ttl time.Duration) (int64, error) {
	now := s.now().UnixNano()
	sh := s.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	e := s.live(sh, key, now)
	switch {
	case e == nil && n == 0:
		return 0, nil
	case e == nil:
		e = &entry{key: string(key), counter: true, expires: deadline(now, ttl)}
		sh.insert(e)
	case !e.counter:
		return 0, fmt.Errorf("add: %w", state.ErrKind)
	}
	e.count += n
	return e.count, nil
}

// Get implements state.Store.
func (s *Store) Get(_ context.Context, key []byte) ([]byte, error) {
	now := s.now().UnixNano()
	sh := s.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	e := s.live(sh, key, now)
	if e == nil {
		return nil, state.ErrNotFound
	}
	if e.counter {
		return nil, fmt.Errorf("get: %w", state.ErrKind)
	}
	sh.touch(e, now)
	return bytes.Clone(e.value), nil
}

// Put implements state.Store.
func (s *Store) Put(_ context.Context, key, value []byte, ttl time.Duration) error {
	_, err := s.put(key, value, ttl, func(*entry) bool { return true })
	return err
}

// PutNew implements state.Store.
func (s *Store) PutNew(_ context.Context, key, value []byte, ttl time.Duration) (bool, error) {
	return s.put(key, value, ttl, func(e *entry) bool { return e == nil })
}

// Swap implements state.Store.
func (s *Store) Swap(_ context.Context, key, old, value []byte, ttl time.Duration) (bool, error) {
	return s.put(key, value, ttl, func(e *entry) bool { return e != nil && !e.counter && bytes.Equal(e.value, old) })
}

// put stores value if the entry that is there now, or nil, is as wanted.
func (s *Store) put(key, value []byte, ttl time.Duration, wanted func(*entry) bool) (bool, error) {
	if s.max > 0 && int64(len(key)+len(value)+overhead) > s.max {
		return false, fmt.Errorf("put %d bytes: %w", len(value), state.ErrTooLarge)
	}
	now := s.now().UnixNano()
	sh := s.shard(key)
	sh.mu.Lock()
	e := s.live(sh, key, now)
	if !wanted(e) {
		sh.mu.Unlock()
		return false, nil
	}
	if e != nil && e.counter {
		s.remove(sh, e)
		e = nil
	}
	if e == nil {
		e = &entry{key: string(key), expires: deadline(now, ttl), used: now}
		e.value = append(make([]byte, 0, len(value)), value...)
		sh.insert(e)
		s.size.Add(e.size())
	} else {
		before := e.size()
		e.value = append(make([]byte, 0, len(value)), value...)
		sh.expire(e, deadline(now, ttl))
		sh.touch(e, now)
		s.size.Add(e.size() - before)
	}
	sh.mu.Unlock()
	if s.max > 0 && s.size.Load() > s.max {
		s.evict(e)
	}
	return true, nil
}

// Delete implements state.Store.
func (s *Store) Delete(_ context.Context, keys ...[]byte) error {
	for _, key := range keys {
		sh := s.shard(key)
		sh.mu.Lock()
		if e := sh.entries[string(key)]; e != nil {
			s.remove(sh, e)
		}
		sh.mu.Unlock()
	}
	return nil
}

// Scan implements state.Store. It holds no lock while it calls yield.
func (s *Store) Scan(ctx context.Context, prefix []byte, yield func(key []byte) bool) error {
	var keys [][]byte
	for i := range s.shards {
		if err := ctx.Err(); err != nil {
			return err
		}
		sh := &s.shards[i]
		keys = keys[:0]
		now := s.now().UnixNano()
		sh.mu.Lock()
		for k, e := range sh.entries {
			if !e.expired(now) && len(k) >= len(prefix) && k[:len(prefix)] == string(prefix) {
				keys = append(keys, []byte(k))
			}
		}
		sh.mu.Unlock()
		for _, k := range keys {
			if !yield(k) {
				return nil
			}
		}
	}
	return nil
}

// Close stops the background work. What the store holds stays usable for requests that are still under way.
func (s *Store) Close() error {
	s.stop()
	return nil
}

// Stats says how full the store is.
type Stats struct {
	Entries int   // counters and values, with those that have expired and were not removed yet
	Bytes   int64 // of values, as limited by Options.MaxBytes
}

// Stats counts what the store holds now. It visits every shard.
func (s *Store) Stats() Stats {
	st := Stats{Bytes: s.size.Load()}
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		st.Entries += len(sh.entries)
		sh.mu.Unlock()
	}
	return st
}
