package admin_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/admin"
	"github.com/gibbon-gateway/gibbon/internal/kongoauth2"
	"github.com/gibbon-gateway/gibbon/internal/store"
)

// Applications and tokens have Kong's paths; codes have none.
func TestOAuth2Paths(tt *testing.T) {
	t := newTester(tt)
	var paths []string
	for _, v := range t.want(200, "GET", "/endpoints", "")["data"].([]any) {
		if p := v.(string); strings.Contains(p, "oauth2") {
			paths = append(paths, p)
		}
	}
	want := []string{"/consumers/{consumers}/oauth2", "/consumers/{consumers}/oauth2/{oauth2_credentials}", "/oauth2", "/oauth2/{oauth2_credentials}",
		"/oauth2/{oauth2_credentials}/consumer", "/oauth2/{oauth2_credentials}/oauth2_tokens", "/oauth2/{oauth2_credentials}/oauth2_tokens/{oauth2_tokens}",
		"/oauth2_tokens", "/oauth2_tokens/{oauth2_tokens}", "/oauth2_tokens/{oauth2_tokens}/credential", "/oauth2_tokens/{oauth2_tokens}/service",
		"/services/{services}/oauth2_tokens", "/services/{services}/oauth2_tokens/{oauth2_tokens}"}
	slices.Sort(paths)
	if !slices.Equal(paths, want) {
		t.Errorf("got %q\nwant %q", paths, want)
	}
	t.want(200, "GET", "/schemas/oauth2_authorization_codes", "")
}

func TestOAuth2Applications(tt *testing.T) {
	t := newTester(tt)
	t.want(201, "POST", "/consumers", "username=bob")
	fields := func(method, path, body string, want string) {
		t.Helper()
		got, err := json.Marshal(t.want(400, method, path, body)["fields"])
		if err != nil || string(got) != want {
			t.Errorf("%s %s: %s", method, body, got)
		}
	}
	fields("POST", "/consumers/bob/oauth2", `{}`, `{"name":"required field missing"}`)
	fields("POST", "/oauth2", `{"name":"n"}`, `{"consumer":"required field missing"}`)
	fields("POST", "/consumers/bob/oauth2", `{"name":"n","redirect_uris":["not-valid"]}`, `{"redirect_uris":["cannot parse 'not-valid'"]}`)
	fields("POST", "/consumers/bob/oauth2", `{"name":"n","redirect_uris":["http://test.test/#with-fragment"]}`, `{"redirect_uris":["fragment not allowed in 'http://test.test/#with-fragment'"]}`)
	fields("POST", "/consumers/bob/oauth2", `{"name":"n","redirect_uris":["http://valid.test","not-valid"]}`, `{"redirect_uris":[null,"cannot parse 'not-valid'"]}`)
	fields("POST", "/consumers/bob/oauth2", `{"name":"n","client_type":"secret"}`, `{"client_type":"expected one of: confidential, public"}`)

	one := t.want(201, "POST", "/consumers/bob/oauth2", "name=Test+APP&redirect_uris[]=http://google.test/&tags[]=a")
	id, _ := one["client_id"].(string)
	if secret, _ := one["client_secret"].(string); len(id) != 32 || len(secret) != 32 || one["client_type"] != "confidential" || one["hash_secret"] != false {
		t.Errorf("%v", one)
	}
	t.want(409, "POST", "/consumers/bob/oauth2", `{"name":"n","client_id":"`+id+`"}`)
	if got := t.want(200, "PUT", "/consumers/bob/oauth2/client_one", `{"name":"Test APP"}`); got["client_id"] != "client_one" || got["redirect_uris"] != nil {
		t.Errorf("%v", got)
	}
	path := "/oauth2/" + id
	both := `{"@entity":["all or none of these fields must be set: 'hash_secret', 'client_secret'"]}`
	fields("PATCH", path, `{"client_secret":"test"}`, both)
	fields("PATCH", path, `{"hash_secret":true}`, both)
	hashed := t.want(200, "PATCH", path, `{"hash_secret":true,"client_secret":"test"}`)["client_secret"].(string)
	named := t.want(200, "PATCH", path, `{"name":"new"}`)
	app := kongoauth2.Credential{HashSecret: true, ClientSecret: hashed}
	if !strings.HasPrefix(hashed, "$pbkdf2-sha512$i=10000,l=32$") || !app.Verify("test") || app.Verify("other") || named["client_secret"] != hashed {
		t.Errorf("%s, then %v", hashed, named["client_secret"])
	}
	if got := t.want(200, "PUT", path, `{"name":"back","hash_secret":true,"client_secret":"`+hashed+`","consumer":{"username":"bob"}}`); got["client_secret"] != hashed {
		t.Errorf("a hash that was read is hashed again: %v", got)
	}
	t.want(200, "GET", path+"/consumer", "")
	t.want(404, "GET", "/oauth2/nope", "")
	t.want(204, "DELETE", "/consumers/bob/oauth2/client_one", "")
}

func TestOAuth2Tokens(tt *testing.T) {
	memory := new(store.Memory)
	t := newTester(tt, func(o *admin.Options) { o.Store = memory })
	t.want(201, "POST", "/services", "name=s&host=h")
	t.want(201, "POST", "/consumers", "username=bob")
	app := t.want(201, "POST", "/consumers/bob/oauth2", "name=app&client_id=app")
	before, err := memory.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	one := t.want(201, "POST", "/oauth2_tokens", `{"credential":{"client_id":"app"},"service":{"name":"s"},"expires_in":10,"ttl":60}`)
	if token, _ := one["access_token"].(string); len(token) != 32 || one["token_type"] != "bearer" || one["ttl"].(float64) < 59 || one["credential"].(map[string]any)["id"] != app["id"] {
		t.Errorf("%v", one)
	}
	t.want(201, "POST", "/oauth2/app/oauth2_tokens", "expires_in=5&access_token=mine&refresh_token=again")
	t.want(409, "POST", "/oauth2/app/oauth2_tokens", "expires_in=5&refresh_token=again")
	t.want(400, "POST", "/oauth2_tokens", `{"credential":{"client_id":"nope"},"expires_in":5}`)
	t.want(400, "POST", "/oauth2_tokens", `{"expires_in":5}`)
	for path, n := range map[string]int{"/oauth2_tokens": 2, "/oauth2/app/oauth2_tokens": 2, "/services/s/oauth2_tokens": 1} {
		if got := len(t.want(200, "GET", path, "")["data"].([]any)); got != n {
			t.Errorf("%s: %d", path, got)
		}
	}
	if got := t.want(200, "PATCH", "/oauth2_tokens/mine", "expires_in=7"); got["expires_in"] != 7.0 {
		t.Errorf("%v", got)
	}
	t.want(200, "GET", "/oauth2_tokens/mine/credential", "")
	t.want(404, "GET", "/oauth2_tokens/mine/service", "")
	t.want(204, "DELETE", "/oauth2_tokens/mine", "")
	if after, err := memory.Load(t.Context()); err != nil || after.Version() != before.Version() {
		t.Errorf("tokens have moved the version: %v", err)
	}
	t.want(204, "DELETE", "/services/s", "")
	t.want(404, "GET", fmt.Sprint("/oauth2_tokens/", one["access_token"]), "")
}
