// Package edit changes documents of names and values: JSON objects, forms and queries, multipart bodies. Its main types are
// Object, Form and Multipart, which share the Doc interface. What is not changed keeps its text and its place. The
// transformer plugins use it, and plugin.Request.Document gives one. It does not touch requests, and only the top level of a JSON object.
package edit

// Doc is a document of names and values that can be changed.
type Doc interface {
	// Has reports whether there is a value called name.
	Has(name string) bool
	// Del removes every value called name and reports whether there was one.
	Del(name string) bool
	// Rename calls the values of old by the name new, in place of what had that name. It reports whether there was one;
	// equal names change nothing.
	Rename(old, new string) bool
	// Set gives name one value, at the place of its first one, else at the end.
	Set(name, value string)
	// Append adds a value to those that name has.
	Append(name, value string)
	// AppendTo appends the text of the document to b.
	AppendTo(b []byte) []byte
}

var (
	_ Doc = (*Object)(nil)
	_ Doc = (*Form)(nil)
	_ Doc = (*Multipart)(nil)
)

// IsFieldName reports whether s is a name that Kong takes for a header in configurations: letters, digits, "_" and "-".
func IsFieldName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return s != ""
}
