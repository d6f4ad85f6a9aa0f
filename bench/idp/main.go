// Command idp measures the identity provider: how soon it is ready, how many tokens for machines it makes beside what the machine's RSA
// allows, what CPU a sign-in by SRP takes, and whether sign-in and ListUsers get slower with 100,000 users in a pool. It starts the real
// program and talks to it over loopback HTTP. See ../README.md for what exactly is compared.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

// options are the flags.
type options struct {
	gibbon   string
	only     string
	database string
	starts   int
	rounds   int
	turn     time.Duration
	signIns  int
	users    int
}

func main() {
	var o options
	flag.StringVar(&o.gibbon, "gibbon", "", "the gateway's program; built if not given")
	flag.StringVar(&o.only, "only", "", "only these parts, separated by commas: start, tokens, srp, users")
	flag.StringVar(&o.database, "database", "", "an empty PostgreSQL database (postgres://…) in place of SQLite, for the users")
	flag.IntVar(&o.starts, "starts", 10, "how often the program is started")
	flag.IntVar(&o.rounds, "rounds", 15, "how often signing and tokens are measured in turn")
	flag.DurationVar(&o.turn, "turn", 700*time.Millisecond, "how long each of them takes")
	flag.IntVar(&o.signIns, "signins", 100, "how many sign-ins are measured")
	flag.IntVar(&o.users, "users", 100000, "how many users the large pool has; the small one has 1000")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "idp:", err)
		os.Exit(1)
	}
}

// bench is a run.
type bench struct {
	options
	*rig.Bench
}

func run(o options) error {
	r, err := rig.New(false)
	if err != nil {
		return err
	}
	defer r.Close()
	b := &bench{o, r}
	if b.gibbon == "" {
		b.gibbon = filepath.Join(b.Dir, "gibbon")
		build := exec.Command("go", "build", "-trimpath", "-o", b.gibbon, "./cmd/gibbon")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build the gateway (or name it with -gibbon): %w\n%s", err, out)
		}
	}
	for _, part := range []struct {
		name string
		run  func(*bench) error
	}{{"start", (*bench).start}, {"tokens", (*bench).tokens}, {"srp", (*bench).srp}, {"users", (*bench).pools}} {
		if o.only != "" && !strings.Contains(","+o.only+",", ","+part.name+",") {
			continue
		}
		fmt.Printf("## %s (load average %s)\n\n", part.name, load())
		if err := part.run(b); err != nil {
			return fmt.Errorf("%s: %w\n%s", part.name, err, b.Logs())
		}
		fmt.Println()
	}
	return nil
}

// load is how many programs want the machine's cores besides this one.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Fields(string(b))[0]
}

// verdict says whether a figure is as asked for.
func verdict(good bool) string {
	if good {
		return "yes"
	}
	return "NO"
}
