// Package state is the contract for what nodes share at run time: counters, values with a lifetime, locks. Cache entries,
// rate-limit counters, sessions and token caches use it. Its main type is Store. Implementations are in internal/statedb:
// memory (one node) and Redis (many). Configuration does not live here.
package state

import (
	"context"
	"errors"
	"time"
)

// ErrNotFound is returned by Get for a key that is not there or has expired.
var ErrNotFound = errors.New("state: not found")

// ErrUnavailable wraps every error that means "the shared store cannot be reached now". Callers apply their documented
// policy (let through or refuse).
var ErrUnavailable = errors.New("state: unavailable")

// Store keeps counters and values. All methods are safe for concurrent use. Keys are borrowed for the call only. A ttl of
// zero or less means: no expiry.
type Store interface {
	// Add adds n to the counter at key, creating it with the given lifetime, and returns the new value. The lifetime of
	// an existing counter does not change. Add with n 0 reads.
	Add(ctx context.Context, key []byte, n int64, ttl time.Duration) (int64, error)
	// Get returns a copy of the value at key, or ErrNotFound.
	Get(ctx context.Context, key []byte) ([]byte, error)
	// Put stores a copy of value at key.
	Put(ctx context.Context, key, value []byte, ttl time.Duration) error
	// PutNew is Put if the key is not there; it reports whether it stored. It serves as a lock.
	PutNew(ctx context.Context, key, value []byte, ttl time.Duration) (bool, error)
	// Swap replaces old by value if key still holds old; it reports whether it did.
	Swap(ctx context.Context, key, old, value []byte, ttl time.Duration) (bool, error)
	// Delete removes keys; those that are not there are ignored.
	Delete(ctx context.Context, keys ...[]byte) error
	// Scan calls yield with every key that starts with prefix, until it returns false. Keys that come or go meanwhile may
	// be missed or seen.
	Scan(ctx context.Context, prefix []byte, yield func(key []byte) bool) error
	// Close releases what the store holds.
	Close() error
}
