package source

import (
	"slices"

	"github.com/gibbon-gateway/gibbon/entity"
)

// Memberships of consumer groups can be told in three ways: Kong's own list consumer_group_consumers, and, as decK writes them, a list
// "consumers" in a group and a list "groups" in a consumer. The latter do not declare what they list: that stands elsewhere in the file.

// memberKind is the kind of memberships.
const memberKind = "consumer_group_consumers"

// groupPlugins is the list in which decK puts the plugins of consumer groups where they cannot nest.
const groupPlugins = "consumer_group_plugins"

// memberLists are the lists of memberships by the kind that they nest in.
var memberLists = map[string]struct{ name, parent, other string }{
	"consumer_groups": {"consumers", "consumer_group", "consumer"},
	"consumers":       {"groups", "consumer", "consumer_group"},
}

// isMemberList reports whether a list in entities of a kind is one of memberships.
func isMemberList(k *entity.Kind, name string) bool {
	l, ok := memberLists[k.Name]
	return ok && l.name == name
}

// members takes the memberships that nest in an entity.
func (p *parser) members(parent *item, v any) {
	l, ok := memberLists[parent.kind.Name]
	if !ok || v == nil {
		return
	}
	kind, path := entity.KindOf(memberKind), append(slices.Clip(parent.path), l.name)
	list, ok := v.([]any)
	if !ok {
		p.fault(path, "expected an array")
		return
	}
	ref, to := *kind.Reference(l.parent), *kind.Reference(l.other)
	for i, v := range list {
		at := append(slices.Clip(path), i+1)
		name := memberName(to, v)
		if name == "" {
			p.fault(at, "expected the id or "+to.Target().Endpoint+" of one of the '"+to.To+"'")
			continue
		}
		p.items = append(p.items, &item{kind: kind, doc: map[string]any{l.other: name}, path: at, parent: parent, ref: ref})
	}
}

// memberName returns what an entry of a list names: a text, or one of the fields of a record that entities are named by. What else decK
// writes of a consumer says nothing here.
func memberName(to entity.Reference, v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	doc, _ := v.(map[string]any)
	for _, field := range append([]string{"id", to.Target().Endpoint}, to.Target().Aliases...) {
		if text, _ := doc[field].(string); text != "" {
			return text
		}
	}
	return ""
}

// identifyMembers gives memberships their ids, which follow from what they bind; references are resolved. One that is told from both
// sides, as decK does, or twice, is one.
func (p *parser) identifyMembers() {
	seen := map[string]bool{}
	id := func(v any) string {
		ref, _ := v.(map[string]any)
		id, _ := ref["id"].(string)
		return id
	}
	p.items = slices.DeleteFunc(p.items, func(it *item) bool {
		if it.kind.Name != memberKind || len(it.unresolved) > 0 {
			return false
		}
		it.id = entity.MemberID(id(it.doc["consumer"]), id(it.doc["consumer_group"]))
		twice := seen[it.id]
		seen[it.id] = true
		return twice
	})
}

// checkGroupPlugins wants the group of plugins that stand in the list of those of groups.
func (p *parser) checkGroupPlugins() {
	for _, it := range p.items {
		if it.path[0] == groupPlugins && it.doc["consumer_group"] == nil {
			p.fault(append(slices.Clip(it.path), "consumer_group"), "required field missing")
		}
	}
}
