package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

// startGibbon writes a declarative file with the routes and starts the gateway without a database.
func (b *bench) startGibbon(program, addr string, c benchCase) (*exec.Cmd, error) {
	host, port, _ := strings.Cut(b.upstreams[c.upstream()], ":")
	service, route := "http", ""
	if c.isGRPC() {
		service, route = "grpc", ", protocols: [grpc, grpcs], strip_path: false"
	}
	var doc strings.Builder
	fmt.Fprintf(&doc, "_format_version: \"3.0\"\nservices:\n- name: up\n  protocol: %s\n  host: %s\n  port: %s\n  routes:\n", service, host, port)
	for h := range hosts {
		for p := range prefixes {
			fmt.Fprintf(&doc, "  - {name: r%d-%d, hosts: [h%d.example.com], paths: [/p%d]%s}\n", h, p, h, p, route)
		}
	}
	if c.plugin {
		fmt.Fprintf(&doc, "plugins:\n- {name: key-auth}\n- {name: rate-limiting, config: {minute: 1000000000, policy: local}}\n"+
			"consumers:\n- username: consumer-1\n  keyauth_credentials: [{key: %s}]\n", benchKey)
	}
	dir, err := os.MkdirTemp(b.Dir, "gibbon-")
	if err != nil {
		return nil, err
	}
	listen := addr
	if c.http2() {
		listen += " http2"
	}
	if c.tls {
		listen += " ssl"
	}
	file, conf := filepath.Join(dir, "gibbon.yml"), filepath.Join(dir, "gibbon.conf")
	text := fmt.Sprintf("prefix = %s\ndatabase = off\ndeclarative_config = %s\nproxy_listen = %s\nadmin_listen = off\nstatus_listen = off\n"+
		"idp_listen = off\nproxy_access_log = off\nlog_level = error\nnginx_worker_processes = 1\nssl_cert = %[4]s/%[5]s\nssl_cert_key = %[4]s/%[6]s\n"+
		"ssl_protocols = TLSv1.3\n", dir, file, listen, b.Dir, certFile, keyFile)
	for name, body := range map[string]string{file: doc.String(), conf: text} {
		if err := os.WriteFile(name, []byte(body), 0o644); err != nil {
			return nil, err
		}
	}
	if program, err = filepath.Abs(program); err != nil {
		return nil, err
	}
	return b.Start(rig.Measured, []string{"GOMAXPROCS=1"}, program, "start", "-c", conf)
}
