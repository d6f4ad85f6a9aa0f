// Package store keeps what the provider knows, in tables of SQLite or PostgreSQL: pools and clients, keys, users, groups, sessions, codes,
// grants, messages. Its main type is Store; View and Update run a function with a Tx, whose methods, by subject in files of their own,
// read and write rows. Secrets are sealed on the way in when there is a master key.
//
// To add a table: a migration at the end of the list in migrations.go, and a file with a row struct and methods of Tx.
//
// The package does not judge: what a pool's document means, or whether a password is right, is decided above it.
package store

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/gibbon-gateway/gibbon/internal/idp/seal"
	"github.com/gibbon-gateway/gibbon/internal/store/sqldb"
)

// ErrNotFound means that no row has the given key.
var ErrNotFound = errors.New("not found")

// ErrExists means that a row with the same key or unique value is there already.
var ErrExists = errors.New("exists already")

// Store is the provider's database. Its methods may be called at once.
type Store struct {
	db      *sqldb.DB
	box     *seal.Box
	version atomic.Uint64
}

// Version moves whenever this process changed pools, clients, domains, resource servers or keys: what was read before it moved may be old.
// Changes by other processes on the same PostgreSQL do not move it.
func (s *Store) Version() uint64 { return s.version.Load() }

// View runs fn in a consistent read.
func (s *Store) View(ctx context.Context, fn func(*Tx) error) error {
	return s.db.View(ctx, func(c sqldb.Conn) error { return fn(&Tx{ctx: ctx, conn: c, box: s.box}) })
}

// Update runs fn in a transaction and commits if it returns nil. It may run fn again after a conflict: fn must have no effects of its own
// but what it assigns anew each time.
func (s *Store) Update(ctx context.Context, fn func(*Tx) error) error {
	var changed bool
	err := s.db.Update(ctx, func(c sqldb.Conn) error {
		tx := &Tx{ctx: ctx, conn: c, box: s.box}
		err := fn(tx)
		changed = tx.config
		return err
	})
	if err == nil && changed {
		s.version.Add(1)
	}
	return err
}

// Close releases the database.
func (s *Store) Close() error { return s.db.Close() }
