package httpcache

import (
	"hash/maphash"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	shardCount  = 64 // a power of two
	maxVariants = 64 // responses to one key that differ by Vary; the oldest goes
)

// Store keeps entries in memory, under a limit of bytes. What was read least goes first, by the SIEVE algorithm: a hand walks from
// old to new and takes what nobody has read since it last came by. A read only sets a mark, and moves nothing.
//
// Entries with one key are variants of each other; all entries of one URI, whoever they are for, can be removed together.
type Store struct {
	seed   maphash.Seed
	max    int64
	size   atomic.Int64
	turn   atomic.Uint32 // the shard that the next eviction looks at
	shards [shardCount]shard

	owners sync.Map // *owner by name
}

// owner is what one plugin configuration has stored, and the time before which nothing of it may come from, in nanoseconds since
// 1970.
type owner struct{ used, floor atomic.Int64 }

type shard struct {
	mu   sync.Mutex
	keys map[string][]*Entry // the newest first; slices are replaced, not changed
	uris map[string][]string // the keys of a URI
	// changed says when URIs were removed. What was asked for before must not be stored after.
	changed map[string]time.Time
	newest  *Entry
	oldest  *Entry
	hand    *Entry
	_       [64]byte
}

// NewStore makes a store that holds at most max bytes; 0 means no limit.
func NewStore(max int64) *Store {
	s := &Store{seed: maphash.MakeSeed(), max: max}
	for i := range s.shards {
		sh := &s.shards[i]
		sh.keys, sh.uris, sh.changed = map[string][]*Entry{}, map[string][]string{}, map[string]time.Time{}
	}
	return s
}

// shardOf returns the shard of a URI, where all its keys are.
func (s *Store) shardOf(uri []byte) *shard {
	return &s.shards[maphash.Bytes(s.seed, uri)&(shardCount-1)]
}

// Variants returns what is stored at a key, the newest first. It must not be changed. Entries may be expired.
func (s *Store) Variants(uri, key []byte) []*Entry {
	sh := s.shardOf(uri)
	sh.mu.Lock()
	v := sh.keys[string(key)]
	sh.mu.Unlock()
	return v
}

// Touch marks an entry as read.
func (e *Entry) Touch() {
	if !e.visited.Load() {
		e.visited.Store(true)
	}
}

// Put stores an entry in the place of the variant that answers the same requests. quota limits what its owner stores, in bytes; 0
// means no limit. It reports whether there was room, and the URI was not removed since the response was asked for.
func (s *Store) Put(e *Entry, quota int64, now time.Time) bool {
	size := e.Size()
	if s.max > 0 && size > s.max || quota > 0 && size > quota {
		return false
	}
	o := s.owner(e.Owner)
	sh := s.shardOf([]byte(e.URI))
	sh.mu.Lock()
	if sh.outdated(e, o) {
		sh.mu.Unlock()
		return false
	}
	old := sh.keys[e.Key]
	var variants []*Entry
	if e.alone[0] = e; len(old) == 0 {
		variants = e.alone[:1:1]
	} else {
		variants = append(make([]*Entry, 0, min(len(old)+1, maxVariants)), e)
	}
	var gone []*Entry
	for _, v := range old {
		same := v.VaryNames == e.VaryNames && v.VaryValue == e.VaryValue
		if same || v.VaryNames == "" || e.VaryNames == "" || len(variants) == maxVariants || v.Expired(now) {
			gone = append(gone, v)
			continue
		}
		variants = append(variants, v)
	}
	sh.keys[e.Key] = variants
	if len(old) == 0 {
		sh.uris[e.URI] = append(sh.uris[e.URI], e.Key)
	}
	sh.push(e)
	s.size.Add(size)
	o.used.Add(size)
	for _, v := range gone {
		s.forget(sh, v)
	}
	sh.mu.Unlock()
	if quota > 0 && o.used.Load() > quota {
		s.shrink(e, o, quota)
	}
	if s.max > 0 && s.size.Load() > s.max {
		s.evict(e, func() bool { return s.size.Load() <= s.max }, "")
	}
	return true
}

// outdated reports whether the entry was asked for before what it is about was changed.
func (sh *shard) outdated(e *Entry, o *owner) bool {
	if e.Asked.IsZero() {
		return false
	}
	at, ok := sh.changed[e.URI]
	return ok && e.Asked.Before(at) || e.Asked.UnixNano() < o.floor.Load()
}

// Outdated reports whether Put would refuse the entry because its URI was removed, or its owner purged, since it was asked for.
func (s *Store) Outdated(e *Entry) bool {
	o, sh := s.owner(e.Owner), s.shardOf([]byte(e.URI))
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.outdated(e, o)
}

func (s *Store) owner(name string) *owner {
	if o, ok := s.owners.Load(name); ok {
		return o.(*owner)
	}
	o, _ := s.owners.LoadOrStore(name, new(owner))
	return o.(*owner)
}

func (s *Store) shrink(keep *Entry, o *owner, quota int64) {
	s.evict(keep, func() bool { return o.used.Load() <= quota }, keep.Owner)
}

// push makes e the newest of the shard.
func (sh *shard) push(e *Entry) {
	e.stored, e.older, e.newer = true, sh.newest, nil
	if sh.newest != nil {
		sh.newest.newer = e
	}
	sh.newest = e
	if sh.oldest == nil {
		sh.oldest = e
	}
}

// forget takes an entry out of the queue and the counts; it is out of keys already.
func (s *Store) forget(sh *shard, e *Entry) {
	if !e.stored {
		return
	}
	e.stored = false
	if sh.hand == e {
		sh.hand = e.newer
	}
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		sh.newest = e.older
	}
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		sh.oldest = e.newer
	}
	e.newer, e.older = nil, nil
	size := e.Size()
	s.size.Add(-size)
	s.owner(e.Owner).used.Add(-size)
}

// remove takes an entry out of everything.
func (s *Store) remove(sh *shard, e *Entry) {
	if !e.stored {
		return
	}
	left := slices.DeleteFunc(slices.Clone(sh.keys[e.Key]), func(v *Entry) bool { return v == e })
	if len(left) > 0 {
		sh.keys[e.Key] = left
	} else {
		delete(sh.keys, e.Key)
		keys := slices.DeleteFunc(sh.uris[e.URI], func(k string) bool { return k == e.Key })
		if len(keys) > 0 {
			sh.uris[e.URI] = keys
		} else {
			delete(sh.uris, e.URI)
		}
	}
	s.forget(sh, e)
}

// evict removes entries until enough are gone, one from each shard in turn. keep, just stored, is spared; of names the owner to take
// from, "" is any.
func (s *Store) evict(keep *Entry, enough func() bool, of string) {
	for idle := 0; idle < shardCount && !enough(); {
		sh := &s.shards[s.turn.Add(1)%shardCount]
		sh.mu.Lock()
		if e := sh.victim(keep, of); e != nil {
			s.remove(sh, e)
			idle = 0
		} else {
			idle++
		}
		sh.mu.Unlock()
	}
}

// victim moves the hand of the shard to an entry that was not read since it last came by.
func (sh *shard) victim(keep *Entry, of string) *Entry {
	e := sh.hand
	for wraps := 0; ; e = e.newer {
		if e == nil {
			if wraps++; wraps > 2 || sh.oldest == nil {
				return nil
			}
			e = sh.oldest
		}
		if e == keep || of != "" && e.Owner != of {
			if e.newer == nil && sh.oldest == e {
				return nil
			}
			continue
		}
		if e.visited.Load() {
			e.visited.Store(false)
			continue
		}
		sh.hand = e.newer
		return e
	}
}

// changedFor is how long it is remembered that a URI was removed, changedMax for how many of a shard.
const (
	changedFor = time.Minute
	changedMax = 256
)

// RemoveURI removes all entries of a URI, and those that are being fetched.
func (s *Store) RemoveURI(uri []byte, now time.Time) {
	sh := s.shardOf(uri)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if len(sh.changed) >= changedMax {
		maps.DeleteFunc(sh.changed, func(_ string, at time.Time) bool { return now.Sub(at) > changedFor })
		if len(sh.changed) >= changedMax {
			clear(sh.changed)
		}
	}
	sh.changed[string(uri)] = now
	for _, key := range slices.Clone(sh.uris[string(uri)]) {
		for _, e := range sh.keys[key] {
			s.remove(sh, e)
		}
	}
}

// Remove removes an entry if it is still there.
func (s *Store) Remove(e *Entry) {
	sh := s.shardOf([]byte(e.URI))
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.remove(sh, e)
}

// Floor sees to it that nothing is stored that an owner has asked for until now, for a purge.
func (s *Store) Floor(name string, now time.Time) { s.owner(name).floor.Store(now.UnixNano()) }

// Each calls yield with every entry that is not expired, until it returns false. It holds no lock meanwhile.
func (s *Store) Each(now time.Time, yield func(e *Entry) bool) {
	var list []*Entry
	for i := range s.shards {
		sh := &s.shards[i]
		list = list[:0]
		sh.mu.Lock()
		for e := sh.newest; e != nil; e = e.older {
			if !e.Expired(now) {
				list = append(list, e)
			}
		}
		sh.mu.Unlock()
		for _, e := range list {
			if !yield(e) {
				return
			}
		}
	}
}

// Sweep removes what has expired.
func (s *Store) Sweep(now time.Time) {
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		for e := sh.oldest; e != nil; {
			next := e.newer
			if e.Expired(now) {
				s.remove(sh, e)
			}
			e = next
		}
		sh.mu.Unlock()
	}
}

// Bytes returns what the entries take.
func (s *Store) Bytes() int64 { return s.size.Load() }

// Used returns what the entries of an owner take.
func (s *Store) Used(name string) int64 { return s.owner(name).used.Load() }
