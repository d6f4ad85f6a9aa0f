package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gibbon-gateway/gibbon/bench/peer"
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
  ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
`

const nginxLargeBuffers = "  proxy_buffer_size 64k; proxy_buffers 16 64k; proxy_busy_buffers_size 512k; proxy_max_temp_file_size 0; tcp_nopush off;\n"

// startPlainNginx starts nginx as a proxy that does nothing but pass requests on.
func (b *bench) startPlainNginx(addr string, c benchCase) (*exec.Cmd, error) {
	return b.runNginx(c, nginxServer(b, addr, c)+" location / { "+c.pass("")+" } }\n}\n")
}

// nginxServer begins a server.
func nginxServer(b *bench, addr string, c benchCase) string {
	listen := "listen " + addr
	if c.tls {
		listen += " ssl"
	}
	if c.http2() {
		listen += " http2"
	}
	if c.tls {
		listen += fmt.Sprintf("; ssl_certificate %s/%s; ssl_certificate_key %[1]s/%[3]s", b.Dir, certFile, keyFile)
	}
	return "  server { " + listen + ";"
}

// pass is how a location passes requests on, with another path if there is one.
func (c benchCase) pass(path string) string {
	switch {
	case c.isGRPC():
		return "grpc_pass grpc://up;"
	case c.protocol == peer.WebSocket:
		return `proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; proxy_pass http://up` + path + ";"
	}
	return "proxy_pass http://up" + path + ";"
}

// startNginx starts nginx as one that does what the gateway does by default.
func (b *bench) startNginx(addr string, c benchCase) (*exec.Cmd, error) {
	var conf strings.Builder
	fmt.Fprintf(&conf, `  map $http_apikey $client { default ""; "%s" "consumer-1"; }
  limit_req_zone $client zone=limit:10m rate=1000000r/s;
`, benchKey)
	var set strings.Builder
	for _, f := range [][2]string{{"Host", "$host"}, {"X-Real-IP", "$remote_addr"}, {"X-Forwarded-For", "$proxy_add_x_forwarded_for"},
		{"X-Forwarded-Proto", "$scheme"}, {"X-Forwarded-Host", "$host"}, {"X-Forwarded-Port", "$server_port"}, {"X-Forwarded-Path", "$uri"},
		{"Via", `"1.1 nginx"`}, {"X-Request-Id", "$request_id"}} {
		module := "proxy"
		if c.isGRPC() {
			module = "grpc"
		}
		fmt.Fprintf(&set, "  %s_set_header %s %s;\n", module, f[0], f[1])
	}
	fields := set.String()
	if c.protocol == "" || c.protocol == peer.HTTP2 {
		fields = `  proxy_set_header Connection "";` + "\n" + fields
	}
	conf.WriteString(`  add_header Via "1.1 nginx"; add_header X-Upstream-Latency $upstream_header_time; add_header X-Proxy-Latency $request_time;
  add_header X-Request-Id $request_id;
`)
	inside := "" // one field set in a location hides all that are set further out
	if c.plugin {
		inside = ` if ($client = "") { return 401; } limit_req zone=limit burst=1000000 nodelay; proxy_set_header X-Consumer-Username $client;`
	}
	if c.plugin || c.protocol == peer.WebSocket {
		inside += fields
	} else {
		conf.WriteString(fields)
	}
	for h := range hosts {
		fmt.Fprintf(&conf, "%s server_name h%d.example.com;\n", nginxServer(b, addr, c), h)
		for p := range prefixes {
			prefix, path := fmt.Sprintf("/p%d/", p), "/"
			if c.isGRPC() {
				prefix, path = fmt.Sprintf("/p%d.", p), ""
			}
			fmt.Fprintf(&conf, "    location %s {%s %s }\n", prefix, inside, c.pass(path))
		}
		conf.WriteString("  }\n")
	}
	return b.runNginx(c, conf.String()+"}\n")
}

// large says whether bodies are.
func (c benchCase) large() bool { return c.path == "/big" }

func (b *bench) runNginx(c benchCase, conf string) (*exec.Cmd, error) {
	if c.large() {
		conf = nginxLargeBuffers + conf
	}
	dir, err := os.MkdirTemp(b.Dir, "nginx-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // the worker is another user
		return nil, err
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(fmt.Sprintf(nginxStart, dir, b.upstreams[c.upstream()])+conf), 0o644); err != nil {
		return nil, err
	}
	nginx, err := rig.Program("nginx")
	if err != nil {
		return nil, err
	}
	return b.Start(rig.Measured, nil, nginx, "-p", dir, "-c", file)
}
