package edit

import (
	"bytes"
	"slices"
)

// Form is a list of name=value pairs joined by "&": a query, or a body of application/x-www-form-urlencoded.
type Form struct{ pairs []pair }

type pair struct {
	name, value string // unescaped
	bare        bool   // without "="
	raw         []byte // as received; nil once changed
}

// ParseForm reads a form. Every text is one: a bad percent escape stands for itself, empty pairs are dropped. The form
// keeps text, which must not change while it is used.
func ParseForm(text []byte) *Form {
	f := &Form{}
	for len(text) > 0 {
		var raw []byte
		raw, text, _ = bytes.Cut(text, []byte("&"))
		if len(raw) == 0 {
			continue
		}
		name, value, assigned := bytes.Cut(raw, []byte("="))
		f.pairs = append(f.pairs, pair{unescape(name), unescape(value), !assigned, raw})
	}
	return f
}

// Len returns the number of pairs.
func (f *Form) Len() int { return len(f.pairs) }

// At returns a pair, unescaped; bare says that it has no "=".
func (f *Form) At(i int) (name, value string, bare bool) {
	p := f.pairs[i]
	return p.name, p.value, p.bare
}

func (f *Form) index(name string) int {
	return slices.IndexFunc(f.pairs, func(p pair) bool { return p.name == name })
}

// Get returns the first value called name and how many there are.
func (f *Form) Get(name string) (value string, count int) {
	for _, p := range f.pairs {
		if p.name == name {
			if count == 0 {
				value = p.value
			}
			count++
		}
	}
	return value, count
}

// Has implements Doc.
func (f *Form) Has(name string) bool { return f.index(name) >= 0 }

// Del implements Doc.
func (f *Form) Del(name string) bool {
	n := len(f.pairs)
	f.pairs = slices.DeleteFunc(f.pairs, func(p pair) bool { return p.name == name })
	return len(f.pairs) < n
}

// Rename implements Doc.
func (f *Form) Rename(old, new string) bool {
	if old == new || !f.Has(old) {
		return false
	}
	f.Del(new)
	for i := range f.pairs {
		if p := &f.pairs[i]; p.name == old {
			p.name, p.raw = new, nil
		}
	}
	return true
}

// Set implements Doc.
func (f *Form) Set(name, value string) {
	i := f.index(name)
	if i < 0 {
		f.Append(name, value)
		return
	}
	f.pairs[i] = pair{name: name, value: value}
	rest := slices.DeleteFunc(f.pairs[i+1:], func(p pair) bool { return p.name == name })
	f.pairs = f.pairs[:i+1+len(rest)]
}

// Append implements Doc.
func (f *Form) Append(name, value string) { f.pairs = append(f.pairs, pair{name: name, value: value}) }

// AppendTo implements Doc. Pairs that were not changed are written as they were received.
func (f *Form) AppendTo(b []byte) []byte {
	for i, p := range f.pairs {
		if i > 0 {
			b = append(b, '&')
		}
		if p.raw != nil {
			b = append(b, p.raw...)
			continue
		}
		b = escape(b, p.name)
		if !p.bare {
			b = append(b, '=')
			b = escape(b, p.value)
		}
	}
	return b
}

// Find looks for a name in a form without reading all of it. It returns the first value, unescaped, nil if it has no "=",
// and how many there are. It allocates only when there are escapes in that value or in names; value may be a part of text.
func Find(text []byte, name string) (value []byte, count int) {
	for len(text) > 0 {
		var raw []byte
		raw, text, _ = bytes.Cut(text, []byte("&"))
		n, v, assigned := bytes.Cut(raw, []byte("="))
		if len(raw) == 0 || (escaped(n) && unescape(n) != name) || (!escaped(n) && string(n) != name) {
			continue
		}
		count++
		switch {
		case count > 1 || !assigned:
		case escaped(v):
			value = []byte(unescape(v))
		default:
			value = v[:len(v):len(v)]
		}
	}
	return value, count
}

func escaped(s []byte) bool { return bytes.IndexByte(s, '%') >= 0 || bytes.IndexByte(s, '+') >= 0 }

// escape appends s with all but unreserved characters of RFC 3986 as percent escapes.
func escape(b []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '~':
			b = append(b, c)
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}

// unescape resolves percent escapes and "+"; a bad escape stands for itself.
func unescape(s []byte) string {
	if !escaped(s) {
		return string(s)
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0:
			c = byte(unhex(s[i+1])<<4 | unhex(s[i+2]))
			i += 2
		}
		out = append(out, c)
	}
	return string(out)
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
