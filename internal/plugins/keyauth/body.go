package keyauth

import (
	"encoding/json"

	"github.com/gibbon-gateway/gibbon/edit"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// body is a request body that may hold a key. It is read when it is looked into.
type body struct {
	x    *plugin.Exchange
	done bool
	doc  edit.Doc // nil: nothing can be found in it
}

// read reads the body if its type is known; one that is too long or broken holds no key.
func (b *body) read() (err error) {
	if !b.done {
		b.done = true
		b.doc, err = b.x.Request.Document(maxBody)
	}
	return err
}

// find returns the first value called name and how many there are. In JSON only a string is a key; an array or an object
// counts as several, anything else as none.
func (b *body) find(name string) (value []byte, count int) {
	switch d := b.doc.(type) {
	case *edit.Form:
		v, n := d.Get(name)
		return []byte(v), n
	case *edit.Multipart:
		v, n := d.Get(name)
		return []byte(v), n
	case *edit.Object:
		raw := d.JSON(name)
		if len(raw) == 0 {
			return nil, 0
		}
		switch raw[0] {
		case '[', '{':
			return nil, 2
		case '"':
			var s string
			if err := json.Unmarshal(raw, &s); err == nil {
				return []byte(s), 1
			}
		}
	}
	return nil, 0
}
