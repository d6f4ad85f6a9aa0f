package schema

import (
	"maps"
	"slices"
)

// JSONSchema returns a JSON Schema (2020-12). It says what can be said of single fields; checks over several fields are
// left to Process.
func (s *Schema) JSONSchema() map[string]any {
	out := s.root.jsonSchema()
	out["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	return out
}

func (f *Field) jsonSchema() map[string]any {
	out := map[string]any{}
	f.jsonType(out)
	f.jsonLimits(out)
	if f.Doc != "" {
		out["description"] = f.Doc
	}
	if f.hasDefault {
		out["default"] = copyJSON(f.def)
	}
	if f.attrs["deprecation"] != nil {
		out["deprecated"] = true
	}
	if f.Name == "" || f.required || f.must || f.Type == "json" {
		return out
	}
	if f.nullEqual {
		return map[string]any{"type": "null"}
	}
	out["type"] = []any{out["type"], "null"}
	if list, ok := out["enum"].([]any); ok {
		out["enum"] = append(slices.Clone(list), nil)
	}
	return out
}

func (f *Field) jsonType(out map[string]any) {
	switch f.Type {
	case "array", "set":
		out["type"], out["items"] = "array", f.elements.jsonSchema()
	case "map":
		out["type"], out["additionalProperties"] = "object", f.values.jsonSchema()
		if names := f.keys.jsonSchema(); len(names) > 1 {
			out["propertyNames"] = names
		}
	case "foreign":
		out["type"], out["required"] = "object", []any{"id"}
		out["properties"] = map[string]any{"id": map[string]any{"type": "string", "format": "uuid"}}
	case "json":
	case "record":
		f.jsonRecord(out)
	default:
		out["type"] = f.Type
	}
}

func (f *Field) jsonRecord(out map[string]any) {
	out["type"] = "object"
	if f.abstract {
		return
	}
	properties, required := map[string]any{}, []any{}
	for _, sub := range f.fields {
		properties[sub.Name] = sub.jsonSchema()
		if sub.required && !sub.auto && !sub.hasDefault && (sub.Type != "record" || sub.demands()) {
			required = append(required, sub.Name)
		}
	}
	for _, m := range f.moved {
		properties[m.field.Name] = m.field.jsonSchema()
	}
	out["properties"], out["additionalProperties"] = properties, false
	if len(required) > 0 {
		out["required"] = required
	}
}

// demands says whether a record that is not given would miss a field.
func (f *Field) demands() bool {
	return f.abstract || slices.ContainsFunc(f.fields, func(sub *Field) bool {
		return sub.required && !sub.auto && !sub.hasDefault && (sub.Type != "record" || sub.demands())
	})
}

func (f *Field) jsonLimits(out map[string]any) {
	a := f.attrs
	if list, ok := a["one_of"].([]any); ok {
		out["enum"] = slices.Clone(list)
	}
	if list, ok := a["not_one_of"].([]any); ok {
		out["not"] = map[string]any{"enum": slices.Clone(list)}
	}
	if list, ok := a["between"].([]any); ok {
		out["minimum"], out["maximum"] = list[0], list[1]
	}
	if n, ok := a["gt"]; ok {
		out["exclusiveMinimum"] = n
	}
	if eq, ok := a["eq"]; ok && eq != nil {
		out["const"] = eq
	}
	least, most := "minItems", "maxItems"
	switch f.Type {
	case "string":
		least, most = "minLength", "maxLength"
		if !f.emptyOK {
			out[least] = int64(1)
		}
	case "map":
		least, most = "minProperties", "maxProperties"
	}
	for word, keys := range map[string][]string{"len_min": {least}, "len_max": {most}, "len_eq": {least, most}} {
		for _, key := range keys {
			if n, ok := a[word]; ok && n != int64(0) {
				out[key] = n
			}
		}
	}
	if f.uuid {
		out["format"] = "uuid"
	}
	if expr := f.jsonPattern(); expr != "" {
		out["pattern"] = expr
	}
	if a["encrypted"] == true {
		out["writeOnly"] = true
	}
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == nil })
}

// jsonPattern returns the first of the patterns that a regular expression can say.
func (f *Field) jsonPattern() string {
	if prefix, ok := f.attrs["starts_with"].(string); ok {
		return "^" + quoteRegexp(prefix)
	}
	if p, ok := f.attrs["match"].(string); ok {
		expr, _ := mustPattern(p).regexp()
		return expr
	}
	return ""
}
