package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// readers is how many connections read a SQLite file at once.
const readers = 8

// OpenSQLite opens a SQLite file, creating it (readable by its owner alone) if it does not exist. What was committed survives the end of the
// process, however sudden; if durable, a power failure too, at the price of a flush to the disk per commit.
func OpenSQLite(path string, durable bool) (*DB, error) {
	db := &DB{writer: make(chan struct{}, 1)}
	db.writer <- struct{}{}
	if err := db.openSQLite(path, durable); err != nil {
		for _, pool := range []*sql.DB{db.write, db.read} {
			if pool != nil {
				err = errors.Join(err, pool.Close())
			}
		}
		if db.lock != nil {
			err = errors.Join(err, db.lock.Close())
		}
		return nil, fmt.Errorf("sqlite %s: %w", path, err)
	}
	return db, nil
}

func (db *DB) openSQLite(path string, durable bool) (err error) {
	if db.lock, path, err = claim(path); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil { // before SQLite opens it: closing would take its locks away
		return err
	}
	level := "normal"
	if durable {
		level = "full"
	}
	source := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(5000)&_pragma=synchronous(" + level + ")&_pragma=foreign_keys(1)"
	db.write, err = sql.Open("sqlite", source+"&_txlock=immediate&_pragma=journal_mode(wal)&_pragma=journal_size_limit(67108864)")
	if err != nil {
		return err
	}
	db.write.SetMaxOpenConns(1)
	var mode string
	if err := db.write.QueryRowContext(context.Background(), `PRAGMA journal_mode`).Scan(&mode); err != nil {
		return explain(err)
	}
	if mode != "wal" {
		return fmt.Errorf("the file system does not support write-ahead logging (journal mode is %s)", mode)
	}
	if db.read, err = sql.Open("sqlite", source+"&_pragma=query_only(1)"); err != nil {
		return err
	}
	db.read.SetMaxOpenConns(readers)
	db.read.SetMaxIdleConns(readers)
	return nil
}

// claim takes a SQLite file for this process and returns its real path: a second process is refused, by the id of the first. SQLite
// itself would let both in, but each believes that it knows of every change. The lock is on a file beside it, which stays: removing it
// would let two processes lock different files of the same name. The operating system lets go of the lock when the process ends.
func claim(path string) (lock *os.File, real string, err error) {
	if real, err = filepath.Abs(path); err != nil {
		return nil, "", err
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(real))
	if err != nil {
		return nil, "", err
	}
	real = filepath.Join(folder, filepath.Base(real))
	if linked, err := filepath.EvalSymlinks(real); err == nil {
		real = linked
	}
	lock, err = os.OpenFile(real+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, "", err
	}
	defer func() {
		if err != nil {
			lock.Close()
			lock = nil
		}
	}()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, "", fmt.Errorf("lock %s.lock: %w", real, err)
		}
		return nil, "", fmt.Errorf("in use by another process%s; one process at a time may work with a SQLite file", owner(real+".lock"))
	}
	if err := lock.Truncate(0); err != nil {
		return nil, "", err
	}
	if _, err := lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return nil, "", err
	}
	return lock, real, nil
}

func owner(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (pid %d)", pid)
}
