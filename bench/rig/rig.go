// Package rig is what the benchmarks have in common: it starts programs on chosen cores and an upstream, loads a server with wrk, h2load
// or package peer, and reads from /proc what the server has taken. Its main type is Bench. What is measured, and against what, is each benchmark's own.
package rig

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Cores of the machine: servers that are measured run on one, everything else on the other.
const (
	Measured = 0
	Others   = 1
)

// Bench holds what runs.
type Bench struct {
	Dir      string // of files and logs
	Upstream string // address of the one that speaks HTTP/1.1
	pin      bool
	running  []*exec.Cmd
}

// New makes a folder for a benchmark. pin keeps programs on the cores that they are given.
func New(pin bool) (*Bench, error) {
	dir, err := os.MkdirTemp("", "gibbon-bench-")
	if err != nil {
		return nil, err
	}
	return &Bench{Dir: dir, pin: pin}, nil
}

// Open makes ready for a benchmark of a gateway that was built before: it looks for it and for the programs, and starts the upstream.
func Open(o Options, programs ...string) (*Bench, error) {
	if err := Need(programs...); err != nil {
		return nil, err
	}
	if _, err := os.Stat(o.Gibbon); err != nil {
		return nil, fmt.Errorf("build the gateway first, or name it with -gibbon: %w", err)
	}
	b, err := New(o.Pin)
	if err != nil {
		return nil, err
	}
	if b.Upstream, err = b.StartUpstream(HTTP); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

// Close ends everything that was started, and removes the folder.
func (b *Bench) Close() {
	for _, cmd := range b.running {
		End(cmd)
	}
	os.RemoveAll(b.Dir)
}

// on returns a command on a core, if cores are pinned.
func (b *Bench) on(core int, program string, args ...string) *exec.Cmd {
	if taskset, err := exec.LookPath("taskset"); err == nil && b.pin {
		return exec.Command(taskset, append([]string{"-c", strconv.Itoa(core), program}, args...)...)
	}
	return exec.Command(program, args...)
}

// Start runs a program until Close. What it says goes to a file that Logs reads.
func (b *Bench) Start(core int, env []string, program string, args ...string) (*exec.Cmd, error) {
	cmd := b.on(core, program, args...)
	cmd.Env = append(os.Environ(), env...)
	log, err := os.Create(filepath.Join(b.Dir, fmt.Sprintf("%s-%d.log", filepath.Base(program), len(b.running))))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	b.running = append(b.running, cmd)
	return cmd, nil
}

// End stops a program that Start has started.
func End(cmd *exec.Cmd) {
	if cmd.ProcessState != nil {
		return
	}
	cmd.Process.Signal(os.Interrupt)
	t := time.AfterFunc(5*time.Second, func() { cmd.Process.Kill() })
	defer t.Stop()
	cmd.Wait()
}

// Ended says whether a program that Start has started has ended by itself.
func Ended(cmd *exec.Cmd) bool {
	state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
	return err != nil || strings.Contains(string(state), ") Z ")
}

// Logs returns the ends of what the programs have said.
func (b *Bench) Logs() string {
	var out strings.Builder
	files, _ := filepath.Glob(filepath.Join(b.Dir, "*.log"))
	for _, f := range files {
		text, _ := os.ReadFile(f)
		if len(text) == 0 {
			continue
		}
		fmt.Fprintf(&out, "%s:\n%s\n", filepath.Base(f), text[max(0, len(text)-2000):])
	}
	return out.String()
}

// Program finds a program, also where only root's PATH leads.
func Program(name string) (string, error) {
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	return exec.LookPath(filepath.Join("/usr/sbin", name))
}

// Need says which program is missing.
func Need(names ...string) error {
	var all []error
	for _, name := range names {
		if _, err := Program(name); err != nil {
			all = append(all, fmt.Errorf("%s is needed (scripts/deps bench installs it): %w", name, err))
		}
	}
	return errors.Join(all...)
}

// FreeAddr returns a loopback address that nobody listens on.
func FreeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// settle lets a server that has just started finish what it does at the start.
const settle = 300 * time.Millisecond

// Ready waits until a URL answers with 200.
func Ready(url string, header map[string]string) error {
	var last error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); <-time.After(50 * time.Millisecond) {
		q, err := http.NewRequest(http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		for k, v := range header {
			if k == "Host" {
				q.Host = v
			}
			q.Header.Set(k, v)
		}
		res, err := http.DefaultClient.Do(q)
		if err != nil {
			last = err
			continue
		}
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			<-time.After(settle)
			return nil
		}
		last = fmt.Errorf("status %d", res.StatusCode)
	}
	return fmt.Errorf("%s does not answer: %w", url, last)
}

// Median returns the one in the middle.
func Median(v []float64) float64 { return at(v, 1, 2) }

// Quarter returns the one that a quarter are below. Of the costs of a request it says more than the median where other programs use
// the machine too: they can only add to them.
func Quarter(v []float64) float64 { return at(v, 1, 4) }

// UpperQuarter returns the one that a quarter are above.
func UpperQuarter(v []float64) float64 { return at(v, 3, 4) }

func at(v []float64, n, of int) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)*n/of]
}
