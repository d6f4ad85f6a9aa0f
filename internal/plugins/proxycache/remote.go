package proxycache

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache/httpcache"
	"github.com/gibbon-gateway/gibbon/internal/statedb/redis"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/state"
)

// remote is where nodes share entries. A key holds an entry, or, when responses to it vary, the names of the request fields
// that they vary by; the entries are then at keys that hold the values too. Writing happens behind the answer.
//
// While Redis is away, calls fail at once; what is in memory is used as long as it is fresh.
type remote struct {
	store state.Store
	tier  time.Duration // how long memory is believed without a look into the store
	work  chan func(ctx context.Context)
	busy  atomic.Int64
}

// maxWaiting is how many entries may wait to be written; more are not shared.
const maxWaiting = 256

func openRemote(o redis.Options, tier time.Duration, env plugin.Env) (*remote, error) {
	o.Log = env.Log
	s, err := redis.Acquire(o)
	if err != nil {
		return nil, err
	}
	r := &remote{store: s, tier: tier}
	if env.Go != nil {
		r.work = make(chan func(ctx context.Context), maxWaiting)
		env.Go("proxy-cache writes", func(ctx context.Context) {
			for {
				select {
				case <-ctx.Done():
					return
				case w := <-r.work:
					w(ctx)
					r.busy.Add(-1)
				}
			}
		})
	}
	return r, nil
}

// Close gives the connections back.
func (r *remote) Close() error { return r.store.Close() }

// later runs a write behind the answer. It reports whether there was room.
func (r *remote) later(w func(ctx context.Context)) bool {
	if r.work == nil {
		w(context.Background())
		return true
	}
	r.busy.Add(1)
	select {
	case r.work <- w:
		return true
	default:
		r.busy.Add(-1)
		return false
	}
}

// errBusy is logged when a write was dropped.
var errBusy = errors.New("too many writes are waiting")

func address(owner, id string) []byte { return []byte(owner + ":" + id) }

// varies begins what is stored at an address when the response varies: then follow a generation and the names that it varies by.
// Entries begin otherwise. A purge ends a generation, and with it all its variants.
const varies = "\x00"

const generationLen = 16

// variant is the address of an entry whose response varies.
func variant(owner, id, generation, value string) []byte {
	sum := sha256.Sum256([]byte(value))
	return []byte(owner + ":" + id + ":" + generation + hex.EncodeToString(sum[:]))
}

// varying splits what is stored at an address; ok is false for an entry.
func varying(b []byte) (generation, names string, ok bool) {
	if len(b) < 1+generationLen || b[0] != varies[0] {
		return "", "", false
	}
	return string(b[1 : 1+generationLen]), string(b[1+generationLen:]), true
}

// get finds the entry for a request. It is nil when there is none.
func (r *remote) get(owner, id string, h *header.Fields) (*httpcache.Entry, error) {
	ctx := context.Background()
	b, err := r.store.Get(ctx, address(owner, id))
	if generation, names, ok := varying(b); ok {
		value := httpcache.AppendSelecting(nil, names, h, "")
		b, err = r.store.Get(ctx, variant(owner, id, generation, string(value)))
	}
	switch {
	case errors.Is(err, state.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	e, err := httpcache.Decode(b)
	if err != nil {
		return nil, nil // another version of the program has written it
	}
	return e, nil
}

// put stores an entry until it has expired.
func (r *remote) put(ctx context.Context, e *httpcache.Entry, now time.Time) error {
	ttl := e.Terms.Keep - e.Age(now)
	if ttl <= 0 {
		return nil
	}
	if e.VaryNames == "" {
		return r.store.Put(ctx, address(e.Owner, e.ID), e.Encode(), ttl)
	}
	at := address(e.Owner, e.ID)
	b, err := r.store.Get(ctx, at)
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return err
	}
	generation, names, ok := varying(b)
	if !ok || names != e.VaryNames {
		var random [generationLen / 2]byte
		_, _ = rand.Read(random[:]) // it never fails
		generation = hex.EncodeToString(random[:])
	}
	if err := r.store.Put(ctx, variant(e.Owner, e.ID, generation, e.VaryValue), e.Encode(), ttl); err != nil {
		return err
	}
	return r.store.Put(ctx, at, []byte(varies+generation+e.VaryNames), max(ttl, time.Hour))
}

// remove removes the entry at a key, and with it all its variants: without the first, nobody finds them.
func (r *remote) remove(ctx context.Context, owner, id string) error {
	return r.store.Delete(ctx, address(owner, id))
}

// each calls yield with every entry of an owner.
func (r *remote) each(ctx context.Context, owner string, yield func(e *httpcache.Entry, at []byte) bool) error {
	var failed error
	err := r.store.Scan(ctx, []byte(owner+":"), func(key []byte) bool {
		at := append([]byte(nil), key...)
		b, err := r.store.Get(ctx, at)
		if errors.Is(err, state.ErrUnavailable) {
			failed = err
			return false
		}
		if err != nil || len(b) == 0 || b[0] == varies[0] {
			return true
		}
		e, err := httpcache.Decode(b)
		return err != nil || yield(e, at)
	})
	return errors.Join(err, failed)
}

// mark is where is noted that a resource was changed.
func mark(owner string, uri []byte) []byte {
	sum := sha256.Sum256(uri)
	return []byte("changed:" + owner + ":" + hex.EncodeToString(sum[:]))
}

// markFor is how long such a note lasts: no entry is believed longer.
const markFor = 7 * 24 * time.Hour

// invalidate removes the entry at a key, and notes that the resource was changed: entries for other clients have other keys.
func (r *remote) invalidate(ctx context.Context, owner, id string, uri []byte, now time.Time) error {
	text, _ := now.MarshalBinary()
	return errors.Join(r.remove(ctx, owner, id), r.store.Put(ctx, mark(owner, uri), text, markFor))
}

// invalidated returns when a resource was last changed through a gateway.
func (r *remote) invalidated(owner string, uri []byte) (at time.Time, err error) {
	text, err := r.store.Get(context.Background(), mark(owner, uri))
	if errors.Is(err, state.ErrNotFound) {
		return at, nil
	}
	if err == nil {
		err = at.UnmarshalBinary(text)
	}
	return at, err
}
