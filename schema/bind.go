package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
)

// Bind fills a struct from a processed document; null leaves the zero value. Fields without a json tag are left alone.
func (s *Schema) Bind(doc map[string]any, into any) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("bind into %T: a pointer to a struct is needed", into)
	}
	return binderOf(v.Type().Elem())(doc, v.Elem())
}

// binder sets dst from a value of a document.
type binder func(v any, dst reflect.Value) error

var binders sync.Map // reflect.Type → binder

func binderOf(t reflect.Type) binder {
	if b, ok := binders.Load(t); ok {
		return b.(binder)
	}
	b := makeBinder(t)
	binders.Store(t, b)
	return b
}

func makeBinder(t reflect.Type) binder {
	switch t.Kind() {
	case reflect.String:
		return bindString
	case reflect.Bool:
		return bindBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return bindInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return bindUint
	case reflect.Float32, reflect.Float64:
		return bindFloat
	case reflect.Pointer:
		return pointerBinder(t)
	case reflect.Slice:
		return sliceBinder(t)
	case reflect.Map:
		return mapBinder(t)
	case reflect.Struct:
		return structBinder(t)
	case reflect.Interface:
		return bindAny
	}
	return func(any, reflect.Value) error { return fmt.Errorf("cannot bind to %s", t) }
}

func wrong(want string, v any) error {
	have := "something else"
	switch v.(type) {
	case string:
		have = "a string"
	case bool:
		have = "a boolean"
	case []any:
		have = "a list"
	case map[string]any:
		have = "a map"
	case json.Number, int64, float64, int:
		have = "a number"
	}
	return fmt.Errorf("expected %s, have %s", want, have)
}

func bindString(v any, dst reflect.Value) error {
	s, ok := stringOf(v)
	if !ok {
		return wrong("a string", v)
	}
	dst.SetString(s)
	return nil
}

func bindBool(v any, dst reflect.Value) error {
	b, ok := v.(bool)
	if !ok {
		return wrong("a boolean", v)
	}
	dst.SetBool(b)
	return nil
}

func bindInt(v any, dst reflect.Value) error {
	n, ok := toInt(v)
	if !ok {
		return wrong("an integer", v)
	}
	if dst.OverflowInt(n) {
		return fmt.Errorf("%d is too large", n)
	}
	dst.SetInt(n)
	return nil
}

func bindUint(v any, dst reflect.Value) error {
	n, ok := toInt(v)
	if !ok {
		return wrong("an integer", v)
	}
	if n < 0 || dst.OverflowUint(uint64(n)) {
		return fmt.Errorf("%d is out of range", n)
	}
	dst.SetUint(uint64(n))
	return nil
}

func bindFloat(v any, dst reflect.Value) error {
	n, ok := toFloat(v)
	if !ok {
		return wrong("a number", v)
	}
	dst.SetFloat(n)
	return nil
}

func bindAny(v any, dst reflect.Value) error {
	if c := reflect.ValueOf(copyJSON(v)); c.IsValid() {
		if !c.Type().AssignableTo(dst.Type()) {
			return fmt.Errorf("cannot bind to %s", dst.Type())
		}
		dst.Set(c)
	}
	return nil
}

func pointerBinder(t reflect.Type) binder {
	elem := sync.OnceValue(func() binder { return binderOf(t.Elem()) })
	return func(v any, dst reflect.Value) error {
		if v == nil {
			dst.SetZero()
			return nil
		}
		p := reflect.New(t.Elem())
		if err := elem()(v, p.Elem()); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	}
}

func sliceBinder(t reflect.Type) binder {
	elem := sync.OnceValue(func() binder { return binderOf(t.Elem()) })
	return func(v any, dst reflect.Value) error {
		list, ok := listOf(v)
		if !ok {
			return wrong("a list", v)
		}
		out := reflect.MakeSlice(t, len(list), len(list))
		for i, e := range list {
			if e == nil {
				continue
			}
			if err := elem()(e, out.Index(i)); err != nil {
				return fmt.Errorf("%d: %w", i+1, err)
			}
		}
		dst.Set(out)
		return nil
	}
}

func mapBinder(t reflect.Type) binder {
	elem := sync.OnceValue(func() binder { return binderOf(t.Elem()) })
	return func(v any, dst reflect.Value) error {
		m, ok := mapOf(v)
		if !ok {
			return wrong("a map", v)
		}
		out := reflect.MakeMapWithSize(t, len(m))
		for k, e := range m {
			value := reflect.New(t.Elem()).Elem()
			if e != nil {
				if err := elem()(e, value); err != nil {
					return fmt.Errorf("%s: %w", k, err)
				}
			}
			out.SetMapIndex(reflect.ValueOf(k).Convert(t.Key()), value)
		}
		dst.Set(out)
		return nil
	}
}

// member is a field of a struct.
type member struct {
	name  string
	index []int
	bind  func() binder
}

func structBinder(t reflect.Type) binder {
	members := membersOf(t, nil)
	return func(v any, dst reflect.Value) error {
		doc, ok := mapOf(v)
		if !ok {
			return wrong("a record", v)
		}
		for i := range members {
			m := &members[i]
			v := doc[m.name]
			if v == nil {
				continue
			}
			at := dst
			for _, n := range m.index {
				at = at.Field(n)
			}
			if err := m.bind()(v, at); err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
		}
		return nil
	}
}

func membersOf(t reflect.Type, index []int) (all []member) {
	for i := range t.NumField() {
		sf := t.Field(i)
		at := append(index[:len(index):len(index)], i)
		name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		switch {
		case sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Struct:
			all = append(all, membersOf(sf.Type, at)...)
		case name != "" && name != "-" && sf.IsExported():
			all = append(all, member{name, at, sync.OnceValue(func() binder { return binderOf(sf.Type) })})
		}
	}
	return all
}
