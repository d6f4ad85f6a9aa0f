package entity

import "github.com/gibbon-gateway/gibbon/schema"

// Kind describes one kind of entity.
type Kind struct {
	Name     string         // "services", "keyauth_credentials": in declarative files, error texts and tables
	Path     string         // segment of Admin API paths: "services", "key-auths"
	Endpoint string         // the field that may stand for the id in paths: "name", "username"; "" for none
	Schema   *schema.Schema // of documents, as stored
	// Unique holds sets of fields whose values may occur once. References compare by id. A set of one field never
	// collides when that field is null; in composite sets nulls are equal.
	Unique [][]string
	Refs   []Reference // foreign fields

	TTL         bool // documents may have a field ttl: seconds until they vanish
	NewestFirst bool // lists are ordered by creation, newest first, instead of by id
	Nested      bool // only reached below its parent: targets
}

// Reference is a field that holds another entity's id.
type Reference struct {
	Field   string // "service"
	To      string // kind name: "services"
	Cascade bool   // deleting the other deletes this one; otherwise the other cannot be deleted
	Nested  string // path segment below the other: "routes" in /services/{id}/routes; "" if there is none
	List    string // key of nested lists in declarative files: "routes"; "" if it cannot be nested
}

// Target returns the kind that the reference points to.
func (r Reference) Target() *Kind { return KindOf(r.To) }

// Kinds returns all kinds, those that are referred to before those that refer to them.
func Kinds() []*Kind { return nil }

// KindOf returns the kind with this name, or nil.
func KindOf(name string) *Kind { return nil }

// KindByPath returns the kind with this path segment, or nil.
func KindByPath(path string) *Kind { return nil }

// Prepare makes a document complete: it expands shorthands of input such as a service's url, runs the schema and the
// checks of the kind. doc is not changed.
func (k *Kind) Prepare(doc map[string]any, o schema.Options) (map[string]any, schema.Errors) {
	return doc, nil
}

// DeterministicID returns the id that declarative files give to an entity without one: a chain of UUIDv5 over the kind's
// name and the parts of its key.
func DeterministicID(k *Kind, parts ...string) string { return "" }
