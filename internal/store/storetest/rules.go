package storetest

import (
	"errors"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/store"
)

func unique(t *testing.T, open Open) {
	s := open(t, All, nil)
	put(t, s, Parents, Doc(1, "name", "a"), Doc(2, "name", nil), Doc(3))
	put(t, s, Children, Doc(1, "name", "x", "parent", ref(1), "slot", 1), Doc(2, "parent", ref(1), "slot", 2), Doc(3, "parent", ref(3), "slot", 1), Doc(4))
	put(t, s, Parents, Doc(1, "name", "a", "more", true)) // its own values are no obstacle

	taken := func(err error, fields map[string]any) {
		t.Helper()
		var e *store.UniqueError
		if !errors.As(err, &e) {
			t.Fatal(err)
		}
		equal(t, fields, e.Fields)
	}
	taken(fails(t, s, func(tx store.Tx) error { return tx.Insert(Parents, Doc(9, "name", "a")) }), map[string]any{"name": "a"})
	taken(fails(t, s, func(tx store.Tx) error { return tx.Put(Parents, Doc(2, "name", "a")) }), map[string]any{"name": "a"})
	taken(fails(t, s, func(tx store.Tx) error { return tx.Insert(Children, Doc(9, "parent", ref(1), "slot", 2)) }),
		map[string]any{"parent": map[string]any{"id": ID(1)}, "slot": float64(2)})
	taken(fails(t, s, func(tx store.Tx) error { return tx.Insert(Children, Doc(9, "name", "y")) }), map[string]any{"parent": nil, "slot": nil})

	var key *store.PrimaryKeyError
	if err := fails(t, s, func(tx store.Tx) error { return tx.Insert(Parents, Doc(1, "name", "new")) }); !errors.As(err, &key) || key.ID != ID(1) || key.Kind != Parents {
		t.Error(err)
	}
	// A value is free once it is changed or its document is gone, within a transaction too.
	update(t, s, func(tx store.Tx) error {
		return errors.Join(tx.Put(Parents, Doc(1, "name", "b")), tx.Insert(Parents, Doc(5, "name", "a")),
			tx.Delete(Parents, ID(5)), tx.Insert(Parents, Doc(6, "name", "a")))
	})
	equal(t, []int{1, 2, 3, 6}, numbers(t, s, Parents, store.Query{Size: 10}))
}

// sparse checks that documents without a sparse reference are as unique as they were before the kind had it.
func sparse(t *testing.T, open Open) {
	s := open(t, All, nil)
	put(t, s, Parents, Doc(1), Doc(2))
	put(t, s, Children, Doc(1))
	put(t, s, Seats, Doc(1, "name", "a"), Doc(2, "name", "a", "parent", ref(1)), Doc(3, "name", "a", "parent", ref(2)), Doc(4, "name", "a", "child", ref(1)))
	for i, c := range []struct{ doc, fields map[string]any }{
		{map[string]any{"name": "a"}, map[string]any{"name": "a", "child": nil}},
		{map[string]any{"name": "a", "parent": nil}, map[string]any{"name": "a", "child": nil}},
		{map[string]any{"name": "a", "parent": ref(2)}, map[string]any{"name": "a", "child": nil, "parent": map[string]any{"id": ID(2)}}},
		{map[string]any{"name": "a", "child": ref(1)}, map[string]any{"name": "a", "child": map[string]any{"id": ID(1)}}},
	} {
		var pairs []any
		for name, v := range c.doc {
			pairs = append(pairs, name, v)
		}
		var e *store.UniqueError
		if err := fails(t, s, func(tx store.Tx) error { return tx.Insert(Seats, Doc(9, pairs...)) }); !errors.As(err, &e) {
			t.Fatal(i, err)
		}
		equal(t, c.fields, e.Fields)
	}
	// A document loses the reference, and is as one that never had it.
	var e *store.UniqueError
	if err := fails(t, s, func(tx store.Tx) error { return tx.Put(Seats, Doc(2, "name", "a")) }); !errors.As(err, &e) {
		t.Error(err)
	}
	put(t, s, Seats, Doc(2, "name", "b"), Doc(5, "name", "b", "parent", ref(1)))
	update(t, s, func(tx store.Tx) error { return tx.Delete(Parents, ID(1)) })
	equal(t, []int{1, 2, 3, 4}, numbers(t, s, Seats, store.Query{Size: 10}))
}

func references(t *testing.T, open Open) {
	s := open(t, All, nil)
	var missing *store.ReferenceError
	err := fails(t, s, func(tx store.Tx) error { return tx.Insert(Children, Doc(1, "parent", ref(1))) })
	if !errors.As(err, &missing) || missing.Kind != Children || missing.To != Parents || missing.Field != "parent" || missing.ID != ID(1) {
		t.Fatal(err)
	}
	put(t, s, Parents, Doc(1), Doc(2))
	put(t, s, Children, Doc(1, "parent", ref(1)), Doc(2, "parent", nil))
	referenced := func(n int) {
		t.Helper()
		var e *store.ReferencedError
		err := fails(t, s, func(tx store.Tx) error { return tx.Delete(Parents, ID(n)) })
		if !errors.As(err, &e) || e.Kind != Parents || e.By != Children {
			t.Error(err)
		}
	}
	referenced(1)
	put(t, s, Children, Doc(1, "parent", ref(2)))
	referenced(2)
	update(t, s, func(tx store.Tx) error { return tx.Delete(Parents, ID(1)) })
	if err := fails(t, s, func(tx store.Tx) error { return tx.Put(Children, Doc(2, "parent", ref(1))) }); !errors.As(err, &missing) {
		t.Error(err)
	}
	update(t, s, func(tx store.Tx) error {
		return errors.Join(tx.Delete(Children, ID(1)), tx.Delete(Parents, ID(2)))
	})
}

func cascade(t *testing.T, open Open) {
	s := open(t, All, nil)
	put(t, s, Parents, Doc(1), Doc(2))
	put(t, s, Children, Doc(1, "name", "a", "guardian", ref(1), "slot", 1, "tags", []string{"t"}), Doc(2, "name", "b", "guardian", ref(2), "slot", 2))
	put(t, s, Toys, Doc(1, "child", ref(1)), Doc(2, "child", ref(2)), Doc(3, "child", ref(1), "keeper", ref(1)))
	update(t, s, func(tx store.Tx) error { return tx.Delete(Parents, ID(1)) }) // toy 3 goes too, so its keeper is no obstacle
	equal(t, []int{2}, numbers(t, s, Children, store.Query{Size: 10}))
	equal(t, []int{2}, numbers(t, s, Toys, store.Query{Size: 10}))
	equal(t, 0, len(tags(t, s, "", 10)))
	put(t, s, Children, Doc(3, "name", "a", "slot", 1)) // values of what is gone are free

	put(t, s, Parents, Doc(3))
	put(t, s, Toys, Doc(4, "child", ref(2), "keeper", ref(3)), Doc(5, "keeper", ref(2)))
	var e *store.ReferencedError
	if err := fails(t, s, func(tx store.Tx) error { return tx.Delete(Parents, ID(2)) }); !errors.As(err, &e) || e.By != Toys || e.Kind != Parents {
		t.Error(err)
	}
	equal(t, []int{2, 4, 5}, numbers(t, s, Toys, store.Query{Size: 10}))
}
