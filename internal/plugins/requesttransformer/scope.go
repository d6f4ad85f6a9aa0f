package requesttransformer

import (
	"fmt"

	"github.com/gibbon-gateway/gibbon/edit"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// requestScope gives templates the values of a request.
type requestScope struct{ x *plugin.Exchange }

func (s *requestScope) lookup(from source, path []string) (string, bool) {
	switch from {
	case headers:
		return s.header(path[0])
	case queryParams:
		v, count := edit.Find(s.x.Request.Query(), path[0])
		switch {
		case count == 0:
			return "", false
		case v == nil: // a name without "="
			return "true", true
		}
		return string(v), true
	case uriCaptures:
		return s.x.Capture(path[0])
	case shared:
		return sharedText(s.x.Shared(path[0]), path[1:])
	}
	return "", false
}

// header returns the first value of a header; "_" in a name stands for "-", too.
func (s *requestScope) header(name string) (string, bool) {
	for n, v := range s.x.Request.Header.All() {
		if equalHeader(n, name) {
			return string(v), true
		}
	}
	if equalHeader([]byte("host"), name) {
		return s.x.Request.Host, true
	}
	return "", false
}

func equalHeader(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		if fold(b[i]) != fold(s[i]) {
			return false
		}
	}
	return true
}

func fold(c byte) byte {
	switch {
	case c >= 'A' && c <= 'Z':
		return c | 0x20
	case c == '_':
		return '-'
	}
	return c
}

// sharedText follows names into a value that a plugin shared, and writes what is there.
func sharedText(v any, path []string) (string, bool) {
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return "", false
		}
		v = m[name]
	}
	switch v := v.(type) {
	case nil, map[string]any, []any:
		return "", false
	case string:
		return v, true
	case []byte:
		return string(v), true
	default:
		return fmt.Sprint(v), true
	}
}
