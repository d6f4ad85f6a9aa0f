package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrUnavailable means that the database cannot be reached now. Errors that mean it are of type *Unavailable.
var ErrUnavailable = errors.New("database unavailable")

// Unavailable says why the database cannot be reached now.
type Unavailable struct{ Cause error }

func (e *Unavailable) Error() string { return "database unavailable: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *Unavailable) Unwrap() error { return e.Cause }

// Is says that e is ErrUnavailable.
func (e *Unavailable) Is(target error) bool { return target == ErrUnavailable }

// errSilent means that the database took too long for a step.
var errSilent = errors.New("no answer in time")

// conflict says whether a transaction failed because of another one, and is to be repeated.
func conflict(err error) bool {
	switch code := postgresCode(err); code {
	case "40001", "40P01": // serialization failure, deadlock
		return true
	case "0A000": // prepared before another process migrated the tables
		return strings.Contains(err.Error(), "cached plan must not change result type")
	}
	return false
}

func postgresCode(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff // without the extension
	}
	return -1
}

// lost says whether a connection that was once good broke: another one may do.
func lost(err error) bool {
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || pgconn.SafeToRetry(err) {
		return !dialing(err)
	}
	switch postgresCode(err) {
	case "57P01", "57P02", "08003", "08006": // shut down, crashed, connection gone
		return true
	}
	var network net.Error
	return errors.As(err, &network) && !errors.Is(err, context.DeadlineExceeded) && !dialing(err)
}

func dialing(err error) bool {
	var e *pgconn.ConnectError
	return errors.As(err, &e)
}

// unavailable says whether an error means that the database cannot be reached now.
func unavailable(err error) bool {
	if err == errSilent || dialing(err) || lost(err) || errors.Is(err, sql.ErrConnDone) {
		return true
	}
	switch code := postgresCode(err); code {
	case "57014", "57P03", "57P05", "53300", "25P03", "25006": // statement timeout, starting, idle, too many, idle in transaction, a standby
		return true
	default:
		if strings.HasPrefix(code, "08") {
			return true
		}
	}
	code := sqliteCode(err)
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
}

// explain makes an error of a driver one that people understand and callers can branch on.
func explain(err error) error {
	if unavailable(err) {
		return &Unavailable{Cause: err}
	}
	switch sqliteCode(err) {
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("the disk is full: %w", err)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("the disk is full or the database's file cannot be written: %w", err)
	case sqlite3.SQLITE_READONLY:
		return fmt.Errorf("the database's file or folder may not be written: %w", err)
	}
	return err
}
