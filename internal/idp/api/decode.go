package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// parse reads the body: one JSON object in UTF-8. An empty body is an empty object.
func parse(body []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	if !utf8.Valid(body) {
		return nil, Serialization.Errorf("The request is not valid UTF-8.")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, Serialization.Errorf("The request is not valid JSON.")
	}
	if _, err := d.Token(); err == nil {
		return nil, Serialization.Errorf("The request is not valid JSON.")
	}
	doc, ok := v.(map[string]any)
	if !ok {
		return nil, Serialization.Errorf("The request is not a JSON object.")
	}
	return doc, nil
}

// decode fills the struct that into points to from the document and checks the bounds of its tags. It returns
// SerializationException for a value of the wrong type, InvalidParameterException for all violations together.
func decode(doc map[string]any, into any) error {
	var d decoder
	if err := d.structure(doc, reflect.ValueOf(into).Elem(), ""); err != nil {
		return err
	}
	return d.violations.err()
}

type decoder struct{ violations violations }

// field is what decoding needs to know of a struct's field.
type field struct {
	index    int
	name     string // JSON member
	path     string // as messages name it: lower case first
	bound    *wire.Constraint
	required bool
}

var plans sync.Map // reflect.Type → []field

func planOf(t reflect.Type) []field {
	if p, ok := plans.Load(t); ok {
		return p.([]field)
	}
	var p []field
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		f := field{index: i, name: name, path: strings.ToLower(name[:1]) + name[1:]}
		for _, word := range strings.Split(t.Field(i).Tag.Get("is"), ",") {
			switch {
			case word == "required":
				f.required = true
			case word != "":
				if f.bound = wire.Find(word); f.bound == nil {
					panic(fmt.Sprintf("%s.%s: no constraint %q", t, t.Field(i).Name, word))
				}
			}
		}
		p = append(p, f)
	}
	plans.Store(t, p)
	return p
}

func (d *decoder) structure(doc map[string]any, into reflect.Value, path string) error {
	for _, f := range planOf(into.Type()) {
		v, at := doc[f.name], path+f.path
		if v == nil {
			if f.required {
				d.violations.missing(at)
			}
			continue
		}
		if err := d.value(v, into.Field(f.index), at, f.bound); err != nil {
			return err
		}
	}
	return nil
}

var (
	timeType = reflect.TypeFor[wire.Time]()
	rawType  = reflect.TypeFor[json.RawMessage]()
)

// value stores v, decoded JSON that is not null, and checks it.
func (d *decoder) value(v any, into reflect.Value, path string, bound *wire.Constraint) error {
	t := into.Type()
	switch {
	case t == rawType:
		raw, err := json.Marshal(v)
		if err != nil {
			return err
		}
		into.SetBytes(raw)
		return nil
	case t == timeType:
		return d.instant(v, into)
	}
	switch t.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(t.Elem()))
		return d.value(v, into.Elem(), path, bound)
	case reflect.Struct:
		doc, ok := v.(map[string]any)
		if !ok {
			return mismatch(v, "structure")
		}
		return d.structure(doc, into, path+".")
	case reflect.String:
		s, ok := v.(string)
		if !ok {
			return mismatch(v, "String")
		}
		into.SetString(s)
		d.violations.scalar(s, path, bound)
		return nil
	case reflect.Bool:
		b, ok := v.(bool)
		if !ok {
			return mismatch(v, "Boolean")
		}
		into.SetBool(b)
		return nil
	case reflect.Int, reflect.Int64:
		n, err := whole(v)
		if err != nil {
			return err
		}
		into.SetInt(n)
		d.violations.number(n, path, bound)
		return nil
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return d.blob(v, into, path, bound)
		}
		return d.list(v, into, path, bound)
	case reflect.Map:
		return d.table(v, into, path, bound)
	}
	return fmt.Errorf("%s: %s cannot be decoded", path, t)
}

func (d *decoder) list(v any, into reflect.Value, path string, bound *wire.Constraint) error {
	items, ok := v.([]any)
	if !ok {
		return mismatch(v, "List")
	}
	d.violations.size(len(items), items, path, bound)
	list := reflect.MakeSlice(into.Type(), len(items), len(items))
	var members violations // of scalars: told once, for the list
	for i, item := range items {
		at := path + "." + strconv.Itoa(i+1) + ".member"
		if item == nil {
			d.violations.missing(at)
			continue
		}
		if err := d.value(item, list.Index(i), at, nil); err != nil {
			return err
		}
		if s, ok := item.(string); ok {
			members.scalar(s, at, each(bound))
		}
	}
	into.Set(list)
	d.violations.inner(items, path, "Member must satisfy constraint", members, bound)
	return nil
}

func (d *decoder) table(v any, into reflect.Value, path string, bound *wire.Constraint) error {
	entries, ok := v.(map[string]any)
	if !ok {
		return mismatch(v, "Map")
	}
	d.violations.size(len(entries), entries, path, bound)
	table := reflect.MakeMapWithSize(into.Type(), len(entries))
	var keys, values violations
	for k, item := range entries {
		if item == nil {
			continue
		}
		e := reflect.New(into.Type().Elem()).Elem()
		if err := d.value(item, e, path+"."+k+".member", nil); err != nil {
			return err
		}
		table.SetMapIndex(reflect.ValueOf(k), e)
		if bound != nil && bound.Key != "" {
			keys.scalar(k, path, wire.Find(bound.Key))
		}
		if s, ok := item.(string); ok {
			values.scalar(s, path, each(bound))
		}
	}
	into.Set(table)
	d.violations.inner(entries, path, "Map keys must satisfy constraint", keys, bound)
	d.violations.inner(entries, path, "Map value must satisfy constraint", values, bound)
	return nil
}

func each(bound *wire.Constraint) *wire.Constraint {
	if bound == nil || bound.Each == "" {
		return nil
	}
	return wire.Find(bound.Each)
}

func (d *decoder) blob(v any, into reflect.Value, path string, bound *wire.Constraint) error {
	s, ok := v.(string)
	if !ok {
		return mismatch(v, "Blob")
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return Serialization.Errorf("Unable to decode base64")
	}
	into.SetBytes(b)
	d.violations.size(len(b), "", path, bound)
	return nil
}

func (d *decoder) instant(v any, into reflect.Value) error {
	n, ok := v.(json.Number)
	if !ok {
		return mismatch(v, "Date")
	}
	f, err := n.Float64()
	if err != nil || math.Abs(f) > 1e11 {
		return mismatch(v, "Date")
	}
	into.Set(reflect.ValueOf(wire.Time{Time: time.UnixMilli(int64(math.Round(f * 1000))).UTC()}))
	return nil
}

// whole reads an integer that fits 32 bits, as all of this API do.
func whole(v any) (int64, error) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, mismatch(v, "Integer")
	}
	i, err := strconv.ParseInt(n.String(), 10, 32)
	if err != nil {
		f, ferr := n.Float64()
		if ferr != nil || f != math.Trunc(f) || math.Abs(f) > math.MaxInt32 {
			return 0, mismatch(v, "Integer")
		}
		i = int64(f)
	}
	return i, nil
}

func mismatch(v any, want string) error {
	switch v.(type) {
	case map[string]any, []any:
		return Serialization.Errorf("Start of structure or map found where not expected.")
	case json.Number:
		return Serialization.Errorf("NUMBER_VALUE can not be converted to a %s", want)
	case bool:
		return Serialization.Errorf("%s_VALUE can not be converted to a %s", strings.ToUpper(fmt.Sprint(v)), want)
	}
	return Serialization.Errorf("STRING_VALUE can not be converted to a %s", want)
}
