package store

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/entity"
)

// Insert implements Tx.
func (tx *memoryTx) Insert(k *entity.Kind, doc json.RawMessage) error { return tx.write(k, doc, false) }

// Put implements Tx.
func (tx *memoryTx) Put(k *entity.Kind, doc json.RawMessage) error { return tx.write(k, doc, true) }

func (tx *memoryTx) write(k *entity.Kind, doc json.RawMessage, replace bool) error {
	if tx.own == nil {
		return ErrReadOnly
	}
	facts, err := Read(k, doc)
	if err != nil {
		return err
	}
	d := &memoryDoc{Facts: facts, doc: slices.Clone(doc)}
	old := tx.live(k.Name, d.ID)
	if old != nil && !replace {
		return &PrimaryKeyError{Kind: k, ID: d.ID}
	}
	s := tx.state.shelves[k.Name]
	for _, v := range d.Unique {
		if s == nil {
			break
		}
		if id, taken := s.unique[v.index()]; taken && id != d.ID {
			return &UniqueError{Kind: k, Fields: v.Parts}
		}
	}
	for _, ref := range d.Refs {
		self := ref.To == k.Name && ref.ID == d.ID
		if !self && tx.live(ref.To, ref.ID) == nil {
			return &ReferenceError{Kind: k, Field: ref.Field, To: tx.state.catalog.Kind(ref.To), ID: ref.ID}
		}
	}
	tx.remove(Key{k.Name, d.ID})
	s = tx.shelf(k.Name)
	s.docs[d.ID] = d
	for _, v := range d.Unique {
		s.unique[v.index()] = d.ID
	}
	return nil
}

// index is the key of a shelf's unique values.
func (v Value) index() string { return strings.Join(v.Fields, ",") + "\x00" + v.Key }

// shelf returns a shelf to write to.
func (tx *memoryTx) shelf(kind string) *shelf {
	s := tx.state.shelves[kind]
	switch {
	case s == nil:
		s = &shelf{docs: map[string]*memoryDoc{}, unique: map[string]string{}}
	case !tx.own[kind]:
		s = &shelf{docs: maps.Clone(s.docs), unique: maps.Clone(s.unique)}
	}
	tx.own[kind] = true
	tx.state.shelves[kind] = s
	return s
}

func (tx *memoryTx) remove(key Key) {
	s := tx.shelf(key.Kind)
	if d := s.docs[key.ID]; d != nil {
		for _, v := range d.Unique {
			delete(s.unique, v.index())
		}
		delete(s.docs, key.ID)
	}
}

// Delete implements Tx.
func (tx *memoryTx) Delete(k *entity.Kind, id string) error {
	if tx.own == nil {
		return ErrReadOnly
	}
	if tx.live(k.Name, id) == nil {
		return ErrNotFound
	}
	return tx.removeAll(Key{k.Name, id})
}

// removeAll removes a document and those that belong to it.
func (tx *memoryTx) removeAll(key Key) error {
	doomed, err := tx.state.catalog.Doomed(key, tx.referrers)
	if err != nil {
		return err
	}
	for _, key := range doomed {
		tx.remove(key)
	}
	return nil
}

func (tx *memoryTx) referrers(to Key) (list []Referrer, err error) {
	for kind, s := range tx.state.shelves {
		for _, d := range s.docs {
			for _, ref := range d.Refs {
				if ref.To == to.Kind && ref.ID == to.ID {
					list = append(list, Referrer{Key: Key{kind, d.ID}, Field: ref.Field})
				}
			}
		}
	}
	return list, nil
}

// sweep removes what is over.
func (tx *memoryTx) sweep() error {
	for kind, s := range tx.state.shelves {
		for id, d := range s.docs {
			if d.over(tx.now) {
				if err := tx.removeAll(Key{kind, id}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
