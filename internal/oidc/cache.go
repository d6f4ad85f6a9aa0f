package oidc

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"
)

// Key names an entry of a Cache: a hash, so that no token or secret is kept as a key.
type Key [sha256.Size]byte

// KeyOf hashes parts; different lists of parts have different keys.
func KeyOf(parts ...string) Key {
	h := sha256.New()
	var size [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		h.Write(size[:])
		h.Write([]byte(p))
	}
	var k Key
	h.Sum(k[:0])
	return k
}

// KeyOfToken is the key of one token alone, which takes no more than its hash. It differs from those of KeyOf, whose hashed text
// begins with a zero byte.
func KeyOfToken(token []byte) Key { return sha256.Sum256(token) }

const shards = 16

// Cache keeps values with an end, under a limit of their summed cost. What was not used lately goes first (SIEVE: entries that
// were read since the hand last passed are spared). It is safe for concurrent use; Get takes a lock of a sixteenth for reading.
type Cache[V any] struct {
	shard *[shards]shard[V]
	mask  atomic.Pointer[Key] // of a part: what its keys are mixed with
}

type shard[V any] struct {
	mu      sync.RWMutex
	entries map[Key]*entry[V]
	// A ring of entries, newest behind head; hand moves from the oldest to the newest.
	newest, oldest, hand *entry[V]
	cost, limit          int64
}

type entry[V any] struct {
	key          Key
	value        V
	ends         time.Time
	cost         int64
	seen         atomic.Bool
	newer, older *entry[V]
}

// NewCache returns a cache of values whose costs sum up to limit at most.
func NewCache[V any](limit int64) *Cache[V] {
	c := &Cache[V]{shard: new([shards]shard[V])}
	for i := range c.shard {
		c.shard[i].entries = map[Key]*entry[V]{}
		c.shard[i].limit = max(limit/shards, 1)
	}
	return c
}

// Part returns a cache with entries of its own under the limit of c: all parts of it together cost no more than that.
func (c *Cache[V]) Part() *Cache[V] {
	part := &Cache[V]{shard: c.shard}
	part.mask.Store(newMask())
	return part
}

func newMask() *Key {
	var mask Key
	rand.Read(mask[:]) // never fails (crypto/rand)
	return &mask
}

// of returns where a key lies, and the key as it is there: mixed with the mask of a part.
func (c *Cache[V]) of(k Key) (*shard[V], Key) {
	if mask := c.mask.Load(); mask != nil {
		for i := range k {
			k[i] ^= mask[i]
		}
	}
	return &c.shard[k[0]%shards], k
}

// Get returns the value of a key that has not ended.
func (c *Cache[V]) Get(k Key, now time.Time) (v V, ok bool) {
	s, k := c.of(k)
	s.mu.RLock()
	e := s.entries[k]
	s.mu.RUnlock()
	if e == nil || !now.Before(e.ends) {
		return v, false
	}
	if !e.seen.Load() {
		e.seen.Store(true)
	}
	return e.value, true
}

// Put keeps a value until ends. A value that costs more than a sixteenth of the limit is not kept.
func (c *Cache[V]) Put(k Key, v V, ends time.Time, cost int64) {
	s, k := c.of(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.entries[k]; old != nil {
		s.remove(old)
	}
	if cost > s.limit {
		return
	}
	for s.cost+cost > s.limit {
		s.evict()
	}
	e := &entry[V]{key: k, value: v, ends: ends, cost: cost, older: s.newest}
	if s.newest != nil {
		s.newest.newer = e
	} else {
		s.oldest = e
	}
	s.newest = e
	s.entries[k] = e
	s.cost += cost
}

func (s *shard[V]) evict() {
	e := s.hand
	if e == nil {
		e = s.oldest
	}
	for e.seen.Load() {
		e.seen.Store(false)
		if e = e.newer; e == nil {
			e = s.oldest
		}
	}
	s.hand = e.newer
	s.remove(e)
}

func (s *shard[V]) remove(e *entry[V]) {
	if s.hand == e {
		s.hand = e.newer
	}
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		s.newest = e.older
	}
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		s.oldest = e.newer
	}
	delete(s.entries, e.key)
	s.cost -= e.cost
}

// Drop removes a key.
func (c *Cache[V]) Drop(k Key) {
	s, k := c.of(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[k]; e != nil {
		s.remove(e)
	}
}

// Clear removes everything. What a part held is not found any more, and makes room as others need it.
func (c *Cache[V]) Clear() {
	if c.mask.Load() != nil {
		c.mask.Store(newMask())
		return
	}
	for i := range c.shard {
		s := &c.shard[i]
		s.mu.Lock()
		clear(s.entries)
		s.newest, s.oldest, s.hand, s.cost = nil, nil, nil, 0
		s.mu.Unlock()
	}
}

// Stats returns the number of entries and their summed cost, those of all parts.
func (c *Cache[V]) Stats() (entries int, cost int64) {
	for i := range c.shard {
		s := &c.shard[i]
		s.mu.RLock()
		entries, cost = entries+len(s.entries), cost+s.cost
		s.mu.RUnlock()
	}
	return entries, cost
}
