package edit

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

// ErrNotObject is returned by ParseObject for valid JSON that is not an object.
var ErrNotObject = errors.New("edit: not a JSON object")

// Object is a JSON object whose members keep their order and the text of their values. Names are expected to be UTF-8.
type Object struct{ members []member }

type member struct {
	key string
	raw []byte // the value as JSON text
	// more is how many other members of this name the text had.
	more int
}

// ParseObject reads one JSON object. Of members with the same name the last one counts, at the place of the first; Count tells.
func ParseObject(data []byte) (*Object, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	start, err := d.Token()
	if err != nil {
		return nil, err
	}
	if start != json.Delim('{') {
		if !json.Valid(data) {
			return nil, errors.New("edit: bad JSON")
		}
		return nil, ErrNotObject
	}
	o := &Object{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, err
		}
		name := key.(string) // within an object a key is always a string
		if i := o.index(name); i >= 0 {
			o.members[i].raw = raw
			o.members[i].more++
			continue
		}
		o.members = append(o.members, member{key: name, raw: raw})
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("edit: text after the JSON object")
	}
	return o, nil
}

func (o *Object) index(key string) int {
	return slices.IndexFunc(o.members, func(m member) bool { return m.key == key })
}

// Count returns how many members of a name the text had that the object was parsed from; one that was set since is one.
func (o *Object) Count(key string) int {
	if i := o.index(key); i >= 0 {
		return 1 + o.members[i].more
	}
	return 0
}

// JSON returns the text of a value, or nil.
func (o *Object) JSON(key string) []byte {
	if i := o.index(key); i >= 0 {
		return o.members[i].raw
	}
	return nil
}

// SetJSON is Set for a value that is JSON text, which is kept.
func (o *Object) SetJSON(key string, raw []byte) {
	if i := o.index(key); i >= 0 {
		o.members[i].raw, o.members[i].more = raw, 0
		return
	}
	o.members = append(o.members, member{key: key, raw: raw})
}

// AppendJSON adds a value, which is JSON text: an array gets it as its last element, any other value becomes an array of
// the two, and a member that is not there an array of one.
func (o *Object) AppendJSON(key string, raw []byte) {
	i := o.index(key)
	if i < 0 {
		o.members = append(o.members, member{key: key, raw: slices.Concat([]byte("["), raw, []byte("]"))})
		return
	}
	old := o.members[i].raw
	switch {
	case len(old) == 0 || old[0] != '[':
		o.members[i].raw = slices.Concat([]byte("["), old, []byte(","), raw, []byte("]"))
	case len(bytes.TrimSpace(old[1:len(old)-1])) == 0:
		o.members[i].raw = slices.Concat([]byte("["), raw, []byte("]"))
	default:
		o.members[i].raw = slices.Concat(old[:len(old)-1], []byte(","), raw, []byte("]"))
	}
}

// Has implements Doc.
func (o *Object) Has(key string) bool { return o.index(key) >= 0 }

// Del implements Doc.
func (o *Object) Del(key string) bool {
	n := len(o.members)
	o.members = slices.DeleteFunc(o.members, func(m member) bool { return m.key == key })
	return len(o.members) < n
}

// Rename implements Doc.
func (o *Object) Rename(old, new string) bool {
	if old == new || !o.Has(old) {
		return false
	}
	o.Del(new)
	o.members[o.index(old)].key = new
	return true
}

// Set implements Doc; the value becomes a JSON string.
func (o *Object) Set(key, value string) { o.SetJSON(key, Quote(value)) }

// Append implements Doc; see AppendJSON.
func (o *Object) Append(key, value string) { o.AppendJSON(key, Quote(value)) }

// AppendTo implements Doc, in compact form.
func (o *Object) AppendTo(b []byte) []byte {
	b = append(b, '{')
	for i, m := range o.members {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, Quote(m.key)...)
		b = append(b, ':')
		b = append(b, m.raw...)
	}
	return append(b, '}')
}

// Quote returns s as a JSON string. Other than json.Marshal it leaves <, > and & as they are. Bytes that are not UTF-8 become
// U+FFFD.
func Quote(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(strings.ToValidUTF8(s, "\uFFFD")); err != nil {
		return []byte(`""`) // a string always encodes
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
