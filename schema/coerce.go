package schema

import "maps"

// Coerce turns the text of form bodies into the types of the schema: numbers, booleans, a list where there is one value,
// null for empty text. What does not fit stays text, for Process to complain. form is not changed. Of the options only Sub
// matters: with it the config of plugins is coerced, too.
func (s *Schema) Coerce(form map[string]any, o ...Options) map[string]any {
	var sub func(string) *Schema
	if len(o) > 0 {
		sub = o[0].Sub
	}
	return s.root.coerceRecord(form, sub)
}

func (f *Field) coerceRecord(form map[string]any, sub func(string) *Schema) map[string]any {
	if form == nil {
		return nil
	}
	out := maps.Clone(form)
	var own *Field
	if a := f.abstractField(); a != nil && sub != nil {
		if name, ok := form["name"].(string); ok {
			if s := sub(name); s != nil {
				own = s.subFor(f)
			}
		}
	}
	for name, v := range form {
		field := f.byName[name]
		if own != nil && own.byName[name] != nil {
			field = own.byName[name]
		}
		for _, m := range f.moved {
			if m.field.Name == name {
				field = m.field
			}
		}
		if field != nil {
			out[name] = field.coerce(v, sub)
		}
	}
	return out
}

func (f *Field) coerce(v any, sub func(string) *Schema) any {
	text, isText := v.(string)
	if isText && text == "" {
		return nil
	}
	switch f.Type {
	case "number", "integer":
		if n, ok := luaNumber(text); ok && isText {
			return n
		}
	case "boolean":
		switch text {
		case "true":
			return true
		case "false":
			return false
		}
	case "array", "set":
		return f.coerceList(v, sub)
	case "map":
		if m, ok := v.(map[string]any); ok {
			out := make(map[string]any, len(m))
			for k, e := range m {
				out[k] = f.values.coerce(e, sub)
			}
			return out
		}
	case "record":
		if m, ok := v.(map[string]any); ok && !f.abstract {
			return f.coerceRecord(m, sub)
		}
	case "foreign":
		if m, ok := v.(map[string]any); ok {
			out := maps.Clone(m)
			for k, e := range out {
				if e == "" {
					out[k] = nil
				}
			}
			return out
		}
	}
	return v
}

func (f *Field) coerceList(v any, sub func(string) *Schema) any {
	list, ok := v.([]any)
	if !ok {
		if v == nil {
			return nil
		}
		list = []any{v}
	}
	out := make([]any, len(list))
	for i, e := range list {
		out[i] = f.elements.coerce(e, sub)
	}
	return out
}
