package header

// Pack copies f into memory of its own that can be shared, without the fields that drop names; drop may be nil. In the same piece of
// memory is room for so many bytes of a body, which spare gives.
func (f *Fields) Pack(drop func(id ID, name []byte) bool, room int) (packed Fields, spare []byte) {
	n, size := 0, 0
	for i := range f.table {
		if e := &f.table[i]; !e.gone {
			n++
			size += int(e.nameEnd-e.nameStart) + int(e.valueEnd-e.valueStart) + len(": \r\n")
		}
	}
	wire := make([]byte, 0, size+room)
	packed.table = make([]entry, 0, n)
	for i := range f.table {
		e := &f.table[i]
		name, value := f.name(e), f.value(e)
		if e.gone || drop != nil && drop(e.id, name) {
			continue
		}
		start := len(wire)
		wire = append(append(wire, name...), ": "...)
		from := len(wire)
		wire = append(wire, value...)
		packed.Received(e.id, start, start+len(name), from, len(wire))
		wire = append(wire, "\r\n"...)
	}
	packed.wire = wire[:len(wire):len(wire)]
	return packed, wire[len(wire) : len(wire) : len(wire)+room]
}
