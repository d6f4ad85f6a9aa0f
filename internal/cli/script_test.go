package cli

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts in test/script run the program as a user does. Beside testscript's own commands they have those of
// scriptCommands.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"gibbon": func() { Main() }})
}

func TestScripts(t *testing.T) {
	if testing.Short() {
		return
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "../../test/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"gateway": startGateway, "stop": stopGateway, "capture": capture, "eventually": eventually,
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir) // httpie writes its settings there
			e.Setenv("LANG", "C.UTF-8")
			e.Setenv("GIBBON_PREFIX", filepath.Join(e.WorkDir, "data"))
			return nil
		},
	})
}

// ports are the listeners of a gateway in a script: the variable that holds its host:port, and the settings that bind it.
var ports = []struct{ name, setting, form string }{
	{"PROXY", "GIBBON_PROXY_LISTEN", "%s, %s ssl"}, {"PROXY_TLS", "", ""}, {"ADMIN", "GIBBON_ADMIN_LISTEN", "%s"},
	{"STATUS", "GIBBON_STATUS_LISTEN", "%s"}, {"IDP", "GIBBON_IDP_LISTEN", "%s"}, {"DEMO", "GIBBON_DEMO_LISTEN", "%s"},
}

func choosePorts(ts *testscript.TestScript) {
	addresses := map[string]string{}
	var open []net.Listener
	for _, p := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		open = append(open, l)
		addresses[p.name] = l.Addr().String()
		ts.Setenv(p.name, l.Addr().String())
		_, port, _ := net.SplitHostPort(l.Addr().String())
		ts.Setenv(p.name+"_PORT", port)
	}
	for _, l := range open {
		l.Close()
	}
	for _, p := range ports {
		switch {
		case p.name == "PROXY":
			ts.Setenv(p.setting, fmt.Sprintf(p.form, addresses["PROXY"], addresses["PROXY_TLS"]))
		case p.setting != "":
			ts.Setenv(p.setting, addresses[p.name])
		}
	}
}

// startGateway runs "gibbon start" with further arguments in the background until it is ready, or until the script ends.
// The first time in a script it chooses free ports: $PROXY, $PROXY_TLS, $ADMIN, $STATUS, $IDP, $DEMO. Its output goes to
// files gateway.out and gateway.err. With "!" it has to fail; then its output is stdout and stderr of the script.
func startGateway(ts *testscript.TestScript, neg bool, args []string) {
	if ts.Getenv("ADMIN") == "" {
		choosePorts(ts)
	}
	if neg {
		if err := ts.Exec("gibbon", append([]string{"start"}, args...)...); err == nil {
			ts.Fatalf("gibbon start succeeded")
		}
		return
	}
	out, err := os.OpenFile(ts.MkAbs("gateway.out"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	ts.Check(err)
	errs, err := os.OpenFile(ts.MkAbs("gateway.err"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	ts.Check(err)
	cmd := exec.Command(program(ts), append([]string{"start"}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.Env = ts.MkAbs("."), out, errs, environment(ts)
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait(); out.Close(); errs.Close() }()
	ts.Setenv("GATEWAY_PID", strconv.Itoa(cmd.Process.Pid))
	ts.Defer(func() {
		cmd.Process.Kill()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
		}
	})
	deadline := time.After(30 * time.Second)
	for {
		resp, err := http.Get("http://" + ts.Getenv("STATUS") + "/status/ready")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case err := <-ended:
			ended <- err
			ts.Fatalf("gibbon start ended: %v\n%s", err, ts.ReadFile("gateway.err"))
		case <-deadline:
			ts.Fatalf("gibbon is not ready after 30 s\n%s", ts.ReadFile("gateway.err"))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func program(ts *testscript.TestScript) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path := filepath.Join(dir, "gibbon"); executable(path) {
			return path
		}
	}
	ts.Fatalf("no gibbon in PATH")
	return ""
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
}

func environment(ts *testscript.TestScript) []string {
	env := os.Environ()
	for _, key := range []string{"PATH", "HOME", "LANG", "GIBBON_PREFIX", "GIBBON_PROXY_LISTEN", "GIBBON_ADMIN_LISTEN",
		"GIBBON_STATUS_LISTEN", "GIBBON_IDP_LISTEN", "GIBBON_DEMO_LISTEN", "GIBBON_DATABASE", "GIBBON_DECLARATIVE_CONFIG"} {
		if v := ts.Getenv(key); v != "" {
			env = append(env, key+"="+v)
		}
	}
	return env
}

// stopGateway ends the gateway: with SIGTERM, or the signal that is named (KILL), and waits until it is gone.
func stopGateway(ts *testscript.TestScript, neg bool, args []string) {
	pid, err := strconv.Atoi(ts.Getenv("GATEWAY_PID"))
	ts.Check(err)
	sig := syscall.SIGTERM
	if len(args) == 1 && args[0] == "KILL" {
		sig = syscall.SIGKILL
	}
	ts.Check(syscall.Kill(pid, sig))
	deadline := time.Now().Add(20 * time.Second)
	for syscall.Kill(pid, 0) == nil {
		if time.Now().After(deadline) {
			ts.Fatalf("gibbon runs on 20 s after %v", sig)
		}
		pauseFor(10 * time.Millisecond)
	}
}

// capture VARIABLE PATTERN sets the variable to what the first group of the pattern matches in the last stdout.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: capture VARIABLE PATTERN")
	}
	re, err := regexp.Compile(args[1])
	ts.Check(err)
	m := re.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) < 2 {
		ts.Fatalf("stdout does not match %s", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// eventually PATTERN COMMAND ARGS… runs a command again and again, for 10 s at most, until its stdout matches.
func eventually(ts *testscript.TestScript, neg bool, args []string) {
	re, err := regexp.Compile(args[0])
	ts.Check(err)
	for deadline := time.Now().Add(10 * time.Second); ; {
		err := ts.Exec(args[1], args[2:]...)
		out := ts.ReadFile("stdout")
		if err == nil && re.MatchString(out) != neg {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("after 10 s: %v, stdout: %s", err, strings.TrimSpace(out))
		}
		pauseFor(50 * time.Millisecond)
	}
}

func pauseFor(d time.Duration) {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
