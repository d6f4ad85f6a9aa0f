// Command compare measures Gibbon beside nginx and HAProxy on this machine: the same requests, one core each, in turns, and prints the CPU
// time that each takes for a request, and what it is of nginx's in the same round. Its main types are benchCase, a row of the table, and
// proxy, a program that is measured in it. Load comes from wrk, h2load and, for what they cannot do,
// package peer; the upstream is this program again. See ../README.md for what
// the cases are and how to read the table.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

func main() {
	var b bench
	flag.StringVar(&b.baseline, "baseline", "", "an older program of the gateway, measured in the same rounds")
	flag.StringVar(&b.only, "proxies", "", "only these, by name, with commas between: "+strings.Join(names(proxies), ", "))
	flag.BoolVar(&b.p99, "p99", true, "measure latency at half of nginx's rate, too")
	flag.StringVar(&b.json, "json", "", "write the figures to this file, too")
	rig.Main("compare", rig.Options{Gibbon: "bin/gibbon", Rounds: 3, Seconds: 3}, b.run)
}

// bench holds the flags and what runs.
type bench struct {
	rig.Options
	*rig.Bench
	baseline  string
	only      string
	p99       bool
	json      string
	upstreams map[string]string // addresses by kind
}

// run measures all cases. One that has to be refused does not keep the others from being measured.
func (b *bench) run(o rig.Options) (err error) {
	b.Options = o
	chosen, err := b.choose()
	if err != nil {
		return err
	}
	wanted := slices.DeleteFunc(slices.Clone(cases), func(c benchCase) bool {
		return !strings.Contains(strings.ToLower(c.name), strings.ToLower(o.Cases))
	})
	if len(wanted) == 0 {
		return fmt.Errorf("-cases: no name contains %q", o.Cases)
	}
	if b.Bench, err = rig.Open(o, "nginx", "haproxy", "wrk", "h2load"); err != nil {
		return err
	}
	defer b.Close()
	b.upstreams = map[string]string{rig.HTTP: b.Upstream}
	for _, kind := range []string{rig.GRPC, rig.WebSocket} {
		if b.upstreams[kind], err = b.StartUpstream(kind); err != nil {
			return err
		}
	}
	if err := b.writeCertificate(); err != nil {
		return err
	}
	out := newReport(os.Stdout, report{Machine: rig.Machine(), Rounds: o.Rounds, Seconds: o.Seconds, Pinned: o.Pin})
	var refused []string
	defer func() {
		if len(refused) > 0 {
			err = errors.Join(err, fmt.Errorf("refused: %s", strings.Join(refused, "; ")))
		}
	}()
	for _, c := range wanted {
		rows, err := b.measure(c, chosen)
		if err != nil {
			refused = append(refused, c.name)
		}
		out.add(c, rows, err)
	}
	if b.json != "" {
		return out.save(b.json)
	}
	return nil
}
