package schema

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
)

// moved is a field of input only, whose value goes elsewhere in the record.
type moved struct {
	field      *Field
	path       []string // where the value goes
	deprecated bool     // then a value at path wins
	listed     bool     // the new place is printed, and a value there must be the same
}

// Moved accepts a deprecated field and puts its value where the new one is. The old field has the type of the new one; conf
// adds rules to it. Without a message the field is a shorthand that is not deprecated, and wins over the new one. The conf
// word unlisted hides the new place, as Kong does for shorthands that it translates in a way of their own.
func Moved(old, path, message, removal string, conf ...string) Rule {
	return rule(func(s *Schema) {
		before, after := split(old), split(path)
		record := s.root.find(before[:len(before)-1])
		if record == nil || record.Type != "record" || len(after) < len(before) || join(after[:len(before)-1]) != join(before[:len(before)-1]) {
			panic(fmt.Sprintf("schema: %s cannot be moved to %s", old, path))
		}
		target := s.must(path)
		after = after[len(before)-1:]
		f := &Field{Name: before[len(before)-1], Type: target.Type, attrs: map[string]any{}, elements: target.elements, keys: target.keys,
			values: target.values, fields: target.fields, byName: target.byName}
		m := &moved{field: f, path: after, deprecated: message != "", listed: message != ""}
		if message != "" {
			f.Doc = "Deprecated: use " + join(after) + "."
			f.attrs["deprecation"] = map[string]any{"message": message, "removal_in_version": removal}
		}
		for _, c := range conf {
			for _, w := range splitConf(c, ';') {
				if w == "unlisted" {
					m.listed = false
				} else if err := f.apply(w); err != nil {
					panic(fmt.Sprintf("schema: %s: %s", old, err))
				}
			}
		}
		if m.listed {
			var place []any
			for _, name := range after {
				place = append(place, name)
			}
			f.deprecation()["replaced_with"] = []any{map[string]any{"path": place}}
		}
		record.moved = append(record.moved, m)
	})
}

// translate moves values of old fields of one record. It returns in itself if there are none.
func (r *run) translate(f *Field, in map[string]any) (map[string]any, Errors) {
	var errs Errors
	out := in
	for _, m := range f.moved {
		v, ok := in[m.field.Name]
		if !ok {
			continue
		}
		if reflect.ValueOf(out).Pointer() == reflect.ValueOf(in).Pointer() {
			out = maps.Clone(in)
		}
		delete(out, m.field.Name)
		v, err := r.value(m.field, v)
		if err == nil {
			err = r.move(m, out, v)
		}
		if err != nil {
			if errs == nil {
				errs = Errors{}
			}
			errs[m.field.Name] = err
		}
	}
	return out, errs
}

// move puts a value to its new place. Records on the way are copied.
func (r *run) move(m *moved, out map[string]any, v any) any {
	old := get(out, m.path)
	if m.deprecated && v != nil && old != nil && m.listed && !r.update && !same(v, old) {
		return fmt.Sprintf("both deprecated and new field are used but their values mismatch: %s = %s vs %s = %s",
			m.field.Name, scalarText(v), strings.Join(m.path, "."), scalarText(old))
	}
	if old != nil && (v == nil || m.deprecated && !r.update) {
		return nil
	}
	for _, name := range m.path[:len(m.path)-1] {
		sub, ok := out[name].(map[string]any)
		if !ok && out[name] != nil {
			return nil // the record is no record, which is said elsewhere
		}
		if sub = maps.Clone(sub); sub == nil {
			sub = map[string]any{}
		}
		out[name] = sub
		out = sub
	}
	out[m.path[len(m.path)-1]] = v
	return nil
}

// same compares a processed value with one of input.
func same(a, b any) bool {
	x, isX := toFloat(a)
	y, isY := toFloat(b)
	if isX && isY {
		return x == y
	}
	la, isA := a.([]any)
	lb, isB := b.([]any)
	if isA && isB {
		if len(la) != len(lb) {
			return false
		}
		for i := range la {
			if !same(la[i], lb[i]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(a, b)
}

// get returns the value at a path, nil if there is none.
func get(doc map[string]any, path []string) any {
	for i, name := range path {
		v := doc[name]
		if i == len(path)-1 {
			return v
		}
		var ok bool
		if doc, ok = v.(map[string]any); !ok {
			return nil
		}
	}
	return doc
}
