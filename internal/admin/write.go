package admin

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/schema"
)

// write runs a change in a transaction. Where there is no database the change is tried without effect first, so that what
// is wrong with it is said before that it cannot be made; verb and by name it in Kong's message for that.
func (a *api) write(c *call, verb string, k *entity.Kind, by string, fn func(store.Tx) error) error {
	err := a.Store.Update(c.r.Context(), fn)
	if !errors.Is(err, store.ErrReadOnly) {
		return err
	}
	err = a.Store.View(c.r.Context(), func(tx store.Tx) error { return fn(dry{tx}) })
	if errors.Is(err, store.ErrReadOnly) {
		return readOnly(verb, k, by)
	}
	return err
}

// dry is a transaction that refuses writes.
type dry struct{ store.Tx }

func (dry) Insert(*entity.Kind, json.RawMessage) error { return store.ErrReadOnly }
func (dry) Put(*entity.Kind, json.RawMessage) error    { return store.ErrReadOnly }
func (dry) Delete(*entity.Kind, string) error          { return store.ErrReadOnly }

// The operations of save.
const (
	insert = schema.Create
	update = schema.Update
	upsert = schema.Upsert
)

// input returns the document that a request has sent, with types, and with references by name resolved. was is the stored
// document that it changes, nil if there is none.
func (a *api) input(tx store.Tx, c *call, k *entity.Kind, was map[string]any) (map[string]any, error) {
	in := maps.Clone(c.body)
	if in == nil {
		in = map[string]any{}
	}
	if complete := specials[k.Name].input; complete != nil {
		complete(in, was)
	}
	if c.form {
		in = a.coerce(k, in)
	}
	return in, resolve(tx, k, in)
}

// coerce gives the text of a form the types of the schema.
func (a *api) coerce(k *entity.Kind, in map[string]any) map[string]any {
	out := k.Schema.Coerce(in, schema.Options{Sub: a.pluginSchema})
	if ttl, isText := out["ttl"].(string); k.TTL && isText {
		if n, err := strconv.ParseFloat(ttl, 64); err == nil {
			out["ttl"] = n
		}
	}
	return out
}

// save completes, checks and stores a document, and returns it as stored.
func (a *api) save(tx store.Tx, k *entity.Kind, in map[string]any, op schema.Op) (map[string]any, error) {
	doc, errs := a.prepare(k, in, schema.Options{Op: op})
	if len(errs) > 0 {
		return nil, invalid(errs)
	}
	if errs := unstorable(doc); len(errs) > 0 {
		return nil, invalid(errs)
	}
	raw, err := encode(doc)
	if err != nil {
		return nil, err
	}
	if check := specials[k.Name].check; check != nil {
		if err := check(tx, doc); err != nil {
			return nil, err
		}
	}
	if op == insert {
		err = tx.Insert(k, raw)
	} else {
		err = tx.Put(k, raw)
	}
	if err != nil {
		return nil, err
	}
	if saved := specials[k.Name].saved; saved != nil {
		err = saved(a, tx, doc, in, op)
	}
	return doc, err
}

// prepare completes and checks a document.
func (a *api) prepare(k *entity.Kind, in map[string]any, o schema.Options) (map[string]any, schema.Errors) {
	o.Sub = a.pluginSchema
	if prepare := specials[k.Name].prepare; prepare != nil {
		return prepare(k, in, o)
	}
	return k.Prepare(in, o)
}

// create answers a POST.
func (a *api) create(c *call, p place) (reply, error) {
	var shown map[string]any
	err := a.write(c, "create", p.kind, "", func(tx store.Tx) error {
		parent, err := p.above(tx, c)
		if err != nil {
			return err
		}
		in, err := a.input(tx, c, p.kind, nil)
		if err != nil {
			return err
		}
		if p.parent != nil {
			in[p.ref.Field] = map[string]any{"id": parent}
		}
		doc, err := a.save(tx, p.kind, in, insert)
		if err != nil {
			return err
		}
		shown, err = a.show(tx, p.kind, doc)
		return err
	})
	return reply{http.StatusCreated, shown}, err
}

// by returns the field that a key of a path stands for in messages, "" for an id.
func by(k *entity.Kind, key string) string {
	if isUUID(key) {
		return ""
	}
	return k.Endpoint
}

// put answers a PUT: the entity is replaced, or made.
func (a *api) put(c *call, p place) (reply, error) {
	var shown map[string]any
	key := c.params[p.kind.Name]
	err := a.write(c, "create or update", p.kind, by(p.kind, key), func(tx store.Tx) error {
		parent, err := p.above(tx, c)
		if err != nil {
			return err
		}
		was, err := p.existing(tx, key, parent)
		if err != nil {
			return err
		}
		in, err := a.input(tx, c, p.kind, nil)
		if err != nil {
			return err
		}
		if parent != "" {
			in[p.ref.Field] = map[string]any{"id": parent}
		}
		identify(p.kind, in, was, key)
		doc, err := a.save(tx, p.kind, in, upsert)
		if err != nil {
			return err
		}
		shown, err = a.show(tx, p.kind, doc)
		return err
	})
	return ok(shown), err
}

// existing returns the document that a PUT replaces, nil if there is none yet.
func (p place) existing(tx store.Tx, key, parent string) (map[string]any, error) {
	raw, err := p.lookUp(tx, key, parent)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, errNoSNI) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	doc, err := decode(raw)
	if err == nil && parent != "" && refOf(doc, p.ref.Field) != parent {
		return nil, notFound
	}
	return doc, err
}

// identify makes what a path says of an entity part of the document: it wins over what the body says.
func identify(k *entity.Kind, in, was map[string]any, key string) {
	switch {
	case isUUID(key):
		in["id"] = strings.ToLower(key)
		return
	case k.Endpoint != "":
		in[k.Endpoint] = key
	case k.Within != "":
		in[k.Within] = key
	case specials[k.Name].name != nil:
		specials[k.Name].name(in, key)
	}
	if was != nil {
		in["id"] = was["id"]
	}
}

// patch answers a PATCH.
func (a *api) patch(c *call, p place) (reply, error) {
	var shown map[string]any
	key := c.params[p.kind.Name]
	field := by(p.kind, key)
	err := a.write(c, "update", p.kind, field, func(tx store.Tx) error {
		parent, err := p.above(tx, c)
		if err != nil {
			return err
		}
		was, err := p.member(tx, c, parent)
		if errors.Is(err, store.ErrNotFound) && p.parent == nil {
			if field == "" {
				field = "id"
			}
			return missing(field, key)
		}
		if err != nil {
			return absent(err)
		}
		shown, err = a.change(tx, c, p.kind, was)
		return err
	})
	return ok(shown), err
}

// change merges what a request has sent into a stored document, and returns the result as it is shown.
func (a *api) change(tx store.Tx, c *call, k *entity.Kind, was map[string]any) (map[string]any, error) {
	in, err := a.input(tx, c, k, was)
	if err != nil {
		return nil, err
	}
	if errs := k.CheckPatch(in); len(errs) > 0 {
		return nil, invalid(errs)
	}
	if patch := specials[k.Name].patch; patch != nil {
		patch(in)
	}
	merged, errs := k.Schema.Merge(was, in, schema.Options{Sub: a.pluginSchema})
	if len(errs) > 0 {
		return nil, invalid(errs)
	}
	merged["id"] = was["id"]
	if err := immutable(k, was, merged); err != nil {
		return nil, err
	}
	doc, err := a.save(tx, k, merged, update)
	if err != nil {
		return nil, err
	}
	return a.show(tx, k, doc)
}

// immutable refuses to move a target to another upstream.
func immutable(k *entity.Kind, was, merged map[string]any) error {
	errs := schema.Errors{}
	for _, r := range k.Refs {
		if r.Fixed && refOf(merged, r.Field) != refOf(was, r.Field) {
			errs[r.Field] = "immutable field cannot be updated"
		}
	}
	if len(errs) > 0 {
		return invalid(errs)
	}
	return nil
}

// remove answers a DELETE. At the top level it does not matter whether there was something to delete.
func (a *api) remove(c *call, p place) (reply, error) {
	err := a.write(c, "remove", p.kind, by(p.kind, c.params[p.kind.Name]), func(tx store.Tx) error {
		parent, err := p.above(tx, c)
		if err != nil {
			return err
		}
		doc, err := p.member(tx, c, parent)
		if p.parent == nil && (errors.Is(err, store.ErrNotFound) || errors.Is(err, errNoSNI)) {
			return nil
		}
		if err != nil {
			return absent(err)
		}
		id, _ := doc["id"].(string)
		return tx.Delete(p.kind, id)
	})
	return noContent, err
}
