package entity

import "encoding/json"

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
	version uint64
}

// NewSet decodes documents and indexes them. Documents that cannot be decoded, and those with a reference to what is not
// there, are left out and returned as problems.
func NewSet(version uint64, objects []Object) (*Set, []Problem) { return &Set{version: version}, nil }

// Version returns the version that the set was loaded at.
func (s *Set) Version() uint64 { return s.version }

// All returns all entities of a type, ordered by id.
func All[T any](s *Set) []*T { return nil }

// Get returns an entity, or nil.
func Get[T any](s *Set, id string) *T { return nil }

// Docs returns the documents of a kind, ordered by id.
func (s *Set) Docs(k *Kind) []json.RawMessage { return nil }

// Objects returns everything of a kind, ordered by id.
func (s *Set) Objects(k *Kind) []Object { return nil }

// Doc returns a document, or nil.
func (s *Set) Doc(k *Kind, id string) json.RawMessage { return nil }

// RoutesOf returns the routes of a service.
func (s *Set) RoutesOf(service string) []*Route { return nil }

// PluginsOf returns the enabled and disabled plugins whose scope is exactly this one; "" where not bound.
func (s *Set) PluginsOf(route, service, consumer string) []*Plugin { return nil }

// TargetsOf returns the targets of an upstream, ordered by id.
func (s *Set) TargetsOf(upstream string) []*Target { return nil }

// UpstreamNamed returns the upstream with this name, or nil.
func (s *Set) UpstreamNamed(name string) *Upstream { return nil }

// SNINamed returns the SNI with this name, or nil; wildcards are names as written.
func (s *Set) SNINamed(name string) *SNI { return nil }

// ConsumerNamed returns the consumer with this id, username or custom id, or nil.
func (s *Set) ConsumerNamed(key string) *Consumer { return nil }

// Credential returns the credential of a kind with this key, or nil: *KeyAuthCredential.
func (s *Set) Credential(kind string, key []byte) any { return nil }
