package memory

import "sync"

// shard is a part of the keys with a lock of its own. Its methods need the lock held.
type shard struct {
	mu      sync.Mutex
	entries map[string]*entry
	// expiring is a binary heap of the entries that expire, the earliest first.
	expiring []*entry
	// first and last are the ends of the list of values, most recently used first.
	first, last *entry
	_           [32]byte // keeps neighbours off this shard's cache line
}

// entry is a counter or a value.
type entry struct {
	key     string
	value   []byte
	count   int64
	expires int64 // nanoseconds since 1970; 0 never
	used    int64 // when a value was put or got; nanoseconds since 1970
	place   int   // in the heap, plus one; 0 when not in it
	counter bool

	newer, older *entry // in the list of values
}

func (e *entry) expired(now int64) bool { return e.expires != 0 && e.expires <= now }

// size is what a value counts towards the limit.
func (e *entry) size() int64 { return int64(len(e.key) + len(e.value) + overhead) }

// live returns the entry at key, or nil; one whose lifetime is over is removed.
func (s *Store) live(sh *shard, key []byte, now int64) *entry {
	e := sh.entries[string(key)]
	if e != nil && e.expired(now) {
		s.remove(sh, e)
		return nil
	}
	return e
}

// insert puts a new entry into the table, the heap and the list.
func (sh *shard) insert(e *entry) {
	sh.entries[e.key] = e
	if e.expires != 0 {
		sh.push(e)
	}
	if !e.counter {
		sh.link(e)
	}
}

// remove takes an entry out of the shard.
func (s *Store) remove(sh *shard, e *entry) {
	delete(sh.entries, e.key)
	if e.place != 0 {
		sh.pull(e)
	}
	if !e.counter {
		sh.unlink(e)
		s.size.Add(-e.size())
	}
}

// expire gives an entry a new time of expiry.
func (sh *shard) expire(e *entry, at int64) {
	if e.expires == at {
		return
	}
	if e.place != 0 {
		sh.pull(e)
	}
	e.expires = at
	if at != 0 {
		sh.push(e)
	}
}

// touch marks a value as used now.
func (sh *shard) touch(e *entry, now int64) {
	e.used = now
	if sh.first != e {
		sh.unlink(e)
		sh.link(e)
	}
}

func (sh *shard) link(e *entry) {
	e.newer, e.older = nil, sh.first
	if sh.first != nil {
		sh.first.newer = e
	}
	sh.first = e
	if sh.last == nil {
		sh.last = e
	}
}

func (sh *shard) unlink(e *entry) {
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		sh.first = e.older
	}
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		sh.last = e.newer
	}
	e.newer, e.older = nil, nil
}

// push adds an entry to the heap.
func (sh *shard) push(e *entry) {
	sh.expiring = append(sh.expiring, e)
	e.place = len(sh.expiring)
	sh.up(e.place - 1)
}

// pull takes an entry out of the heap.
func (sh *shard) pull(e *entry) {
	i, last := e.place-1, len(sh.expiring)-1
	sh.swap(i, last)
	sh.expiring[last] = nil
	sh.expiring = sh.expiring[:last]
	e.place = 0
	if i < last {
		sh.down(i)
		sh.up(i)
	}
}

func (sh *shard) swap(i, j int) {
	h := sh.expiring
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i+1, j+1
}

func (sh *shard) up(i int) {
	for h := sh.expiring; i > 0; {
		parent := (i - 1) / 2
		if h[parent].expires <= h[i].expires {
			return
		}
		sh.swap(i, parent)
		i = parent
	}
}

func (sh *shard) down(i int) {
	for h := sh.expiring; ; {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if child+1 < len(h) && h[child+1].expires < h[child].expires {
			child++
		}
		if h[i].expires <= h[child].expires {
			return
		}
		sh.swap(i, child)
		i = child
	}
}
