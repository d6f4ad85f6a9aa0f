package entity_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/schema"
)

var now = time.Unix(1795384611, 700e6)

func parse(t testing.TB, text string) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return doc
}

// same compares what JSON makes of two values.
func same(t testing.TB, got any, want string) {
	t.Helper()
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var g, w any
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("%s: %v", want, err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func prepare(t testing.TB, kind, doc string, op schema.Op) (map[string]any, schema.Errors) {
	t.Helper()
	return entity.KindOf(kind).Prepare(parse(t, doc), schema.Options{Op: op, Now: now, Sub: plugins})
}

type limits struct {
	Minute float64 `json:"minute" conf:"gt=0"`
	Hour   float64 `json:"hour" conf:"gt=0"`
	Policy string  `json:"policy" conf:"required;default=local;one_of=local,cluster,redis"`
}

type keys struct {
	Names  []string `json:"key_names" conf:"required;default=apikey;elements.header_name"`
	Hidden bool     `json:"hide_credentials" conf:"required;default=false"`
}

var known = map[string]*schema.Schema{
	"rate-limiting": schema.Plugin(schema.Of[limits](schema.AtLeastOneOf("minute", "hour")), schema.Scope{}),
	"key-auth":      schema.Plugin(schema.Of[keys](), schema.Scope{NoConsumer: true}),
}

func plugins(name string) *schema.Schema { return known[name] }

// What Kong answered to input that is wrong; a, b, c and d are the groups of recordings.
func TestErrorsAreKongs(t *testing.T) {
	const protocols = "expected one of: grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp"
	const conditional = "failed conditional validation given value of field "
	for _, test := range []struct{ name, kind, doc, fields string }{
		{"a015", "services", `{"name":"x1","host":"h","foo":1,"bar":{"a":1}}`, `{"bar":"unknown field","foo":"unknown field"}`},
		{"a016", "services", `{"name":5,"host":"h","port":"abc","tags":"x"}`,
			`{"name":"expected a string","port":"expected an integer","tags":"expected a set"}`},
		{"a017", "services", `{"name":"x1","host":"h","port":70000,"retries":-1,"connect_timeout":0}`,
			`{"retries":"value should be between 0 and 32767","connect_timeout":"value should be between 1 and 2147483646","port":"value should be between 0 and 65535"}`},
		{"a024", "services", `{"name":"nohost"}`, `{"host":"required field missing"}`},
		{"a026", "services", `{"name":"zz","url":"not-a-url"}`, `{"host":"required field missing","path":"should start with: /"}`},
		{"a027", "services", `{"name":"zz","url":"ftp://h/"}`, `{"protocol":"` + protocols + `"}`},
		{"a028", "services", `{"name":"a b/c","host":"h"}`,
			`{"name":"invalid value 'a b/c': the only accepted ascii characters are alphanumerics or ., -, _, and ~"}`},
		{"a031", "services", `{"name":"zz","host":"h","path":"nope"}`, `{"path":"should start with: /"}`},
		{"a032", "services", `{"id":"zz","name":"zz","host":"h"}`, `{"id":"expected a valid UUID"}`},
		{"url of a wrong type", "services", `{"name":1,"url":5}`, `{"url":"expected a string"}`},
		{"url with a bad port", "services", `{"url":"http://h:x/"}`, `{"port":"expected an integer"}`},
		{"stream with path", "services", `{"host":"h","protocol":"tcp","path":"/path"}`,
			`{"path":"value must be null","@entity":["` + conditional + `'protocol'"]}`},
		{"http with TLS", "services", `{"host":"h","tls_verify":true}`,
			`{"tls_verify":"value must be null","@entity":["` + conditional + `'protocol'"]}`},
		{"host with port", "services", `{"host":"h:80"}`, `{"host":"must not have a port"}`},

		{"b006", "routes", `{"name":"r4","paths":["/x"],"service":"svc-json"}`, `{"service":{"id":"missing primary key"}}`},
		{"b007", "routes", `{"name":"r4"}`,
			`{"@entity":["must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'"]}`},
		{"b008", "routes", `{"name":"r4","paths":["nope","/ok","/a b"]}`,
			`{"paths":["should start with: / (fixed path) or ~/ (regex path)"]}`},
		{"b009", "routes", `{"name":"r4","paths":["~/a("]}`,
			`{"paths":["invalid regex: '/a(' (PCRE returned: pcre2_compile() failed: missing closing parenthesis in \"/a(\")"]}`},
		{"b010", "routes", `{"name":"r4","methods":["get"]}`, `{"methods":["invalid value: get"]}`},
		{"b011", "routes", `{"name":"r4","hosts":["a.*.b","x y"]}`,
			`{"hosts":["invalid wildcard: must be placed at leftmost or rightmost label","invalid hostname: x y"]}`},
		{"b012", "routes", `{"name":"r4","protocols":["http","tcp"],"paths":["/x"]}`,
			`{"protocols":"these sets are mutually exclusive: ('http', 'https'), ('tcp', 'tls', 'udp')"}`},
		{"b012 without a matcher", "routes", `{"name":"r4","protocols":["http","tcp"]}`,
			`{"protocols":"these sets are mutually exclusive: ('http', 'https'), ('tcp', 'tls', 'udp')"}`},
		{"b013", "routes", `{"name":"r4","protocols":["http"],"snis":["a.b"]}`,
			`{"snis":"length must be 0","@entity":["'snis' can only be set when 'protocols' is 'grpcs', 'https', 'tls' or 'tls_passthrough'",` +
				`"must set one of 'methods', 'hosts', 'headers', 'paths' when 'protocols' is 'http'"]}`},
		{"b014", "routes", `{"name":"r4","headers":{"host":["a"]}}`,
			`{"headers":"cannot contain 'host' header, which must be specified in the 'hosts' attribute"}`},
		{"b026", "routes", `{"name":"rx","expression":"http.path == /x"}`,
			`{"expression":"unknown field","@entity":["must set one of 'methods', 'hosts', 'headers', 'paths', 'snis' when 'protocols' is 'https'"]}`},
		{"header expression", "routes", `{"headers":{"x":["a","~*b("]}}`,
			`{"@entity":["Router Expression failed validation: header x: error parsing regexp: missing closing ): ` + "`b(`" + `"]}`},
		{"path not normal", "routes", `{"paths":["/a/../b"]}`, `{"paths":["non-normalized path, consider use '/b' instead"]}`},
		{"stream without a matcher", "routes", `{"protocols":["tcp"]}`,
			`{"@entity":["must set one of 'sources', 'destinations', 'snis' when 'protocols' is 'tcp', 'tls' or 'udp'"]}`},
		{"stream with paths", "routes", `{"protocols":["tcp"],"paths":["/"],"sources":[{"port":1}]}`,
			`{"paths":"cannot set 'paths' when 'protocols' is 'tcp', 'tls', 'tls_passthrough' or 'udp'"}`},
		{"passthrough", "routes", `{"protocols":["tls_passthrough"]}`, `{"@entity":["must set snis when 'protocols' is 'tls_passthrough'"]}`},
		{"http with sources", "routes", `{"paths":["/"],"sources":[{"port":1}]}`,
			`{"sources":"cannot set 'sources' when 'protocols' is 'http' or 'https'"}`},
		{"grpc with methods", "routes", `{"protocols":["grpc"],"methods":["GET"],"strip_path":true}`,
			`{"@entity":["must set one of 'hosts', 'headers', 'paths' when 'protocols' is 'grpc'"],` +
				`"methods":"cannot set 'methods' when 'protocols' is 'grpc' or 'grpcs'",` +
				`"strip_path":"cannot set 'strip_path' when 'protocols' is 'grpc' or 'grpcs'"}`},
		{"empty source", "routes", `{"protocols":["tcp"],"sources":[{}]}`,
			`{"sources":[{"@entity":["at least one of these fields must be non-empty: 'ip', 'port'"]}]}`},

		{"c002", "plugins", `{"name":"nope"}`, `{"name":"plugin 'nope' not enabled; add it to the 'plugins' configuration property"}`},
		{"c003", "plugins", `{"name":"key-auth","config":{"foo":1}}`, `{"config":{"foo":"unknown field"}}`},
		{"c004", "plugins", `{"name":"rate-limiting","config":{"minute":"x"}}`, `{"config":{"minute":"expected a number"}}`},
		{"c005", "plugins", `{"name":"rate-limiting"}`,
			`{"@entity":["at least one of these fields must be non-empty: 'config.minute', 'config.hour'"]}`},
		{"c006", "plugins", `{"name":"rate-limiting","config":{"minute":1,"policy":"foo"}}`,
			`{"config":{"policy":"expected one of: local, cluster, redis"}}`},
		{"c008", "plugins", `{"config":{}}`, `{"name":"required field missing"}`},
		{"c021", "plugins", `{"name":"key-auth","consumer":{"id":"11111111-1111-4111-8111-111111111111"}}`, `{"consumer":"value must be null"}`},
		{"c022", "plugins", `{"name":"key-auth","protocols":["tcp"]}`, `{"protocols":["expected one of: grpc, grpcs, http, https"]}`},

		{"d002", "consumers", `{}`, `{"@entity":["at least one of these fields must be non-empty: 'custom_id', 'username'"]}`},
		{"d016", "jwt_secrets", `{"algorithm":"foo","consumer":{"id":"11111111-1111-4111-8111-111111111111"}}`,
			`{"algorithm":"expected one of: HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384, ES512, PS256, PS384, PS512, EdDSA"}`},
		{"no key", "jwt_secrets", `{"algorithm":"RS256","consumer":{"id":"11111111-1111-4111-8111-111111111111"}}`,
			`{"rsa_public_key":"required field missing","@entity":["` + conditional + `'algorithm'"]}`},
		{"bad key", "jwt_secrets", `{"algorithm":"EdDSA","rsa_public_key":"x","consumer":{"id":"11111111-1111-4111-8111-111111111111"}}`,
			`{"rsa_public_key":"invalid key","@entity":["` + conditional + `'algorithm'"]}`},
		{"bad ttl", "keyauth_credentials", `{"ttl":-1}`,
			`{"ttl":"must be an integer between 0 and 100000000","consumer":"required field missing"}`},
		{"internal field", "keyauth_credentials", `{"expires_at":5,"consumer":{"id":"11111111-1111-4111-8111-111111111111"}}`,
			`{"expires_at":"unknown field"}`},

		{"name with port", "upstreams", `{"name":"a:80"}`, `{"name":"Invalid name ('a:80'); no port allowed"}`},
		{"address", "upstreams", `{"name":"1.2.3.4"}`, `{"name":"Invalid name ('1.2.3.4'); no ip addresses allowed"}`},
		{"no name", "upstreams", `{"name":"a b"}`, `{"name":"Invalid name ('a b'); must be a valid hostname"}`},
		{"header missing", "upstreams", `{"name":"u","hash_on":"header"}`,
			`{"hash_on_header":"required field missing","@entity":["` + conditional + `'hash_on'"]}`},
		{"same fallback", "upstreams", `{"name":"u","hash_on":"ip","hash_fallback":"ip"}`,
			`{"hash_fallback":"expected one of: none, consumer, header, cookie, path, query_arg, uri_capture","@entity":["` + conditional + `'hash_on'"]}`},
		{"same header", "upstreams", `{"name":"u","hash_on":"header","hash_fallback":"header","hash_on_header":"a","hash_fallback_header":"a"}`,
			`{"@entity":["values of these fields must be distinct: 'hash_on_header', 'hash_fallback_header'"]}`},
		{"fallback without", "upstreams", `{"name":"u","hash_fallback":"ip"}`,
			`{"hash_fallback":"expected one of: none","@entity":["` + conditional + `'hash_on'"]}`},
		{"bad check", "upstreams", `{"name":"u","healthchecks":{"active":{"concurrency":-1}},"host_header":123}`,
			`{"healthchecks":{"active":{"concurrency":"value should be between 1 and 2147483648"}},"host_header":"expected a string"}`},
		{"types of hashing", "upstreams", `{"name":"u","hash_on":1,"algorithm":{}}`, `{"hash_on":"expected a string","algorithm":"expected a string"}`},

		{"port", "targets", `{"target":"hostname:1.0","upstream":{"id":"11111111-1111-4111-8111-111111111111"}}`,
			`{"target":"Invalid target ('hostname:1.0'); not a valid hostname or ip address"}`},
		{"address name", "snis", `{"name":"1.2.3.4","certificate":{"id":"11111111-1111-4111-8111-111111111111"}}`, `{"name":"must not be an IP"}`},
		{"star inside", "snis", `{"name":"a.*.b","certificate":{"id":"11111111-1111-4111-8111-111111111111"}}`,
			`{"name":"wildcard must be leftmost or rightmost character"}`},
		{"no consumer", "acls", `{"group":"g"}`, `{"consumer":"required field missing"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, errs := prepare(t, test.kind, test.doc, schema.Create)
			same(t, errs, test.fields)
		})
	}
}

func TestMessages(t *testing.T) {
	for _, test := range []struct{ kind, doc, want string }{
		{"services", `{"name":"x1","host":"h","foo":1,"bar":{"a":1}}`, "2 schema violations (bar: unknown field; foo: unknown field)"},
		{"routes", `{"name":"r4","protocols":["http"],"snis":["a.b"]}`, "3 schema violations ('snis' can only be set when 'protocols' is " +
			"'grpcs', 'https', 'tls' or 'tls_passthrough'; must set one of 'methods', 'hosts', 'headers', 'paths' when 'protocols' is 'http'; " +
			"snis: length must be 0)"},
	} {
		if _, errs := prepare(t, test.kind, test.doc, schema.Create); errs.Message() != test.want {
			t.Errorf("%s: %s", test.doc, errs.Message())
		}
	}
}

const someID = `"id":"11111111-1111-4111-8111-111111111111"`

// What Kong made of input.
func TestDocumentsAreKongs(t *testing.T) {
	for _, test := range []struct{ name, kind, doc, want string }{
		{"a011", "services", `{` + someID + `,"name":"svc-json","url":"http://127.0.0.1:8780/base","tags":["a","b"]}`,
			`{"port":8780,` + someID + `,"client_certificate":null,"tls_verify":null,"tls_verify_depth":null,"host":"127.0.0.1","enabled":true,` +
				`"path":"/base","name":"svc-json","tags":["a","b"],"ca_certificates":null,"connect_timeout":60000,"created_at":1795384611,` +
				`"updated_at":1795384611,"retries":5,"write_timeout":60000,"read_timeout":60000,"protocol":"http"}`},
		{"b002", "routes", `{` + someID + `,"name":"r2","hosts":["a.test"],"service":{` + someID + `}}`,
			`{"protocols":["http","https"],"service":{` + someID + `},"destinations":null,` + someID + `,"request_buffering":true,` +
				`"response_buffering":true,"methods":null,"regex_priority":0,"strip_path":true,"snis":null,"path_handling":"v0","name":"r2",` +
				`"tags":null,"headers":null,"paths":null,"created_at":1795384611,"updated_at":1795384611,"hosts":["a.test"],` +
				`"https_redirect_status_code":426,"sources":null,"preserve_host":false}`},
		{"c012b", "plugins", `{` + someID + `,"name":"key-auth","config":{"key_names":["apikey","x-api-key"]},"instance_name":"ka2"}`,
			`{"protocols":["grpc","grpcs","http","https"],"service":null,"consumer":null,` + someID + `,"enabled":true,"name":"key-auth",` +
				`"tags":null,"created_at":1795384611,"updated_at":1795384611,"config":{"key_names":["apikey","x-api-key"],` +
				`"hide_credentials":false},"instance_name":"ka2","route":null}`},
		{"d001", "consumers", `{` + someID + `,"username":"alice","custom_id":"c-1","tags":["vip"]}`,
			`{"custom_id":"c-1","created_at":1795384611,"username":"alice","updated_at":1795384611,` + someID + `,"tags":["vip"]}`},
		{"d006", "keyauth_credentials", `{` + someID + `,"key":"alice-key","consumer":{` + someID + `}}`,
			`{"consumer":{` + someID + `},` + someID + `,"created_at":1795384611,"key":"alice-key","expires_at":null,"tags":null}`},
		{"d014", "keyauth_credentials", `{` + someID + `,"key":"ttlkey","ttl":100,"consumer":{` + someID + `}}`,
			`{"consumer":{` + someID + `},` + someID + `,"created_at":1795384611,"key":"ttlkey","expires_at":1795384711.7,"tags":null}`},
		{"d015", "jwt_secrets", `{` + someID + `,"key":"alice-iss","secret":"topsecret","consumer":{` + someID + `}}`,
			`{"consumer":{` + someID + `},` + someID + `,"tags":null,"secret":"topsecret","created_at":1795384611,"rsa_public_key":null,` +
				`"algorithm":"HS256","key":"alice-iss"}`},
		{"target", "targets", `{` + someID + `,"target":"[::1]","upstream":{` + someID + `}}`,
			`{` + someID + `,"target":"[0000:0000:0000:0000:0000:0000:0000:0001]:8000","weight":100,"tags":null,"upstream":{` + someID + `},` +
				`"created_at":1795384611.7,"updated_at":1795384611.7}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			doc, errs := prepare(t, test.kind, test.doc, schema.Create)
			if errs != nil {
				t.Fatal(errs.Message())
			}
			same(t, doc, test.want)
		})
	}
}

func TestURL(t *testing.T) {
	for _, test := range []struct{ url, want string }{
		{"http://h", `["http","h",80,null]`},
		{"https://h", `["https","h",443,null]`},
		{"https://h:8443/p/q", `["https","h",8443,"/p/q"]`},
		{"grpc://h", `["grpc","h",80,null]`},
		{"http://user:pw@h:81/p?q=1#f", `["http","h",81,"/p"]`},
		{"http://[::1]:8080/p;x", `["http","::1",8080,"/p"]`},
		{"//h:443/", `["https","h",443,"/"]`},
	} {
		doc, errs := prepare(t, "services", `{"host":"old","path":"/old","port":1,"url":"`+test.url+`"}`, schema.Update)
		if errs != nil {
			t.Errorf("%s: %s", test.url, errs.Message())
			continue
		}
		same(t, []any{doc["protocol"], doc["host"], doc["port"], doc["path"]}, test.want)
	}
}

func TestHashingIsCoupled(t *testing.T) {
	for _, test := range []struct{ doc, want string }{
		{`{"name":"u"}`, `["round-robin","none"]`},
		{`{"name":"u","hash_on":"ip"}`, `["consistent-hashing","ip"]`},
		{`{"name":"u","hash_on":"none","algorithm":"consistent-hashing"}`, `["round-robin","none"]`},
		{`{"name":"u","hash_on":"ip","algorithm":"least-connections"}`, `["least-connections","none"]`},
		{`{"name":"u","hash_on":null,"algorithm":"latency"}`, `["latency","none"]`},
	} {
		doc, errs := prepare(t, "upstreams", test.doc, schema.Create)
		if errs != nil {
			t.Errorf("%s: %s", test.doc, errs.Message())
			continue
		}
		same(t, []any{doc["algorithm"], doc["hash_on"]}, test.want)
	}
}

func TestGRPCStripsNothing(t *testing.T) {
	doc, errs := prepare(t, "routes", `{"protocols":["grpc"],"paths":["/"]}`, schema.Create)
	if errs != nil || doc["strip_path"] != false {
		t.Error(errs, doc["strip_path"])
	}
}

func TestGeneratedKeys(t *testing.T) {
	doc, errs := prepare(t, "jwt_secrets", `{"consumer":{`+someID+`}}`, schema.Create)
	if errs != nil {
		t.Fatal(errs.Message())
	}
	for _, field := range []string{"key", "secret"} {
		if s, _ := doc[field].(string); len(s) != 32 {
			t.Errorf("%s is %v", field, doc[field])
		}
	}
}

// A ttl is counted from the change that gives it; other changes leave the end where it is.
func TestTTL(t *testing.T) {
	stored := `{` + someID + `,"key":"k","created_at":1,"consumer":{` + someID + `},"tags":null,"expires_at":1795384620.7`
	for _, test := range []struct{ change, want, shown string }{
		{`}`, `1795384620.7`, `9`},
		{`,"ttl":5}`, `1795384616.7`, `5`},
		{`,"ttl":null}`, `null`, `null`},
		{`,"ttl":0}`, `null`, `null`},
	} {
		doc, errs := prepare(t, "keyauth_credentials", stored+test.change, schema.Update)
		if errs != nil {
			t.Errorf("%s: %s", test.change, errs.Message())
			continue
		}
		same(t, doc["expires_at"], test.want)
		if !entity.KindOf("keyauth_credentials").Show(doc, now) {
			t.Errorf("%s: is over", test.change)
		}
		same(t, doc["ttl"], test.shown)
	}
	doc := parse(t, stored+`}`)
	if entity.KindOf("keyauth_credentials").Show(doc, now.Add(time.Minute)) {
		t.Error("is not over")
	}
}

func TestPrepareLeavesInputAlone(t *testing.T) {
	doc := parse(t, `{"url":"http://h/p","ttl":5}`)
	entity.KindOf("services").Prepare(doc, schema.Options{})
	same(t, doc, `{"url":"http://h/p","ttl":5}`)
}

// Tags are refused that databases could not keep, with all else that is wrong.
func TestTags(t *testing.T) {
	k := entity.KindOf("consumers")
	for _, test := range []struct{ tag, want string }{
		{"short", ""},
		{strings.Repeat("t", entity.MaxTag), ""},
		{strings.Repeat("é", entity.MaxTag/2+1), "a tag must not be longer than 1024 bytes"},
	} {
		_, errs := k.Prepare(map[string]any{"username": "a", "tags": []any{"x", test.tag}}, schema.Options{Op: schema.Declare})
		if got, _ := errs["tags"].(string); got != test.want {
			t.Errorf("%.10q: %q, want %q", test.tag, got, test.want)
		}
		if _, errs = k.Prepare(map[string]any{"username": 7, "tags": []any{test.tag}}, schema.Options{}); test.want != "" && len(errs) < 2 {
			t.Errorf("%.10q: %v", test.tag, errs)
		}
	}
}
