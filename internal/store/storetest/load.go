package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	satomic "sync/atomic"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
)

// loadAgain changes a store at random: what Load returns is always what is there, however much has changed since the Load before.
func loadAgain(t *testing.T, open Open) {
	var clock satomic.Int64 // milliseconds
	clock.Store(1_000_000_000_000)
	s := open(t, nil, func() time.Time { return time.UnixMilli(clock.Load()) })
	services, routes, consumers, keys := entity.KindOf("services"), entity.KindOf("routes"), entity.KindOf("consumers"), entity.KindOf("keyauth_credentials")
	r := rand.New(rand.NewPCG(1, 2))
	const ids = 8
	change := func(tx store.Tx) error {
		n, name := r.IntN(ids), fmt.Sprint("name", r.IntN(100))
		switch r.IntN(6) {
		case 0:
			return tx.Put(services, Doc(n, "name", name, "host", "a.test"))
		case 1:
			return tx.Put(routes, Doc(n, "name", name, "service", ref(r.IntN(ids))))
		case 2:
			return tx.Put(consumers, Doc(n, "username", name))
		case 3:
			return tx.Put(keys, Doc(n, "key", name, "consumer", ref(r.IntN(ids)), "expires_at", clock.Load()/1000+int64(r.IntN(20))))
		case 4:
			return tx.Delete([]*entity.Kind{services, routes, consumers, keys}[r.IntN(4)], ID(n))
		}
		clock.Add(int64(r.IntN(3000)))
		return nil
	}
	var last *entity.Set
	for range 100 {
		for range r.IntN(4) {
			_ = s.Update(t.Context(), func(tx store.Tx) error {
				var errs []error
				for range 1 + r.IntN(3) {
					if err := change(tx); err != nil {
						errs = append(errs, err)
					}
				}
				if r.IntN(5) == 0 {
					return errors.Join(errs...) // undoes the rest
				}
				return nil
			})
		}
		if r.IntN(33) == 0 {
			update(t, s, func(tx store.Tx) error { return Fill(tx, r.IntN(300), 100+int(clock.Add(1)%1e9)*1000) })
		}
		set, err := s.Load(within(t))
		if err != nil {
			t.Fatal(err)
		}
		want, problems := entity.NewSet(set.Version(), everything(t, s))
		for _, k := range entity.Kinds() {
			if a, b := texts(want.Docs(k)), texts(set.Docs(k)); !slices.Equal(a, b) {
				equal(t, a, b)
			}
		}
		equal(t, len(problems), len(set.Problems()))
		if last != nil && last.Version() > set.Version() {
			t.Error("the version went back")
		}
		last = set
	}
}

// everything lists the documents of all kinds.
func everything(t *testing.T, s store.Store) (objects []entity.Object) {
	for _, k := range entity.Kinds() {
		q := store.Query{Size: 1000}
		for {
			var page store.Page
			view(t, s, func(tx store.Tx) (err error) {
				page, err = tx.List(k, q)
				return err
			})
			for _, doc := range page.Docs {
				objects = append(objects, entity.Object{Kind: k, ID: ID(number(t, doc)), Doc: doc})
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
	}
	return objects
}

func texts(docs []json.RawMessage) []string {
	out := make([]string, len(docs))
	for i, doc := range docs {
		out[i] = string(doc)
	}
	return out
}
