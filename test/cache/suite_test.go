// Package cache_test runs the public test suite for HTTP caches (https://cache-tests.fyi) against the gateway, and nginx beside it, and
// writes the scores to docs/cache-tests.md. make cache-tests does all that is needed.
package cache_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// known are the required tests that do not pass, each for a reason.
var known = map[string]string{
	"headers-store-Transfer-Encoding": "the origin sends an unknown Transfer-Encoding and a body without end; the gateway answers 502",
}

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
		if o[1] == "required" && known[o[0]] == "" {
			t.Errorf("%s does not pass: %s", o[0], o[3])
		}
	}
	for _, kind := range []string{"required", "optimal", "check"} {
		t.Logf("%s: %+v", kind, ours.Kinds[kind])
	}
	if *only != "" || *write == "" {
		return
	}
	var nginx *score
	if base := startNginx(t, origin); base != "" {
		nginx = run(t, dir, base)
	}
	if err := os.WriteFile(*write, []byte(page(ours, nginx)), 0o644); err != nil {
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

// startNginx starts nginx with a cache set as the suite's authors set it; "" when there is none.
func startNginx(t *testing.T, origin string) string {
	program, err := exec.LookPath("nginx")
	if errors.Is(err, exec.ErrNotFound) {
		program = "/usr/sbin/nginx"
	}
	if _, err := os.Stat(program); err != nil {
		return ""
	}
	dir, err := os.MkdirTemp("", "nginx-") // its workers have another user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	addr := freeAddr(t)
	conf := fmt.Sprintf(`daemon off; worker_processes 1; pid %[1]s/pid; error_log %[1]s/error.log;
events {}
http {
  access_log off; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  proxy_cache_path %[1]s/c keys_zone=c:10m;
  server { listen %[2]s; location / { proxy_pass http://%[3]s; proxy_http_version 1.1; proxy_cache c; proxy_cache_revalidate on;
    proxy_cache_use_stale error timeout updating; proxy_cache_background_update on; } }
}
`, dir, addr, origin)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	background(t, exec.Command(program, "-p", dir, "-c", file), "nginx.log")
	ready(t, "http://"+addr+"/state/none")
	return "http://" + addr
}

// page is docs/cache-tests.md.
func page(ours, nginx *score) string {
	var b strings.Builder
	b.WriteString("# The public test suite for HTTP caches\n\n`make cache-tests` runs the suite of [cache-tests.fyi](https://cache-tests.fyi) against " +
		"a gateway with proxy-cache in the mode `rfc9111`\n(its configuration is test/cache/kong.yml), and nginx, where it is installed, beside it on the same machine. This page is its output.\n\n")
	if nginx == nil {
		nginx = &score{}
	}
	b.WriteString("| | Gibbon | nginx |\n|---|--:|--:|\n")
	for _, kind := range []string{"required", "optimal", "check"} {
		o, n := ours.Kinds[kind], nginx.Kinds[kind]
		fmt.Fprintf(&b, "| %s: pass | **%d** of %d | %d |\n| %s: fail | %d | %d |\n", kind, o.Pass, o.Total, n.Pass, kind, o.Fail, n.Fail)
	}
	b.WriteString("\nWhat neither passes nor fails was not tried, as another test that it depends on does not pass, or its set-up did not work. The kind " +
		"\"check\" is a survey: no\nanswer is wrong.\n\n| suite | Gibbon: required | optimal | nginx: required | optimal |\n|---|--:|--:|--:|--:|\n")
	for i, s := range ours.Suites {
		line := fmt.Sprintf("| %s | %d of %d | %d of %d |", s.ID, s.Required.Pass, s.Required.Total, s.Optimal.Pass, s.Optimal.Total)
		if i < len(nginx.Suites) {
			n := nginx.Suites[i]
			line += fmt.Sprintf(" %d | %d |", n.Required.Pass, n.Optimal.Pass)
		} else {
			line += " | |"
		}
		b.WriteString(line + "\n")
	}
	b.WriteString("\n## What does not pass\n\n| test | kind | |\n|---|---|---|\n")
	for _, o := range ours.Open {
		if o[1] != "check" {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", o[0], o[1], strings.ReplaceAll(reason(o), "|", "\\|"))
		}
	}
	return b.String()
}

// reasons are why we do not want to pass some tests.
var reasons = map[string]string{
	"conditional-lm-fresh-no-lm":     "without Last-Modified the Date counts (RFC 9111, 4.3.2), and that is later than what the client asks about",
	"partial-store-partial-complete": "parts are never stored: without a strong validator they must not be joined",
}

func reason(o [4]string) string {
	for _, list := range []map[string]string{known, reasons} {
		if text := list[o[0]]; text != "" {
			return text
		}
	}
	if slices.Contains([]string{"partial-store-partial-reuse-partial", "partial-store-partial-reuse-partial-byterange",
		"partial-store-partial-reuse-partial-absent", "partial-store-partial-reuse-partial-suffix"}, o[0]) {
		return "parts are never stored; this one says that it has six bytes, and has five"
	}
	return o[3]
}
