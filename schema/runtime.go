package schema

import (
	"errors"
	"fmt"
)

// F describes a field of a schema that is made at run time, where there is no Go type to read it from: of a filter or a script. What a
// struct says in Go and in tags it says in text.
type F struct {
	Name string // of a field in a record; "" elsewhere
	// Type is string, integer, number, boolean, json, record, array, set, map or foreign. A foreign one has foreign=… in Conf.
	Type string
	Conf string // as in the tag conf. A record must be there unless it is optional
	Doc  string

	Fields       []F // of a record, in the order in which they are shown
	Elements     *F  // of an array or set
	Keys, Values *F  // of a map; keys are strings where there is nothing to say of them
}

// New makes the schema of a record at run time. It is as Of makes it from a struct with the same fields, in all that it does;
// documents are used as they are, or bound to a struct that fits. What is wrong with the description, or with a rule, is the error.
func New(fields []F, rules ...Rule) (s *Schema, err error) {
	root := &Field{Type: "record", attrs: map[string]any{}}
	if err := root.addFields(fields); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	defer func() {
		if p := recover(); p != nil { // a rule does not fit; one in a program is a mistake, this one may come from outside
			text, ok := p.(string)
			if !ok {
				panic(p)
			}
			s, err = nil, errors.New(text)
		}
	}()
	return finish(root, rules), nil
}

// addFields adds fields to a record.
func (f *Field) addFields(fields []F) error {
	for _, d := range fields {
		if d.Name == "" {
			return errors.New("a field has no name")
		}
		if f.byName[d.Name] != nil {
			return fmt.Errorf("two fields %q", d.Name)
		}
		sub, err := d.field()
		if err != nil {
			return fmt.Errorf("%s: %w", d.Name, err)
		}
		sub.Name, sub.Doc = d.Name, d.Doc
		f.add(sub)
	}
	return nil
}

// field makes the field, without its name.
func (d *F) field() (*Field, error) {
	f := &Field{Type: d.Type, attrs: map[string]any{}}
	if err := d.fits(); err != nil {
		return nil, err
	}
	var err error
	switch d.Type {
	case "record":
		f.required = true
		f.attrs["required"] = true
		err = f.addFields(d.Fields)
	case "array", "set":
		f.elements, err = d.part("elements", d.Elements)
	case "map":
		keys := d.Keys
		if keys == nil {
			keys = &F{Type: "string"}
		}
		if f.keys, err = d.part("keys", keys); err == nil {
			f.values, err = d.part("values", d.Values)
		}
	}
	if err != nil {
		return nil, err
	}
	if err := f.apply(d.Conf); err != nil {
		return nil, err
	}
	if d.Type == "foreign" && f.attrs["reference"] == nil {
		return nil, errors.New("it does not say what it refers to: foreign=…")
	}
	return f, nil
}

// part makes what a list or map consists of.
func (d *F) part(name string, of *F) (*Field, error) {
	if of == nil {
		return nil, fmt.Errorf("the %s has no %s", d.Type, name)
	}
	if name == "keys" && of.Type != "string" {
		return nil, fmt.Errorf("keys are strings, not of type %q", of.Type)
	}
	f, err := of.bare()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// bare makes an element, key or value: its conf is applied when it is known to be one.
func (d *F) bare() (*Field, error) {
	plain := *d
	plain.Conf = ""
	if d.Type == "foreign" {
		return nil, errors.New("a foreign field stands in a record")
	}
	f, err := plain.field()
	if err != nil {
		return nil, err
	}
	f.below()
	return f, f.apply(d.Conf)
}

// fits refuses what a type has no place for.
func (d *F) fits() error {
	switch d.Type {
	case "string", "integer", "number", "boolean", "json", "record", "array", "set", "map", "foreign":
	default:
		return fmt.Errorf("there is no type %q", d.Type)
	}
	for what, wrong := range map[string]bool{"fields": d.Fields != nil && d.Type != "record", "elements": d.Elements != nil && d.Type != "array" && d.Type != "set",
		"keys": d.Keys != nil && d.Type != "map", "values": d.Values != nil && d.Type != "map"} {
		if wrong {
			return fmt.Errorf("a %s has no %s", d.Type, what)
		}
	}
	return nil
}
