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
//	port host path url uuid …   typedefs, see typedef.go
//
// Patterns are Lua's, as in Kong. A backslash keeps the next ";" or "," from separating.
package schema

import (
	"io"
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
	// of kind plugins only.
	Sub func(name string) *Schema
}

// Schema describes a record.
type Schema struct {
	root *Field
}

// Rule is a check over several fields of a record, or a change to one of its fields.
type Rule interface{ apply(s *Schema) }

// Of reads the schema of T from its tags; it panics on a bad tag.
func Of[T any](rules ...Rule) *Schema { return &Schema{root: &Field{Type: "record"}} }

// Process fills in defaults and auto fields, translates shorthands and checks everything. It returns the complete document
// with explicit nulls; doc is not changed. Numbers may be json.Number or any Go number.
func (s *Schema) Process(doc map[string]any, o Options) (map[string]any, Errors) { return doc, nil }

// Coerce turns the text of form bodies into the types of the schema.
func (s *Schema) Coerce(form map[string]any) map[string]any { return form }

// Bind fills a struct from a processed document; null leaves the zero value.
func (s *Schema) Bind(doc map[string]any, into any) error { return nil }

// Kong returns what GET /schemas/… answers.
func (s *Schema) Kong() map[string]any { return nil }

// JSONSchema returns a JSON Schema (2020-12).
func (s *Schema) JSONSchema() map[string]any { return nil }

// Markdown writes reference docs.
func (s *Schema) Markdown(w io.Writer) error { return nil }

// Plugin builds the schema of a whole plugin, as under GET /schemas/plugins/{name}: scopes, protocols and config. Rules
// given to Of for the config record appear with their paths below "config".
func Plugin(config *Schema, scope Scope) *Schema { return config }

// Scope says what a plugin may be bound to and which protocols it serves.
type Scope struct {
	Protocols                      []string // nil: grpc, grpcs, http, https
	NoConsumer, NoService, NoRoute bool
}
