package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

// haproxyConf does what the gateway does by default: routes by host and prefix, strips the prefix, sets the same fields.
const haproxyConf = `global
  nbthread 1
  maxconn 9000
  ssl-default-bind-options ssl-min-ver TLSv1.3
  ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
  http-reuse always
  unique-id-format %%{+X}o%%ci%%cp%%fi%%fp%%Ts%%rt
frontend in
  bind %[1]s
  http-request deny deny_status 404 unless { base,map_beg(%[2]s/routes.map) -m found }
%[3]s  http-request set-header X-Real-IP %%[src]
  http-request set-header X-Forwarded-For %%[src]
  http-request set-header X-Forwarded-Proto %[6]s
  http-request set-header X-Forwarded-Host %%[req.hdr(host)]
  http-request set-header X-Forwarded-Port %%[dst_port]
  http-request set-header X-Forwarded-Path %%[path]
  http-request set-header Via "1.1 haproxy"
  http-request set-header X-Request-Id %%[unique-id]
%[5]s  http-response set-header Via "1.1 haproxy"
  http-response set-header X-Upstream-Latency %%Tr
  http-response set-header X-Proxy-Latency %%TR
  http-response set-header X-Request-Id %%[unique-id]
  default_backend up
backend up
  stick-table type string len 64 size 1k expire 60s store http_req_rate(60s)
  server up %[4]s
`

const haproxyStrip = "  http-request set-path %[path,regsub(^/p[0-9]+,)]\n"

// haproxyPlugins looks a key up and counts requests, as key-auth and rate-limiting do.
const haproxyPlugins = `  http-request set-var(txn.consumer) req.hdr(apikey),map_str(%[1]s/keys.map)
  http-request deny deny_status 401 unless { var(txn.consumer) -m found }
  http-request track-sc0 var(txn.consumer) table up
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 1000000000 }
  http-request set-header X-Consumer-Username %%[var(txn.consumer)]
`

// startHAProxy starts HAProxy with one thread.
func (b *bench) startHAProxy(addr string, c benchCase) (*exec.Cmd, error) {
	dir, err := os.MkdirTemp(b.Dir, "haproxy-")
	if err != nil {
		return nil, err
	}
	var routes strings.Builder
	for h := range hosts {
		for p := range prefixes {
			fmt.Fprintf(&routes, "h%d.example.com/p%d%s r%d-%d\n", h, p, c.path[:1], h, p)
		}
	}
	plugins := ""
	if c.plugin {
		plugins = fmt.Sprintf(haproxyPlugins, dir)
	}
	bind, server, strip, scheme := addr, b.upstreams[c.upstream()], haproxyStrip, "http"
	if c.tls {
		bind, scheme = bind+" ssl crt "+filepath.Join(b.Dir, bothFile), "https"
	}
	switch {
	case c.http2() && c.tls:
		bind += " alpn h2,http/1.1"
	case c.http2():
		bind += " proto h2"
	}
	if c.isGRPC() {
		server, strip = server+" proto h2", ""
	}
	file := filepath.Join(dir, "haproxy.cfg")
	for name, text := range map[string]string{
		file:                             fmt.Sprintf(haproxyConf, bind, dir, plugins, server, strip, scheme),
		filepath.Join(dir, "routes.map"): routes.String(),
		filepath.Join(dir, "keys.map"):   benchKey + " consumer-1\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	program, err := rig.Program("haproxy")
	if err != nil {
		return nil, err
	}
	return b.Start(rig.Measured, nil, program, "-db", "-f", file)
}
