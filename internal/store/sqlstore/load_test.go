package sqlstore_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/internal/store/sqldb"
	"github.com/gibbon-gateway/gibbon/internal/store/sqlstore"
	"github.com/gibbon-gateway/gibbon/internal/store/storetest"
)

func load(t testing.TB, s *sqlstore.Store) *entity.Set {
	t.Helper()
	set, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func putService(t testing.TB, s *sqlstore.Store, numbers ...int) {
	t.Helper()
	err := s.Update(t.Context(), func(tx store.Tx) error {
		for _, n := range numbers {
			if err := tx.Put(entity.KindOf("services"), service(n)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// execute changes the database behind the store's back.
func execute(t testing.TB, s *sqlstore.Store, statements ...string) {
	t.Helper()
	err := s.DB().Update(t.Context(), func(c sqldb.Conn) error {
		for _, statement := range statements {
			if _, err := c.ExecContext(t.Context(), statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func service(n int) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"id":%q,"name":"s%d","host":"a.test"}`, storetest.ID(n), n))
}

// Unchanged documents are not read again.
func TestLoadTakesOver(t *testing.T) {
	s := open(t, sqlstore.Options{SQLite: filepath.Join(t.TempDir(), "db")})
	putService(t, s, 1, 2)
	first := load(t, s)
	if load(t, s) != first {
		t.Error("another set, though nothing has changed")
	}
	putService(t, s, 2)
	putService(t, s, 3)
	next := load(t, s)
	get := func(set *entity.Set, n int) *entity.Service { return entity.Get[entity.Service](set, storetest.ID(n)) }
	if next.Version() != 3 || get(next, 1) != get(first, 1) || get(next, 2) == get(first, 2) || get(next, 3) == nil || get(first, 3) != nil {
		t.Error(next.Version(), get(next, 1), get(next, 2), get(next, 3))
	}
}

// What has changed is not always known. Then everything is read.
func TestLoadReadsAllWhenInDoubt(t *testing.T) {
	foreign := fmt.Sprintf(`INSERT INTO config_documents (kind, id, doc, created, changed, expires) VALUES ('services', '%s', '%s', 0, 0, 0)`,
		storetest.ID(9), service(9))
	for name, statements := range map[string][]string{
		"an older copy":                {foreign, `UPDATE config_version SET version = 1`, `DELETE FROM config_changes WHERE version > 1`},
		"an older copy that went on":   {foreign, `UPDATE config_version SET version = 3`, `UPDATE config_changes SET mark = mark / 2 + 1 WHERE version = 2`},
		"another copy that went on":    {foreign, `UPDATE config_version SET version = 3`, `UPDATE config_changes SET version = 3 WHERE version = 2`},
		"an older program":             {foreign, `UPDATE config_version SET version = 3`},
		"an older program, then a new": {foreign, `UPDATE config_version SET version = 4`, `INSERT INTO config_changes VALUES (4, 1, 'services', '1')`},
		"too much":                     {foreign, `UPDATE config_version SET version = 3`, `INSERT INTO config_changes VALUES (3, 1, '', '')`},
		"long ago":                     {foreign, `UPDATE config_version SET version = 900`, `DELETE FROM config_changes`},
		"a copy made by an older program": {foreign, `UPDATE config_version SET version = 900`, `DELETE FROM config_changes`,
			`INSERT INTO config_changes VALUES (900, 0, '', '')`},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, sqlstore.Options{SQLite: filepath.Join(t.TempDir(), "db")})
			putService(t, s, 1)
			putService(t, s, 2)
			load(t, s)
			execute(t, s, statements...)
			for range 2 {
				if n := len(load(t, s).Docs(entity.KindOf("services"))); n != 3 {
					t.Errorf("%d services", n)
				}
				putService(t, s, 1)
			}
		})
	}
}

// The changes of old versions are forgotten, and those of a large one are not written down.
func TestChangesAreBounded(t *testing.T) {
	s := open(t, sqlstore.Options{SQLite: filepath.Join(t.TempDir(), "db")})
	for range 20 {
		putService(t, s, 1)
	}
	execute(t, s, `UPDATE config_version SET version = 515`)
	many := make([]int, 300)
	for i := range many {
		many[i] = i
	}
	putService(t, s, many...) // version 516
	var versions, rows int
	err := s.DB().View(t.Context(), func(c sqldb.Conn) error {
		r, err := c.QueryContext(t.Context(), `SELECT count(*), count(DISTINCT version) FROM config_changes`)
		if err != nil {
			return err
		}
		defer r.Close()
		for r.Next() {
			if err := r.Scan(&rows, &versions); err != nil {
				return err
			}
		}
		return r.Err()
	})
	if err != nil || versions != 5 || rows != 5 { // 17 to 20, and 516
		t.Error(versions, rows, err)
	}
	if n := len(load(t, s).Docs(entity.KindOf("services"))); n != 300 {
		t.Errorf("%d services", n)
	}
}
