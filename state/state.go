// Package state is the contract for what nodes share at run time: counters, values with a lifetime, locks. Cache entries,
// rate-limit counters, sessions and token caches use it. Its main type is Store. Implementations are in internal/statedb:
// memory (one node) and Redis (many). Configuration does not live here.
package state

import (
	"bytes"
	"context"
	"errors"
	"time"
)

// ErrNotFound is returned by Get for a key that is not there or has expired.
var ErrNotFound = errors.New("state: not found")

// ErrUnavailable wraps every error that means "the shared store cannot be reached now". Callers apply their documented
// policy (let through or refuse).
var ErrUnavailable = errors.New("state: unavailable")

// ErrKind is wrapped when a key holds a counter and is used as a value, or the other way round.
var ErrKind = errors.New("state: key holds the other kind")

// ErrTooLarge is wrapped when a value does not fit into the store at all, even if everything else made room for it.
var ErrTooLarge = errors.New("state: value too large")

// Claim is one counter of a Take.
type Claim struct {
	Key   []byte        // borrowed for the call
	Max   int64         // the counter must not go over this
	TTL   time.Duration // the lifetime of the counter if this call creates it; zero or less: none
	Value int64         // set by Take: the counter after the call
}

// Counters counts. All methods are safe for concurrent use. Keys are borrowed for the call only. A ttl of zero or less means:
// no expiry.
type Counters interface {
	// Add adds n to the counter at key, creating it with the given lifetime, and returns the new value. The lifetime of
	// an existing counter does not change. Add with n 0 reads, and creates nothing.
	Add(ctx context.Context, key []byte, n int64, ttl time.Duration) (int64, error)
	// Take adds n, at least 1, to every counter if none of them would go over its Max, and to none otherwise. It is one
	// atomic step, and reports whether it added. Keys must differ, and must have the same Tag: a store that is spread over
	// shards refuses others. After an error the values are not set and nothing was added; only when the store became
	// unavailable during the call, it may have been.
	Take(ctx context.Context, n int64, claims []Claim) (bool, error)
}

// Store keeps counters and values. All methods are safe for concurrent use. Keys are borrowed for the call only. A ttl of
// zero or less means: no expiry. A key holds a counter (Add, Take) or a value (the others), never both at a time. Errors tell
// neither keys nor values, which may be secret.
type Store interface {
	Counters
	// Get returns a copy of the value at key, or ErrNotFound.
	Get(ctx context.Context, key []byte) ([]byte, error)
	// Put stores a copy of value at key.
	Put(ctx context.Context, key, value []byte, ttl time.Duration) error
	// PutNew is Put if the key is not there; it reports whether it stored. It serves as a lock.
	PutNew(ctx context.Context, key, value []byte, ttl time.Duration) (bool, error)
	// Swap replaces old by value if key still holds old; it reports whether it did. The lifetime starts anew.
	Swap(ctx context.Context, key, old, value []byte, ttl time.Duration) (bool, error)
	// Delete removes keys, counters too; those that are not there are ignored.
	Delete(ctx context.Context, keys ...[]byte) error
	// Scan calls yield with every key that starts with prefix, until it returns false. Keys that come or go meanwhile may
	// be missed or seen. The key is borrowed for the call of yield, which may use the store.
	Scan(ctx context.Context, prefix []byte, yield func(key []byte) bool) error
	// Close releases what the store holds. Later calls may fail with ErrUnavailable; they never block or panic.
	Close() error
}

// Tag returns the part of a key that decides on which shard it lies, where a store has shards: what stands between the
// first "{" and the next "}", or the whole key if there is nothing.
func Tag(key []byte) []byte {
	if i := bytes.IndexByte(key, '{'); i >= 0 {
		if n := bytes.IndexByte(key[i+1:], '}'); n > 0 {
			return key[i+1 : i+1+n]
		}
	}
	return key
}
