package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/gibbon-gateway/gibbon/entity"
)

// Facts are what an implementation of Store must know about a document.
type Facts struct {
	ID      string
	Created int64    // microseconds since 1970
	Expires int64    // when it vanishes, in milliseconds since 1970; 0: it stays
	Tags    []string // each once
	Refs    []Link
	Unique  []Value
}

// Link is a reference that is set.
type Link struct {
	entity.Reference
	ID string
}

// Value is what a document has in a unique set of fields.
type Value struct {
	Fields []string
	Key    string         // equal for equal values
	Parts  map[string]any // as UniqueError shows them
}

// Read finds the facts in a document.
func Read(k *entity.Kind, doc json.RawMessage) (Facts, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(doc, &fields); err != nil {
		return Facts{}, fmt.Errorf("%s: document: %w", k.Name, err)
	}
	if !utf8.Valid(doc) {
		return Facts{}, fmt.Errorf("%s: document: is not UTF-8", k.Name)
	}
	r := reader{kind: k, fields: fields}
	f := Facts{Unique: r.unique()}
	r.into("id", &f.ID)
	var created, expires *float64
	r.into("created_at", &created)
	if created != nil {
		f.Created = int64(math.Round(*created * 1e6))
	}
	if k.TTL {
		r.into("expires_at", &expires)
		if expires != nil {
			f.Expires = max(1, int64(min(*expires, 1e12)*1e3))
		}
	}
	var tags []string
	r.into("tags", &tags)
	seen := map[string]bool{}
	for _, tag := range tags {
		if len(tag) > entity.MaxTag {
			r.fail("tags", fmt.Errorf("a tag is longer than %d bytes", entity.MaxTag))
		}
		if !Storable(tag) {
			r.fail("tags", errors.New("a tag contains a zero byte"))
		}
		if !seen[tag] {
			seen[tag] = true
			f.Tags = append(f.Tags, tag)
		}
	}
	for _, ref := range k.Refs {
		if id := r.ref(ref.Field); id != "" {
			f.Refs = append(f.Refs, Link{Reference: ref, ID: id})
		}
	}
	if f.ID == "" || !Storable(f.ID) {
		r.fail("id", errors.New("is missing"))
	}
	return f, r.err
}

// Storable says whether a database can keep a text as it is.
func Storable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// reader reads fields and keeps the first error.
type reader struct {
	kind   *entity.Kind
	fields map[string]json.RawMessage
	err    error
}

func (r *reader) fail(field string, err error) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %s: %w", r.kind.Name, field, err)
	}
}

func (r *reader) into(field string, v any) {
	if raw, ok := r.fields[field]; ok {
		if err := json.Unmarshal(raw, v); err != nil {
			r.fail(field, err)
		}
	}
}

func (r *reader) ref(field string) string {
	var ref *entity.Ref
	r.into(field, &ref)
	if ref == nil {
		return ""
	}
	if !Storable(ref.ID) {
		r.fail(field, errors.New("id contains a zero byte"))
	}
	return ref.ID
}

func (r *reader) unique() (values []Value) {
	has := func(field string) bool { raw := r.fields[field]; return raw != nil && string(raw) != "null" }
	for _, fields := range r.kind.UniqueSets(has) {
		parts, list := map[string]any{}, make([]any, len(fields))
		for i, field := range fields {
			if isRef(r.kind, field) {
				if id := r.ref(field); id != "" {
					parts[field], list[i] = map[string]any{"id": id}, id
				} else {
					parts[field] = nil
				}
				continue
			}
			var v any
			r.into(field, &v)
			parts[field], list[i] = v, v
		}
		if len(fields) == 1 && list[0] == nil {
			continue
		}
		values = append(values, Value{Fields: fields, Key: uniqueKey(list), Parts: parts})
	}
	return values
}

func isRef(k *entity.Kind, field string) bool {
	for _, ref := range k.Refs {
		if ref.Field == field {
			return true
		}
	}
	return false
}

// uniqueKey makes one text of values.
func uniqueKey(values []any) string {
	if s, ok := values[0].(string); ok && len(values) == 1 {
		return FindKey(s)
	}
	b, err := json.Marshal(values)
	if err != nil {
		return fmt.Sprint(values) // cannot be: the values came out of JSON
	}
	return "[" + string(b)
}

// FindKey returns the Key that a document has whose only field of a unique set is this text.
func FindKey(value string) string { return "=" + value }

// Findable says whether documents of a kind can be found by a field: it is unique alone.
func Findable(k *entity.Kind, field string) bool {
	for _, fields := range k.Unique {
		if len(fields) == 1 && fields[0] == field {
			return true
		}
	}
	return false
}
