package admin

import (
	"encoding/json"
	"maps"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/schema"
)

// record is the shape of a document as far as merging needs it: which fields are records, whose fields merge one by one,
// and which are old names of others: stored documents are without them, shown ones have the value of the new name.
type record struct {
	records map[string]*record
	old     map[string][]string // the path of the new name
}

// recordOf reads the shape from what /schemas shows.
func recordOf(s *schema.Schema) *record {
	text, err := json.Marshal(s.Kong())
	if err != nil {
		return &record{}
	}
	var shown shownRecord
	if json.Unmarshal(text, &shown) != nil {
		return &record{}
	}
	return shown.record()
}

type shownRecord struct {
	Fields []map[string]struct {
		Type string `json:"type"`
		shownRecord
	} `json:"fields"`
	Shorthands []map[string]struct {
		Deprecation struct {
			ReplacedWith []struct {
				Path []string `json:"path"`
			} `json:"replaced_with"`
		} `json:"deprecation"`
	} `json:"shorthand_fields"`
}

func (s shownRecord) record() *record {
	r := &record{records: map[string]*record{}, old: map[string][]string{}}
	for _, field := range s.Fields {
		for name, f := range field {
			if f.Type == "record" {
				r.records[name] = f.record()
			}
		}
	}
	for _, short := range s.Shorthands {
		for name, s := range short {
			if new := s.Deprecation.ReplacedWith; len(new) > 0 && len(new[0].Path) > 0 {
				r.old[name] = new[0].Path
			}
		}
	}
	return r
}

// merge returns doc with changes: records merge field by field, everything else is replaced.
func (r *record) merge(doc, changes map[string]any) map[string]any {
	out := maps.Clone(doc)
	if out == nil {
		out = map[string]any{}
	}
	for name, v := range changes {
		inner := r.below(name)
		next, isMap := v.(map[string]any)
		was, wasMap := out[name].(map[string]any)
		if inner != nil && isMap && wasMap {
			v = inner.merge(was, next)
		}
		out[name] = v
	}
	return out
}

func (r *record) below(name string) *record {
	if r == nil {
		return nil
	}
	return r.records[name]
}

// merge applies changes to a stored document of a kind.
func (a *api) merge(k *entity.Kind, doc, changes map[string]any) map[string]any {
	shape := a.records[k.Name]
	if k.Name == "plugins" {
		name, _ := changes["name"].(string)
		if name == "" {
			name, _ = doc["name"].(string)
		}
		shape = &record{records: map[string]*record{"config": a.configShape(name)}}
	}
	return shape.merge(doc, changes)
}

// configShape is the shape of a plugin's configuration; merging needs one even for a plugin that is unknown.
func (a *api) configShape(plugin string) *record {
	if shape := a.records["plugins/"+plugin]; shape != nil {
		return shape
	}
	return &record{}
}

// showOld adds the old names of fields, which clients of earlier versions read.
func (r *record) showOld(doc map[string]any) {
	for name, path := range r.old {
		var v any = doc
		for _, field := range path {
			m, _ := v.(map[string]any)
			v = m[field]
		}
		doc[name] = v
	}
	for name, inner := range r.records {
		if m, ok := doc[name].(map[string]any); ok {
			inner.showOld(m)
		}
	}
}

// hasOld reports whether showOld has anything to add.
func (r *record) hasOld() bool {
	if len(r.old) > 0 {
		return true
	}
	for _, inner := range r.records {
		if inner.hasOld() {
			return true
		}
	}
	return false
}
