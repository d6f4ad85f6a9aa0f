package plugin

import (
	"context"
	"errors"
)

// ErrReadOnly is what Ledger.Change gives where there is no database to write to (database=off).
var ErrReadOnly = errors.New("plugin: no database to write to")

// Ledger holds entities of kinds that requests issue and use up (entity.Kind.Ledger), such as tokens. They are rows of the
// gateway's database like all entities, and the Admin API shows them, but they are no part of the configuration: writing one
// compiles nothing, and every node finds it at once.
type Ledger interface {
	// Find returns the entity of a kind whose unique field has this value, such as an *entity.OAuth2Token; nil if there is none. It
	// must not be changed. What this node has found is remembered: that another node has changed or removed it is seen within a
	// second, and while the database is away what was found last goes on being found. value may be borrowed.
	Find(ctx context.Context, kind, field string, value []byte) (any, error)
	// Change runs fn in a transaction, one after another on all nodes, and commits if fn returns nil. fn may run again; it must have no
	// effects of its own.
	Change(ctx context.Context, fn func(LedgerTx) error) error
}

// LedgerTx is a transaction of a ledger. It sees its own writes, and nothing that is remembered.
type LedgerTx interface {
	// Find is Ledger.Find in the transaction.
	Find(kind, field, value string) (any, error)
	// Put stores a document in place of the one with its id; without an id it is a new one. What is missing is completed as in the
	// Admin API: defaults, made-up keys, created_at; ttl is in seconds. It returns the entity.
	Put(kind string, doc map[string]any) (any, error)
	// Delete removes an entity if it is there.
	Delete(kind, id string) error
}
