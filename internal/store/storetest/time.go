package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	satomic "sync/atomic"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/schema"
)

func ttl(t *testing.T, open Open) {
	var clock satomic.Int64 // milliseconds
	clock.Store(1_000_000_000_000)
	s := open(t, All, func() time.Time { return time.UnixMilli(clock.Load()) })
	put(t, s, Parents, Doc(1))
	put(t, s, Keys, Doc(1, "key", "a", "expires_at", 1_000_000_010, "parent", ref(1), "tags", []string{"t"}), Doc(2, "key", "b", "expires_at", nil),
		Doc(3, "key", "c", "expires_at", 1_000_000_020.5))
	equal(t, []int{1, 2, 3}, numbers(t, s, Keys, store.Query{Size: 10}))
	equal(t, 1, len(tags(t, s, "", 10)))
	before := version(t, s)
	clock.Add(9_999)
	equal(t, []int{1, 2, 3}, numbers(t, s, Keys, store.Query{Size: 10}))
	clock.Add(1)
	equal(t, []int{2, 3}, numbers(t, s, Keys, store.Query{Size: 10}))
	equal(t, 0, len(numbers(t, s, Keys, store.Query{Size: 10, Tags: []string{"t"}})))
	equal(t, 0, len(tags(t, s, "", 10)))
	view(t, s, func(tx store.Tx) error {
		if _, err := tx.Find(Keys, "key", "a"); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
		return nil
	})
	if err := fails(t, s, func(tx store.Tx) error { return tx.Delete(Keys, ID(1)) }); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	update(t, s, func(tx store.Tx) error { // what is over holds neither its id nor its values
		return errors.Join(tx.Insert(Keys, Doc(1, "key", "x")), tx.Insert(Keys, Doc(4, "key", "a")), tx.Delete(Parents, ID(1)))
	})
	clock.Add(10_499)
	equal(t, []int{1, 2, 3, 4}, numbers(t, s, Keys, store.Query{Size: 10}))
	clock.Add(1)
	equal(t, []int{1, 2, 4}, numbers(t, s, Keys, store.Query{Size: 10}))
	if version(t, s) == before {
		t.Error("version did not move")
	}
}

// ttlWakes: the end of a document is a change like any other.
func ttlWakes(t *testing.T, open Open) {
	s := open(t, All, nil)
	end := float64(time.Now().UnixMilli()+300) / 1000
	put(t, s, Keys, Doc(1, "key", "a", "expires_at", end))
	v := version(t, s)
	moved, err := s.Watch(within(t), v)
	if err != nil || moved == v {
		t.Fatal(moved, err)
	}
	if now := float64(time.Now().UnixMilli()) / 1000; now < end || get(t, s, Keys, 1) != nil {
		t.Errorf("woke at %f, the document ends at %f", now, end)
	}
}

func versions(t *testing.T, open Open) {
	s := open(t, All, nil)
	equal(t, uint64(0), version(t, s))
	put(t, s, Parents, Doc(1))
	equal(t, uint64(1), version(t, s))
	put(t, s, Parents, Doc(1), Doc(2), Doc(3))
	equal(t, uint64(2), version(t, s))
	update(t, s, func(tx store.Tx) error { return tx.Delete(Parents, ID(1)) })
	equal(t, uint64(3), version(t, s))
	update(t, s, func(tx store.Tx) error { // writes nothing
		_, err := tx.Get(Parents, ID(2))
		return err
	})
	fails(t, s, func(tx store.Tx) error { return errors.Join(tx.Put(Parents, Doc(9)), errors.New("no")) })
	fails(t, s, func(tx store.Tx) error { return tx.Insert(Parents, Doc(2)) })
	equal(t, uint64(3), version(t, s))
}

func watch(t *testing.T, open Open) {
	s := open(t, All, nil)
	put(t, s, Parents, Doc(1))
	for _, after := range []uint64{0, 7} { // behind, and of a database that was replaced
		if v, err := s.Watch(within(t), after); v != 1 || err != nil {
			t.Fatal(v, err)
		}
	}
	const watchers = 5
	woken := make(chan error, watchers)
	for range watchers {
		go func() {
			v, err := s.Watch(within(t), 1)
			if err == nil && v != 2 {
				err = fmt.Errorf("version %d", v)
			}
			woken <- err
		}()
	}
	put(t, s, Parents, Doc(2))
	for range watchers {
		if err := <-woken; err != nil {
			t.Error(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if v, err := s.Watch(ctx, 2); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(v, err)
	}
}

// concurrent counts up a field from many sides: no update is lost.
func concurrent(t *testing.T, open Open) {
	s := open(t, All, nil)
	put(t, s, Parents, Doc(1, "count", 0))
	const sides, times = 6, 10
	var done sync.WaitGroup
	for side := range sides {
		done.Go(func() {
			for n := range times {
				err := s.Update(t.Context(), func(tx store.Tx) error {
					doc, err := tx.Get(Parents, ID(1))
					if err != nil {
						return err
					}
					var d struct{ Count int }
					if err := json.Unmarshal(doc, &d); err != nil {
						return err
					}
					return errors.Join(tx.Put(Parents, Doc(1, "count", d.Count+1)), tx.Insert(Toys, Doc(100*side+n, "keeper", ref(1))))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	done.Wait()
	equal(t, string(Doc(1, "count", sides*times)), string(get(t, s, Parents, 1)))
	equal(t, sides*times, len(numbers(t, s, Toys, store.Query{Size: 7})))
	equal(t, uint64(sides*times+1), version(t, s))

	// Of many that want the same name, one gets it; of one that refers and one that deletes, one succeeds.
	var won satomic.Int64
	for n := range sides {
		done.Go(func() {
			if s.Update(t.Context(), func(tx store.Tx) error { return tx.Insert(Parents, Doc(10+n, "name", "same")) }) == nil {
				won.Add(1)
			}
		})
	}
	done.Wait()
	equal(t, int64(1), won.Load())
	for n := range 5 {
		put(t, s, Parents, Doc(50+n))
		won.Store(0)
		done.Go(func() {
			if s.Update(t.Context(), func(tx store.Tx) error { return tx.Insert(Toys, Doc(5000+n, "keeper", ref(50+n))) }) == nil {
				won.Add(1)
			}
		})
		done.Go(func() {
			if s.Update(t.Context(), func(tx store.Tx) error { return tx.Delete(Parents, ID(50+n)) }) == nil {
				won.Add(1)
			}
		})
		done.Wait()
		equal(t, int64(1), won.Load())
	}
}

// viewIsConsistent: a view sees one state, whatever is committed meanwhile, and holds up nobody.
func viewIsConsistent(t *testing.T, open Open) {
	s := open(t, All, nil)
	put(t, s, Parents, Doc(1, "n", 1))
	put(t, s, Toys, Doc(1, "n", 1))
	view(t, s, func(tx store.Tx) error {
		first, err := tx.Get(Parents, ID(1))
		if err != nil {
			return err
		}
		equal(t, string(Doc(1, "n", 1)), string(first))
		update(t, s, func(tx store.Tx) error {
			return errors.Join(tx.Put(Parents, Doc(1, "n", 2)), tx.Put(Toys, Doc(1, "n", 2)))
		})
		second, err := tx.Get(Toys, ID(1))
		equal(t, string(first), string(second))
		return err
	})
	equal(t, string(Doc(1, "n", 2)), string(get(t, s, Toys, 1)))
}

func secrets(t *testing.T, open Open) {
	s := open(t, All, nil)
	got := make(chan string, 8)
	for range cap(got) {
		go func() {
			b, err := s.Secret(t.Context(), "tokens")
			if err != nil || len(b) != 32 {
				t.Error(b, err)
			}
			got <- string(b)
		}()
	}
	first := <-got
	for range cap(got) - 1 {
		equal(t, first, <-got)
	}
	other, err := s.Secret(t.Context(), "other")
	if err != nil || string(other) == first {
		t.Error("two names, one secret", err)
	}
	equal(t, uint64(0), version(t, s))
}

func load(t *testing.T, open Open) {
	s := open(t, nil, nil)
	services, routes := entity.KindOf("services"), entity.KindOf("routes")
	const n = 20
	update(t, s, func(tx store.Tx) error { return Fill(tx, n, 0) })
	set, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, uint64(1), set.Version())
	equal(t, n, len(set.Docs(services)))
	equal(t, n, len(set.Docs(routes)))
	for i, r := range entity.All[entity.Route](set) {
		equal(t, ID(n+i), r.ID)
		equal(t, ID(i), r.Service.ID)
	}
}

// Fill inserts n services with a route each. Their ids are from a number on.
func Fill(tx store.Tx, n, from int) error {
	services, routes := entity.KindOf("services"), entity.KindOf("routes")
	o := schema.Options{}
	insert := func(k *entity.Kind, doc map[string]any) error {
		full, errs := k.Prepare(doc, o)
		if len(errs) > 0 {
			return fmt.Errorf("%v", errs)
		}
		b, err := json.Marshal(full)
		if err != nil {
			return err
		}
		return tx.Insert(k, b)
	}
	for i := from; i < from+n; i++ {
		if err := insert(services, map[string]any{"id": ID(i), "name": fmt.Sprint("s", i), "host": "example.com", "tags": []any{"t"}}); err != nil {
			return err
		}
		err := insert(routes, map[string]any{"id": ID(n + i), "name": fmt.Sprint("r", i), "paths": []any{fmt.Sprint("/", i)},
			"service": map[string]any{"id": ID(i)}})
		if err != nil {
			return err
		}
	}
	return nil
}
