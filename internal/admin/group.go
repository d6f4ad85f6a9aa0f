package admin

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/schema"
)

// members are what is bound to an entity by memberships: the consumers in a consumer group, or the groups of a consumer.
type members struct {
	kind          *entity.Kind // of memberships
	parent, other *entity.Kind
	to, from      string // the fields of a membership that refer to the parent and to the other
	argument      string // of the body of a POST: names or ids of others
}

// mountGroups adds the paths of memberships, and the answer about one group, which says more than what is stored.
func (a *api) mountGroups() {
	kind, consumers, groups := entity.KindOf("consumer_group_consumers"), entity.KindOf("consumers"), entity.KindOf("consumer_groups")
	ofGroup := members{kind, groups, consumers, "consumer_group", "consumer", "consumer"}
	for _, m := range []members{ofGroup, {kind, consumers, groups, "consumer", "consumer_group", "group"}} {
		path := "/" + m.parent.Path + "/{" + m.parent.Name + "}/" + m.other.Path
		a.on("GET "+path, func(c *call) (reply, error) { return a.listMembers(c, m) })
		a.on("POST "+path, func(c *call) (reply, error) { return a.join(c, m) })
		a.on("DELETE "+path, func(c *call) (reply, error) { return a.leaveAll(c, m) })
		a.on("DELETE "+path+"/{"+m.other.Name+"}", func(c *call) (reply, error) { return a.leave(c, m) })
	}
	a.on("GET /"+groups.Path+"/{"+groups.Name+"}", func(c *call) (reply, error) { return a.readGroup(c, ofGroup) })
}

// id returns the id of the membership of two.
func (m members) id(parent, other string) string {
	if m.to == "consumer" {
		return entity.MemberID(parent, other)
	}
	return entity.MemberID(other, parent)
}

// above returns the parent that the path names.
func (m members) above(tx store.Tx, c *call) (raw json.RawMessage, id string, err error) {
	if raw, err = find(tx, m.parent, c.params[m.parent.Name]); err != nil {
		return nil, "", absent(err)
	}
	id, err = idOf(raw)
	return raw, id, err
}

// members returns some of the memberships of a parent, and the others that they bind to it as they are shown.
func (a *api) members(tx store.Tx, m members, q store.Query) (others []any, next string, err error) {
	page, err := tx.List(m.kind, q)
	if err != nil {
		return nil, "", err
	}
	for _, raw := range page.Docs {
		doc, err := decode(raw)
		if err != nil {
			return nil, "", err
		}
		other, err := tx.Get(m.other, refOf(doc, m.from))
		if err != nil {
			return nil, "", err
		}
		others = append(others, other)
	}
	return others, page.Next, nil
}

// listMembers answers with a page of others.
func (a *api) listMembers(c *call, m members) (reply, error) {
	l := listing{}
	err := a.Store.View(c.r.Context(), func(tx store.Tx) error {
		_, id, err := m.above(tx, c)
		if err != nil {
			return err
		}
		q := store.Query{Ref: m.to, RefID: id}
		if q.Size, err = c.pageSize(); err != nil {
			return err
		}
		if q.After, err = c.pageStart(true); err != nil {
			return err
		}
		others, next, err := a.members(tx, m, q)
		l = listing{Data: append([]any{}, others...)}
		l.continues("/"+m.parent.Path+"/"+url.PathEscape(c.params[m.parent.Name])+"/"+m.other.Path, next, "")
		return c.offsetError(err)
	})
	return ok(l), err
}

// all returns all that is listed, page by page.
func all(list func(after string) (docs []any, next string, err error)) (docs []any, err error) {
	for after := ""; ; {
		more, next, err := list(after)
		if docs = append(docs, more...); err != nil || next == "" {
			return docs, err
		}
		after = next
	}
}

// readGroup answers with a consumer group, its consumers (unless ?list_consumers=false says that nobody wants them) and its plugins.
func (a *api) readGroup(c *call, m members) (reply, error) {
	answer := map[string]any{}
	err := a.Store.View(c.r.Context(), func(tx store.Tx) error {
		clear(answer)
		raw, id, err := m.above(tx, c)
		if err != nil {
			return err
		}
		answer["consumer_group"] = raw
		lists := map[string]func(string) ([]any, string, error){
			"consumers": func(after string) ([]any, string, error) {
				return a.members(tx, m, store.Query{Ref: m.to, RefID: id, Size: maxSize, After: after})
			},
			"plugins": func(after string) ([]any, string, error) { return a.pluginsOf(tx, m.to, id, after) },
		}
		if c.query.Get("list_consumers") == "false" {
			delete(lists, "consumers")
		}
		for name, list := range lists {
			docs, err := all(list)
			if err != nil {
				return err
			}
			if len(docs) > 0 {
				answer[name] = docs
			}
		}
		return nil
	})
	return ok(answer), err
}

// pluginsOf returns a page of the plugins that are bound to an entity.
func (a *api) pluginsOf(tx store.Tx, field, id, after string) (docs []any, next string, err error) {
	plugins := entity.KindOf("plugins")
	page, err := tx.List(plugins, store.Query{Ref: field, RefID: id, Size: maxSize, After: after})
	for _, raw := range page.Docs {
		shown, err := a.showRaw(tx, plugins, raw)
		if err != nil {
			return nil, "", err
		}
		docs = append(docs, shown)
	}
	return docs, page.Next, err
}

// named returns the names or ids that the body of a POST gives: one text, or a list of them.
func (m members) named(body map[string]any) ([]string, error) {
	errs := schema.Errors{}
	for name := range body {
		if name != m.argument {
			errs[name] = "unknown field"
		}
	}
	var list []string
	switch v := body[m.argument].(type) {
	case string:
		list = []string{v}
	case []any:
		for _, e := range v {
			if s, ok := e.(string); ok {
				list = append(list, s)
			} else {
				errs[m.argument] = "expected a string"
			}
		}
	case nil:
	default:
		errs[m.argument] = "expected a string"
	}
	if len(list) == 0 && errs[m.argument] == nil {
		errs[m.argument] = "required field missing"
	}
	if len(errs) > 0 {
		return nil, invalid(errs)
	}
	return list, nil
}

// join makes others members: all that are named, or none.
func (a *api) join(c *call, m members) (reply, error) {
	var answer map[string]any
	err := a.write(c, "create", m.kind, "", func(tx store.Tx) error {
		parent, id, err := m.above(tx, c)
		if err != nil {
			return err
		}
		keys, err := m.named(c.body)
		if err != nil {
			return err
		}
		var joined []any
		for _, key := range keys {
			other, err := a.joinOne(tx, m, id, key)
			if err != nil {
				return err
			}
			joined = append(joined, other)
		}
		answer = map[string]any{m.to: parent, m.other.Name: joined}
		return nil
	})
	return reply{http.StatusCreated, answer}, err
}

func (a *api) joinOne(tx store.Tx, m members, parent, key string) (json.RawMessage, error) {
	other, err := find(tx, m.other, key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fail(http.StatusNotFound, m.argument+" '"+key+"' not found")
	}
	if err != nil {
		return nil, err
	}
	id, err := idOf(other)
	if err != nil {
		return nil, err
	}
	refs := map[string]any{m.to: map[string]any{"id": parent}, m.from: map[string]any{"id": id}}
	switch _, err := tx.Get(m.kind, m.id(parent, id)); {
	case err == nil:
		return nil, &store.UniqueError{Kind: m.kind, Fields: refs}
	case !errors.Is(err, store.ErrNotFound):
		return nil, err
	}
	_, err = a.save(tx, m.kind, refs, insert)
	return other, err
}

// leave ends one membership.
func (a *api) leave(c *call, m members) (reply, error) {
	err := a.write(c, "remove", m.kind, "", func(tx store.Tx) error {
		_, parent, err := m.above(tx, c)
		if err != nil {
			return err
		}
		raw, err := find(tx, m.other, c.params[m.other.Name])
		if err != nil {
			return absent(err)
		}
		other, err := idOf(raw)
		if err != nil {
			return err
		}
		return absent(tx.Delete(m.kind, m.id(parent, other)))
	})
	return noContent, err
}

// leaveAll ends all memberships of a parent.
func (a *api) leaveAll(c *call, m members) (reply, error) {
	err := a.write(c, "remove", m.kind, "", func(tx store.Tx) error {
		_, parent, err := m.above(tx, c)
		if err != nil {
			return err
		}
		for {
			page, err := tx.List(m.kind, store.Query{Ref: m.to, RefID: parent, Size: maxSize})
			if err != nil || len(page.Docs) == 0 {
				return err
			}
			for _, raw := range page.Docs {
				id, err := idOf(raw)
				if err != nil {
					return err
				}
				if err := tx.Delete(m.kind, id); err != nil {
					return err
				}
			}
		}
	})
	return noContent, err
}
