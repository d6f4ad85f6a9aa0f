package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

// startNginx writes a configuration that does what the gateway does by default, and starts nginx with one worker.
func (b *bench) startNginx(addr string, c benchCase) (*exec.Cmd, error) {
	var conf strings.Builder
	fmt.Fprintf(&conf, `daemon off; worker_processes 1; pid %[1]s/nginx.pid; error_log %[1]s/nginx-error.log error;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000; server_names_hash_max_size 4096; variables_hash_bucket_size 128; map_hash_bucket_size 128;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  upstream up { server %[2]s; keepalive 512; keepalive_requests 100000000; }
  map $http_apikey $client { default ""; "%[3]s" "consumer-1"; }
  limit_req_zone $client zone=limit:10m rate=1000000r/s;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
  proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-Port $server_port;
  proxy_set_header X-Forwarded-Path $uri; proxy_set_header Via "1.1 nginx"; proxy_set_header X-Request-Id $request_id;
  add_header Via "1.1 nginx"; add_header X-Upstream-Latency $upstream_header_time; add_header X-Proxy-Latency $request_time;
  add_header X-Request-Id $request_id;
`, b.Dir, b.Upstream, benchKey)
	for h := range hosts {
		fmt.Fprintf(&conf, "  server { listen %s; server_name h%d.example.com;\n", addr, h)
		for p := range prefixes {
			fmt.Fprintf(&conf, "    location /p%d/ {", p)
			if c.plugin {
				conf.WriteString(` if ($client = "") { return 401; } limit_req zone=limit burst=1000000 nodelay; proxy_set_header X-Consumer-Username $client;` +
					` proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header Connection "";` +
					` proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host; proxy_set_header Via "1.1 nginx";`)
			}
			conf.WriteString(" proxy_pass http://up/; }\n")
		}
		conf.WriteString("  }\n")
	}
	conf.WriteString("}\n")
	file := filepath.Join(b.Dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf.String()), 0o644); err != nil {
		return nil, err
	}
	nginx, err := rig.Program("nginx")
	if err != nil {
		return nil, err
	}
	return b.Start(rig.Measured, nil, nginx, "-p", b.Dir, "-c", file)
}

// startGibbon writes a declarative file with the routes and starts the gateway without a database.
func (b *bench) startGibbon(addr string, c benchCase) (*exec.Cmd, error) {
	host, port, _ := strings.Cut(b.Upstream, ":")
	var doc strings.Builder
	fmt.Fprintf(&doc, "_format_version: \"3.0\"\nservices:\n- name: up\n  host: %s\n  port: %s\n  routes:\n", host, port)
	for h := range hosts {
		for p := range prefixes {
			fmt.Fprintf(&doc, "  - {name: r%d-%d, hosts: [h%d.example.com], paths: [/p%d]}\n", h, p, h, p)
		}
	}
	if c.plugin {
		fmt.Fprintf(&doc, "plugins:\n- {name: key-auth}\n- {name: rate-limiting, config: {minute: 1000000000, policy: local}}\n"+
			"consumers:\n- username: consumer-1\n  keyauth_credentials: [{key: %s}]\n", benchKey)
	}
	dir := filepath.Join(b.Dir, "gibbon")
	file := filepath.Join(b.Dir, "gibbon.yml")
	conf := filepath.Join(b.Dir, "gibbon.conf")
	text := fmt.Sprintf("prefix = %s\ndatabase = off\ndeclarative_config = %s\nproxy_listen = %s\nadmin_listen = off\nstatus_listen = off\n"+
		"idp_listen = off\nproxy_access_log = off\nlog_level = error\nnginx_worker_processes = 1\n", dir, file, addr)
	if err := os.WriteFile(file, []byte(doc.String()), 0o644); err != nil {
		return nil, err
	}
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		return nil, err
	}
	program, err := filepath.Abs(b.Gibbon)
	if err != nil {
		return nil, err
	}
	return b.Start(rig.Measured, []string{"GOMAXPROCS=1"}, program, "start", "-c", conf)
}
