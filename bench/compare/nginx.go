package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

// nginxStart is what both configurations begin with. nginx does best with large bodies when a buffer holds much of one, and none goes to a file.
const nginxStart = `daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid %[1]s/nginx.pid; error_log %[1]s/error.log error;
events { worker_connections 20000; }
http {
  access_log off; keepalive_requests 100000000; server_names_hash_max_size 4096; variables_hash_bucket_size 128; map_hash_bucket_size 128;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  upstream up { server %[2]s; keepalive 512; keepalive_requests 100000000; }
  proxy_http_version 1.1; proxy_set_header Connection "";
`

const nginxLargeBuffers = "  proxy_buffer_size 64k; proxy_buffers 16 64k; proxy_busy_buffers_size 512k; proxy_max_temp_file_size 0; tcp_nopush off;\n"

// startPlainNginx starts nginx as a proxy that does nothing but pass requests on.
func (b *bench) startPlainNginx(addr string, c benchCase) (*exec.Cmd, error) {
	conf := "  server { listen " + addr + "; location / { proxy_pass http://up; } }\n}\n"
	if c.large() {
		conf = nginxLargeBuffers + conf
	}
	return b.runNginx(conf)
}

// startNginx starts nginx as one that does what the gateway does by default.
func (b *bench) startNginx(addr string, c benchCase) (*exec.Cmd, error) {
	var conf strings.Builder
	fmt.Fprintf(&conf, `  map $http_apikey $client { default ""; "%s" "consumer-1"; }
  limit_req_zone $client zone=limit:10m rate=1000000r/s;
`, benchKey)
	fields := `  proxy_set_header Connection ""; proxy_set_header Host $host;
  proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-Port $server_port;
  proxy_set_header X-Forwarded-Path $uri; proxy_set_header Via "1.1 nginx"; proxy_set_header X-Request-Id $request_id;
`
	conf.WriteString(fields)
	conf.WriteString(`  add_header Via "1.1 nginx"; add_header X-Upstream-Latency $upstream_header_time; add_header X-Proxy-Latency $request_time;
  add_header X-Request-Id $request_id;
`)
	if c.large() {
		conf.WriteString(nginxLargeBuffers)
	}
	for h := range hosts {
		fmt.Fprintf(&conf, "  server { listen %s; server_name h%d.example.com;\n", addr, h)
		for p := range prefixes {
			fmt.Fprintf(&conf, "    location /p%d/ {", p)
			if c.plugin { // one field set in a location hides all that are set further out
				conf.WriteString(` if ($client = "") { return 401; } limit_req zone=limit burst=1000000 nodelay; proxy_set_header X-Consumer-Username $client;` + fields)
			}
			conf.WriteString(" proxy_pass http://up/; }\n")
		}
		conf.WriteString("  }\n")
	}
	return b.runNginx(conf.String() + "}\n")
}

// large says whether bodies are.
func (c benchCase) large() bool { return c.path == "/big" }

func (b *bench) runNginx(conf string) (*exec.Cmd, error) {
	dir, err := os.MkdirTemp(b.Dir, "nginx-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // the worker is another user
		return nil, err
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(fmt.Sprintf(nginxStart, dir, b.Upstream)+conf), 0o644); err != nil {
		return nil, err
	}
	nginx, err := rig.Program("nginx")
	if err != nil {
		return nil, err
	}
	return b.Start(rig.Measured, nil, nginx, "-p", dir, "-c", file)
}
