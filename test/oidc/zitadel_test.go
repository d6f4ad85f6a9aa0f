package oidc_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/gibbontest"
)

// await waits until somebody listens at an address.
func await(t *testing.T, address string) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("nobody listens at %s", address)
		}
	}
}

// run starts a program that ends with the test.
func run(t *testing.T, env []string, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, program, args...)
	c.Env = append(os.Environ(), env...)
	c.Stdout, c.Stderr = t.Output(), t.Output()
	if err := c.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = c.Wait() // it was ended
	})
}

// The provider of zitadel/oidc has opaque access tokens, an issuer that ends with a slash, and introspection for other clients.
func TestZitadel(t *testing.T) {
	if testing.Short() {
		return // builds a program
	}
	program := filepath.Join(t.TempDir(), "server")
	build := exec.Command("go", "build", "-C", "zitadel", "-o", program, "github.com/zitadel/oidc/v3/example/server")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	_, port, _ := strings.Cut(freeAddress(t), ":")
	proxy := freeAddress(t)
	s := &setting{issuer: "http://localhost:" + port, upstream: gibbontest.NewUpstream(t, nil)}
	plugin := func(name, config string) string {
		return fmt.Sprintf("  - name: %s\n    paths: [/%s]\n    plugins:\n    - name: openid-connect\n      config: {issuer: %q, session_secret: s3cret, %s}\n", name, name, s.issuer, config)
	}
	s.gateway = gibbontest.Start(t, "_format_version: \"3.0\"\nservices:\n- name: up\n  url: "+s.upstream.URL+"\n  routes:\n"+
		plugin("web", "client_id: [web], client_secret: [secret], scopes: [openid, profile, email, offline_access], redirect_uri: [\"http://"+proxy+"/web/callback\"], login_action: redirect, login_tokens: null, search_user_info: true, upstream_headers: [{header: X-Mail, path: [email]}]")+
		plugin("same", "client_id: [web], client_secret: [secret], auth_methods: [introspection]")+
		plugin("api", "client_id: [api], client_secret: [secret], auth_methods: [introspection]")+
		plugin("machine", "auth_methods: [client_credentials], scopes: [openid]"), map[string]string{"proxy_listen": proxy})

	run(t, []string{"PORT=" + port, "REDIRECT_URI=http://" + proxy + "/web/callback"}, program)
	await(t, "localhost:"+port)

	u := newUser(t)
	for range 2 {
		if where, body := u.visit(s.gateway.Proxy + "/web/page"); where != s.gateway.Proxy+"/web/page" || body != "200 ok" {
			t.Fatalf("at %s: %s", where, body)
		}
	}
	seen := s.upstream.Seen()
	last := seen[len(seen)-1].Header
	if last.Get("X-Mail") != "test-user@zitadel.ch" || last.Get("X-Credential-Identifier") != "id1" {
		t.Errorf("upstream got %v", last)
	}
	token := last.Get("Authorization")
	for authorization, want := range map[string]int{token: 200, token + "x": 401, "Bearer nonsense": 401} {
		if status, body := s.ask(t, "/same/x", "Authorization", authorization); status != want {
			t.Errorf("%.20s: %d %s", authorization, status, body)
		}
	}
	if status, _ := s.ask(t, "/api/x", "Authorization", token); status != 401 {
		t.Errorf("a client that the token is not for: %d", status)
	}
	for secret, want := range map[string]int{"verysecret": 200, "wrong": 401} {
		if status, body := s.ask(t, "/machine/x", "Authorization", basic("sid1", secret)); status != want {
			t.Errorf("%s: %d %s", secret, status, body)
		}
	}
}
