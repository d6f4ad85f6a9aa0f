package schema_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/schema"
)

// valid evaluates as much of JSON Schema as is written here, and refuses the rest.
func valid(s map[string]any, v any, path string) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...))
	}
	number, isNumber := v.(float64)
	list, isList := v.([]any)
	object, isObject := v.(map[string]any)
	str, isString := v.(string)
	length := float64(len(list) + len(object) + len([]rune(str)))
	for word, arg := range s {
		switch word {
		case "$schema", "description", "default", "deprecated", "format", "writeOnly":
		case "type":
			types, many := arg.([]any)
			if !many {
				types = []any{arg}
			}
			ok := false
			for _, t := range types {
				switch t {
				case "object":
					ok = ok || isObject
				case "array":
					ok = ok || isList
				case "string":
					ok = ok || isString
				case "number":
					ok = ok || isNumber
				case "integer":
					ok = ok || isNumber && number == float64(int64(number))
				case "boolean":
					_, is := v.(bool)
					ok = ok || is
				case "null":
					ok = ok || v == nil
				default:
					return fail("type %v does not exist", t)
				}
			}
			if !ok {
				return fail("%v is not of type %v", v, arg)
			}
		case "enum":
			if !slices.ContainsFunc(arg.([]any), func(e any) bool { return reflect.DeepEqual(e, v) }) {
				return fail("%v is none of %v", v, arg)
			}
		case "const":
			if !reflect.DeepEqual(arg, v) {
				return fail("%v is not %v", v, arg)
			}
		case "not":
			if valid(arg.(map[string]any), v, path) == nil {
				return fail("%v is one of %v", v, arg)
			}
		case "minimum", "maximum", "exclusiveMinimum":
			limit := arg.(float64)
			if isNumber && (word == "minimum" && number < limit || word == "maximum" && number > limit || word == "exclusiveMinimum" && number <= limit) {
				return fail("%v: %s is %v", v, word, arg)
			}
		case "minLength", "minItems", "minProperties":
			if v != nil && length < arg.(float64) {
				return fail("%v: %s is %v", v, word, arg)
			}
		case "maxLength", "maxItems", "maxProperties":
			if length > arg.(float64) {
				return fail("%v: %s is %v", v, word, arg)
			}
		case "pattern":
			expr := arg.(string)
			if isString && !strings.Contains(expr, `\u`) && !regexp.MustCompile(expr).MatchString(str) { // Go has no \u
				return fail("%v does not match %v", v, arg)
			}
		case "items":
			for i, e := range list {
				if err := valid(arg.(map[string]any), e, fmt.Sprintf("%s[%d]", path, i)); err != nil {
					return err
				}
			}
		case "properties":
			for name, sub := range arg.(map[string]any) {
				if e, ok := object[name]; ok {
					if err := valid(sub.(map[string]any), e, path+"."+name); err != nil {
						return err
					}
				}
			}
		case "propertyNames":
			for name := range object {
				if err := valid(arg.(map[string]any), name, path+" key"); err != nil {
					return err
				}
			}
		case "additionalProperties":
			known, _ := s["properties"].(map[string]any)
			for name, e := range object {
				if _, ok := known[name]; ok {
					continue
				}
				if arg == false {
					return fail("%s is unknown", name)
				}
				if err := valid(arg.(map[string]any), e, path+"."+name); err != nil {
					return err
				}
			}
		case "required":
			for _, name := range arg.([]any) {
				if _, ok := s["properties"].(map[string]any)[name.(string)]; !ok {
					return fail("required %v is no property", name)
				}
				if _, ok := object[name.(string)]; isObject && !ok {
					return fail("%v is missing", name)
				}
			}
		default:
			return fail("unknown word %q", word)
		}
	}
	return nil
}

func generic(t testing.TB, v any) map[string]any {
	t.Helper()
	out := map[string]any{}
	if err := json.Unmarshal([]byte(text(t, v)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestJSONSchema(t *testing.T) {
	for _, c := range []struct{ schema, doc, want string }{
		{"services", `{"host":"h"}`, ""},
		{"services", `{}`, "$: host is missing"},
		{"services", `{"host":""}`, "$.host: : minLength is 1"},
		{"services", `{"host":"h","port":70000}`, "$.port: 70000: maximum is 65535"},
		{"services", `{"host":"h","port":null}`, "$.port: <nil> is not of type integer"},
		{"services", `{"host":"h","retries":null}`, ""},
		{"services", `{"host":"h","foo":1}`, "$: foo is unknown"},
		{"services", `{"host":"h","path":"x"}`, `$.path: x does not match ^\/`},
		{"services", `{"host":"h","client_certificate":{}}`, "$.client_certificate: id is missing"},
		{"routes", `{"headers":{"x":["a"]},"sources":[{"port":1}]}`, ""},
		{"routes", `{"headers":{"x":"a"}}`, "$.headers.x: a is not of type array"},
		{"routes", `{"methods":["get"]}`, "$.methods[0]: get does not match ^[A-Z]+$"},
		{"plugin-acl", `{"consumer":null,"config":{}}`, ""},
		{"plugin-acl", `{"consumer":{},"config":{}}`, "$.consumer: map[] is not of type null"},
		{"plugin-rate-limiting", `{"config":{"minute":0}}`, "$.config.minute: 0: exclusiveMinimum is 0"},
		{"plugin-rate-limiting", `{"config":{"limit_by":null,"redis_host":"x"}}`, ""},
		{"plugin-rate-limiting", `{"config":{"limit_by":"x"}}`, "$.config.limit_by: x is none of [consumer credential ip service header path <nil>]"},
		{"plugin-proxy-cache", `{}`, "$: config is missing"},
		{"plugin-proxy-cache", `{"config":{}}`, "$.config: strategy is missing"},
		{"plugin-response-ratelimiting", `{"config":{"limits":{}}}`, "$.config.limits: map[]: minProperties is 1"},
		{"plugin-http-log", `{"config":{"http_endpoint":"x","custom_fields_by_lua":{"":"x"}}}`, "$.config.custom_fields_by_lua key: : minLength is 1"},
		{"vaults", `{"name":"n","prefix":"env"}`, "$.prefix: env is one of map[enum:[env]]"},
		{"plugins", `{"name":"n","config":{"any":1}}`, ""},
	} {
		got := ""
		if err := valid(generic(t, recordedSchemas[c.schema].JSONSchema()), generic(t, object(t, c.doc)), "$"); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s %s: %s\nwant %s", c.schema, c.doc, got, c.want)
		}
	}
	for name, s := range recordedSchemas {
		js := s.JSONSchema()
		if js["$schema"] != "https://json-schema.org/draft/2020-12/schema" || js["type"] != "object" {
			t.Errorf("%s: %v %v", name, js["$schema"], js["type"])
		}
	}
	doc, errs := recordedSchemas["upstreams"].Process(object(t, `{"name":"u"}`), schema.Options{})
	if len(errs) > 0 {
		t.Fatal(errs.Message())
	}
	if err := valid(generic(t, recordedSchemas["upstreams"].JSONSchema()), generic(t, doc), "$"); err != nil {
		t.Error(err)
	}
}

type documented struct {
	Name  string   `json:"name" conf:"required;one_of=a,b" doc:"The name, a|b."`
	Count int      `json:"count" conf:"default=3;between=1,9" doc:"How many."`
	Paths []string `json:"paths" conf:"set;default=/a,/b;elements.not_one_of=x"`
	In    struct {
		Secret string            `json:"secret" conf:"referenceable" doc:"Keep it."`
		Map    map[string]string `json:"map"`
	} `json:"in" doc:"Inside."`
	List []struct {
		X float64 `json:"x" conf:"gt=0"`
	} `json:"list"`
	Ref    *base  `json:"ref" conf:"foreign=services"`
	Hidden string `json:"hidden" conf:"hidden"`
}

func TestMarkdown(t *testing.T) {
	s := schema.Of[documented](
		schema.AtLeastOneOf("name", "in.secret"),
		schema.OnlyOneOf("name", "count"), schema.MutuallyRequired("name", "count"), schema.MutuallyExclusive("name", "count"),
		schema.Distinct("name", "in.secret"),
		schema.If("name", "eq=a").Then("count", "required;gt=2"),
		schema.If("paths", "elements.one_of=x,y").ThenAtLeastOneOf("", "count"),
		schema.At("list.elements", schema.AtLeastOneOf("x")),
		schema.Moved("number", "count", "use count", "4.0"),
	)
	var b bytes.Buffer
	if err := s.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	want := "| Field | Type | Default | Description |\n|---|---|---|---|\n" +
		"| `name` | string |  | The name, a\\|b. Required. One of `a`, `b`. |\n" +
		"| `count` | integer | `3` | How many. From 1 to 9. |\n" +
		"| `paths` | set of string | `[\"/a\",\"/b\"]` | Not one of `x`. |\n" +
		"| `in` | record |  | Inside. |\n" +
		"| `in.secret` | string |  | Keep it. May be a vault reference. |\n" +
		"| `in.map` | map of string |  |  |\n" +
		"| `list` | array of record |  |  |\n" +
		"| `list[].x` | number |  | Greater than 0. |\n" +
		"| `ref` | reference to services |  |  |\n" +
		"| `number` | integer | | Deprecated: use count. |\n" +
		"\n- At least one of these is needed: `name`, `in.secret`.\n" +
		"- Exactly one of these is needed: `name`, `count`.\n" +
		"- All or none of these are needed: `name`, `count`.\n" +
		"- At most one of these may be set: `name`, `count`.\n" +
		"- These must differ: `name`, `in.secret`.\n" +
		"- If `name` is `a`, then `count` must be set and fulfils `gt 2`.\n" +
		"- If `paths` has elements of which each is one of `x`, `y`, then at least one of these is needed: `count`.\n" +
		"- At least one of these is needed: `list.[].x`.\n"
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var names []string
	for _, f := range s.Root().Fields() {
		names = append(names, f.Name+" "+f.Type)
	}
	if got := strings.Join(names, ", "); got != "name string, count integer, paths set, in record, list array, ref foreign, hidden string" {
		t.Error(got)
	}
	for _, f := range s.Kong()["fields"].([]any) {
		if _, ok := f.(map[string]any)["hidden"]; ok {
			t.Error("hidden is shown")
		}
	}
}

// Who changes what Kong returned must not change the schema.
func TestKongIsACopy(t *testing.T) {
	s := recordedSchemas["routes"]
	before := text(t, s.Kong())
	for _, f := range s.Kong()["fields"].([]any) {
		for _, field := range f.(map[string]any) {
			clear(field.(map[string]any))
		}
	}
	js := s.JSONSchema()
	for _, p := range js["properties"].(map[string]any) {
		if list, ok := p.(map[string]any)["default"].([]any); ok && len(list) > 0 {
			list[0] = "changed"
		}
	}
	maps.DeleteFunc(js, func(string, any) bool { return true })
	if after := text(t, s.Kong()); after != before {
		t.Errorf("changed to %s", after)
	}
}
