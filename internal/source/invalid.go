package source

import (
	"errors"
	"strings"

	"github.com/gibbon-gateway/gibbon/entity"
)

// Invalid is the error of a declarative configuration: everything that is wrong in it.
type Invalid struct {
	errs  tree
	input map[string]any // nil if it could not be read
}

// unread is the error of a text that is no configuration at all.
func unread(err error) *Invalid {
	return &Invalid{errs: tree{"error": "failed parsing declarative configuration: " + err.Error()}}
}

var errNoObject = errors.New("expected an object")

// Error returns Kong's message: "declarative config is invalid: {services={{host="required field missing"}}}".
func (e *Invalid) Error() string { return message(e.errs) }

func message(errs tree) string {
	var b strings.Builder
	b.WriteString("declarative config is invalid: ")
	errs.lua(&b)
	return b.String()
}

// Fields returns the errors as POST /config answers them under "fields": by list, position and field.
func (e *Invalid) Fields() map[string]any { return object(e.errs) }

// object is json for the errors as a whole, which is an object even if it is empty.
func object(t tree) map[string]any {
	m, _ := t.json().(map[string]any)
	return m
}

// Text returns the errors for people, one a line.
func (e *Invalid) Text() string {
	var b strings.Builder
	e.errs.text(&b, "", "")
	return strings.TrimSuffix(b.String(), "\n")
}

// EntityError is what is wrong with one entity of a configuration.
type EntityError struct {
	Name   string         `json:"entity_name,omitempty"`
	ID     string         `json:"entity_id,omitempty"`
	Tags   []any          `json:"entity_tags,omitempty"`
	Type   string         `json:"entity_type"` // "route"
	Entity map[string]any `json:"entity"`      // as given, without nested lists
	Errors []FieldError   `json:"errors"`
}

// FieldError is one error: of a field, or of the entity as a whole.
type FieldError struct {
	Type    string `json:"type"` // "field" or "entity"
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
}

// Flatten returns the errors as POST /config?flatten_errors=1 answers them: a list by entities, and what belongs to none of
// them with its message.
func (e *Invalid) Flatten() (flattened []EntityError, fields map[string]any, text string) {
	rest := e.errs.clone()
	f := flattener{list: []EntityError{}}
	for _, k := range entity.Kinds() {
		if sub, ok := rest[k.Name].(tree); ok {
			if list, ok := e.input[k.Name].([]any); ok {
				f.entities(k, list, sub, nil)
			}
		}
	}
	rest.prune()
	return f.list, object(rest), message(rest)
}

type flattener struct{ list []EntityError }

// entities takes the errors of a list out of errs. set has the fields that nesting implies.
func (f *flattener) entities(k *entity.Kind, list []any, errs tree, set map[string]any) {
	_, positions := errs.parts()
	for _, n := range positions {
		if n > len(list) {
			continue
		}
		doc, ok := list[n-1].(map[string]any)
		if !ok {
			continue
		}
		own := errs[n]
		delete(errs, n)
		if text, ok := own.(string); ok {
			own = tree{"@entity": text}
		}
		f.entity(k, doc, own.(tree), set)
	}
}

func (f *flattener) entity(k *entity.Kind, doc map[string]any, errs tree, set map[string]any) {
	shown := make(map[string]any, len(doc)+len(set))
	for name, v := range set {
		shown[name] = v
	}
	id, _ := doc["id"].(string)
	if !isUUID(id) {
		id = ""
	}
	for name, v := range doc {
		child, ref := nested(k, name)
		list, ok := v.([]any)
		if child == nil || !ok {
			shown[name] = v
			continue
		}
		sub, ok := errs[name].(tree)
		if !ok {
			continue
		}
		var implied map[string]any
		if id != "" {
			implied = map[string]any{ref.Field: map[string]any{"id": id}}
		}
		if f.entities(child, list, sub, implied); !sub.prune() {
			delete(errs, name)
		}
	}
	found := fieldErrors(nil, "", errs)
	if len(found) == 0 {
		return
	}
	name, _ := doc["name"].(string)
	tags, _ := doc["tags"].([]any)
	for _, tag := range tags {
		if _, ok := tag.(string); !ok {
			tags = nil
			break
		}
	}
	f.list = append(f.list, EntityError{name, id, tags, strings.TrimSuffix(k.Name, "s"), shown, found})
}

// fieldErrors appends the errors of a tree with the names of the fields that they are in.
func fieldErrors(list []FieldError, within string, errs tree) []FieldError {
	names, positions := errs.parts()
	inside := func(key, v any) {
		name := plainKey(key)
		if within != "" {
			name = within + "." + name
		}
		switch v := v.(type) {
		case string:
			list = append(list, FieldError{"field", name, v})
		case tree:
			list = fieldErrors(list, name, v)
		}
	}
	for _, n := range positions {
		inside(n, errs[n])
	}
	for _, name := range names {
		if name == "@entity" {
			list = append(list, entityErrors(errs[name])...)
			continue
		}
		inside(name, errs[name])
	}
	return list
}

func entityErrors(v any) (list []FieldError) {
	switch v := v.(type) {
	case string:
		list = append(list, FieldError{Type: "entity", Message: v})
	case tree:
		_, positions := v.parts()
		for _, n := range positions {
			list = append(list, entityErrors(v[n])...)
		}
	}
	return list
}
