package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

// proxy is a program that is measured.
type proxy struct {
	name  string
	start func(b *bench, addr string, c benchCase) (*exec.Cmd, error)
}

// Names of proxies that others are compared with, or that are spared.
const (
	plainNginx = "plain nginx"
	sameNginx  = "nginx"
	older      = "baseline"
	gibbon     = "Gibbon"
)

// proxies are in the order of the table.
var proxies = []proxy{
	{plainNginx, (*bench).startPlainNginx},
	{sameNginx, (*bench).startNginx},
	{"HAProxy", (*bench).startHAProxy},
	{older, func(b *bench, addr string, c benchCase) (*exec.Cmd, error) { return b.startGibbon(b.baseline, addr, c) }},
	{gibbon, func(b *bench, addr string, c benchCase) (*exec.Cmd, error) { return b.startGibbon(b.Gibbon, addr, c) }},
}

func names(all []proxy) []string {
	var names []string
	for _, p := range all {
		names = append(names, p.name)
	}
	return names
}

// choose returns the proxies that the flags ask for.
func (b *bench) choose() ([]proxy, error) {
	all := slices.Clone(proxies)
	if b.baseline == "" {
		all = slices.DeleteFunc(all, func(p proxy) bool { return p.name == older })
	}
	if b.only == "" {
		return all, nil
	}
	var chosen []proxy
	for name := range strings.SplitSeq(b.only, ",") {
		i := slices.IndexFunc(all, func(p proxy) bool { return strings.EqualFold(p.name, strings.TrimSpace(name)) })
		if i < 0 {
			return nil, fmt.Errorf("-proxies: no %q among %s", name, strings.Join(names(all), ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// launch starts a proxy for a case and waits until it answers.
func (b *bench) launch(p proxy, c benchCase) (*rig.Server, error) {
	addr, err := rig.FreeAddr()
	if err != nil {
		return nil, err
	}
	cmd, err := p.start(b, addr, c)
	if err != nil {
		return nil, err
	}
	if err := rig.Ready("http://"+addr+"/p0"+c.path, map[string]string{"Host": "h0.example.com", "apikey": benchKey}); err != nil {
		rig.End(cmd)
		return nil, fmt.Errorf("%s: %w\n%s", p.name, err, b.Logs())
	}
	return &rig.Server{Name: p.name, Addr: addr, Cmd: cmd}, nil
}

// startGibbon writes a declarative file with the routes and starts the gateway without a database.
func (b *bench) startGibbon(program, addr string, c benchCase) (*exec.Cmd, error) {
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
	dir, err := os.MkdirTemp(b.Dir, "gibbon-")
	if err != nil {
		return nil, err
	}
	file, conf := filepath.Join(dir, "gibbon.yml"), filepath.Join(dir, "gibbon.conf")
	text := fmt.Sprintf("prefix = %s\ndatabase = off\ndeclarative_config = %s\nproxy_listen = %s\nadmin_listen = off\nstatus_listen = off\n"+
		"idp_listen = off\nproxy_access_log = off\nlog_level = error\nnginx_worker_processes = 1\n", dir, file, addr)
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
