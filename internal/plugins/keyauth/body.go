package keyauth

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/edit"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// maxBody is the longest body, in bytes, in which a key is looked for.
const maxBody = 1 << 20

// body is a request body that may hold a key.
type body struct {
	doc edit.Doc // nil: nothing can be found in it
}

// readBody reads the body if its type is known; one that is too long or broken holds no key.
func readBody(x *plugin.Exchange) (*body, error) {
	contentType := x.Request.Header.Get("Content-Type")
	parse := parserOf(contentType)
	if parse == nil {
		return &body{}, nil
	}
	data, err := x.Request.Body(maxBody)
	switch {
	case errors.Is(err, plugin.ErrBodyTooLarge):
		return &body{}, nil
	case err != nil:
		return nil, err
	}
	doc, err := parse(contentType, data)
	if err != nil {
		return &body{}, nil
	}
	return &body{doc}, nil
}

// parserOf returns how to read a body of a type, or nil.
func parserOf(contentType string) func(contentType string, data []byte) (edit.Doc, error) {
	switch t := strings.ToLower(contentType); {
	case strings.Contains(t, "application/x-www-form-urlencoded"):
		return func(_ string, data []byte) (edit.Doc, error) { return edit.ParseForm(data), nil }
	case strings.Contains(t, "multipart/form-data"):
		return func(contentType string, data []byte) (edit.Doc, error) { return edit.ParseMultipart(contentType, data) }
	case strings.Contains(t, "application/json"):
		return func(_ string, data []byte) (edit.Doc, error) { return edit.ParseObject(data) }
	}
	return nil
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
