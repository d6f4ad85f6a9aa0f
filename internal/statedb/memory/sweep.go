package memory

import "time"

// sweepEvery removes expired entries until done is closed.
func (s *Store) sweepEvery(d time.Duration, done <-chan struct{}) {
	t := time.NewTicker(d)
	defer t.Stop()
	for {
		select {
		case <-done:
			return
		case <-t.C:
		}
		for i := range s.shards {
			s.sweep(&s.shards[i])
		}
	}
}

// sweep removes the expired entries of a shard, a batch at a time so that requests do not wait long for its lock.
func (s *Store) sweep(sh *shard) {
	for more := true; more; {
		now := s.now().UnixNano()
		sh.mu.Lock()
		removed := 0
		for removed < sweepBatch && len(sh.expiring) > 0 && sh.expiring[0].expired(now) {
			s.remove(sh, sh.expiring[0])
			removed++
		}
		more = removed == sweepBatch
		sh.mu.Unlock()
	}
}

// evictSample is how many shards are compared for the value to evict.
const evictSample = 8

// evict removes values until the limit is met again. Of some shards, taken in turn, it looks at the value that was used
// least recently in each, and removes the oldest of these: close to the least recently used of all, without a lock or a
// list that all requests share. keep, just stored, is spared.
func (s *Store) evict(keep *entry) {
	for misses := 0; s.size.Load() > s.max && misses < shardCount; {
		var oldest *shard
		var used int64
		for range evictSample {
			sh := &s.shards[s.hand.Add(1)%shardCount]
			sh.mu.Lock()
			if e := sh.tail(keep); e != nil && (oldest == nil || e.used < used) {
				oldest, used = sh, e.used
			}
			sh.mu.Unlock()
		}
		if oldest == nil {
			misses += evictSample
			continue
		}
		misses = 0
		oldest.mu.Lock()
		if e := oldest.tail(keep); e != nil {
			s.remove(oldest, e)
		}
		oldest.mu.Unlock()
	}
}

// tail returns the value that was used least recently, apart from keep.
func (sh *shard) tail(keep *entry) *entry {
	if sh.last != nil && sh.last == keep {
		return sh.last.newer
	}
	return sh.last
}
