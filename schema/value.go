package schema

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
)

// value brings a value into normal form and checks it. Normal are nil, string, bool, int64, float64 (of numbers), []any and
// map[string]any; nothing of v is shared with the result. The error is a text, Errors or []any, nil if there is none.
func (r *run) value(f *Field, v any) (any, any) {
	if v == nil {
		return nil, f.null()
	}
	if f.nullEqual {
		return v, f.text("value must be null")
	}
	var err any
	switch f.Type {
	case "string":
		s, ok := stringOf(v)
		if !ok {
			return v, "expected a string"
		}
		if f.ref && isReference(s) {
			return s, nil
		}
		v = s
	case "boolean":
		if _, ok := v.(bool); !ok {
			return v, "expected a boolean"
		}
	case "integer":
		n, ok := toInt(v)
		if !ok {
			return v, "expected an integer"
		}
		v = n
	case "number":
		n, ok := toFloat(v)
		if !ok {
			return v, "expected a number"
		}
		v = n
	case "array", "set":
		v, err = r.list(f, v)
	case "map":
		v, err = r.mapping(f, v)
	case "record":
		m, ok := mapOf(v)
		switch {
		case !ok:
			return v, "expected a record"
		case f.abstract:
			v = copyJSON(m)
		default:
			v, err = r.record(f, m)
		}
	case "foreign":
		v, err = foreign(v)
	case "json":
		v = copyJSON(v)
	}
	if err != nil {
		return v, err
	}
	for _, c := range f.checks {
		if err := c(v); err != "" {
			return v, f.text(err)
		}
	}
	return v, nil
}

// null returns what is wrong with null.
func (f *Field) null() any {
	if ne, ok := f.attrs["ne"]; ok && ne == nil {
		return f.text("value must not be null")
	}
	if eq := f.attrs["eq"]; eq != nil {
		return "value must be " + scalarText(eq)
	}
	if f.required || f.must {
		return missing
	}
	return nil
}

func (f *Field) text(err string) any {
	if f.err != "" {
		return f.err
	}
	return err
}

func isReference(s string) bool {
	return strings.HasPrefix(s, "{vault://") && strings.HasSuffix(s, "}")
}

// stringOf returns a string of any string type, but not of numbers that are kept as text.
func stringOf(v any) (string, bool) {
	switch s := v.(type) {
	case string:
		return s, true
	case json.Number, nil:
		return "", false
	}
	if rv := reflect.ValueOf(v); rv.Kind() == reflect.String {
		return rv.String(), true
	}
	return "", false
}

// listOf returns v as a list. An empty map is an empty list, too: Lua cannot tell them apart, and clients of Kong rely on it.
func listOf(v any) ([]any, bool) {
	switch l := v.(type) {
	case []any:
		return l, true
	case []string:
		list := make([]any, len(l))
		for i, s := range l {
			list[i] = s
		}
		return list, true
	case map[string]any:
		return []any{}, len(l) == 0
	}
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Slice {
		return nil, false
	}
	list := make([]any, rv.Len())
	for i := range list {
		list[i] = rv.Index(i).Interface()
	}
	return list, true
}

// mapOf returns v as a map. An empty list is an empty map, too.
func mapOf(v any) (map[string]any, bool) {
	switch m := v.(type) {
	case map[string]any:
		return m, true
	case []any:
		return map[string]any{}, len(m) == 0
	}
	rv := reflect.ValueOf(v)
	if rv.Kind() != reflect.Map || rv.Type().Key().Kind() != reflect.String {
		return nil, false
	}
	m := make(map[string]any, rv.Len())
	for it := rv.MapRange(); it.Next(); {
		m[it.Key().String()] = it.Value().Interface()
	}
	return m, true
}

func (r *run) list(f *Field, v any) (any, any) {
	in, ok := listOf(v)
	if !ok {
		if f.Type == "set" {
			return v, "expected a set"
		}
		return v, "expected an array"
	}
	if f.Type == "set" {
		in = distinct(in)
	}
	out := make([]any, len(in))
	var errs []any
	for i, e := range in {
		var err any
		if out[i], err = r.value(f.elements, e); err != nil {
			for len(errs) < i {
				errs = append(errs, nil)
			}
			errs = append(errs, err)
		}
	}
	if errs != nil {
		return out, errs
	}
	return out, nil
}

// distinct drops scalars that were there before.
func distinct(in []any) []any {
	seen := make(map[any]bool, len(in))
	out := in[:0:0]
	for _, v := range in {
		key := v
		if n, ok := toFloat(v); ok {
			key = n
		}
		switch key.(type) {
		case string, float64, bool:
			if seen[key] {
				continue
			}
			seen[key] = true
		}
		out = append(out, v)
	}
	return out
}

// mapping checks keys and values; as in Kong only one of the errors is told, and not where. Ours is that of the first key.
func (r *run) mapping(f *Field, v any) (any, any) {
	in, ok := mapOf(v)
	if !ok {
		return v, "expected a map"
	}
	out := make(map[string]any, len(in))
	first, firstErr := "", any(nil)
	for k, e := range in {
		_, err := r.value(f.keys, k)
		if err == nil {
			out[k], err = r.value(f.values, e)
		} else {
			out[k] = e // for checks of the record: the map is not empty
		}
		if err != nil && (firstErr == nil || k < first) {
			first, firstErr = k, err
		}
	}
	return out, firstErr
}

// foreign keeps the id of a reference.
func foreign(v any) (any, any) {
	m, _ := mapOf(v)
	id, ok := m["id"]
	if !ok || id == false {
		return v, Errors{"id": "missing primary key"}
	}
	if id == nil {
		return v, Errors{"id": missing}
	}
	s, ok := stringOf(id)
	if !ok {
		return v, Errors{"id": "expected a string"}
	}
	if !isUUID(s) {
		return v, Errors{"id": "expected a valid UUID"}
	}
	return map[string]any{"id": s}, nil
}

// copyJSON copies a value of any shape; numbers become int64 or float64 where they fit.
func copyJSON(v any) any {
	switch v := v.(type) {
	case nil, string, bool, int64, float64:
		return v
	case json.Number:
		return plain(v)
	case map[string]any:
		m := maps.Clone(v)
		for k := range m {
			m[k] = copyJSON(m[k])
		}
		if m == nil {
			m = map[string]any{}
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i := range v {
			l[i] = copyJSON(v[i])
		}
		return l
	}
	if n, ok := toInt(v); ok {
		return n
	}
	if n, ok := toFloat(v); ok {
		return n
	}
	if s, ok := stringOf(v); ok {
		return s
	}
	if m, ok := mapOf(v); ok {
		return copyJSON(m)
	}
	if l, ok := listOf(v); ok {
		return copyJSON(l)
	}
	return v
}
