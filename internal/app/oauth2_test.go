package app_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/gibbontest"
	"github.com/gibbon-gateway/gibbon/internal/store/pgtest"
)

var insecure = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16,
	TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

// ask posts a form to an endpoint of the plugin oauth2.
func ask(t *testing.T, g *gibbontest.Gateway, path string, form url.Values) (int, map[string]any) {
	t.Helper()
	resp, err := insecure.PostForm(g.ProxyTLS+"/r/oauth2/"+path, form)
	if err != nil {
		t.Error(err)
		return 0, nil
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	return resp.StatusCode, doc
}

// bearer asks the upstream with a token.
func bearer(t *testing.T, g *gibbontest.Gateway, token string) int {
	t.Helper()
	r, err := http.NewRequest("GET", g.Proxy+"/r", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := insecure.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// setUpOAuth2 makes a service with the plugin and an application, and waits until all gateways have them.
func setUpOAuth2(t *testing.T, up string, all ...*gibbontest.Gateway) {
	t.Helper()
	for _, c := range [][2]string{
		{"/services", `{"name":"s","url":"` + up + `"}`}, {"/services/s/routes", `{"name":"r","paths":["/r"]}`},
		{"/consumers", `{"username":"ann"}`},
		{"/consumers/ann/oauth2", `{"name":"app","client_id":"app","client_secret":"secret","redirect_uris":["https://app.test/"]}`},
		{"/services/s/plugins", `{"name":"oauth2","config":{"provision_key":"prov","enable_client_credentials":true,"enable_authorization_code":true}}`},
	} {
		if status, text := call(t, "POST", all[0].Admin+c[0], c[1]); status != http.StatusCreated {
			t.Fatalf("%s: %d %s", c[0], status, text)
		}
	}
	for _, g := range all {
		await(t, "the plugin is not live", func() bool { return bearer(t, g, "nope") == http.StatusUnauthorized })
	}
}

var machine = url.Values{"grant_type": {"client_credentials"}, "client_id": {"app"}, "client_secret": {"secret"}}

// Issuing tokens compiles nothing.
func TestTokensCompileNothing(t *testing.T) {
	if testing.Short() {
		return
	}
	log := filepath.Join(t.TempDir(), "log")
	up := gibbontest.NewUpstream(t, nil)
	g := gibbontest.Start(t, "", map[string]string{"log_level": "debug", "proxy_error_log": log})
	setUpOAuth2(t, up.URL, g)
	compiled := func() int {
		<-time.After(time.Second) // lines are in the file half a second after they were written
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(text), "configuration in force")
	}
	before := compiled()
	if before == 0 {
		t.Fatal("the log does not tell")
	}
	var last atomic.Value
	var all sync.WaitGroup
	began := time.Now()
	for range 4 {
		all.Go(func() {
			for range 250 {
				status, doc := ask(t, g, "token", machine)
				if status != http.StatusOK {
					t.Errorf("%d %v", status, doc)
					return
				}
				last.Store(doc["access_token"])
			}
		})
	}
	all.Wait()
	t.Logf("1000 tokens in %v", time.Since(began))
	if n := compiled() - before; n != 0 {
		t.Errorf("the configuration was compiled %d times", n)
	}
	if status := bearer(t, g, last.Load().(string)); status != http.StatusOK {
		t.Errorf("the last token: %d", status)
	}
}

// Nodes that share PostgreSQL share tokens at once, and what was used up on one is on all.
func TestTokensOfTwoNodes(t *testing.T) {
	if testing.Short() {
		return
	}
	db := pgtest.New(t)
	name := db.Database(t)
	up := gibbontest.NewUpstream(t, nil)
	start := func() *gibbontest.Gateway {
		return gibbontest.Start(t, "", map[string]string{"database": "postgres", "pg_host": db.Folder, "pg_port": strconv.Itoa(db.Port),
			"pg_user": pgtest.User, "pg_database": name, "log_level": "crit"})
	}
	one, two := start(), start()
	setUpOAuth2(t, up.URL, one, two)
	for range 20 {
		_, doc := ask(t, one, "token", machine)
		if status := bearer(t, two, fmt.Sprint(doc["access_token"])); status != http.StatusOK {
			t.Fatalf("a token of the other node: %d", status)
		}
	}
	_, doc := ask(t, two, "token", machine)
	token := fmt.Sprint(doc["access_token"])
	if a, b := bearer(t, one, token), bearer(t, two, token); a != http.StatusOK || b != http.StatusOK {
		t.Fatalf("%d %d", a, b)
	}
	if status, text := call(t, "DELETE", one.Admin+"/oauth2_tokens/"+token, ""); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, text)
	}
	if status := bearer(t, one, token); status != http.StatusUnauthorized {
		t.Errorf("the node that has removed a token: %d", status)
	}
	began := time.Now()
	await(t, "the other node takes a token that was removed", func() bool { return bearer(t, two, token) == http.StatusUnauthorized })
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("the other node has noticed after %v", d)
	}
	for range 3 {
		_, doc := ask(t, one, "authorize", url.Values{"client_id": {"app"}, "response_type": {"code"}, "provision_key": {"prov"}, "authenticated_userid": {"u"}})
		back, err := url.Parse(fmt.Sprint(doc["redirect_uri"]))
		if err != nil || back.Query().Get("code") == "" {
			t.Fatal(err, doc)
		}
		form := url.Values{"grant_type": {"authorization_code"}, "client_id": {"app"}, "client_secret": {"secret"}, "code": {back.Query().Get("code")}}
		var good atomic.Int64
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				switch status, doc := ask(t, []*gibbontest.Gateway{one, two}[i%2], "token", form); {
				case status == http.StatusOK:
					good.Add(1)
				case doc["error_description"] != "Invalid code":
					t.Errorf("%d %v", status, doc)
				}
			})
		}
		all.Wait()
		if good.Load() != 1 {
			t.Errorf("a code was redeemed %d times", good.Load())
		}
	}
	// Without the database, tokens that a node has seen go on.
	_, doc = ask(t, one, "token", machine)
	token = fmt.Sprint(doc["access_token"])
	if bearer(t, two, token) != http.StatusOK {
		t.Fatal("a token")
	}
	db.Stop(t)
	for range 3 {
		if status := bearer(t, two, token); status != http.StatusOK {
			t.Errorf("while the database is away: %d", status)
		}
	}
	db.Start(t)
}

// Without a database declared tokens are good, and none are issued.
func TestTokensWithoutDatabase(t *testing.T) {
	up := gibbontest.NewUpstream(t, nil)
	log := filepath.Join(t.TempDir(), "log")
	g := gibbontest.Start(t, `
_format_version: "3.0"
services:
- name: s
  url: `+up.URL+`
  routes:
  - name: r
    paths: [/r]
  plugins:
  - name: oauth2
    config:
      enable_client_credentials: true
consumers:
- username: ann
  oauth2_credentials:
  - name: app
    client_id: app
    client_secret: secret
    oauth2_tokens:
    - access_token: declared
      service: s
      expires_in: 0
    - access_token: over
      service: s
      expires_in: 1
      created_at: 1700000000
`, map[string]string{"proxy_error_log": log})
	if status := bearer(t, g, "declared"); status != http.StatusOK {
		t.Errorf("a declared token: %d", status)
	}
	for _, token := range []string{"over", "nope"} {
		if status := bearer(t, g, token); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", token, status)
		}
	}
	status, doc := ask(t, g, "token", machine)
	if status != http.StatusInternalServerError || doc["message"] != "An unexpected error occurred" {
		t.Errorf("%d %v", status, doc)
	}
	await(t, "the log does not say why", func() bool {
		text, err := os.ReadFile(log)
		return err == nil && strings.Contains(string(text), "database=off")
	})
}

// Any of several authentication plugins is enough where all have anonymous; openid-connect takes the tokens of oauth2 while its
// provider is not there.
func TestTokensBesideOtherPlugins(t *testing.T) {
	up := gibbontest.NewUpstream(t, nil)
	g := gibbontest.Start(t, `
_format_version: "3.0"
services:
- name: s
  url: `+up.URL+`
  routes:
  - name: either
    paths: [/either]
    plugins:
    - name: oauth2
      config: {enable_client_credentials: true, anonymous: guest}
    - name: key-auth
      config: {anonymous: guest}
  - name: both
    paths: [/both]
    plugins:
    - name: oauth2
      config: {enable_client_credentials: true}
    - name: key-auth
  - name: oidc
    paths: [/oidc]
    plugins:
    - name: openid-connect
      config: {issuer: "http://127.0.0.1:1/", client_id: [x], client_secret: [y], auth_methods: [kong_oauth2]}
- name: other
  url: `+up.URL+`
  routes:
  - name: elsewhere
    paths: [/elsewhere]
    plugins:
    - name: openid-connect
      config: {issuer: "http://127.0.0.1:1/", client_id: [x], client_secret: [y], auth_methods: [kong_oauth2]}
consumers:
- username: guest
- username: bob
  keyauth_credentials:
  - key: bobs
- username: ann
  oauth2_credentials:
  - name: app
    client_id: app
    oauth2_tokens:
    - {access_token: anns, service: s, expires_in: 0, scope: read, authenticated_userid: user-7}
`, nil)
	for _, c := range []struct {
		path, token, key string
		status           int
		want             string // consumer, anonymous, user
	}{
		{"/either", "", "", 200, "guest true "},
		{"/either", "nope", "nope", 200, "guest true "},
		{"/either", "anns", "", 200, "ann  user-7"},
		{"/either", "", "bobs", 200, "bob  "},
		{"/either", "nope", "bobs", 200, "bob  "},
		{"/either", "anns", "bobs", 200, "ann  user-7"}, // the first that succeeds
		{"/both", "anns", "", 401, ""},
		{"/both", "", "bobs", 401, ""},
		{"/both", "anns", "bobs", 200, "bob  user-7"},
		{"/oidc", "anns", "", 200, "ann  "},
		{"/oidc", "nope", "", 401, ""},
		{"/elsewhere", "anns", "", 401, ""},
	} {
		r, err := http.NewRequest("GET", g.Proxy+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Authenticated-UserId", "root")
		r.Header.Set("Accept", "application/json")
		if strings.HasPrefix(c.path, "/oidc") {
			r.Header.Del("X-Authenticated-UserId")
		}
		if c.token != "" {
			r.Header.Set("Authorization", "Bearer "+c.token)
		}
		if c.key != "" {
			r.Header.Set("apikey", c.key)
		}
		resp, err := insecure.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.status {
			t.Errorf("%s with %q and %q: %d, want %d", c.path, c.token, c.key, resp.StatusCode, c.status)
			continue
		}
		if c.status != http.StatusOK {
			continue
		}
		h := up.Seen()[len(up.Seen())-1].Header
		if got := h.Get("X-Consumer-Username") + " " + h.Get("X-Anonymous-Consumer") + " " + h.Get("X-Authenticated-Userid"); got != c.want {
			t.Errorf("%s with %q and %q: %q, want %q", c.path, c.token, c.key, got, c.want)
		}
	}
}
