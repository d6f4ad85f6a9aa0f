package schema

import (
	"maps"
	"slices"
)

// Merge puts the changes of a PATCH over a stored document: records are merged field by field, all else is replaced.
// Shorthands in the changes are translated first, so that they win over what is stored. The result goes to Process with
// Op Update. Errors are of shorthands, and of fields that cannot be changed. The arguments are not changed.
func (s *Schema) Merge(stored, changes map[string]any, o Options) (map[string]any, Errors) {
	o.Op = Create // the changes are new input, whatever is stored
	m := merging{newRun(o)}
	errs := Errors{}
	out := m.record(s.root, stored, changes, errs)
	if len(errs) > 0 {
		return out, errs
	}
	return out, nil
}

type merging struct{ *run }

func (m merging) record(f *Field, stored, changes map[string]any, errs Errors) map[string]any {
	changes, wrong := m.translate(f, changes)
	errs.merge(wrong)
	out := maps.Clone(stored)
	if out == nil {
		out = map[string]any{}
	}
	own := m.own(f, stored, changes)
	for name, v := range changes {
		field := f.byName[name]
		if own != nil && own.byName[name] != nil {
			field = own.byName[name]
		}
		switch {
		case field == nil:
		case field.attrs["immutable"] == true && stored[name] != nil && !same(copyJSON(v), copyJSON(stored[name])):
			errs[name] = "immutable field cannot be updated"
		case field.Type == "record" && !field.abstract:
			if record, ok := v.(map[string]any); ok {
				below := Errors{}
				old, _ := stored[name].(map[string]any)
				v = m.record(field, old, record, below)
				if len(below) > 0 {
					errs[name] = below
				}
			}
		}
		out[name] = v
	}
	return out
}

// own returns the fields that the document's plugin has of its own.
func (m merging) own(f *Field, stored, changes map[string]any) *Field {
	if f.abstractField() == nil || m.o.Sub == nil {
		return nil
	}
	name, ok := stored["name"].(string)
	if !ok {
		name, _ = changes["name"].(string)
	}
	if s := m.o.Sub(name); s != nil {
		return s.subFor(f)
	}
	return nil
}

// Show returns a processed document as Kong's Admin API shows it: with the deprecated fields that were moved, which have
// the values of their successors. Of the options only Sub matters. doc is not changed.
func (s *Schema) Show(doc map[string]any, o Options) map[string]any {
	return merging{newRun(o)}.show(s.root, doc)
}

func (m merging) show(f *Field, doc map[string]any) map[string]any {
	var out map[string]any
	set := func(name string, v any) {
		if out == nil {
			out = maps.Clone(doc)
		}
		out[name] = v
	}
	own := m.own(f, doc, nil)
	for _, field := range f.fields {
		if own != nil && own.byName[field.Name] != nil {
			field = own.byName[field.Name]
		}
		if field.Type != "record" || field.abstract || !field.hasMoved() {
			continue
		}
		if record, ok := doc[field.Name].(map[string]any); ok {
			set(field.Name, m.show(field, record))
		}
	}
	for _, old := range f.moved {
		if old.listed {
			set(old.field.Name, get(doc, old.path))
		}
	}
	if out == nil {
		return doc
	}
	return out
}

// HasMoved reports whether Show adds anything, to records of which this is the schema.
func (s *Schema) HasMoved() bool { return s.root.hasMoved() }

// hasMoved says whether the record or one below has fields that were moved.
func (f *Field) hasMoved() bool {
	return len(f.moved) > 0 || slices.ContainsFunc(f.fields, func(sub *Field) bool { return sub.Type == "record" && sub.hasMoved() })
}
