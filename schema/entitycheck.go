package schema

import (
	"reflect"
	"strings"
)

// rules runs checks over several fields. invalid says that a field was found wrong before.
func (r *run) rules(checks []*entityCheck, doc map[string]any, errs Errors, invalid bool) {
	for _, c := range checks {
		if text := r.rule(c, doc, errs, invalid); text != "" {
			errs.entity(text)
		}
	}
}

func (r *run) rule(c *entityCheck, doc map[string]any, errs Errors, invalid bool) string {
	for _, path := range c.refs {
		if s, ok := get(doc, path).(string); ok && isReference(s) {
			return ""
		}
	}
	names := func() string { return quoted(c.paths) }
	switch c.kind {
	case "at_least_one_of":
		if count(doc, c.paths) == 0 {
			return r.updating() + "at least one of these fields must be non-empty: " + names()
		}
	case "only_one_of":
		if count(doc, c.paths) != 1 {
			return "exactly one of these fields must be non-empty: " + names()
		}
	case "mutually_required":
		if n := count(doc, c.paths); n != 0 && n != len(c.paths) {
			return "all or none of these fields must be set: " + names()
		}
	case "mutually_exclusive":
		if count(doc, c.paths) > 1 {
			return "only one or none of these fields must be set: " + names()
		}
	case "distinct":
		if !distinctValues(doc, c.paths) {
			return "values of these fields must be distinct: " + names()
		}
	case "conditional":
		return r.conditional(c.cond, doc, errs)
	case "conditional_at_least_one_of":
		return r.conditionalAny(c.cond, doc)
	case "custom_entity_check":
		r.custom(c, doc, errs, invalid)
	}
	return ""
}

func (r *run) updating() string {
	if r.update {
		return "when updating, "
	}
	return ""
}

func quoted(paths [][]string) string {
	names := make([]string, len(paths))
	for i, p := range paths {
		names[i] = "'" + join(p) + "'"
	}
	return strings.Join(names, ", ")
}

func nonEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

func count(doc map[string]any, paths [][]string) (n int) {
	for _, p := range paths {
		if nonEmpty(get(doc, p)) {
			n++
		}
	}
	return n
}

func distinctValues(doc map[string]any, paths [][]string) bool {
	var seen []any
	for _, p := range paths {
		v := get(doc, p)
		if !nonEmpty(v) {
			continue
		}
		for _, other := range seen {
			if reflect.DeepEqual(v, other) {
				return false
			}
		}
		seen = append(seen, v)
	}
	return true
}

func (r *run) conditional(c *condition, doc map[string]any, errs Errors) string {
	if _, err := r.value(c.ifField, get(doc, c.ifPath)); err != nil {
		return ""
	}
	v := get(doc, c.thenPath)
	err := any(missing)
	custom := ""
	if v != nil || c.thenMatch["required"] != true {
		if _, err = r.value(c.thenField, v); err == nil {
			return ""
		}
		custom = c.err
	}
	errs.put(c.thenPath, err)
	if custom != "" {
		return strings.ReplaceAll(custom, "%s", join(c.ifPath))
	}
	return "failed conditional validation given value of field '" + join(c.ifPath) + "'"
}

func (r *run) conditionalAny(c *condition, doc map[string]any) string {
	if _, err := r.value(c.ifField, get(doc, c.ifPath)); err != nil || count(doc, c.any) > 0 {
		return ""
	}
	if c.err != "" {
		return strings.ReplaceAll(c.err, "%s", quoted(c.any))
	}
	return r.updating() + "at least one of these fields must be non-empty: " + quoted(c.any)
}

// custom runs a check in Go. What it says about the whole becomes an error of the whole document.
func (r *run) custom(c *entityCheck, doc map[string]any, errs Errors, invalid bool) {
	if !c.always {
		if len(c.paths) == 0 && invalid {
			return
		}
		for _, path := range c.paths {
			if errs.at(path) {
				return
			}
		}
	}
	record, ok := get(doc, c.base).(map[string]any)
	if !ok {
		return
	}
	for name, err := range c.run(record) {
		if texts, ok := err.([]string); ok && name == entityKey {
			errs.entity(texts...)
		} else if len(c.base) > 0 {
			errs.put(append(c.base[:len(c.base):len(c.base)], name), err)
		} else {
			errs.merge(Errors{name: err})
		}
	}
}
