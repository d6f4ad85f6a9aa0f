// Package statetest checks that a state.Store keeps the contract. Every implementation runs it in its tests:
//
//	func TestStore(t *testing.T) { statetest.Run(t, open) }
//
// It does not measure, and does not know about limits that only one implementation has.
package statetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/state"
)

// Harness is one empty store under test.
type Harness struct {
	Store state.Store
	// Unit is a lifetime that the implementation can tell from twice as long: an hour with a fake clock, some 100 ms where
	// time is real.
	Unit time.Duration
	// Advance lets d pass.
	Advance func(d time.Duration)
}

// Run opens a fresh store for each case, and closes it.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	run(t, slices.Concat(counterCases, storeCases), open)
}

// RunCounters checks what does nothing but count. The stores that it opens are made with OnlyCounters.
func RunCounters(t *testing.T, open func(t *testing.T) Harness) { run(t, counterCases, open) }

func run(t *testing.T, cases []testCase, open func(t *testing.T) Harness) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := open(t)
			t.Cleanup(func() {
				if err := h.Store.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
				if err := h.Store.Close(); err != nil {
					t.Errorf("second close: %v", err)
				}
			})
			c.run(&test{T: t, Harness: h, ctx: context.Background()})
		})
	}
}

// OnlyCounters makes a store of what only counts; its other methods may not be called.
func OnlyCounters(c interface {
	state.Counters
	Close() error
}) state.Store {
	return onlyCounters{Counters: c, close: c.Close}
}

type onlyCounters struct {
	state.Counters
	rest
	close func() error
}

// rest has the methods of a store that counters lack.
type rest interface {
	Get(ctx context.Context, key []byte) ([]byte, error)
	Put(ctx context.Context, key, value []byte, ttl time.Duration) error
	PutNew(ctx context.Context, key, value []byte, ttl time.Duration) (bool, error)
	Swap(ctx context.Context, key, old, value []byte, ttl time.Duration) (bool, error)
	Delete(ctx context.Context, keys ...[]byte) error
	Scan(ctx context.Context, prefix []byte, yield func(key []byte) bool) error
}

func (c onlyCounters) Close() error { return c.close() }

type testCase struct {
	name string
	run  func(t *test)
}

var counterCases = []testCase{
	{"counter", counter},
	{"counter expiry", counterExpiry},
	{"take", take},
	{"take is all or nothing", takeAllOrNothing},
	{"take expiry", takeExpiry},
	{"many add at once", manyAdd},
	{"many take at once", manyTake},
	{"many take crossing keys", manyTakeCrossing},
}

var storeCases = []testCase{
	{"reading a counter", reading},
	{"value", value},
	{"value is copied", valueCopied},
	{"value expiry", valueExpiry},
	{"put replaces the lifetime", putReplacesLifetime},
	{"put new", putNew},
	{"put new as a lock that expires", putNewExpiry},
	{"swap", swap},
	{"swap expiry", swapExpiry},
	{"delete", deleteKeys},
	{"kinds", kinds},
	{"binary keys", binaryKeys},
	{"scan", scan},
	{"scan and change", scanAndChange},
	{"one of many gets the lock", manyPutNew},
	{"many swap at once", manySwap},
}

// test is a store with helpers that stop the test at an error.
type test struct {
	*testing.T
	Harness
	ctx context.Context
}

func (t *test) add(key string, n int64, ttl time.Duration) int64 {
	t.Helper()
	v, err := t.Store.Add(t.ctx, []byte(key), n, ttl)
	if err != nil {
		t.Fatalf("add %d to %q: %v", n, key, err)
	}
	return v
}

func (t *test) wantCount(key string, want int64) {
	t.Helper()
	if got := t.add(key, 0, 0); got != want {
		t.Errorf("counter %q is %d, want %d", key, got, want)
	}
}

func (t *test) take(n int64, claims ...state.Claim) bool {
	t.Helper()
	ok, err := t.Store.Take(t.ctx, n, claims)
	if err != nil {
		t.Fatalf("take %d: %v", n, err)
	}
	return ok
}

func (t *test) put(key, value string, ttl time.Duration) {
	t.Helper()
	if err := t.Store.Put(t.ctx, []byte(key), []byte(value), ttl); err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
}

func (t *test) putNew(key, value string, ttl time.Duration) bool {
	t.Helper()
	ok, err := t.Store.PutNew(t.ctx, []byte(key), []byte(value), ttl)
	if err != nil {
		t.Fatalf("put new %q: %v", key, err)
	}
	return ok
}

func (t *test) swap(key, old, value string, ttl time.Duration) bool {
	t.Helper()
	ok, err := t.Store.Swap(t.ctx, []byte(key), []byte(old), []byte(value), ttl)
	if err != nil {
		t.Fatalf("swap %q: %v", key, err)
	}
	return ok
}

// want checks the value at key.
func (t *test) want(key, want string) {
	t.Helper()
	got, err := t.Store.Get(t.ctx, []byte(key))
	if err != nil {
		t.Errorf("get %q: %v", key, err)
	} else if string(got) != want {
		t.Errorf("get %q: got %q, want %q", key, got, want)
	}
}

func (t *test) wantGone(key string) {
	t.Helper()
	if got, err := t.Store.Get(t.ctx, []byte(key)); err != state.ErrNotFound {
		t.Errorf("get %q: got %q, %v, want ErrNotFound", key, got, err)
	}
}
