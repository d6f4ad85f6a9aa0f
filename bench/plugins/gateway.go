package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/bench/rig"
)

// gateway is the one that is measured, with all that it needs.
type gateway struct {
	*rig.Bench
	program  string
	server   *rig.Server
	provider string // address of its identity provider
	signer   *issuer
}

// sign starts the issuer of tokens that were never seen, where a case asks for them.
func (g *gateway) sign(all []benchCase) (err error) {
	if slices.ContainsFunc(all, func(c benchCase) bool { return c.unseen }) {
		g.signer, err = startIssuer()
	}
	return err
}

// start starts the upstream, Redis where a case asks for it, and the gateway, and waits until it serves.
func (g *gateway) start(all []benchCase) error {
	var err error
	if g.Upstream, err = g.StartUpstream(rig.HTTP); err != nil {
		return err
	}
	redis, err := g.startRedis(all)
	if err != nil {
		return err
	}
	addr, err := rig.FreeAddr()
	if err != nil {
		return err
	}
	if g.provider, err = rig.FreeAddr(); err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(g.provider)
	fill := strings.NewReplacer("{ISSUER}", "http://localhost:"+port+"/"+pool, "{REDIS}", redis, "{SIGNER}", g.signerURL())
	files := map[string]string{
		"gibbon.yml": fill.Replace(routes(g.Upstream, all)),
		"seed.yml":   seed("http://" + addr + "/session" + path),
	}
	files["gibbon.conf"] = fmt.Sprintf("prefix = %[1]s/gibbon-data\ndatabase = off\ndeclarative_config = %[1]s/gibbon.yml\nproxy_listen = %[2]s\n"+
		"admin_listen = off\nstatus_listen = off\nidp_listen = %[3]s\nidp_seed = %[1]s/seed.yml\nproxy_access_log = off\nlog_level = error\n",
		g.Dir, addr, g.provider)
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(g.Dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	program, err := filepath.Abs(g.program)
	if err != nil {
		return err
	}
	cmd, err := g.Start(rig.Measured, []string{"GOMAXPROCS=1"}, program, "start", "-c", filepath.Join(g.Dir, "gibbon.conf"))
	if err != nil {
		return err
	}
	g.server = &rig.Server{Name: "Gibbon", Addr: addr, Cmd: cmd}
	return rig.Ready("http://"+addr+"/plain"+path, nil)
}

func (g *gateway) signerURL() string {
	if g.signer == nil {
		return ""
	}
	return g.signer.url
}

// startRedis returns the port of a Redis, or 0 if no case needs one.
func (g *gateway) startRedis(all []benchCase) (port string, err error) {
	const name = "redis-server"
	if !slices.ContainsFunc(all, func(c benchCase) bool { return slices.Contains(c.programs, name) }) {
		return "0", nil
	}
	addr, err := rig.FreeAddr()
	if err != nil {
		return "", err
	}
	program, err := rig.Program(name)
	if err != nil {
		return "", err
	}
	_, port, _ = net.SplitHostPort(addr)
	_, err = g.Start(rig.Others, nil, program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", g.Dir)
	return port, err
}

// routes is the declarative file: a route without plugin, and one for each case.
func routes(upstream string, all []benchCase) string {
	host, port, _ := net.SplitHostPort(upstream)
	var doc strings.Builder
	fmt.Fprintf(&doc, "_format_version: \"3.0\"\nservices:\n- name: up\n  host: %s\n  port: %s\n  routes:\n  - {name: plain, paths: [/plain]}\n", host, port)
	for _, c := range all {
		fmt.Fprintf(&doc, "  - name: %[1]s\n    paths: [/%[1]s]\n    plugins: [%[2]s]\n", c.route, c.plugin)
	}
	return doc.String()
}

// seed is what the provider begins with: a client for machines, and one for people, who come back to callback.
func seed(callback string) string {
	return fmt.Sprintf(`pools:
- Id: %s
  PoolName: bench
  UsernameAttributes: [email]
  Domain: benchdomain
  ResourceServers:
  - {Identifier: "http://bench", Name: bench, Scopes: [{ScopeName: read, ScopeDescription: Read}]}
  Clients:
  - ClientId: %s
    ClientName: machine
    ClientSecret: %s
    AllowedOAuthFlowsUserPoolClient: true
    AllowedOAuthFlows: [client_credentials]
    AllowedOAuthScopes: ["http://bench/read"]
  - ClientId: %s
    ClientName: web
    ClientSecret: %s
    SupportedIdentityProviders: [COGNITO]
    AllowedOAuthFlowsUserPoolClient: true
    AllowedOAuthFlows: [code]
    AllowedOAuthScopes: [openid, email]
    CallbackURLs: ["%s"]
  Users:
  - {Username: %s, Password: "%s", Attributes: {email_verified: "true"}}
`, pool, machine, machineSecret, web, webSecret, callback, person, password)
}
