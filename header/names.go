package header

// Names is a set of field names, arranged so that one look at each field of a message finds them. Names are compared in any case,
// and with "_" for "-": CGI and many frameworks do not tell these apart, so what is kept from a client under one spelling
// has to be kept from it under the other. The zero value is empty. It is not changed after NewNames and safe for concurrent use.
type Names struct {
	list    []string // lower case, with "-"
	ids     IDSet    // of names that have one
	lengths uint64   // bit n: a name has n bytes, modulo 64
}

// NewNames makes a set of names. Empty ones are left out.
func NewNames(names ...string) Names {
	var n Names
	for _, name := range names {
		if name == "" || n.Has([]byte(name)) {
			continue
		}
		low := make([]byte, len(name))
		for i := range low {
			low[i] = lowerDash(name[i])
		}
		n.list = append(n.list, string(low))
		if id := Lookup(low); id != Other {
			n.ids |= IDs(id)
		}
		n.lengths |= 1 << (len(name) % 64)
	}
	return n
}

// All returns the names in lower case, each once, in the order in which they were given. The slice must not be changed.
func (n *Names) All() []string { return n.list }

// Has reports whether name is one of them.
func (n *Names) Has(name []byte) bool {
	if n.lengths&(1<<(len(name)%64)) == 0 {
		return false
	}
	for _, mine := range n.list {
		if sameName(mine, name) {
			return true
		}
	}
	return false
}

// DropFrom removes the fields with these names.
func (n *Names) DropFrom(f *Fields) {
	if len(n.list) == 0 {
		return
	}
	for i := range f.table {
		e := &f.table[i]
		if e.gone {
			continue
		}
		if e.id != Other && n.ids.Has(e.id) || e.id == Other && n.Has(f.name(e)) {
			e.gone = true
		}
	}
}

// sameName compares a name in lower case with another.
func sameName(mine string, name []byte) bool {
	if len(mine) != len(name) {
		return false
	}
	for i := range name {
		if mine[i] != lowerDash(name[i]) {
			return false
		}
	}
	return true
}

func lowerDash(c byte) byte {
	switch {
	case c == '_':
		return '-'
	case 'A' <= c && c <= 'Z':
		return c | 0x20
	}
	return c
}
