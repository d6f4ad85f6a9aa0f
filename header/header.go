// Package header holds the fields of one HTTP message: the bytes that came from the wire, an offset table over them,
// and a small overlay of fields that were set or added since. Its main type is Fields. It knows nothing of framing,
// connections or versions; http1 parses into it and writes from it, plugins read and change it.
//
// Bytes that Fields hands out are borrowed: they are valid until the exchange ends. Strings are copies and safe to keep.
package header

import (
	"iter"
	"slices"
)

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
	present IDSet // ids that were ever put in: a miss is seen without looking through the table
}

// Reset empties f and keeps its memory.
func (f *Fields) Reset() {
	f.wire = nil
	f.overlay = f.overlay[:0]
	f.table = f.table[:0]
	f.present = 0
}

// Attach sets the received bytes that Received's offsets point into. Fields that were set before stay.
func (f *Fields) Attach(wire []byte) { f.wire = wire }

// Received appends a field that stands in the attached bytes, in wire order. id must be what Lookup says of the name.
func (f *Fields) Received(id ID, nameStart, nameEnd, valueStart, valueEnd int) {
	f.table = append(f.table, entry{nameStart: uint32(nameStart), nameEnd: uint32(nameEnd),
		valueStart: uint32(valueStart), valueEnd: uint32(valueEnd), id: id})
	f.present |= 1 << id
}

// Grow makes room for n more fields, so that adding them does not move the table.
func (f *Fields) Grow(n int) { f.table = slices.Grow(f.table, n) }

// CopyFrom makes f hold the fields of o. The received bytes are shared, not copied; changes of one do not show in the other.
func (f *Fields) CopyFrom(o *Fields) {
	f.wire = o.wire
	f.overlay = append(f.overlay[:0], o.overlay...)
	f.table = append(f.table[:0], o.table...)
	f.present = o.present
}

// Extend appends the fields of o to f, copying names and values.
func (f *Fields) Extend(o *Fields) {
	for i := range o.table {
		if e := &o.table[i]; !e.gone {
			add(f, e.id, o.name(e), o.value(e))
		}
	}
}

func (f *Fields) src(e *entry) []byte {
	if e.own {
		return f.overlay
	}
	return f.wire
}

func (f *Fields) name(e *entry) []byte  { return f.src(e)[e.nameStart:e.nameEnd] }
func (f *Fields) value(e *entry) []byte { return f.src(e)[e.valueStart:e.valueEnd] }

// next returns the index of the first entry at or after i that is called name, or -1. id is Lookup(name).
func (f *Fields) next(i int, id ID, name string) int {
	if !f.present.Has(id) {
		return -1
	}
	for ; i < len(f.table); i++ {
		e := &f.table[i]
		if e.id == id && !e.gone && (id != Other || EqualFold(f.name(e), name)) {
			return i
		}
	}
	return -1
}

// Value returns the first value of the field called name (in any case), borrowed, and whether there is one.
func (f *Fields) Value(name string) ([]byte, bool) {
	if i := f.next(0, Lookup(name), name); i >= 0 {
		return f.value(&f.table[i]), true
	}
	return nil, false
}

// Known returns the first value of the field with the given id, borrowed.
func (f *Fields) Known(id ID) ([]byte, bool) {
	if id != Other && f.present.Has(id) {
		for i := range f.table {
			if e := &f.table[i]; e.id == id && !e.gone {
				return f.value(e), true
			}
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

// HasID reports whether a field with the given id is there.
func (f *Fields) HasID(id ID) bool {
	_, ok := f.Known(id)
	return ok
}

// Len returns the number of fields.
func (f *Fields) Len() int {
	n := 0
	for i := range f.table {
		if !f.table[i].gone {
			n++
		}
	}
	return n
}

// Values yields every value of the field called name, borrowed, in order.
func (f *Fields) Values(name string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		id := Lookup(name)
		for i := f.next(0, id, name); i >= 0; i = f.next(i+1, id, name) {
			if !yield(f.value(&f.table[i])) {
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

// AllIDs yields the id and the value of every field in order, borrowed.
func (f *Fields) AllIDs() iter.Seq2[ID, []byte] {
	return func(yield func(id ID, value []byte) bool) {
		for i := range f.table {
			e := &f.table[i]
			if !e.gone && !yield(e.id, f.value(e)) {
				return
			}
		}
	}
}

// Each calls visit for every field in order, borrowed.
func (f *Fields) Each(visit func(id ID, name, value []byte)) {
	for i := range f.table {
		if e := &f.table[i]; !e.gone {
			visit(e.id, f.name(e), f.value(e))
		}
	}
}
