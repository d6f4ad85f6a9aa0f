package httpcache

import (
	"bytes"
	"hash/maphash"
	"sync"
	"time"
)

// Flights sees to it that one request at a time fetches what many want.
type Flights struct {
	mu   sync.Mutex
	seed maphash.Seed
	open map[uint64]*Flight // by the hash of the key
	// solo are the hashes of keys whose responses could not be kept, with the time until which nobody waits for them.
	solo map[uint64]time.Time
}

// soloFor is for how long nobody waits for a key whose response could not be kept; soloMax is how many such keys are remembered.
const (
	soloFor = 10 * time.Second
	soloMax = 10_000
)

// Flight is one fetch. The zero value is ready for one Join.
type Flight struct {
	f    *Flights
	key  []byte
	hash uint64
	done chan struct{} // nil while nobody waits
}

// NewFlights makes an empty set.
func NewFlights() *Flights {
	return &Flights{seed: maphash.MakeSeed(), open: map[uint64]*Flight{}, solo: map[uint64]time.Time{}}
}

// Join makes l the flight for a key, which the caller then has to Land; or it returns what is closed when the one that is under way
// has landed. Neither happens, and lead is false and wait nil, when the key is fetched by each for itself. key must not change until then.
func (f *Flights) Join(l *Flight, key []byte, now time.Time) (lead bool, wait <-chan struct{}) {
	hash := maphash.Bytes(f.seed, key)
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.solo) > 0 {
		if until, ok := f.solo[hash]; ok {
			if now.Before(until) {
				return false, nil
			}
			delete(f.solo, hash)
		}
	}
	if open := f.open[hash]; open != nil {
		if !bytes.Equal(open.key, key) {
			return false, nil
		}
		if open.done == nil {
			open.done = make(chan struct{})
		}
		return false, open.done
	}
	l.f, l.key, l.hash = f, key, hash
	f.open[hash] = l
	return true, nil
}

// Land ends a flight. kept says whether there is something in the store now.
func (l *Flight) Land(kept bool, now time.Time) {
	f := l.f
	f.mu.Lock()
	if f.open[l.hash] == l {
		delete(f.open, l.hash)
		if !kept {
			if len(f.solo) >= soloMax {
				clear(f.solo)
			}
			f.solo[l.hash] = now.Add(soloFor)
		}
	}
	if l.done != nil {
		close(l.done)
	}
	f.mu.Unlock()
}
