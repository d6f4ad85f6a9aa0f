package rig

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Options are the flags of a benchmark. What Main is given are the defaults.
type Options struct {
	Gibbon  string // the gateway's program; "" lets the benchmark build it
	Rounds  int    // how often each case is measured
	Seconds int    // how long each measurement takes
	Cases   string // only the cases whose name contains this
	Pin     bool   // keep what is measured on one core, and load and upstream on another
}

// Main reads the flags and runs a benchmark, or, when it was started as one, its upstream.
func Main(name string, o Options, run func(Options) error) {
	flag.StringVar(&o.Gibbon, "gibbon", o.Gibbon, "the gateway's program; unset: it is built")
	flag.IntVar(&o.Rounds, "rounds", o.Rounds, "how often each case is measured")
	flag.IntVar(&o.Seconds, "seconds", o.Seconds, "how long each measurement takes")
	flag.StringVar(&o.Cases, "cases", "", "only the cases whose name contains this")
	flag.BoolVar(&o.Pin, "pin", true, "keep what is measured on one core, and load and upstream on another")
	upstream := flag.String("upstream", "", "only be an upstream: its kind, a comma, its address (used by the program itself)")
	load := flag.String("load", "", "only make load, as this JSON says (used by the program itself)")
	flag.Parse()
	switch {
	case *upstream != "":
		run = func(Options) error { return serveUpstream(*upstream) }
	case *load != "":
		run = func(Options) error { return makeLoad(*load, os.Stdout) }
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}

// Machine says what about the machine changes figures: its load, and whether the system gives programs large pages of memory, which
// makes what is far apart in memory cheaper ("always" is Debian's default).
func Machine() string {
	pages, _ := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled")
	return fmt.Sprintf("load %s, huge pages %q", LoadAverage(), regexp.MustCompile(`\[(.*)\]`).FindStringSubmatch(string(pages) + "[]")[1])
}

// LoadAverage returns how many processes wanted to run in the last minute.
func LoadAverage() string {
	load, _ := os.ReadFile("/proc/loadavg") // empty on other systems
	first, _, _ := strings.Cut(string(load), " ")
	return first
}
