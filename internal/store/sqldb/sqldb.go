// Package sqldb runs transactions on SQLite or PostgreSQL. Its main type is DB: View and Update run a function in a transaction, again
// where others' transactions disturb it; Migrate brings tables into shape. Statements are the same for both databases: placeholders are
// $1, $2, …. The package knows no tables; those above it do.
//
// A PostgreSQL that is away does not hold anybody up: no step of a transaction takes longer than the timeout, and errors that mean
// "cannot be reached now" are ErrUnavailable. The pool recovers by itself.
//
// A SQLite file belongs to one process; see claim.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	attempts = 10 // of an update that others' updates disturb
	losses   = 3  // of a transaction whose connection breaks before it commits
)

// DB is a database. Its methods may be called at once.
type DB struct {
	read, write *sql.DB
	writer      chan struct{}   // holds a token: of those that write alone, one per process has a connection
	timeout     time.Duration   // of a step of a transaction; 0: none
	config      *pgx.ConnConfig // PostgreSQL
	schema      string          // PostgreSQL: where tables are; "" for the database's choice
	lock        *os.File        // SQLite
}

// Conn runs statements in a transaction. Their context is checked when they start; afterwards that of the transaction counts.
type Conn interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Options of Open.
type Options struct {
	Durable bool          // SQLite: a commit survives not only the end of the process, but a power failure too
	Timeout time.Duration // PostgreSQL: of connecting and of each statement; 0 means 5 s
	Conns   int           // PostgreSQL: connections at most; 0 means 16
}

// Open opens "postgres://…" or, for anything else, a SQLite file.
func Open(dsn string, o Options) (*DB, error) {
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return OpenPostgres(Postgres{DSN: dsn, Timeout: o.Timeout, Conns: o.Conns})
	}
	return OpenSQLite(dsn, o.Durable)
}

// Postgres says whether the database is PostgreSQL.
func (db *DB) Postgres() bool { return db.config != nil }

// Close releases the connections and, with SQLite, the file. It says goodbye to a PostgreSQL, but does not wait for long.
func (db *DB) Close() error {
	if db.Postgres() {
		closed := make(chan error, 1)
		go func() { closed <- db.write.Close() }()
		select {
		case err := <-closed:
			return err
		case <-time.After(db.timeout):
			return nil // the end of the process closes the rest
		}
	}
	return errors.Join(db.write.Close(), db.read.Close(), db.lock.Close())
}

// View runs fn in a consistent read. It may run fn again if the connection breaks.
func (db *DB) View(ctx context.Context, fn func(Conn) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if db.Postgres() {
		options.Isolation = sql.LevelRepeatableRead
	}
	return db.repeat(ctx, transaction{pool: db.read, options: options, fn: fn, timeout: db.timeout})
}

// Update runs fn in a transaction and commits if it returns nil. Of two transactions that change the same row, one is repeated: fn must
// have no effects of its own but what it assigns anew each time.
func (db *DB) Update(ctx context.Context, fn func(Conn) error) error {
	t := transaction{pool: db.write, options: &sql.TxOptions{}, fn: fn, timeout: db.timeout}
	if db.Postgres() {
		t.options.Isolation = sql.LevelRepeatableRead
		return db.repeat(ctx, t)
	}
	return db.alone(ctx, t)
}

// UpdateAlone is Update, but runs one after another all transactions with this key, those of other processes too: what fn reads, no
// other of them changes meanwhile. What an earlier one has committed, it sees.
func (db *DB) UpdateAlone(ctx context.Context, key int64, fn func(Conn) error) error {
	return db.updateAlone(ctx, key, db.timeout, fn)
}

func (db *DB) updateAlone(ctx context.Context, key int64, timeout time.Duration, fn func(Conn) error) error {
	t := transaction{pool: db.write, options: &sql.TxOptions{}, fn: fn, timeout: timeout}
	if db.Postgres() {
		// A repeatable read would see what was there before it waited for the lock.
		t.options.Isolation = sql.LevelReadCommitted
		t.fn = func(c Conn) error {
			if timeout != db.timeout {
				if _, err := c.ExecContext(ctx, fmt.Sprintf(`SET LOCAL statement_timeout = %d`, timeout.Milliseconds())); err != nil {
					return err
				}
			}
			if _, err := c.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, key); err != nil {
				return err
			}
			return fn(c)
		}
	}
	return db.alone(ctx, t)
}

// alone runs a transaction when this process runs no other such: SQLite has one writer, and in PostgreSQL those that wait for a lock
// would take the connections of readers. Waiting here is fair.
func (db *DB) alone(ctx context.Context, t transaction) error {
	var late <-chan time.Time
	if t.timeout > 0 {
		timer := time.NewTimer(t.timeout)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-db.writer:
	case <-late:
		return &Unavailable{Cause: errors.New("other changes take too long")}
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { db.writer <- struct{}{} }()
	return db.repeat(ctx, t)
}

type transaction struct {
	pool    *sql.DB
	options *sql.TxOptions
	fn      func(Conn) error
	timeout time.Duration
}

// repeat runs a transaction until it is through or has failed for good.
func (db *DB) repeat(ctx context.Context, t transaction) error {
	for attempt := 1; ; attempt++ {
		committing, err := t.once(ctx)
		if err == nil {
			return nil
		}
		if ended := ctx.Err(); ended != nil {
			return fmt.Errorf("%w: %w", ended, explain(err))
		}
		again := conflict(err) && attempt < attempts || !committing && lost(err) && attempt < losses
		if !again {
			return explain(err)
		}
		select {
		case <-time.After(rand.N(time.Duration(attempt) * 2 * time.Millisecond)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// once runs a transaction. If the connection breaks while committing, nobody knows whether it is committed.
func (t transaction) once(ctx context.Context) (committing bool, err error) {
	conn := &watched{}
	if t.timeout > 0 {
		var end context.CancelCauseFunc
		ctx, end = context.WithCancelCause(ctx)
		defer end(nil)
		conn.timeout = t.timeout
		conn.timer = time.AfterFunc(t.timeout, func() { end(errSilent) })
		defer conn.timer.Stop()
		defer func() {
			if err != nil && context.Cause(ctx) == errSilent {
				err = errSilent
			}
		}()
	}
	conn.ctx = ctx
	if conn.tx, err = t.pool.BeginTx(ctx, t.options); err != nil {
		return false, err
	}
	defer conn.tx.Rollback()
	if err := t.fn(conn); err != nil {
		return false, err
	}
	if t.options.ReadOnly {
		return false, nil // rolled back: nothing to keep
	}
	conn.step()
	return true, conn.tx.Commit()
}

// watched is a transaction that is cancelled if it makes no step for a time.
type watched struct {
	tx      *sql.Tx
	ctx     context.Context
	timer   *time.Timer
	timeout time.Duration
}

func (w *watched) step() {
	if w.timer != nil {
		w.timer.Reset(w.timeout)
	}
}

func (w *watched) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w.step()
	return w.tx.ExecContext(w.ctx, query, args...)
}

func (w *watched) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w.step()
	return w.tx.QueryContext(w.ctx, query, args...)
}
