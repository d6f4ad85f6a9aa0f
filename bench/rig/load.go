package rig

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Server is one that is measured.
type Server struct {
	Name string
	Addr string
	Cmd  *exec.Cmd
}

// Cost is the outcome of one measurement.
type Cost struct {
	CPU  float64 // user and system time of the server's processes, in µs for a request
	Rate float64 // requests a second
}

// Measure loads a server with wrk and sees what it takes. script, in Lua, says what wrk asks.
func (b *Bench) Measure(s *Server, script string, seconds int) (Cost, error) {
	before, err := cpuOf(s.Cmd.Process.Pid)
	if err != nil {
		return Cost{}, err
	}
	requests, took, err := b.load(s, script, seconds)
	if err != nil {
		return Cost{}, fmt.Errorf("%s: %w", s.Name, err)
	}
	after, err := cpuOf(s.Cmd.Process.Pid)
	if err != nil {
		return Cost{}, err
	}
	return Cost{CPU: (after - before) * 1e6 / requests, Rate: requests / took}, nil
}

var (
	wrkDone   = regexp.MustCompile(`(\d+) requests in ([\d.]+)s`)
	wrkErrors = regexp.MustCompile(`Non-2xx or 3xx responses: \d+|Socket errors: .*`)
)

// load runs wrk and returns the number of requests and the seconds that they took. An answer other than 2xx is an error.
func (b *Bench) load(s *Server, script string, seconds int) (requests, took float64, err error) {
	wrk, err := Program("wrk")
	if err != nil {
		return 0, 0, err
	}
	file := filepath.Join(b.Dir, "requests.lua")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return 0, 0, err
	}
	cmd := b.on(Others, wrk, "-t1", "-c64", "-d"+strconv.Itoa(seconds)+"s", "-s", file, "http://"+s.Addr)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return 0, 0, fmt.Errorf("wrk: %w: %s", err, out.String())
	}
	m := wrkDone.FindStringSubmatch(out.String())
	if m == nil {
		return 0, 0, fmt.Errorf("wrk said %q", out.String())
	}
	if bad := wrkErrors.FindString(out.String()); bad != "" {
		return 0, 0, fmt.Errorf("wrk: %s", bad)
	}
	requests, _ = strconv.ParseFloat(m[1], 64)
	took, _ = strconv.ParseFloat(m[2], 64)
	if requests == 0 {
		return 0, 0, fmt.Errorf("wrk got no answer: %q", out.String())
	}
	return requests, took, nil
}

// ticks of /proc/<pid>/stat in a second: fixed in Linux's interface.
const ticks = 100

// cpuOf returns the seconds of CPU of a process and its children.
func cpuOf(pid int) (float64, error) {
	sum, err := cpuOfOne(pid)
	if err != nil {
		return 0, err
	}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, child := range strings.Fields(string(children)) {
		if n, err := strconv.Atoi(child); err == nil {
			one, _ := cpuOfOne(n)
			sum += one
		}
	}
	return sum, nil
}

func cpuOfOne(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat: %q", pid, b)
	}
	user, err1 := strconv.ParseFloat(f[11], 64)
	system, err2 := strconv.ParseFloat(f[12], 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("/proc/%d/stat: %q", pid, b)
	}
	return (user + system) / ticks, nil
}
