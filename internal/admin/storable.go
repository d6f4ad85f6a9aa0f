package admin

import (
	"slices"
	"strconv"

	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/schema"
)

// unstorable finds the fields whose text a database cannot keep.
func unstorable(doc map[string]any) schema.Errors {
	errs := schema.Errors{}
	for name, v := range doc {
		switch {
		case !storable(v):
			errs[name] = "must be valid utf-8 without zero bytes"
		case name == "tags" && tooLong(v):
			errs[name] = "a tag must not be longer than " + strconv.Itoa(store.MaxTag) + " bytes"
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

func tooLong(tags any) bool {
	list, _ := tags.([]any)
	return slices.ContainsFunc(list, func(tag any) bool {
		s, _ := tag.(string)
		return len(s) > store.MaxTag
	})
}
