package entity

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/gibbon-gateway/gibbon/schema"
)

// Kind describes one kind of entity.
type Kind struct {
	Name     string         // "services", "keyauth_credentials": in declarative files, error texts and tables
	Path     string         // segment of Admin API paths: "services", "key-auths"
	Endpoint string         // the field that may stand for the id in paths: "name", "username"; "" for none
	Schema   *schema.Schema // of documents, as stored
	// Unique holds sets of fields whose values may occur once. References compare by id. A set of one field never
	// collides when that field is null; in composite sets nulls are equal. See UniqueSets for sparse references.
	Unique [][]string
	Refs   []Reference // foreign fields

	// Keyed entities are found by what stands in their Endpoint field: Set.Credential and plugin.Finder.Credential.
	Keyed bool
	// Aliases are further unique fields that references may name an entity by, such as a consumer's custom_id.
	Aliases []string
	// Within is the field that stands for the id in paths below a parent, where it is unique: the group of an ACL. "" for none.
	Within string

	// TTL says that input may have a field ttl: seconds until the entity vanishes. Stored documents have expires_at, and the Go type has
	// a field Vanishes of type time.Time, zero if it does not, which json leaves alone.
	TTL         bool
	Derived     bool // the id follows from the rest; Kong's have none, and files do not tell it
	NewestFirst bool // lists are ordered by creation, newest first, instead of by id
	Nested      bool // without a path of its own: targets are reached below their parent, authorization codes nowhere
	// Ledger documents are issued and used up by requests, such as tokens. They are not part of a set that comes out of a store,
	// and writing one does not move the store's version; plugins reach them by plugin.Ledger.
	Ledger bool

	// Before, which may be nil, changes input before the schema sees it; After changes the processed document; Patch checks the input of
	// an update before it is merged.
	Before, After func(doc map[string]any, o schema.Options) schema.Errors
	Patch         func(in map[string]any) schema.Errors

	index    int
	elem     reflect.Type
	id, key  int // the places of the fields ID and Endpoint in the type; key is -1 if it is not Keyed
	vanishes int // of Vanishes, -1 without TTL
	decode   func(doc []byte) (value any, err error)
	column   func(objects []Object) any // the values as []*T
}

// Reference is a field that holds another entity's id.
type Reference struct {
	Field   string // "service"
	To      string // kind name: "services"
	Cascade bool   // deleting the other deletes this one; otherwise the other cannot be deleted
	Nested  string // path segment below the other: "routes" in /services/{id}/routes; "" if there is none
	List    string // key of nested lists in declarative files: "routes"; "" if it cannot be nested
	Sparse  bool   // documents are without the field where it is null, and unique sets as well
	Fixed   bool   // an update may not change it
	Indexed bool   // Set.Referring finds entities by it
	NoPath  bool   // the Admin API has no path from the entity to the other, as /routes/{id}/service is

	place int // of the field in the type
}

// of returns the reference that an entity holds, or nil.
func (r *Reference) of(value any) *Ref {
	ref, _ := reflect.ValueOf(value).Elem().Field(r.place).Interface().(*Ref)
	return ref
}

func (k *Kind) idOf(value any) string { return reflect.ValueOf(value).Elem().Field(k.id).String() }

// keyOf returns what a Keyed entity is found by.
func (k *Kind) keyOf(value any) string { return reflect.ValueOf(value).Elem().Field(k.key).String() }

// end returns when an entity vanishes; the zero time if it does not.
func (k *Kind) end(value any) time.Time {
	if k.vanishes < 0 {
		return time.Time{}
	}
	end, _ := reflect.ValueOf(value).Elem().Field(k.vanishes).Interface().(time.Time)
	return end
}

// Target returns the kind that the reference points to.
func (r Reference) Target() *Kind { return KindOf(r.To) }

// Reference returns the reference in a field, or nil.
func (k *Kind) Reference(field string) *Reference {
	for i := range k.Refs {
		if k.Refs[i].Field == field {
			return &k.Refs[i]
		}
	}
	return nil
}

// UniqueSets returns the unique sets of a document, of which has says what fields it has: sparse references that are not set
// do not count. So a kind can get another reference, and what is stored stays as unique as it was.
func (k *Kind) UniqueSets(has func(field string) bool) [][]string {
	sparse := func(field string) bool {
		r := k.Reference(field)
		return r != nil && r.Sparse
	}
	sets := k.Unique
	for i, set := range k.Unique {
		if slices.ContainsFunc(set, func(f string) bool { return sparse(f) && !has(f) }) {
			if &sets[0] == &k.Unique[0] {
				sets = slices.Clone(k.Unique)
			}
			sets[i] = slices.DeleteFunc(slices.Clone(set), func(f string) bool { return sparse(f) && !has(f) })
		}
	}
	return sets
}

// Prepare makes a document complete: it expands shorthands of input such as a service's url, runs the schema and the
// checks of the kind. doc is not changed.
func (k *Kind) Prepare(doc map[string]any, o schema.Options) (map[string]any, schema.Errors) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	doc = maps.Clone(doc)
	if doc == nil {
		doc = map[string]any{}
	}
	var expires any
	if k.TTL {
		var errs schema.Errors
		if expires, errs = takeTTL(doc, o); errs != nil {
			// The rest is checked for its own errors.
			_, more := k.process(doc, o)
			maps.Copy(errs, more)
			return nil, errs
		}
	}
	done, errs := k.process(doc, o)
	if len(errs) > 0 {
		return nil, errs
	}
	if k.TTL {
		done["expires_at"] = expires
	}
	return done, nil
}

// CheckPatch checks what the input of an update has, for what cannot be seen any more once it is merged into the stored document.
func (k *Kind) CheckPatch(in map[string]any) schema.Errors {
	if k.Patch == nil {
		return nil
	}
	return k.Patch(in)
}

// Decode returns what a stored document of the kind says: *Service, *OAuth2Token, …
func (k *Kind) Decode(doc []byte) (any, error) { return k.decode(doc) }

// process runs the steps of the kind.
func (k *Kind) process(doc map[string]any, o schema.Options) (map[string]any, schema.Errors) {
	if k.Before != nil {
		if errs := k.Before(doc, o); len(errs) > 0 {
			return nil, errs
		}
	}
	done, errs := k.Schema.Process(doc, o)
	if err := checkTags(doc["tags"]); err != nil && errs["tags"] == nil {
		if errs == nil {
			errs = schema.Errors{}
		}
		errs["tags"] = err.Error()
	}
	if len(errs) > 0 {
		return nil, errs
	}
	for _, r := range k.Refs {
		if r.Sparse && done[r.Field] == nil {
			delete(done, r.Field)
		}
	}
	if k.After != nil {
		if errs := k.After(done, o); len(errs) > 0 {
			return nil, errs
		}
	}
	return done, nil
}

// MaxTag is how long a tag may be at most, in bytes: databases keep tags in indexes.
const MaxTag = 1024

// checkTags refuses tags that databases cannot keep. What else is wrong with them is for the schema to say.
func checkTags(v any) error {
	list, _ := v.([]any)
	for _, e := range list {
		if tag, _ := e.(string); len(tag) > MaxTag {
			return fmt.Errorf("a tag must not be longer than %d bytes", MaxTag)
		}
	}
	return nil
}
