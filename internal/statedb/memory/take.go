package memory

import (
	"context"
	"fmt"
	"math/bits"

	"github.com/gibbon-gateway/gibbon/state"
)

// maxClaims is how many claims Take handles without allocating: one per period of rate limiting, and some more.
const maxClaims = 8

// Take implements state.Store. It locks the shards of all claims, in the order of the shards so that two calls cannot
// wait for each other.
func (s *Store) Take(_ context.Context, n int64, claims []state.Claim) (bool, error) {
	if n < 1 {
		return false, fmt.Errorf("state: take %d, want at least 1", n)
	}
	var indexes [maxClaims]int
	var found [maxClaims]*entry
	shards, entries := indexes[:0], found[:0]
	for i := range claims {
		shards = append(shards, s.index(claims[i].Key))
	}
	locked := s.lock(shards)
	defer s.unlock(locked)

	now := s.now().UnixNano() // after the locks, so that all claims are judged at one time
	ok := true
	for i := range claims {
		c := &claims[i]
		e := s.live(&s.shards[shards[i]], c.Key, now)
		if e != nil && !e.counter {
			return false, fmt.Errorf("take: %w", state.ErrKind)
		}
		entries = append(entries, e)
		ok = ok && valueOf(e) <= c.Max-n
	}
	for i := range claims {
		c, e := &claims[i], entries[i]
		if ok {
			if e == nil {
				e = &entry{key: string(c.Key), counter: true, expires: deadline(now, c.TTL)}
				s.shards[shards[i]].insert(e)
			}
			e.count += n
		}
		c.Value = valueOf(e)
	}
	return ok, nil
}

func valueOf(e *entry) int64 {
	if e == nil {
		return 0
	}
	return e.count
}

// set is a set of shards, one bit each.
type set [shardCount / 64]uint64

// lock locks each of the shards once, in ascending order, and returns them.
func (s *Store) lock(shards []int) (locked set) {
	for _, i := range shards {
		locked[i/64] |= 1 << (i % 64)
	}
	locked.each(func(i int) { s.shards[i].mu.Lock() })
	return locked
}

func (s *Store) unlock(locked set) {
	locked.each(func(i int) { s.shards[i].mu.Unlock() })
}

// each calls do with every member, in ascending order.
func (x *set) each(do func(i int)) {
	for w, word := range x {
		for ; word != 0; word &= word - 1 {
			do(w*64 + bits.TrailingZeros64(word))
		}
	}
}
