package schema

import (
	"fmt"
	"maps"
	"reflect"
)

// moved is a field of input only, whose value goes elsewhere in the record.
type moved struct {
	field      *Field
	path       []string // where the value goes; nil with convert
	deprecated bool     // then a value at path wins
	listed     bool     // the new place is printed, and a value there must be the same
	secret     bool     // errors do not tell values
	convert    func(v any) map[string]any
}

// Moved accepts a deprecated field and puts its value where the new one is. The old field has the type of the new one; conf
// adds rules to it. Where both are given they must be the same.
func Moved(old, path, message, removal string, conf ...string) Rule {
	return rule(func(s *Schema) {
		record, name, above := s.place(old)
		target, after := s.must(path), split(path)
		if len(after) <= len(above) || join(after[:len(above)]) != join(above) {
			panic(fmt.Sprintf("schema: %s cannot be moved to %s, out of its record", old, path))
		}
		after = after[len(above):]
		f := &Field{Name: name, Type: target.Type, Doc: "Deprecated: use " + join(after) + ".", attrs: map[string]any{},
			elements: target.elements, keys: target.keys, values: target.values, fields: target.fields, byName: target.byName}
		var place []any
		for _, name := range after {
			place = append(place, name)
		}
		f.attrs["deprecation"] = map[string]any{"message": message, "removal_in_version": removal,
			"replaced_with": []any{map[string]any{"path": place}}}
		for _, c := range conf {
			if err := f.apply(c); err != nil {
				panic(fmt.Sprintf("schema: %s: %s", old, err))
			}
		}
		record.moved = append(record.moved, &moved{field: f, path: after, deprecated: true, listed: true,
			secret: target.attrs["encrypted"] == true})
	})
}

// Shorthand accepts a field of a type (string, number, integer, boolean) that is not kept. What f makes of its value is set
// in the record that has the shorthand, by paths there; f may be given nil. The conf words deprecated and removal print a
// deprecation; then values that are given win over those of the shorthand.
func Shorthand(path, typ string, f func(v any) map[string]any, conf ...string) Rule {
	return rule(func(s *Schema) {
		record, name, _ := s.place(path)
		m := &moved{field: &Field{Name: name, Type: typ, attrs: map[string]any{}}, convert: f}
		for _, c := range conf {
			if err := m.field.apply(c); err != nil {
				panic(fmt.Sprintf("schema: %s: %s", path, err))
			}
		}
		m.deprecated = m.field.attrs["deprecation"] != nil
		record.moved = append(record.moved, m)
	})
}

// place returns the record that a new field belongs to, its name and the path of the record.
func (s *Schema) place(path string) (record *Field, name string, above []string) {
	all := split(path)
	if len(all) == 0 {
		panic("schema: a shorthand has no name")
	}
	above, name = all[:len(all)-1], all[len(all)-1]
	record = s.root.find(above)
	if record == nil || record.Type != "record" || record.byName[name] != nil {
		panic(fmt.Sprintf("schema: %s cannot be a shorthand", path))
	}
	return record, name, above
}

// translate moves values of old fields of one record. It returns in itself if there are none.
func (r *run) translate(f *Field, in map[string]any) (map[string]any, Errors) {
	var errs Errors
	out, copied := in, false
	for _, m := range f.moved {
		v, ok := in[m.field.Name]
		if !ok {
			continue
		}
		if !copied {
			out, copied = maps.Clone(in), true
		}
		delete(out, m.field.Name)
		v, err := r.value(m.field, v)
		switch {
		case err != nil:
		case m.convert == nil:
			err = r.move(m, m.path, out, v)
		default:
			for path, v := range m.convert(v) {
				if err == nil {
					err = r.move(m, split(path), out, v)
				}
			}
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
func (r *run) move(m *moved, path []string, out map[string]any, v any) any {
	old := get(out, path)
	if m.deprecated && v != nil && old != nil && m.listed && !r.update && !same(v, old) {
		mine, other := scalarText(v), scalarText(old)
		if m.secret {
			mine, other = "******", "******"
		}
		return fmt.Sprintf("both deprecated and new field are used but their values mismatch: %s = %s vs %s = %s",
			m.field.Name, mine, join(path), other)
	}
	if old != nil && m.deprecated && (v == nil || !r.update) {
		return nil
	}
	for _, name := range path[:len(path)-1] {
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
	out[path[len(path)-1]] = v
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
