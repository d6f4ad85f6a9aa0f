package snapshot_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/balance"
	"github.com/gibbon-gateway/gibbon/internal/route"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
)

// change makes a random change of a small world of entities.
func change(t testing.TB, r *rand.Rand) entity.Object {
	n := r.IntN(5)
	var o entity.Object
	switch r.IntN(6) {
	case 0, 1:
		o = object(t, "services", n, fmt.Sprintf(`{"host":"up%d.test","port":%d,"protocol":%q,"enabled":%t}`,
			r.IntN(4), 80+r.IntN(2), []string{"http", "http", "https"}[r.IntN(3)], r.IntN(5) > 0))
	case 2, 3:
		o = object(t, "routes", 10+n, fmt.Sprintf(`{"paths":["/%d"],"service":%s}`, r.IntN(4), ref(r.IntN(5))))
	case 4:
		o = object(t, "upstreams", 20+n, fmt.Sprintf(`{"name":"up%d.test","host_header":"h%d"}`, n, r.IntN(2)))
	case 5:
		o = pluginOf(30+n, "test", fmt.Sprintf(`{"do":%q}`, []string{"", "", "fail"}[r.IntN(3)]), fmt.Sprintf(`,"route":%s`, ref(10+r.IntN(5))))
	}
	if r.IntN(4) == 0 {
		o.Doc = nil
	}
	return o
}

// picture is what a snapshot does with some requests.
func picture(s *snapshot.Snapshot, problems []entity.Problem) (lines []string) {
	for i := range 4 {
		var out route.Result
		p := s.Match(&route.Request{Method: []byte("GET"), Path: fmt.Appendf(nil, "/%d", i), Header: &header.Fields{}}, &out)
		if p == nil {
			lines = append(lines, "none")
			continue
		}
		line := fmt.Sprint(p.Route.ID, p.Route.Paths, len(p.Chain.Slots))
		for i := range p.Chain.Slots {
			line += p.Chain.Slots[i].Pick(nil, nil).ID
		}
		if p.Service != nil {
			line += fmt.Sprint(*p.Service.Entity, p.Service.HostHeader, p.Service.TLS != nil, len(p.Service.Balancer.Peers()))
		}
		lines = append(lines, line)
	}
	for _, p := range problems {
		lines = append(lines, p.Err.Error())
	}
	return append(lines, fmt.Sprint(s.Routes()))
}

// nowhere knows no name.
type nowhere struct{}

func (nowhere) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, &net.DNSError{IsNotFound: true}
}

// TestBuildAfterChanges: a snapshot that takes over from the last does what one does that is made alone.
func TestBuildAfterChanges(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 3))
		var closed int
		o := options(t, testTypes(&closed))
		o.Balance = balance.New(balance.Config{Resolver: nowhere{}})
		var set *entity.Set
		var last *snapshot.Snapshot
		for version := range uint64(60) {
			set, _ = set.Change(version, []entity.Object{change(t, r)})
			next, problems := buildSet(last, set, o)
			next.Enter()
			next.Sweep()
			next.Leave(last)
			alone := o
			alone.Balance, alone.Directory = balance.New(balance.Config{Resolver: nowhere{}}), nil
			want, wanted := buildSet(nil, set, alone)
			if diff := cmp.Diff(picture(want, wanted), picture(next, problems)); diff != "" {
				t.Fatalf("seed %d, version %d: (-alone +after others)\n%s", seed, version, diff)
			}
			want.Close()
			alone.Balance.Close()
			last = next
		}
		last.Close()
		o.Balance.Close()
	}
}

// Balancers are kept as long as a service asks for their address, whatever else changes in it.
func TestBalancersStay(t *testing.T) {
	o := options(t, nil)
	service := func(timeout int) entity.Object {
		return object(t, "services", 1, fmt.Sprintf(`{"host":"127.0.0.1","read_timeout":%d}`, timeout))
	}
	build := func(last *snapshot.Snapshot, set *entity.Set) *snapshot.Snapshot {
		s, problems := buildSet(last, set, o)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		s.Sweep()
		return s
	}
	balancer := func(s *snapshot.Snapshot) any {
		var out route.Result
		return s.Match(&route.Request{Method: []byte("GET"), Path: []byte("/"), Header: &header.Fields{}}, &out).Service.Balancer
	}
	set := setOf(t, service(1), object(t, "routes", 2, `{"paths":["/"],"service":`+ref(1)+`}`))
	first := build(nil, set)
	last := first
	for i := range 3 {
		set, _ = set.Change(uint64(i), []entity.Object{object(t, "consumers", 3, fmt.Sprintf(`{"username":"c%d"}`, i))})
		last = build(last, set)
	}
	set, _ = set.Change(9, []entity.Object{service(2)})
	if balancer(build(last, set)) != balancer(first) {
		t.Error("another balancer for the same address")
	}
}
