package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/gibbon-gateway/gibbon/bench/peer"
	"github.com/gibbon-gateway/gibbon/bench/rig"
)

// row is what was measured of one proxy in one case. Lists have an entry for each round.
type row struct {
	Proxy   string    `json:"proxy"`
	CPU     []float64 `json:"cpu_us,omitempty"`  // for a request, or a message
	Rate    []float64 `json:"req_s,omitempty"`   // requests a second, when the proxy has no rest
	P99     []float64 `json:"p99_ms,omitempty"`  // at half of nginx's rate
	Late    []float64 `json:"late_ms,omitempty"` // the 99th percentile of how late requests were sent then
	Memory  []float64 `json:"bytes,omitempty"`   // of memory for an idle connection
	Note    string    `json:"note,omitzero"`     // why it was left out
	Targets []target  `json:"targets,omitempty"`
}

// target is what a row's CPU time may be at most, of another's. Of nobody's, it is memory.
type target struct {
	Of   string  `json:"of,omitzero"`
	Most float64 `json:"at_most"`
}

func (c benchCase) targets() []target {
	return slices.DeleteFunc([]target{{plainNginx, c.plain}, {sameNginx, c.same}, {"", c.bytes}}, func(t target) bool { return t.Most == 0 })
}

// contest is a case with the proxies that run it.
type contest struct {
	*bench
	benchCase
	proxies []proxy // that serve the case
	servers []*rig.Server
	rows    []*row
}

// measure takes a case's rounds. The proxies all run meanwhile; those that are not loaded do nothing.
func (b *bench) measure(c benchCase, chosen []proxy) (all []*row, err error) {
	t := &contest{bench: b, benchCase: c}
	defer func() {
		for _, s := range t.servers {
			rig.End(s.Cmd)
		}
	}()
	for _, p := range chosen {
		r := &row{Proxy: p.name}
		all = append(all, r)
		if p.name == gibbon {
			r.Targets = c.targets()
		}
		s, err := b.launch(p, c)
		switch {
		case err == nil:
			t.proxies, t.servers, t.rows = append(t.proxies, p), append(t.servers, s), append(t.rows, r)
		case p.name == older: // it cannot do yet what the case asks for
			r.Note = "does not serve this case"
		default:
			return nil, err
		}
	}
	for round := range b.Rounds {
		measure := []func(int) error{t.busy, t.steady}
		if c.idle {
			measure = []func(int) error{t.memory}
		} else if !b.p99 {
			measure = measure[:1]
		}
		for _, one := range measure {
			for i := range t.servers { // who begins changes, as the machine may get slower or faster meanwhile
				if err := one((i + round) % len(t.servers)); err != nil {
					return nil, err
				}
			}
		}
	}
	return all, nil
}

// busy measures what a request costs.
func (t *contest) busy(k int) error {
	load := t.load()
	if _, err := t.MeasureLoad(t.servers[k], load, 1); err != nil { // warm up
		return err
	}
	got, err := t.MeasureLoad(t.servers[k], load, t.Seconds)
	if err != nil {
		return err
	}
	t.rows[k].CPU, t.rows[k].Rate = append(t.rows[k].CPU, got.CPU), append(t.rows[k].Rate, got.Rate)
	return nil
}

// steady measures how long requests take at half of the rate that the first proxy, nginx unless it was left out, has just had.
func (t *contest) steady(k int) error {
	rates := t.rows[0].Rate
	got, err := t.MeasureLoad(t.servers[k], rig.Steady(t.spec(), rates[len(rates)-1]/2), t.Seconds)
	if err != nil {
		return err
	}
	t.rows[k].P99, t.rows[k].Late = append(t.rows[k].P99, got.P99), append(t.rows[k].Late, got.Late)
	return nil
}

// Idle connections: so many are there before memory is measured for the first time, and so many more when it is measured again.
const (
	idleBefore = 200
	idleMore   = 4000
	idleRest   = 3 * time.Second // until a proxy has given back what it does not need
)

// memory measures what an idle connection takes, after one request. The proxy is started anew each time: one that had as many before has
// their memory still.
func (t *contest) memory(k int) error {
	if len(t.rows[k].Memory) > 0 {
		rig.End(t.servers[k].Cmd)
		s, err := t.launch(t.proxies[k], t.benchCase)
		if err != nil {
			return err
		}
		t.servers[k] = s
	}
	spec := t.spec()
	spec.Addr = t.servers[k].Addr
	var bytes [2]float64
	for i, n := range []int{idleBefore, idleMore} {
		spec.Conns, spec.Streams = n, 1
		release, err := peer.Hold(spec)
		if err != nil {
			return fmt.Errorf("%s: %w", t.servers[k].Name, err)
		}
		defer release()
		<-time.After(idleRest)
		if bytes[i], err = rig.Memory(t.servers[k]); err != nil {
			return err
		}
	}
	t.rows[k].Memory = append(t.rows[k].Memory, (bytes[1]-bytes[0])/idleMore)
	return nil
}
