package source_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
	_ "github.com/gibbon-gateway/gibbon/internal/plugins" // their kinds of entities
	"github.com/gibbon-gateway/gibbon/internal/plugins/keyauth"
	"github.com/gibbon-gateway/gibbon/internal/source"
	"github.com/gibbon-gateway/gibbon/schema"
)

type keys struct {
	Names  []string `json:"key_names" conf:"required;default=apikey;elements.header_name"`
	Hidden bool     `json:"hide_credentials" conf:"required;default=false"`
}

type log struct {
	Endpoint string `json:"http_endpoint" conf:"url;required"`
}

var known = map[string]*schema.Schema{
	"key-auth": schema.Plugin(schema.Of[keys](), schema.Scope{NoConsumer: true}),
	"http-log": schema.Plugin(schema.Of[log](), schema.Scope{}),
}

var options = source.Options{Plugin: func(name string) *schema.Schema { return known[name] }, Now: time.Unix(1795384611, 0)}

// text cuts the indentation of the first line off all lines.
func text(s string) string {
	s = strings.TrimRight(strings.TrimPrefix(s, "\n"), "\t")
	indent := s[:len(s)-len(strings.TrimLeft(s, "\t"))]
	return strings.ReplaceAll(strings.TrimPrefix(s, indent), "\n"+indent, "\n")
}

func parse(t testing.TB, s string) (*source.Config, *entity.Set) {
	t.Helper()
	c, err := source.Parse([]byte(text(s)), options)
	if err != nil {
		t.Fatal(err)
	}
	set, problems := entity.NewSet(1, c.Objects)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return c, set
}

func invalid(t testing.TB, s string) *source.Invalid {
	t.Helper()
	_, err := source.Parse([]byte(text(s)), options)
	var e *source.Invalid
	if !errors.As(err, &e) {
		t.Fatalf("%v for\n%s", err, s)
	}
	return e
}

func same(t testing.TB, got any, want string) {
	t.Helper()
	b, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var g, w any
	if err := json.Unmarshal(b, &g); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("%s: %v", want, err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

const nestedFile = `
	_format_version: "3.0"
	_transform: true
	_comment: all of it
	_info: {select_tags: [a]}
	services:
	- name: my-service
	  url: https://example.com/base
	  _comment: mine
	  _ignore: [{a: 1}]
	  tags: [one]
	  plugins:
	  - name: http-log
	    config: {http_endpoint: http://log.test}
	  - name: key-auth
	  routes:
	  - name: my-route
	    paths: [/, "~/x/\\d+"]
	    plugins: [{name: key-auth, config: {key_names: [k]}}]
	  - hosts: [a.test]
	routes:
	- {name: free, paths: [/free], service: my-service}
	- {name: named, paths: [/named], service: {name: my-service}}
	- {name: by-id, paths: [/id], service: 0855b320-0dd2-547d-891d-601e9b38647f}
	- {name: none, paths: [/none], service: null}
	plugins:
	- name: http-log
	  route: free
	  consumer: my-user
	  config: {http_endpoint: http://log.test}
	consumers:
	- username: my-user
	  keyauth_credentials: [{key: my-key}, {ttl: 60}]
	  jwt_secrets: [{key: iss, secret: s}]
	  acls: [{group: admins}]
	acls:
	- {consumer: my-user, group: others}
	upstreams:
	- name: up.test
	  targets: [{target: 10.20.30.40}, {target: "50.60.70.80:90", weight: 5}]
	targets:
	- {upstream: up.test, target: "a.test:1"}
`

func TestNestedEntities(t *testing.T) {
	c, s := parse(t, nestedFile)
	if len(c.Hash) != 32 {
		t.Error(c.Hash)
	}
	service := entity.All[entity.Service](s)[0]
	if service.ID != "0855b320-0dd2-547d-891d-601e9b38647f" || service.Port != 443 || service.Path != "/base" || service.CreatedAt != 1795384611 {
		t.Error(service)
	}
	if r := s.RoutesOf(service.ID); len(r) != 5 {
		t.Error(r)
	}
	route := entity.Get[entity.Route](s, "481a9539-f49c-51b6-b2e2-fe99ee68866c")
	if route == nil || route.Name != "my-route" || route.Paths[1] != `~/x/\d+` {
		t.Fatal(route)
	}
	if p := s.PluginsOf(route.ID, "", ""); len(p) != 1 || p[0].Config["key_names"].([]any)[0] != "k" {
		t.Error(p)
	}
	if p := s.PluginsOf("", service.ID, ""); len(p) != 2 {
		t.Error(p)
	}
	user := s.ConsumerNamed("my-user")
	if user.ID != "4b1b701d-de2b-5588-9aa2-3b97061d9f52" || len(s.Referring("acls", "consumer", user.ID)) != 2 {
		t.Error(user)
	}
	key := s.Credential("keyauth_credentials", []byte("my-key")).(*keyauth.Credential)
	if key.ID != "487ab43c-b2c9-51ec-8da5-367586ea2b61" || key.Consumer.ID != user.ID {
		t.Error(key)
	}
	var targets []string
	for _, target := range s.TargetsOf(s.UpstreamNamed("up.test").ID) {
		targets = append(targets, target.Target)
	}
	if len(targets) != 3 || !strings.Contains(fmt.Sprint(targets), "10.20.30.40:8000") {
		t.Error(targets)
	}
	plugin := entity.DeterministicID(entity.KindOf("plugins"), "plugins", "*", "key-auth", "", service.ID, "")
	if entity.Get[entity.Plugin](s, plugin) == nil {
		t.Error("the plugin does not have Kong's id", plugin)
	}
}

func TestIDsStay(t *testing.T) {
	a, _ := parse(t, nestedFile)
	b, _ := parse(t, nestedFile)
	for i := range a.Objects {
		if a.Objects[i].ID != b.Objects[i].ID {
			t.Errorf("%s %s: %s", a.Objects[i].Doc, a.Objects[i].ID, b.Objects[i].ID)
		}
	}
}

func TestJSON(t *testing.T) {
	_, s := parse(t, `{"_format_version":"1.1","consumers":[{"username":"smile \ud83d\ude00","id":"D885E256-1abe-5e24-80b6-8f68fe59ea8e","created_at":1566863706}]}`)
	c := entity.All[entity.Consumer](s)[0]
	if c.Username != "smile 😀" || c.CreatedAt != 1566863706 {
		t.Error(c)
	}
}

func TestPathsOfOldFormats(t *testing.T) {
	const routes = `
	_format_version: "%s"
	routes:
	- {name: a, paths: [/plain/, "/x/\\d+", "/a/%%2e%%20(b)"], hosts: [h]}
	services:
	- {name: s, host: h, routes: [{name: b, paths: ["/y/(z)"]}]}
`
	for version, want := range map[string]string{"2.1": `["/plain/","~/x/\\d+","~/a/\\. (b)","~/y/(z)"]`, "1.1": `["/plain/","~/x/\\d+","~/a/\\. (b)","~/y/(z)"]`} {
		_, s := parse(t, fmt.Sprintf(routes, version))
		var paths []string
		for _, name := range []string{"a", "b"} {
			for _, r := range entity.All[entity.Route](s) {
				if r.Name == name {
					paths = append(paths, r.Paths...)
				}
			}
		}
		same(t, paths, want)
	}
}

func TestYAML(t *testing.T) {
	_, s := parse(t, `
	_format_version: "3.0"
	services:
	- &first {name: a, host: h, protocol: https, retries: 0x10, enabled: no}
	- {<<: *first, name: b, enabled: on, read_timeout: 1_000}
`)
	all := entity.All[entity.Service](s)
	if all[0].Name != "a" {
		all[0], all[1] = all[1], all[0]
	}
	if a, b := all[0], all[1]; a.Enabled || a.Retries != 16 || !b.Enabled || b.Protocol != "https" || b.ReadTimeout != 1000 {
		t.Error(a, b)
	}
}

// One anchor may stand for entities in several places, as in Kong.
func TestAnchors(t *testing.T) {
	_, s := parse(t, `
	_format_version: "3.0"
	services:
	- {name: a, host: h, plugins: [&p {name: key-auth}]}
	- {name: b, host: h, plugins: [*p]}
`)
	if p := entity.All[entity.Plugin](s); len(p) != 2 || p[0].Service.ID == p[1].Service.ID {
		t.Error(p)
	}
}

func TestErrors(t *testing.T) {
	for _, test := range []struct{ name, file, fields string }{
		{"Kong: invalid string", `bobby tables`, `{"error":"failed parsing declarative configuration: expected an object"}`},
		{"empty", ``, `{"error":"failed parsing declarative configuration: expected an object"}`},
		{"Kong: version", `_format_version: 1.1`, `{"_format_version":"expected a string"}`},
		{"Kong: other version", `_format_version: "foobar"`, `{"_format_version":"expected one of: 1.1, 2.1, 3.0"}`},
		{"no version", `services: []`, `{"_format_version":"required field missing"}`},
		{"unknown", `{_format_version: "3.0", servces: [], _transform: 1, _comment: 1234, _ignore: {a: b}}`,
			`{"servces":"unknown field","_transform":"expected a boolean","_comment":"expected a string","_ignore":"expected an array"}`},
		{"no list", `{_format_version: "3.0", services: {name: a}, routes: [1]}`,
			`{"services":"expected an array","routes":["expected a record"]}`},
		{"Kong: validation", `
			_format_version: "1.1"
			services:
			- port: -12
		`, `{"services":[{"host":"required field missing","port":"value should be between 0 and 65535"}]}`},
		{"Kong: regular", `
			_format_version: "1.1"
			services:
			- name: foo
			  retries: -1
			  protocol: foo
			  host: 1234
			  port: 99999
			  path: /foo//bar/
		`, `{"services":[{"host":"expected a string","path":"must not have empty segments","port":"value should be between 0 and 65535",
			"protocol":"expected one of: grpc, grpcs, http, https, tcp, tls, tls_passthrough, udp","retries":"value should be between 0 and 32767"}]}`},
		{"Kong: nested plugins", `
			_format_version: "1.1"
			services:
			- name: foo
			  url: https://example.com
			  plugins:
			  - enabled: true
			  - name: foo
		`, `{"services":[{"plugins":[{"name":"required field missing"},
			{"name":"plugin 'foo' not enabled; add it to the 'plugins' configuration property"}]}]}`},
		{"Kong: missing references", `
			_format_version: "1.1"
			plugins:
			- name: http-log
			  id: 0855b320-0dd2-547d-891d-601e9b38647f
			  service: svc1
			  consumer: my-consumer
			  config: {http_endpoint: https://example.com}
		`, `{"plugins":{"0855b320-0dd2-547d-891d-601e9b38647f":["invalid reference 'consumer: my-consumer' (no such entry in 'consumers')",
			"invalid reference 'service: svc1' (no such entry in 'services')"]}}`},
		{"Kong #7696", `
			_format_version: "2.1"
			services:
			- name: my-service-1
			  url: http://localhost:8001/status
			  routes:
			  - name: my-route-1
			    service:
			      id: "769bdf51-16df-5476-9830-ef26800b5448"
			    paths:
			    - /status
		`, `{"routes":{"my-route-1":["invalid reference 'service: {\"id\":\"769bdf51-16df-5476-9830-ef26800b5448\"}' (no such entry in 'services')"]}}`},
		{"another parent", `
			_format_version: "3.0"
			consumers:
			- username: a
			  acls: [{group: g, consumer: a}, {group: h, consumer: b}, {group: i, consumer: c}]
			- username: b
		`, `{"consumers":[{"acls":[null,{"consumer":"value must be null"},{"consumer":"value must be null"}]}]}`},
		{"reference beside other errors", `
			_format_version: "3.0"
			routes:
			- {name: a, service: none, paths: [x]}
		`, `{"routes":[{"service":"invalid reference 'service: none' (no such entry in 'services')","paths":["should start with: / (fixed path) or ~/ (regex path)"]}]}`},
		{"Kong: primary key", `
			_format_version: "1.1"
			services:
			- {id: 0855b320-0dd2-547d-891d-601e9b38647f, name: foo, host: example.com}
			- {id: 0855b320-0dd2-547d-891d-601e9b38647f, name: bar, host: example.test}
		`, `{"services":[null,"uniqueness violation: 'services' entity with primary key set to '0855b320-0dd2-547d-891d-601e9b38647f' already declared"]}`},
		{"Kong: endpoint key", `
			_format_version: "1.1"
			services:
			- {name: foo, host: example.com}
			- {name: foo, host: example.test}
		`, `{"services":[null,"uniqueness violation: 'services' entity with name set to 'foo' already declared"]}`},
		{"Kong: other key", `
			_format_version: "1.1"
			consumers:
			- {username: foo, custom_id: conflict}
			- {username: bar, custom_id: conflict}
		`, `{"consumers":{"bar":"uniqueness violation: 'consumers' entity with custom_id set to 'conflict' already declared"}}`},
		{"same plugin twice", `
			_format_version: "3.0"
			plugins:
			- {id: 11111111-1111-4111-8111-111111111111, name: key-auth}
			- {id: 11111111-1111-4111-8111-111111111112, name: key-auth}
		`, `{"plugins":{"11111111-1111-4111-8111-111111111112":"uniqueness violation: 'plugins' entity with name, route, service, consumer set to 'key-auth', 'null', 'null', 'null' already declared"}}`},
		{"twice beside other errors", `
			_format_version: "3.0"
			services:
			- {name: a, host: h}
			- {name: a}
		`, `{"services":[null,{"host":"required field missing","@entity":["uniqueness violation: 'services' entity with name set to 'a' already declared"]}]}`},
		{"bad id", `
			_format_version: "3.0"
			services:
			- {id: x, name: a, host: h, routes: [{paths: [/]}]}
			- {id: 5, name: b, host: h, routes: [{paths: [/]}]}
		`, `{"services":[{"id":"expected a valid UUID"},{"id":"expected a string"}]}`},
	} {
		t.Run(test.name, func(t *testing.T) { same(t, invalid(t, test.file).Fields(), test.fields) })
	}
}

func TestTextsThatCannotBeRead(t *testing.T) {
	const prefix = "failed parsing declarative configuration: "
	for _, test := range []struct{ file, want string }{
		{"a: 1\na: 2", `line 2: the key "a" occurs twice`},
		{`{"a":1,"a":2}`, `the key "a" occurs twice`},
		{`{"a":`, `unexpected EOF`},
		{`{"a":1} x`, `there is more behind the end`},
		{"a: [1", `line 1: did not find expected ',' or ']'`},
		{"a: 1\n---\nb: 2", "line 2: a second document begins"},
		{"a: &x [*x]", "line 1: the value of x contains itself"},
		{"a: .inf", "line 1: .inf is no number here"},
		{"? [a]\n: 1", "line 1: a key must be a text"},
		{"a: &a [1]\nb: {<<: *a}", "line 2: only maps can be merged"},
		{"a: " + strings.Repeat("[", 300) + strings.Repeat("]", 300), "line 1: nested too deep"},
		{`{"a":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + "}", "nested too deep"},
	} {
		same(t, invalid(t, test.file).Fields(), fmt.Sprintf(`{"error":%q}`, prefix+test.want))
	}
}

func TestAliasBombs(t *testing.T) {
	var b strings.Builder
	b.WriteString("_format_version: '3.0'\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	e := invalid(t, b.String())
	if !strings.Contains(e.Error(), "aliases stand for too much") {
		t.Error(e)
	}
}

func TestMessages(t *testing.T) {
	for _, test := range []struct{ file, want, text string }{
		{`bobby tables`, `declarative config is invalid: {error="failed parsing declarative configuration: expected an object"}`,
			"in 'error': failed parsing declarative configuration: expected an object"},
		{`{_format_version: "1.1", services: [{port: -12}]}`,
			`declarative config is invalid: {services={{host="required field missing",port="value should be between 0 and 65535"}}}`,
			"in 'services':\n  - in entry 1 of 'services':\n    in 'host': required field missing\n    in 'port': value should be between 0 and 65535"},
		{`{_format_version: "1.1", services: [{name: a, host: h}, {name: a, host: h}]}`,
			`declarative config is invalid: {services={[2]="uniqueness violation: 'services' entity with name set to 'a' already declared"}}`,
			"in 'services':\n  - in entry 2 of 'services': uniqueness violation: 'services' entity with name set to 'a' already declared"},
		{`{_format_version: "3.0", consumers: [{}]}`,
			`declarative config is invalid: {consumers={{["@entity"]={"at least one of these fields must be non-empty: 'custom_id', 'username'"}}}}`,
			"in 'consumers':\n  - in entry 1 of 'consumers':\n    in '@entity':\n      - in entry 1 of '@entity': at least one of these fields must be non-empty: 'custom_id', 'username'"},
	} {
		e := invalid(t, test.file)
		if e.Error() != test.want {
			t.Error(e)
		}
		if e.Text() != test.text {
			t.Error(e.Text())
		}
	}
}

func TestFlatten(t *testing.T) {
	e := invalid(t, `
	_format_version: "3.0"
	oops: 1
	consumers:
	- username: ok
	- {username: bobby, not_allowed: true, tags: [c]}
	services:
	- name: mis-matched
	  id: 0855b320-0dd2-547d-891d-601e9b38647f
	  host: localhost
	  protocol: tcp
	  path: /path
	  tags: [s, 1]
	  routes:
	  - {name: nope.route, protocols: [tcp]}
	  - name: fine
	    paths: [/]
	    plugins: [{name: http-log, config: {not_endpoint: x}}]
	- {name: twice, host: h}
	- {name: twice, host: h}
	upstreams:
	- {name: bad, healthchecks: {active: {concurrency: -1}}}
	`)
	flat, fields, message := e.Flatten()
	same(t, fields, `{"oops":"unknown field"}`)
	if message != `declarative config is invalid: {oops="unknown field"}` {
		t.Error(message)
	}
	byName := map[string]source.EntityError{}
	for _, f := range flat {
		byName[f.Name+f.Type] = f
	}
	if len(flat) != 6 {
		t.Error(len(flat), "entities")
	}
	same(t, byName["consumer"], `{"entity_tags":["c"],"entity_type":"consumer","entity":{"username":"bobby","not_allowed":true,"tags":["c"]},
		"errors":[{"type":"field","field":"not_allowed","message":"unknown field"}]}`)
	same(t, byName["mis-matchedservice"], `{"entity_name":"mis-matched","entity_id":"0855b320-0dd2-547d-891d-601e9b38647f","entity_type":"service",
		"entity":{"name":"mis-matched","id":"0855b320-0dd2-547d-891d-601e9b38647f","host":"localhost","protocol":"tcp","path":"/path","tags":["s",1]},
		"errors":[{"type":"entity","message":"failed conditional validation given value of field 'protocol'"},
			{"type":"field","field":"path","message":"value must be null"},{"type":"field","field":"tags.2","message":"expected a string"}]}`)
	same(t, byName["nope.routeroute"], `{"entity_name":"nope.route","entity_type":"route",
		"entity":{"name":"nope.route","protocols":["tcp"],"service":{"id":"0855b320-0dd2-547d-891d-601e9b38647f"}},
		"errors":[{"type":"entity","message":"must set one of 'sources', 'destinations', 'snis' when 'protocols' is 'tcp', 'tls' or 'udp'"}]}`)
	same(t, byName["http-logplugin"], `{"entity_name":"http-log","entity_type":"plugin","entity":{"name":"http-log","config":{"not_endpoint":"x"}},
		"errors":[{"type":"field","field":"config.http_endpoint","message":"required field missing"},
			{"type":"field","field":"config.not_endpoint","message":"unknown field"}]}`)
	same(t, byName["badupstream"].Errors, `[{"type":"field","field":"healthchecks.active.concurrency","message":"value should be between 1 and 2147483648"}]`)
	same(t, byName["twiceservice"].Errors, `[{"type":"entity","message":"uniqueness violation: 'services' entity with name set to 'twice' already declared"}]`)
	// The error itself is as before.
	if !strings.Contains(e.Error(), "mis") && len(e.Fields()) != 4 {
		t.Error(e.Fields())
	}
}

func TestCertificates(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	const id = "d83994d2-c24c-4315-b431-ee76b6611dcb"
	file, err := json.Marshal(map[string]any{"_format_version": "3.0",
		"certificates": []any{map[string]any{
			"id":   id,
			"cert": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})),
			"key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
			"snis": []any{map[string]any{"name": "foo.example"}, map[string]any{"name": "*.example"}},
		}},
		"snis":     []any{map[string]any{"name": "bar.example", "certificate": map[string]any{"id": id}}},
		"services": []any{map[string]any{"name": "s", "url": "https://h", "client_certificate": id}},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, s := parse(t, string(file))
	for _, name := range []string{"foo.example", "*.example", "bar.example"} {
		if sni := s.SNINamed(name); sni == nil || sni.Certificate.ID != id {
			t.Error(name, sni)
		}
	}
	if s := entity.All[entity.Service](s)[0]; s.ClientCertificate.ID != id {
		t.Error(s)
	}
}

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kong.yml")
	if _, err := source.Read(path, options); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte("_format_version: 3"), 0o600); err != nil {
		t.Fatal(err)
	}
	var e *source.Invalid
	if _, err := source.Read(path, options); !errors.As(err, &e) || !strings.HasPrefix(err.Error(), path+": declarative config is invalid: ") {
		t.Error(err)
	}
}
