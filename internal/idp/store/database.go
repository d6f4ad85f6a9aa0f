package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/gibbon-gateway/gibbon/internal/idp/seal"
)

// attempts is how often an update runs that others' updates disturb.
const attempts = 10

// database runs transactions on one of the two databases.
type database struct {
	read, write *sql.DB
	writing     *sync.Mutex // SQLite has one writer; waiting here is fairer than its busy timeout
	postgres    bool
}

// Open opens the provider's tables, creating or migrating them. dsn is "postgres://…", or a file's path for SQLite. masterKey seals secrets;
// "" leaves them in the clear.
func Open(ctx context.Context, dsn, masterKey string) (*Store, error) {
	box, err := seal.New(masterKey)
	if err != nil {
		return nil, err
	}
	db, err := connect(dsn)
	if err != nil {
		return nil, fmt.Errorf("provider's database: %w", err)
	}
	s := &Store{db: db, box: box}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("provider's database: %w", err), db.close())
	}
	return s, nil
}

func connect(dsn string) (d database, err error) {
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		d.postgres = true
		d.read, err = sql.Open("pgx", dsn)
		if err != nil {
			return d, err
		}
		d.read.SetMaxOpenConns(16)
		d.read.SetMaxIdleConns(16)
		d.write = d.read
		return d, nil
	}
	source := "file:" + (&url.URL{Path: dsn}).EscapedPath() + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=synchronous(normal)&_pragma=foreign_keys(1)"
	d.writing = new(sync.Mutex)
	if d.write, err = sql.Open("sqlite", source+"&_txlock=immediate"); err != nil {
		return d, err
	}
	d.write.SetMaxOpenConns(1)
	if d.read, err = sql.Open("sqlite", source); err != nil {
		return d, errors.Join(err, d.write.Close())
	}
	d.read.SetMaxOpenConns(8)
	d.read.SetMaxIdleConns(8)
	return d, nil
}

func (d database) close() error {
	err := d.write.Close()
	if d.read != d.write {
		err = errors.Join(err, d.read.Close())
	}
	return err
}

func (d database) view(ctx context.Context, fn func(conn) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if d.postgres {
		options.Isolation = sql.LevelRepeatableRead
	}
	tx, err := d.read.BeginTx(ctx, options)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	return fn(tx)
}

func (d database) update(ctx context.Context, fn func(conn) error) error {
	if d.writing != nil {
		d.writing.Lock()
		defer d.writing.Unlock()
	}
	for attempt := 1; ; attempt++ {
		err := d.once(ctx, fn)
		var conflict *pgconn.PgError
		// 40001: serialization failure, 40P01: deadlock. Both mean: again.
		if errors.As(err, &conflict) && (conflict.Code == "40001" || conflict.Code == "40P01") && attempt < attempts {
			continue
		}
		return err
	}
}

func (d database) once(ctx context.Context, fn func(conn) error) error {
	options := &sql.TxOptions{}
	if d.postgres {
		options.Isolation = sql.LevelRepeatableRead
	}
	tx, err := d.write.BeginTx(ctx, options)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// migrate runs the migrations that were not run yet, all in one transaction.
func (s *Store) migrate(ctx context.Context) error {
	words := strings.NewReplacer("{bytes}", "BLOB", "{C}", "")
	if s.db.postgres {
		words = strings.NewReplacer("{bytes}", "BYTEA", "{C}", `COLLATE "C"`)
	}
	return s.Update(ctx, func(tx *Tx) error {
		if s.db.postgres { // of two processes that start at once, one migrates
			if err := tx.exec(`SELECT pg_advisory_xact_lock(7369642)`); err != nil {
				return err
			}
		}
		if err := tx.exec(`CREATE TABLE IF NOT EXISTS idp_migrations (version INTEGER PRIMARY KEY)`); err != nil {
			return err
		}
		done, err := one(tx, scanInt, `SELECT coalesce(max(version), 0) FROM idp_migrations`)
		if err != nil {
			return err
		}
		if done > len(migrations) {
			return fmt.Errorf("its tables are of version %d, this program knows %d: it is too old", done, len(migrations))
		}
		for i := done; i < len(migrations); i++ {
			for _, statement := range strings.Split(words.Replace(migrations[i]), ";") {
				if err := tx.exec(statement); err != nil {
					return fmt.Errorf("migration %d: %w", i+1, err)
				}
			}
			if err := tx.exec(`INSERT INTO idp_migrations (version) VALUES ($1)`, i+1); err != nil {
				return err
			}
		}
		return nil
	})
}
