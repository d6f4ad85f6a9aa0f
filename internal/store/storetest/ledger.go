package storetest

import (
	"errors"
	"sync"
	satomic "sync/atomic"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/kongoauth2"
	"github.com/gibbon-gateway/gibbon/internal/store"
)

// ledger: rows of a ledger are as good as others, but move no version: not when they are written, nor when they go.
func ledger(t *testing.T, open Open) {
	var clock satomic.Int64 // milliseconds
	clock.Store(1_000_000_000_000)
	s := open(t, All, func() time.Time { return time.UnixMilli(clock.Load()) })
	put(t, s, Parents, Doc(1), Doc(2))
	before := version(t, s)
	put(t, s, Tickets, Doc(1, "code", "a", "parent", ref(1), "expires_at", 1_000_000_010), Doc(2, "code", "b", "parent", ref(2)), Doc(3, "code", "c"))
	put(t, s, Tickets, Doc(3, "code", "d"))
	equal(t, []int{1, 2, 3}, numbers(t, s, Tickets, store.Query{Size: 2}))
	equal(t, []int{2}, numbers(t, s, Tickets, store.Query{Size: 2, Ref: "parent", RefID: ID(2)}))
	var taken *store.UniqueError
	if err := fails(t, s, func(tx store.Tx) error { return tx.Insert(Tickets, Doc(4, "code", "b")) }); !errors.As(err, &taken) {
		t.Error(err)
	}
	var dangling *store.ReferenceError
	if err := fails(t, s, func(tx store.Tx) error { return tx.Insert(Tickets, Doc(4, "parent", ref(9))) }); !errors.As(err, &dangling) {
		t.Error(err)
	}
	clock.Add(10_000)
	equal(t, []int{2, 3}, numbers(t, s, Tickets, store.Query{Size: 10}))
	update(t, s, func(tx store.Tx) error { return tx.Delete(Tickets, ID(3)) })
	equal(t, before, version(t, s))
	update(t, s, func(tx store.Tx) error { return tx.Delete(Parents, ID(2)) }) // and what belongs to it
	equal(t, 0, len(numbers(t, s, Tickets, store.Query{Size: 10})))
	if version(t, s) != before+1 {
		t.Error("the version did not move by one")
	}
}

// ledgerIsNotLoaded uses the kinds of entity, as all tests of Load.
func ledgerIsNotLoaded(t *testing.T, open Open) {
	s := open(t, nil, nil)
	consumers, credentials, tokens := entity.KindOf("consumers"), entity.KindOf("oauth2_credentials"), entity.KindOf("oauth2_tokens")
	put(t, s, consumers, Doc(1, "username", "u"))
	put(t, s, credentials, Doc(2, "client_id", "c", "consumer", ref(1)))
	put(t, s, tokens, Doc(3, "access_token", "t", "credential", ref(2)))
	for _, name := range []string{"v", "w"} { // from the start, and by changes
		put(t, s, consumers, Doc(1, "username", name))
		put(t, s, tokens, Doc(4, "access_token", name, "credential", ref(2)))
		set, err := s.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n := len(entity.All[kongoauth2.Token](set)); n != 0 || len(set.Problems()) > 0 {
			t.Errorf("%d tokens, problems %v", n, set.Problems())
		}
		if n := len(entity.All[kongoauth2.Credential](set)); n != 1 || set.ConsumerNamed(name) == nil {
			t.Errorf("%d credentials; the consumer %v", n, set.ConsumerNamed(name))
		}
	}
}

// redeemedOnce: of many that find a row and delete it, one succeeds.
func redeemedOnce(t *testing.T, open Open) {
	s := open(t, All, nil)
	put(t, s, Tickets, Doc(1, "code", "a"))
	var won satomic.Int64
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			err := s.Update(t.Context(), func(tx store.Tx) error {
				if _, err := tx.Find(Tickets, "code", "a"); err != nil {
					return err
				}
				return errors.Join(tx.Delete(Tickets, ID(1)), tx.Insert(Tickets, Doc(10+n)))
			})
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, store.ErrNotFound):
				t.Error(err)
			}
		})
	}
	all.Wait()
	equal(t, int64(1), won.Load())
	equal(t, 1, len(numbers(t, s, Tickets, store.Query{Size: 10})))
}
