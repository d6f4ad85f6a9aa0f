// Command compare measures Gibbon beside nginx on this machine: the same job, one core each, in turns, and prints the CPU time that each takes
// for a request, and the ratio. It is not a load test of its own: wrk makes the requests, and the upstream is a small server of
// this program. See ../README.md for what the cases are and how to read the table.
package main

import (
	"fmt"
	"strings"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

func main() {
	rig.Main("compare", rig.Options{Gibbon: "bin/gibbon", Rounds: 3, Seconds: 3}, compare)
}

// benchCase is one row of the table.
type benchCase struct {
	name   string
	target float64 // the ratio that the design asks for
	plugin bool    // with key-auth and rate-limiting
	path   string  // behind the prefix of the route
	fields [][2]string
}

var cases = []benchCase{
	{name: "proxy, no plugin", target: 0.9, path: "/v1/items"},
	{name: "key-auth + rate-limiting local", target: 1.1, plugin: true, path: "/v1/items", fields: [][2]string{{"apikey", benchKey}}},
	{name: "new connection per request", target: 1.3, path: "/v1/items", fields: [][2]string{{"Connection", "close"}}},
	{name: "1 MiB body", target: 0.6, path: "/big"},
}

const (
	benchKey = "0123456789abcdef0123456789abcdef"
	hosts    = 100
	prefixes = 10
)

func compare(o rig.Options) error {
	r, err := rig.Open(o, "nginx", "wrk")
	if err != nil {
		return err
	}
	defer r.Close()
	b := &bench{Options: o, Bench: r}
	fmt.Printf("%d rounds of %d s, 64 connections, %d routes, one core each, %s\n\n", o.Rounds, o.Seconds, hosts*prefixes, rig.Machine())
	fmt.Println("| case | nginx CPU µs | Gibbon CPU µs | ratio | at most | nginx req/s | Gibbon req/s |")
	fmt.Println("| --- | --: | --: | --: | --: | --: | --: |")
	for _, c := range cases {
		if !strings.Contains(c.name, o.Cases) {
			continue
		}
		if err := b.row(c); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// row measures a case and prints its line.
func (b *bench) row(c benchCase) error {
	proxies, err := b.startProxies(c)
	if err != nil {
		return err
	}
	defer b.stopProxies(proxies)
	script := luaScript(c)
	var ratios []float64
	var cpu, rate [2][]float64
	for round := range b.Rounds {
		var got [2]rig.Cost
		for i := range proxies {
			k := (i + round) % 2                                        // who begins changes, as the machine may get slower or faster meanwhile
			if _, err := b.Measure(proxies[k], script, 1); err != nil { // warm up
				return err
			}
			if got[k], err = b.Measure(proxies[k], script, b.Seconds); err != nil {
				return err
			}
		}
		ratios = append(ratios, got[1].CPU/got[0].CPU)
		for k := range got {
			cpu[k], rate[k] = append(cpu[k], got[k].CPU), append(rate[k], got[k].Rate)
		}
	}
	fmt.Printf("| %s | %.1f | %.1f | %.2f | %.2f | %.0f | %.0f |\n", c.name, rig.Median(cpu[0]), rig.Median(cpu[1]), rig.Median(ratios), c.target,
		rig.Median(rate[0]), rig.Median(rate[1]))
	return nil
}
