// Package store is the contract for where configuration documents live. Its main type is Store: whole sets are loaded,
// versions watched, changes made in transactions that check references and uniqueness. Implementations: sqlstore (SQLite and
// PostgreSQL), Memory (for tests). Every one passes storetest. It does not validate documents; entity and admin do.
//
// Documents of kinds with TTL vanish from reads at their expires_at, in seconds since 1970, and soon afterwards from the database, which
// moves the version. Those of kinds with Ledger are rows like all others, but Load leaves them out, and they never move the version.
package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gibbon-gateway/gibbon/entity"
)

// ErrNotFound means that no document has that id or key.
var ErrNotFound = errors.New("not found")

// ErrUnavailable is wrapped by errors that mean that the database cannot be reached now.
var ErrUnavailable = errors.New("database unavailable")

// ErrReadOnly is returned by Update where there is no database to write to (database=off).
var ErrReadOnly = errors.New("read only")

// ErrOffset means that Query.After, or the "after" of Tags, is not where a page has ended.
var ErrOffset = errors.New("invalid offset")

// UniqueError says that another document of the kind has the same values in a unique set of fields.
type UniqueError struct {
	Kind   *entity.Kind
	Fields map[string]any // field → value; a reference is {"id": …}; null where unset
}

func (e *UniqueError) Error() string {
	return fmt.Sprintf("%s: UNIQUE violation on %v", e.Kind.Name, e.Fields)
}

// PrimaryKeyError says that an inserted id is taken.
type PrimaryKeyError struct {
	Kind *entity.Kind
	ID   string
}

func (e *PrimaryKeyError) Error() string { return fmt.Sprintf("%s %s: id is taken", e.Kind.Name, e.ID) }

// ReferenceError says that a document refers to one that does not exist.
type ReferenceError struct {
	Kind  *entity.Kind
	Field string // "service"
	To    *entity.Kind
	ID    string
}

func (e *ReferenceError) Error() string {
	return fmt.Sprintf("%s: %s refers to %s %s, which does not exist", e.Kind.Name, e.Field, e.To.Name, e.ID)
}

// ReferencedError says that a document cannot be deleted because another refers to it.
type ReferencedError struct {
	Kind *entity.Kind // of what was to be deleted
	By   *entity.Kind // of what refers to it
}

func (e *ReferencedError) Error() string {
	return fmt.Sprintf("an existing %s entity references this %s entity", e.By.Name, e.Kind.Name)
}

// Query asks for a page of documents.
type Query struct {
	Size   int    // 1 to 1000
	After  string // Next of the page before; "" from the start. Ordered by id, any id will do
	Tags   []string
	AnyTag bool   // any of Tags suffices; otherwise all are needed
	Ref    string // only documents whose reference field Ref …
	RefID  string // … points to this id
	Newest bool   // newest first by creation (targets), instead of by id
}

// Page is a part of a list, and where the next begins ("" on the last).
type Page struct {
	Docs []json.RawMessage
	Next string
}

// TagRow is one row of /tags.
type TagRow struct{ Tag, Kind, ID string }

// Tx reads and writes within a transaction. It sees its own writes.
type Tx interface {
	// Get returns the document with this id, or ErrNotFound.
	Get(k *entity.Kind, id string) (json.RawMessage, error)
	// Find returns the document whose unique field has this value, or ErrNotFound.
	Find(k *entity.Kind, field, value string) (json.RawMessage, error)
	// List returns a page.
	List(k *entity.Kind, q Query) (Page, error)
	// Tags returns rows of tags, all or those of one tag, ordered, behind the row "after".
	Tags(tag string, size int, after string) (rows []TagRow, next string, err error)
	// Insert stores a new document: UniqueError, PrimaryKeyError or ReferenceError if it cannot be.
	Insert(k *entity.Kind, doc json.RawMessage) error
	// Put stores a document, replacing the one with its id if there is one: UniqueError, ReferenceError.
	Put(k *entity.Kind, doc json.RawMessage) error
	// Delete removes a document and, by cascade, those that belong to it: ErrNotFound, ReferencedError.
	Delete(k *entity.Kind, id string) error
}

// Store keeps documents. Methods are safe for concurrent use.
type Store interface {
	// Load reads everything at one version. A store may take over from the set before what has not changed.
	Load(ctx context.Context) (*entity.Set, error)
	// Watch blocks until the version is another than after, and returns it; or until ctx ends. The version of a database that was
	// replaced by an older copy is lower. While the database is away, Watch waits. A fresh database has version 0.
	Watch(ctx context.Context, after uint64) (uint64, error)
	// View runs fn in a consistent read. fn may run again if the connection breaks.
	View(ctx context.Context, fn func(Tx) error) error
	// Update runs fn in a transaction and, if fn returns nil and something was written, commits it and moves the version.
	// fn may run again after a conflict; it must have no effects of its own.
	Update(ctx context.Context, fn func(Tx) error) error
	// Secret returns 32 random bytes, made when somebody first asks for this name, the same for all nodes ever after. It does not move
	// the version.
	Secret(ctx context.Context, name string) ([]byte, error)
	// Close releases the database.
	Close() error
}
