package rig

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/gibbon-gateway/gibbon/bench/peer"
)

// Server is one that is measured.
type Server struct {
	Name string
	Addr string
	Cmd  *exec.Cmd
	TLS  bool
}

func (s *Server) url() string {
	if s.TLS {
		return "https://" + s.Addr
	}
	return "http://" + s.Addr
}

// Cost is the outcome of one measurement.
type Cost struct {
	CPU  float64 // user and system time of the server's processes, in µs for a request
	Rate float64 // requests a second
	P99  float64 // in ms; only of a Steady load
	Late float64 // in ms, the 99th percentile of how late requests were sent; only of a Steady load
}

// Load asks a server for some seconds, and says how many requests were answered in how many seconds. An answer other than 2xx is an error.
type Load func(b *Bench, s *Server, seconds int) (done, error)

type done struct{ requests, seconds, p99, late float64 }

// Measure loads a server with wrk and sees what it takes. script, in Lua, says what wrk asks.
func (b *Bench) Measure(s *Server, script string, seconds int) (Cost, error) {
	return b.MeasureLoad(s, Wrk(script), seconds)
}

// MeasureLoad loads a server and sees what it takes.
func (b *Bench) MeasureLoad(s *Server, load Load, seconds int) (Cost, error) {
	before, err := cpuOf(s.Cmd.Process.Pid)
	if err != nil {
		return Cost{}, err
	}
	d, err := load(b, s, seconds)
	if err != nil {
		return Cost{}, fmt.Errorf("%s: %w", s.Name, err)
	}
	after, err := cpuOf(s.Cmd.Process.Pid)
	if err != nil {
		return Cost{}, err
	}
	return Cost{CPU: (after - before) * 1e6 / d.requests, Rate: d.requests / d.seconds, P99: d.p99, Late: d.late}, nil
}

var (
	wrkDone   = regexp.MustCompile(`(\d+) requests in ([\d.]+)s`)
	wrkErrors = regexp.MustCompile(`Non-2xx or 3xx responses: \d+|Socket errors: .*`)
)

// Wrk is a load of HTTP/1.1 over 64 connections. script, in Lua, says what is asked.
func Wrk(script string) Load {
	return func(b *Bench, s *Server, seconds int) (done, error) {
		file := filepath.Join(b.Dir, "requests.lua")
		if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
			return done{}, err
		}
		out, err := b.output("wrk", "-t1", "-c64", "-d"+strconv.Itoa(seconds)+"s", "-s", file, s.url())
		if err != nil {
			return done{}, err
		}
		if bad := wrkErrors.FindString(out); bad != "" {
			return done{}, fmt.Errorf("wrk: %s", bad)
		}
		return counted("wrk", out, wrkDone)
	}
}

var (
	h2loadDone   = regexp.MustCompile(`requests: (\d+) total, \d+ started, \d+ done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout`)
	h2loadStatus = regexp.MustCompile(`status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx`)
)

// H2load is a load of HTTP/2. Paths are asked in turn, of one host.
func H2load(conns, streams int, host string, paths []string, fields [][2]string) Load {
	return func(b *Bench, s *Server, seconds int) (done, error) {
		var urls strings.Builder
		for _, path := range paths {
			fmt.Fprintln(&urls, s.url()+path)
		}
		file := filepath.Join(b.Dir, "urls")
		if err := os.WriteFile(file, []byte(urls.String()), 0o600); err != nil {
			return done{}, err
		}
		args := []string{"-t1", "-c" + strconv.Itoa(conns), "-m" + strconv.Itoa(streams), "-D" + strconv.Itoa(seconds), "-i", file, "-H:authority: " + host}
		for _, f := range fields {
			args = append(args, "-H"+f[0]+": "+f[1])
		}
		out, err := b.output("h2load", args...)
		if err != nil {
			return done{}, err
		}
		m, status := h2loadDone.FindStringSubmatch(out), h2loadStatus.FindStringSubmatch(out)
		if m == nil || status == nil {
			return done{}, fmt.Errorf("h2load said %q", out)
		}
		// Requests that run when the time is over count as neither.
		if m[3] != "0" || m[4] != "0" || m[5] != "0" || status[2] != "0" || status[3] != "0" || status[4] != "0" {
			return done{}, fmt.Errorf("h2load: %s; %s", m[0], status[0])
		}
		requests, _ := strconv.ParseFloat(m[2], 64)
		if requests == 0 {
			return done{}, fmt.Errorf("h2load got no answer: %s", m[0])
		}
		return done{requests: requests, seconds: float64(seconds)}, nil
	}
}

// Busy is a load of package peer that keeps all connections busy.
func Busy(spec peer.Spec) Load {
	return func(b *Bench, s *Server, seconds int) (done, error) {
		spec.Addr, spec.TLS, spec.Seconds = s.Addr, s.TLS, float64(seconds)
		text, err := json.Marshal(spec)
		if err != nil {
			return done{}, err
		}
		self, err := os.Executable()
		if err != nil {
			return done{}, err
		}
		out, err := b.output(self, "-load", string(text))
		if err != nil {
			return done{}, err
		}
		var r peer.Result
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			return done{}, fmt.Errorf("the load generator said %q: %w", out, err)
		}
		return done{requests: float64(r.Requests), seconds: float64(r.Requests) / r.Rate, p99: r.P99, late: r.Late}, nil
	}
}

// Steady is a load of package peer with requests a second whose times are fixed in advance.
func Steady(spec peer.Spec, rate float64) Load {
	spec.Rate = rate
	return Busy(spec)
}

// makeLoad is what a program does that Busy has started.
func makeLoad(text string, out io.Writer) error {
	var spec peer.Spec
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		return err
	}
	r, err := peer.Run(spec)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(r)
}

// output runs a program that makes load, and returns what it prints.
func (b *Bench) output(name string, args ...string) (string, error) {
	program, err := Program(name)
	if err != nil {
		return "", err
	}
	cmd := b.on(Others, program, args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=2") // package peer's: a goroutine may run while another is in a system call
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", filepath.Base(name), err, out)
	}
	return string(out), nil
}

// counted finds requests and seconds in what a program has said.
func counted(name, out string, pattern *regexp.Regexp) (done, error) {
	m := pattern.FindStringSubmatch(out)
	if m == nil {
		return done{}, fmt.Errorf("%s said %q", name, out)
	}
	requests, _ := strconv.ParseFloat(m[1], 64)
	took, _ := strconv.ParseFloat(m[2], 64)
	if requests == 0 || took == 0 {
		return done{}, fmt.Errorf("%s got no answer: %s", name, m[0])
	}
	return done{requests: requests, seconds: took}, nil
}
