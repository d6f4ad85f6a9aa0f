package entity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
)

// NewSet decodes documents and indexes them. Documents that cannot be decoded, and those with a reference to what is not
// there, are left out and returned as problems.
func NewSet(version uint64, objects []Object) (*Set, []Problem) {
	return (*Set)(nil).Next(version, objects)
}

// Next is NewSet that takes over what s, which may be nil, has decoded of documents that have not changed.
func (s *Set) Next(version uint64, objects []Object) (*Set, []Problem) {
	perKind, unknown := sorted(objects)
	for _, k := range Kinds()[:len(perKind)] {
		perKind[k.index] = difference(s.column(k), perKind[k.index])
	}
	return s.change(version, perKind, unknown)
}

// Change returns the set with some documents written, and those removed that come without Doc. It is what NewSet would make
// of all documents, at the price of those that are given. s does not change; it may be nil.
func (s *Set) Change(version uint64, changes []Object) (*Set, []Problem) {
	perKind, unknown := sorted(changes)
	if s != nil {
		unknown = append(slices.Clip(s.unknown), unknown...)
	}
	return s.change(version, perKind, unknown)
}

// sorted groups objects by kind and orders them by id.
func sorted(objects []Object) (perKind [][]Object, unknown []Problem) {
	perKind = make([][]Object, len(Kinds()))
	for _, o := range objects {
		if o.Kind == nil {
			unknown = append(unknown, leftOut("object", o.ID, errors.New("unknown kind")))
			continue
		}
		perKind[o.Kind.index] = append(perKind[o.Kind.index], o)
	}
	for _, list := range perKind {
		if !slices.IsSortedFunc(list, byID) {
			slices.SortStableFunc(list, byID)
		}
	}
	return perKind, unknown
}

// gone says that an object stands for one that is not there any more.
func (o Object) gone() bool { return o.Doc == nil && o.Value == nil }

func byID(a, b Object) int { return strings.Compare(a.ID, b.ID) }

// change makes the next set, kind by kind: those that are referred to come first.
func (s *Set) change(version uint64, changes [][]Object, unknown []Problem) (*Set, []Problem) {
	kinds := Kinds()[:len(changes)]
	next := &Set{version: version, unknown: unknown, columns: make([]column, len(kinds))}
	if s != nil {
		next.indexes = s.indexes
	}
	next.problems = slices.Clip(unknown)
	moved := make([]bool, len(kinds)) // another set of ids is there
	var changed []*Kind
	for _, k := range kinds {
		last := s.column(k)
		recheck := slices.ContainsFunc(k.Refs, func(r Reference) bool { return moved[r.Target().index] })
		c := &next.columns[k.index]
		if len(changes[k.index]) == 0 && !recheck {
			*c = *last
		} else {
			*c = next.changed(k, last, changes[k.index], recheck)
			moved[k.index] = !slices.EqualFunc(c.objects, last.objects, func(a, b Object) bool { return a.ID == b.ID })
			changed = append(changed, k)
		}
		next.problems = append(next.problems, c.problems...)
	}
	for _, k := range changed {
		next.index(k)
	}
	return next, next.problems
}

// changed makes a column of the last and what changes in it. recheck says that references of the rest are to be looked at too.
func (s *Set) changed(k *Kind, last *column, changes []Object, recheck bool) column {
	good, doubtful := without(last.objects, changes), without(last.left, changes)
	doubtful = merged(doubtful, slices.DeleteFunc(slices.Clone(changes), Object.gone))
	if recheck {
		good, doubtful = nil, merged(good, doubtful)
	}
	var c column
	var kept []Object
	errs := decodeAll(doubtful)
	for i, o := range doubtful {
		err := errs[i]
		if err == nil && (len(kept) > 0 && kept[len(kept)-1].ID == o.ID || find(good, o.ID) >= 0) {
			err = errors.New("id occurs twice")
		}
		if err == nil {
			err = s.dangling(o)
		}
		if err != nil {
			c.left, c.problems = append(c.left, o), append(c.problems, leftOut(k.Name, o.ID, err))
			continue
		}
		kept = append(kept, o)
	}
	c.objects = merged(good, kept)
	c.values = k.column(c.objects)
	return c
}

func leftOut(kind, id string, err error) Problem {
	return Problem{kind, id, fmt.Errorf("%s %s: %w", kind, id, err)}
}

// dangling returns an error if o refers to what is not in the set. The kinds that it refers to are complete.
func (s *Set) dangling(o Object) error {
	for _, r := range o.Kind.Refs {
		ref := r.of(o.Value)
		if ref == nil {
			continue
		}
		if find(s.columns[r.Target().index].objects, ref.ID) < 0 {
			return fmt.Errorf("%s refers to %s %s, which does not exist", r.Field, r.To, ref.ID)
		}
	}
	return nil
}

// difference returns what changes a column into one of these objects, ordered by id: objects with other documents, and the ids
// of those that are gone.
func difference(c *column, objects []Object) (changes []Object) {
	last := merged(c.objects, c.left)
	for len(last) > 0 || len(objects) > 0 {
		from, to := leading(last, objects)
		if len(from) != 1 || len(to) != 1 || !bytes.Equal(from[0].Doc, to[0].Doc) || to[0].Value != nil {
			if len(to) == 0 {
				changes = append(changes, Object{Kind: from[0].Kind, ID: from[0].ID})
			}
			changes = append(changes, to...)
		}
		last, objects = last[len(from):], objects[len(to):]
	}
	return changes
}

// leading returns the objects of the least id in two lists.
func leading(a, b []Object) (ofA, ofB []Object) {
	id := ""
	if len(a) == 0 || len(b) > 0 && b[0].ID < a[0].ID {
		id = b[0].ID
	} else {
		id = a[0].ID
	}
	count := func(list []Object) (n int) {
		for n < len(list) && list[n].ID == id {
			n++
		}
		return n
	}
	return a[:count(a)], b[:count(b)]
}

// without returns the list without the ids of others. Both are ordered.
func without(list, others []Object) []Object {
	if len(list) == 0 || len(others) == 0 {
		return list
	}
	out := make([]Object, 0, len(list))
	for _, o := range others {
		n, ok := slices.BinarySearchFunc(list, o, byID)
		out, list = append(out, list[:n]...), list[n:]
		for ok && len(list) > 0 && list[0].ID == o.ID {
			list = list[1:]
		}
	}
	return append(out, list...)
}

// merged returns the objects of both lists, which are ordered; of equal ids, those of a come first.
func merged(a, b []Object) []Object {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	out := make([]Object, 0, len(a)+len(b))
	for _, o := range b {
		n := sort.Search(len(a), func(i int) bool { return a[i].ID > o.ID })
		out, a = append(append(out, a[:n]...), o), a[n:]
	}
	return append(out, a...)
}

// decodeAll decodes the documents that have no value yet, on all processors. It returns an error for each, or nil.
func decodeAll(list []Object) []error {
	errs := make([]error, len(list))
	workers := min(runtime.GOMAXPROCS(0), len(list)/256+1)
	var wait sync.WaitGroup
	for w := range workers {
		from, to := len(list)*w/workers, len(list)*(w+1)/workers
		wait.Go(func() {
			for i := from; i < to; i++ {
				errs[i] = list[i].decode()
			}
		})
	}
	wait.Wait()
	return errs
}

func (o *Object) decode() error {
	if o.Value == nil {
		v, err := o.Kind.decode(o.Doc)
		if err != nil {
			return err
		}
		o.Value = v
	}
	if id := o.Kind.idOf(o.Value); id != o.ID || id == "" {
		return fmt.Errorf("the document has the id %q", id)
	}
	return nil
}

// decodeDoc decodes a processed document. Numbers of plugin configurations stay as they are written.
func decodeDoc(doc []byte, into any) error {
	if _, ok := into.(*Plugin); !ok {
		return json.Unmarshal(doc, into)
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	return d.Decode(into)
}
