package httpcache

import "math"

// Entries leave by the S3-FIFO algorithm, in each shard for itself. What is new is on trial: it waits in a queue that may hold a tenth of
// the bytes. At the end of that it is proven if it was read meanwhile, and leaves if not. What has left so is remembered for a while, as
// a ghost: if it comes back, it is proven at once. Proven entries leave when nobody has read them since they last were the oldest.
// So objects that are asked for once do not drive out those that are asked for often, and a read has nothing to do but to count.

// maxReads is up to where the reads of an entry are counted.
const maxReads = 15

// trialPart is which part of the bytes may be on trial.
const trialPart = 10

// Touch counts a read. Two at once may count as one.
func (e *Entry) Touch() {
	if n := e.reads.Load(); n < maxReads {
		e.reads.Store(n + 1)
	}
}

// queue is a list of entries in the order in which they came.
type queue struct {
	newest, oldest *Entry
	bytes          int64
	count          int
}

// push makes e the newest of a queue.
func (sh *shard) push(q *queue, e *Entry) {
	e.in, e.older, e.newer = q, q.newest, nil
	if q.newest != nil {
		q.newest.newer = e
	}
	q.newest = e
	if q.oldest == nil {
		q.oldest = e
	}
	sh.count(q, e, 1)
}

// pull takes e out of its queue.
func (sh *shard) pull(e *Entry) {
	q := e.in
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		q.newest = e.older
	}
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		q.oldest = e.newer
	}
	e.in, e.newer, e.older = nil, nil, nil
	sh.count(q, e, -1)
}

func (sh *shard) count(q *queue, e *Entry, n int) {
	size := int64(n) * e.size
	q.bytes += size
	q.count += n
	sh.used.Add(size)
	if q == &sh.trial {
		e.owner.trial.Add(size)
	}
}

// evict removes entries until there are no more than max bytes of an owner, or, if that is nil, in all. It takes from one shard after
// another, and from home, where keep has just been stored, if that holds more. keep is spared.
func (s *Store) evict(home *shard, keep *Entry, of *owner, max int64) {
	size := &s.size
	if of != nil {
		size = &of.used
	}
	for idle := 0; idle < shardCount && size.Load() > max; {
		sh := &s.shards[s.turn.Add(1)%shardCount]
		if idle == 0 && home.used.Load() > sh.used.Load() {
			sh = home
		}
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

// victim returns the entry of the shard that is worth least, or nil if there is none but keep.
func (sh *shard) victim(keep *Entry, of *owner) *Entry {
	trial, all := sh.trial.bytes, sh.used.Load()
	if of != nil {
		trial, all = of.trial.Load(), of.used.Load()
	}
	if trial*trialPart <= all {
		if e := sh.fromProven(keep, of); e != nil {
			return e
		}
	}
	if e := sh.fromTrial(keep, of); e != nil {
		return e
	}
	return sh.fromProven(keep, of) // some were on trial until now
}

// fromTrial returns the oldest entry on trial that nobody has read; older ones are proven.
func (sh *shard) fromTrial(keep *Entry, of *owner) *Entry {
	for e := sh.trial.oldest; e != nil; {
		next := e.newer
		switch {
		case e == keep || of != nil && e.owner != of:
		case e.reads.Load() == 0:
			sh.ghosts.add(e.hash, sh.trial.count+sh.proven.count)
			return e
		default:
			e.reads.Store(0)
			sh.pull(e)
			sh.push(&sh.proven, e)
		}
		e = next
	}
	return nil
}

// fromProven returns the oldest proven entry that nobody has read; older ones begin anew. When all are read faster than they get older,
// it takes one all the same.
func (sh *shard) fromProven(keep *Entry, of *owner) *Entry {
	patience := (maxReads + 1) * sh.proven.count
	for e := sh.proven.oldest; e != nil; patience-- {
		next := e.newer
		if e != keep && (of == nil || e.owner == of) {
			n := e.reads.Load()
			if n == 0 || patience < 0 {
				return e
			}
			e.reads.Store(n - 1)
			sh.pull(e)
			sh.push(&sh.proven, e)
			if next == nil { // it was the only one
				next = e
			}
		}
		e = next
	}
	return nil
}

// ghosts are the hashes of keys whose entries have left on trial, about as many as there are entries. It is a table of rows of a
// cache line each, for it is asked with every entry that comes and goes: a hash is in one row, where it takes the place of the
// oldest. The number of those that were added since says that one is too old.
type ghosts struct {
	rows  [][ghostRow]ghost
	added uint32
	life  uint32 // how many more have to be added until one is forgotten
}

// ghost is a part of a hash, and when it was added; 0 is none.
type ghost struct{ hash, at uint32 }

const ghostRow = 8

// row returns where a hash is.
func (g *ghosts) row(hash uint32) *[ghostRow]ghost { return &g.rows[hash&uint32(len(g.rows)-1)] }

// add remembers one. entries is how many are in the shard.
func (g *ghosts) add(hash uint64, entries int) {
	if g.life = uint32(entries); len(g.rows)*ghostRow < entries+entries/2 || g.added == math.MaxUint32 {
		g.grow(entries)
	}
	g.added++
	g.put(ghost{uint32(hash), g.added})
}

func (g *ghosts) put(new ghost) {
	row := g.row(new.hash)
	oldest := &row[0]
	for i := range row {
		if row[i].at < oldest.at {
			oldest = &row[i]
		}
	}
	*oldest = new
}

// grow makes room for about twice as many entries.
func (g *ghosts) grow(entries int) {
	old := g.rows
	n := 1
	for n*ghostRow < 2*entries {
		n *= 2
	}
	g.rows = make([][ghostRow]ghost, n)
	if g.added == math.MaxUint32 { // all times begin anew
		g.added = 0
		return
	}
	for i := range old {
		for _, one := range old[i] {
			if one.at > 0 {
				g.put(one)
			}
		}
	}
}

// take forgets one; it reports whether it was there.
func (g *ghosts) take(hash uint64) bool {
	if len(g.rows) == 0 {
		return false
	}
	row := g.row(uint32(hash))
	for i := range row {
		if one := &row[i]; one.at > 0 && one.hash == uint32(hash) {
			there := g.added-one.at < g.life
			*one = ghost{}
			return there
		}
	}
	return false
}
