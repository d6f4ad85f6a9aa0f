package admin

import (
	"encoding/json"
	"maps"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/schema"
)

// record is the shape of a document as far as merging needs it: which fields are records, whose fields merge one by one,
// and which are old names of others, whose values follow from those.
type record struct {
	records map[string]*record
	old     []string
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
	Shorthands []map[string]any `json:"shorthand_fields"`
}

func (s shownRecord) record() *record {
	r := &record{records: map[string]*record{}}
	for _, field := range s.Fields {
		for name, f := range field {
			if f.Type == "record" {
				r.records[name] = f.record()
			}
		}
	}
	for _, short := range s.Shorthands {
		for name := range short {
			r.old = append(r.old, name)
		}
	}
	return r
}

// merge returns doc with changes: records merge field by field, everything else is replaced. Old names that changes does
// not use are left out, so that they follow from the new ones.
func (r *record) merge(doc, changes map[string]any) map[string]any {
	out := maps.Clone(doc)
	if out == nil {
		out = map[string]any{}
	}
	if r != nil {
		for _, name := range r.old {
			delete(out, name)
		}
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
	if r != nil {
		for name, inner := range r.records {
			if _, changed := changes[name]; changed {
				continue
			}
			if was, ok := out[name].(map[string]any); ok {
				out[name] = inner.merge(was, nil)
			}
		}
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
		shape = &record{records: map[string]*record{"config": a.configShape(name, doc)}}
	}
	return shape.merge(doc, changes)
}

// configShape is the shape of a plugin's configuration, by the plugin that a change makes it. The old names of the plugin that
// it was until then are left out too.
func (a *api) configShape(name string, doc map[string]any) *record {
	shape := a.records["plugins/"+name]
	was, _ := doc["name"].(string)
	if shape == nil {
		shape = &record{}
	}
	if before := a.records["plugins/"+was]; was != name && before != nil {
		shape = &record{records: shape.records, old: append(before.old[:len(before.old):len(before.old)], shape.old...)}
	}
	return shape
}
