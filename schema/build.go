package schema

import (
	"fmt"
	"reflect"
	"strings"
)

// build makes a field of a Go type; conf words are applied by the caller.
func build(t reflect.Type, within []reflect.Type) (*Field, error) {
	f := &Field{attrs: map[string]any{}}
	switch t.Kind() {
	case reflect.Pointer:
		sub, err := build(t.Elem(), within)
		if err != nil {
			return nil, err
		}
		if sub.Type == "record" {
			sub.required = false
			sub.attrs["required"] = false
		}
		return sub, nil
	case reflect.String:
		f.Type = "string"
	case reflect.Bool:
		f.Type = "boolean"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16,
		reflect.Uint32, reflect.Uint64:
		f.Type = "integer"
	case reflect.Float32, reflect.Float64:
		f.Type = "number"
	case reflect.Interface:
		if t.NumMethod() > 0 {
			return nil, fmt.Errorf("interface %s cannot be decoded", t)
		}
		f.Type = "json"
	case reflect.Slice:
		return buildSlice(f, t, within)
	case reflect.Map:
		return buildMap(f, t, within)
	case reflect.Struct:
		f.Type, f.required = "record", true
		f.attrs["required"] = true
		return f, f.addStruct(t, within)
	default:
		return nil, fmt.Errorf("type %s cannot be decoded", t)
	}
	return f, nil
}

func buildSlice(f *Field, t reflect.Type, within []reflect.Type) (*Field, error) {
	f.Type = "array"
	sub, err := build(t.Elem(), within)
	if err != nil {
		return nil, err
	}
	f.elements = sub
	sub.below()
	return f, nil
}

func buildMap(f *Field, t reflect.Type, within []reflect.Type) (*Field, error) {
	f.Type = "map"
	if t.Key().Kind() != reflect.String {
		return nil, fmt.Errorf("keys of %s are not strings", t)
	}
	var err error
	if f.keys, err = build(t.Key(), within); err != nil {
		return nil, err
	}
	if f.values, err = build(t.Elem(), within); err != nil {
		return nil, err
	}
	f.keys.below()
	f.values.below()
	return f, nil
}

// below makes the field one of elements, keys or values: null is refused, and not said to be.
func (f *Field) below() {
	f.must, f.required = true, false
	delete(f.attrs, "required")
}

// addStruct adds the fields of a struct to a record; embedded structs are flattened.
func (f *Field) addStruct(t reflect.Type, within []reflect.Type) error {
	for _, outer := range within {
		if outer == t {
			return fmt.Errorf("%s contains itself", t)
		}
	}
	within = append(within, t)
	for i := range t.NumField() {
		sf := t.Field(i)
		for _, key := range []string{"json", "conf", "doc"} {
			if _, ok := sf.Tag.Lookup(key); !ok && strings.Contains(string(sf.Tag), key+":") {
				return fmt.Errorf("%s.%s: the tag cannot be read; in tags a backslash is written twice", t, sf.Name)
			}
		}
		name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Struct {
			if err := f.addStruct(sf.Type, within); err != nil {
				return err
			}
			continue
		}
		if sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Pointer {
			return fmt.Errorf("%s embeds a pointer", t)
		}
		if name == "" || name == "-" {
			if sf.Tag.Get("conf") != "" {
				return fmt.Errorf("%s.%s has conf but no json name", t, sf.Name)
			}
			continue
		}
		if !sf.IsExported() {
			return fmt.Errorf("%s.%s is not exported", t, sf.Name)
		}
		if f.byName[name] != nil {
			return fmt.Errorf("%s has two fields %q", t, name)
		}
		sub, err := buildTagged(sf, within)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", t, sf.Name, err)
		}
		sub.Name, sub.Doc = name, sf.Tag.Get("doc")
		f.add(sub)
	}
	return nil
}

func buildTagged(sf reflect.StructField, within []reflect.Type) (*Field, error) {
	conf := sf.Tag.Get("conf")
	words := splitConf(conf, ';')
	for _, w := range words {
		if strings.HasPrefix(w, "foreign=") { // the type behind does not matter
			f := &Field{Type: "foreign", attrs: map[string]any{}}
			return f, f.apply(conf)
		}
		if w == "abstract" {
			f := &Field{Type: "record", attrs: map[string]any{}}
			return f, f.apply(conf)
		}
	}
	f, err := build(sf.Type, within)
	if err != nil {
		return nil, err
	}
	return f, f.apply(conf)
}
