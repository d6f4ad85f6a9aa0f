package schema_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/schema"
)

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	doc := map[string]any{}
	if err := d.Decode(&doc); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return doc
}

func text(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var now = time.Unix(1795384611, 250e6)

// sub finds the recorded schemas of plugins.
func sub(name string) *schema.Schema { return recordedSchemas["plugin-"+name] }

var recordedSchemas = recorded()

// What Kong answered to the requests of its recordings, and to others of their kind.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		schema, doc string
		op          schema.Op
		fields      string
		message     string
	}{
		{"services", `{"name":"x1","host":"h","foo":1,"bar":{"a":1}}`, 0, `{"bar":"unknown field","foo":"unknown field"}`,
			"2 schema violations (bar: unknown field; foo: unknown field)"},
		{"services", `{"name":5,"host":"h","port":"abc","tags":"x"}`, 0,
			`{"name":"expected a string","port":"expected an integer","tags":"expected a set"}`,
			"3 schema violations (name: expected a string; port: expected an integer; tags: expected a set)"},
		{"services", `{"name":"x1","host":"h","port":70000,"retries":-1,"connect_timeout":0}`, 0,
			`{"connect_timeout":"value should be between 1 and 2147483646","port":"value should be between 0 and 65535","retries":"value should be between 0 and 32767"}`, ""},
		{"services", `{}`, 0, `{"host":"required field missing"}`, "schema violation (host: required field missing)"},
		{"services", `{"host":null}`, schema.Update, `{"host":"required field missing"}`, ""},
		{"services", `{"host":""}`, 0, `{"host":"length must be at least 1"}`, ""},
		{"services", `{"id":"zz","host":"h"}`, 0, `{"id":"expected a valid UUID"}`, ""},
		{"services", `{"host":"h","protocol":"ftp"}`, 0,
			`{"protocol":"expected one of: grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp"}`, ""},
		{"services", `{"host":"h","path":"nope"}`, 0, `{"path":"should start with: /"}`, ""},
		{"services", `{"host":"h","path":"/a//b"}`, 0, `{"path":"must not have empty segments"}`, ""},
		{"services", `{"host":"h","path":"/","protocol":"tcp"}`, 0,
			`{"@entity":["failed conditional validation given value of field 'protocol'"],"path":"value must be null"}`,
			"2 schema violations (failed conditional validation given value of field 'protocol'; path: value must be null)"},
		{"services", `{"host":"h","enabled":"yes"}`, 0, `{"enabled":"expected a boolean"}`, ""},
		{"services", `{"host":"h","ca_certificates":["x",null,"11111111-1111-4111-8111-111111111111"]}`, 0,
			`{"@entity":["failed conditional validation given value of field 'protocol'"],"ca_certificates":"value must be null"}`, ""},
		{"services", `{"host":"h","tags":["a",7,"b",null]}`, 0, `{"tags":[null,"expected a string",null,"required field missing"]}`,
			"2 schema violations (tags.2: expected a string; tags.4: required field missing)"},
		{"services", `{"host":"h","client_certificate":"x"}`, 0,
			`{"@entity":["failed conditional validation given value of field 'protocol'"],"client_certificate":"value must be null"}`, ""},
		{"routes", `{"paths":["/x"],"service":"svc"}`, 0, `{"service":{"id":"missing primary key"}}`, "schema violation (service.id: missing primary key)"},
		{"routes", `{"service":{"id":"x"}}`, 0, `{"service":{"id":"expected a valid UUID"}}`, ""},
		{"routes", `{"service":{"id":null}}`, 0, `{"service":{"id":"required field missing"}}`, ""},
		{"routes", `{"service":{"id":7}}`, 0, `{"service":{"id":"expected a string"}}`, ""},
		{"routes", `{"paths":["nope","/ok","/a b"]}`, 0, `{"paths":["should start with: / (fixed path) or ~/ (regex path)"]}`,
			"schema violation (paths.1: should start with: / (fixed path) or ~/ (regex path))"},
		{"routes", `{"methods":["get"]}`, 0, `{"methods":["invalid value: get"]}`, "schema violation (methods.1: invalid value: get)"},
		{"routes", `{"protocols":["http","tcp"]}`, 0, `{"protocols":"these sets are mutually exclusive: ('http', 'https'), ('tcp', 'tls', 'udp')"}`, ""},
		{"routes", `{"protocols":[]}`, 0, `{"protocols":"length must be at least 1"}`, ""},
		{"routes", `{"protocols":["http"],"snis":["a.b"]}`, 0,
			`{"@entity":["'snis' can only be set when 'protocols' is 'grpcs', 'https', 'tls' or 'tls_passthrough'"],"snis":"length must be 0"}`, ""},
		{"routes", `{"headers":{"host":["a"]}}`, 0,
			`{"headers":"cannot contain 'host' header, which must be specified in the 'hosts' attribute"}`, ""},
		{"routes", `{"headers":{"x":"a"}}`, 0, `{"headers":"expected an array"}`, ""},
		{"routes", `{"headers":"a"}`, 0, `{"headers":"expected a map"}`, ""},
		{"routes", `{"hosts":["a.*.b","*.*"]}`, 0, `{"hosts":["invalid wildcard: must be placed at leftmost or rightmost label","invalid wildcard: must have at most one wildcard"]}`, ""},
		{"routes", `{"sources":[{"ip":null},{"port":70000},7]}`, 0,
			`{"sources":[{"@entity":["at least one of these fields must be non-empty: 'ip', 'port'"]},{"port":"value should be between 0 and 65535"},"expected a record"]}`, ""},
		{"routes", `{"https_redirect_status_code":303,"strip_path":null}`, 0,
			`{"https_redirect_status_code":"expected one of: 426, 301, 302, 307, 308","strip_path":"required field missing"}`, ""},
		{"consumers", `{}`, 0, `{"@entity":["at least one of these fields must be non-empty: 'custom_id', 'username'"]}`,
			"schema violation (at least one of these fields must be non-empty: 'custom_id', 'username')"},
		{"consumers", `{}`, schema.Update, `{"@entity":["when updating, at least one of these fields must be non-empty: 'custom_id', 'username'"]}`, ""},
		{"certificates", `{"cert":"c","key":"k","key_alt":"x"}`, 0, `{"@entity":["all or none of these fields must be set: 'cert_alt', 'key_alt'"]}`, ""},
		{"keys", `{"kid":"k","jwk":"x","pem":{"public_key":"x"}}`, 0, `{"@entity":["only one or none of these fields must be set: 'jwk', 'pem'"]}`, ""},
		{"keys", `{"kid":"k","pem":{}}`, 0, `{"pem":{"@entity":["at least one of these fields must be non-empty: 'private_key', 'public_key'"]}}`,
			"schema violation (pem.@entity: {\n  \"at least one of these fields must be non-empty: 'private_key', 'public_key'\"\n})"},
		{"upstreams", `{"name":"u","hash_on":"header","hash_fallback":"header","hash_on_header":"a","hash_fallback_header":"a"}`, 0,
			`{"@entity":["values of these fields must be distinct: 'hash_on_header', 'hash_fallback_header'"]}`, ""},
		{"upstreams", `{"name":"u","hash_on":"cookie"}`, 0,
			`{"@entity":["failed conditional validation given value of field 'hash_on'"],"hash_on_cookie":"required field missing"}`, ""},
		{"upstreams", `{"name":"u","healthchecks":{"active":{"healthy":{"http_statuses":[99,200]}},"passive":7}}`, 0,
			`{"healthchecks":{"active":{"healthy":{"http_statuses":["value should be between 100 and 999"]}},"passive":"expected a record"}}`,
			"2 schema violations (healthchecks.active: {\n  healthy = {\n    http_statuses = {\n      \"value should be between 100 and 999\"\n    }\n  }\n}; healthchecks.passive: expected a record)"},
		{"jwt_secrets", `{"consumer":{"id":"11111111-1111-4111-8111-111111111111"},"algorithm":"RS256"}`, 0,
			`{"@entity":["failed conditional validation given value of field 'algorithm'"],"rsa_public_key":"required field missing"}`, ""},
		{"vaults", `{"name":"env","prefix":"env"}`, 0, `{"prefix":"must not be one of: env"}`, ""},
		{"vaults", `{"name":"env","prefix":"A"}`, 0, `{"prefix":"invalid value: A"}`, ""},
		{"plugins", `{"config":{}}`, 0, `{"name":"required field missing"}`, ""},
		{"plugins", `{"name":7}`, 0, `{"name":"expected a string"}`, ""},
		{"plugins", `{"name":"nope"}`, 0, `{"name":"plugin 'nope' not enabled; add it to the 'plugins' configuration property"}`, ""},
		{"plugins", `{"name":"acl","config":{"foo":1,"allow":["a"]}}`, 0, `{"config":{"foo":"unknown field"}}`, "schema violation (config.foo: unknown field)"},
		{"plugins", `{"name":"rate-limiting","config":{"minute":"x"}}`, 0, `{"config":{"minute":"expected a number"}}`, ""},
		{"plugins", `{"name":"rate-limiting"}`, 0,
			`{"@entity":["at least one of these fields must be non-empty: 'config.second', 'config.minute', 'config.hour', 'config.day', 'config.month', 'config.year'"]}`, ""},
		{"plugins", `{"name":"rate-limiting","config":{"minute":1,"policy":"foo"}}`, 0, `{"config":{"policy":"expected one of: local, cluster, redis"}}`, ""},
		{"plugins", `{"name":"rate-limiting","config":{"minute":0,"policy":"redis"}}`, 0,
			`{"@entity":["failed conditional validation given value of field 'config.policy'"],"config":{"minute":"value must be greater than 0","redis":{"host":"required field missing"}}}`, ""},
		{"plugins", `{"name":"rate-limiting","config":{"minute":1,"redis_host":"a","redis":{"host":"b"}}}`, 0,
			`{"config":{"redis_host":"both deprecated and new field are used but their values mismatch: redis_host = a vs redis.host = b"}}`, ""},
		{"plugins", `{"name":"rate-limiting","config":{"minute":1,"redis_password":"a","redis":{"password":"b"}}}`, 0,
			`{"config":{"redis_password":"both deprecated and new field are used but their values mismatch: redis_password = ****** vs redis.password = ******"}}`, ""},
		{"plugins", `{"name":"rate-limiting","config":{"minute":1,"redis_port":"a"}}`, 0, `{"config":{"redis_port":"expected an integer"}}`, ""},
		{"plugins", `{"name":"rate-limiting","config":null}`, 0,
			`{"@entity":["at least one of these fields must be non-empty: 'config.second', 'config.minute', 'config.hour', 'config.day', 'config.month', 'config.year'"],"config":"required field missing"}`, ""},
		{"plugins", `{"name":"acl","consumer":{"id":"11111111-1111-4111-8111-111111111111"},"config":{"allow":["a"]}}`, 0,
			`{"consumer":"value must be null"}`, "schema violation (consumer: value must be null)"},
		{"plugins", `{"name":"acl","protocols":["tcp"],"config":{"allow":["a"]}}`, 0, `{"protocols":["expected one of: grpc, grpcs, http, https"]}`,
			"schema violation (protocols.1: expected one of: grpc, grpcs, http, https)"},
		{"plugins", `{"name":"acl","config":{"allow":["a"],"deny":["b"]}}`, 0,
			`{"@entity":["exactly one of these fields must be non-empty: 'config.allow', 'config.deny'"]}`, ""},
		{"plugins", `{"name":"proxy-cache"}`, 0, `{"config":{"strategy":"required field missing"}}`, "schema violation (config.strategy: required field missing)"},
		{"plugins", `{"name":"proxy-cache","config":{"strategy":"memory","request_method":["GET","x"],"response_headers":{"age":1,"X-Cache-Key":2}}}`, 0,
			`{"config":{"request_method":[null,"expected one of: HEAD, GET, POST, PATCH, PUT"],"response_headers":{"X-Cache-Key":"expected a boolean","age":"expected a boolean"}}}`,
			"2 schema violations (config.request_method: {\n  [2] = \"expected one of: HEAD, GET, POST, PATCH, PUT\"\n}; config.response_headers: {\n  [\"X-Cache-Key\"] = \"expected a boolean\",\n  age = \"expected a boolean\"\n})"},
		{"plugins", `{"name":"file-log","config":{"path":"a*b"}}`, 0, `{"config":{"path":"not a valid filename"}}`, ""},
		{"plugins", `{"name":"file-log","config":{"path":"a","custom_fields_by_lua":{"":"x"}}}`, 0, `{"config":{"custom_fields_by_lua":"length must be at least 1"}}`, ""},
		{"plugins", `{"name":"ldap-auth","config":{"ldap_host":"h","base_dn":"b","attribute":"a","ldaps":true,"start_tls":true}}`, 0,
			`{"config":{"@entity":["'ldaps' and 'start_tls' cannot be enabled simultaneously"],"start_tls":"value must be false"}}`, ""},
		{"plugins", `{"name":"response-ratelimiting","config":{"limits":{}}}`, 0, `{"config":{"limits":"length must be at least 1"}}`, ""},
		{"plugins", `{"name":"response-ratelimiting","config":{"limits":{"video":{}}}}`, 0,
			`{"config":{"limits":{"@entity":["at least one of these fields must be non-empty: 'second', 'minute', 'hour', 'day', 'month', 'year'"]}}}`, ""},
		{"plugins", `{"name":"http-log","config":{"http_endpoint":"http://x","headers":{"Host":"a"},"queue":{"initial_retry_delay":0.0001,"concurrency_limit":2}}}`, 0,
			`{"config":{"headers":"cannot contain 'Host' header","queue":{"concurrency_limit":"expected one of: -1, 1","initial_retry_delay":"value should be between 0 and 1000000"}}}`, ""},
	} {
		doc := object(t, c.doc)
		before := text(t, doc)
		o := schema.Options{Op: c.op, Now: now}
		if c.schema == "plugins" {
			o.Sub = sub
		}
		_, errs := recordedSchemas[c.schema].Process(doc, o)
		if got := text(t, errs); got != c.fields {
			t.Errorf("%s %s:\n got %s\nwant %s", c.schema, c.doc, got, c.fields)
		}
		if c.message != "" && errs.Message() != c.message {
			t.Errorf("%s %s:\n got %s\nwant %s", c.schema, c.doc, errs.Message(), c.message)
		}
		if after := text(t, doc); after != before {
			t.Errorf("%s %s was changed to %s", c.schema, c.doc, after)
		}
	}
}

func TestDefaults(t *testing.T) {
	for _, c := range []struct{ schema, doc, want string }{
		{"services", `{"id":"11111111-1111-4111-8111-111111111111","host":"h","port":81.0,"tags":["a","a","b"]}`,
			`{"ca_certificates":null,"client_certificate":null,"connect_timeout":60000,"created_at":1795384611,"enabled":true,"host":"h","id":"11111111-1111-4111-8111-111111111111","name":null,"path":null,"port":81,"protocol":"http","read_timeout":60000,"retries":5,"tags":["a","b"],"tls_verify":null,"tls_verify_depth":null,"updated_at":1795384611,"write_timeout":60000}`},
		{"targets", `{"id":"11111111-1111-4111-8111-111111111111","upstream":{"id":"11111111-1111-4111-8111-111111111111","name":"x"},"target":"a:1"}`,
			`{"created_at":1795384611.25,"id":"11111111-1111-4111-8111-111111111111","tags":null,"target":"a:1","updated_at":1795384611.25,"upstream":{"id":"11111111-1111-4111-8111-111111111111"},"weight":100}`},
		{"plugins", `{"id":"11111111-1111-4111-8111-111111111111","name":"rate-limiting","config":{"minute":5,"redis_port":1,"redis_host":null,"redis":{"host":"b"}}}`,
			`{"config":{"day":null,"error_code":429,"error_message":"API rate limit exceeded","fault_tolerant":true,"header_name":null,"hide_client_headers":false,"hour":null,"limit_by":"consumer","minute":5,"month":null,"path":null,"policy":"local","redis":{"database":0,"host":"b","password":null,"port":1,"server_name":null,"ssl":false,"ssl_verify":false,"timeout":2000,"username":null},"second":null,"sync_rate":-1,"year":null},"consumer":null,"created_at":1795384611,"enabled":true,"id":"11111111-1111-4111-8111-111111111111","instance_name":null,"name":"rate-limiting","protocols":["grpc","grpcs","http","https"],"route":null,"service":null,"tags":null,"updated_at":1795384611}`},
		{"plugin-proxy-cache", `{"config":{"strategy":"memory","content_type":{},"response_headers":[]}}`,
			`{"config":{"cache_control":false,"cache_ttl":300,"content_type":[],"ignore_uri_case":false,"memory":{"dictionary_name":"kong_db_cache"},"request_method":["GET","HEAD"],"response_code":[200,301,404],"response_headers":{"X-Cache-Key":true,"X-Cache-Status":true,"age":true},"storage_ttl":null,"strategy":"memory","vary_headers":null,"vary_query_params":null},"protocols":["grpc","grpcs","http","https"]}`},
		{"certificates", `{"id":"11111111-1111-4111-8111-111111111111","cert":"{vault://env/c}","key":"{vault://env/k}","cert_alt":"{vault://env/c}"}`,
			`{"cert":"{vault://env/c}","cert_alt":"{vault://env/c}","created_at":1795384611,"id":"11111111-1111-4111-8111-111111111111","key":"{vault://env/k}","key_alt":null,"snis":null,"tags":null,"updated_at":1795384611}`},
		{"vaults", `{"id":"11111111-1111-4111-8111-111111111111","name":"env","prefix":"a-b","config":{"n":1,"big":12345678901234567}}`,
			`{"config":{"big":12345678901234567,"n":1},"created_at":1795384611,"id":"11111111-1111-4111-8111-111111111111","name":"env","prefix":"a-b","tags":null,"updated_at":1795384611}`},
	} {
		o := schema.Options{Now: now}
		if c.schema == "plugins" {
			o.Sub = sub
		}
		out, errs := recordedSchemas[c.schema].Process(object(t, c.doc), o)
		if len(errs) > 0 {
			t.Errorf("%s: %s", c.doc, errs.Message())
		} else if got := text(t, out); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.doc, got, c.want)
		}
	}
	out, errs := recordedSchemas["upstreams"].Process(object(t, `{"name":"u","healthchecks":{"active":{"timeout":2.5}}}`), schema.Options{Now: now})
	if len(errs) > 0 {
		t.Fatal(errs.Message())
	}
	want := `{"active":{"concurrency":10,"headers":null,"healthy":{"http_statuses":[200,302],"interval":0,"successes":0},"http_path":"/","https_sni":null,"https_verify_certificate":true,"timeout":2.5,"type":"http","unhealthy":{"http_failures":0,"http_statuses":[429,404,500,501,502,503,504,505],"interval":0,"tcp_failures":0,"timeouts":0}},"passive":{"healthy":{"http_statuses":[200,201,202,203,204,205,206,207,208,226,300,301,302,303,304,305,306,307,308],"successes":0},"type":"http","unhealthy":{"http_failures":0,"http_statuses":[429,500,503],"tcp_failures":0,"timeouts":0}},"threshold":0}`
	if got := text(t, out["healthchecks"]); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

type auto struct {
	ID      string  `json:"id" conf:"id"`
	Key     string  `json:"key" conf:"auto;unique"`
	Created int64   `json:"created_at" conf:"created_at"`
	Updated float64 `json:"updated_at" conf:"updated_at"`
	Nested  struct {
		Key string `json:"provision_key" conf:"required;auto"`
	} `json:"nested"`
}

func TestAutoFields(t *testing.T) {
	s := schema.Of[auto]()
	const given = `{"id":"11111111-1111-4111-8111-111111111111","key":"k","created_at":1,"updated_at":2,"nested":{"provision_key":"p"}}`
	for _, c := range []struct {
		o    schema.Options
		doc  string
		want string
	}{
		{schema.Options{Op: schema.Create}, given, `{"created_at":1,"id":"11111111-1111-4111-8111-111111111111","key":"k","nested":{"provision_key":"p"},"updated_at":1795384611.25}`},
		{schema.Options{Op: schema.Upsert}, given, `{"created_at":1,"id":"11111111-1111-4111-8111-111111111111","key":"k","nested":{"provision_key":"p"},"updated_at":1795384611.25}`},
		{schema.Options{Op: schema.Update}, given, `{"created_at":1,"id":"11111111-1111-4111-8111-111111111111","key":"k","nested":{"provision_key":"p"},"updated_at":1795384611.25}`},
		{schema.Options{Op: schema.Declare}, given, `{"created_at":1,"id":"11111111-1111-4111-8111-111111111111","key":"k","nested":{"provision_key":"p"},"updated_at":2}`},
		{schema.Options{NoAuto: true}, `{"nested":{"provision_key":"p"}}`, `{"created_at":null,"id":null,"key":null,"nested":{"provision_key":"p"},"updated_at":null}`},
		{schema.Options{Op: schema.Update}, `{"nested":{"provision_key":"p"}}`, `{"created_at":null,"id":null,"key":null,"nested":{"provision_key":"p"},"updated_at":1795384611.25}`},
	} {
		c.o.Now = now
		out, errs := s.Process(object(t, c.doc), c.o)
		if len(errs) > 0 || text(t, out) != c.want {
			t.Errorf("%+v: %s %v\nwant %s", c.o, text(t, out), errs, c.want)
		}
	}
	seen := map[string]bool{}
	for range 200 {
		out, errs := s.Process(map[string]any{"id": nil}, schema.Options{})
		if len(errs) > 0 {
			t.Fatal(errs.Message())
		}
		id, key := out["id"].(string), out["key"].(string)
		if len(id) != 36 || id[14] != '4' || !strings.ContainsRune("89ab", rune(id[19])) || seen[id] {
			t.Fatalf("id %q", id)
		}
		if len(key) != 32 || strings.ContainsAny(key, "+/=") || seen[key] {
			t.Fatalf("key %q", key)
		}
		seen[id], seen[key] = true, true
		if d := time.Since(time.Unix(out["created_at"].(int64), 0)); d < 0 || d > time.Minute {
			t.Fatalf("created %v ago", d)
		}
	}
}

type checked struct {
	Name  string            `json:"name"`
	Paths []string          `json:"paths" conf:"set"`
	Map   map[string]string `json:"map"`
	Kind  string            `json:"kind" conf:"default=a;one_of=a,b,c"`
	A     *string           `json:"a"`
	B     *string           `json:"b" conf:"referenceable"`
	In    struct {
		N int `json:"n" conf:"default=1"`
	} `json:"in"`
}

func TestChecksInGo(t *testing.T) {
	no := func(what string) func(any) error {
		return func(v any) error {
			if v == "no" {
				return errors.New(what + " says no")
			}
			return nil
		}
	}
	ran := ""
	s := schema.Of[checked](
		schema.CheckField("name", no("name")),
		schema.CheckField("paths.elements", no("element")),
		schema.CheckField("map.values", no("value")),
		schema.CheckField("map.keys", no("key")),
		schema.CheckField("in.n", func(v any) error {
			if v.(int64) == 7 {
				return fmt.Errorf("n is 7")
			}
			return nil
		}),
		schema.Check(func(doc map[string]any) schema.Errors {
			ran += "a"
			if doc["a"] == "x" {
				return schema.Errors{"@entity": []string{"no x"}, "b": "because of a"}
			}
			return nil
		}, "a", "b"),
		schema.Check(func(map[string]any) schema.Errors { ran += "b"; return nil }),
		schema.CheckAlways(func(map[string]any) schema.Errors { ran += "c"; return nil }),
		schema.If("kind", "eq=b").ThenAtLeastOneOf("must set %s for b", "a", "b"),
		schema.If("kind", "eq=c").ThenAtLeastOneOf("", "a", "b"),
		schema.CheckRecord(func(doc map[string]any) error {
			ran += "r"
			if doc["name"] == "record" {
				return errors.New("the record says no")
			}
			return nil
		}),
	)
	for _, c := range []struct{ doc, fields, ran string }{
		{`{"name":"no","paths":["a","no"],"map":{"k":"no"},"in":{"n":7}}`,
			`{"in":{"n":"n is 7"},"map":"value says no","name":"name says no","paths":[null,"element says no"]}`, "ac"},
		{`{"map":{"no":"no"}}`, `{"map":"key says no"}`, "ac"},
		{`{"map":{"z":"no","a":7}}`, `{"map":"expected a string"}`, "ac"},
		{`{"a":"x"}`, `{"@entity":["no x"],"b":"because of a"}`, "abc"},
		{`{"a":7,"name":7}`, `{"a":"expected a string","name":"expected a string"}`, "c"},
		{`{"a":"x","b":"{vault://env/x}"}`, `null`, "bcr"},
		{`{"name":"record"}`, `{"@entity":["the record says no"]}`, "abcr"},
		{`{"kind":"b"}`, `{"@entity":["must set 'a', 'b' for b"]}`, "abc"},
		{`{"kind":"c"}`, `{"@entity":["at least one of these fields must be non-empty: 'a', 'b'"]}`, "abc"},
		{`{"kind":"d"}`, `{"kind":"expected one of: a, b, c"}`, "ac"},
		{`{"what":1}`, `{"what":"unknown field"}`, "abc"},
	} {
		ran = ""
		_, errs := s.Process(object(t, c.doc), schema.Options{})
		if got := text(t, errs); got != c.fields || ran != c.ran {
			t.Errorf("%s: %s, ran %s\nwant %s, ran %s", c.doc, got, ran, c.fields, c.ran)
		}
	}
	whole := schema.Plugin(s, schema.Scope{})
	for _, c := range []struct{ doc, fields string }{
		{`{"config":{"a":"x"}}`, `{"@entity":["no x"],"config":{"b":"because of a"}}`},
		{`{"config":{"name":"record"}}`, `{"config":"the record says no"}`},
		{`{"config":{"kind":"b"}}`, `{"@entity":["must set 'config.a', 'config.b' for b"]}`},
		{`{"config":7}`, `{"config":"expected a record"}`},
	} {
		_, errs := whole.Process(object(t, c.doc), schema.Options{})
		if got := text(t, errs); got != c.fields {
			t.Errorf("%s: %s\nwant %s", c.doc, got, c.fields)
		}
	}
}

func TestAllErrorsAreMerged(t *testing.T) {
	e := schema.Errors{"a": []any{nil, schema.Errors{"b": "x"}, "y\n\"z\""}, "c": "d", "@entity": []string{"e", "f"}}
	want := "5 schema violations (e; f; a.2: {\n  b = \"x\"\n}; a.3: y\n\"z\"; c: d)"
	if diff := cmp.Diff(want, e.Message()); diff != "" {
		t.Error(diff)
	}
}

type holder struct {
	Name   string         `json:"name" conf:"required"`
	Config map[string]any `json:"config" conf:"abstract;abstract_err=vault '%s' is not installed"`
}

// The schema of a config record alone will do, too.
func TestSubOfConfigAlone(t *testing.T) {
	s := schema.Of[holder]()
	inner := schema.Of[checked](schema.AtLeastOneOf("name", "in.n"), schema.CheckRecord(func(doc map[string]any) error {
		if doc["name"] == "record" {
			return errors.New("the record says no")
		}
		return nil
	}))
	o := schema.Options{Sub: func(name string) *schema.Schema {
		if name == "x" {
			return inner
		}
		return nil
	}}
	for _, c := range []struct{ doc, want string }{
		{`{"name":"y"}`, `{"name":"vault 'y' is not installed"}`},
		{`{"name":"x","config":{"in":{"n":null}}}`, `{"@entity":["at least one of these fields must be non-empty: 'config.name', 'config.in.n'"]}`},
		{`{"name":"x","config":{"name":"record"}}`, `{"config":"the record says no"}`},
		{`{"name":"x"}`, `{"config":{"a":null,"b":null,"in":{"n":1},"kind":"a","map":null,"name":null,"paths":null},"name":"x"}`},
	} {
		doc := object(t, c.doc)
		out, errs := s.Process(doc, o)
		got := text(t, out)
		if errs != nil {
			got = text(t, errs)
		}
		if got != c.want {
			t.Errorf("%s: %s\nwant %s", c.doc, got, c.want)
		}
	}
}
