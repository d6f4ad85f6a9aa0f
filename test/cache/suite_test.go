// Package cache_test runs the public test suite for HTTP caches (https://cache-tests.fyi) against the gateway, and nginx, Varnish and
// Apache beside it, and writes the scores to docs/cache-tests.md. make cache-tests does all that is needed.
package cache_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	suite  = flag.String("suite", "", "folder of the suite with its modules; empty runs nothing")
	gibbon = flag.String("gibbon", "../../bin/gibbon", "the gateway's program")
	only   = flag.String("only", "", "ids of tests to run, separated by commas; then nothing is written")
	write  = flag.String("write", "", "file for the scores")
)

// score is what score.mjs prints.
type score struct {
	Kinds  map[string]count
	Suites []struct {
		ID                string
		Required, Optimal count
	}
	Open [][4]string // id, kind, outcome, text
}

type count struct{ Pass, Fail, Other, Total int }

func TestSuite(t *testing.T) {
	if *suite == "" {
		return
	}
	dir, err := filepath.Abs(*suite)
	if err != nil {
		t.Fatal(err)
	}
	origin := startOrigin(t, dir)
	ours := run(t, dir, startGibbon(t, origin))
	for _, o := range ours.Open {
		t.Logf("%s (%s): %s: %s", o[0], o[1], o[2], o[3])
		if o[1] == "required" {
			t.Errorf("%s does not pass: %s", o[0], o[3])
		}
	}
	for _, kind := range []string{"required", "optimal", "check"} {
		t.Logf("%s: %+v", kind, ours.Kinds[kind])
	}
	if *only != "" || *write == "" {
		return
	}
	columns := []column{{"Gibbon", ours}}
	for _, p := range others {
		program := installed(p.program)
		if program == "" {
			t.Logf("%s is not installed; scripts/deps bench installs it", p.name)
			continue
		}
		s := run(t, dir, p.start(t, program, origin))
		t.Logf("%s: %+v", p.name, s.Kinds)
		columns = append(columns, column{p.name, s})
	}
	if err := os.WriteFile(*write, []byte(page(columns)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// run runs the suite against a proxy.
func run(t *testing.T, dir, base string) *score {
	t.Helper()
	script, err := os.ReadFile("score.mjs")
	if err != nil {
		t.Fatal(err)
	}
	// It stands beside the suite, so that it finds the modules that the suite needs.
	file := filepath.Join(dir, "gibbon-score.mjs")
	if err := os.WriteFile(file, script, 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(file)
	cmd := exec.Command("node", "--no-warnings", file, dir, base, *only)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the suite: %v", err)
	}
	var s score
	if err := json.Unmarshal(out, &s); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return &s
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// background runs a program until the test ends.
func background(t *testing.T, cmd *exec.Cmd, log string) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), log))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = f, f
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		f.Close()
	})
}

// ready waits until something answers.
func ready(t *testing.T, url string) {
	t.Helper()
	for deadline := time.After(30 * time.Second); ; {
		resp, err := http.Get(url)
		if err == nil {
			resp.Body.Close()
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s does not answer: %v", url, err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func startOrigin(t *testing.T, dir string) string {
	server := "server/server.mjs"
	if _, err := os.Stat(filepath.Join(dir, "test-engine")); err == nil {
		server = "test-engine/server/server.mjs"
	}
	addr := freeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command("node", server)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "npm_config_protocol=http", "npm_config_port="+port, "npm_config_pidfile="+filepath.Join(t.TempDir(), "pid"))
	background(t, cmd, "origin.log")
	ready(t, "http://"+addr+"/state/none")
	return addr
}

func startGibbon(t *testing.T, origin string) string {
	config, err := os.ReadFile("kong.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(origin)
	dir, addr := t.TempDir(), freeAddr(t)
	file := filepath.Join(dir, "kong.yml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(config), "${ORIGIN}", port)), 0o600); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "gibbon.conf")
	text := fmt.Sprintf("prefix = %s\ndatabase = off\ndeclarative_config = %s\nproxy_listen = %s\nadmin_listen = off\nstatus_listen = off\n"+
		"idp_listen = off\nproxy_access_log = off\n", dir, file, addr)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := filepath.Abs(*gibbon)
	if err != nil {
		t.Fatal(err)
	}
	background(t, exec.Command(program, "start", "-c", conf), "gibbon.log")
	ready(t, "http://"+addr+"/state/none")
	return "http://" + addr
}
