package proxycache

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache/httpcache"
	"github.com/gibbon-gateway/gibbon/internal/statedb/redis"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/state"
)

// remote is where nodes share entries. At the address of a key is an entry, or, when responses to it vary, a pointer: the names of the
// request fields that they vary by, and a generation; the entries are then at addresses that hold the values too, and are worth nothing
// without the pointer. Writing happens behind the answer.
//
// Nodes do not tell each other about purges. Instead each address has a guard, which a purge removes: a response is stored only if the
// guard is still the one that was there before the upstream was asked. A resource that was changed (RFC 9111, 4.4) has a mark, and
// entries with another one are not believed. All that is read about a key is read in one round trip.
//
// While Redis is away, calls fail at once; what is in memory is used as long as it is fresh.
type remote struct {
	store sharedStore
	tier  time.Duration // how long memory is believed without a look into the store
	work  chan func(ctx context.Context)
}

// sharedStore is what redis.Acquire returns.
type sharedStore interface {
	state.Store
	GetAll(ctx context.Context, keys ...[]byte) ([][]byte, error)
	PutIf(ctx context.Context, guard, want []byte, items ...redis.Item) (bool, error)
}

const (
	maxWaiting = 256 // entries that wait to be written; more are not shared
	writers    = 4   // how many are written at a time
)

func openRemote(o redis.Options, tier time.Duration, env plugin.Env) (*remote, error) {
	o.Log = env.Log
	s, err := redis.Acquire(o)
	if err != nil {
		return nil, err
	}
	r := &remote{store: s.(sharedStore), tier: tier}
	if env.Go != nil {
		r.work = make(chan func(ctx context.Context), maxWaiting)
		for range writers {
			env.Go("proxy-cache writes", r.write)
		}
	}
	return r, nil
}

// write does what is to be done behind the answers.
func (r *remote) write(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case w := <-r.work:
			w(ctx)
		}
	}
}

// Close gives the connections back.
func (r *remote) Close() error { return r.store.Close() }

// later runs a write behind the answer. It reports whether there was room.
func (r *remote) later(w func(ctx context.Context)) bool {
	if r.work == nil {
		w(context.Background())
		return true
	}
	select {
	case r.work <- w:
		return true
	default:
		return false
	}
}

// address is where the entry of a key is, or a pointer. Addresses, and their guards, are in 256 groups; a Cluster keeps each together.
func address(owner, id string) []byte {
	return []byte(owner + ":{" + group(id) + "}:" + id)
}

// group is the first two hex digits of an id. What comes from the Admin API may be shorter, and is nowhere then.
func group(id string) string { return id[:min(2, len(id))] }

// variant is the address of an entry whose response varies.
func variant(at []byte, names, value string) []byte {
	sum := sha256.Sum256([]byte(names + "\n" + value))
	return hex.AppendEncode(append(at[:len(at):len(at)], ':'), sum[:])
}

// tokenLen is the length of generations, guards and marks: random hex digits.
const tokenLen = 16

func token() []byte {
	var random [tokenLen / 2]byte
	_, _ = rand.Read(random[:]) // it never fails
	return hex.AppendEncode(nil, random[:])
}

// The first byte of what is stored at addresses.
const (
	pointerKind = 'p' // then a generation, and the names
	entryKind   = 'e' // then a generation if the response varies, else zeros; the mark, or zeros; the entry
)

const none = "0000000000000000"

// seen is what the shared store said about a key before the upstream was asked.
type seen struct {
	guard             string // "" if the store was not asked or did not answer: then nothing is stored
	mark              string
	generation, names string // of the pointer, if there is one
}

// proof is what shows later that there was no purge since; "" if nothing does.
func (s *seen) proof() string {
	if s.guard == "" {
		return ""
	}
	return s.guard + s.mark
}

// proves reports whether nothing was purged since an entry with this proof was asked for.
func (s *seen) proves(proof string) bool {
	n := len(s.guard)
	return n > 0 && len(proof) == n+len(s.mark) && proof[:n] == s.guard && proof[n:] == s.mark
}

// ask returns the entry for a request, or nil, and what else there is to know. uri is nil if nothing changes resources. hint are the names that the response may vary by,
// if something is known of that: then varying responses, too, take one round trip.
func (r *remote) ask(owner, id string, uri []byte, h *header.Fields, hint string) (e *httpcache.Entry, saw seen, err error) {
	ctx := context.Background()
	at := address(owner, id)
	keys := [][]byte{at, guardOf(owner, group(id)), nil, nil}[:2]
	if hint != "" {
		keys = append(keys, variant(at, hint, selecting(hint, h)))
	}
	if uri != nil {
		keys = append(keys, markOf(owner, uri))
	}
	got, err := r.store.GetAll(ctx, keys...)
	if err != nil {
		return nil, saw, err
	}
	saw.guard, saw.mark = string(got[1]), none
	if uri != nil && len(got[len(got)-1]) == tokenLen {
		saw.mark = string(got[len(got)-1])
	}
	if saw.guard == "" {
		// A store that is full cannot begin: then nothing new is shared, but memory goes on.
		if guard, err := r.begin(ctx, keys[1]); err == nil {
			saw.guard = guard
		}
	}
	b := got[0]
	if len(b) > tokenLen && b[0] == pointerKind {
		saw.generation, saw.names = string(b[1:1+tokenLen]), string(b[1+tokenLen:])
		if saw.names == hint {
			b = got[2]
		} else {
			b, err = r.store.Get(ctx, variant(at, saw.names, selecting(saw.names, h)))
		}
	}
	if errors.Is(err, state.ErrNotFound) || err == nil && b == nil {
		return nil, saw, nil
	}
	if err != nil {
		return nil, seen{}, err
	}
	return opened(b, saw.generation, saw.mark), saw, nil
}

func selecting(names string, h *header.Fields) string {
	return string(httpcache.AppendSelecting(nil, names, h, ""))
}

// begin gives a group its first guard.
func (r *remote) begin(ctx context.Context, at []byte) (string, error) {
	first := token()
	if mine, err := r.store.PutNew(ctx, at, first, guardFor); err != nil || mine {
		return string(first), err
	}
	b, err := r.store.Get(ctx, at)
	return string(b), err
}

// opened reads what is stored at an address; nil is returned for what is not of this generation and mark, or of another version of the
// program. mark may be "" for any.
func opened(b []byte, generation, mark string) *httpcache.Entry {
	if generation == "" {
		generation = none
	}
	if len(b) < 1+2*tokenLen || b[0] != entryKind || string(b[1:1+tokenLen]) != generation ||
		mark != "" && string(b[1+tokenLen:1+2*tokenLen]) != mark {
		return nil
	}
	e, err := httpcache.Decode(b[1+2*tokenLen:])
	if err != nil {
		return nil
	}
	return e
}

// closed is what is stored for an entry.
func closed(e *httpcache.Entry, generation, mark string) []byte {
	b := make([]byte, 0, len(e.Body)+1024+2*tokenLen)
	b = append(append(append(b, entryKind), generation...), mark...)
	return e.AppendTo(b)
}

// keepFor is the longest time for which entries are shared.
const keepFor = 7 * 24 * time.Hour

// put stores an entry until it has expired. stored is false if there was a purge since the upstream was asked.
func (r *remote) put(ctx context.Context, e *httpcache.Entry, saw seen, now time.Time) (stored bool, err error) {
	ttl := min(e.Terms.Keep-e.Age(now), keepFor)
	if ttl <= 0 || saw.guard == "" {
		return true, nil
	}
	id := e.ID()
	at, guard := address(e.Owner, id), guardOf(e.Owner, group(id))
	if e.VaryNames == "" {
		return r.store.PutIf(ctx, guard, []byte(saw.guard), redis.Item{Key: at, Value: closed(e, none, saw.mark), TTL: ttl})
	}
	generation := saw.generation
	if saw.names != e.VaryNames {
		// All nodes that come to the same make the same of it.
		sum := sha256.Sum256([]byte(saw.guard + saw.generation + e.VaryNames))
		generation = hex.EncodeToString(sum[:tokenLen/2])
	}
	pointer := append(append([]byte{pointerKind}, generation...), e.VaryNames...)
	return r.store.PutIf(ctx, guard, []byte(saw.guard),
		redis.Item{Key: variant(at, e.VaryNames, e.VaryValue), Value: closed(e, generation, saw.mark), TTL: ttl},
		redis.Item{Key: at, Value: pointer, TTL: max(ttl, time.Hour)})
}

// scanBatch is how many entries are read at a time for lists and purges; each may be as large as max_object_bytes.
const scanBatch = 16

// each calls yield with every entry whose address begins with prefix and that can be found, where it is, and what is there.
func (r *remote) each(ctx context.Context, prefix string, yield func(e *httpcache.Entry, at, raw []byte) bool) error {
	var batch [][]byte
	var failed error
	flush := func() bool {
		more := true
		if len(batch) > 0 {
			more, failed = r.readBatch(ctx, batch, yield)
			batch = batch[:0]
		}
		return more && failed == nil
	}
	more := true
	err := r.store.Scan(ctx, []byte(prefix), func(key []byte) bool {
		if batch = append(batch, bytes.Clone(key)); len(batch) == scanBatch {
			more = flush()
		}
		return more
	})
	if err == nil && more {
		flush()
	}
	return errors.Join(err, failed)
}

// readBatch reads entries, and the pointers that some are worth nothing without.
func (r *remote) readBatch(ctx context.Context, batch [][]byte, yield func(e *httpcache.Entry, at, raw []byte) bool) (more bool, err error) {
	keys := batch[:len(batch):len(batch)]
	pointers := make([]int, len(batch))
	for i, key := range batch {
		if n := bytes.Count(key, []byte{':'}); n > 2 {
			pointers[i] = len(keys)
			keys = append(keys, key[:bytes.LastIndexByte(key, ':')])
		}
	}
	got, err := r.store.GetAll(ctx, keys...)
	if err != nil {
		return false, err
	}
	for i, key := range batch {
		generation := ""
		if p := pointers[i]; p > 0 {
			b := got[p]
			if len(b) <= tokenLen || b[0] != pointerKind {
				continue
			}
			generation = string(b[1 : 1+tokenLen])
		}
		if e := opened(got[i], generation, ""); e != nil && !yield(e, key, got[i]) {
			return false, nil
		}
	}
	return true, nil
}
