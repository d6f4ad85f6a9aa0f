package balance_test

import (
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/balance"
)

// A pick that prefers a mark gets its address at the first try, as long as it is there and has a weight, also from another registry.
func TestPreferredAddress(t *testing.T) {
	targets := []balance.Target{{Target: "10.0.0.1:80", Weight: 1}, {Target: "10.0.0.2:80", Weight: 9}, {Target: "[2001:db8::1]:80", Weight: 1}}
	of := func(targets []balance.Target) balance.Balancer {
		b, err := newRegistry(t, balance.Config{}).Upstream(balance.Upstream{ID: "u", Targets: targets})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	next := func(b balance.Balancer, p *balance.Pick) string {
		t.Helper()
		if err := b.Next(p); err != nil {
			t.Fatal(err)
		}
		return p.Addr.String()
	}
	one, two := of(targets), of(targets)
	marks := map[string]uint64{}
	for range 11 {
		var p balance.Pick
		addr := next(one, &p)
		if p.Mark == 0 || marks[addr] != 0 && marks[addr] != p.Mark {
			t.Fatalf("%s has mark %x", addr, p.Mark)
		}
		marks[addr] = p.Mark
	}
	if len(marks) != 3 {
		t.Fatal(marks)
	}
	for addr, mark := range marks {
		for range 20 {
			p := balance.Pick{Prefer: mark}
			if got := next(two, &p); got != addr {
				t.Fatalf("got %s, want %s", got, addr)
			}
			if got := next(two, &p); got == addr { // a further try goes elsewhere
				t.Fatalf("%s again", got)
			}
		}
	}
	// Requests of a session take no turn of the others.
	even := of([]balance.Target{{Target: "10.0.0.1:80", Weight: 1}, {Target: "10.0.0.2:80", Weight: 1}})
	got := map[string]int{}
	for range 10 {
		var p balance.Pick
		got[next(even, &p)]++
		next(even, &balance.Pick{Prefer: marks["10.0.0.1:80"]})
	}
	if got["10.0.0.1:80"] != 5 {
		t.Errorf("beside a session: %v", got)
	}
	targets[0].Weight = 0
	without := of(targets)
	for range 20 {
		p := balance.Pick{Prefer: marks["10.0.0.1:80"]}
		if got := next(without, &p); got == "10.0.0.1:80" {
			t.Fatalf("got an address without weight")
		}
	}
	p := balance.Pick{Prefer: marks["10.0.0.2:80"]}
	if n := testing.AllocsPerRun(100, func() { p = balance.Pick{Prefer: p.Prefer}; two.Next(&p) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
