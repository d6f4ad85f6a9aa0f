package header

import "slices"

// Set replaces every field called name by one with this value. Carriage returns, line feeds and NULs in value become spaces,
// so that no value can start a new field.
func (f *Fields) Set(name, value string) {
	f.Del(name)
	f.Add(name, value)
}

// SetBytes is Set for a borrowed value; it is copied.
func (f *Fields) SetBytes(name string, value []byte) {
	f.Del(name)
	f.AddBytes(name, value)
}

// SetID is Set for a field with an id, which is written in its usual spelling; value is copied.
func (f *Fields) SetID(id ID, value []byte) {
	f.DelID(id)
	f.AddID(id, value)
}

// Add appends a field.
func (f *Fields) Add(name, value string) { add(f, Lookup(name), name, value) }

// AddBytes is Add for a borrowed value; it is copied.
func (f *Fields) AddBytes(name string, value []byte) { add(f, Lookup(name), name, value) }

// AddID is Add for a field with an id, which is written in its usual spelling; value is copied.
func (f *Fields) AddID(id ID, value []byte) { add(f, id, id.String(), value) }

func add[N, V []byte | string](f *Fields, id ID, name N, value V) {
	s := len(f.overlay)
	if n := len(name) + len(value) + len(": \r\n"); n > cap(f.overlay)-s {
		f.overlay = slices.Grow(f.overlay, n+128) // at once, with room for the next ones
	}
	f.overlay = append(f.overlay, name...)
	clean(f.overlay[s:])
	f.overlay = append(append(f.overlay, ": "...), value...)
	f.own(id, s, s+len(name))
}

// own makes the text behind a name that starts at overlay[start], up to the overlay's end, a field. The overlay is laid out as lines, so
// that AppendTo copies several at once.
func (f *Fields) own(id ID, start, nameEnd int) {
	value := nameEnd + len(": ")
	clean(f.overlay[value:])
	f.table = append(f.table, entry{nameStart: uint32(start), nameEnd: uint32(nameEnd), valueStart: uint32(value),
		valueEnd: uint32(len(f.overlay)), id: id, own: true})
	f.overlay = append(f.overlay, "\r\n"...)
	f.present |= 1 << id
}

// Begin starts a field with an id, in its usual spelling. The caller appends the value to what it returns, and gives it to End; nothing
// else may be done with f in between.
func (f *Fields) Begin(id ID) []byte {
	return append(append(f.overlay, names[id]...), ": "...)
}

// End completes the field that Begin has started.
func (f *Fields) End(id ID, text []byte) {
	start := len(f.overlay)
	f.overlay = text
	f.own(id, start, start+len(names[id]))
}

// Del removes every field called name and reports whether there was one.
func (f *Fields) Del(name string) bool {
	id := Lookup(name)
	found := false
	for i := f.next(0, id, name); i >= 0; i = f.next(i+1, id, name) {
		f.table[i].gone, found = true, true
	}
	return found
}

// DelID removes every field with the given id and reports whether there was one.
func (f *Fields) DelID(id ID) bool { return id != Other && f.DelIDs(IDs(id)) }

// DelIDs removes every field whose id is in ids and reports whether there was one.
func (f *Fields) DelIDs(ids IDSet) bool {
	ids &^= IDs(Other)
	if f.present&ids == 0 {
		return false
	}
	found := false
	for i := range f.table {
		if e := &f.table[i]; ids.Has(e.id) && !e.gone {
			e.gone, found = true, true
		}
	}
	f.present &^= ids
	return found
}

// Drop removes the fields for which unwanted says so.
func (f *Fields) Drop(unwanted func(id ID, name, value []byte) bool) {
	for i := range f.table {
		if e := &f.table[i]; !e.gone && unwanted(e.id, f.name(e), f.value(e)) {
			e.gone = true
		}
	}
}

func clean(b []byte) {
	for i, c := range b {
		if c == '\r' || c == '\n' || c == 0 {
			b[i] = ' '
		}
	}
}

// AppendTo appends the fields as wire lines ("Name: value\r\n") to out, without the final empty line. Runs of fields that
// nobody touched since they were received or added are copied at once.
func (f *Fields) AppendTo(out []byte) []byte { return f.AppendExcept(out, 0) }

// AppendExcept is AppendTo without the fields whose id is in skip.
func (f *Fields) AppendExcept(out []byte, skip IDSet) []byte {
	skip &^= IDs(Other)
	for i := 0; i < len(f.table); {
		e := &f.table[i]
		i++
		if e.gone || skip.Has(e.id) {
			continue
		}
		src := f.src(e)
		if !e.plain(src) {
			out = append(append(out, f.name(e)...), ": "...)
			out = append(append(out, f.value(e)...), "\r\n"...)
			continue
		}
		end := e
		for i < len(f.table) {
			n := &f.table[i]
			if n.gone || n.own != e.own || skip.Has(n.id) || n.nameStart != end.valueEnd+2 || src[end.valueEnd] != '\r' || !n.plain(src) {
				break
			}
			end = n
			i++
		}
		out = append(append(out, src[e.nameStart:end.valueEnd]...), "\r\n"...)
	}
	return out
}

// plain says that a field stands in src exactly as AppendTo would write it, but for the end of the line.
func (e *entry) plain(src []byte) bool {
	return e.valueStart == e.nameEnd+2 && src[e.nameEnd] == ':' && src[e.nameEnd+1] == ' '
}
