package httpcache

import (
	"sync"
	"time"
)

// Flights sees to it that one request at a time fetches what many want.
type Flights struct {
	mu   sync.Mutex
	open map[string]*Flight
	// solo are keys whose responses could not be kept, with the time until which nobody waits for them.
	solo map[string]time.Time
}

// soloFor is for how long nobody waits for a key whose response could not be kept; soloMax is how many such keys are remembered.
const (
	soloFor = 10 * time.Second
	soloMax = 10_000
)

// Flight is one fetch.
type Flight struct {
	f    *Flights
	key  string
	done chan struct{}
}

// NewFlights makes an empty set.
func NewFlights() *Flights {
	return &Flights{open: map[string]*Flight{}, solo: map[string]time.Time{}}
}

// Join returns a flight that the caller leads and has to Land, or one to wait for. Both are nil when the key is fetched by each for
// itself.
func (f *Flights) Join(key []byte, now time.Time) (lead, follow *Flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if until, ok := f.solo[string(key)]; ok {
		if now.Before(until) {
			return nil, nil
		}
		delete(f.solo, string(key))
	}
	if l := f.open[string(key)]; l != nil {
		return nil, l
	}
	l := &Flight{f: f, key: string(key), done: make(chan struct{})}
	f.open[l.key] = l
	return l, nil
}

// Land ends a flight. kept says whether there is something in the store now.
func (l *Flight) Land(kept bool, now time.Time) {
	f := l.f
	f.mu.Lock()
	if f.open[l.key] == l {
		delete(f.open, l.key)
		if !kept {
			if len(f.solo) >= soloMax {
				clear(f.solo)
			}
			f.solo[l.key] = now.Add(soloFor)
		}
	}
	f.mu.Unlock()
	close(l.done)
}

// Done is closed when the flight has landed.
func (l *Flight) Done() <-chan struct{} { return l.done }
