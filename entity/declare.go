package entity

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// catalog is the table of kinds at one time. It does not change.
type catalog struct {
	kinds  []*Kind // by their index; those that are referred to first
	byName map[string]*Kind
	byPath map[string]*Kind
	byType map[reflect.Type]*Kind
}

var (
	known     atomic.Pointer[catalog]
	declaring sync.Mutex // guards the exchange of known
)

func init() {
	known.Store(&catalog{byName: map[string]*Kind{}, byPath: map[string]*Kind{}, byType: map[reflect.Type]*Kind{}})
	if err := Declare(core...); err != nil {
		panic(err)
	}
}

// Kinds returns all kinds, those that are referred to before those that refer to them.
func Kinds() []*Kind { return known.Load().kinds }

// KindOf returns the kind with this name, or nil.
func KindOf(name string) *Kind { return known.Load().byName[name] }

// KindByPath returns the kind with this path segment, or nil.
func KindByPath(path string) *Kind { return known.Load().byPath[path] }

// Declare adds kinds to the table, all or none of them. It is called at the start, before anything is loaded or stored: for the kinds
// of the gateway itself and then for those of the plugins that it knows. Kinds that are there already count once. A kind
// whose name, path or type is another's, or that refers to a kind that is not there, is an error.
func Declare(kinds ...*Kind) error {
	declaring.Lock()
	defer declaring.Unlock()
	old := known.Load()
	next := &catalog{slices.Clone(old.kinds), maps.Clone(old.byName), maps.Clone(old.byPath), maps.Clone(old.byType)}
	var added []*Kind
	for _, k := range kinds {
		if next.byName[k.Name] == k {
			continue
		}
		if err := next.check(k); err != nil {
			return fmt.Errorf("kind of entities '%s': %w", k.Name, err)
		}
		added = append(added, k)
		next.kinds = append(next.kinds, k)
		next.byName[k.Name], next.byPath[k.Path], next.byType[k.elem] = k, k, k
	}
	for i, k := range added {
		k.index = len(old.kinds) + i
	}
	known.Store(next)
	return nil
}

func (c *catalog) check(k *Kind) error {
	if k.elem == nil {
		return fmt.Errorf("it was not made by NewKind")
	}
	if c.byName[k.Name] != nil || k.Name == "" {
		return fmt.Errorf("there is another with this name")
	}
	if other := c.byPath[k.Path]; other != nil || k.Path == "" {
		return fmt.Errorf("there is another at /%s", k.Path)
	}
	if other := c.byType[k.elem]; other != nil {
		return fmt.Errorf("its type %s is that of '%s'", k.elem, other.Name)
	}
	for _, r := range k.Refs {
		if c.byName[r.To] == nil {
			return fmt.Errorf("its field %s refers to '%s', which is not there", r.Field, r.To)
		}
		for _, other := range c.kinds {
			for _, o := range other.Refs {
				if r.Nested != "" && o.To == r.To && o.Nested == r.Nested {
					return fmt.Errorf("'%s' is at /%s/…/%s already", other.Name, c.byName[r.To].Path, r.Nested)
				}
			}
		}
	}
	return nil
}

// NewKind completes a kind whose documents are decoded to T: a struct with a field ID, and for each reference a *Ref with the
// field's name in its json tag. What is missing in T is a mistake of the program, and panics.
func NewKind[T any](k Kind) *Kind {
	k.elem = reflect.TypeFor[T]()
	k.id, k.key, k.vanishes = k.place("id", reflect.TypeFor[string]()), -1, -1
	if k.Keyed {
		k.key = k.place(k.Endpoint, reflect.TypeFor[string]())
	}
	if k.TTL {
		f, ok := k.elem.FieldByName("Vanishes")
		if !ok || f.Type != reflect.TypeFor[time.Time]() || f.Tag.Get("json") != "-" {
			panic(fmt.Sprintf("entity: %s has a ttl, and %s no field Vanishes of type time.Time that json leaves alone", k.Name, k.elem))
		}
		k.vanishes = f.Index[0]
	}
	k.Refs = slices.Clone(k.Refs)
	for i := range k.Refs {
		r := &k.Refs[i]
		r.List = k.Name // any reference can be told by nesting
		r.place = k.place(r.Field, reflect.TypeFor[*Ref]())
	}
	end := k.vanishes
	k.decode = func(doc []byte) (any, error) {
		v := new(T)
		if err := decodeDoc(doc, v); err != nil || end < 0 {
			return v, err
		}
		at, err := vanishes(doc)
		if !at.IsZero() {
			reflect.ValueOf(v).Elem().Field(end).Set(reflect.ValueOf(at))
		}
		return v, err
	}
	k.column = func(objects []Object) any {
		list := make([]*T, len(objects))
		for i := range objects {
			list[i] = objects[i].Value.(*T)
		}
		return list
	}
	return &k
}

// place returns the place of the field with a name in JSON.
func (k *Kind) place(name string, is reflect.Type) int {
	for i := range k.elem.NumField() {
		f := k.elem.Field(i)
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name && f.Type == is {
			return i
		}
	}
	panic(fmt.Sprintf("entity: %s needs a field %q of type %s in %s", k.Name, name, is, k.elem))
}

// vanishes returns when a stored document of a kind with TTL goes away; the zero time if it does not.
func vanishes(doc []byte) (time.Time, error) {
	var stored struct {
		ExpiresAt *float64 `json:"expires_at"`
	}
	if err := json.Unmarshal(doc, &stored); err != nil || stored.ExpiresAt == nil {
		return time.Time{}, err
	}
	return time.UnixMilli(int64(*stored.ExpiresAt * 1000)), nil
}
