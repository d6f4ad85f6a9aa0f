package entity

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Problem is an object that was left out, and why.
type Problem struct {
	Kind, ID string
	Err      error
}

// Object is a stored document and what it says.
type Object struct {
	Kind  *Kind
	ID    string
	Doc   json.RawMessage
	Value any // *Service, *Route, …; filled by NewSet
}

// Set holds all entities at one version. It does not change.
type Set struct {
	version  uint64
	problems []Problem
	unknown  []Problem // of objects without a kind
	columns  []column  // by the index of the kind
	indexes
}

// column holds everything of a kind, ordered by id.
type column struct {
	objects []Object
	values  any // []*T

	left     []Object // what was left out
	problems []Problem
}

// Version returns the version that the set was loaded at.
func (s *Set) Version() uint64 { return s.version }

// Problems returns what NewSet has left out.
func (s *Set) Problems() []Problem { return s.problems }

// All returns all entities of a type, ordered by id. The slice is the set's own: it must not be changed, like all slices
// that a set hands out.
func All[T any](s *Set) []*T {
	values, _ := s.column(known.Load().byType[reflect.TypeFor[T]()]).values.([]*T)
	return values
}

// Get returns an entity, or nil.
func Get[T any](s *Set, id string) *T {
	c := s.column(known.Load().byType[reflect.TypeFor[T]()])
	if i := find(c.objects, id); i >= 0 {
		return c.values.([]*T)[i]
	}
	return nil
}

// column returns a column, an empty one of a set that is empty.
func (s *Set) column(k *Kind) *column {
	if s == nil || k == nil || k.index >= len(s.columns) {
		return &column{} // the kind was not known when the set was made
	}
	return &s.columns[k.index]
}

// find returns the place of an id in a list that is ordered by it, or -1.
func find(objects []Object, id string) int {
	i, ok := slices.BinarySearchFunc(objects, id, func(o Object, id string) int { return strings.Compare(o.ID, id) })
	if !ok {
		return -1
	}
	return i
}

// Docs returns the documents of a kind, ordered by id.
func (s *Set) Docs(k *Kind) []json.RawMessage {
	objects := s.Objects(k)
	docs := make([]json.RawMessage, len(objects))
	for i := range objects {
		docs[i] = objects[i].Doc
	}
	return docs
}

// Objects returns everything of a kind, ordered by id.
func (s *Set) Objects(k *Kind) []Object { return s.column(k).objects }

// Doc returns a document, or nil.
func (s *Set) Doc(k *Kind, id string) json.RawMessage {
	c := s.column(k)
	if i := find(c.objects, id); i >= 0 {
		return c.objects[i].Doc
	}
	return nil
}

// RoutesOf returns the routes of a service, ordered by id.
func (s *Set) RoutesOf(service string) []*Route {
	if s.routesOf == nil {
		return nil // an empty set
	}
	return s.routesOf()[service]
}

// PluginsOf returns the enabled and disabled plugins whose scope is exactly this one and no consumer group; "" where not bound.
func (s *Set) PluginsOf(route, service, consumer string) []*Plugin {
	return s.pluginsOf[scope{route: route, service: service, consumer: consumer}]
}

// TargetsOf returns the targets of an upstream, ordered by id.
func (s *Set) TargetsOf(upstream string) []*Target { return s.targetsOf[upstream] }

// Referring returns the entities of a kind whose Indexed reference holds this id, ordered by their own.
func (s *Set) Referring(kind, field, id string) []any { return s.referring[reference{kind, field}][id] }

// ConsumerGroupNamed returns the consumer group with this name, or nil.
func (s *Set) ConsumerGroupNamed(name string) *ConsumerGroup { return s.groups[name] }

// ConsumerGroupsOf returns the consumer groups that a consumer is in, ordered by name: the first has the last word.
func (s *Set) ConsumerGroupsOf(consumer string) []*ConsumerGroup { return s.groupsOf[consumer] }

// UpstreamNamed returns the upstream with this name, or nil.
func (s *Set) UpstreamNamed(name string) *Upstream { return s.upstreams[name] }

// SNINamed returns the SNI with this name, or nil; wildcards are names as written.
func (s *Set) SNINamed(name string) *SNI { return s.snis[name] }

// ConsumerNamed returns the consumer with this id, username or custom id, or nil.
func (s *Set) ConsumerNamed(key string) *Consumer { return s.consumers[key] }

// Credential returns the entity of a Keyed kind with this key, such as a consumer's API key, or nil. Entities whose time is over are
// not returned. Of Ledger kinds only those that were declared in a file are in a set.
func (s *Set) Credential(kind string, key []byte) any {
	found := s.keyed[kind][string(key)]
	if !found.end.IsZero() && !time.Now().Before(found.end) {
		return nil
	}
	return found.value
}
