package schema

import "io"

// Markdown writes reference docs.
func (s *Schema) Markdown(w io.Writer) error { return nil }
