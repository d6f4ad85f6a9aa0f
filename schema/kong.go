package schema

import "strings"

// Kong returns what GET /schemas/… answers.
func (s *Schema) Kong() map[string]any {
	out := s.root.kong()
	delete(out, "type")
	delete(out, "required")
	if out["entity_checks"] == nil {
		out["entity_checks"] = []any{}
	}
	return out
}

func (f *Field) kong() map[string]any {
	out := map[string]any{"type": f.Type}
	for word, v := range f.attrs {
		if !strings.HasPrefix(word, "@") && v != false || word == "required" || word == "default" || word == "unique" || word == "eq" {
			out[word] = copyJSON(v)
		}
	}
	if f.Doc != "" {
		out["description"] = f.Doc
	}
	for name, part := range map[string]*Field{"elements": f.elements, "keys": f.keys, "values": f.values} {
		if part != nil {
			out[name] = part.kong()
		}
	}
	if f.Type != "record" || f.abstract {
		return out
	}
	fields := []any{}
	for _, sub := range f.fields {
		if !sub.hidden {
			fields = append(fields, map[string]any{sub.Name: sub.kong()})
		}
	}
	out["fields"] = fields
	if checks := append(kongChecks(f.rules), kongChecks(f.inner)...); len(checks) > 0 {
		out["entity_checks"] = checks
	}
	var old []any
	for _, m := range f.moved {
		old = append(old, map[string]any{m.field.Name: m.field.kong()})
	}
	if old != nil {
		out["shorthand_fields"] = old
	}
	return out
}

func kongChecks(checks []*entityCheck) (all []any) {
	for _, c := range checks {
		if !c.hidden {
			all = append(all, map[string]any{c.kind: c.kong()})
		}
	}
	return all
}

func (c *entityCheck) kong() any {
	switch c.kind {
	case "custom_entity_check":
		out := map[string]any{"field_sources": names(c.paths)}
		if c.absent {
			out["run_with_missing_fields"] = true
		}
		return out
	case "conditional":
		out := map[string]any{"if_field": join(c.cond.ifPath), "if_match": copyJSON(c.cond.ifMatch),
			"then_field": join(c.cond.thenPath), "then_match": copyJSON(c.cond.thenMatch)}
		if c.cond.err != "" {
			out["then_err"] = c.cond.err
		}
		return out
	case "conditional_at_least_one_of":
		out := map[string]any{"if_field": join(c.cond.ifPath), "if_match": copyJSON(c.cond.ifMatch),
			"then_at_least_one_of": names(c.cond.any)}
		if c.cond.err != "" {
			out["then_err"] = c.cond.err
		}
		return out
	}
	return names(c.paths)
}

func names(paths [][]string) []any {
	list := make([]any, len(paths))
	for i, p := range paths {
		list[i] = join(p)
	}
	return list
}
