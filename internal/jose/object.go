package jose

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// DecodeObject reads one JSON object in UTF-8: no member twice in any object, nothing behind it, nested 16 deep at most. Numbers become
// json.Number. Package encoding/json says whether it is JSON; reading it token by token there takes as long as verifying a signature.
func DecodeObject(text []byte) (map[string]any, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("not UTF-8") // readers differ in what they make of it
	}
	if !json.Valid(text) {
		var v any
		err := json.Unmarshal(text, &v) // says what is wrong
		if err == nil {
			err = errors.New("not JSON")
		}
		return nil, err
	}
	r := reader{text: string(text)}
	if r.skip(); r.text[r.at] != '{' {
		return nil, errors.New("not a JSON object")
	}
	return r.object(0)
}

// reader reads text that is JSON for certain. Strings are parts of it.
type reader struct {
	text string
	at   int
}

// skip passes white space, and the comma or colon that stands between two values.
func (r *reader) skip() {
	for {
		switch r.text[r.at] {
		case ' ', '\t', '\r', '\n', ',', ':':
			r.at++
		default:
			return
		}
	}
}

func (r *reader) value(depth int) (any, error) {
	r.skip()
	switch c := r.text[r.at]; c {
	case '{':
		return r.object(depth)
	case '[':
		return r.list(depth)
	case '"':
		return r.string()
	case 't':
		r.at += len("true")
		return true, nil
	case 'f':
		r.at += len("false")
		return false, nil
	case 'n':
		r.at += len("null")
		return nil, nil
	}
	from := r.at
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n,]}", r.text[r.at]) < 0 {
		r.at++
	}
	return json.Number(r.text[from:r.at]), nil
}

var errDeep = fmt.Errorf("JSON nested more than %d deep", maxDepth)

// members is how many members an object has room for from the beginning: as many as the claims of most tokens.
const members = 14

func (r *reader) object(depth int) (map[string]any, error) {
	if depth == maxDepth {
		return nil, errDeep
	}
	r.at++
	object := make(map[string]any, members)
	for {
		if r.skip(); r.text[r.at] == '}' {
			r.at++
			return object, nil
		}
		name, err := r.string()
		if err != nil {
			return nil, err
		}
		if _, twice := object[name]; twice {
			return nil, fmt.Errorf("member %q twice", name)
		}
		if object[name], err = r.value(depth + 1); err != nil {
			return nil, err
		}
	}
}

func (r *reader) list(depth int) ([]any, error) {
	if depth == maxDepth {
		return nil, errDeep
	}
	r.at++
	list := []any{}
	for {
		if r.skip(); r.text[r.at] == ']' {
			r.at++
			return list, nil
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
}

// string reads a string. Escapes, and bytes that may be no UTF-8, are left to package json.
func (r *reader) string() (string, error) {
	from, plain := r.at, true
	for r.at++; r.text[r.at] != '"'; r.at++ {
		switch c := r.text[r.at]; {
		case c == '\\':
			plain = false
			r.at++
		case c >= 0x80:
			plain = false
		}
	}
	r.at++
	if plain {
		return r.text[from+1 : r.at-1], nil
	}
	var s string
	err := json.Unmarshal([]byte(r.text[from:r.at]), &s)
	return s, err
}
