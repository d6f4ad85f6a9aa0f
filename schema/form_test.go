package schema_test

import (
	"testing"

	"github.com/gibbon-gateway/gibbon/schema"
)

func TestCoerce(t *testing.T) {
	for _, c := range []struct{ schema, form, want string }{
		{"services", `{"name":"5","host":"","port":"80","retries":"x","enabled":"true","tls_verify":"maybe","tags":"a,b","foo":"1"}`,
			`{"enabled":true,"foo":"1","host":null,"name":"5","port":80,"retries":"x","tags":["a,b"],"tls_verify":"maybe"}`},
		{"services", `{"port":" 0x10 ","retries":"1e2","tls_verify_depth":"1_0","connect_timeout":"inf","read_timeout":"1.5","write_timeout":"-"}`,
			`{"connect_timeout":"inf","port":16,"read_timeout":1.5,"retries":100,"tls_verify_depth":"1_0","write_timeout":"-"}`},
		{"routes", `{"paths":["/a",""],"headers":{"x-a":"1","x-b":["2","3"]},"service":{"id":"","name":"x"},"sources":[{"port":"80","ip":""}],"regex_priority":"7"}`,
			`{"headers":{"x-a":["1"],"x-b":["2","3"]},"paths":["/a",null],"regex_priority":7,"service":{"id":null,"name":"x"},"sources":[{"ip":null,"port":80}]}`},
		{"routes", `{"service":"x","headers":"y","sources":{"port":"80"}}`, `{"headers":"y","service":"x","sources":[{"port":80}]}`},
		{"plugins", `{"name":"rate-limiting","enabled":"false","config":{"minute":"5","redis":{"port":"1","ssl":"true"},"redis_port":"2","hide_client_headers":"false"}}`,
			`{"config":{"hide_client_headers":false,"minute":5,"redis":{"port":1,"ssl":true},"redis_port":2},"enabled":false,"name":"rate-limiting"}`},
		{"plugins", `{"name":"nope","config":{"minute":"5"}}`, `{"config":{"minute":"5"},"name":"nope"}`},
		{"plugins", `{"name":"response-ratelimiting","config":{"limits":{"video":{"minute":"5"}}}}`,
			`{"config":{"limits":{"video":{"minute":5}}},"name":"response-ratelimiting"}`},
		{"plugin-proxy-cache", `{"config":{"response_code":"200","response_headers":{"X-Cache-Key":"false"}}}`,
			`{"config":{"response_code":[200],"response_headers":{"X-Cache-Key":false}}}`},
		{"services", `{"port":7,"tags":null,"enabled":true}`, `{"enabled":true,"port":7,"tags":null}`},
	} {
		form := object(t, c.form)
		before := text(t, form)
		if got := text(t, recordedSchemas[c.schema].Coerce(form, schema.Options{Sub: sub})); got != c.want {
			t.Errorf("%s %s:\n got %s\nwant %s", c.schema, c.form, got, c.want)
		}
		if after := text(t, form); after != before {
			t.Errorf("%s was changed to %s", before, after)
		}
	}
	if recordedSchemas["services"].Coerce(nil) != nil {
		t.Error("no form became one")
	}
}

func TestMerge(t *testing.T) {
	o := schema.Options{Now: now, Sub: sub}
	stored, errs := recordedSchemas["plugins"].Process(object(t, `{"id":"11111111-1111-4111-8111-111111111111","name":"rate-limiting",
		"tags":["a"],"config":{"minute":5,"redis":{"host":"old","port":1}}}`), o)
	if len(errs) > 0 {
		t.Fatal(errs.Message())
	}
	before := text(t, stored)
	for _, c := range []struct{ changes, config, errs string }{
		{`{"config":{"redis_host":"new","hour":9}}`, `9 new 1`, `null`},
		{`{"config":{"redis_host":null}}`, `null null 1`, `null`},
		{`{"config":{"redis":{"port":2}}}`, `null old 2`, `null`},
		{`{"config":{"redis":{"host":"new"},"redis_host":"new"}}`, `null new 1`, `null`},
		{`{"config":{"redis":{"host":"new"},"redis_host":"other"}}`, `null new 1`,
			`{"config":{"redis_host":"both deprecated and new field are used but their values mismatch: redis_host = other vs redis.host = new"}}`},
		{`{"config":{"redis_port":"x"}}`, `null old 1`, `{"config":{"redis_port":"expected an integer"}}`},
		{`{"tags":null}`, `null old 1`, `null`},
	} {
		merged, errs := recordedSchemas["plugins"].Merge(stored, object(t, c.changes), o)
		config := merged["config"].(map[string]any)
		redis := config["redis"].(map[string]any)
		unquoted := func(v any) string {
			if s, ok := v.(string); ok {
				return s
			}
			return text(t, v)
		}
		if got := unquoted(config["hour"]) + " " + unquoted(redis["host"]) + " " + unquoted(redis["port"]); got != c.config || text(t, errs) != c.errs {
			t.Errorf("%s: %s, %s\nwant %s, %s", c.changes, got, text(t, errs), c.config, c.errs)
		}
		o.Op = schema.Update
		if errs == nil {
			if _, errs := recordedSchemas["plugins"].Process(merged, o); len(errs) > 0 {
				t.Errorf("%s: %s", c.changes, errs.Message())
			}
		}
	}
	if after := text(t, stored); after != before {
		t.Errorf("the stored document was changed to %s", after)
	}
	renamed, _ := recordedSchemas["plugins"].Merge(stored, object(t, `{"name":"acl"}`), o)
	if _, errs = recordedSchemas["plugins"].Process(renamed, o); text(t, errs["config"].(schema.Errors)["minute"]) != `"unknown field"` {
		t.Errorf("another plugin's config: %s", errs.Message())
	}

	fixed := schema.Of[struct {
		A string   `json:"a" conf:"immutable"`
		B []string `json:"b" conf:"immutable"`
		C int      `json:"c" conf:"immutable"`
	}]()
	_, errs = fixed.Merge(object(t, `{"a":"x","b":["y"],"c":null}`), object(t, `{"a":"z","b":["y"],"c":1}`), schema.Options{})
	if got := text(t, errs); got != `{"a":"immutable field cannot be updated"}` {
		t.Error(got)
	}
}

// A PATCH that merges by itself sends shorthands along with what is stored; the shorthand is the change then.
func TestShorthandOfAnUpdate(t *testing.T) {
	o := schema.Options{Op: schema.Update, Now: now, Sub: sub}
	out, errs := recordedSchemas["plugins"].Process(object(t, `{"name":"rate-limiting","config":{"minute":1,"redis_host":"new","redis":{"host":"old"}}}`), o)
	if len(errs) > 0 {
		t.Fatal(errs.Message())
	}
	if host := out["config"].(map[string]any)["redis"].(map[string]any)["host"]; host != "new" {
		t.Errorf("host is %v", host)
	}
}

func TestShow(t *testing.T) {
	o := schema.Options{Now: now, Sub: sub}
	doc, errs := recordedSchemas["plugins"].Process(object(t, `{"name":"rate-limiting","config":{"minute":5,"redis":{"host":"h"}}}`), o)
	if len(errs) > 0 {
		t.Fatal(errs.Message())
	}
	before := text(t, doc)
	shown := recordedSchemas["plugins"].Show(doc, o)
	config := shown["config"].(map[string]any)
	if config["redis_host"] != "h" || config["redis_port"] != int64(6379) || config["redis_password"] != nil || len(config) != 25 {
		t.Errorf("%d fields: %s", len(config), text(t, config))
	}
	if after := text(t, doc); after != before {
		t.Errorf("the document was changed to %s", after)
	}
	if again, errs := recordedSchemas["plugins"].Process(shown, o); len(errs) > 0 || text(t, again["config"]) != text(t, doc["config"]) {
		t.Errorf("what is shown is not accepted: %v %s", errs, text(t, again))
	}
	plain := object(t, `{"name":"acl","config":{"allow":["a"]}}`)
	if got := text(t, recordedSchemas["plugins"].Show(plain, o)); got != text(t, plain) {
		t.Error(got)
	}
}

type old struct {
	Rolling float64 `json:"rolling_timeout" conf:"default=3600"`
	Same    string  `json:"same_site" conf:"default=Strict;one_of=Strict,Lax"`
	End     string  `json:"end"`
	In      struct {
		Scan int `json:"scan" conf:"default=10"`
	} `json:"in"`
}

func TestShorthands(t *testing.T) {
	s := schema.Of[old](
		schema.Shorthand("cookie_lifetime", "number", func(v any) map[string]any { return map[string]any{"rolling_timeout": v} }),
		schema.Shorthand("cookie_renew", "number", func(any) map[string]any { return nil }),
		schema.Shorthand("cookie_samesite", "string", func(v any) map[string]any {
			if v == "off" {
				v = "Lax"
			}
			return map[string]any{"same_site": v}
		}),
		schema.Shorthand("ending", "string", func(v any) map[string]any { return map[string]any{"end": v} }, "deprecated=use end;removal=4.0"),
		schema.Moved("in.scan_count", "in.scan", "use in.scan", "4.0"),
	)
	for _, c := range []struct{ doc, want string }{
		{`{"cookie_lifetime":5,"rolling_timeout":7,"cookie_renew":1,"cookie_samesite":"off"}`, `{"end":null,"in":{"scan":10},"rolling_timeout":5,"same_site":"Lax"}`},
		{`{"ending":"a","end":"b"}`, `{"end":"b","in":{"scan":10},"rolling_timeout":3600,"same_site":"Strict"}`},
		{`{"ending":"a","in":{"scan_count":3}}`, `{"end":"a","in":{"scan":3},"rolling_timeout":3600,"same_site":"Strict"}`},
		{`{"cookie_lifetime":"x","cookie_samesite":""}`, `{"cookie_lifetime":"expected a number","cookie_samesite":"length must be at least 1"}`},
		{`{"cookie_samesite":"x","in":{"scan_count":"x"}}`, `{"in":{"scan_count":"expected an integer"},"same_site":"expected one of: Strict, Lax"}`},
	} {
		out, errs := s.Process(object(t, c.doc), schema.Options{})
		got := text(t, out)
		if errs != nil {
			got = text(t, errs)
		}
		if got != c.want {
			t.Errorf("%s: %s\nwant %s", c.doc, got, c.want)
		}
	}
	want := `[{"cookie_lifetime":{"type":"number"}},{"cookie_renew":{"type":"number"}},{"cookie_samesite":{"type":"string"}},{"ending":{"deprecation":{"message":"use end","removal_in_version":"4.0"},"type":"string"}}]`
	if got := text(t, s.Kong()["shorthand_fields"]); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
