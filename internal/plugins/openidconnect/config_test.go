package openidconnect_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/gibbon-gateway/gibbon/internal/plugins/openidconnect"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
)

// ours are fields that Kong's plugin does not have.
var ours = []string{"login_navigation_only", "protected_resource_metadata", "session_secret_fallbacks", "claims_providers", "issuer_claims"}

// The fields, their types and their defaults are those of Kong 3.15, as testdata/fields.tsv says.
func TestFields(t *testing.T) {
	text, err := os.ReadFile("testdata/fields.tsv")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][2]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimRight(line, "\n"), "\t")
		want[cells[0]] = [2]string{cells[1], cells[2]}
	}
	defaults, errs := stage.Process(openidconnect.Type, "issuer: https://x")
	if len(errs) > 0 {
		t.Fatal(errs.Message())
	}
	delete(defaults, "issuer")
	doc, ok := openidconnect.Type.Config.Kong()["fields"].([]any)
	if !ok {
		t.Fatal("no fields")
	}
	got := map[string]bool{}
	for _, f := range openidconnect.Type.Config.Root().Fields() {
		got[f.Name] = true
		w, known := want[f.Name]
		if !known {
			if !slices.Contains(ours, f.Name) {
				t.Errorf("%s: not a field of Kong's", f.Name)
			}
			continue
		}
		if typ := typeOf(doc, f.Name); typ != w[0] {
			t.Errorf("%s: is %s, want %s", f.Name, typ, w[0])
		}
		if def := defaultOf(defaults[f.Name]); def != w[1] {
			t.Errorf("%s: default %q, want %q", f.Name, def, w[1])
		}
	}
	for name := range want {
		if !got[name] {
			t.Errorf("%s is missing", name)
		}
	}
}

// typeOf returns the type of a field of a schema as the table writes it.
func typeOf(fields []any, name string) string {
	short := map[any]string{"string": "str", "number": "num", "integer": "int", "boolean": "bool", "record": "rec"}
	var of func(v map[string]any) string
	of = func(v map[string]any) string {
		if v["type"] == "array" || v["type"] == "set" {
			e, _ := v["elements"].(map[string]any)
			return of(e) + "[]"
		}
		return short[v["type"]]
	}
	for _, f := range fields {
		if v, ok := f.(map[string]any)[name].(map[string]any); ok {
			return of(v)
		}
	}
	return "?"
}

// all are the nine methods in the order of Kong's default.
var all = "password, client_credentials, authorization_code, bearer, introspection, userinfo, kong_oauth2, refresh_token, session"

func defaultOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "–"
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		if len(v) == 0 {
			return "[]"
		}
		text := strings.Trim(strings.ReplaceAll(fmt.Sprint(v), " ", ", "), "[]")
		if text == all {
			return "all nine"
		}
		return text
	}
	return fmt.Sprint(v)
}

func TestBadConfig(t *testing.T) {
	const issuer = "issuer: https://x, "
	stage.BadConfig(t, openidconnect.Type, []stage.Bad{
		{Config: `{}`, Want: "config.issuer: required field missing"},
		{Config: `{issuer: nonsense}`, Want: "config.issuer: must be a URL"},
		{Config: `{` + issuer + `client_id: x}`, Want: "config.client_id: expected an array"},
		{Config: `{` + issuer + `auth_methods: [magic]}`, Want: "config.auth_methods"},
		{Config: `{` + issuer + `client_auth: [tls_client_auth]}`, Want: "config.tls_client_auth_cert_id: required"},
		{Config: `{` + issuer + `proof_of_possession_dpop: strict}`, Want: "config.auth_methods: proof of possession"},
		{Config: `{` + issuer + `session_memcached_prefix: "a b"}`, Want: "config.session_memcached_prefix: keys of memcached have no white space"},
		{Config: `{` + issuer + `redis: {sentinel_nodes: [{host: a}]}}`, Want: "config.redis.sentinel_master: sentinel_master and sentinel_nodes go together"},
		{Config: `{` + issuer + `cluster_cache_redis: {cluster_nodes: [{ip: a}], sentinel_nodes: [{host: a}], sentinel_master: m}}`, Want: "config.cluster_cache_redis.cluster_nodes: either Sentinels or a Cluster"},
		{Config: `{` + issuer + `principals: {enabled: true}}`, Want: "config.principals.enabled: principals live in Kong Konnect"},
		{Config: `{` + issuer + `redis: {cloud_authentication: {auth_provider: aws}}}`, Want: "config.redis.cloud_authentication: logins of cloud vendors"},
		{Config: `{` + issuer + `claims_providers: [nonsense]}`, Want: "config.claims_providers: must be URLs"},
		{Config: `{` + issuer + `response_mode: fragment}`, Want: "config.response_mode: a gateway does not see fragments"},
		{Config: `{` + issuer + `response_type: [code, id_token]}`, Want: "config.response_type: only the code flow"},
		{Config: `{` + issuer + `cache_ttl: x}`, Want: "config.cache_ttl: expected a number"},
		{Config: `{` + issuer + `token_exchange: {subject_token_issuers: []}}`, Want: "config.token_exchange.subject_token_issuers"},
		{Config: `{` + issuer + `nonsense: 1}`, Want: "config.nonsense: unknown field"},
	})
}

// Configurations of older versions of Kong mean what they meant.
func TestOlderNames(t *testing.T) {
	for config, want := range map[string]string{
		`{consumer_claim: [a, b]}`: `{consumer_claims: [[a, b]]}`,
		`{session_redis_host: h, session_redis_port: 1, session_redis_auth: p, session_redis_cluster_maxredirections: 3}`:          `{redis: {host: h, port: 1, password: p, cluster_max_redirections: 3}}`,
		`{redis: {timeout: 5, cluster_addresses: ["i:2"]}}`:                                                                        `{redis: {connect_timeout: 5, send_timeout: 5, read_timeout: 5, cluster_nodes: [{ip: i, port: 2}]}}`,
		`{redis: {sentinel_master: m, sentinel_addresses: ["h:1"]}}`:                                                               `{redis: {sentinel_master: m, sentinel_nodes: [{host: h, port: 1}]}}`,
		`{session_cookie_lifetime: 7, session_cookie_idletime: 8, session_cookie_samesite: "off", session_cookie_httponly: false}`: `{session_rolling_timeout: 7, session_idling_timeout: 8, session_cookie_same_site: Default, session_cookie_http_only: false}`,
		`{authorization_cookie_lifetime: 9, authorization_cookie_samesite: Lax}`:                                                   `{authorization_rolling_timeout: 9, authorization_cookie_same_site: Lax}`,
		`{session_memcache_host: m}`: `{session_memcached_host: m}`,
		`{session_strategy: default, session_cookie_renew: 600, session_compressor: none, admin_claim: email}`: `{}`,
		`{session_cookie_lifetime: 7, session_rolling_timeout: 6}`:                                             `{session_rolling_timeout: 6}`,
	} {
		got, errs := stage.Process(openidconnect.Type, "issuer: https://x\n"+yamlLines(t, config))
		if len(errs) > 0 {
			t.Errorf("%s: %s", config, errs.Message())
			continue
		}
		expected, errs := stage.Process(openidconnect.Type, "issuer: https://x\n"+yamlLines(t, want))
		if len(errs) > 0 {
			t.Fatalf("%s: %s", want, errs.Message())
		}
		if diff := cmp.Diff(expected, got); diff != "" {
			t.Errorf("%s:\n%s", config, diff)
		}
	}
}

// yamlLines turns a flow mapping into lines of a document.
func yamlLines(t *testing.T, flow string) string {
	var doc map[string]any
	if err := yaml.Unmarshal([]byte(flow), &doc); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for name, v := range doc {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s: %s\n", name, text)
	}
	return b.String()
}
