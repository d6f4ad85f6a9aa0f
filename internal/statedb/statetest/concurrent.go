package statetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/gibbon-gateway/gibbon/state"
)

const workers = 32

// together runs do on many goroutines at once, which start as one.
func together(do func(worker int)) {
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			<-start
			do(i)
		})
	}
	close(start)
	wg.Wait()
}

func manyAdd(t *test) {
	const each = 50
	var seen sync.Map
	together(func(worker int) {
		for range each {
			v, err := t.Store.Add(t.ctx, []byte("c"), 1, 1000*t.Unit)
			if err != nil {
				t.Error(err)
				return
			}
			if _, twice := seen.LoadOrStore(v, worker); twice {
				t.Errorf("two adds gave %d", v)
			}
		}
	})
	t.wantCount("c", workers*each)
}

func manyTake(t *test) {
	const limit, each = 100, 50
	var taken atomic.Int64
	together(func(int) {
		claims := []state.Claim{{Key: []byte("{t}minute"), Max: limit, TTL: 1000 * t.Unit}, {Key: []byte("{t}hour"), Max: 10 * limit}}
		for range each {
			ok, err := t.Store.Take(t.ctx, 1, claims)
			if err != nil {
				t.Error(err)
				return
			}
			if ok {
				taken.Add(1)
			}
			if claims[0].Value > limit {
				t.Errorf("counter at %d, over the limit of %d", claims[0].Value, limit)
			}
		}
	})
	if taken.Load() != limit {
		t.Errorf("%d takes, want exactly %d", taken.Load(), limit)
	}
	t.wantCount("{t}minute", limit)
	t.wantCount("{t}hour", limit)
}

// manyTakeCrossing takes the same keys in different orders, which must neither lock up nor lose any.
func manyTakeCrossing(t *test) {
	const keys, each = 6, 40
	together(func(worker int) {
		claims := make([]state.Claim, keys)
		for i := range claims {
			claims[i] = state.Claim{Key: fmt.Appendf(nil, "{t}k%d", (i*5+worker)%keys), Max: 1 << 40}
		}
		for range each {
			if ok, err := t.Store.Take(t.ctx, 2, claims); err != nil || !ok {
				t.Errorf("take: %v, %v", ok, err)
				return
			}
		}
	})
	for i := range keys {
		t.wantCount("{t}k"+strconv.Itoa(i), 2*workers*each)
	}
}

func manyPutNew(t *test) {
	for round := range 20 {
		key := []byte("lock " + strconv.Itoa(round))
		var winners atomic.Int64
		together(func(worker int) {
			ok, err := t.Store.PutNew(t.ctx, key, strconv.AppendInt(nil, int64(worker), 10), 1000*t.Unit)
			if err != nil {
				t.Error(err)
			}
			if ok {
				winners.Add(1)
			}
		})
		if winners.Load() != 1 {
			t.Errorf("%s: %d got the lock, want 1", key, winners.Load())
		}
	}
}

// manySwap counts by optimistic swaps, with readers and deletes of other keys beside.
func manySwap(t *test) {
	const each = 10
	t.put("n", "0", 0)
	together(func(worker int) {
		for done := 0; done < each; {
			old, err := t.Store.Get(t.ctx, []byte("n"))
			if err != nil {
				t.Error(err)
				return
			}
			n, err := strconv.Atoi(string(old))
			if err != nil {
				t.Error(err)
				return
			}
			ok, err := t.Store.Swap(t.ctx, []byte("n"), old, strconv.AppendInt(nil, int64(n+1), 10), 0)
			if err != nil {
				t.Error(err)
				return
			}
			if ok {
				done++
			}
			other := []byte("other " + strconv.Itoa(worker))
			if _, err := t.Store.Get(t.ctx, other); err != nil && !errors.Is(err, state.ErrNotFound) {
				t.Error(err)
			}
			if err := errors.Join(t.Store.Put(t.ctx, other, old, t.Unit), t.Store.Delete(t.ctx, other)); err != nil {
				t.Error(err)
			}
		}
	})
	t.want("n", strconv.Itoa(workers*each))
}
