// Package ledger gives plugins the entities that requests issue and use up: it implements plugin.Ledger over a store. Its main type is
// Ledger, which is the store as well, for whoever else writes to it: what leaves the database by this node is forgotten here at once.
// It knows no kind of entity by name, and does not decide who may have a token.
package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/schema"
)

const (
	// fresh is how long something found is not looked at again.
	fresh = time.Second
	// patience is how long the database may take.
	patience = 10 * time.Second
)

// Ledger is a store that remembers what was found in it.
type Ledger struct {
	store.Store
	now    func() time.Time
	tables []*table
	// forgotten counts what was forgotten: who has read before must not remember after.
	forgotten atomic.Uint64
}

// New returns a ledger over a store. A nil now is time.Now.
func New(s store.Store, now func() time.Time) *Ledger {
	l := &Ledger{Store: s, now: now}
	if now == nil {
		l.now = time.Now
	}
	for _, k := range entity.Kinds() {
		for _, set := range k.Unique {
			if k.Ledger && len(set) == 1 {
				l.tables = append(l.tables, newTable(k, set[0]))
			}
		}
	}
	return l
}

func (l *Ledger) table(kind, field string) *table {
	for _, t := range l.tables {
		if t.kind.Name == kind && t.field == field {
			return t
		}
	}
	return nil
}

// Find implements plugin.Ledger.
func (l *Ledger) Find(ctx context.Context, kind, field string, value []byte) (any, error) {
	t := l.table(kind, field)
	if t == nil {
		return nil, fmt.Errorf("ledger: %s have no unique field %s", kind, field)
	}
	now := l.now()
	e := t.get(value)
	if e != nil && e.over(now) {
		e = nil
	}
	if e != nil {
		checked := e.checked.Load()
		// Of those who come when it is time to look again, one does.
		if now.UnixNano()-checked < int64(fresh) || !e.checked.CompareAndSwap(checked, now.UnixNano()) {
			return e.value, nil
		}
	}
	forgotten := l.forgotten.Load()
	found, err := l.read(ctx, t, string(value))
	switch {
	case errors.Is(err, store.ErrUnavailable) && e != nil:
		return e.value, nil
	case err != nil:
		return nil, err
	case found == nil:
		t.drop(string(value))
		return nil, nil
	}
	found.checked.Store(now.UnixNano())
	t.put(string(value), found, func() bool { return l.forgotten.Load() == forgotten })
	return found.value, nil
}

// read reads from the store; nil if there is nothing.
func (l *Ledger) read(ctx context.Context, t *table, value string) (found *entry, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = l.View(ctx, func(tx store.Tx) error {
		found = nil
		doc, err := tx.Find(t.kind, t.field, value)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		found, err = newEntry(t.kind, doc)
		return err
	})
	return found, err
}

// Update implements store.Store.
func (l *Ledger) Update(ctx context.Context, fn func(store.Tx) error) error {
	var w *watched
	err := l.Store.Update(ctx, func(tx store.Tx) error {
		w = &watched{Tx: tx, l: l}
		return fn(w)
	})
	// Whether what failed was committed after all is not known when the database went away.
	if w != nil {
		w.forget()
	}
	return err
}

// Change implements plugin.Ledger.
func (l *Ledger) Change(ctx context.Context, fn func(plugin.LedgerTx) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := l.Update(ctx, func(tx store.Tx) error { return fn(change{tx, l.now}) })
	if errors.Is(err, store.ErrReadOnly) {
		return plugin.ErrReadOnly
	}
	return err
}

// watched is a transaction that notes what is to be forgotten.
type watched struct {
	store.Tx
	l    *Ledger
	gone []value
	all  bool // much may have gone with something that it belonged to
}

// value is one that leads to an entity no more, or to another.
type value struct {
	table *table
	key   string
}

// Put implements store.Tx.
func (w *watched) Put(k *entity.Kind, doc json.RawMessage) error {
	if k.Ledger {
		facts, err := store.Read(k, doc)
		if err != nil {
			return err
		}
		if err := w.note(k, facts.ID); err != nil {
			return err
		}
	}
	return w.Tx.Put(k, doc)
}

// Delete implements store.Tx.
func (w *watched) Delete(k *entity.Kind, id string) error {
	if !k.Ledger {
		w.all = true
	} else if err := w.note(k, id); err != nil {
		return err
	}
	return w.Tx.Delete(k, id)
}

// note notes the values of a document as it is stored now.
func (w *watched) note(k *entity.Kind, id string) error {
	raw, err := w.Get(k, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return err
	}
	for _, t := range w.l.tables {
		if key, isText := doc[t.field].(string); isText && t.kind == k {
			w.gone = append(w.gone, value{t, key})
		}
	}
	return nil
}

func (w *watched) forget() {
	if !w.all && len(w.gone) == 0 {
		return
	}
	w.l.forgotten.Add(1)
	for _, v := range w.gone {
		v.table.drop(v.key)
	}
	for _, t := range w.l.tables {
		if w.all {
			t.clear()
		}
	}
}

// change is a plugin's transaction.
type change struct {
	tx  store.Tx
	now func() time.Time
}

func kindOf(name string) (*entity.Kind, error) {
	k := entity.KindOf(name)
	if k == nil || !k.Ledger {
		return nil, fmt.Errorf("ledger: %q is no kind of a ledger", name)
	}
	return k, nil
}

// Find implements plugin.LedgerTx.
func (c change) Find(kind, field, value string) (any, error) {
	k, err := kindOf(kind)
	if err != nil {
		return nil, err
	}
	doc, err := c.tx.Find(k, field, value)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return k.Decode(doc)
}

// Put implements plugin.LedgerTx.
func (c change) Put(kind string, doc map[string]any) (any, error) {
	k, err := kindOf(kind)
	if err != nil {
		return nil, err
	}
	done, errs := k.Prepare(doc, schema.Options{Op: schema.Create, Now: c.now()})
	if len(errs) > 0 {
		return nil, fmt.Errorf("%s: %s", kind, errs.Message())
	}
	raw, err := json.Marshal(done)
	if err != nil {
		return nil, err
	}
	if err := c.tx.Put(k, raw); err != nil {
		return nil, err
	}
	return k.Decode(raw)
}

// Delete implements plugin.LedgerTx.
func (c change) Delete(kind, id string) error {
	k, err := kindOf(kind)
	if err != nil {
		return err
	}
	if err := c.tx.Delete(k, id); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}
