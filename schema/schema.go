// Package schema derives everything from one Go struct with tags: decoding, defaults, validation with Kong's messages,
// Kong's /schemas output, JSON Schema and reference docs. Its main type is Schema. It knows no entity and no plugin.
//
// The tag json names a field, doc describes it, conf holds its rules, separated by ";":
//
//	required, optional          a value must be there after defaults; optional prints "required": false
//	default=v                   v is text, a number, a,b,c for lists, or JSON ([…], {…}, null)
//	one_of=a,b not_one_of=a,b between=0,9 gt=0 eq=v len_min=1 len_max=1 len_eq=1 uuid unique auto timestamp
//	referenceable encrypted match=pattern match_none=pattern,err match_any=pattern,…,err match_all=pattern,err
//	starts_with=/ is_regex err=text
//	set                         a slice is a set, not an array
//	foreign=services            a reference to an entity; on_delete=cascade
//	elements.X keys.X values.X  X applies to elements of a list, keys or values of a map
//	abstract                    a map whose schema is found by the document's "name", see Options.Sub; abstract_err=text
//	                            says that there is none, with %s for the name
//	hidden                      not shown by Kong
//	type=integer                another scalar type than the Go type's
//	immutable transient unique_across_ws len_… ne contains not_match old_default=v deprecated=text removal=version
//	mutually_exclusive_subsets=[["a","b"],["c"]]
//	port host path url uuid …   typedefs, see typedef.go
//
// Patterns are Lua's, as in Kong. A backslash keeps the next ";" or "," from separating; in a struct tag it is written
// twice. Nested structs are records that are always there, pointers to structs records that may be null. Embedded structs
// are flattened. Fields without a json tag do not take part.
//
// Where there is no Go type, New makes the same of a description at run time.
package schema

import (
	"reflect"
	"sync"
	"time"
)

// Op says what a document is for.
type Op int

// Operations.
const (
	Create  Op = iota // POST
	Update            // PATCH: the document is the stored one with the changes merged in
	Upsert            // PUT
	Declare           // a declarative file
)

// Options of Process.
type Options struct {
	Op     Op
	Now    time.Time // for auto timestamps; the zero time means time.Now()
	NoAuto bool      // do not fill in ids, keys, timestamps
	// Sub returns the schema of a plugin's config record by plugin name, nil if there is no such plugin. Used by entities
	// of kind plugins only. It may also return a whole plugin's schema (see Plugin), whose scope is then checked, too.
	Sub func(name string) *Schema
}

// Schema describes a record.
type Schema struct {
	root  *Field
	whole bool // made by Plugin

	once    sync.Once
	hoisted *Field // a record with root as config, for entities of kind plugins
}

// Rule is a check over several fields of a record, or a change to one of its fields.
type Rule interface{ apply(s *Schema) }

// Of reads the schema of T from its tags; it panics on a bad tag.
func Of[T any](rules ...Rule) *Schema {
	t := reflect.TypeFor[T]()
	root, err := build(t, nil)
	if err != nil {
		panic("schema: " + err.Error())
	}
	if root.Type != "record" {
		panic("schema: " + t.String() + " is no struct")
	}
	root.attrs, root.required = map[string]any{}, false
	return finish(root, rules)
}

// finish makes a schema of its record and rules; it panics on a rule that does not fit.
func finish(root *Field, rules []Rule) *Schema {
	s := &Schema{root: root}
	for _, r := range rules {
		r.apply(s)
	}
	root.walk((*Field).compile)
	root.walk(func(f *Field) {
		f.compileRules(f.rules)
		f.compileRules(f.inner)
	})
	return s
}

// Root returns the record.
func (s *Schema) Root() *Field { return s.root }

// Requires reports whether the field with this name must have a value.
func (s *Schema) Requires(name string) bool {
	f := s.root.byName[name]
	return f != nil && f.required
}

// Process fills in defaults and auto fields, translates shorthands and checks everything. It returns the complete document
// with explicit nulls, also when there are errors; doc is not changed. Numbers may be json.Number or any Go number; they
// become int64 in fields of type integer and float64 in those of type number.
func (s *Schema) Process(doc map[string]any, o Options) (map[string]any, Errors) {
	out, err := newRun(o).record(s.root, doc)
	switch err := err.(type) {
	case Errors:
		return out, err
	case string:
		return out, Errors{entityKey: []string{err}}
	}
	return out, nil
}

// Scope says what a plugin may be bound to and which protocols it serves.
type Scope struct {
	Protocols                      []string // nil: grpc, grpcs, http, https, and no others; else the default, and any may be given
	NoConsumer, NoService, NoRoute bool
}
