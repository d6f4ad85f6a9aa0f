package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/seal"
	"github.com/gibbon-gateway/gibbon/internal/store/sqldb"
)

// Tx reads and writes within a transaction. It sees its own writes. It must not be used after the function it was given to.
type Tx struct {
	ctx    context.Context
	conn   sqldb.Conn
	box    *seal.Box
	config bool // something was written that others keep in memory
}

// row is what scan functions read from.
type row interface{ Scan(into ...any) error }

// configured notes that the transaction writes what others keep in memory; see Store.Version.
func (tx *Tx) configured() { tx.config = true }

// all runs a query and scans every row.
func all[T any](tx *Tx, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := tx.conn.QueryContext(tx.ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// one runs a query for a single row: ErrNotFound if there is none.
func one[T any](tx *Tx, scan func(row) (T, error), query string, args ...any) (v T, err error) {
	list, err := all(tx, scan, query, args...)
	switch {
	case err != nil:
		return v, err
	case len(list) == 0:
		return v, ErrNotFound
	}
	return list[0], nil
}

// exec runs a statement.
func (tx *Tx) exec(query string, args ...any) error {
	_, err := tx.count(query, args...)
	return err
}

// count runs a statement and returns how many rows it changed.
func (tx *Tx) count(query string, args ...any) (int64, error) {
	result, err := tx.conn.ExecContext(tx.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// change runs a statement that must change a row: ErrNotFound if it changed none.
func (tx *Tx) change(query string, args ...any) error {
	n, err := tx.count(query, args...)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// insert runs an INSERT: ErrExists if a unique value is taken. It asks the database not to fail, for in PostgreSQL a failed statement
// spoils the transaction.
func (tx *Tx) insert(query string, args ...any) error {
	n, err := tx.count(query+` ON CONFLICT DO NOTHING`, args...)
	if err == nil && n == 0 {
		return ErrExists
	}
	return err
}

// millis stores a time as milliseconds since 1970; the zero time as 0.
type millis time.Time

// Value implements driver.Valuer.
func (m millis) Value() (driver.Value, error) {
	if time.Time(m).IsZero() {
		return int64(0), nil
	}
	return time.Time(m).UnixMilli(), nil
}

// Scan implements sql.Scanner.
func (m *millis) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("time stored as %T", v)
	}
	*m = millis{}
	if n != 0 {
		*m = millis(time.UnixMilli(n).UTC())
	}
	return nil
}

// flag stores a boolean as 0 or 1.
type flag bool

// Value implements driver.Valuer.
func (f flag) Value() (driver.Value, error) {
	if f {
		return int64(1), nil
	}
	return int64(0), nil
}

// Scan implements sql.Scanner.
func (f *flag) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return errors.New("flag is not stored as a number")
	}
	*f = n != 0
	return nil
}
