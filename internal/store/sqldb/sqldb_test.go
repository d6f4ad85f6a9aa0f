package sqldb_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/store/pgtest"
	"github.com/gibbon-gateway/gibbon/internal/store/sqldb"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// each runs a test on both databases; on SQLite alone with -short.
func each(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, filepath.Join(t.TempDir(), "db")) })
	if testing.Short() {
		return
	}
	t.Run("postgres", func(t *testing.T) {
		s := pgtest.Shared(t)
		test(t, s.DSN(s.Database(t)))
	})
}

func open(t *testing.T, dsn string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(dsn, sqldb.Options{Timeout: 3 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func number(ctx context.Context, c sqldb.Conn, query string, args ...any) (n int, err error) {
	rows, err := c.QueryContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, err
		}
	}
	return n, rows.Err()
}

func TestMigrate(t *testing.T) {
	each(t, func(t *testing.T, dsn string) {
		steps := []string{`CREATE TABLE a (n INTEGER, b {bytes}, c TEXT {C})`, `CREATE TABLE b (n INTEGER); INSERT INTO b (n) VALUES (7)`}
		db := open(t, dsn)
		if err := db.Migrate(t.Context(), "steps", steps[:1]); err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(t.Context(), "steps", append(steps[:1:1], `CREATE TABLE x (n INTEGER); nonsense`)); err == nil || !strings.Contains(err.Error(), "migration 2") {
			t.Error(err)
		}
		if err := errors.Join(db.Migrate(t.Context(), "steps", steps), db.Migrate(t.Context(), "steps", steps)); err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(t.Context(), "steps", steps[:1]); err == nil || !strings.Contains(err.Error(), "too old") {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		db = open(t, dsn) // the file is free again
		defer db.Close()
		err := db.View(t.Context(), func(c sqldb.Conn) error {
			n, err := number(t.Context(), c, `SELECT sum(n) FROM b`)
			if n != 7 {
				t.Error(n)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// Updates that disturb each other are repeated, so that none is lost.
func TestConflictsAreRepeated(t *testing.T) {
	each(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		defer db.Close()
		if err := db.Migrate(t.Context(), "steps", []string{`CREATE TABLE a (n INTEGER NOT NULL); INSERT INTO a (n) VALUES (0)`}); err != nil {
			t.Fatal(err)
		}
		count := func(c sqldb.Conn) error {
			n, err := number(t.Context(), c, `SELECT n FROM a`)
			if err != nil {
				return err
			}
			_, err = c.ExecContext(t.Context(), `UPDATE a SET n = $1`, n+1)
			return err
		}
		const sides, times = 3, 10
		var done sync.WaitGroup
		for range sides {
			done.Go(func() {
				for range times {
					if err := errors.Join(db.Update(t.Context(), count), db.UpdateAlone(t.Context(), 1, func(sqldb.Conn) error { return nil })); err != nil {
						t.Error(err)
					}
				}
			})
		}
		done.Wait()
		err := db.View(t.Context(), func(c sqldb.Conn) error {
			n, err := number(t.Context(), c, `SELECT n FROM a`)
			if n != sides*times {
				t.Error(n)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// A statement that waits for another's lock is given up in time, and the next one works.
func TestSlowStatementIsGivenUp(t *testing.T) {
	if testing.Short() {
		return
	}
	s := pgtest.Shared(t)
	db, err := sqldb.Open(s.DSN(s.Database(t)), sqldb.Options{Timeout: 500 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	start := time.Now()
	err = db.Update(t.Context(), func(c sqldb.Conn) error {
		_, err := c.ExecContext(t.Context(), `SELECT pg_sleep(60)`)
		return err
	})
	if !errors.Is(err, sqldb.ErrUnavailable) || time.Since(start) > 10*time.Second {
		t.Error(err, time.Since(start))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err = db.Update(ctx, func(c sqldb.Conn) error {
		_, err := c.ExecContext(ctx, `SELECT pg_sleep(60)`)
		return err
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if err := db.Update(t.Context(), func(c sqldb.Conn) error {
		_, err := c.ExecContext(t.Context(), `SELECT 1`)
		return err
	}); err != nil {
		t.Error(err)
	}
}
