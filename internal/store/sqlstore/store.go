// Package sqlstore keeps configuration documents in SQLite or PostgreSQL, with the same statements for both. Its main type is Store, a
// store.Store. Documents are in one table; references, unique values and tags in tables beside it, written and checked here, so that a new
// kind of entity needs no new table.
//
// Writers run one after another, so that what one has checked no other undoes; readers do not wait for them. Each commit that wrote
// something moves the version. Notifications of PostgreSQL only wake Watch; what counts is the version, which is also looked at from time
// to time.
package sqlstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/internal/store/sqldb"
)

const (
	writers = 0x676962626f6e // key of the lock of those that write
	channel = "gibbon_config"
)

// Options of Open.
type Options struct {
	SQLite   string          // path of the file; or
	Postgres *sqldb.Postgres // where the database is

	Poll     time.Duration          // PostgreSQL: how often to look for changes that no notification told of; 0 means 5 s
	Kinds    []*entity.Kind         // what it holds; entity.Kinds if empty
	Now      func() time.Time       // time.Now if nil
	Problems func([]entity.Problem) // told by every Load what it had to leave out; may be nil
}

// Store keeps documents in a database.
type Store struct {
	db       *sqldb.DB
	catalog  store.Catalog
	poll     time.Duration
	now      func() time.Time
	problems func([]entity.Problem)

	mu      sync.Mutex
	changed chan struct{} // closed when the version may have moved
	last    loaded        // what the next Load starts from

	expiring chan struct{} // a token: a document with an end was written
	stop     context.CancelFunc
	running  sync.WaitGroup
}

// Open opens a database, and makes or migrates its tables.
func Open(ctx context.Context, o Options) (*Store, error) {
	var db *sqldb.DB
	var err error
	if o.Postgres != nil {
		db, err = sqldb.OpenPostgres(*o.Postgres)
	} else {
		db, err = sqldb.OpenSQLite(o.SQLite, true)
	}
	if err != nil {
		return nil, fmt.Errorf("configuration's database: %w", err)
	}
	if err := db.Migrate(ctx, "config_migrations", migrations); err != nil {
		return nil, errors.Join(fmt.Errorf("configuration's database: %w", explain(err)), db.Close())
	}
	s := &Store{db: db, catalog: store.NewCatalog(o.Kinds), poll: cmp.Or(max(o.Poll, 0), 5*time.Second), now: o.Now, problems: o.Problems,
		changed: make(chan struct{}), expiring: make(chan struct{}, 1)}
	if s.now == nil {
		s.now = time.Now
	}
	var background context.Context
	background, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	if db.Postgres() {
		s.running.Go(func() { db.Listen(background, channel, s.wake) })
	}
	if s.catalog.HasTTL() {
		s.running.Go(func() { s.expire(background) })
	}
	return s, nil
}

// Close releases the database.
func (s *Store) Close() error {
	s.stop()
	s.running.Wait()
	err := s.db.Close()
	s.wake()
	return err
}

// DB returns the database, for what gateways share beside documents. It ends with the store.
func (s *Store) DB() *sqldb.DB { return s.db }

// wake wakes those that watch.
func (s *Store) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Store) changes() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// explain translates errors of the database into those of the contract.
func explain(err error) error {
	var away *sqldb.Unavailable
	if errors.As(err, &away) {
		return fmt.Errorf("%w: %w", store.ErrUnavailable, away.Cause)
	}
	return err
}

// View implements store.Store.
func (s *Store) View(ctx context.Context, fn func(store.Tx) error) error {
	return s.view(ctx, func(tx *tx) error { return fn(tx) })
}

func (s *Store) view(ctx context.Context, fn func(*tx) error) error {
	return explain(s.db.View(ctx, func(c sqldb.Conn) error {
		return fn(&tx{ctx: ctx, conn: c, catalog: s.catalog, now: s.now().UnixMilli(), readOnly: true})
	}))
}

// Update implements store.Store.
func (s *Store) Update(ctx context.Context, fn func(store.Tx) error) error {
	return s.update(ctx, func(tx *tx) error { return fn(tx) })
}

func (s *Store) update(ctx context.Context, fn func(*tx) error) error {
	var t *tx
	err := s.db.UpdateAlone(ctx, writers, func(c sqldb.Conn) error {
		t = &tx{ctx: ctx, conn: c, catalog: s.catalog, now: s.now().UnixMilli()}
		if err := fn(t); err != nil || t.changed == nil {
			return err
		}
		if err := t.move(); err != nil || !s.db.Postgres() {
			return err
		}
		return t.exec(`SELECT pg_notify($1, '')`, channel)
	})
	if err != nil {
		return explain(err)
	}
	if t.changed != nil {
		s.wake()
	}
	if t.expiring {
		select {
		case s.expiring <- struct{}{}:
		default:
		}
	}
	return nil
}

// Watch implements store.Store.
func (s *Store) Watch(ctx context.Context, after uint64) (uint64, error) {
	for {
		changed := s.changes()
		var version uint64
		err := s.view(ctx, func(tx *tx) (err error) {
			version, err = tx.version()
			return err
		})
		var wait <-chan time.Time
		switch {
		case err == nil && version != after:
			return version, nil
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case errors.Is(err, store.ErrUnavailable):
			wait = time.After(min(s.poll, time.Second))
		case err != nil:
			return 0, err
		case s.db.Postgres():
			wait = time.After(s.poll)
		}
		select {
		case <-changed:
		case <-wait:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// Secret implements store.Store.
func (s *Store) Secret(ctx context.Context, name string) ([]byte, error) {
	if !store.Storable(name) {
		return nil, fmt.Errorf("secret: %q is not a name", name)
	}
	var secret []byte
	read := func(tx *tx) error {
		secret = nil
		return tx.query(func(r row) error { return r.Scan(&secret) }, `SELECT value FROM config_secrets WHERE name = $1`, name)
	}
	if err := s.view(ctx, read); err != nil || secret != nil {
		return secret, err
	}
	fresh := make([]byte, 32)
	rand.Read(fresh)
	err := s.update(ctx, func(tx *tx) error { // moves no version: nothing is noted
		if err := tx.exec(`INSERT INTO config_secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, fresh); err != nil {
			return err
		}
		return read(tx)
	})
	return secret, err
}

// expire removes documents when they are over, until ctx ends. Every node does; whoever comes second finds nothing.
func (s *Store) expire(ctx context.Context) {
	var next time.Time // when to sweep at the earliest: many documents that end one after another go together
	for ctx.Err() == nil {
		wait := max(s.untilNext(ctx), time.Until(next))
		if wait <= 0 {
			err := s.update(ctx, func(tx *tx) error { return tx.sweep() })
			if err == nil {
				next = time.Now().Add(time.Second)
				continue
			}
			wait = 5 * time.Second
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-s.expiring:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// untilNext returns how long it is until a document is over, a minute at most: other nodes write too.
func (s *Store) untilNext(ctx context.Context) time.Duration {
	next := int64(0)
	err := s.view(ctx, func(tx *tx) error {
		return tx.query(func(r row) error { return r.Scan(&next) },
			`SELECT coalesce(min(expires), 0) FROM config_documents WHERE expires > 0`)
	})
	if err != nil {
		return 5 * time.Second
	}
	if next == 0 {
		return time.Minute
	}
	return min(time.Minute, time.UnixMilli(next).Sub(s.now()))
}
