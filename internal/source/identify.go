package source

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/gibbon-gateway/gibbon/entity"
)

// identify gives an id to every entity that has none: parents come before what nests in them.
func (p *parser) identify() {
	seen := map[string]int{}
	for _, it := range p.items {
		if it.kind.Name == memberKind {
			continue // see identifyMembers
		}
		switch id := it.doc["id"].(type) {
		case string:
			it.id = id
		case nil:
			it.id = derive(it, seen)
			it.doc["id"] = it.id
		}
	}
}

// derive returns Kong's id of an entity: of its unique name, or of what makes it unique together with its parent. Where
// Kong takes a random id, ours is of the whole document, so that reading again gives the same.
func derive(it *item, seen map[string]int) string {
	k := it.kind
	for _, set := range k.UniqueSets(func(field string) bool { return it.doc[field] != nil || it.parent != nil && it.ref.Field == field }) {
		if len(set) > 1 {
			if parts, ok := keyParts(it, set); ok {
				return entity.DeterministicID(k, parts...)
			}
		}
	}
	if key := it.key(); key != "" {
		return entity.DeterministicID(k, key)
	}
	parent := ""
	if it.parent != nil {
		parent = it.parent.id
	}
	doc, _ := json.Marshal(it.doc) // of maps, lists and scalars; keys are sorted
	n := seen[k.Name+parent+string(doc)]
	seen[k.Name+parent+string(doc)]++
	return entity.DeterministicID(k, "content", parent, string(doc), strconv.Itoa(n))
}

// keyParts returns the parts that Kong makes ids of kinds like plugins from; "*" stands for the workspace.
func keyParts(it *item, set []string) (parts []string, ok bool) {
	parts = []string{it.kind.Name, "*"}
	for _, field := range set {
		switch v := it.doc[field].(type) {
		case string:
			parts = append(parts, v)
		case nil:
			switch {
			case it.parent != nil && it.ref.Field == field:
				parts = append(parts, it.parent.id)
			case it.kind.Schema.Requires(field):
				return nil, false
			default:
				parts = append(parts, "")
			}
		case map[string]any:
			id, _ := v["id"].(string)
			if r := it.kind.Reference(field); id == "" && r != nil { // two that are named are not the same
				id, _ = refKey(*r, v)
			}
			parts = append(parts, id)
		}
	}
	return parts, true
}

// key returns the unique value by which others may name the entity, or "".
func (it *item) key() string {
	if !slices.ContainsFunc(it.kind.Unique, func(set []string) bool { return len(set) == 1 && set[0] == it.kind.Endpoint }) {
		return ""
	}
	key, _ := it.doc[it.kind.Endpoint].(string)
	return key
}

// directory finds entities of the file.
type directory struct {
	byKey, byID, byAlias map[string]map[string]*item // kind → key or id
}

// enter fills the directory, and notes what is there already.
func (p *parser) enter() {
	p.known = directory{map[string]map[string]*item{}, map[string]map[string]*item{}, map[string]map[string]*item{}}
	add := func(in map[string]map[string]*item, it *item, key string) bool {
		m := in[it.kind.Name]
		if m == nil {
			m = map[string]*item{}
			in[it.kind.Name] = m
		}
		if m[key] != nil {
			return false
		}
		m[key] = it
		return true
	}
	for _, it := range p.items {
		if it.name = it.key(); it.name != "" && !add(p.known.byKey, it, it.name) {
			it.twice = twice(it.kind, it.kind.Endpoint, it.name)
		}
		if it.id != "" && !add(p.known.byID, it, it.id) && it.twice == "" {
			it.twice = twice(it.kind, "primary key", it.id)
		}
		for _, alias := range it.kind.Aliases {
			if name, _ := it.doc[alias].(string); name != "" {
				add(p.known.byAlias, it, name)
			}
		}
	}
}

func twice(k *entity.Kind, field, value string) string {
	return "uniqueness violation: '" + k.Name + "' entity with " + field + " set to '" + value + "' already declared"
}

// find returns the entity of a kind with a name or id. Consumers may be named by their custom_id, too, as the Kubernetes controller of
// Kong does with those that have no username.
func (d directory) find(kind, key string) *item {
	if it := d.byKey[kind][key]; it != nil {
		return it
	}
	if it := d.byID[kind][key]; it != nil {
		return it
	}
	return d.byAlias[kind][key]
}

// isUUID reports whether a text has the form of a UUID.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(strings.ToLower(s)) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
