package balance_test

import (
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/balance"
)

// refused is an answer that says nothing about the name.
var refused = &net.DNSError{Err: "server misbehaving", Name: "svc.test", IsTemporary: true}

// pass lets time go by, in the bubble of a test.
func pass(d time.Duration) { <-time.After(d) }

func TestAddressesOfANameShareItsWeight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names := newTable()
		names.set("svc.test", []string{"10.1.0.2", "10.1.0.1", "::ffff:10.1.0.1", "2001:db8::1"})
		names.set("six.test", []string{"2001:db8::1", "2001:db8::2"})
		r := newRegistry(t, balance.Config{Resolver: names})
		b := upstream(t, r, balance.Target{Target: "svc.test:80", Weight: 20}, balance.Target{Target: "10.0.0.1:80", Weight: 10})
		synctest.Wait()
		got := count(picks(t, b, 50))
		if diff := cmp.Diff(map[string]int{"10.1.0.1:80": 20, "10.1.0.2:80": 20, "10.0.0.1:80": 10}, got); diff != "" {
			t.Errorf("each address has the weight of its target; IPv6 stands back: (-want +got)\n%s", diff)
		}
		got = count(picks(t, r.Host("six.test", 80), 10))
		if diff := cmp.Diff(map[string]int{"[2001:db8::1]:80": 5, "[2001:db8::2]:80": 5}, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestAnswersAreKeptForTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names := newTable()
		names.set("svc.test", []string{"10.1.0.1"})
		r := newRegistry(t, balance.Config{Resolver: names})
		b := r.Host("svc.test", 80)
		other := r.Host("svc.test", 81) // shares the answer
		synctest.Wait()
		if n := names.count("svc.test"); n != 1 {
			t.Fatalf("%d lookups before the first request, want 1", n)
		}
		next(t, b)
		next(t, other)
		pass(29 * time.Second)
		names.set("svc.test", []string{"10.1.0.2"})
		if got := next(t, b); got != "10.1.0.1:80" || names.count("svc.test") != 1 {
			t.Fatalf("after 29 s: %s, %d lookups", got, names.count("svc.test"))
		}
		pass(2 * time.Second)
		if got := next(t, b); got != "10.1.0.1:80" {
			t.Fatalf("the first request after 30 s got %s: it waited for the lookup", got)
		}
		synctest.Wait()
		if got := next(t, b); got != "10.1.0.2:80" || names.count("svc.test") != 2 {
			t.Fatalf("after the lookup: %s, %d lookups", got, names.count("svc.test"))
		}
		next(t, other)
		synctest.Wait()
		if got := next(t, other); got != "10.1.0.2:81" || names.count("svc.test") != 2 {
			t.Fatalf("the other balancer: %s, %d lookups", got, names.count("svc.test"))
		}
	})
}

func TestRequestsGoOnWhileALookupHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names := newTable()
		names.set("svc.test", []string{"10.1.0.1"})
		r := newRegistry(t, balance.Config{Resolver: names})
		b := r.Host("svc.test", 80)
		next(t, b)
		names.mu.Lock()
		names.hold = make(chan struct{})
		names.mu.Unlock()
		pass(31 * time.Second)
		start := time.Now()
		for range 100 {
			if got := next(t, b); got != "10.1.0.1:80" {
				t.Fatal(got)
			}
		}
		synctest.Wait()
		if n := names.count("svc.test"); n != 2 || time.Since(start) != 0 {
			t.Fatalf("%d lookups, waited %v", n, time.Since(start))
		}
		pass(6 * time.Second) // the lookup gives up after 5
		synctest.Wait()
		if got := next(t, b); got != "10.1.0.1:80" {
			t.Fatal(got)
		}
		close(names.hold)
	})
}

func TestOldAddressesServeWhileLookupsFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names := newTable()
		names.set("svc.test", []string{"10.1.0.1"})
		r := newRegistry(t, balance.Config{Resolver: names})
		b := r.Host("svc.test", 80)
		next(t, b)
		names.set("svc.test", refused)
		for range 59 {
			pass(time.Minute)
			if got := next(t, b); got != "10.1.0.1:80" {
				t.Fatal(got)
			}
			synctest.Wait()
		}
		pass(5 * time.Minute)
		next(t, b) // starts the lookup after which they are too old
		synctest.Wait()
		var p balance.Pick
		if err := b.Next(&p); !errors.Is(err, balance.ErrResolve) || !strings.Contains(err.Error(), "server misbehaving") {
			t.Fatalf("after more than an hour: %v, %v", p.Addr, err)
		}
		names.set("svc.test", []string{"10.1.0.3"})
		if err := b.Next(&p); err == nil {
			t.Fatal("a failure is not remembered")
		}
		pass(1100 * time.Millisecond)
		if got := next(t, b); got != "10.1.0.3:80" {
			t.Fatalf("a request without any address must wait for the lookup: %s", got)
		}
	})
}

func TestNamesThatAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names := newTable()
		names.set("svc.test", []string{"10.1.0.1"})
		r := newRegistry(t, balance.Config{Resolver: names})
		b := r.Host("svc.test", 80)
		next(t, b)
		names.set("svc.test", nil)
		pass(31 * time.Second)
		next(t, b)
		synctest.Wait()
		var p balance.Pick
		err := b.Next(&p)
		if !errors.Is(err, balance.ErrResolve) || !strings.HasPrefix(err.Error(), "name resolution failed: look up svc.test: ") {
			t.Fatalf("got %v, %v", p.Addr, err)
		}
		names.set("svc.test", []string{"10.1.0.2"})
		pass(29 * time.Second)
		if err := b.Next(&p); err == nil || names.count("svc.test") != 2 {
			t.Fatalf("after 29 s: %v, %d lookups", err, names.count("svc.test"))
		}
		pass(2 * time.Second)
		if got := next(t, b); got != "10.1.0.2:80" {
			t.Fatal(got)
		}
	})
}

func TestFirstRequestsShareALookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names := newTable()
		names.hold = make(chan struct{})
		names.set("svc.test", []string{"10.1.0.1"})
		r := newRegistry(t, balance.Config{Resolver: names})
		b := r.Host("svc.test", 80)
		var users sync.WaitGroup
		for range 20 {
			users.Go(func() {
				if got := next(t, b); got != "10.1.0.1:80" {
					t.Error(got)
				}
			})
		}
		synctest.Wait()
		close(names.hold)
		users.Wait()
		if n := names.count("svc.test"); n != 1 {
			t.Errorf("%d lookups", n)
		}
	})
}

func TestTargetsChangeDuringALookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names := newTable()
		names.hold = make(chan struct{})
		names.set("a.test", []string{"10.1.0.1"})
		names.set("b.test", []string{"10.2.0.1"})
		names.set("c.test", []string{"10.3.0.1"})
		r := newRegistry(t, balance.Config{Resolver: names})
		upstream(t, r, balance.Target{Target: "a.test:80", Weight: 1})
		synctest.Wait()
		b := upstream(t, r, balance.Target{Target: "b.test:80", Weight: 1})
		close(names.hold)
		if got := next(t, b); got != "10.2.0.1:80" {
			t.Error(got)
		}
		// Addresses that need no lookup serve at once, also beside a name that is not known yet.
		names.mu.Lock()
		names.hold = make(chan struct{})
		names.mu.Unlock()
		b = upstream(t, r, balance.Target{Target: "c.test:80", Weight: 1}, balance.Target{Target: "10.0.0.1:80", Weight: 1})
		if got := count(picks(t, b, 4)); got["10.0.0.1:80"] != 4 {
			t.Error(got)
		}
		close(names.hold)
		synctest.Wait()
		if got := count(picks(t, b, 4)); got["10.0.0.1:80"] != 2 || got["10.3.0.1:80"] != 2 {
			t.Error(got)
		}
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names := newTable()
		names.set("known.test", []string{"10.1.0.1"})
		r := balance.New(balance.Config{Resolver: names})
		known := r.Host("known.test", 80)
		next(t, known)
		names.hold = make(chan struct{}) // nothing is under way
		waiting := r.Host("svc.test", 80)
		errs := make(chan error)
		go func() {
			var p balance.Pick
			errs <- waiting.Next(&p)
		}()
		synctest.Wait()
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if err := <-errs; !errors.Is(err, balance.ErrResolve) {
			t.Errorf("a request that waited got %v", err)
		}
		pass(time.Minute)
		if got := next(t, known); got != "10.1.0.1:80" {
			t.Error(got)
		}
		var p balance.Pick
		if err := r.Host("late.test", 80).Next(&p); !errors.Is(err, balance.ErrResolve) {
			t.Errorf("a name after Close: %v", err)
		}
	})
}

func TestSystemResolverKnowsTheHostsFile(t *testing.T) {
	r := newRegistry(t, balance.Config{})
	if got := next(t, r.Host("localhost", 8080)); !slices.Contains([]string{"127.0.0.1:8080", "[::1]:8080"}, got) {
		t.Errorf("localhost is %s", got)
	}
}
