package balance_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/gibbon-gateway/gibbon/internal/balance"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// table is a resolver that answers from a table that tests change.
type table struct {
	mu    sync.Mutex
	names map[string]any // []string of addresses, or an error
	asked map[string]int
	hold  chan struct{} // if not nil, lookups wait until it is closed
}

func newTable() *table { return &table{names: map[string]any{}, asked: map[string]int{}} }

func (t *table) set(name string, to any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.names[name] = to
}

func (t *table) count(name string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.asked[name]
}

func (t *table) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	t.mu.Lock()
	t.asked[host]++
	to, hold := t.names[host], t.hold
	t.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	switch to := to.(type) {
	case []string:
		var addrs []netip.Addr
		for _, a := range to {
			addrs = append(addrs, netip.MustParseAddr(a))
		}
		return addrs, nil
	case error:
		return nil, to
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func newRegistry(t testing.TB, c balance.Config) *balance.Registry {
	r := balance.New(c)
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func upstream(t testing.TB, r *balance.Registry, targets ...balance.Target) balance.Balancer {
	t.Helper()
	b, err := r.Upstream(balance.Upstream{ID: "u1", Name: "u.test", Targets: targets})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// next makes a choice for a new request.
func next(t testing.TB, b balance.Balancer) string {
	t.Helper()
	var p balance.Pick
	if err := b.Next(&p); err != nil {
		t.Fatal(err)
	}
	return p.Addr.String()
}

func picks(t testing.TB, b balance.Balancer, n int) (list []string) {
	t.Helper()
	for range n {
		list = append(list, next(t, b))
	}
	return list
}

func count(list []string) map[string]int {
	n := make(map[string]int)
	for _, s := range list {
		n[s]++
	}
	return n
}

func TestSharesAreExactOverACycle(t *testing.T) {
	for _, weights := range [][]int{
		{1}, {100}, {1, 1}, {100, 100, 100}, {5, 1, 1}, {3, 2}, {100, 50, 25}, {65535, 1}, {65535, 65534}, {7, 11, 13, 0, 17},
		{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {6, 10, 15}, {1000, 1, 1000, 1}, {0, 3},
	} {
		r := newRegistry(t, balance.Config{})
		var targets []balance.Target
		want := make(map[string]int)
		sum, divisor := 0, 0
		for i, w := range weights {
			targets = append(targets, balance.Target{Target: fmt.Sprintf("10.0.0.%d:80", i+1), Weight: w})
			sum, divisor = sum+w, gcd(divisor, w)
		}
		for i, w := range weights {
			if w > 0 {
				want[fmt.Sprintf("10.0.0.%d:80", i+1)] = w / divisor
			}
		}
		b := upstream(t, r, targets...)
		for cycle := range 2 {
			if diff := cmp.Diff(want, count(picks(t, b, sum/divisor))); diff != "" {
				t.Errorf("weights %v cycle %d: (-want +got)\n%s", weights, cycle, diff)
			}
		}
	}
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// In no run of picks may an address have much more or less than its share.
func TestTurnsAreSpreadEvenly(t *testing.T) {
	for _, weights := range [][]int{{1, 1, 1}, {5, 1, 1}, {100, 50, 25}, {10, 1}, {7, 11, 13, 17}, {999, 500, 1}} {
		r := newRegistry(t, balance.Config{})
		var targets []balance.Target
		sum := 0
		for i, w := range weights {
			targets = append(targets, balance.Target{Target: fmt.Sprintf("10.0.0.%d:80", i+1), Weight: w})
			sum += w
		}
		list := picks(t, upstream(t, r, targets...), 3000)
		for i, w := range weights {
			addr, low, high, got := fmt.Sprintf("10.0.0.%d:80", i+1), 0.0, 0.0, 0
			for n, a := range list {
				if a == addr {
					got++
				}
				off := float64(got) - float64(n+1)*float64(w)/float64(sum)
				low, high = min(low, off), max(high, off)
			}
			if high-low > 4 {
				t.Errorf("weights %v: target %d is between %.1f and %.1f off its share", weights, i, low, high)
			}
		}
	}
}

func TestNoPeer(t *testing.T) {
	r := newRegistry(t, balance.Config{Resolver: newTable()})
	for name, b := range map[string]balance.Balancer{
		"no target":       upstream(t, r),
		"weight 0":        upstream(t, r, balance.Target{Target: "10.0.0.1:80"}),
		"unknown name":    upstream(t, r, balance.Target{Target: "unknown.test:80", Weight: 1}),
		"name, no weight": upstream(t, r, balance.Target{Target: "unknown.test:80"}),
	} {
		var p balance.Pick
		err := b.Next(&p)
		if !errors.Is(err, balance.ErrNoPeer) || !strings.HasPrefix(err.Error(), "failure to get a peer from the ring-balancer") {
			t.Errorf("%s: %v", name, err)
		}
		if p.Tries != 0 || p.Addr.IsValid() {
			t.Errorf("%s: picked %v", name, p.Addr)
		}
	}
}

func TestTargetsThatCannotBeRead(t *testing.T) {
	r := newRegistry(t, balance.Config{})
	b := upstream(t, r, balance.Target{Target: "10.0.0.1:80", Weight: 1})
	for _, bad := range []balance.Target{
		{Target: "", Weight: 1}, {Target: "a", Weight: 1}, {Target: ":80", Weight: 1}, {Target: "a:b", Weight: 1},
		{Target: "a:65536", Weight: 1}, {Target: "a:-1", Weight: 1}, {Target: "::1:80", Weight: 1},
		{Target: "10.0.0.2:80", Weight: -1}, {Target: "10.0.0.2:80", Weight: 65536},
	} {
		_, err := r.Upstream(balance.Upstream{ID: "u1", Name: "u.test", Targets: []balance.Target{{Target: "10.0.0.9:80", Weight: 1}, bad}})
		if err == nil || !strings.Contains(err.Error(), "upstream u.test: ") {
			t.Errorf("%+v: error %v", bad, err)
		}
	}
	if got := next(t, b); got != "10.0.0.1:80" {
		t.Errorf("a refused change took effect: %s", got)
	}
}

func TestPickNamesTheTarget(t *testing.T) {
	names := newTable()
	names.set("svc.test", []string{"10.1.0.1"})
	r := newRegistry(t, balance.Config{Resolver: names})
	of := func(target string) balance.Balancer {
		b, err := r.Upstream(balance.Upstream{ID: target, Targets: []balance.Target{{Target: target, Weight: 3}}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, c := range []struct {
		b        balance.Balancer
		addr     string
		hostname string
		port     int
	}{
		{r.Host("127.0.0.1", 8080), "127.0.0.1:8080", "127.0.0.1", 8080},
		{r.Host("::1", 80), "[::1]:80", "::1", 80},
		{r.Host("[::1]", 80), "[::1]:80", "::1", 80},
		{r.Host("svc.test", 80), "10.1.0.1:80", "svc.test", 80},
		{of("svc.test:81"), "10.1.0.1:81", "svc.test", 81},
		{of("[2001:db8::1]:82"), "[2001:db8::1]:82", "2001:db8::1", 82},
	} {
		var p balance.Pick
		if err := c.b.Next(&p); err != nil {
			t.Fatal(err)
		}
		if p.Addr.String() != c.addr || p.Hostname != c.hostname || p.Port != c.port || p.Tries != 1 {
			t.Errorf("got %v %s %d, want %s %s %d", p.Addr, p.Hostname, p.Port, c.addr, c.hostname, c.port)
		}
	}
}

func TestFurtherTriesTakeOtherAddresses(t *testing.T) {
	r := newRegistry(t, balance.Config{})
	var targets []balance.Target
	for i := range 5 {
		targets = append(targets, balance.Target{Target: fmt.Sprintf("10.0.0.%d:80", i+1), Weight: 1 + 50*i})
	}
	b := upstream(t, r, targets...)
	for range 200 {
		var p balance.Pick
		seen := make(map[string]int)
		for range 5 {
			if err := b.Next(&p); err != nil {
				t.Fatal(err)
			}
			p.Report(balance.Failed)
			seen[p.Addr.String()]++
		}
		if len(seen) != 5 {
			t.Fatalf("5 tries went to %v", seen)
		}
		for range 20 { // all were tried; it goes on
			if err := b.Next(&p); err != nil {
				t.Fatal(err)
			}
		}
		if p.Tries != 25 {
			t.Fatalf("%d tries", p.Tries)
		}
		p.Reset()
		if p.Tries != 0 || p.Addr.IsValid() {
			t.Fatalf("after Reset: %+v", p)
		}
	}
}

func TestStateOutlivesTheBalancer(t *testing.T) {
	r := newRegistry(t, balance.Config{})
	a, b, c := balance.Target{Target: "10.0.0.1:80", Weight: 1}, balance.Target{Target: "10.0.0.2:80", Weight: 1}, balance.Target{Target: "10.0.0.3:80", Weight: 1}
	var got []string
	for range 6 { // a new snapshot for each request
		got = append(got, next(t, upstream(t, r, a, b, c)))
	}
	if diff := cmp.Diff(map[string]int{a.Target: 2, b.Target: 2, c.Target: 2}, count(got)); diff != "" {
		t.Errorf("turns start again with each snapshot: %s", diff)
	}

	u := upstream(t, r, a, b)
	for _, o := range []balance.Outcome{balance.Answered, balance.Failed, balance.TimedOut, balance.Answered} {
		var p balance.Pick
		for p.Addr.String() != a.Target {
			p.Reset()
			if err := u.Next(&p); err != nil {
				t.Fatal(err)
			}
		}
		p.Report(o)
		p.Report(o) // a try is counted once
	}
	upstream(t, r, c, balance.Target{Target: a.Target, Weight: 7}) // b goes, c comes back, a changes
	want := []balance.Peer{
		{Hostname: "10.0.0.3", Port: 80, Addr: netip.MustParseAddrPort(c.Target), Weight: 1},
		{Hostname: "10.0.0.1", Port: 80, Addr: netip.MustParseAddrPort(a.Target), Weight: 7, Answered: 2, Failed: 1, TimedOut: 1},
	}
	compare := cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })
	if diff := cmp.Diff(want, u.Peers(), compare); diff != "" {
		t.Errorf("the balancer of an older snapshot does not see it: %s", diff)
	}

	r.Sweep() // asked for since the start
	r.Sweep() // not asked for since
	if got := next(t, u); !slices.Contains([]string{a.Target, c.Target}, got) {
		t.Errorf("a forgotten balancer picked %s", got)
	}
	want[1].Answered, want[1].Failed, want[1].TimedOut = 0, 0, 0
	if diff := cmp.Diff(want, upstream(t, r, c, balance.Target{Target: a.Target, Weight: 7}).Peers(), compare); diff != "" {
		t.Errorf("not forgotten: %s", diff)
	}
}

func TestReportWithoutPick(t *testing.T) {
	var p balance.Pick
	p.Report(balance.Failed) // must not panic: no address was ever chosen
	if p.Tries != 0 {
		t.Errorf("%d tries", p.Tries)
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	names := newTable()
	names.set("svc.test", []string{"10.1.0.1", "10.1.0.2"})
	r := newRegistry(t, balance.Config{Resolver: names})
	for name, b := range map[string]balance.Balancer{
		"address":  r.Host("127.0.0.1", 80),
		"name":     r.Host("svc.test", 80),
		"upstream": upstream(t, r, balance.Target{Target: "svc.test:80", Weight: 3}, balance.Target{Target: "10.0.0.1:80", Weight: 5}),
	} {
		next(t, b)
		var p balance.Pick
		if n := testing.AllocsPerRun(200, func() {
			p.Reset()
			for range 3 {
				if err := b.Next(&p); err != nil {
					t.Fatal(err)
				}
				p.Report(balance.Answered)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestConcurrentUseAndChange(t *testing.T) {
	names := newTable()
	names.set("a.test", []string{"10.1.0.1", "10.1.0.2"})
	names.set("b.test", []string{"10.2.0.1"})
	r := newRegistry(t, balance.Config{Resolver: names, TTL: 1}) // every pick finds its names too old
	sets := [][]balance.Target{
		{{Target: "a.test:80", Weight: 2}, {Target: "10.0.0.1:80", Weight: 1}},
		{{Target: "b.test:80", Weight: 1}},
		{{Target: "a.test:81", Weight: 1}, {Target: "b.test:80", Weight: 1}},
	}
	b := upstream(t, r, sets[0]...)
	var users sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		users.Go(func() {
			var p balance.Pick
			for {
				select {
				case <-stop:
					return
				default:
				}
				p.Reset()
				for range 2 {
					if err := b.Next(&p); err != nil {
						t.Error(err)
						return
					}
					p.Report(balance.Answered)
				}
			}
		})
	}
	for i := range 300 {
		upstream(t, r, sets[i%len(sets)]...)
		r.Host("a.test", i%7)
		b.Peers()
		r.Sweep()
	}
	close(stop)
	users.Wait()
}

func BenchmarkNext(b *testing.B) {
	names := newTable()
	names.set("svc.test", []string{"10.1.0.1", "10.1.0.2"})
	r := newRegistry(b, balance.Config{Resolver: names})
	var many []balance.Target
	for i := range 1000 {
		many = append(many, balance.Target{Target: fmt.Sprintf("10.0.%d.%d:80", i/250, i%250), Weight: 1 + i%100})
	}
	for _, c := range []struct {
		name string
		b    balance.Balancer
	}{
		{"address", r.Host("127.0.0.1", 80)},
		{"name", r.Host("svc.test", 80)},
		{"upstream of 1000", upstream(b, r, many...)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var p balance.Pick
			for b.Loop() {
				p.Reset()
				if err := c.b.Next(&p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
