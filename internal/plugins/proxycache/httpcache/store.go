package httpcache

import (
	"hash/maphash"
	"maps"
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
// Entries with one key are variants of each other; all tied entries of one URI, whoever they are for, can be removed together.
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

// shard is a part of the store, with all that belongs to some of the URIs.
type shard struct {
	mu   sync.Mutex
	keys map[uint64]*Entry // by the hash of the key, the newest first; Entry.next leads on
	uris map[uint64]*Entry // the tied ones, by the hash of the URI; Entry.kin leads on
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
		sh.keys, sh.uris, sh.changed = map[uint64]*Entry{}, map[uint64]*Entry{}, map[string]time.Time{}
	}
	return s
}

// shardOf returns the shard of a URI with this hash.
func (s *Store) shardOf(hash uint64) *shard { return &s.shards[hash&(shardCount-1)] }

// Variants appends what is stored at a key to list, the newest first. Entries may be expired.
func (s *Store) Variants(list []*Entry, uri, key []byte) []*Entry {
	sh, hash := s.shardOf(maphash.Bytes(s.seed, uri)), maphash.Bytes(s.seed, key)
	sh.mu.Lock()
	for e := sh.keys[hash]; e != nil; e = e.next {
		if string(e.Key()) == string(key) {
			list = append(list, e)
		}
	}
	sh.mu.Unlock()
	return list
}

// Put stores an entry in the place of the variant that answers the same requests. quota limits what its owner stores, in bytes; 0
// means no limit. It reports whether there was room, and the URI was not removed since the response was asked for.
func (s *Store) Put(e *Entry, quota int64, now time.Time) bool {
	size := e.Size()
	if s.max > 0 && size > s.max || quota > 0 && size > quota {
		return false
	}
	o := s.owner(e.Owner)
	e.owner, e.size = o, size
	e.hash, e.ofURI = maphash.Bytes(s.seed, e.Key()), maphash.Bytes(s.seed, e.URI())
	sh := s.shardOf(e.ofURI)
	sh.mu.Lock()
	if sh.outdated(e, o) {
		sh.mu.Unlock()
		return false
	}
	kept, q := 1, &sh.trial
	for v := sh.keys[e.hash]; v != nil; {
		next := v.next
		switch {
		case string(v.Key()) != string(e.Key()):
		case v.VaryNames == e.VaryNames && v.VaryValue == e.VaryValue:
			q = v.in
			e.reads.Store(v.reads.Load())
			s.remove(sh, v)
		case v.VaryNames == "", e.VaryNames == "", kept == maxVariants, v.Expired(now):
			s.remove(sh, v)
		default:
			kept++
		}
		v = next
	}
	sh.link(e)
	if sh.ghosts.take(e.hash) {
		q = &sh.proven
	}
	sh.push(q, e)
	s.size.Add(size)
	o.used.Add(size)
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
	if len(sh.changed) > 0 {
		if at, ok := sh.changed[string(e.URI())]; ok && e.Asked.Before(at) {
			return true
		}
	}
	return e.Asked.UnixNano() < o.floor.Load()
}

// Outdated reports whether Put would refuse the entry because its URI was removed, or its owner purged, since it was asked for.
func (s *Store) Outdated(e *Entry) bool {
	o, sh := s.owner(e.Owner), s.shardOf(maphash.Bytes(s.seed, e.URI()))
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

// link puts an entry where it is found.
func (sh *shard) link(e *Entry) {
	e.next = sh.keys[e.hash]
	sh.keys[e.hash] = e
	if e.Tied {
		if e.kin = sh.uris[e.ofURI]; e.kin != nil {
			e.kin.newerKin = e
		}
		sh.uris[e.ofURI] = e
	}
}

// remove takes an entry out of everything. Its texts are not looked at: they are far from all that is.
func (s *Store) remove(sh *shard, e *Entry) {
	if e.in == nil {
		return
	}
	sh.pull(e)
	if first := sh.keys[e.hash]; first != e {
		for first.next != e {
			first = first.next
		}
		first.next = e.next
	} else if e.next != nil {
		sh.keys[e.hash] = e.next
	} else {
		delete(sh.keys, e.hash)
	}
	if e.Tied {
		switch {
		case e.newerKin != nil:
			e.newerKin.kin = e.kin
		case e.kin != nil:
			sh.uris[e.ofURI] = e.kin
		default:
			delete(sh.uris, e.ofURI)
		}
		if e.kin != nil {
			e.kin.newerKin = e.newerKin
		}
	}
	e.next, e.kin, e.newerKin = nil, nil, nil
	s.size.Add(-e.size)
	e.owner.used.Add(-e.size)
}

// changedFor is how long it is remembered that a URI was removed, changedMax for how many of a shard.
const (
	changedFor = time.Minute
	changedMax = 256
)

// RemoveURI removes all tied entries of a URI, and those that are being fetched.
func (s *Store) RemoveURI(uri []byte, now time.Time) {
	hash := maphash.Bytes(s.seed, uri)
	sh := s.shardOf(hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if len(sh.changed) >= changedMax {
		maps.DeleteFunc(sh.changed, func(_ string, at time.Time) bool { return now.Sub(at) > changedFor })
		if len(sh.changed) >= changedMax {
			clear(sh.changed)
		}
	}
	sh.changed[string(uri)] = now
	for e := sh.uris[hash]; e != nil; {
		next := e.kin
		if string(e.URI()) == string(uri) {
			s.remove(sh, e)
		}
		e = next
	}
}

// Remove removes an entry if it is still there.
func (s *Store) Remove(e *Entry) {
	sh := s.shardOf(maphash.Bytes(s.seed, e.URI()))
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
