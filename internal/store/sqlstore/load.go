package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
)

// How much is kept of what has changed. Beyond that everything is read again, which is no slower by then.
const (
	keepVersions = 500  // versions whose changes are kept
	keepChanges  = 200  // documents that a version may have changed to be told one by one
	mostChanges  = 2000 // changes that are read at a time
)

// loaded is a set that was read, and the mark of its version.
type loaded struct {
	set  *entity.Set
	mark int64
}

// Load implements store.Store. It reads what has changed since the Load before if the database knows.
func (s *Store) Load(ctx context.Context) (*entity.Set, error) {
	last := s.lastLoad()
	var next loaded
	err := s.view(ctx, func(tx *tx) (err error) {
		next, err = tx.loadChanges(last)
		if err == nil && next.set == nil {
			next, err = tx.loadAll(last.set)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.last = next
	s.mu.Unlock()
	if s.problems != nil {
		s.problems(next.set.Problems())
	}
	return next.set, nil
}

func (s *Store) lastLoad() loaded {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func (tx *tx) version() (version uint64, err error) {
	err = tx.query(func(r row) error { return r.Scan(&version) }, `SELECT version FROM config_version`)
	return version, err
}

// mark returns the mark of a version; -1 if it is not known any more.
func (tx *tx) mark(version uint64) (mark int64, err error) {
	mark = -1
	err = tx.query(func(r row) error { return r.Scan(&mark) }, `SELECT mark FROM config_changes WHERE version = $1 LIMIT 1`, version)
	return mark, err
}

// loadAll reads everything. Documents that are as in the last set, which may be nil, are taken over from it.
func (tx *tx) loadAll(last *entity.Set) (l loaded, err error) {
	version, err := tx.version()
	if err != nil {
		return l, err
	}
	if l.mark, err = tx.mark(version); err != nil {
		return l, err
	}
	var q statement
	fmt.Fprintf(&q.where, `(expires = 0 OR expires > %s)`, q.arg(tx.now))
	if ledgers := tx.catalog.Ledgers(); len(ledgers) > 0 {
		fmt.Fprintf(&q.where, ` AND kind NOT IN (%s)`, q.list(ledgers))
	}
	var objects []entity.Object
	err = tx.query(func(r row) error {
		var name, id string
		var doc []byte
		if err := r.Scan(&name, &id, &doc); err != nil {
			return err
		}
		if k := tx.catalog[name]; k != nil { // a kind of a newer program's is not for us
			objects = append(objects, entity.Object{Kind: k, ID: id, Doc: json.RawMessage(doc)})
		}
		return nil
	}, `SELECT kind, id, doc FROM config_documents WHERE `+q.where.String()+` ORDER BY kind, id`, q.args...)
	if err != nil {
		return l, err
	}
	l.set, _ = last.Next(version, objects)
	return l, nil
}

// loadChanges brings the last set up to date. It returns none if it is not of this database, or what has changed since is not known.
func (tx *tx) loadChanges(last loaded) (next loaded, err error) {
	if last.set == nil {
		return next, nil
	}
	version, err := tx.version()
	if err != nil {
		return next, err
	}
	from := last.set.Version()
	if mark, err := tx.mark(from); err != nil || mark < 0 || mark != last.mark || version < from {
		return next, err // a copy that was put in place of the database, an older one perhaps, tells of the past otherwise
	}
	changes, known, err := tx.changes(from, version)
	if err != nil || !known {
		return next, err
	}
	if changes, err = tx.over(last.set, changes); err != nil {
		return next, err
	}
	if version == from && len(changes) == 0 {
		return last, nil
	}
	if next.mark, err = tx.mark(version); err != nil {
		return next, err
	}
	next.set, _ = last.set.Change(version, changes)
	return next, nil
}

// changes returns the documents that have changed between two versions, and false if the database does not know all.
func (tx *tx) changes(from, to uint64) (changes []entity.Object, known bool, err error) {
	at, rows, known := from, 0, true
	seen := map[store.Key]bool{}
	err = tx.query(func(r row) error {
		var version uint64
		var key store.Key
		var doc []byte
		if err := r.Scan(&version, &key.Kind, &key.ID, &doc); err != nil {
			return err
		}
		known = known && version <= at+1 && key.Kind != "" // a version without changes is one that an older program has made
		at = version
		rows++
		if k := tx.catalog[key.Kind]; k != nil && !seen[key] {
			seen[key] = true
			changes = append(changes, entity.Object{Kind: k, ID: key.ID, Doc: json.RawMessage(doc)})
		}
		return nil
	}, `SELECT c.version, c.kind, c.id, d.doc FROM config_changes c
		LEFT JOIN config_documents d ON d.kind = c.kind AND d.id = c.id AND (d.expires = 0 OR d.expires > $1)
		WHERE c.version > $2 ORDER BY c.version LIMIT $3`, tx.now, from, mostChanges)
	return changes, known && at == to && rows < mostChanges, err
}

// over adds the documents of a set whose time is over. They are in the database until somebody sweeps.
func (tx *tx) over(set *entity.Set, changes []entity.Object) ([]entity.Object, error) {
	err := tx.query(func(r row) error {
		var key store.Key
		if err := r.Scan(&key.Kind, &key.ID); err != nil {
			return err
		}
		if k := tx.catalog[key.Kind]; k != nil && set.Doc(k, key.ID) != nil {
			changes = append(changes, entity.Object{Kind: k, ID: key.ID})
		}
		return nil
	}, `SELECT kind, id FROM config_documents WHERE expires > 0 AND expires <= $1`, tx.now)
	return changes, err
}

// note says that a document is written or removed. Those of ledgers are nobody's configuration, and move no version.
func (tx *tx) note(key store.Key) {
	if k := tx.catalog[key.Kind]; k != nil && k.Ledger {
		return
	}
	if tx.changed == nil {
		tx.changed = map[store.Key]bool{}
	}
	tx.changed[key] = true
}

// move makes the next version, and writes down what it has changed.
func (tx *tx) move() error {
	var version int64
	err := tx.query(func(r row) error { return r.Scan(&version) }, `UPDATE config_version SET version = version + 1 RETURNING version`)
	if err != nil {
		return err
	}
	mark := rand.Int64()
	rows := [][]any{{version, mark, "", ""}}
	if len(tx.changed) <= keepChanges {
		rows = rows[:0]
		for key := range tx.changed {
			rows = append(rows, []any{version, mark, key.Kind, key.ID})
		}
	}
	if err := tx.rows(`INSERT INTO config_changes (version, mark, kind, id) VALUES `, rows); err != nil {
		return err
	}
	return tx.exec(`DELETE FROM config_changes WHERE version <= $1`, version-keepVersions)
}
