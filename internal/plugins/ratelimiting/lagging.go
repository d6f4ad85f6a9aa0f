package ratelimiting

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/statedb/redis"
	"github.com/gibbon-gateway/gibbon/state"
)

// lagging counts in memory and exchanges with Redis every so often: it sends what it has counted and learns the sum over all
// nodes. No request waits for Redis. In between nodes do not know of each other, so more than the limit may pass; while
// Redis is away each node counts for itself, and sends what it has counted when Redis is back.
//
// It belongs to all instances with the same Redis and the same rate, and so outlives changes of a configuration.
type lagging struct {
	remote state.Store
	seed   maphash.Seed
	shards [64]laggingShard
	stop   func() // after a last exchange; idempotent
	name   string
	users  int // guarded by laggings
}

type laggingShard struct {
	sync.Mutex
	tallies map[string]*tally
	_       [48]byte // keeps neighbours off this shard's cache line
}

// tally is what one node knows of a counter.
type tally struct {
	key     []byte
	known   int64     // the sum over all nodes, as of the last exchange, less what is in fresh
	fresh   int64     // counted here and not sent yet
	expires time.Time // when the counter is worth nothing any more
	touched bool      // used since the last exchange
}

// laggings are those in use, by what they are for.
var laggings = struct {
	sync.Mutex
	m map[string]*lagging
}{m: map[string]*lagging{}}

// acquireLagging returns the counters that belong to a Redis and a rate. open opens this Redis.
func acquireLagging(o redis.Options, every time.Duration, open func() (state.Store, error)) (*lagging, error) {
	o.Log = nil // no part of what counters belong to
	name := fmt.Sprintf("%s %+v", every, o)

	laggings.Lock()
	defer laggings.Unlock()
	l := laggings.m[name]
	if l == nil {
		remote, err := open()
		if err != nil {
			return nil, err
		}
		l = newLagging(remote, every)
		l.name = name
		laggings.m[name] = l
	}
	l.users++
	return l, nil
}

// release gives the counters back. The last one to do so waits for a last exchange. They stay usable.
func (l *lagging) release() error {
	laggings.Lock()
	l.users--
	last := l.users == 0
	if last {
		delete(laggings.m, l.name)
	}
	laggings.Unlock()
	if last {
		l.stop()
	}
	return nil
}

func newLagging(remote state.Store, every time.Duration) *lagging {
	l := &lagging{remote: remote, seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].tallies = map[string]*tally{}
	}
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				l.exchange()
			case <-end:
				l.exchange()
				_ = l.remote.Close() // it has nothing to say
				return
			}
		}
	}()
	l.stop = sync.OnceFunc(func() {
		close(end)
		<-done
	})
	return l
}

// shard returns the part that holds a counter. Those that are taken together have one tag and so are in one shard.
func (l *lagging) shard(key []byte) *laggingShard {
	return &l.shards[maphash.Bytes(l.seed, state.Tag(key))%uint64(len(l.shards))]
}

// Take implements state.Counters. It does not allocate when the counters are there.
func (l *lagging) Take(_ context.Context, n int64, claims []state.Claim) (bool, error) {
	if len(claims) == 0 {
		return true, nil
	}
	now := time.Now()
	s := l.shard(claims[0].Key)
	s.Lock()
	defer s.Unlock()
	ok := true
	for i := range claims {
		t := s.tally(&claims[i], now)
		claims[i].Value = t.known + t.fresh
		ok = ok && claims[i].Value+n <= claims[i].Max
	}
	if !ok {
		return false, nil
	}
	for i := range claims {
		s.tallies[string(claims[i].Key)].fresh += n
		claims[i].Value += n
	}
	return true, nil
}

// Add implements state.Counters.
func (l *lagging) Add(_ context.Context, key []byte, n int64, ttl time.Duration) (int64, error) {
	s := l.shard(key)
	s.Lock()
	defer s.Unlock()
	t := s.tally(&state.Claim{Key: key, TTL: ttl}, time.Now())
	t.fresh += n
	return t.known + t.fresh, nil
}

// tally returns the tally of a counter and makes it if need be.
func (s *laggingShard) tally(c *state.Claim, now time.Time) *tally {
	t := s.tallies[string(c.Key)]
	if t == nil || !now.Before(t.expires) {
		t = &tally{key: bytes.Clone(c.Key), expires: now.Add(c.TTL)}
		if c.TTL <= 0 {
			t.expires = now.AddDate(100, 0, 0) // never, for all that matters
		}
		s.tallies[string(t.key)] = t
	}
	t.touched = true
	return t
}

// exchangers is how many counters are exchanged at a time; the driver sends them together.
const exchangers = 32

// exchange sends what was counted and learns the sums, for counters that were used since the last time.
func (l *lagging) exchange() {
	work := make(chan *tally)
	var wg sync.WaitGroup
	for range exchangers {
		wg.Go(func() {
			away := false
			for t := range work {
				if away {
					continue // what is left is sent the next time
				}
				away = errors.Is(l.exchangeOne(t), state.ErrUnavailable)
			}
		})
	}
	for i := range l.shards {
		for _, t := range l.shards[i].used() {
			work <- t
		}
	}
	close(work)
	wg.Wait()
}

// used returns the tallies to exchange, and drops those that are worth nothing any more.
func (s *laggingShard) used() (list []*tally) {
	now := time.Now()
	s.Lock()
	defer s.Unlock()
	for key, t := range s.tallies {
		switch {
		case !now.Before(t.expires):
			delete(s.tallies, key)
		case t.touched:
			list = append(list, t)
		}
	}
	return list
}

// exchangeOne sends what one tally has counted. If Redis goes away meanwhile, it may have been counted, and is sent again.
func (l *lagging) exchangeOne(t *tally) error {
	s := l.shard(t.key)
	s.Lock()
	sent, left := t.fresh, time.Until(t.expires)
	s.Unlock()
	if left <= 0 {
		return nil
	}
	sum, err := l.remote.Add(context.Background(), t.key, sent, left)
	if err != nil {
		return err
	}
	s.Lock()
	defer s.Unlock()
	t.known, t.fresh = sum, t.fresh-sent
	t.touched = t.fresh != 0
	return nil
}
