package sqlstore_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/internal/store/pgtest"
	"github.com/gibbon-gateway/gibbon/internal/store/sqldb"
	"github.com/gibbon-gateway/gibbon/internal/store/sqlstore"
	"github.com/gibbon-gateway/gibbon/internal/store/storetest"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childFile); path != "" {
		child(path)
		return
	}
	pgtest.Main(m)
}

// open opens a store that the test closes.
func open(t testing.TB, o sqlstore.Options) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func postgres(s *pgtest.Server, database string) *sqldb.Postgres {
	return &sqldb.Postgres{Host: s.Folder, Port: s.Port, User: pgtest.User, Database: database}
}

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T, kinds []*entity.Kind, now func() time.Time) store.Store {
		return open(t, sqlstore.Options{SQLite: filepath.Join(t.TempDir(), "a ?#%.db"), Kinds: kinds, Now: now})
	})
}

func TestPostgreSQL(t *testing.T) {
	if testing.Short() {
		return
	}
	server := pgtest.Shared(t)
	storetest.Run(t, func(t *testing.T, kinds []*entity.Kind, now func() time.Time) store.Store {
		return open(t, sqlstore.Options{Postgres: postgres(server, server.Database(t)), Kinds: kinds, Now: now})
	})
}

// BenchmarkLoad loads 10,000 routes and services: all of them, and after one has changed.
func BenchmarkLoad(b *testing.B) {
	s := open(b, sqlstore.Options{SQLite: filepath.Join(b.TempDir(), "db")})
	if err := s.Update(b.Context(), func(tx store.Tx) error { return storetest.Fill(tx, 10_000, 0) }); err != nil {
		b.Fatal(err)
	}
	for _, statement := range []string{`DELETE FROM config_changes`, ``} {
		b.Run(map[bool]string{true: "change", false: "all"}[statement == ""], func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				putService(b, s, 1)
				if statement != "" {
					execute(b, s, statement)
				}
				b.StartTimer()
				load(b, s)
			}
		})
	}
}
