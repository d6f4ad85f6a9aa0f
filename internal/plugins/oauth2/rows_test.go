package oauth2_test

import (
	"encoding/json"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
)

// list returns the rows of a kind.
func (k *kit) list(kind string) (docs []json.RawMessage) {
	k.t.Helper()
	err := k.Store.View(k.t.Context(), func(tx store.Tx) error {
		page, err := tx.List(entity.KindOf(kind), store.Query{Size: 1000})
		docs = page.Docs
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return docs
}

// remove removes what has a value in a unique field.
func (k *kit) remove(kind, field, value string) {
	k.t.Helper()
	err := k.Ledger().Update(k.t.Context(), func(tx store.Tx) error {
		of := entity.KindOf(kind)
		doc, err := tx.Find(of, field, value)
		if err != nil {
			return err
		}
		var v struct{ ID string }
		if err := json.Unmarshal(doc, &v); err != nil {
			return err
		}
		return tx.Delete(of, v.ID)
	})
	if err != nil {
		k.t.Fatal(err)
	}
}
