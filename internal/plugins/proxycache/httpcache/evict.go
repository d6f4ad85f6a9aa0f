package httpcache

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

// place puts a new entry into a queue. It follows what it replaces, if anything.
func (sh *shard) place(e *Entry, replaced []*Entry, hash uint64) {
	q := &sh.trial
	for _, old := range replaced {
		if old.VaryNames == e.VaryNames && old.VaryValue == e.VaryValue && old.in != nil {
			q = old.in
			e.reads.Store(old.reads.Load())
		}
	}
	e.hash = hash
	if sh.ghosts.take(hash) {
		q = &sh.proven
	}
	sh.push(q, e)
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

// ghosts are the hashes of entries that have left on trial, some of the last. They are in two generations, of which the older one
// is forgotten when the younger is full.
type ghosts struct{ young, old map[uint64]struct{} }

// add remembers one; about as many as entries is how many are remembered.
func (g *ghosts) add(hash uint64, entries int) {
	if g.young == nil || len(g.young) > entries/2 {
		g.young, g.old = make(map[uint64]struct{}), g.young
	}
	g.young[hash] = struct{}{}
}

// take forgets one; it reports whether it was there.
func (g *ghosts) take(hash uint64) bool {
	_, young := g.young[hash]
	_, old := g.old[hash]
	delete(g.young, hash)
	delete(g.old, hash)
	return young || old
}
