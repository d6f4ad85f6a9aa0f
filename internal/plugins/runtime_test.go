package plugins_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/plugins"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/plugin/plugintest"
	"github.com/gibbon-gateway/gibbon/schema"
)

// Bundled plugins whose configuration is described at run time are what those that are made of structs are.
func TestPluginsAtRunTime(t *testing.T) {
	text := &schema.F{Type: "string"}
	for name, c := range map[string]struct {
		fields  []schema.F
		rules   []schema.Rule
		configs []string
	}{
		"key-auth": {fields: []schema.F{
			{Name: "key_names", Type: "array", Elements: text, Conf: "required;default=apikey;elements.header_name"},
			{Name: "hide_credentials", Type: "boolean", Conf: "required;default=false"},
			{Name: "anonymous", Type: "string"},
			{Name: "key_in_header", Type: "boolean", Conf: "required;default=true"},
			{Name: "key_in_query", Type: "boolean", Conf: "required;default=true"},
			{Name: "key_in_body", Type: "boolean", Conf: "required;default=false"},
			{Name: "run_on_preflight", Type: "boolean", Conf: "required;default=true"},
			{Name: "realm", Type: "string", Conf: "optional"},
		}, configs: []string{`{}`, `{"key_names":["a b"]}`, `{"key_names":null}`, `{"realm":"","anonymous":"x","hide_credentials":1}`, `{"other":true}`}},
		"acl": {fields: []schema.F{
			{Name: "allow", Type: "array", Elements: text},
			{Name: "deny", Type: "array", Elements: text},
			{Name: "hide_groups_header", Type: "boolean", Conf: "required;default=false"},
			{Name: "always_use_authenticated_groups", Type: "boolean", Conf: "required;default=false"},
		}, rules: []schema.Rule{schema.OnlyOneOf("allow", "deny"), schema.AtLeastOneOf("allow", "deny")},
			configs: []string{`{}`, `{"allow":["a"]}`, `{"allow":["a"],"deny":["b"]}`, `{"deny":"b"}`, `{"deny":[null]}`}},
	} {
		fixed := plugins.All()[name]
		for i, f := range fixed.Config.Root().Fields() {
			if i < len(c.fields) {
				c.fields[i].Doc = f.Doc
			}
		}
		config, err := schema.New(c.fields, c.rules...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		made := plugin.DefineAtRunTime(fixed.Desc, config, func(config map[string]any, _ plugin.Env) (any, error) { return &config, nil })
		for what, print := range map[string]func(*plugin.Type) any{
			"Kong":        func(p *plugin.Type) any { return p.Schema().Kong() },
			"JSON Schema": func(p *plugin.Type) any { return p.Config.JSONSchema() },
			"docs": func(p *plugin.Type) any {
				var b bytes.Buffer
				if err := p.Config.Markdown(&b); err != nil {
					t.Error(err)
				}
				return b.String()
			},
		} {
			if d := cmp.Diff(print(fixed), print(made)); d != "" {
				t.Errorf("%s, %s (-struct +run time):\n%s", name, what, d)
			}
		}
		for _, text := range c.configs {
			wantDoc, wantErrs := plugintest.Config(fixed, text)
			gotDoc, gotErrs := plugintest.Config(made, text)
			if d := cmp.Diff(wantDoc, gotDoc) + cmp.Diff(wantErrs, gotErrs); d != "" {
				t.Errorf("%s, %s (-struct +run time):\n%s", name, text, d)
			}
			if len(gotErrs) > 0 {
				continue
			}
			got, err := json.Marshal(plugintest.New(t, made, text, plugin.Env{}).Plugin)
			want, _ := json.Marshal(wantDoc)
			if err != nil || string(got) != string(want) {
				t.Errorf("%s, %s: the instance got %s, %v", name, text, got, err)
			}
		}
	}
}
