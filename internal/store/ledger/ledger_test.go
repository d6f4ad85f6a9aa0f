package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/kongoauth2"
	_ "github.com/gibbon-gateway/gibbon/internal/plugins" // their kinds of entities
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/internal/store/ledger"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// counted is a store that counts views, and may be away.
type counted struct {
	store.Store
	views atomic.Int64
	away  atomic.Bool
}

func (c *counted) View(ctx context.Context, fn func(store.Tx) error) error {
	c.views.Add(1)
	if c.away.Load() {
		return fmt.Errorf("%w: gone", store.ErrUnavailable)
	}
	return c.Store.View(ctx, fn)
}

type bench struct {
	t     *testing.T
	clock time.Time
	store *counted
	*ledger.Ledger
}

const (
	consumerID   = "11111111-1111-4111-8111-111111111111"
	credentialID = "22222222-2222-4222-8222-222222222222"
)

func newBench(t *testing.T) *bench {
	b := &bench{t: t, clock: time.Unix(1_800_000_000, 0)}
	b.store = &counted{Store: &store.Memory{Now: func() time.Time { return b.clock }}}
	b.Ledger = ledger.New(b.store, func() time.Time { return b.clock })
	b.raw("consumers", `{"id":"`+consumerID+`"}`)
	b.raw("oauth2_credentials", `{"id":"`+credentialID+`","consumer":{"id":"`+consumerID+`"}}`)
	return b
}

func (b *bench) raw(kind, doc string) {
	b.t.Helper()
	if err := b.Update(b.t.Context(), func(tx store.Tx) error { return tx.Put(entity.KindOf(kind), []byte(doc)) }); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) put(doc map[string]any) *kongoauth2.Token {
	b.t.Helper()
	doc["credential"] = map[string]any{"id": credentialID}
	if doc["expires_in"] == nil {
		doc["expires_in"] = int64(10)
	}
	var v any
	err := b.Change(b.t.Context(), func(tx plugin.LedgerTx) (err error) {
		v, err = tx.Put("oauth2_tokens", doc)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return v.(*kongoauth2.Token)
}

func (b *bench) find(token string) *kongoauth2.Token {
	b.t.Helper()
	v, err := b.Find(b.t.Context(), "oauth2_tokens", "access_token", []byte(token))
	if err != nil {
		b.t.Error(err)
	}
	t, _ := v.(*kongoauth2.Token)
	return t
}

// A token that was seen costs no view for a second, and one view then.
func TestRemembers(t *testing.T) {
	b := newBench(t)
	made := b.put(map[string]any{"access_token": "a"})
	before := b.store.views.Load()
	for range 10 {
		if got := b.find("a"); got == nil || got.ID != made.ID {
			t.Fatal(got)
		}
	}
	if n := b.store.views.Load() - before; n != 1 {
		t.Errorf("%d views", n)
	}
	b.clock = b.clock.Add(time.Second)
	b.find("a")
	b.find("a")
	if n := b.store.views.Load() - before; n != 2 {
		t.Errorf("%d views", n)
	}
	if b.find("b") != nil {
		t.Error("a token that is not there")
	}
	b.put(map[string]any{"access_token": "b"})
	if b.find("b") == nil {
		t.Error("what was not there is not found when it is")
	}
	value := []byte("a")
	if n := testing.AllocsPerRun(100, func() { _, _ = b.Find(context.Background(), "oauth2_tokens", "access_token", value) }); n > 0 {
		t.Errorf("a look-up of what is known takes %v allocations", n)
	}
}

// What this node changes is seen at once; what another does, after a second.
func TestForgets(t *testing.T) {
	b := newBench(t)
	kind := entity.KindOf("oauth2_tokens")
	other := ledger.New(b.store, func() time.Time { return b.clock })
	for name, remove := range map[string]func(id string) error{
		"by the Admin API": func(id string) error {
			return b.Update(t.Context(), func(tx store.Tx) error { return tx.Delete(kind, id) })
		},
		"by a plugin": func(id string) error {
			return b.Change(t.Context(), func(tx plugin.LedgerTx) error { return tx.Delete("oauth2_tokens", id) })
		},
		"with another access token": func(id string) error {
			return b.Change(t.Context(), func(tx plugin.LedgerTx) error {
				_, err := tx.Put("oauth2_tokens", map[string]any{"id": id, "access_token": "new", "expires_in": int64(1), "credential": map[string]any{"id": credentialID}})
				return err
			})
		},
		"with its application": func(string) error {
			err := b.Update(t.Context(), func(tx store.Tx) error { return tx.Delete(entity.KindOf("consumers"), consumerID) })
			b.raw("consumers", `{"id":"`+consumerID+`"}`)
			b.raw("oauth2_credentials", `{"id":"`+credentialID+`","consumer":{"id":"`+consumerID+`"}}`)
			return err
		},
	} {
		made := b.put(map[string]any{"access_token": "a"})
		if v, err := other.Find(t.Context(), "oauth2_tokens", "access_token", []byte("a")); v == nil || b.find("a") == nil {
			t.Fatal(v, err)
		}
		if err := remove(made.ID); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if b.find("a") != nil {
			t.Errorf("removed %s: it is found", name)
		}
		b.clock = b.clock.Add(time.Second)
		if v, err := other.Find(t.Context(), "oauth2_tokens", "access_token", []byte("a")); v != nil || err != nil {
			t.Errorf("removed %s: another node finds %v: %v", name, v, err)
		}
	}
}

// While the database is away, what was seen is found until its end.
func TestAway(t *testing.T) {
	b := newBench(t)
	b.put(map[string]any{"access_token": "a", "ttl": int64(60)})
	b.find("a")
	b.store.away.Store(true)
	for range 59 {
		b.clock = b.clock.Add(time.Second)
		if b.find("a") == nil {
			t.Fatal("it is not found")
		}
	}
	b.clock = b.clock.Add(time.Second)
	if _, err := b.Find(t.Context(), "oauth2_tokens", "access_token", []byte("a")); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("after its end: %v", err)
	}
	b.store.away.Store(false)
	if b.find("a") != nil {
		t.Error("it is found after its end")
	}
}

func TestFull(t *testing.T) {
	defer ledger.SetShare(ledger.SetShare(10))
	b := newBench(t)
	err := b.Change(t.Context(), func(tx plugin.LedgerTx) error {
		for n := range 1000 {
			doc := map[string]any{"access_token": fmt.Sprint("t", n), "expires_in": int64(10), "credential": map[string]any{"id": credentialID}}
			if _, err := tx.Put("oauth2_tokens", doc); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 1000 {
		if b.find(fmt.Sprint("t", n)) == nil {
			t.Fatal(n)
		}
	}
	if b.find("t0") == nil || b.find("t999") == nil {
		t.Error("what there was no room for is not found")
	}
}

func TestWrong(t *testing.T) {
	b := newBench(t)
	for _, kind := range []string{"consumers", "nothing"} {
		if _, err := b.Find(t.Context(), kind, "username", []byte("a")); err == nil {
			t.Errorf("%s is found", kind)
		}
		err := b.Change(t.Context(), func(tx plugin.LedgerTx) error {
			_, err := tx.Put(kind, map[string]any{"username": "x"})
			return err
		})
		if err == nil {
			t.Errorf("%s is written", kind)
		}
	}
	err := b.Change(t.Context(), func(tx plugin.LedgerTx) error {
		_, err := tx.Put("oauth2_tokens", map[string]any{"expires_in": "soon"})
		return err
	})
	if err == nil {
		t.Error("a wrong document is written")
	}
	set, _ := entity.NewSet(0, nil)
	declared := ledger.Declared{Set: func() *entity.Set { return set }}
	if v, err := declared.Find(t.Context(), "oauth2_tokens", "access_token", []byte("a")); v != nil || err != nil {
		t.Error(v, err)
	}
	if err := declared.Change(t.Context(), nil); !errors.Is(err, plugin.ErrReadOnly) {
		t.Error(err)
	}
}
