package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
)

// Memory is a Store for tests: it forgets everything with the process. The zero value is empty and ready.
type Memory struct {
	Kinds []*entity.Kind   // what it may hold; entity.Kinds if empty
	Now   func() time.Time // time.Now if nil

	writing sync.Mutex // held by whoever changes current
	mu      sync.Mutex
	current *memoryState
	changed chan struct{} // closed when current changes
	secrets map[string][]byte
}

// memoryState is everything at one version. It does not change: writers copy the shelves that they change.
type memoryState struct {
	version uint64
	catalog Catalog
	shelves map[string]*shelf
}

// shelf holds the documents of a kind.
type shelf struct {
	docs   map[string]*memoryDoc
	unique map[string]string // fields and key → id
}

type memoryDoc struct {
	Facts
	doc json.RawMessage
}

func (m *Memory) now() time.Time {
	if m.Now != nil {
		return m.Now()
	}
	return time.Now()
}

// state returns what is there now, and a channel that is closed when it is not any more.
func (m *Memory) state() (*memoryState, <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.current == nil {
		m.current = &memoryState{catalog: NewCatalog(m.Kinds), shelves: map[string]*shelf{}}
		m.changed = make(chan struct{})
		m.secrets = map[string][]byte{}
	}
	return m.current, m.changed
}

// Load implements Store.
func (m *Memory) Load(ctx context.Context) (*entity.Set, error) {
	var objects []entity.Object
	state, _ := m.state()
	tx := &memoryTx{state: *state, now: m.now()}
	for _, name := range slices.Sorted(maps.Keys(state.shelves)) {
		k := state.catalog.Kind(name)
		if k.Ledger {
			continue
		}
		for _, d := range tx.sorted(k, false) {
			objects = append(objects, entity.Object{Kind: k, ID: d.ID, Doc: slices.Clone(d.doc)})
		}
	}
	set, _ := entity.NewSet(state.version, objects)
	return set, ctx.Err()
}

// Watch implements Store.
func (m *Memory) Watch(ctx context.Context, after uint64) (uint64, error) {
	for {
		if err := m.Update(ctx, func(Tx) error { return nil }); err != nil { // removes what is over
			return 0, err
		}
		state, changed := m.state()
		if state.version != after {
			return state.version, nil
		}
		timer := time.NewTimer(state.next(m.now()))
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return 0, ctx.Err()
		}
		timer.Stop()
	}
}

// next returns how long it is until the next document is over.
func (s *memoryState) next(now time.Time) time.Duration {
	wait := time.Hour
	for _, shelf := range s.shelves {
		for _, d := range shelf.docs {
			if d.Expires > 0 {
				wait = min(wait, time.UnixMilli(d.Expires).Sub(now))
			}
		}
	}
	return wait
}

// View implements Store.
func (m *Memory) View(ctx context.Context, fn func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	state, _ := m.state()
	return fn(&memoryTx{state: *state, now: m.now()})
}

// Update implements Store.
func (m *Memory) Update(ctx context.Context, fn func(Tx) error) error {
	m.writing.Lock()
	defer m.writing.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	state, _ := m.state()
	tx := &memoryTx{state: *state, now: m.now(), own: map[string]bool{}}
	tx.state.shelves = maps.Clone(state.shelves)
	if err := tx.sweep(); err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return err
	}
	if len(tx.own) == 0 {
		return nil
	}
	moved := false
	for name := range tx.own {
		moved = moved || !state.catalog.Kind(name).Ledger
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.current = &tx.state
	if !moved {
		return nil
	}
	tx.state.version++
	close(m.changed)
	m.changed = make(chan struct{})
	return nil
}

// Secret implements Store.
func (m *Memory) Secret(ctx context.Context, name string) ([]byte, error) {
	m.state()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.secrets[name] == nil {
		m.secrets[name] = make([]byte, 32)
		rand.Read(m.secrets[name])
	}
	return slices.Clone(m.secrets[name]), ctx.Err()
}

// Close implements Store.
func (m *Memory) Close() error { return nil }

type memoryTx struct {
	state memoryState
	now   time.Time
	own   map[string]bool // kinds whose shelf was copied; nil in a view
}

// live returns a document that is not over, or nil.
func (tx *memoryTx) live(kind, id string) *memoryDoc {
	s := tx.state.shelves[kind]
	if s == nil {
		return nil
	}
	d := s.docs[id]
	if d == nil || d.over(tx.now) {
		return nil
	}
	return d
}

func (d *memoryDoc) over(now time.Time) bool { return d.Expires > 0 && d.Expires <= now.UnixMilli() }

// Get implements Tx.
func (tx *memoryTx) Get(k *entity.Kind, id string) (json.RawMessage, error) {
	if d := tx.live(k.Name, id); d != nil {
		return slices.Clone(d.doc), nil
	}
	return nil, ErrNotFound
}

// Find implements Tx.
func (tx *memoryTx) Find(k *entity.Kind, field, value string) (json.RawMessage, error) {
	s := tx.state.shelves[k.Name]
	if s == nil || !Findable(k, field) {
		return nil, ErrNotFound
	}
	return tx.Get(k, s.unique[field+"\x00"+FindKey(value)])
}

// sorted returns the documents of a kind, those that are over left out.
func (tx *memoryTx) sorted(k *entity.Kind, newest bool) []*memoryDoc {
	s := tx.state.shelves[k.Name]
	if s == nil {
		return nil
	}
	list := slices.Collect(maps.Values(s.docs))
	list = slices.DeleteFunc(list, func(d *memoryDoc) bool { return d.over(tx.now) })
	slices.SortFunc(list, func(a, b *memoryDoc) int {
		if newest {
			return cmp.Or(cmp.Compare(b.Created, a.Created), strings.Compare(b.ID, a.ID))
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list
}

// List implements Tx.
func (tx *memoryTx) List(k *entity.Kind, q Query) (page Page, err error) {
	behind := func(d *memoryDoc) bool { return d.ID > q.After }
	if q.Newest {
		created, id, err := ParseNewest(q.After)
		if err != nil {
			return Page{}, err
		}
		behind = func(d *memoryDoc) bool {
			return q.After == "" || d.Created < created || d.Created == created && d.ID < id
		}
	}
	var last *memoryDoc
	for _, d := range tx.sorted(k, q.Newest) {
		if !behind(d) || !d.matches(q) {
			continue
		}
		if len(page.Docs) == q.Size {
			if page.Next = last.ID; q.Newest {
				page.Next = FormatNewest(last.Created, last.ID)
			}
			break
		}
		page.Docs = append(page.Docs, slices.Clone(d.doc))
		last = d
	}
	return page, nil
}

func (d *memoryDoc) matches(q Query) bool {
	if q.Ref != "" && !slices.ContainsFunc(d.Refs, func(l Link) bool { return l.Field == q.Ref && l.ID == q.RefID }) {
		return false
	}
	if len(q.Tags) == 0 {
		return true
	}
	for _, tag := range q.Tags {
		if slices.Contains(d.Tags, tag) == q.AnyTag {
			return q.AnyTag
		}
	}
	return !q.AnyTag
}

// Tags implements Tx.
func (tx *memoryTx) Tags(tag string, size int, after string) (rows []TagRow, next string, err error) {
	behind, err := ParseTagRow(after)
	if err != nil {
		return nil, "", err
	}
	for name, s := range tx.state.shelves {
		for _, d := range s.docs {
			for _, t := range d.Tags {
				row := TagRow{Tag: t, Kind: name, ID: d.ID}
				if !d.over(tx.now) && (tag == "" || t == tag) && (after == "" || row.compare(behind) > 0) {
					rows = append(rows, row)
				}
			}
		}
	}
	slices.SortFunc(rows, TagRow.compare)
	if len(rows) > size {
		rows = rows[:size]
		next = FormatTagRow(rows[size-1])
	}
	return rows, next, nil
}
