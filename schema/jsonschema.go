package schema

// JSONSchema returns a JSON Schema (2020-12).
func (s *Schema) JSONSchema() map[string]any { return nil }
