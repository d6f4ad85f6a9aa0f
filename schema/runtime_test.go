package schema_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/schema"
)

type sinkRecord struct {
	Host string `json:"host" conf:"required;host" doc:"A host."`
	Port int    `json:"port" conf:"default=80;port"`
}

type sinkConfig struct {
	Name   string              `json:"name" conf:"required;len_min=2;match=^%a+$" doc:"A name."`
	Count  int                 `json:"count" conf:"default=3;between=1,9"`
	Share  float64             `json:"share" conf:"gt=0"`
	On     bool                `json:"on" conf:"required;default=true"`
	Mode   string              `json:"mode" conf:"default=a;one_of=a,b"`
	Words  []string            `json:"words" conf:"set;default=x,y;len_max=3;elements.len_min=1"`
	Hosts  []string            `json:"hosts" conf:"elements.host"`
	Limits map[string]int      `json:"limits" conf:"keys.header_name;values.gt=0"`
	Lists  map[string][]string `json:"lists" conf:"default={\"k\":[\"v\"]}"`
	Server sinkRecord          `json:"server" doc:"Always there."`
	Maybe  *sinkRecord         `json:"maybe" doc:"May be null."`
	All    []sinkRecord        `json:"all"`
	Any    any                 `json:"any"`
	Of     *struct{}           `json:"of" conf:"foreign=services;on_delete=cascade"`
	Secret string              `json:"secret" conf:"encrypted;referenceable;auto"`
}

func sinkFields() []schema.F {
	record := []schema.F{{Name: "host", Type: "string", Conf: "required;host", Doc: "A host."}, {Name: "port", Type: "integer", Conf: "default=80;port"}}
	text := &schema.F{Type: "string"}
	return []schema.F{
		{Name: "name", Type: "string", Conf: "required;len_min=2;match=^%a+$", Doc: "A name."},
		{Name: "count", Type: "integer", Conf: "default=3;between=1,9"},
		{Name: "share", Type: "number", Conf: "gt=0"},
		{Name: "on", Type: "boolean", Conf: "required;default=true"},
		{Name: "mode", Type: "string", Conf: "default=a;one_of=a,b"},
		{Name: "words", Type: "set", Elements: &schema.F{Type: "string", Conf: "len_min=1"}, Conf: "default=x,y;len_max=3"},
		{Name: "hosts", Type: "array", Elements: text, Conf: "elements.host"},
		{Name: "limits", Type: "map", Keys: &schema.F{Type: "string", Conf: "header_name"}, Values: &schema.F{Type: "integer", Conf: "gt=0"}},
		{Name: "lists", Type: "map", Values: &schema.F{Type: "array", Elements: text}, Conf: `default={"k":["v"]}`},
		{Name: "server", Type: "record", Fields: record, Doc: "Always there."},
		{Name: "maybe", Type: "record", Fields: record, Conf: "optional", Doc: "May be null."},
		{Name: "all", Type: "array", Elements: &schema.F{Type: "record", Fields: record}},
		{Name: "any", Type: "json"},
		{Name: "of", Type: "foreign", Conf: "foreign=services;on_delete=cascade"},
		{Name: "secret", Type: "string", Conf: "encrypted;referenceable;auto"},
	}
}

func sinkRules() []schema.Rule {
	return []schema.Rule{schema.AtLeastOneOf("share", "hosts"), schema.If("mode", "eq=b").Then("server.host", "required"),
		schema.Moved("old_count", "count", "old_count is deprecated, please use count instead", "4.0")}
}

func markdown(t *testing.T, s *schema.Schema) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A schema that is made at run time is the one that is made of a struct: it prints, completes, refuses and binds the same.
func TestRunTimeSchemaIsThatOfAStruct(t *testing.T) {
	fixed := schema.Of[sinkConfig](sinkRules()...)
	made, err := schema.New(sinkFields(), sinkRules()...)
	if err != nil {
		t.Fatal(err)
	}
	for what, print := range map[string]func(s *schema.Schema) any{
		"Kong":        func(s *schema.Schema) any { return s.Kong() },
		"JSON Schema": func(s *schema.Schema) any { return s.JSONSchema() },
		"docs":        func(s *schema.Schema) any { return markdown(t, s) },
		"plugin":      func(s *schema.Schema) any { return schema.Plugin(s, schema.Scope{NoConsumer: true}).Kong() },
	} {
		if d := cmp.Diff(print(fixed), print(made)); d != "" {
			t.Errorf("%s (-struct +run time):\n%s", what, d)
		}
	}
	bound, refused := 0, 0
	for _, text := range []string{
		`{}`, `{"name":"ab","share":1}`, `{"name":"a"}`, `{"name":"a1"}`, `{"name":"ab","count":0}`, `{"name":"ab","count":"x","share":-1}`,
		`{"name":"ab","hosts":["a.test"],"old_count":5}`, `{"name":"ab","hosts":["a b"]}`, `{"name":"ab","hosts":[null],"words":["",""]}`,
		`{"name":"ab","words":["a","b","c","d"],"share":0.5}`, `{"name":"ab","limits":{"a b":1,"c":0}}`, `{"name":"ab","share":1,"limits":{"c":2},"lists":{"q":[]}}`,
		`{"name":"ab","share":1,"mode":"b"}`, `{"name":"ab","share":1,"mode":"b","server":{"host":"h.test"}}`, `{"name":"ab","share":1,"maybe":{"port":70000}}`,
		`{"name":"ab","share":1,"server":{"host":"h.test"},"all":[{"host":"h.test"},{},7],"any":[1,{"a":null}]}`, `{"name":"ab","of":{"id":"x"}}`,
		`{"name":"ab","share":1,"of":{"id":"00000000-0000-4000-8000-000000000001"},"maybe":null,"secret":"s","server":{"host":"h"}}`, `{"what":1,"server":{"what":2}}`,
	} {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		doc := map[string]any{}
		if err := d.Decode(&doc); err != nil {
			t.Fatal(err)
		}
		for _, op := range []schema.Op{schema.Create, schema.Update, schema.Upsert, schema.Declare} {
			o := schema.Options{Op: op, NoAuto: true}
			wantDoc, wantErrs := fixed.Process(doc, o)
			gotDoc, gotErrs := made.Process(doc, o)
			if d := cmp.Diff(wantDoc, gotDoc) + cmp.Diff(wantErrs, gotErrs); d != "" {
				t.Errorf("%s, %v (-struct +run time):\n%s", text, op, d)
			}
			if len(gotErrs) > 0 {
				refused++
				continue
			}
			bound++
			var want, got sinkConfig
			if err, err2 := fixed.Bind(wantDoc, &want), made.Bind(gotDoc, &got); err != nil || err2 != nil {
				t.Errorf("%s: %v, %v", text, err, err2)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: bound (-struct +run time):\n%s", text, d)
			}
		}
	}
	if bound < 8 || refused < 8 {
		t.Errorf("%d documents were good, %d were not", bound, refused)
	}
}

func TestRunTimeSchemaRefuses(t *testing.T) {
	one := func(f schema.F) []schema.F { return []schema.F{f} }
	for want, fields := range map[string][]schema.F{
		`schema: a field has no name`:                             {{Type: "string"}},
		`schema: two fields "a"`:                                  {{Name: "a", Type: "string"}, {Name: "a", Type: "string"}},
		`schema: a: there is no type "text"`:                      one(schema.F{Name: "a", Type: "text"}),
		`schema: a: there is no type ""`:                          one(schema.F{Name: "a"}),
		`schema: a: conf "between=1": two numbers are needed`:     one(schema.F{Name: "a", Type: "integer", Conf: "between=1"}),
		`schema: a: conf "shiny": unknown word`:                   one(schema.F{Name: "a", Type: "string", Conf: "shiny"}),
		`schema: a: a string has no elements`:                     one(schema.F{Name: "a", Type: "string", Elements: &schema.F{Type: "string"}}),
		`schema: a: the array has no elements`:                    one(schema.F{Name: "a", Type: "array"}),
		`schema: a: the map has no values`:                        one(schema.F{Name: "a", Type: "map"}),
		`schema: a: keys are strings, not of type "integer"`:      one(schema.F{Name: "a", Type: "map", Keys: &schema.F{Type: "integer"}, Values: &schema.F{Type: "string"}}),
		`schema: a: elements: b: there is no type "x"`:            one(schema.F{Name: "a", Type: "set", Elements: &schema.F{Type: "record", Fields: one(schema.F{Name: "b", Type: "x"})}}),
		`schema: a: elements: a foreign field stands in a record`: one(schema.F{Name: "a", Type: "set", Elements: &schema.F{Type: "foreign", Conf: "foreign=services"}}),
		`schema: a: it does not say what it refers to: foreign=…`: one(schema.F{Name: "a", Type: "foreign"}),
		`schema: a rule names "b", which is no field`:             one(schema.F{Name: "a", Type: "string"}),
	} {
		var rules []schema.Rule
		if strings.Contains(want, "a rule") {
			rules = append(rules, schema.AtLeastOneOf("b"))
		}
		if s, err := schema.New(fields, rules...); err == nil || err.Error() != want || s != nil {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
