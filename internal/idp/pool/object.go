package pool

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/store"
)

// The kinds of things that lie in a pool as documents.
const (
	kindProvider = "provider"
	kindUI       = "ui"
	kindBranding = "branding"
	kindTerms    = "terms"
	kindRisk     = "risk"
	kindLogs     = "logs"
	kindReplica  = "replica"
	kindCert     = "certificate"
)

const everything = 100000 // more than there can be of a kind

// object reads a thing of the pool into a T. The error is store.ErrNotFound if there is none.
func object[T any](tx *store.Tx, pool, kind, id string) (T, error) {
	row, err := tx.Object(pool, kind, id)
	if err != nil {
		var none T
		return none, err
	}
	return decodeObject[T](row)
}

func decodeObject[T any](row store.Object) (v T, err error) {
	if err := json.Unmarshal(row.Doc, &v); err != nil {
		return v, fmt.Errorf("%s %s: stored document: %w", row.Kind, row.ID, err)
	}
	return v, nil
}

// objects reads things of a kind.
func objects[T any](tx *store.Tx, pool, kind, after string, limit int) ([]T, error) {
	rows, err := tx.Objects(pool, kind, after, limit)
	if err != nil {
		return nil, err
	}
	list := make([]T, len(rows))
	for i, row := range rows {
		if list[i], err = decodeObject[T](row); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// put stores v as a thing of the pool.
func put(tx *store.Tx, pool, kind, id string, v any, now time.Time) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return tx.PutObject(store.Object{PoolID: pool, Kind: kind, ID: id, Doc: body, Created: now, Modified: now})
}

// translated replaces store.ErrNotFound and store.ErrExists by errors of the API.
func translated(err, notFound, exists error) error {
	switch {
	case notFound != nil && errors.Is(err, store.ErrNotFound):
		return notFound
	case exists != nil && errors.Is(err, store.ErrExists):
		return exists
	}
	return err
}
