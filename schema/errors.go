package schema

// Errors holds what is wrong, in Kong's nested shape: field name → text, Errors, or []any of such with nil where an element
// is right; "@entity" → []string.
type Errors map[string]any

// Message returns Kong's one-line summary: "2 schema violations (bar: unknown field; host: required field missing)".
func (e Errors) Message() string { return "" }
