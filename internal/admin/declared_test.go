package admin_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/admin"
	"github.com/gibbon-gateway/gibbon/internal/source"
)

const declaration = `
_format_version: "3.0"
services:
- name: s
  url: http://a.test
  routes:
  - {name: r, paths: [/r], plugins: [{name: key-auth}]}
consumers:
- username: c
  keyauth_credentials: [{key: k, ttl: 1000}]
`

func TestDeclared(t *testing.T) {
	d := &source.Declared{}
	a := newTester(t, func(o *admin.Options) { o.Store, o.Declared = nil, d })
	a.equal(a.want(200, "GET", "/services", ""), "data", `[]`)
	a.equal(a.want(200, "GET", "/status", ""), "configuration_hash", `"`+strings.Repeat("0", 32)+`"`)
	lists := a.want(201, "POST", "/config", declaration, "Content-Type", "text/yaml")
	if len(lists) != 5 {
		t.Error(lists)
	}
	a.equal(a.want(200, "GET", "/routes/r", ""), "paths", `["/r"]`)
	a.equal(a.want(200, "GET", "/services/s/routes", "")["data"].([]any)[0], "name", `"r"`)
	// The same text once more, in each of the ways that it can be sent.
	if w := a.do("POST", "/config?check_hash=1", declaration, "Content-Type", "text/yaml"); w.Code != 304 {
		t.Error(w.Code, w.Body)
	}
	if w := a.do("POST", "/config?check_hash=1", url.Values{"config": {declaration}}.Encode()); w.Code != 304 {
		t.Error(w.Code, w.Body)
	}
	wrapped, _ := json.Marshal(map[string]string{"config": declaration})
	if w := a.do("POST", "/config?check_hash=1", string(wrapped)); w.Code != 304 {
		t.Error(w.Code, w.Body)
	}
	// What it tells can be loaded again, and is the same.
	before := a.want(200, "GET", "/services/s", "")
	key := a.want(200, "GET", "/key-auths/k", "")
	told := a.want(200, "GET", "/config", "")["config"].(string)
	a.want(201, "POST", "/config", told, "Content-Type", "application/yaml")
	after := a.want(200, "GET", "/services/s", "")
	if before["id"] != after["id"] || len(a.want(200, "GET", "/key-auths", "")["data"].([]any)) != 1 {
		t.Errorf("before %v, after %v", before, after)
	}
	if left := a.want(200, "GET", "/key-auths/k", "")["ttl"].(float64); left > key["ttl"].(float64) || left < 900 {
		t.Error(key["ttl"], left)
	}
	a.want(201, "POST", "/config", `{"_format_version":"3.0","services":[{"name":"s2","host":"h"}]}`)
	a.message(404, "Not found", "GET", "/services/s", "")

	bad := a.want(400, "POST", "/config", `{"_format_version":"3.0","services":[{"name":"s3"}]}`)
	a.equal(bad, "code", `14`)
	a.equal(bad, "fields.services", `[{"host":"required field missing"}]`)
	bad = a.want(400, "POST", "/config?flatten_errors=1", `{"_format_version":"3.0","services":[{"name":"s3"}]}`)
	a.equal(bad["flattened_errors"].([]any)[0], "entity_name", `"s3"`)
	a.want(200, "GET", "/services/s2", "")
	for _, body := range []string{"", "{}", "x=y"} {
		a.message(400, "expected a declarative configuration", "POST", "/config", body)
	}
	a.message(400, "expected a declarative configuration", "POST", "/config", " ", "Content-Type", "text/yaml")
	a.message(400, "Cannot parse JSON body", "POST", "/config", "{")
	if w := a.do("POST", "/config", "x", "Content-Type", "text/plain"); w.Code != 415 {
		t.Error(w.Code)
	}

	// Everything else cannot be written. What is wrong with it is said first.
	a.message(405, "cannot create 'services' entities when not using a database", "POST", "/services", "host=h")
	a.message(405, "cannot update 'services' entities by 'name' when not using a database", "PATCH", "/services/s2", "host=h")
	a.message(405, "cannot create or update 'services' entities by 'name' when not using a database", "PUT", "/services/new", "host=h")
	id := a.want(200, "GET", "/services/s2", "")["id"].(string)
	a.message(405, "cannot remove 'services' entities when not using a database", "DELETE", "/services/"+id, "")
	a.message(400, "schema violation (host: required field missing)", "POST", "/services", "name=x")
	a.want(404, "PATCH", "/services/none", "host=h")
	a.want(204, "DELETE", "/services/none", "")
}
