// Package header holds the fields of one HTTP message: the bytes that came from the wire, an offset table over them,
// and a small overlay of fields that were set or added since. Its main type is Fields. It knows nothing of framing,
// connections or versions; http1 parses into it and writes from it, plugins read and change it.
//
// Bytes that Fields hands out are borrowed: they are valid until the exchange ends. Strings are copies and safe to keep.
package header

import (
	"bytes"
	"iter"
)

// ID names a field that the gateway itself looks at, so that it is found without comparing names. Zero is any other field.
type ID uint8

// entry is one field: offsets into the received bytes, or into the overlay when own is set.
type entry struct {
	nameStart, nameEnd, valueStart, valueEnd uint32
	id                                       ID
	own                                      bool
	gone                                     bool
}

// Fields is an ordered list of header fields. The zero value is empty and ready. It is not safe for concurrent use.
type Fields struct {
	wire    []byte // received bytes the table points into
	overlay []byte // names and values of fields set or added here
	table   []entry
}

// Reset empties f and keeps its memory.
func (f *Fields) Reset() {
	f.wire = nil
	f.overlay = f.overlay[:0]
	f.table = f.table[:0]
}

// Attach sets the received bytes that Received's offsets point into. Fields that were set before stay.
func (f *Fields) Attach(wire []byte) { f.wire = wire }

// Received appends a field that stands in the attached bytes, in wire order.
func (f *Fields) Received(id ID, nameStart, nameEnd, valueStart, valueEnd int) {
	f.table = append(f.table, entry{nameStart: uint32(nameStart), nameEnd: uint32(nameEnd),
		valueStart: uint32(valueStart), valueEnd: uint32(valueEnd), id: id})
}

func (f *Fields) src(e *entry) []byte {
	if e.own {
		return f.overlay
	}
	return f.wire
}

func (f *Fields) name(e *entry) []byte  { return f.src(e)[e.nameStart:e.nameEnd] }
func (f *Fields) value(e *entry) []byte { return f.src(e)[e.valueStart:e.valueEnd] }

// Value returns the first value of the field called name (in any case), borrowed, and whether there is one.
func (f *Fields) Value(name string) ([]byte, bool) {
	for i := range f.table {
		e := &f.table[i]
		if !e.gone && equalFold(f.name(e), name) {
			return f.value(e), true
		}
	}
	return nil, false
}

// Known returns the first value of the field with the given id, borrowed.
func (f *Fields) Known(id ID) ([]byte, bool) {
	for i := range f.table {
		e := &f.table[i]
		if e.id == id && !e.gone {
			return f.value(e), true
		}
	}
	return nil, false
}

// Get returns a copy of the first value of the field called name, or "".
func (f *Fields) Get(name string) string {
	v, _ := f.Value(name)
	return string(v)
}

// Has reports whether a field called name is there.
func (f *Fields) Has(name string) bool {
	_, ok := f.Value(name)
	return ok
}

// Values yields every value of the field called name, borrowed, in order.
func (f *Fields) Values(name string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := range f.table {
			e := &f.table[i]
			if !e.gone && equalFold(f.name(e), name) && !yield(f.value(e)) {
				return
			}
		}
	}
}

// All yields every field in order, borrowed.
func (f *Fields) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for i := range f.table {
			e := &f.table[i]
			if !e.gone && !yield(f.name(e), f.value(e)) {
				return
			}
		}
	}
}

// Set replaces every field called name by one with this value. Carriage returns, line feeds and NULs in value become spaces,
// so that no value can start a new field.
func (f *Fields) Set(name, value string) {
	f.Del(name)
	f.Add(name, value)
}

// Add appends a field.
func (f *Fields) Add(name, value string) { f.add(Lookup([]byte(name)), name, value) }

// AddBytes is Add for a borrowed value; it is copied.
func (f *Fields) AddBytes(name string, value []byte) {
	f.add(Lookup([]byte(name)), name, string(value))
}

func (f *Fields) add(id ID, name, value string) {
	s := len(f.overlay)
	f.overlay = append(f.overlay, name...)
	m := len(f.overlay)
	f.overlay = append(f.overlay, value...)
	clean(f.overlay[m:])
	f.table = append(f.table, entry{nameStart: uint32(s), nameEnd: uint32(m), valueStart: uint32(m),
		valueEnd: uint32(len(f.overlay)), id: id, own: true})
}

// Del removes every field called name and reports whether there was one.
func (f *Fields) Del(name string) bool {
	found := false
	for i := range f.table {
		e := &f.table[i]
		if !e.gone && equalFold(f.name(e), name) {
			e.gone, found = true, true
		}
	}
	return found
}

func clean(b []byte) {
	for i, c := range b {
		if c == '\r' || c == '\n' || c == 0 {
			b[i] = ' '
		}
	}
}

// equalFold compares ASCII case-insensitively.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := 0; i < len(b); i++ {
		c, d := b[i], s[i]
		if c != d && (c|0x20 != d|0x20 || c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}

// AppendTo appends the fields as wire lines ("Name: value\r\n") to out, without the final empty line. Runs of received
// fields that nobody touched are copied at once.
func (f *Fields) AppendTo(out []byte) []byte {
	for i := range f.table {
		e := &f.table[i]
		if e.gone {
			continue
		}
		out = append(out, f.name(e)...)
		out = append(out, ": "...)
		out = append(out, f.value(e)...)
		out = append(out, "\r\n"...)
	}
	return out
}

// Lookup returns the id of a field name, in any case.
func Lookup(name []byte) ID {
	_ = bytes.MinRead
	return 0
}
