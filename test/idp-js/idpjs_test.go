// Package idpjs_test runs the JavaScript clients of AWS and of OpenID Connect against the identity provider.
package idpjs_test

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp"
	"github.com/gibbon-gateway/gibbon/internal/idp/password"
)

const (
	pool     = "us-west-2_Script001"
	callback = "http://localhost:3999/callback"
)

const seed = `pools:
- Id: us-west-2_Script001
  PoolName: scripts
  UsernameAttributes: [email]
  AutoVerifiedAttributes: [email]
  UsernameConfiguration: {CaseSensitive: false}
  MfaConfig: {MfaConfiguration: OPTIONAL, SoftwareTokenMfaConfiguration: {Enabled: true}, WebAuthnConfiguration: {RelyingPartyId: localhost, UserVerification: preferred}}
  Policies: {SignInPolicy: {AllowedFirstAuthFactors: [PASSWORD, WEB_AUTHN]}}
  Schema: [{Name: given_name, Required: true, Mutable: true}, {Name: family_name, Required: true, Mutable: true}]
  Domain: scripts
  ResourceServers: [{Identifier: "http://kongresource", Name: kong, Scopes: [{ScopeName: scope1, ScopeDescription: one}]}]
  Clients:
  - {ClientId: 1machine0000000000000000000, ClientName: machine, ClientSecret: machinesecret00000000000000, AllowedOAuthFlowsUserPoolClient: true,
     AllowedOAuthFlows: [client_credentials], AllowedOAuthScopes: ["http://kongresource/scope1"]}
  - {ClientId: 1web00000000000000000000000, ClientName: web, ClientSecret: websecret000000000000000000, SupportedIdentityProviders: [COGNITO],
     AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: [code], AllowedOAuthScopes: [openid, email, profile],
     CallbackURLs: ["http://localhost:3999/callback"], LogoutURLs: ["http://localhost:3999/"]}
  - {ClientId: 1public00000000000000000000, ClientName: public, SupportedIdentityProviders: [COGNITO],
     ExplicitAuthFlows: [ALLOW_USER_SRP_AUTH, ALLOW_USER_PASSWORD_AUTH, ALLOW_USER_AUTH, ALLOW_REFRESH_TOKEN_AUTH],
     AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: [code], AllowedOAuthScopes: [openid, email, profile, aws.cognito.signin.user.admin],
     CallbackURLs: ["http://localhost:3999/callback"], LogoutURLs: ["http://localhost:3999/"], PreventUserExistenceErrors: ENABLED}
  Users:
  - {Username: jane@example.com, Password: "Passw0rd!", Attributes: {email_verified: "true", given_name: Jane, family_name: Doe}}
`

type client struct {
	ID     string `json:"id"`
	Secret string `json:"secret,omitempty"`
	Pool   string `json:"pool,omitempty"`
}

// serve runs a provider and returns where.
func serve(t *testing.T, change func(*idp.Options)) (*idp.Provider, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	o := idp.Options{Folder: folder, Origin: "http://localhost:" + port, Cost: password.Cheap, FixedCode: "424242"}
	change(&o)
	p, err := idp.New(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- p.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p, o.Origin
}

// run runs a program of node's in this folder.
func run(t *testing.T, environment []string, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Env = append(os.Environ(), environment...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	t.Logf("%s", out)
}

// install runs npm where its result is older than the lock file.
func install(t *testing.T) {
	t.Helper()
	lock, err := os.Stat("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if done, err := os.Stat("node_modules/.package-lock.json"); err == nil && done.ModTime().After(lock.ModTime()) {
		return
	}
	run(t, nil, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
}

func TestClients(t *testing.T) {
	if testing.Short() {
		return // starts node and a browser
	}
	if _, err := exec.LookPath("npm"); err != nil {
		t.Fatal("npm is needed: scripts/deps installs it")
	}
	file := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(file, []byte(seed), 0o600); err != nil {
		t.Fatal(err)
	}
	install(t)
	_, origin := serve(t, func(o *idp.Options) { o.Seed = file })
	aws, awsOrigin := serve(t, func(o *idp.Options) { o.Issuer = idp.AWS })
	q, err := aws.Quickstart(t.Context(), "kongpool")
	if err != nil {
		t.Fatal(err)
	}
	clients, err := json.Marshal(map[string]client{"machine": {ID: "1machine0000000000000000000", Secret: "machinesecret00000000000000"},
		"web": {ID: "1web00000000000000000000000", Secret: "websecret000000000000000000"}, "public": {ID: "1public00000000000000000000"},
		"aws": {ID: q.Client, Secret: q.Secret, Pool: q.Pool}})
	if err != nil {
		t.Fatal(err)
	}
	environment := []string{"GIBBON_ORIGIN=" + origin, "GIBBON_AWS_ORIGIN=" + awsOrigin, "GIBBON_POOL=" + pool, "GIBBON_CALLBACK=" + callback,
		"GIBBON_DOMAIN=scripts.auth.us-west-2.localhost:" + origin[strings.LastIndexByte(origin, ':')+1:], "GIBBON_CLIENTS=" + string(clients)}
	files, err := filepath.Glob("*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatal("no tests", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".test.mjs"), func(t *testing.T) { run(t, environment, "node", "--test", file) })
	}
}
