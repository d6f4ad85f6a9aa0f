package pgtest_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gibbon-gateway/gibbon/internal/store/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestServerStopsAndStarts(t *testing.T) {
	if testing.Short() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s := pgtest.New(t)
	db := s.Database(t)
	s.Exec(t, db, `CREATE TABLE kept (n INTEGER); INSERT INTO kept VALUES (7)`)
	s.Stop(t)
	if _, err := pgx.Connect(ctx, s.DSN(db)); err == nil {
		t.Fatal("connected to a stopped server")
	}
	s.Start(t)
	conn, err := pgx.Connect(ctx, s.DSN(db))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var n int
	if err := conn.QueryRow(ctx, `SELECT n FROM kept`).Scan(&n); err != nil || n != 7 {
		t.Fatal(n, err)
	}
}

func TestSharedServerHasDatabasesForAll(t *testing.T) {
	if testing.Short() {
		return
	}
	s := pgtest.Shared(t)
	if a, b := s.Database(t), s.Database(t); a == b || pgtest.Shared(t) != s {
		t.Fatal(a, b)
	}
}
