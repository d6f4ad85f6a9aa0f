// Command cache measures the plugin proxy-cache beside nginx's proxy_cache on this machine: answers from memory, in turns and on one
// core each, and what a miss costs beside a plain proxied request. See ../README.md for how to read such a table.
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
	rig.Main("cache", rig.Options{Gibbon: "bin/gibbon", Rounds: 3, Seconds: 3}, measure)
}

// benchCase is one row: two programs, or one with two configurations, asked for the same.
type benchCase struct {
	name   string
	target float64 // of the second's CPU time by the first's; 0 is none
	sides  [2]side
	path   string // %d is another number for each request
}

// side is a program under test.
type side struct {
	name   string
	nginx  bool
	plugin string // configuration of proxy-cache; "" is none
}

const (
	memory = "{strategy: memory, content_type: [text/plain], cache_ttl: 3600}"
)

var (
	nginx  = side{name: "nginx", nginx: true}
	gibbon = side{name: "Gibbon", plugin: memory}
)

var cases = []benchCase{
	{"hit, 45 bytes", 0.55, [2]side{nginx, gibbon}, "/items/1"},
	{"hit, 1,000 URLs", 0.55, [2]side{nginx, gibbon}, "/items/%d?a=1"},
	{"hit, 1 MiB", 0, [2]side{nginx, gibbon}, "/big"},
	{"miss, by a plain request", 1.15, [2]side{{name: "Gibbon, no cache"}, {name: "Gibbon, misses", plugin: memory}}, "/items/%d"},
}

func measure(o rig.Options) error {
	if err := rig.Need("nginx", "wrk"); err != nil {
		return err
	}
	if _, err := os.Stat(o.Gibbon); err != nil {
		return fmt.Errorf("build the gateway first, or name it with -gibbon: %w", err)
	}
	r, err := rig.New(o.Pin)
	if err != nil {
		return err
	}
	defer r.Close()
	b := &bench{Options: o, Bench: r}
	defer b.clean()
	if err := b.StartUpstream(); err != nil {
		return err
	}
	fmt.Printf("%d rounds of %d s, 64 connections, one core each\n\n", o.Rounds, o.Seconds)
	fmt.Println("| case | first CPU µs | second CPU µs | ratio | at most |")
	fmt.Println("| --- | --: | --: | --: | --: |")
	for _, c := range cases {
		if !strings.Contains(c.name, o.Cases) {
			continue
		}
		if err := b.row(c); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

type bench struct {
	rig.Options
	*rig.Bench
	stores []string // folders of nginx's caches
}

func (b *bench) clean() {
	for _, dir := range b.stores {
		os.RemoveAll(dir)
	}
}

// row measures a case and prints its line.
func (b *bench) row(c benchCase) error {
	var two [2]*rig.Server
	for i, s := range c.sides {
		server, err := b.start(s)
		if err != nil {
			return err
		}
		two[i] = server
		defer rig.End(server.Cmd)
	}
	var ratios []float64
	var cpu [2][]float64
	for round := range b.Rounds {
		var got [2]rig.Cost
		for i := range two {
			k := (i + round) % 2
			script := luaScript(c)
			if _, err := b.Measure(two[k], script, 1); err != nil { // warm up, and fill
				return err
			}
			var err error
			if got[k], err = b.Measure(two[k], script, b.Seconds); err != nil {
				return err
			}
		}
		ratios = append(ratios, got[1].CPU/got[0].CPU)
		for k := range got {
			cpu[k] = append(cpu[k], got[k].CPU)
		}
	}
	most := "–"
	if c.target > 0 {
		most = fmt.Sprintf("%.2f", c.target)
	}
	fmt.Printf("| %s: %s, %s | %.1f | %.1f | %.2f | %s |\n", c.name, c.sides[0].name, c.sides[1].name, rig.Median(cpu[0]), rig.Median(cpu[1]),
		rig.Median(ratios), most)
	return nil
}

func (b *bench) start(s side) (*rig.Server, error) {
	addr, err := rig.FreeAddr()
	if err != nil {
		return nil, err
	}
	run := b.startGibbon
	if s.nginx {
		run = b.startNginx
	}
	cmd, err := run(addr, s)
	if err != nil {
		return nil, err
	}
	if err := rig.Ready("http://"+addr+"/items/0", nil); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", s.name, err, b.Logs())
	}
	return &rig.Server{Name: s.name, Addr: addr, Cmd: cmd}, nil
}

// startNginx starts nginx with one worker, and a cache in memory that is locked as ours is.
func (b *bench) startNginx(addr string, _ side) (*exec.Cmd, error) {
	store, err := os.MkdirTemp("/dev/shm", "bench-cache-")
	if err != nil {
		return nil, err
	}
	b.stores = append(b.stores, store)
	if err := os.Chmod(store, 0o777); err != nil {
		return nil, err
	}
	conf := fmt.Sprintf(`daemon off; worker_processes 1; pid %[1]s/nginx.pid; error_log %[1]s/nginx-error.log error;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000; sendfile on;
  client_body_temp_path %[1]s/body; proxy_temp_path %[4]s/tmp; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  proxy_cache_path %[4]s/c levels=1:2 keys_zone=c:64m max_size=1g inactive=1h;
  upstream up { server %[2]s; keepalive 64; }
  server { listen %[3]s;
    location / { proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_cache c; proxy_cache_valid 200 1h;
      proxy_cache_lock on; proxy_cache_key $scheme$host$request_uri; add_header X-Cache-Status $upstream_cache_status;
      add_header Via "1.1 nginx"; add_header X-Request-Id $request_id; add_header X-Proxy-Latency $request_time; }
  }
}
`, b.Dir, b.Upstream, addr, store)
	file := filepath.Join(b.Dir, "nginx-cache.conf")
	if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
		return nil, err
	}
	program, err := rig.Program("nginx")
	if err != nil {
		return nil, err
	}
	return b.Start(rig.Measured, nil, program, "-p", b.Dir, "-c", file)
}

// startGibbon starts the gateway with one route, and the plugin on it.
func (b *bench) startGibbon(addr string, s side) (*exec.Cmd, error) {
	dir, err := os.MkdirTemp(b.Dir, "gibbon-")
	if err != nil {
		return nil, err
	}
	doc := fmt.Sprintf("_format_version: \"3.0\"\nservices:\n- name: up\n  url: http://%s\n  routes: [{name: r, paths: [/], strip_path: false}]\n", b.Upstream)
	if s.plugin != "" {
		doc += "plugins:\n- name: proxy-cache\n  config: " + s.plugin + "\n"
	}
	file, conf := filepath.Join(dir, "gibbon.yml"), filepath.Join(dir, "gibbon.conf")
	text := fmt.Sprintf("prefix = %s\ndatabase = off\ndeclarative_config = %s\nproxy_listen = %s\nadmin_listen = off\nstatus_listen = off\n"+
		"idp_listen = off\nproxy_access_log = off\nlog_level = error\nnginx_worker_processes = 1\n", dir, file, addr)
	for name, body := range map[string]string{file: doc, conf: text} {
		if err := os.WriteFile(name, []byte(body), 0o644); err != nil {
			return nil, err
		}
	}
	program, err := filepath.Abs(b.Gibbon)
	if err != nil {
		return nil, err
	}
	return b.Start(rig.Measured, []string{"GOMAXPROCS=1"}, program, "start", "-c", conf)
}

// luaScript makes wrk ask for the path of a case; numbers go round after 1,000, except for misses.
func luaScript(c benchCase) string {
	round := 1000
	if strings.HasPrefix(c.name, "miss") {
		round = 1 << 30
	}
	return fmt.Sprintf(`local n = math.floor(os.time() %% 100000) * 1000000
local h = {["Host"] = "bench.example.com", ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  ["Accept"] = "application/json, text/plain, */*", ["Accept-Language"] = "en-GB,en;q=0.9", ["Accept-Encoding"] = "gzip, deflate, br"}
function request()
  n = n + 1
  return wrk.format("GET", string.gsub(%q, "%%%%d", tostring(n %% %d)), h)
end
`, c.path, round)
}
