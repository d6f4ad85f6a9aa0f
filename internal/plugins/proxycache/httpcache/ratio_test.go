package httpcache_test

import (
	"container/list"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache/httpcache"
)

// policy is a cache of some number of bytes. read reports whether the object was there; if not, it is now, unless the policy does not
// want it.
type policy interface{ read(o object) bool }

// object is one of a trace; all sizes are what our own entry for it would count.
type object struct {
	key  string
	size int64
}

// TestHitRatio holds what is evicted against the least recently used, SIEVE, and W-TinyLFU (otter's, with everything in turn), on traces
// whose objects take ten times the room.
func TestHitRatio(t *testing.T) {
	const objects = 20_000
	requests := 300_000
	if testing.Short() {
		requests = 100_000
	}
	for _, c := range []struct {
		name   string
		skew   float64
		sizes  bool // from 1 to 40 kB, not all the same
		scan   int  // how many objects are read once, after every 20,000 requests
		window int  // with which the popular ones change
	}{
		{name: "Zipf 1.0", skew: 1},
		{name: "Zipf 0.8", skew: 0.8},
		{name: "Zipf 0.8, of many sizes", skew: 0.8, sizes: true},
		{name: "Zipf 1.0, with scans", skew: 1, scan: 5000},
		{name: "Zipf 0.8, with scans", skew: 0.8, scan: 5000},
		{name: "Zipf 1.0, what is popular changes", skew: 1, window: 50_000},
	} {
		if testing.Short() && c.scan == 0 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			sizes := map[string]int64{}
			total := int64(0)
			sizeOf := func(key string) int64 {
				n, ok := sizes[key]
				if !ok {
					n = 300
					if c.sizes {
						n = int64(1000 * math.Exp(r.Float64()*math.Log(40)))
					}
					n = entry(key, "a", int(n)).Size()
					sizes[key] = n
				}
				return n
			}
			for i := range objects {
				total += sizeOf(fmt.Sprintf("%06d", i))
			}
			room := total / 10
			policies := []policy{newOurs(room), newLRU(room), newSieve(room), newTinyLFU(room, int(room/(total/objects)))}
			hits := make([]int, len(policies))
			n := 0
			read := func(key string) {
				n++
				o := object{key, sizeOf(key)}
				for i, p := range policies {
					if p.read(o) {
						hits[i]++
					}
				}
			}
			draw := zipf(r, c.skew, objects)
			scanned := 0
			for i := range requests {
				k := draw()
				if c.window > 0 {
					k = (k + i/c.window*7919) % objects
				}
				read(fmt.Sprintf("%06d", k))
				if c.scan > 0 && i%20_000 == 19_999 {
					for range c.scan {
						read(fmt.Sprintf("s%05d", scanned%50_000))
						scanned++
					}
				}
			}
			ratio := func(i int) float64 { return float64(hits[i]) / float64(n) }
			t.Logf("ours %.4f, least recently used %.4f, SIEVE %.4f, W-TinyLFU %.4f", ratio(0), ratio(1), ratio(2), ratio(3))
			if best := max(ratio(1), ratio(2), ratio(3)); ratio(0) < 0.98*best {
				t.Errorf("the hit ratio is %.4f, the best is %.4f", ratio(0), best)
			}
		})
	}
}

// zipf returns numbers below n, of which each k comes with a weight of 1/(k+1)^skew.
func zipf(r *rand.Rand, skew float64, n int) func() int {
	sums := make([]float64, n)
	sum := 0.0
	for k := range n {
		sum += math.Pow(float64(k+1), -skew)
		sums[k] = sum
	}
	return func() int { return sort.SearchFloat64s(sums, r.Float64()*sum) }
}

// ours is the store under test.
type ours struct {
	s    *httpcache.Store
	room int64
}

func newOurs(room int64) *ours { return &ours{httpcache.NewStore(room), room} }

func (p *ours) read(o object) bool {
	if v := p.s.Variants(nil, []byte(o.key), []byte(o.key)); len(v) > 0 {
		v[0].Touch()
		return true
	}
	e := entry(o.key, "a", 0)
	e.Body = make([]byte, o.size-e.Size())
	p.s.Put(e, 0, time.Unix(1000, 0))
	if p.s.Bytes() > p.room {
		panic("over the limit")
	}
	return false
}

// lru keeps what was used last.
type lru struct {
	at         map[string]*list.Element // of objects
	used       *list.List
	room, size int64
}

func newLRU(room int64) *lru { return &lru{map[string]*list.Element{}, list.New(), room, 0} }

func (l *lru) read(o object) bool {
	if e := l.at[o.key]; e != nil {
		l.used.MoveToFront(e)
		return true
	}
	l.at[o.key] = l.used.PushFront(o)
	for l.size += o.size; l.size > l.room; {
		gone := l.used.Remove(l.used.Back()).(object)
		delete(l.at, gone.key)
		l.size -= gone.size
	}
	return false
}

// sieve is SIEVE with one queue, the newest in front.
type sieve struct {
	at         map[string]*list.Element // of *sieved
	queue      *list.List
	hand       *list.Element
	room, size int64
}

type sieved struct {
	object
	visited bool
}

func newSieve(room int64) *sieve {
	return &sieve{at: map[string]*list.Element{}, queue: list.New(), room: room}
}

func (s *sieve) read(o object) bool {
	if e := s.at[o.key]; e != nil {
		e.Value.(*sieved).visited = true
		return true
	}
	for s.size+o.size > s.room {
		e := s.hand
		if e == nil {
			e = s.queue.Back()
		}
		for e.Value.(*sieved).visited {
			e.Value.(*sieved).visited = false
			if e = e.Prev(); e == nil {
				e = s.queue.Back()
			}
		}
		s.hand = e.Prev()
		gone := s.queue.Remove(e).(*sieved)
		delete(s.at, gone.key)
		s.size -= gone.size
	}
	s.at[o.key] = s.queue.PushFront(&sieved{object: o})
	s.size += o.size
	return false
}

// tinyLFU is otter, which does its work at once.
type tinyLFU struct{ c *otter.Cache[string, uint32] }

func newTinyLFU(room int64, entries int) *tinyLFU {
	return &tinyLFU{otter.Must(&otter.Options[string, uint32]{
		MaximumWeight: uint64(room), InitialCapacity: entries, Executor: func(run func()) { run() },
		Weigher: func(_ string, size uint32) uint32 { return size },
	})}
}

func (p *tinyLFU) read(o object) bool {
	if _, ok := p.c.GetIfPresent(o.key); ok {
		return true
	}
	p.c.Set(o.key, uint32(o.size))
	p.c.CleanUp()
	return false
}

// TestMemory holds what the entries really take against the limit.
func TestMemory(t *testing.T) {
	const limit = 16 << 20
	for name, size := range map[string]int{"no body": 0, "45 bytes": 45, "10 kB": 10_000} {
		heap := func() int64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		before := heap()
		s := httpcache.NewStore(limit)
		for i := range 100_000 {
			key := strings.Repeat("k", 200) + fmt.Sprintf("%06d", i) // all of one URI
			e := httpcache.NewEntry(&httpcache.Request{Text: []byte(key + "example.com" + "/some/target?with=parameters"), URILen: 150, KeyLen: len(key), HostLen: 11},
				fields("Content-Type", "text/plain", "Server", "upstream", "X-Number", fmt.Sprint(i)), nil, 0)
			e.Owner, e.Tied, e.Body, e.Terms.Keep = "a", true, make([]byte, size), time.Hour
			e.Face(1, func() []string { return []string{"X-Cache-Status", "Hit"} })
			s.Put(e, 0, time.Unix(1000, 0))
			if n := s.Bytes(); n > limit {
				t.Fatalf("%s: %d bytes after %d entries", name, n, i)
			}
		}
		if used := heap() - before; used > limit*11/10 {
			t.Errorf("%s: the heap has grown by %d bytes, which count as %d", name, used, s.Bytes())
		} else {
			t.Logf("%s: %d bytes count as %d", name, used, s.Bytes())
		}
		runtime.KeepAlive(s)
	}
}
