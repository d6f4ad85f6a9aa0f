// Package schematest holds schemas against Kong's recorded ones. It has one function, Golden.
package schematest

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/schema"
)

// Golden compares what s prints for GET /schemas/… with a recorded answer, ignoring descriptions and the order of fields.
func Golden(t testing.TB, s *schema.Schema, path string) {
	t.Helper()
	recorded, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	printed, err := json.Marshal(s.Kong())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(read(t, recorded), read(t, printed)); diff != "" {
		t.Errorf("%s (-recorded +printed):\n%s", path, diff)
	}
}

func read(t testing.TB, text []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return strip(v)
}

// named is a list of fields by name.
type named map[string]any

// strip drops descriptions and turns lists of fields into maps.
func strip(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = strip(v[i])
		}
	case map[string]any:
		if _, ok := v["type"].(string); ok || v["fields"] != nil {
			delete(v, "description")
		}
		for k := range v {
			if list, ok := v[k].([]any); ok && (k == "fields" || k == "shorthand_fields") && slices.IndexFunc(list, notField) < 0 {
				v[k] = byName(list)
				continue
			}
			v[k] = strip(v[k])
		}
	}
	return v
}

func notField(v any) bool {
	m, ok := v.(map[string]any)
	return !ok || len(m) > 1 // one without a name is left over from a field called "description"
}

func byName(list []any) named {
	out := named{}
	for _, f := range list {
		maps.Copy(out, f.(map[string]any))
	}
	for name := range out {
		out[name] = strip(out[name])
	}
	return out
}
