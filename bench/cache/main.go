// Command cache measures the plugin proxy-cache beside nginx's proxy_cache and Varnish on this machine: answers from memory, in turns and
// on one core each, and what an answer shared by Redis costs beside one from memory. See ../README.md for how to read such a table.
package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

func main() {
	rig.Main("cache", rig.Options{Gibbon: "bin/gibbon", Rounds: 3, Seconds: 3}, measure)
}

// benchCase is some rows: programs that are asked for the same. Each row compares one with ours.
type benchCase struct {
	name   string
	path   string // %d is another number for each request
	others []other
	ours   side
}

// other is what ours is compared with.
type other struct {
	side
	target float64 // of our CPU time by the other's; 0 is none
}

// side is a program under test.
type side struct {
	name    string
	program string // "" is the gateway
	plugin  string // its configuration of proxy-cache; "" is none, and REDIS stands for a port
}

const (
	memory = "{strategy: memory, content_type: [text/plain], cache_ttl: 3600}"
	redis  = "{strategy: redis, content_type: [text/plain], cache_ttl: 3600, redis: {port: REDIS}, redis_memory_seconds: %d}"
)

var (
	nginx   = side{name: "nginx", program: "nginx"}
	varnish = side{name: "Varnish", program: "varnishd"}
	gibbon  = side{name: "Gibbon", plugin: memory}
	tier    = side{name: "Gibbon, Redis with memory", plugin: fmt.Sprintf(redis, 1)}
	remote  = side{name: "Gibbon, Redis alone", plugin: fmt.Sprintf(redis, 0)}
)

var cases = []benchCase{
	{"hit, 45 bytes", "/items/1", []other{{nginx, 0.55}, {varnish, 0.35}}, gibbon},
	{"hit, 1,000 URLs", "/items/%d?a=1", []other{{nginx, 0.55}, {varnish, 0.35}}, gibbon},
	{"hit, 1 MiB", "/big", []other{{nginx, 0}, {varnish, 0}}, gibbon},
	{"redis hit, 1,000 URLs", "/items/%d?a=1", []other{{gibbon, 2}}, tier},
	{"redis hit without memory, 1,000 URLs", "/items/%d?a=1", []other{{gibbon, 0}}, remote},
}

func measure(o rig.Options) error {
	r, err := rig.Open(o, "nginx", "varnishd", "redis-server", "wrk")
	if err != nil {
		return err
	}
	defer r.Close()
	b := &bench{Options: o, Bench: r}
	defer b.clean()
	fmt.Printf("%d rounds of %d s, 64 connections, one core each, %s\n\n", o.Rounds, o.Seconds, rig.Machine())
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
	redis  string   // its port, once it runs
}

func (b *bench) clean() {
	for _, dir := range b.stores {
		os.RemoveAll(dir)
	}
}

// row measures a case and prints its lines.
func (b *bench) row(c benchCase) error {
	var servers []*rig.Server
	for _, o := range append(slices.Clone(c.others), other{side: c.ours}) {
		server, err := b.start(o.side)
		if err != nil {
			return err
		}
		servers = append(servers, server)
		defer rig.End(server.Cmd)
	}
	ours, script := len(c.others), luaScript(c)
	cpu, ratios := make([][]float64, len(servers)), make([][]float64, ours)
	for round := range b.Rounds {
		for i := range servers {
			k := (i + round) % len(servers)
			if _, err := b.Measure(servers[k], script, 1); err != nil { // warm up, and fill
				return err
			}
			got, err := b.Measure(servers[k], script, b.Seconds)
			if err != nil {
				return err
			}
			cpu[k] = append(cpu[k], got.CPU)
		}
		for k := range ratios {
			ratios[k] = append(ratios[k], cpu[ours][round]/cpu[k][round])
		}
	}
	for k, o := range c.others {
		most := "–"
		if o.target > 0 {
			most = fmt.Sprintf("%.2f", o.target)
		}
		fmt.Printf("| %s: %s, %s | %.1f | %.1f | %.2f | %s |\n", c.name, o.name, c.ours.name, rig.Median(cpu[k]), rig.Median(cpu[ours]),
			rig.Median(ratios[k]), most)
	}
	return nil
}

func (b *bench) start(s side) (*rig.Server, error) {
	addr, err := rig.FreeAddr()
	if err != nil {
		return nil, err
	}
	run := map[string]func(string, side) (*exec.Cmd, error){"": b.startGibbon, "nginx": b.startNginx, "varnishd": b.startVarnish}[s.program]
	cmd, err := run(addr, s)
	if err != nil {
		return nil, err
	}
	if err := rig.Ready("http://"+addr+"/items/0", nil); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", s.name, err, b.Logs())
	}
	return &rig.Server{Name: s.name, Addr: addr, Cmd: cmd}, nil
}

// startVarnish starts Varnish with its defaults, and a cache in memory.
func (b *bench) startVarnish(addr string, _ side) (*exec.Cmd, error) {
	host, port, err := net.SplitHostPort(b.Upstream)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(b.Dir, "default.vcl")
	vcl := fmt.Sprintf("vcl 4.1;\nbackend default { .host = %q; .port = %q; }\n", host, port)
	if err := os.WriteFile(file, []byte(vcl), 0o644); err != nil {
		return nil, err
	}
	program, err := rig.Program("varnishd")
	if err != nil {
		return nil, err
	}
	return b.Start(rig.Measured, nil, program, "-F", "-j", "none", "-n", filepath.Join(b.Dir, "varnish-"+port+strings.ReplaceAll(addr, ":", "-")),
		"-a", addr, "-f", file, "-t", "3600", "-s", "malloc,1G", "-p", "thread_pools=1")
}

// redisPort starts Redis, if it does not run yet.
func (b *bench) redisPort() (string, error) {
	if b.redis != "" {
		return b.redis, nil
	}
	addr, err := rig.FreeAddr()
	if err != nil {
		return "", err
	}
	_, port, _ := net.SplitHostPort(addr)
	if _, err := b.Start(rig.Others, nil, "redis-server", "--bind", "127.0.0.1", "--port", port, "--dir", b.Dir, "--save", ""); err != nil {
		return "", err
	}
	b.redis = port
	return port, nil
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
	if strings.Contains(s.plugin, "REDIS") {
		port, err := b.redisPort()
		if err != nil {
			return nil, err
		}
		s.plugin = strings.ReplaceAll(s.plugin, "REDIS", port)
	}
	doc += "plugins:\n- name: proxy-cache\n  config: " + s.plugin + "\n"
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

// luaScript makes wrk ask for the path of a case; numbers go round after 1,000.
func luaScript(c benchCase) string {
	return fmt.Sprintf(`local n = math.floor(os.time() %% 100000) * 1000000
local h = {["Host"] = "bench.example.com", ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  ["Accept"] = "application/json, text/plain, */*", ["Accept-Language"] = "en-GB,en;q=0.9", ["Accept-Encoding"] = "gzip, deflate, br"}
function request()
  n = n + 1
  return wrk.format("GET", string.gsub(%q, "%%%%d", tostring(n %% 1000)), h)
end
`, c.path)
}
