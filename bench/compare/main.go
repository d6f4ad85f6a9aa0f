// Command compare measures Gibbon beside nginx and HAProxy on this machine: the same requests, one core each, in turns, and prints the CPU
// time that each takes for a request, and what it is of nginx's in the same round. Its main types are benchCase, a row of the table, and
// proxy, a program that is measured in it. Load comes from wrk, the upstream is this program again. See ../README.md for what
// the cases are and how to read the table.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

func main() {
	var b bench
	flag.StringVar(&b.baseline, "baseline", "", "an older program of the gateway, measured in the same rounds")
	flag.StringVar(&b.only, "proxies", "", "only these, by name, with commas between: "+strings.Join(names(proxies), ", "))
	flag.StringVar(&b.json, "json", "", "write the figures to this file, too")
	rig.Main("compare", rig.Options{Gibbon: "bin/gibbon", Rounds: 3, Seconds: 3}, b.run)
}

// bench holds the flags and what runs.
type bench struct {
	rig.Options
	*rig.Bench
	baseline string
	only     string
	json     string
}

// run measures all cases. One that has to be refused does not keep the others from being measured.
func (b *bench) run(o rig.Options) (err error) {
	b.Options = o
	chosen, err := b.choose()
	if err != nil {
		return err
	}
	if b.Bench, err = rig.Open(o, "nginx", "haproxy", "wrk"); err != nil {
		return err
	}
	defer b.Close()
	out := newReport(os.Stdout, report{Machine: rig.Machine(), Rounds: o.Rounds, Seconds: o.Seconds, Pinned: o.Pin})
	var refused []error
	for _, c := range cases {
		if !strings.Contains(c.name, o.Cases) {
			continue
		}
		rows, err := b.measure(c, chosen)
		if err != nil {
			err = fmt.Errorf("%s: %w", c.name, err)
			refused = append(refused, err)
		}
		out.add(c, rows, err)
	}
	if b.json != "" {
		if err := out.save(b.json); err != nil {
			refused = append(refused, err)
		}
	}
	return errors.Join(refused...)
}
