package schema

// Field describes one field.
type Field struct {
	Type string
}
