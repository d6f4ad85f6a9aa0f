package ledger

import (
	"encoding/json"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
)

// How much a table remembers: about 64,000 entities, in shares, so that those who look something up seldom meet.
const shares = 64

var inShare = 1000 // a variable for tests

// table remembers the entities of a kind by a unique field.
type table struct {
	kind   *entity.Kind
	field  string
	seed   maphash.Seed
	shares [shares]share
}

type share struct {
	mu sync.RWMutex
	m  map[string]*entry
}

// entry is an entity, and when it was last seen in the database.
type entry struct {
	value   any
	expires int64        // milliseconds since 1970; 0: it stays
	checked atomic.Int64 // nanoseconds since 1970
}

func newEntry(k *entity.Kind, doc json.RawMessage) (*entry, error) {
	facts, err := store.Read(k, doc)
	if err != nil {
		return nil, err
	}
	value, err := k.Decode(doc)
	return &entry{value: value, expires: facts.Expires}, err
}

func (e *entry) over(now time.Time) bool { return e.expires > 0 && e.expires <= now.UnixMilli() }

func newTable(k *entity.Kind, field string) *table {
	return &table{kind: k, field: field, seed: maphash.MakeSeed()}
}

func (t *table) share(hash uint64) *share { return &t.shares[hash%shares] }

func (t *table) get(value []byte) *entry {
	s := t.share(maphash.Bytes(t.seed, value))
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.m[string(value)]
}

// put remembers an entity if it may: when the share is full, in place of some other.
func (t *table) put(value string, e *entry, may func() bool) {
	s := t.share(maphash.String(t.seed, value))
	s.mu.Lock()
	defer s.mu.Unlock()
	if !may() {
		return
	}
	if s.m == nil {
		s.m = make(map[string]*entry)
	}
	if _, there := s.m[value]; !there && len(s.m) >= inShare {
		for other := range s.m {
			delete(s.m, other)
			break
		}
	}
	s.m[value] = e
}

func (t *table) drop(value string) {
	s := t.share(maphash.String(t.seed, value))
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.m, value)
}

func (t *table) clear() {
	for i := range t.shares {
		s := &t.shares[i]
		s.mu.Lock()
		s.m = nil
		s.mu.Unlock()
	}
}
