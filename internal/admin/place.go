package admin

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
)

// place is what a path leads to: entities of a kind, all or those below a parent.
type place struct {
	kind   *entity.Kind
	parent *entity.Kind     // nil: all
	ref    entity.Reference // of kind, to parent
}

// mountEntities adds the paths of all kinds.
func (a *api) mountEntities() {
	for _, k := range entity.Kinds() {
		if !k.Nested {
			a.mountPlace("/"+k.Path, place{kind: k})
			a.mountReferences(k)
		}
		for _, ref := range k.Refs {
			if parent := ref.Target(); ref.Nested != "" && parent != nil {
				a.mountPlace("/"+parent.Path+"/{"+parent.Name+"}/"+ref.Nested, place{kind: k, parent: parent, ref: ref})
			}
		}
	}
	a.mountUpstreams()
	a.mountGroups()
}

func (a *api) mountPlace(path string, p place) {
	a.on("GET "+path, func(c *call) (reply, error) { return a.list(c, p) })
	a.on("POST "+path, func(c *call) (reply, error) { return a.create(c, p) })
	path += "/{" + p.kind.Name + "}"
	a.on("GET "+path, func(c *call) (reply, error) { return a.read(c, p) })
	a.on("PUT "+path, func(c *call) (reply, error) { return a.put(c, p) })
	a.on("PATCH "+path, func(c *call) (reply, error) { return a.patch(c, p) })
	a.on("DELETE "+path, func(c *call) (reply, error) { return a.remove(c, p) })
}

// mountReferences adds the paths of what entities refer to: /routes/{routes}/service.
func (a *api) mountReferences(k *entity.Kind) {
	for _, ref := range k.Refs {
		if ref.Target() == nil || ref.NoPath {
			continue
		}
		path := "/" + k.Path + "/{" + k.Name + "}/" + ref.Field
		a.on("GET "+path, func(c *call) (reply, error) { return a.readReferred(c, k, ref) })
		a.on("PUT "+path, func(c *call) (reply, error) { return a.putReferred(c, k, ref) })
		a.on("PATCH "+path, func(c *call) (reply, error) { return a.patchReferred(c, k, ref) })
		a.on("DELETE "+path, func(c *call) (reply, error) { return a.removeReferred(c, k, ref) })
	}
}

// isUUID reports whether a key of a path is an id.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
				return false
			}
		}
	}
	return true
}

// find returns the document of a kind by what stands in a path: an id, or what the kind may be named by instead.
func find(tx store.Tx, k *entity.Kind, key string) (json.RawMessage, error) {
	switch {
	case isUUID(key):
		return tx.Get(k, strings.ToLower(key))
	case k.Endpoint != "":
		return tx.Find(k, k.Endpoint, key)
	}
	if by := specials[k.Name].find; by != nil {
		return by(tx, k, key)
	}
	return nil, invalidKey(map[string]any{"id": "expected a valid UUID"})
}

// idOf returns the id of a document.
func idOf(raw json.RawMessage) (string, error) {
	var doc struct{ ID string }
	err := json.Unmarshal(raw, &doc)
	return doc.ID, err
}

// refOf returns the id that a reference of a document holds, or "".
func refOf(doc map[string]any, field string) string {
	switch ref := doc[field].(type) {
	case map[string]any:
		id, _ := ref["id"].(string)
		return id
	case *entity.Ref:
		if ref != nil {
			return ref.ID
		}
	case entity.Ref:
		return ref.ID
	}
	return ""
}

// above returns the id of the parent that a path names, "" for a place without one.
func (p place) above(tx store.Tx, c *call) (string, error) {
	if p.parent == nil {
		return "", nil
	}
	raw, err := find(tx, p.parent, c.params[p.parent.Name])
	if err != nil {
		return "", absent(err)
	}
	return idOf(raw)
}

// member returns the document that a path names, below the parent with the given id. errors.Is(err, store.ErrNotFound) if there is none.
func (p place) member(tx store.Tx, c *call, parent string) (map[string]any, error) {
	key := c.params[p.kind.Name]
	raw, err := p.lookUp(tx, key, parent)
	if err != nil {
		return nil, err
	}
	doc, err := decode(raw)
	if err != nil {
		return nil, err
	}
	if parent != "" && refOf(doc, p.ref.Field) != parent {
		return nil, store.ErrNotFound
	}
	return doc, nil
}

func (p place) lookUp(tx store.Tx, key, parent string) (json.RawMessage, error) {
	field := p.kind.Within
	if isUUID(key) || field == "" || parent == "" {
		return find(tx, p.kind, key)
	}
	if normal := specials[p.kind.Name].normal; normal != nil {
		key = normal(p.kind, key, parent)
	}
	for q := (store.Query{Size: maxSize, Ref: p.ref.Field, RefID: parent}); ; {
		page, err := tx.List(p.kind, q)
		if err != nil {
			return nil, err
		}
		for _, raw := range page.Docs {
			doc, err := decode(raw)
			if err != nil {
				return nil, err
			}
			if doc[field] == key {
				return raw, nil
			}
		}
		if page.Next == "" {
			return nil, store.ErrNotFound
		}
		q.After = page.Next
	}
}

// absent makes a plain "Not found" of what the store says when there is no such document.
func absent(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return notFound
	}
	return err
}

// read answers with one entity.
func (a *api) read(c *call, p place) (reply, error) {
	var shown map[string]any
	err := a.Store.View(c.r.Context(), func(tx store.Tx) error {
		parent, err := p.above(tx, c)
		if err != nil {
			return err
		}
		doc, err := p.member(tx, c, parent)
		if err != nil {
			return absent(err)
		}
		shown, err = a.show(tx, p.kind, doc)
		return err
	})
	return ok(shown), err
}

// referred returns an entity, and the one that a reference of it points to, nil if to none.
func referred(tx store.Tx, c *call, k *entity.Kind, ref entity.Reference) (doc, to map[string]any, err error) {
	if doc, err = (place{kind: k}).member(tx, c, ""); err != nil {
		return nil, nil, absent(err)
	}
	id := refOf(doc, ref.Field)
	if id == "" {
		return doc, nil, nil
	}
	raw, err := tx.Get(ref.Target(), id)
	if err != nil {
		return nil, nil, absent(err)
	}
	to, err = decode(raw)
	return doc, to, err
}

func (a *api) readReferred(c *call, k *entity.Kind, ref entity.Reference) (reply, error) {
	var shown map[string]any
	err := a.Store.View(c.r.Context(), func(tx store.Tx) error {
		_, to, err := referred(tx, c, k, ref)
		if err != nil {
			return err
		}
		if to == nil {
			return notFound
		}
		shown, err = a.show(tx, ref.Target(), to)
		return err
	})
	return ok(shown), err
}

// putReferred replaces what a reference points to. If that is nothing, it makes it and points to it.
func (a *api) putReferred(c *call, k *entity.Kind, ref entity.Reference) (reply, error) {
	var shown map[string]any
	target := ref.Target()
	err := a.write(c, "create or update", target, "", func(tx store.Tx) error {
		doc, to, err := referred(tx, c, k, ref)
		if err != nil {
			return err
		}
		in, err := a.input(tx, c, target, nil)
		if err != nil {
			return err
		}
		if to != nil {
			in["id"] = to["id"]
		}
		done, err := a.save(tx, target, in, upsert)
		if err != nil {
			return err
		}
		if to == nil {
			doc[ref.Field] = map[string]any{"id": done["id"]}
			if _, err := a.save(tx, k, doc, update); err != nil {
				return err
			}
		}
		shown, err = a.show(tx, target, done)
		return err
	})
	return ok(shown), err
}

func (a *api) patchReferred(c *call, k *entity.Kind, ref entity.Reference) (reply, error) {
	var shown map[string]any
	target := ref.Target()
	err := a.write(c, "update", target, "", func(tx store.Tx) error {
		_, to, err := referred(tx, c, k, ref)
		if err != nil {
			return err
		}
		if to == nil {
			return notFound
		}
		shown, err = a.change(tx, c, target, to)
		return err
	})
	return ok(shown), err
}

// removeReferred refuses: what others refer to is deleted where it is.
func (a *api) removeReferred(c *call, k *entity.Kind, ref entity.Reference) (reply, error) {
	err := a.Store.View(c.r.Context(), func(tx store.Tx) error {
		_, to, err := referred(tx, c, k, ref)
		if err == nil && to == nil {
			return notFound
		}
		return err
	})
	if err != nil {
		return reply{}, err
	}
	return reply{http.StatusMethodNotAllowed, notAllowed.reply().body}, nil
}
