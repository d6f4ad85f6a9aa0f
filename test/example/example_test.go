// Package example_test builds the module examples/hello-plugin as its users do, from outside, and looks at what the gateway with its
// plugins does. It needs the module cache of this module, and no network.
package example_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// goCommand runs the go command in a folder, without network.
func goCommand(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s\nIf the module needs an update: cd examples/hello-plugin && go mod tidy", strings.Join(args, " "), err, out)
	}
}

func folder(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../examples/hello-plugin")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// gateway is a program that runs.
type gateway struct{ proxy, admin, status string }

// start runs a program with settings until the test ends, and waits until it is ready.
func start(t *testing.T, program string, set ...string) gateway {
	t.Helper()
	var addresses [3]string
	var taken []net.Listener
	for i := range addresses {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addresses[i], taken = l.Addr().String(), append(taken, l)
	}
	for _, l := range taken {
		l.Close()
	}
	var log bytes.Buffer
	cmd := exec.Command(program, "start")
	cmd.Env = append(os.Environ(), append([]string{"GIBBON_PREFIX=" + t.TempDir(), "GIBBON_PROXY_LISTEN=" + addresses[0],
		"GIBBON_ADMIN_LISTEN=" + addresses[1], "GIBBON_STATUS_LISTEN=" + addresses[2], "GIBBON_IDP_LISTEN=off"}, set...)...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := <-ended; err != nil || t.Failed() {
			t.Errorf("the gateway ended with %v:\n%s", err, log.String())
		}
	})
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(time.Minute); ; {
		if r, err := http.Get("http://" + addresses[2] + "/status/ready"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return gateway{"http://" + addresses[0], "http://" + addresses[1], "http://" + addresses[2]}
			}
		}
		select {
		case <-tick.C:
		case err := <-ended:
			ended <- err
			t.Fatalf("it has ended: %v", err)
		case <-limit:
			t.Fatal("not ready after a minute")
		}
	}
}

// ask sends a request with fields, names and values in turn.
func ask(t *testing.T, method, url, body string, fields ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

func TestExample(t *testing.T) {
	if testing.Short() {
		return
	}
	goCommand(t, folder(t), "test", "./...")
	program := filepath.Join(t.TempDir(), "hello-gateway")
	goCommand(t, folder(t), "build", "-o", program, ".")
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Header.Get("X-Hello")) }))
	t.Cleanup(upstream.Close)
	t.Run("header", func(t *testing.T) { testHello(t, program, upstream.URL) })
	t.Run("counter", func(t *testing.T) { testQuota(t, program, upstream.URL) })
	t.Run("log", func(t *testing.T) { testAudit(t, program, upstream.URL) })
	t.Run("not enabled", func(t *testing.T) {
		g := start(t, program)
		for _, name := range []string{"hello", "quota"} {
			r, body := ask(t, "POST", g.admin+"/plugins", fmt.Sprintf(`{"name":%q}`, name))
			if r.StatusCode != 400 || !strings.Contains(body, "plugin '"+name+"' not enabled; add it to the 'plugins' configuration property") {
				t.Errorf("%d %s", r.StatusCode, body)
			}
		}
	})
}

// testHello configures the header plugin by a declarative file.
func testHello(t *testing.T, program, upstream string) {
	g := start(t, program, "GIBBON_PLUGINS=bundled,hello", "GIBBON_DATABASE=off", `GIBBON_DECLARATIVE_CONFIG_STRING=
_format_version: "3.0"
services:
- name: s
  url: `+upstream+`
  routes:
  - {name: r, paths: [/]}
  plugins:
  - {name: hello, config: {greeting: Moin}}
`)
	r, body := ask(t, "GET", g.proxy+"/", "")
	if r.StatusCode != 200 || body != "Moin, upstream" || r.Header.Get("X-Hello") != "Moin, stranger" {
		t.Errorf("%d %q %q", r.StatusCode, body, r.Header.Get("X-Hello"))
	}
	var s struct{ Fields []map[string]any }
	if r, body = ask(t, "GET", g.admin+"/schemas/plugins/hello", ""); json.Unmarshal([]byte(body), &s) != nil || !strings.Contains(body, "What to say.") {
		t.Errorf("schema: %d %s", r.StatusCode, body)
	}
	if _, body = ask(t, "GET", g.admin+"/", ""); !strings.Contains(body, `"hello":{"priority":500,"version":"1.0.0"}`) {
		t.Errorf("the plugin is not shown: %s", body)
	}
}

// testAudit configures the plugin that sends log entries, and collects them, also those that wait when the gateway stops.
func testAudit(t *testing.T, program, upstream string) {
	bodies := make(chan string, 10)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- string(body)
	}))
	t.Cleanup(collector.Close)
	t.Run("gateway", func(t *testing.T) {
		g := start(t, program, "GIBBON_PLUGINS=bundled,audit", "GIBBON_DATABASE=off", `GIBBON_DECLARATIVE_CONFIG_STRING=
_format_version: "3.0"
services:
- name: s
  url: `+upstream+`/up
  routes:
  - {name: r, paths: [/r]}
plugins:
- name: audit
  config: {url: "`+collector.URL+`", queue: {max_batch_size: 2, max_coalescing_delay: 3600}}
`)
		for _, path := range []string{"/r/a?x=1", "/none", "/r/waits"} {
			ask(t, "GET", g.proxy+path, "")
		}
		if _, text := ask(t, "GET", g.status+"/metrics", ""); !strings.Contains(text, "audit_entries_lost_total{plugin_id=") {
			t.Errorf("metrics: %s", text)
		}
	})
	for _, want := range [][]map[string]string{{{"uri": "/r/a?x=1", "to": "/up/a?x=1", "status": "200"}, {"uri": "/none", "to": "", "status": ""}},
		{{"uri": "/r/waits", "to": "/up/waits", "status": "200"}}} {
		var body string
		select {
		case body = <-bodies:
		case <-time.After(time.Minute):
			t.Fatalf("no batch with %v", want)
		}
		var entries []struct {
			Request struct{ URI string }
			To      string `json:"upstream_uri"`
			Status  string `json:"upstream_status"`
			Service *struct{ Name string }
		}
		if err := json.Unmarshal([]byte(body), &entries); err != nil || len(entries) != len(want) {
			t.Fatalf("%v in %s", err, body)
		}
		for i, e := range entries {
			if e.Request.URI != want[i]["uri"] || e.To != want[i]["to"] || e.Status != want[i]["status"] || (e.Service == nil) != (e.To == "") {
				t.Errorf("entry %d: %+v", i, e)
			}
		}
	}
}

// testQuota configures the counter plugin by the Admin API, with the limit of a consumer as an entity.
func testQuota(t *testing.T, program, upstream string) {
	g := start(t, program, "GIBBON_PLUGINS=bundled,quota")
	for _, c := range []struct{ path, body string }{
		{"/services", `{"name":"s","url":"` + upstream + `"}`},
		{"/services/s/routes", `{"name":"r","paths":["/"]}`},
		{"/services/s/plugins", `{"name":"key-auth"}`},
		{"/services/s/plugins", `{"name":"quota","config":{"limit":1,"window":3600}}`},
		{"/consumers", `{"username":"ann"}`}, {"/consumers", `{"username":"bob"}`},
		{"/consumers/ann/key-auth", `{"key":"of-ann"}`}, {"/consumers/bob/key-auth", `{"key":"of-bob"}`},
		{"/consumers/ann/quotas", `{"limit":3}`},
	} {
		if r, body := ask(t, "POST", g.admin+c.path, c.body); r.StatusCode != http.StatusCreated {
			t.Fatalf("%s: %d %s", c.path, r.StatusCode, body)
		}
	}
	if r, body := ask(t, "POST", g.admin+"/consumers/ann/quotas", `{"limit":9}`); r.StatusCode != http.StatusConflict {
		t.Errorf("a second quota: %d %s", r.StatusCode, body)
	}
	if r, body := ask(t, "POST", g.admin+"/quotas", `{"limit":0,"consumer":{"username":"bob"}}`); r.StatusCode != http.StatusBadRequest ||
		!strings.Contains(body, `"limit":"value must be greater than 0"`) {
		t.Errorf("a quota of 0: %d %s", r.StatusCode, body)
	}
	if _, body := ask(t, "GET", g.admin+"/quotas", ""); strings.Count(body, `"limit":3`) != 1 {
		t.Errorf("quotas: %s", body)
	}
	wait := time.NewTicker(20 * time.Millisecond)
	defer wait.Stop()
	for limit := time.After(time.Minute); ; { // the configuration comes into force
		if r, _ := ask(t, "GET", g.proxy+"/", ""); r.StatusCode == http.StatusUnauthorized {
			break
		}
		select {
		case <-wait.C:
		case <-limit:
			t.Fatal("the configuration is not in force")
		}
	}
	for who, limit := range map[string]int{"of-ann": 3, "of-bob": 1} {
		for n := range limit + 1 {
			want := http.StatusOK
			if n == limit {
				want = http.StatusTooManyRequests
			}
			r, body := ask(t, "GET", g.proxy+"/", "", "apikey", who)
			if r.StatusCode != want || r.Header.Get("X-Quota-Left") != fmt.Sprint(max(limit-n-1, 0)) {
				t.Errorf("%s, request %d: %d %q %s", who, n+1, r.StatusCode, r.Header.Get("X-Quota-Left"), body)
			}
		}
	}
}

// A plugin that has the name of a bundled one ends the program before it begins.
func TestNameOfABundledPlugin(t *testing.T) {
	if testing.Short() {
		return
	}
	dir := t.TempDir()
	gomod, err := os.ReadFile(filepath.Join(folder(t), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	gosum, err := os.ReadFile(filepath.Join(folder(t), "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"go.mod": strings.ReplaceAll(string(gomod), "=> ../..", "=> "+filepath.Dir(filepath.Dir(folder(t)))),
		"go.sum": string(gosum),
		"main.go": `package main

import (
	"github.com/gibbon-gateway/gibbon"
	"github.com/gibbon-gateway/gibbon/plugin"
)

func main() {
	gibbon.Main(plugin.Define(plugin.Desc{Name: "key-auth"}, func(struct{}, plugin.Env) (any, error) { return nil, nil }))
}
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "program")
	goCommand(t, dir, "build", "-o", program, ".")
	out, err := exec.Command(program, "start").CombinedOutput()
	if want := "gibbon: plugin 'key-auth': a bundled plugin has this name\n"; err == nil || string(out) != want {
		t.Errorf("%v: %s", err, out)
	}
}
