package source

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/entity"
)

// nobody stands for an entity that is missing, so that the rest of a document can be checked.
const nobody = "00000000-0000-0000-0000-000000000000"

// unresolved is a reference to what is not in the file.
type unresolved struct {
	field, to string
	value     any
}

// resolve puts ids in place of names, and of the parents of what nests.
func (p *parser) resolve() {
	for _, it := range p.items {
		for _, r := range it.kind.Refs {
			v := it.doc[r.Field]
			if it.parent != nil && it.ref.Field == r.Field {
				p.nest(it, r, v)
				continue
			}
			key, ok := refKey(r, v)
			if !ok {
				continue // null, or for the schema to refuse
			}
			id := nobody
			if found := p.known.find(r.To, key); found != nil {
				id = found.id
			} else {
				it.unresolved = append(it.unresolved, unresolved{r.Field, r.To, v})
			}
			it.doc[r.Field] = idOf(id)
		}
	}
}

// nest refers from it to its parent. Naming the parent once more is allowed, naming another is not.
func (p *parser) nest(it *item, r entity.Reference, v any) {
	if v != nil {
		key, ok := refKey(r, v)
		found := p.known.find(r.To, key)
		_, record := v.(map[string]any)
		switch {
		case ok && found != nil && found.id == it.parent.id:
		case ok && found == nil && record:
			it.unresolved = append(it.unresolved, unresolved{r.Field, r.To, v})
		default:
			p.fault(append(slices.Clip(it.path), r.Field), "value must be null")
		}
	}
	it.doc[r.Field] = idOf(it.parent.id)
}

// idOf returns a reference. An id that is refused where it stands is not refused again where it is used.
func idOf(id string) map[string]any {
	if !isUUID(id) {
		id = nobody
	}
	return map[string]any{"id": id}
}

// refKey returns the name or id of a reference: a text, or a record with an id or with the name.
func refKey(r entity.Reference, v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case map[string]any:
		if len(v) != 1 {
			return "", false
		}
		if id, ok := v["id"].(string); ok {
			return id, true
		}
		name, ok := v[r.Target().Endpoint].(string)
		return name, ok
	}
	return "", false
}

// report adds what concerns several entities: references to what is not there, and values that occur twice. Kong finds these
// only when everything else is right, and files them by name; beside other errors they stand with the entity instead.
func (p *parser) report() {
	alone := !p.errs.prune()
	for _, it := range p.items {
		slices.SortFunc(it.unresolved, func(a, b unresolved) int { return strings.Compare(a.field, b.field) })
		for _, u := range it.unresolved {
			text := "invalid reference '" + u.field + ": " + shown(u.value) + "' (no such entry in '" + u.to + "')"
			if alone && it.kind.Name != memberKind { // memberships have no name
				t := p.errs.at(it.kind.Name, it.named())
				t[len(t)+1] = text
			} else {
				p.errs.at(it.path...).set(u.field, text)
			}
		}
		if it.twice != "" {
			p.whole(it, it.twice)
		}
	}
	p.reportUnique(alone)
}

// reportUnique looks for values that must be unique and are not, other than names and ids.
func (p *parser) reportUnique(alone bool) {
	seen := map[string]bool{}
	for _, it := range p.items {
		if it.raw == nil || it.twice != "" || len(it.unresolved) > 0 {
			continue
		}
		for _, set := range it.kind.UniqueSets(func(field string) bool { return it.unique[field] != nil }) {
			if len(set) == 1 && (set[0] == it.kind.Endpoint || it.unique[set[0]] == nil) {
				continue
			}
			values := make([]string, len(set))
			for i, field := range set {
				values[i] = shown(it.unique[field])
			}
			key := it.kind.Name + " " + strings.Join(set, ",") + fmt.Sprintf(" %q", values)
			if !seen[key] {
				seen[key] = true
				continue
			}
			text := twice(it.kind, strings.Join(set, ", "), strings.Join(values, "', '"))
			if alone {
				p.errs.at(it.kind.Name).set(it.named(), text)
			} else {
				p.whole(it, text)
			}
			break
		}
	}
}

// uniqueFields returns the fields that make an entity unique, other than its name.
func uniqueFields(k *entity.Kind, doc map[string]any) (fields map[string]any) {
	for _, set := range k.Unique {
		if len(set) == 1 && set[0] == k.Endpoint {
			continue
		}
		if fields == nil {
			fields = map[string]any{}
		}
		for _, field := range set {
			fields[field] = doc[field]
		}
	}
	return fields
}

// whole adds an error about an entity as a whole.
func (p *parser) whole(it *item, text string) {
	t := p.errs.at(it.path[:len(it.path)-1]...)
	last := it.path[len(it.path)-1]
	if own, ok := t[last].(tree); ok {
		own = own.at("@entity")
		own[len(own)+1] = text
		return
	}
	t.set(last, text)
}

// named returns what Kong files an entity's errors under.
func (it *item) named() any {
	if it.name != "" {
		return it.name
	}
	if it.id != "" {
		return it.id
	}
	return it.path[len(it.path)-1]
}

func shown(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		if id, ok := v["id"].(string); ok && len(v) == 1 && id != "" {
			return `{"id":"` + id + `"}`
		}
	}
	b, _ := json.Marshal(v)
	return string(b)
}
