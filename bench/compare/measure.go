package main

import (
	"fmt"
	"slices"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

// row is what was measured of one proxy in one case. Lists have an entry for each round.
type row struct {
	Proxy   string    `json:"proxy"`
	CPU     []float64 `json:"cpu_us"`        // for a request
	Rate    []float64 `json:"req_s"`         // requests a second
	Note    string    `json:"note,omitzero"` // why it was left out
	Targets []target  `json:"targets,omitempty"`
}

// target is what a row's CPU time may be at most, of another's.
type target struct {
	Of   string  `json:"of"`
	Most float64 `json:"at_most"`
}

// measure takes a case's rounds. The proxies all run meanwhile; those that are not loaded do nothing.
func (b *bench) measure(c benchCase, chosen []proxy) ([]*row, error) {
	var servers []*rig.Server
	var rows, out []*row
	defer func() {
		for _, s := range servers {
			rig.End(s.Cmd)
		}
	}()
	for _, p := range chosen {
		r := &row{Proxy: p.name}
		out = append(out, r)
		if p.name == gibbon {
			r.Targets = c.targets()
		}
		s, err := b.launch(p, c)
		switch {
		case err == nil:
			servers, rows = append(servers, s), append(rows, r)
		case p.name == older: // it cannot do yet what the case asks for
			r.Note = "does not serve this case"
		default:
			return nil, err
		}
	}
	script := c.luaScript()
	for round := range b.Rounds {
		for i := range servers {
			k := (i + round) % len(servers)                             // who begins changes, as the machine may get slower or faster meanwhile
			if _, err := b.Measure(servers[k], script, 1); err != nil { // warm up
				return nil, err
			}
			got, err := b.Measure(servers[k], script, b.Seconds)
			if err != nil {
				return nil, err
			}
			rows[k].CPU, rows[k].Rate = append(rows[k].CPU, got.CPU), append(rows[k].Rate, got.Rate)
		}
	}
	return out, nil
}

func (c benchCase) targets() []target {
	return slices.DeleteFunc([]target{{plainNginx, c.plain}, {sameNginx, c.same}}, func(t target) bool { return t.Most == 0 })
}

// spread says what lies in the middle of some values.
type spread struct{ low, median, high float64 }

func spreadOf(v []float64) spread { return spread{rig.Quarter(v), rig.Median(v), rig.UpperQuarter(v)} }

// ratios divides the values of two rows round by round. It is empty if one of them was not measured.
func ratios(of, by []float64) []float64 {
	var r []float64
	for i := range min(len(of), len(by)) {
		r = append(r, of[i]/by[i])
	}
	return r
}

func number(v []float64, digits int) string {
	if len(v) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.*f", digits, rig.Median(v))
}
