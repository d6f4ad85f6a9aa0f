// Package storetest is the conformance suite of store.Store. Its main function is Run: every implementation passes it. It has kinds of its
// own, with every sort of reference and uniqueness; only the tests of Load use those of entity.
package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/entity"
	_ "github.com/gibbon-gateway/gibbon/internal/plugins" // their kinds of entities
	"github.com/gibbon-gateway/gibbon/internal/store"
)

// Open makes an empty store for a test, and closes it when the test ends. No kinds means entity.Kinds, no now time.Now.
type Open func(t *testing.T, kinds []*entity.Kind, now func() time.Time) store.Store

// Kinds of the suite.
var (
	Parents  = &entity.Kind{Name: "parents", Endpoint: "name", Unique: [][]string{{"name"}}}
	Children = &entity.Kind{Name: "children", Endpoint: "name", NewestFirst: true,
		Unique: [][]string{{"name"}, {"parent", "slot"}},
		Refs:   []entity.Reference{{Field: "parent", To: "parents"}, {Field: "guardian", To: "parents", Cascade: true}}}
	Toys = &entity.Kind{Name: "toys", Refs: []entity.Reference{{Field: "child", To: "children", Cascade: true}, {Field: "keeper", To: "parents"}}}
	Keys = &entity.Kind{Name: "keys", TTL: true, Unique: [][]string{{"key"}}, Refs: []entity.Reference{{Field: "parent", To: "parents", Cascade: true}}}
	// Seats had no reference to a parent once.
	Seats = &entity.Kind{Name: "seats", Unique: [][]string{{"name", "child", "parent"}}, Refs: []entity.Reference{
		{Field: "child", To: "children", Cascade: true}, {Field: "parent", To: "parents", Cascade: true, Sparse: true}}}
	// Tickets are of a ledger.
	Tickets = &entity.Kind{Name: "tickets", TTL: true, Ledger: true, Unique: [][]string{{"code"}},
		Refs: []entity.Reference{{Field: "parent", To: "parents", Cascade: true}}}
	All = []*entity.Kind{Parents, Children, Toys, Keys, Seats, Tickets}
)

// Run runs the suite.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"Documents", documents}, {"ReadYourWrites", readYourWrites}, {"Atomic", atomic}, {"ReadOnly", readOnly}, {"Odd", odd},
		{"Unique", unique}, {"Sparse", sparse}, {"References", references}, {"Cascade", cascade}, {"Pages", pages}, {"PagesUnderChanges", pagesUnderChanges},
		{"Newest", newest}, {"ByReference", byReference}, {"TagFilter", tagFilter}, {"TagRows", tagRows}, {"TTL", ttl}, {"TTLWakes", ttlWakes},
		{"Ledger", ledger}, {"LedgerIsNotLoaded", ledgerIsNotLoaded}, {"RedeemedOnce", redeemedOnce},
		{"Versions", versions}, {"Watch", watch}, {"Concurrent", concurrent}, {"ViewIsConsistent", viewIsConsistent}, {"Secrets", secrets}, {"Load", load}, {"LoadAgain", loadAgain},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open) })
	}
}

// ID returns the nth id, in order.
func ID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// Doc makes a document of pairs of fields and values; a key that ends in @ is a reference.
func Doc(n int, pairs ...any) json.RawMessage {
	fields := map[string]any{"id": ID(n)}
	for i := 0; i < len(pairs); i += 2 {
		name, value := pairs[i].(string), pairs[i+1]
		if ref, ok := value.(ref); ok {
			value = map[string]string{"id": ID(int(ref))}
		}
		fields[name] = value
	}
	b, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return b
}

// ref is the number of a document that another refers to.
type ref int

func update(t *testing.T, s store.Store, fn func(store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, s store.Store, k *entity.Kind, docs ...json.RawMessage) {
	t.Helper()
	update(t, s, func(tx store.Tx) error {
		for _, doc := range docs {
			if err := tx.Put(k, doc); err != nil {
				return err
			}
		}
		return nil
	})
}

// fails runs an update that must fail.
func fails(t *testing.T, s store.Store, fn func(store.Tx) error) error {
	t.Helper()
	err := s.Update(t.Context(), fn)
	if err == nil {
		t.Fatal("update succeeded")
	}
	return err
}

func view(t *testing.T, s store.Store, fn func(store.Tx) error) {
	t.Helper()
	if err := s.View(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s store.Store, k *entity.Kind, n int) (doc json.RawMessage) {
	t.Helper()
	view(t, s, func(tx store.Tx) (err error) {
		doc, err = tx.Get(k, ID(n))
		if errors.Is(err, store.ErrNotFound) {
			doc, err = nil, nil
		}
		return err
	})
	return doc
}

// numbers lists everything that a query finds, page by page.
func numbers(t *testing.T, s store.Store, k *entity.Kind, q store.Query) (list []int) {
	t.Helper()
	for range 1000 {
		var page store.Page
		view(t, s, func(tx store.Tx) (err error) {
			page, err = tx.List(k, q)
			return err
		})
		if len(page.Docs) > q.Size {
			t.Fatalf("page of %d documents, size is %d", len(page.Docs), q.Size)
		}
		for _, doc := range page.Docs {
			list = append(list, number(t, doc))
		}
		if page.Next == "" {
			return list
		}
		if len(page.Docs) != q.Size {
			t.Fatalf("page of %d documents before the last, size is %d", len(page.Docs), q.Size)
		}
		q.After = page.Next
	}
	t.Fatal("list does not end")
	return nil
}

func number(t *testing.T, doc json.RawMessage) (n int) {
	t.Helper()
	var d struct{ ID string }
	if err := json.Unmarshal(doc, &d); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(d.ID[24:], "%d", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func equal[T any](t *testing.T, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func version(t *testing.T, s store.Store) uint64 {
	t.Helper()
	v, err := s.Watch(within(t), 1<<60) // another than that it is at once
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// within bounds what waits.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func documents(t *testing.T, open Open) {
	s := open(t, All, nil)
	doc := json.RawMessage(`{"z":1,"id":"` + ID(1) + `","name":"ü \u0000 <&>","list":[],"none":null,"big":12345678901234567890,"a":1.50}`)
	update(t, s, func(tx store.Tx) error { return tx.Insert(Parents, doc) })
	equal(t, string(doc), string(get(t, s, Parents, 1))) // byte by byte
	view(t, s, func(tx store.Tx) error {
		found, err := tx.Find(Parents, "name", "ü \x00 <&>")
		equal(t, string(doc), string(found))
		return err
	})
	put(t, s, Parents, Doc(1, "name", "b"))
	view(t, s, func(tx store.Tx) error {
		if _, err := tx.Find(Parents, "name", "ü \x00 <&>"); !errors.Is(err, store.ErrNotFound) {
			t.Error("found by the old name:", err)
		}
		if _, err := tx.Get(Children, ID(1)); !errors.Is(err, store.ErrNotFound) {
			t.Error("found in another kind:", err)
		}
		found, err := tx.Find(Parents, "name", "b")
		equal(t, string(Doc(1, "name", "b")), string(found))
		return err
	})
	update(t, s, func(tx store.Tx) error { return tx.Delete(Parents, ID(1)) })
	if get(t, s, Parents, 1) != nil {
		t.Error("is there after deletion")
	}
	if err := fails(t, s, func(tx store.Tx) error { return tx.Delete(Parents, ID(1)) }); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
}

func readYourWrites(t *testing.T, open Open) {
	s := open(t, All, nil)
	update(t, s, func(tx store.Tx) error {
		if err := tx.Insert(Parents, Doc(1, "name", "a", "tags", []string{"x"})); err != nil {
			return err
		}
		if _, err := tx.Get(Parents, ID(1)); err != nil {
			return err
		}
		if _, err := tx.Find(Parents, "name", "a"); err != nil {
			return err
		}
		page, err := tx.List(Parents, store.Query{Size: 10, Tags: []string{"x"}})
		equal(t, 1, len(page.Docs))
		return err
	})
}

func atomic(t *testing.T, open Open) {
	s := open(t, All, nil)
	put(t, s, Parents, Doc(1, "name", "a"))
	enough := errors.New("enough")
	err := fails(t, s, func(tx store.Tx) error {
		return errors.Join(tx.Insert(Parents, Doc(2, "name", "b")), tx.Delete(Parents, ID(1)), enough)
	})
	if !errors.Is(err, enough) {
		t.Error(err)
	}
	equal(t, []int{1}, numbers(t, s, Parents, store.Query{Size: 10}))
	// A write that fails changes nothing: who goes on keeps the rest.
	update(t, s, func(tx store.Tx) error {
		if err := tx.Put(Parents, Doc(1, "name", "c")); err != nil {
			return err
		}
		if err := tx.Put(Children, Doc(1, "name", "x", "parent", ref(1), "guardian", ref(9))); err == nil {
			t.Error("reference to nothing is stored")
		}
		return nil
	})
	equal(t, string(Doc(1, "name", "c")), string(get(t, s, Parents, 1)))
	equal(t, 0, len(numbers(t, s, Children, store.Query{Size: 10})))
	update(t, s, func(tx store.Tx) error { return tx.Delete(Parents, ID(1)) }) // nothing refers to it
}

func readOnly(t *testing.T, open Open) {
	s := open(t, All, nil)
	err := s.View(t.Context(), func(tx store.Tx) error { return tx.Insert(Parents, Doc(1, "name", "a")) })
	if !errors.Is(err, store.ErrReadOnly) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.View(ctx, func(store.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := s.Update(ctx, func(store.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// odd reads with what no database likes, and writes what must be refused.
func odd(t *testing.T, open Open) {
	s := open(t, All, nil)
	put(t, s, Parents, Doc(1, "name", "a"))
	for _, text := range []string{"", "\x00", "\xff\xfe", "'; DROP TABLE config_documents; --", "%", "🦧"} {
		view(t, s, func(tx store.Tx) error {
			if _, err := tx.Get(Parents, text); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("get %q: %v", text, err)
			}
			if _, err := tx.Find(Parents, "name", text); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("find %q: %v", text, err)
			}
			for _, any := range []bool{false, true} {
				page, err := tx.List(Parents, store.Query{Size: 10, Tags: []string{text}, AnyTag: any})
				if err != nil || len(page.Docs) > 0 {
					t.Errorf("list with tag %q: %v", text, err)
				}
			}
			page, err := tx.List(Children, store.Query{Size: 10, Ref: "parent", RefID: text})
			if err != nil || len(page.Docs) > 0 {
				t.Errorf("list with reference %q: %v", text, err)
			}
			if text == "" {
				return nil
			}
			if _, _, err := tx.Tags("", 10, text); !errors.Is(err, store.ErrOffset) {
				t.Errorf("tags after %q: %v", text, err)
			}
			if _, err := tx.List(Parents, store.Query{Size: 10, Newest: true, After: text}); !errors.Is(err, store.ErrOffset) {
				t.Errorf("newest after %q: %v", text, err)
			}
			return nil
		})
	}
	for _, doc := range []string{`{`, `[]`, `{}`, `{"id":7}`, `{"id":"x","tags":"x"}`, `{"id":"x","tags":["a\u0000"]}`, "{\"id\":\"x\",\"name\":\"\xff\"}"} {
		fails(t, s, func(tx store.Tx) error { return tx.Put(Parents, json.RawMessage(doc)) })
	}
	equal(t, []int{1}, numbers(t, s, Parents, store.Query{Size: 10}))
	// Long values are as unique as short ones.
	long := string(slices.Repeat([]byte("long "), 4000))
	put(t, s, Parents, Doc(2, "name", long+"a"), Doc(3, "name", long+"b"))
	var taken *store.UniqueError
	if err := fails(t, s, func(tx store.Tx) error { return tx.Put(Parents, Doc(4, "name", long+"a")) }); !errors.As(err, &taken) {
		t.Error(err)
	}
	view(t, s, func(tx store.Tx) error {
		doc, err := tx.Find(Parents, "name", long+"b")
		equal(t, 3, number(t, doc))
		return err
	})
}
