package schema

import (
	"maps"
	"slices"
)

// Field describes one field.
type Field struct {
	Name string // "" for elements, keys and values
	Type string // string, number, integer, boolean, array, set, map, record, foreign, json
	Doc  string

	attrs      map[string]any // as conf tags say, in Kong's shape: what Kong prints besides the type
	def        any            // default value, normal form
	hasDefault bool
	required   bool
	must       bool // null is refused, though "required" is not printed: elements, keys, values
	nullEqual  bool // eq=null: only null is allowed
	auto, uuid bool
	ref        bool   // referenceable: {vault://…} stands for the value
	hidden     bool   // not shown
	abstract   bool   // config of plugins: another schema says what it holds
	err        string // replaces the texts of checks
	emptyOK    bool   // of strings: len_min=0

	fields                 []*Field // of records
	byName                 map[string]*Field
	elements, keys, values *Field

	custom  []func(v any) error // CheckField and typedefs
	checks  []check             // compiled from attrs and custom
	moved   []*moved            // of records
	rules   []*entityCheck      // of records: checks over several fields
	inner   []*entityCheck      // those that stay inside when the record becomes a plugin's config
	records []func(doc map[string]any) error
}

// check returns what is wrong with a value that is not null and has the right type, or "".
type check func(v any) string

// Fields returns the fields of a record.
func (f *Field) Fields() []*Field { return slices.Clone(f.fields) }

// child returns a field below: of a record by name, "elements" of a list, "keys" and "values" of a map.
func (f *Field) child(name string) *Field {
	switch f.Type {
	case "record":
		return f.byName[name]
	case "array", "set":
		if name == "elements" {
			return f.elements
		}
	case "map":
		switch name {
		case "keys":
			return f.keys
		case "values":
			return f.values
		}
	}
	return nil
}

// find returns the field at the path, or nil.
func (f *Field) find(path []string) *Field {
	for _, name := range path {
		if f = f.child(name); f == nil {
			return nil
		}
	}
	return f
}

// add appends a field to a record.
func (f *Field) add(sub *Field) {
	f.fields = append(f.fields, sub)
	if f.byName == nil {
		f.byName = map[string]*Field{}
	}
	f.byName[sub.Name] = sub
}

// clone copies a field so that conf words can be added without changing the original. What lies below is shared.
func (f *Field) clone() *Field {
	c := *f
	c.attrs = maps.Clone(f.attrs)
	if c.attrs == nil {
		c.attrs = map[string]any{}
	}
	c.custom = slices.Clone(f.custom)
	return &c
}

// walk visits a field and everything below it.
func (f *Field) walk(visit func(*Field)) {
	visit(f)
	for _, sub := range f.fields {
		sub.walk(visit)
	}
	for _, sub := range []*Field{f.elements, f.keys, f.values} {
		if sub != nil {
			sub.walk(visit)
		}
	}
	for _, m := range f.moved {
		m.field.walk(visit)
	}
}
