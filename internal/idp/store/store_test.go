package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/store/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// both runs a test on SQLite and, unless tests are to be short, on PostgreSQL.
func both(t *testing.T, fn func(t *testing.T, dsn string)) {
	t.Run("sqlite", func(t *testing.T) { fn(t, filepath.Join(t.TempDir(), "idp.db")) })
	if testing.Short() {
		return
	}
	t.Run("postgres", func(t *testing.T) {
		server := pgtest.Shared(t)
		fn(t, server.DSN(server.Database(t)))
	})
}

func open(t *testing.T, dsn, key string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dsn, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func update(t *testing.T, s *store.Store, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := s.Update(context.WithoutCancel(t.Context()), fn); err != nil {
		t.Fatal(err)
	}
}

var now = time.Date(2026, 11, 24, 12, 0, 0, 123e6, time.UTC)

func pool(id string) store.Pool {
	return store.Pool{ID: id, Region: "us-east-1", Name: "p", Doc: []byte(`{"a":1}`), Created: now, Modified: now}
}

func user(id string) store.User {
	return store.User{PoolID: "p1", ID: id, Username: id, Key: id, Status: "CONFIRMED", Enabled: true, Attributes: []byte(`{}`), Doc: []byte(`{}`), Hash: "h",
		Salt: []byte{0, 1}, Verifier: []byte{0, 2}, PasswordSet: now, Created: now, Modified: now}
}

func TestRows(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		s := open(t, dsn, "key")
		before := s.Version()
		update(t, s, func(tx *store.Tx) error {
			return errors.Join(tx.InsertPool(pool("p1")), tx.InsertClient(store.Client{ID: "c1", PoolID: "p1", Name: "c", Doc: []byte(`{}`), Created: now, Modified: now}),
				tx.InsertSecret(store.Secret{ID: "s1", ClientID: "c1", Value: "very secret", Created: now}),
				tx.InsertUser(user("u1"), []store.Alias{{Kind: "email", Key: "a@b"}}, []store.Search{{Name: "email", Value: "a@b"}}),
				tx.InsertGroup(store.Group{PoolID: "p1", Name: "g", Created: now, Modified: now}), tx.Join("p1", "g", "u1"), tx.Join("p1", "g", "u1"),
				tx.InsertGrant(store.Grant{ID: "g1", PoolID: "p1", ClientID: "c1", UserID: "u1", Doc: []byte(`{}`), AuthTime: now, Expires: now.Add(time.Hour)}),
				tx.InsertRefreshToken(store.RefreshToken{Hash: "r1", GrantID: "g1", Created: now}),
				tx.PutCode(store.Code{PoolID: "p1", UserID: "u1", Purpose: "x", Value: "1", Doc: []byte(`{}`), Expires: now}),
				tx.PutUserObject(store.Object{PoolID: "p1", UserID: "u1", Kind: "device", ID: "d", Doc: []byte(`{}`), Created: now, Modified: now}),
				tx.PutObject(store.Object{PoolID: "p1", Kind: "terms", ID: "t", Doc: []byte(`{}`), Created: now, Modified: now}),
				tx.InsertSession(store.Session{Hash: "h", PoolID: "p1", ClientID: "c1", UserID: "u1", Kind: "k", State: []byte("state"), Expires: now.Add(time.Minute)}))
		})
		if s.Version() == before {
			t.Error("the version did not move")
		}
		update(t, s, func(tx *store.Tx) error {
			if err := tx.InsertPool(pool("p1")); !errors.Is(err, store.ErrExists) {
				t.Errorf("a pool twice: %v", err)
			}
			other := user("u2")
			if err := tx.InsertUser(other, []store.Alias{{Kind: "email", Key: "a@b"}}, nil); !errors.Is(err, store.ErrExists) {
				t.Errorf("an alias twice: %v", err)
			}
			got, err := tx.UserByAlias("p1", store.Alias{Kind: "email", Key: "a@b"})
			if d := cmp.Diff(user("u1"), got); err != nil || d != "" {
				t.Errorf("%v %s", err, d)
			}
			if _, err := tx.UserByName("p1", "U1"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("keys are compared by their bytes: %v", err)
			}
			secrets, err := tx.Secrets("c1")
			if err != nil || len(secrets) != 1 || secrets[0].Value != "very secret" {
				t.Errorf("%v %v", secrets, err)
			}
			for i, want := range []bool{true, false} {
				if used, err := tx.UseSession("h"); err != nil || used != want {
					t.Errorf("use %d: %v %v", i, used, err)
				}
			}
			first, err1 := tx.ReplaceRefreshToken("r1", now)
			second, err2 := tx.ReplaceRefreshToken("r1", now)
			if !first || second || err1 != nil || err2 != nil {
				t.Errorf("replaced %v %v %v %v", first, second, err1, err2)
			}
			return nil
		})
		update(t, s, func(tx *store.Tx) error { return tx.DeletePool("p1") })
		update(t, s, func(tx *store.Tx) error {
			for what, err := range map[string]error{
				"client": second(tx.Client("c1")), "user": second(tx.User("p1", "u1")), "grant": second(tx.Grant("g1")), "token": second(tx.RefreshToken("r1")),
				"session": second(tx.Session("h")), "code": second(tx.Code("p1", "u1", "x")), "object": second(tx.Object("p1", "terms", "t")),
				"device": second(tx.UserObject("p1", "u1", "device", "d")), "group": second(tx.Group("p1", "g")),
			} {
				if !errors.Is(err, store.ErrNotFound) {
					t.Errorf("%s outlives its pool: %v", what, err)
				}
			}
			return nil
		})
	})
}

func second[T any](_ T, err error) error { return err }

func TestRollback(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		s := open(t, dsn, "")
		wrong := errors.New("wrong")
		err := s.Update(t.Context(), func(tx *store.Tx) error { return errors.Join(tx.InsertPool(pool("p1")), wrong) })
		if !errors.Is(err, wrong) {
			t.Fatal(err)
		}
		update(t, s, func(tx *store.Tx) error {
			if _, err := tx.Pool("p1"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("half of a transaction stays: %v", err)
			}
			return nil
		})
	})
}

func TestPages(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		s := open(t, dsn, "")
		update(t, s, func(tx *store.Tx) error {
			if err := tx.InsertPool(pool("p1")); err != nil {
				return err
			}
			for i := range 25 {
				u := user(fmt.Sprintf("u%02d", i))
				if err := tx.InsertUser(u, nil, []store.Search{{Name: "name", Value: strings.Repeat("é", i%3+1)}}); err != nil {
					return err
				}
			}
			return nil
		})
		update(t, s, func(tx *store.Tx) error {
			var after string
			var n int
			for range 10 {
				list, err := tx.Users("p1", after, 10)
				if err != nil {
					return err
				}
				if len(list) == 0 {
					break
				}
				n, after = n+len(list), list[len(list)-1].ID
			}
			if n != 25 {
				t.Errorf("%d users in pages", n)
			}
			n = 0
			var at store.Position
			for range 10 {
				_, places, err := tx.FindUsers("p1", "name", "éé", true, at, 4)
				if err != nil {
					return err
				}
				if len(places) == 0 {
					break
				}
				n, at = n+len(places), places[len(places)-1]
			}
			if n != 16 {
				t.Errorf("%d users begin with éé, want 16", n)
			}
			return nil
		})
	})
}

// TestOneWins: of many that spend a session at once, one does.
func TestOneWins(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		s := open(t, dsn, "")
		update(t, s, func(tx *store.Tx) error {
			return errors.Join(tx.InsertPool(pool("p1")), tx.InsertSession(store.Session{Hash: "h", PoolID: "p1", State: []byte("s"), Expires: now}))
		})
		var mu sync.Mutex
		var wins int
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				var won bool
				err := s.Update(t.Context(), func(tx *store.Tx) (err error) {
					won, err = tx.UseSession("h")
					return err
				})
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				if won {
					wins++
				}
			})
		}
		if wg.Wait(); wins != 1 {
			t.Errorf("%d won", wins)
		}
	})
}

// TestMasterKey: what was sealed opens with the same key alone, and does not lie in the file.
func TestMasterKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "idp.db")
	s := open(t, path, "key")
	update(t, s, func(tx *store.Tx) error {
		return errors.Join(tx.InsertPool(pool("p1")), tx.InsertClient(store.Client{ID: "c1", PoolID: "p1", Doc: []byte(`{}`)}),
			tx.InsertSecret(store.Secret{ID: "s1", ClientID: "c1", Value: "very secret"}), tx.PutKey(store.Key{ID: "k", PoolID: "p1", Private: []byte("private")}))
	})
	s.Close()
	for _, key := range []string{"another key", ""} {
		if _, err := store.Open(t.Context(), path, key); !errors.Is(err, store.ErrMasterKey) {
			t.Errorf("opened with key %q: %v", key, err)
		}
	}
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil || bytes.Contains(b, []byte("very secret")) {
			t.Errorf("%s holds a secret in the clear, or %v", file, err)
		}
	}
	again := open(t, path, "key")
	update(t, again, func(tx *store.Tx) error { return second(tx.Secrets("c1")) })
}

func TestTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "idp.db")
	open(t, path, "")
	if s, err := store.Open(t.Context(), path, ""); err == nil {
		s.Close()
		t.Error("a file was opened twice")
	}
}

func TestSweep(t *testing.T) {
	both(t, func(t *testing.T, dsn string) {
		s := open(t, dsn, "")
		update(t, s, func(tx *store.Tx) error {
			return errors.Join(tx.InsertPool(pool("p1")), tx.InsertSession(store.Session{Hash: "old", PoolID: "p1", State: []byte("s"), Expires: now}),
				tx.InsertSession(store.Session{Hash: "new", PoolID: "p1", State: []byte("s"), Expires: now.Add(time.Hour)}), tx.Sweep(now.Add(time.Minute)))
		})
		update(t, s, func(tx *store.Tx) error {
			if _, err := tx.Session("old"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("old: %v", err)
			}
			return second(tx.Session("new"))
		})
	})
}
