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

// Store keeps entries in memory, under a limit of bytes. What is read least goes first; evict.go says how. A read only counts, and moves
// nothing.
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

// owner is what one plugin configuration has stored, how much of that on trial, and the time before which nothing of it may come from,
// in nanoseconds since 1970.
type owner struct{ used, trial, floor atomic.Int64 }

type shard struct {
	mu   sync.Mutex
	keys map[string][]*Entry // the newest first; slices are replaced, not changed
	uris map[string]*Entry   // the newest of a URI; the others follow it by kin
	// changed says when URIs were removed. What was asked for before must not be stored after.
	changed map[string]time.Time

	trial, proven queue
	used          atomic.Int64 // bytes of both; written under mu
	ghosts        ghosts
	_             [64]byte
}

// NewStore makes a store that holds at most max bytes; 0 means no limit.
func NewStore(max int64) *Store {
	s := &Store{seed: maphash.MakeSeed(), max: max}
	for i := range s.shards {
		sh := &s.shards[i]
		sh.keys, sh.uris, sh.changed = map[string][]*Entry{}, map[string]*Entry{}, map[string]time.Time{}
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
	e.owner, e.size = o, size
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
	sh.relate(e)
	sh.place(e, gone, maphash.String(s.seed, e.Key)^maphash.String(s.seed, e.VaryValue))
	s.size.Add(size)
	o.used.Add(size)
	for _, v := range gone {
		s.forget(sh, v)
	}
	sh.mu.Unlock()
	if quota > 0 && o.used.Load() > quota {
		s.evict(sh, e, o, quota)
	}
	if s.max > 0 && s.size.Load() > s.max {
		s.evict(sh, e, nil, s.max)
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

// forget takes an entry out of its queue and the counts; it is out of keys already.
func (s *Store) forget(sh *shard, e *Entry) {
	if e.in == nil {
		return
	}
	sh.pull(e)
	sh.unrelate(e)
	s.size.Add(-e.size)
	e.owner.used.Add(-e.size)
}

// relate makes e the newest of its URI.
func (sh *shard) relate(e *Entry) {
	if e.kin = sh.uris[e.URI]; e.kin != nil {
		e.kin.newerKin = e
	}
	sh.uris[e.URI] = e
}

// unrelate takes e out of those of its URI.
func (sh *shard) unrelate(e *Entry) {
	switch {
	case e.newerKin != nil:
		e.newerKin.kin = e.kin
	case e.kin != nil:
		sh.uris[e.URI] = e.kin
	default:
		delete(sh.uris, e.URI)
	}
	if e.kin != nil {
		e.kin.newerKin = e.newerKin
	}
	e.kin, e.newerKin = nil, nil
}

// remove takes an entry out of everything.
func (s *Store) remove(sh *shard, e *Entry) {
	if e.in == nil {
		return
	}
	left := slices.DeleteFunc(slices.Clone(sh.keys[e.Key]), func(v *Entry) bool { return v == e })
	if len(left) > 0 {
		sh.keys[e.Key] = left
	} else {
		delete(sh.keys, e.Key)
	}
	s.forget(sh, e)
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
	for e := sh.uris[string(uri)]; e != nil; e = sh.uris[string(uri)] {
		s.remove(sh, e)
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
		for _, q := range [...]*queue{&sh.trial, &sh.proven} {
			for e := q.newest; e != nil; e = e.older {
				if !e.Expired(now) {
					list = append(list, e)
				}
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
		for _, q := range [...]*queue{&sh.trial, &sh.proven} {
			for e := q.oldest; e != nil; {
				next := e.newer
				if e.Expired(now) {
					s.remove(sh, e)
				}
				e = next
			}
		}
		sh.mu.Unlock()
	}
}

// Bytes returns what the entries take.
func (s *Store) Bytes() int64 { return s.size.Load() }

// Used returns what the entries of an owner take.
func (s *Store) Used(name string) int64 { return s.owner(name).used.Load() }
