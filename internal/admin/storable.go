package admin

import (
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/schema"
)

// unstorable finds the fields whose text a database cannot keep.
func unstorable(doc map[string]any) schema.Errors {
	errs := schema.Errors{}
	for name, v := range doc {
		if !storable(v) {
			errs[name] = "must be valid utf-8 without zero bytes"
		}
	}
	return errs
}

func storable(v any) bool {
	switch v := v.(type) {
	case string:
		return store.Storable(v)
	case []any:
		for _, e := range v {
			if !storable(e) {
				return false
			}
		}
	case map[string]any:
		for name, e := range v {
			if !store.Storable(name) || !storable(e) {
				return false
			}
		}
	}
	return true
}
