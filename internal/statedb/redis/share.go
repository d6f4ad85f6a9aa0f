package redis

import (
	"fmt"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/state"
)

// grace is how long a store that nobody holds any more stays usable: for requests that are still under way with an old
// configuration, and for the next one, which often asks for the same store.
var grace = 10 * time.Second

// shared are the stores that Acquire has handed out, by their options.
var shared = struct {
	sync.Mutex
	stores map[string]*sharedStore
}{stores: map[string]*sharedStore{}}

type sharedStore struct {
	*Store
	holders int
	timer   *time.Timer // ends the store; set while there are no holders
}

// lease is one holder's part of a store.
type lease struct {
	*Store
	release func()
}

// Acquire returns the store with these options; all who ask with equal ones share its connections. Close gives it back.
func Acquire(o Options) (state.Store, error) {
	log := o.Log
	o.Log = nil // the first holder's is used
	name := fmt.Sprintf("%q", fmt.Sprintf("%+v", o))
	o.Log = log

	shared.Lock()
	defer shared.Unlock()
	s := shared.stores[name]
	if s == nil {
		store, err := New(o)
		if err != nil {
			return nil, err
		}
		s = &sharedStore{Store: store}
		shared.stores[name] = s
	}
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	s.holders++
	return &lease{s.Store, sync.OnceFunc(func() { release(name, s) })}, nil
}

// Close gives the store back.
func (l *lease) Close() error {
	l.release()
	return nil
}

func release(name string, s *sharedStore) {
	shared.Lock()
	defer shared.Unlock()
	if s.holders--; s.holders > 0 {
		return
	}
	s.timer = time.AfterFunc(grace, func() {
		shared.Lock()
		idle := s.holders == 0 && shared.stores[name] == s
		if idle {
			delete(shared.stores, name)
		}
		shared.Unlock()
		if idle {
			_ = s.Store.Close() // it has nothing to say
		}
	})
}
