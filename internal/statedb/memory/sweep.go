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

// evict removes values until the limit is met again. It goes round the shards and takes from each the value that was used
// least recently, which is close to the least recently used of all. keep, just stored, goes last of all.
func (s *Store) evict(keep *entry) {
	for misses := 0; s.size.Load() > s.max && misses < shardCount; {
		sh := &s.shards[s.hand.Add(1)%shardCount]
		sh.mu.Lock()
		e := sh.last
		if e == keep {
			e = e.newer
		}
		if e != nil {
			s.remove(sh, e)
			misses = 0
		} else {
			misses++
		}
		sh.mu.Unlock()
	}
}
