package source

import (
	"encoding/json"
	"slices"
	"strconv"
)

// appendDoc appends a document as json.Marshal writes it. Documents are maps and scalars, for which that takes three times as long; what
// is neither is left to it.
func appendDoc(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case string:
		if plainText(v) {
			b = append(b, '"')
			b = append(b, v...)
			return append(b, '"'), nil
		}
	case []any:
		if v != nil {
			return appendList(b, v)
		}
	case map[string]any:
		if v != nil {
			return appendRecord(b, v)
		}
	}
	text, err := json.Marshal(v)
	return append(b, text...), err
}

func appendList(b []byte, list []any) (_ []byte, err error) {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendDoc(b, v); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

func appendRecord(b []byte, m map[string]any) (_ []byte, err error) {
	var few [32]string
	names := few[:0]
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendDoc(b, name); err != nil {
			return b, err
		}
		if b, err = appendDoc(append(b, ':'), m[name]); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

// plainText reports whether a text stands in JSON as it is.
func plainText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}
