// Command plugins measures what plugins take: the CPU time that the gateway needs for a request on a route with a plugin, over what it
// needs for the same request on a route without one. One gateway has both routes; wrk loads them in turn. See ../README.md.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

func main() {
	rig.Main("plugins", rig.Options{Gibbon: "", Rounds: 12, Seconds: 1}, measure)
}

func measure(o rig.Options) error {
	var chosen []benchCase
	programs := []string{"wrk"}
	for _, c := range cases {
		if strings.Contains(c.name, o.Cases) {
			chosen = append(chosen, c)
			programs = append(programs, c.programs...)
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("no case has %q in its name", o.Cases)
	}
	if err := rig.Need(programs...); err != nil {
		return err
	}
	r, err := rig.New(o.Pin)
	if err != nil {
		return err
	}
	defer r.Close()
	if o.Gibbon == "" {
		o.Gibbon = filepath.Join(r.Dir, "gibbon")
		build := exec.Command("go", "build", "-trimpath", "-o", o.Gibbon, "./cmd/gibbon")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("go build ./cmd/gibbon: %w\n%s", err, out)
		}
	}
	g := &gateway{Bench: r, program: o.Gibbon}
	if err := g.sign(chosen); err != nil {
		return err
	}
	if g.signer != nil {
		defer g.signer.Close()
	}
	if err := g.start(chosen); err != nil {
		return fmt.Errorf("%w\n%s", err, r.Logs())
	}
	fmt.Printf("%d rounds of %d s, 64 connections, the gateway on one core, %s\n\n", o.Rounds, o.Seconds, rig.Machine())
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
func (g *gateway) row(c benchCase, o rig.Options) error {
	paths := [2]string{"/plain", "/" + c.route}
	var cpu [2][]float64
	if c.fill > 0 {
		fields, err := c.fields(g, c)
		if err != nil {
			return err
		}
		if _, err := g.Measure(g.server, g.script(c, paths[1], fields, -1), c.fill); err != nil {
			return err
		}
	}
	for round := range o.Rounds + 1 {
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
			if got[k], err = g.Measure(g.server, g.script(c, paths[k], fields, round), o.Seconds); err != nil {
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
	ratio, medians := with/without, rig.Median(cpu[1])/rig.Median(cpu[0])
	if c.unseen {
		ratio, medians = (with-without)/g.signer.raw, (rig.Median(cpu[1])-rig.Median(cpu[0]))/g.signer.raw
		c.name += fmt.Sprintf(" (%.1f µs)", g.signer.raw)
	}
	fmt.Printf("| %s | %.1f | %.1f | %.2f | %s | %.2f |\n", c.name, without, with, ratio, target, medians)
	return nil
}
