package sqlstore

import (
	"encoding/json"
	"strings"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
)

// Insert implements store.Tx.
func (tx *tx) Insert(k *entity.Kind, doc json.RawMessage) error { return tx.write(k, doc, false) }

// Put implements store.Tx.
func (tx *tx) Put(k *entity.Kind, doc json.RawMessage) error { return tx.write(k, doc, true) }

// write checks everything before it changes anything: who goes on after an error finds the transaction as it was.
func (tx *tx) write(k *entity.Kind, doc json.RawMessage, replace bool) error {
	if tx.readOnly {
		return store.ErrReadOnly
	}
	facts, err := store.Read(k, doc)
	if err != nil {
		return err
	}
	if err := tx.sweep(); err != nil {
		return err
	}
	exists, err := tx.exists(k.Name, facts.ID)
	if err != nil {
		return err
	}
	if exists && !replace {
		return &store.PrimaryKeyError{Kind: k, ID: facts.ID}
	}
	if err := tx.check(k, facts); err != nil {
		return err
	}
	tx.note(store.Key{Kind: k.Name, ID: facts.ID})
	tx.expiring = tx.expiring || facts.Expires > 0
	if exists {
		for _, table := range []string{"config_refs", "config_uniques", "config_tags"} {
			if err := tx.exec(`DELETE FROM `+table+` WHERE kind = $1 AND id = $2`, k.Name, facts.ID); err != nil {
				return err
			}
		}
	}
	err = tx.exec(`INSERT INTO config_documents (kind, id, doc, created, changed, expires) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (kind, id) DO UPDATE SET doc = excluded.doc, created = excluded.created, changed = excluded.changed, expires = excluded.expires`,
		k.Name, facts.ID, string(doc), facts.Created, tx.now, facts.Expires)
	if err != nil {
		return err
	}
	return tx.index(k, facts)
}

func (tx *tx) exists(kind, id string) (bool, error) {
	_, found, err := tx.text(`SELECT id FROM config_documents WHERE kind = $1 AND id = $2 AND (expires = 0 OR expires > $3)`, kind, id, tx.now)
	return found, err
}

// check looks for what must not be stored.
func (tx *tx) check(k *entity.Kind, facts store.Facts) error {
	for _, v := range facts.Unique {
		holder, taken, err := tx.text(`SELECT id FROM config_uniques WHERE kind = $1 AND fields = $2 AND value = $3`,
			k.Name, strings.Join(v.Fields, ","), short(v.Key))
		if err != nil {
			return err
		}
		if taken && holder != facts.ID {
			return &store.UniqueError{Kind: k, Fields: v.Parts}
		}
	}
	for _, ref := range facts.Refs {
		if ref.To == k.Name && ref.ID == facts.ID {
			continue
		}
		there, err := tx.exists(ref.To, ref.ID)
		if err != nil {
			return err
		}
		if !there {
			return &store.ReferenceError{Kind: k, Field: ref.Field, To: tx.catalog.Kind(ref.To), ID: ref.ID}
		}
	}
	return nil
}

// index writes the references, unique values and tags of a document.
func (tx *tx) index(k *entity.Kind, facts store.Facts) error {
	var refs, uniques, tags [][]any
	for _, ref := range facts.Refs {
		refs = append(refs, []any{k.Name, facts.ID, ref.Field, ref.To, ref.ID})
	}
	for _, v := range facts.Unique {
		uniques = append(uniques, []any{k.Name, strings.Join(v.Fields, ","), short(v.Key), facts.ID})
	}
	for _, tag := range facts.Tags {
		tags = append(tags, []any{tag, k.Name, facts.ID})
	}
	if err := tx.rows(`INSERT INTO config_refs (kind, id, field, to_kind, to_id) VALUES `, refs); err != nil {
		return err
	}
	if err := tx.rows(`INSERT INTO config_uniques (kind, fields, value, id) VALUES `, uniques); err != nil {
		return err
	}
	return tx.rows(`INSERT INTO config_tags (tag, kind, id) VALUES `, tags)
}

// rows inserts rows, many at a time.
func (tx *tx) rows(insert string, rows [][]any) error {
	const many = 50
	for len(rows) > 0 {
		var s statement
		var values []string
		n := min(many, len(rows))
		for _, r := range rows[:n] {
			holders := make([]string, len(r))
			for i, v := range r {
				holders[i] = s.arg(v)
			}
			values = append(values, "("+strings.Join(holders, ", ")+")")
		}
		if err := tx.exec(insert+strings.Join(values, ", "), s.args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// Delete implements store.Tx.
func (tx *tx) Delete(k *entity.Kind, id string) error {
	if tx.readOnly {
		return store.ErrReadOnly
	}
	if !store.Storable(id) {
		return store.ErrNotFound
	}
	if err := tx.sweep(); err != nil {
		return err
	}
	there, err := tx.exists(k.Name, id)
	if err != nil {
		return err
	}
	if !there {
		return store.ErrNotFound
	}
	return tx.remove(store.Key{Kind: k.Name, ID: id})
}

// remove removes a document and those that belong to it. Their rows in other tables go with them.
func (tx *tx) remove(key store.Key) error {
	doomed, err := tx.catalog.Doomed(key, tx.referrers)
	if err != nil {
		return err
	}
	for _, key := range doomed {
		tx.note(key)
		if err := tx.exec(`DELETE FROM config_documents WHERE kind = $1 AND id = $2`, key.Kind, key.ID); err != nil {
			return err
		}
	}
	return nil
}

func (tx *tx) referrers(to store.Key) (list []store.Referrer, err error) {
	err = tx.query(func(r row) error {
		var from store.Referrer
		if err := r.Scan(&from.Kind, &from.ID, &from.Field); err != nil {
			return err
		}
		list = append(list, from)
		return nil
	}, `SELECT kind, id, field FROM config_refs WHERE to_kind = $1 AND to_id = $2 ORDER BY kind, field, id`, to.Kind, to.ID)
	return list, err
}

// sweep removes what is over, once per transaction.
func (tx *tx) sweep() error {
	if tx.swept || !tx.catalog.HasTTL() {
		return nil
	}
	tx.swept = true
	var over []store.Key
	err := tx.query(func(r row) error {
		var key store.Key
		if err := r.Scan(&key.Kind, &key.ID); err != nil {
			return err
		}
		over = append(over, key)
		return nil
	}, `SELECT kind, id FROM config_documents WHERE expires > 0 AND expires <= $1`, tx.now)
	if err != nil {
		return err
	}
	for _, key := range over {
		if err := tx.remove(key); err != nil {
			return err
		}
	}
	return nil
}
