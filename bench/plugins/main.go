// Command plugins measures what plugins take: the CPU time that the gateway needs for a request on a route with a plugin, over what it
// needs for the same request on a route without one. One gateway has both routes; wrk loads them in turn. See ../README.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

// options are the flags.
type options struct {
	gibbon   string
	rounds   int
	seconds  int
	cases    string
	pin      bool
	upstream string
}

func main() {
	var o options
	flag.StringVar(&o.gibbon, "gibbon", "", "the gateway's program; unset: it is built")
	flag.IntVar(&o.rounds, "rounds", 12, "how often each case is measured")
	flag.IntVar(&o.seconds, "seconds", 1, "how long each measurement takes")
	flag.StringVar(&o.cases, "cases", "", "only the cases whose name contains this")
	flag.BoolVar(&o.pin, "pin", true, "keep the gateway on one core, and load, upstream and Redis on another")
	flag.StringVar(&o.upstream, rig.Upstream, "", "only be the upstream, on this address (used by the program itself)")
	flag.Parse()
	run := measure
	if o.upstream != "" {
		run = func(o options) error { return rig.ServeUpstream(o.upstream) }
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "plugins:", err)
		os.Exit(1)
	}
}

func measure(o options) error {
	var chosen []benchCase
	programs := []string{"wrk"}
	for _, c := range cases {
		if strings.Contains(c.name, o.cases) {
			chosen = append(chosen, c)
			programs = append(programs, c.programs...)
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("no case has %q in its name", o.cases)
	}
	if err := rig.Need(programs...); err != nil {
		return err
	}
	r, err := rig.New(o.pin)
	if err != nil {
		return err
	}
	defer r.Close()
	if o.gibbon == "" {
		o.gibbon = filepath.Join(r.Dir, "gibbon")
		build := exec.Command("go", "build", "-trimpath", "-o", o.gibbon, "./cmd/gibbon")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("go build ./cmd/gibbon: %w\n%s", err, out)
		}
	}
	g := &gateway{Bench: r, program: o.gibbon}
	if err := g.start(chosen); err != nil {
		return fmt.Errorf("%w\n%s", err, r.Logs())
	}
	fmt.Printf("%d rounds of %d s, 64 connections, the gateway on one core\n\n", o.rounds, o.seconds)
	fmt.Println("| case | without, CPU µs | with, CPU µs | ratio | at most | ratio of medians |")
	fmt.Println("| --- | --: | --: | --: | --: | --: |")
	for _, c := range chosen {
		if err := g.row(c, o); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// row measures a case and prints its line.
func (g *gateway) row(c benchCase, o options) error {
	paths := [2]string{"/plain", "/" + c.route}
	var cpu [2][]float64
	for round := range o.rounds + 1 {
		fields, err := c.fields(g, c) // anew, as a session that is a minute old is sealed anew in every answer
		if err != nil {
			return err
		}
		if err := g.check(c, fields, round); err != nil {
			return err
		}
		var got [2]rig.Cost
		for i := range paths {
			k := (i + round) % 2 // who begins changes, as the machine may get slower or faster meanwhile
			if got[k], err = g.Measure(g.server, script(c, paths[k], fields, round), o.seconds); err != nil {
				return err
			}
		}
		if round == 0 {
			continue // to warm up
		}
		for k := range got {
			cpu[k] = append(cpu[k], got[k].CPU)
		}
	}
	target := ""
	if c.target > 0 {
		target = fmt.Sprintf("%.2f", c.target)
	}
	without, with := rig.Quarter(cpu[0]), rig.Quarter(cpu[1])
	fmt.Printf("| %s | %.1f | %.1f | %.2f | %s | %.2f |\n", c.name, without, with, with/without, target, rig.Median(cpu[1])/rig.Median(cpu[0]))
	return nil
}
