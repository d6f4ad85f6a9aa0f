package openidconnect_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/oidc/oidctest"
	"github.com/gibbon-gateway/gibbon/internal/plugins/openidconnect"
	"github.com/gibbon-gateway/gibbon/internal/statedb/redistest"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
)

// pick stands for the gateway: there is the one configuration, on whatever route or service is named.
func (g *gateway) pick(by plugin.Pick) (*plugin.Trial, error) {
	if by.Plugin == "nobody" {
		return nil, errors.New(`plugin "nobody": not found`)
	}
	t := &plugin.Trial{Name: "openid-connect", ID: "00000000-0000-4000-8000-000000000001", Accessor: g.Plugin.(plugin.Accessor),
		Host: "example.com:8000", Service: entity.Get[entity.Service](g.stage.Entities(), by.Service)}
	t.Client.Scheme, t.Client.HTTPVersion = by.Scheme, g.version
	return t, nil
}

// admin calls the plugin's part of the Admin API.
func (g *gateway) admin(method, path, body string) (int, map[string]any) {
	g.t.Helper()
	mux := http.NewServeMux()
	secret := func(name string) ([]byte, error) { return []byte(strings.Repeat(name, 32)[:32]), nil }
	for _, r := range openidconnect.Type.Admin(plugin.AdminEnv{State: g.stage.State, Secret: secret, Pick: g.pick}) {
		mux.Handle(r.Pattern, r.Handler)
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	var doc map[string]any
	if w.Body.Len() > 0 && json.Unmarshal(w.Body.Bytes(), &doc) != nil {
		g.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w.Code, doc
}

func TestIssuersInTheAdminAPI(t *testing.T) {
	g := start(t, onlyBearer)
	token := g.provider.Token()
	wantStatus(t, g.bearer(token), 200)
	escaped := "/openid-connect/issuers/" + strings.Replace(g.provider.URL, "//", "/", 1)
	status, one := g.admin("GET", escaped, "")
	if status != 200 || one["issuer"] != g.provider.URL || len(one["keys"].([]any)) != 1 || one["configuration"].(map[string]any)["issuer"] != g.provider.URL {
		t.Errorf("%d %v", status, one)
	}
	status, list := g.admin("GET", "/openid-connect/issuers", "")
	if status != 200 || !strings.Contains(fmt.Sprint(list), one["id"].(string)) {
		t.Errorf("%d %v", status, list)
	}
	if status, same := g.admin("GET", "/openid-connect/issuers/"+one["id"].(string), ""); status != 200 || same["id"] != one["id"] {
		t.Errorf("%d %v", status, same)
	}
	if status, _ := g.admin("DELETE", "/openid-connect/issuers/nobody", ""); status != 404 {
		t.Errorf("nobody: %d", status)
	}
	if status, _ := g.admin("DELETE", escaped, ""); status != 204 {
		t.Errorf("delete: %d", status)
	}
	g.provider.Keys, g.provider.Signing = map[string]any{oidctest.SpareKey: oidctest.Key(oidctest.SpareKey)}, oidctest.SpareKey
	g.refuses(map[string]string{"what was verified before": token})
	wantStatus(t, g.bearer(g.provider.Token()), 200)
	if status, _ := g.admin("DELETE", "/openid-connect/issuers", ""); status != 204 {
		t.Errorf("delete all: %d", status)
	}
}

// The gateway's own keys are shown without their private parts, and are those that sign.
func TestOwnKeys(t *testing.T) {
	g := start(t, "client_auth: [private_key_jwt]")
	status, doc := g.admin("GET", "/openid-connect/jwks", "")
	text := jsonText(doc)
	if status != 200 || strings.Contains(text, `"d":`) || strings.Contains(text, `"p":`) {
		t.Fatalf("%d %s", status, text)
	}
	keys, _, err := jose.ParseSet([]byte(text))
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	g.browser().signIn("/")
	assertion, err := jose.Parse([]byte(g.provider.Form("/token").Get("client_assertion")))
	if err != nil || assertion.Kid != keys[0].ID || assertion.Verify(keys[0].Public, []string{"RS256"}) != nil {
		t.Errorf("%+v %v", assertion, err)
	}
}

// All nodes that share a secret have the same key.
func TestKeyOfASeed(t *testing.T) {
	a, err := openidconnect.DeriveRSA([32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	b, err := openidconnect.DeriveRSA([32]byte{1})
	if err != nil || !a.Equal(b) || a.N.BitLen() != 2048 {
		t.Errorf("the same seed made another key: %v", err)
	}
	if c, err := openidconnect.DeriveRSA([32]byte{2}); err != nil || a.Equal(c) {
		t.Errorf("another seed made the same key: %v", err)
	}
	token, err := jose.Parse([]byte(oidctest.Sign("RS256", a, nil, map[string]any{})))
	if err != nil || token.Verify(&a.PublicKey, []string{"RS256"}) != nil {
		t.Error("the key does not sign")
	}
}

func TestExplain(t *testing.T) {
	g := start(t, onlyBearer+"\nscopes_required: [admin]\nconsumer_claims: [[sub]]")
	id := `"plugin":"00000000-0000-4000-8000-000000000001"`
	for name, c := range map[string]struct {
		token, wrong string
	}{
		"good":     {g.provider.Token("scope", "admin"), ""},
		"scope":    {g.provider.Token(), "scope"},
		"many":     {g.provider.Token("exp", 5, "iss", "https://other.example", "sub", "nobody"), "issuer"},
		"consumer": {g.provider.Token("scope", "admin", "sub", "nobody"), "consumer"},
		"garbage":  {"a.b.c", "form"},
		"opaque":   {"opaque", "access token"},
	} {
		status, doc := g.admin("POST", "/openid-connect/explain", `{`+id+`,"token":"`+c.token+`"}`)
		if status != 200 || doc["let_in"] != (c.wrong == "") {
			t.Errorf("%s: %d %v", name, status, doc)
			continue
		}
		if got := refusedSteps(doc); got != c.wrong {
			t.Errorf("%s: refused by %q, want %q; %v", name, got, c.wrong, doc["steps"])
		}
		if strings.Contains(jsonText(doc), c.token) && name != "opaque" {
			t.Errorf("%s: the token is repeated", name)
		}
	}
	for rest, want := range map[string]string{
		`"plugin":"nobody"`: "not found", `"route":"r"`: "exactly one", `"tokn":"x"`: "tokn", `"token":"a","basic":"a:b"`: "basic",
		`"basic":"a"`: "name:password", `"token":"a","headers":{"authorization":"x"}`: "Authorization", `"path":"x"`: "path", `"scheme":"ftp"`: "scheme",
		`"headers":{"a b":"x"}`: "a b", `"headers":{"a":"x\r\ny"}`: "headers: a", `"ip":"x"`: "ip", `"certificate":"x"`: "https",
		`"certificate":"x","scheme":"https"`: "PEM", `"token":"a\nb"`: "token", `"method":"A B"`: "method",
	} {
		which := id + ","
		if strings.Contains(rest, "nobody") {
			which = ""
		}
		status, doc := g.admin("POST", "/openid-connect/explain", "{"+which+rest+"}")
		if message := fmt.Sprint(doc["message"]); (status != 400 && status != 404) || !strings.Contains(message, want) {
			t.Errorf("%s: %d %s", rest, status, message)
		}
	}
	for _, body := range []string{`{}`, `x`, `{` + id + `} {}`} {
		if status, _ := g.admin("POST", "/openid-connect/explain", body); status != 400 {
			t.Errorf("%s: %d", body, status)
		}
	}
}

// A call of gRPC is told so by its status, also on trial.
func TestExplainGRPC(t *testing.T) {
	g := start(t, onlyBearer)
	g.version = "2"
	status, doc := g.admin("POST", "/openid-connect/explain", `{"route":"calls","token":"a.b.c"}`)
	if status != 200 || doc["let_in"] != false || doc["status"] != 200.0 || doc["method"] != "POST" || !strings.Contains(jsonText(doc["response_headers"]), `{"name":"grpc-status","value":"16"}`) {
		t.Errorf("%d %v", status, doc)
	}
}

// refusedSteps names the checks that have refused.
func refusedSteps(doc map[string]any) string {
	var names []string
	steps, _ := doc["steps"].([]any)
	for _, s := range steps {
		if step := s.(map[string]any); step["outcome"] == "refused" {
			names = append(names, fmt.Sprint(step["check"]))
		}
	}
	return strings.Join(names, ", ")
}

func TestSessionList(t *testing.T) {
	g := start(t, "session_store_metadata: true\nsession_storage: memory")
	a, b := g.browser(), g.browser()
	wantStatus(t, a.signIn("/"), 200)
	wantStatus(t, b.signIn("/"), 200)
	status, doc := g.admin("GET", "/openid-connect/sessions?subject=alice", "")
	data, _ := doc["data"].([]any)
	if status != 200 || len(data) != 2 || strings.Contains(jsonText(doc), a.cookies["session"][:20]) {
		t.Fatalf("%d %v", status, doc)
	}
	if status, doc := g.admin("GET", "/openid-connect/sessions?subject=bob", ""); status != 200 || len(doc["data"].([]any)) != 0 {
		t.Errorf("%d %v", status, doc)
	}
	if status, _ := g.admin("POST", "/openid-connect/logout", `{"issuer":"`+g.provider.URL+`","subject":"alice"}`); status != 204 {
		t.Errorf("logout: %d", status)
	}
	for _, who := range []*browser{a, b} {
		if r := who.get("/"); r.Status != 302 {
			t.Errorf("after the logout: %d", r.Status)
		}
	}
	g.clock.advance(time.Second)
	wantStatus(t, a.signIn("/"), 200)
	wantStatus(t, a.get("/"), 200)
	if status, _ := g.admin("POST", "/openid-connect/logout", `{}`); status != 400 {
		t.Errorf("nobody: %d", status)
	}
}

func TestProtectedResource(t *testing.T) {
	g := start(t, onlyBearer+"\nprotected_resource_metadata: true\nscopes_required: [\"read write\"]")
	r := g.ask("/things")
	if want := `resource_metadata="http://example.com:8000/.well-known/oauth-protected-resource/things"`; !strings.Contains(r.Get("WWW-Authenticate"), want) {
		t.Errorf("%s", r.Header)
	}
	r = g.ask("/.well-known/oauth-protected-resource/things")
	var doc map[string]any
	if err := json.Unmarshal([]byte(r.Body), &doc); err != nil || r.Status != 200 || doc["resource"] != "http://example.com:8000/things" ||
		fmt.Sprint(doc["authorization_servers"]) != "["+g.provider.URL+"]" || fmt.Sprint(doc["scopes_supported"]) != "[read write]" {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	wantStatus(t, g.ask("/.well-known/oauth-protected-resourceful"), 401)
}

func TestSeveralClients(t *testing.T) {
	g := prepare(t)
	g.provider.Clients = map[string]string{"one": "1", "two": "2"}
	g.with("auth_methods: [password, authorization_code]\nsession_storage: memory\nclient_id: [one, two]\nclient_secret: [\"1\", \"2\"]\nredirect_uri: [\"http://example.com:8000/one\", \"http://example.com:8000/two\"]")
	for _, c := range []struct{ target, header, want string }{{"/", "", "one"}, {"/?client_id=two", "", "two"}, {"/?client_id=2", "", "two"}, {"/", "two", "two"}, {"/?client_id=nobody", "", "one"}, {"/?client_id=99", "", "one"}} {
		var header []string
		if c.header != "" {
			header = []string{"X-Client-Id", c.header}
		}
		to := g.ask(c.target, header...).Get("Location")
		if !strings.Contains(to, "client_id="+c.want) || !strings.Contains(to, "redirect_uri="+url.QueryEscape("http://example.com:8000/"+c.want)) {
			t.Errorf("%+v: %s", c, to)
		}
	}
}

func TestVerifyParameters(t *testing.T) {
	for config, status := range map[string]int{"scopes: [openid]": 302, "scopes: [admin]": 500, "client_auth: [tls_client_auth]\ntls_client_auth_cert_id: 11111111-1111-4111-8111-111111111111": 500,
		"response_mode: form_post": 500, "client_auth: [client_secret_post]": 302, "client_auth: [client_secret_jwt]": 500, "auth_methods: [password]": 500} {
		g := prepare(t)
		g.provider.Document = func(doc map[string]any) {
			doc["scopes_supported"], doc["response_modes_supported"], doc["grant_types_supported"] = []string{"openid"}, []string{"query"}, []string{"authorization_code"}
		}
		r := g.stage.Instance(t, openidconnect.Type, g.config("verify_parameters: true\n"+config)).Run(plugintest.Request{}, plugintest.Reply{})
		if r.Status != status {
			t.Errorf("%s: %d, want %d", config, r.Status, status)
		}
	}
}

// Two gateways with one Redis have the same sessions and caches, and one of them refreshes.
func TestTwoGatewaysOnRedis(t *testing.T) {
	if testing.Short() {
		return // starts Redis
	}
	server := redistest.Start(t)
	g := prepare(t)
	redis := fmt.Sprintf("{host: 127.0.0.1, port: %d}", server.Port)
	config := "session_storage: redis\nredis: " + redis + "\ncache_tokens_salt: same\ncluster_cache_strategy: redis\ncluster_cache_redis: " + redis +
		"\ncluster_cache_items: [tokens, introspection]\nauth_methods: [session, authorization_code, client_credentials, introspection]\nscopes: []"
	one, two := g.stage.Instance(t, openidconnect.Type, g.config(config)), g.stage.Instance(t, openidconnect.Type, g.config(config))
	g.Instance = one
	b := g.browser()
	location := b.redirected(b.get("/"))
	g.Instance = two // the login ends on the other gateway
	wantStatus(t, b.comeBack(location), 200)
	for _, p := range []*plugintest.Instance{one, two, one} {
		g.Instance = p
		wantStatus(t, b.get("/"), 200)
	}
	machine := []string{"Authorization", basic(oidctest.Machine, oidctest.MachineKey)}
	g.provider.Know("opaque", g.provider.Claims())
	tokens, asked := g.provider.Calls("/token"), g.provider.Calls("/introspect")
	for _, p := range []*plugintest.Instance{one, two} {
		g.Instance = p
		wantStatus(t, g.ask("/", machine...), 200)
		wantStatus(t, g.bearer("opaque"), 200)
	}
	if a, b := g.provider.Calls("/token")-tokens, g.provider.Calls("/introspect")-asked; a != 1 || b != 1 {
		t.Errorf("asked %d and %d times", a, b)
	}
	server.Stop()
	if r := b.get("/"); r.Status != 503 {
		t.Errorf("without Redis: %d", r.Status)
	}
	wantStatus(t, g.ask("/", machine...), 200)
}
