package idp_test

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/idp"
)

const seedText = `
pools:
- Id: us-west-2_Seed00001
  PoolName: seeded
  UsernameAttributes: [email]
  AutoVerifiedAttributes: [email]
  UsernameConfiguration: {CaseSensitive: false}
  Schema:
  - {Name: given_name, Required: true}
  - {Name: level, AttributeDataType: Number, NumberAttributeConstraints: {MinValue: "0", MaxValue: "9"}}
  Domain: seeddomain
  ResourceServers:
  - {Identifier: "http://seed", Name: seed, Scopes: [{ScopeName: read, ScopeDescription: Read}]}
  Groups:
  - {GroupName: admins, Precedence: 1, RoleArn: "arn:aws:iam::123456789012:role/admins"}
  Clients:
  - ClientId: 1seedmachine000000000000
    ClientName: machine
    ClientSecret: seedsecret000000000000000000
    AllowedOAuthFlowsUserPoolClient: true
    AllowedOAuthFlows: [client_credentials]
    AllowedOAuthScopes: ["http://seed/read"]
  - ClientId: 1seedweb0000000000000000
    ClientName: web
    SupportedIdentityProviders: [COGNITO]
    ExplicitAuthFlows: [ALLOW_USER_PASSWORD_AUTH, ALLOW_USER_SRP_AUTH, ALLOW_REFRESH_TOKEN_AUTH]
    AllowedOAuthFlowsUserPoolClient: true
    AllowedOAuthFlows: [code]
    AllowedOAuthScopes: [openid, email, profile]
    CallbackURLs: ["http://localhost:3000/cb"]
  Users:
  - Username: jane@example.com
    Sub: 11111111-2222-7033-8444-555555555555
    Password: Passw0rd!
    Attributes: {email_verified: "true", given_name: Jane, "custom:level": "3"}
    Groups: [admins]
  - {Username: new@example.com, TemporaryPassword: "Temp0rary!", Attributes: {given_name: New}}
  - {Username: off@example.com, Password: "Passw0rd!", Enabled: false}
`

// A seed makes what it says, once; a second time nothing changes, and what it says differently is changed.
func TestSeed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(file, []byte(seedText), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, func(o *idp.Options) { o.Seed = file })
	seen := func() doc {
		all := doc{}
		for _, operation := range []string{"DescribeUserPool", "ListUsers", "ListGroups", "ListResourceServers"} {
			in := doc{"UserPoolId": "us-west-2_Seed00001"}
			if operation == "ListResourceServers" {
				in["MaxResults"] = 10
			}
			all[operation] = r.aws(operation, in)
		}
		for _, id := range []string{"1seedmachine000000000000", "1seedweb0000000000000000"} {
			c := r.aws("DescribeUserPoolClient", doc{"UserPoolId": "us-west-2_Seed00001", "ClientId": id})["UserPoolClient"].(doc)
			delete(c, "LastModifiedDate")
			all[id] = c
		}
		delete(all["DescribeUserPool"].(doc)["UserPool"].(doc), "LastModifiedDate")
		for _, g := range all["ListGroups"].(doc)["Groups"].([]any) {
			delete(g.(doc), "LastModifiedDate")
		}
		return all
	}
	before := seen()
	r.seed(seedText)
	if diff := cmp.Diff(before, seen()); diff != "" {
		t.Error(diff)
	}
	status, _ := r.token(r.origin+"/oauth2/token", basic("1seedmachine000000000000", "seedsecret000000000000000000"), url.Values{"grant_type": {"client_credentials"}})
	if status != http.StatusOK {
		t.Errorf("client: %d", status)
	}
	user := r.aws("AdminGetUser", doc{"UserPoolId": "us-west-2_Seed00001", "Username": "Jane@Example.com"})
	if user["Username"] != "11111111-2222-7033-8444-555555555555" || user["UserStatus"] != "CONFIRMED" {
		t.Errorf("user %v", user)
	}
	s := &site{running: r, pool: "us-west-2_Seed00001", client: "1seedweb0000000000000000", http: r.browser(newJar(t))}
	to := s.signIn(s.query())
	form := url.Values{"grant_type": {"authorization_code"}, "client_id": {s.client}, "code": {to.Query().Get("code")}, "redirect_uri": {callback}}
	_, out := r.token(r.origin+"/oauth2/token", nil, form)
	_, id := claims(t, out["id_token"])
	if id["custom:level"] != nil && id["custom:level"] != "3" || id["cognito:preferred_role"] != "arn:aws:iam::123456789012:role/admins" {
		t.Errorf("ID token %v", id)
	}
	r.seed(strings.Replace(seedText, "ClientName: web", "ClientName: other", 1))
	if c := r.aws("DescribeUserPoolClient", doc{"UserPoolId": s.pool, "ClientId": s.client})["UserPoolClient"].(doc); c["ClientName"] != "other" {
		t.Errorf("client %v", c["ClientName"])
	}
}

// All mistakes are named with their place, and what is right is made nevertheless.
func TestSeedErrors(t *testing.T) {
	r := start(t, nil)
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"no YAML":     {"pools: [", []string{"yaml"}},
		"no mapping":  {"[1]", []string{"mapping"}},
		"no list":     {"pools: 3", []string{"pools: is not a list"}},
		"members":     {"pool: []\npools: [{PoolName: x, Colour: red, Clients: [{Client: x}], Users: 3}]", []string{"pool: unknown member", `pools[0]: unknown member "Colour"`, `pools[0].Clients[0]: unknown member "Client"`, "pools[0].Users: is not a list"}},
		"types":       {"pools: [{PoolName: [x]}]", []string{"pools[0]: PoolName: array where a text is expected"}},
		"constraints": {"pools: [{PoolName: ''}]", []string{"pools[0]: InvalidParameterException"}},
		"parts": {`pools: [{Id: us-west-2_Bad000001, PoolName: bad, Clients: [{ClientName: a, AllowedOAuthScopes: [nothing], AllowedOAuthFlows: [code]}, {ClientName: good}],
			Users: [{Username: u, Password: short}, {Username: v, Password: "Passw0rd!", Sub: x}, {Username: w, Password: "Passw0rd!", Groups: [none], Attributes: {nonsense: x}},
			{Password: x}, {Username: ok, Password: "Passw0rd!", Groups: [none]}, {Username: two, Password: "Passw0rd!", TemporaryPassword: "Passw0rd!"}]}]`,
			[]string{"pools[0].Clients[0]: ", "pools[0].Users[0]: InvalidPasswordException", "pools[0].Users[1]: Sub", "pools[0].Users[2]: Attributes", "pools[0].Users[3].Username: is missing",
				"pools[0].Users[4].Groups[0]: ", "pools[0].Users[5]: Password, TemporaryPassword"}},
	} {
		t.Run(name, func(t *testing.T) {
			answer, body := r.do(r.client, http.MethodPost, r.origin+"/_gibbon/pools", nil, c.text)
			if answer.StatusCode != http.StatusBadRequest {
				t.Errorf("%d %s", answer.StatusCode, body)
			}
			for _, want := range c.want {
				if !strings.Contains(body, want) {
					t.Errorf("%q is not told in:\n%s", want, body)
				}
			}
		})
	}
	list := r.aws("ListUserPoolClients", doc{"UserPoolId": "us-west-2_Bad000001", "MaxResults": 10})["UserPoolClients"].([]any)
	if len(list) != 1 {
		t.Errorf("clients %v", list)
	}
	if _, err := idp.New(context.Background(), idp.Options{Folder: t.TempDir(), Seed: "/does/not/exist"}); err == nil || !strings.Contains(err.Error(), "idp_seed") {
		t.Errorf("missing file: %v", err)
	}
}

// A pool that was exported and imported elsewhere is the same: ids, secrets, and users with their passwords.
func TestExportAndImport(t *testing.T) {
	a, b := start(t, nil), start(t, nil)
	a.seed(seedText)
	answer, text := a.do(a.client, http.MethodGet, a.origin+"/_gibbon/pools/us-west-2_Seed00001", nil, "")
	if answer.StatusCode != http.StatusOK || strings.Contains(text, "Passw0rd!") {
		t.Fatalf("%d %s", answer.StatusCode, text)
	}
	b.seed(text)
	_, again := b.do(b.client, http.MethodGet, b.origin+"/_gibbon/pools/us-west-2_Seed00001", nil, "")
	if diff := cmp.Diff(text, again); diff != "" {
		t.Error(diff)
	}
	s := &site{running: b, pool: "us-west-2_Seed00001", client: "1seedweb0000000000000000", http: b.browser(newJar(t))}
	if to := s.signIn(s.query()); to.Query().Get("code") == "" {
		t.Errorf("sign-in: %s", to)
	}
	if answer, _ := b.do(b.client, http.MethodGet, b.origin+"/_gibbon/pools/us-west-2_Nothing00", nil, ""); answer.StatusCode != http.StatusNotFound {
		t.Errorf("unknown pool: %d", answer.StatusCode)
	}
}

// The command asks the provider that runs, and works on the database if none does.
func TestCommand(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "not", "there", "yet")
	options := idp.Options{Database: filepath.Join(folder, "idp.db"), Folder: folder, Origin: "http://127.0.0.1:1"}
	run := func(o idp.Options, terminal bool, args ...string) (int, string, string) {
		var out, problem bytes.Buffer
		status := idp.Command(context.Background(), idp.Line{Args: args, Stdin: strings.NewReader(seedText), Stdout: &out, Stderr: &problem, Terminal: terminal, Options: o})
		return status, out.String(), problem.String()
	}
	status, out, problem := run(options, false, "quickstart")
	if status != 0 || strings.Count(out, "curl ") != 3 || strings.ContainsAny(out, "\x1b│") || !strings.Contains(out, "http://kongresource/scope1") {
		t.Fatalf("%d %s %s", status, out, problem)
	}
	if _, again, _ := run(options, false, "quickstart", "kongpool"); again != out {
		t.Errorf("again:\n%s\n%s", out, again)
	}
	if _, out, _ := run(options, true, "quickstart"); !strings.Contains(out, "┌") || !strings.Contains(out, "was there already") {
		t.Errorf("on a terminal: %s", out)
	}
	if status, out, problem := run(options, false, "quickstart", "--json", "other pool, 2"); status != 0 || !strings.Contains(out, `"client_secret"`) {
		t.Errorf("--json: %d %s %s", status, out, problem)
	}
	if status, out, problem := run(options, false, "import", "-"); status != 0 || out != "us-west-2_Seed00001\n" {
		t.Errorf("import: %d %s %s", status, out, problem)
	}
	if status, out, problem := run(options, false, "export", "us-west-2_Seed00001"); status != 0 || !strings.Contains(out, "seeddomain") {
		t.Errorf("export: %d %s %s", status, out, problem)
	}
	if status, out, problem := run(options, false, "ca"); status != 0 || !strings.HasPrefix(out, "-----BEGIN CERTIFICATE-----") {
		t.Errorf("ca: %d %s %s", status, out, problem)
	}
	for _, args := range [][]string{{"dance"}, {"export"}, {"import"}, {"outbox", "x"}, {"quickstart", "--colour"}, {"quickstart", "a", "b"}} {
		if status, _, problem := run(options, false, args...); status != 2 || !strings.Contains(problem, "Usage") {
			t.Errorf("%v: %d %s", args, status, problem)
		}
	}
	if status, _, problem := run(options, false, "export", "nothing"); status != 1 || !strings.Contains(problem, "does not exist") {
		t.Errorf("export nothing: %d %s", status, problem)
	}
	r := start(t, nil)
	r.aws("AdminCreateUser", doc{"UserPoolId": quick(t, r).Pool, "Username": jane, "DesiredDeliveryMediums": []string{"EMAIL"}})
	if status, out, problem := run(idp.Options{Folder: folder, Origin: r.origin}, false, "outbox", "--to", jane); status != 0 || !strings.Contains(out, "EMAIL  "+jane) {
		t.Errorf("outbox: %d %s %s", status, out, problem)
	}
}
