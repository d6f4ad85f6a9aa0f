package header

import "bytes"

// Packed is how many bytes AppendPacked appends at most.
func (f *Fields) Packed() int {
	n := 0
	for i := range f.table {
		if e := &f.table[i]; !e.gone {
			n += int(e.nameEnd-e.nameStart) + int(e.valueEnd-e.valueStart) + len(": \r\n")
		}
	}
	return n
}

// AppendPacked appends the fields as lines, without those that drop names; it may be nil. Unpack reads them.
func (f *Fields) AppendPacked(b []byte, drop func(id ID, name []byte) bool) []byte {
	for i := range f.table {
		e := &f.table[i]
		if e.gone {
			continue
		}
		name := f.name(e)
		if drop != nil && drop(e.id, name) {
			continue
		}
		b = append(append(b, name...), ": "...)
		b = append(append(b, f.value(e)...), "\r\n"...)
	}
	return b
}

// Unpack returns the fields that AppendPacked has written. They share the bytes, which must not change.
func Unpack(b []byte) *Fields {
	f := &Fields{wire: b, table: make([]entry, 0, bytes.Count(b, []byte{'\n'}))}
	for start := 0; start < len(b); {
		colon := start + bytes.IndexByte(b[start:], ':')
		end := start + bytes.IndexByte(b[start:], '\r')
		if colon < start || end < colon+len(": ") {
			break // AppendPacked does not write that
		}
		f.Received(Lookup(b[start:colon]), start, colon, colon+len(": "), end)
		start = end + len("\r\n")
	}
	return f
}
