package admin

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// arguments collects what a form says, and makes a document of it. Names are paths: "config.minute", "paths[]", "paths[1]",
// "headers.x-a[]", "config.list[1].name"; a name that comes twice makes a list. Empty text is null.
type arguments struct {
	count int
	root  branch
}

// branch is a value in the making: by what its names say, one of values, a list, a record.
type branch struct {
	values []any
	items  []item
	fields map[string]*branch
}

type item struct {
	index  int
	branch *branch
}

// maxDepth is how deep the names of a form may nest.
const maxDepth = 32

func (a *arguments) add(name string, value any) error {
	if a.count++; a.count > maxArguments {
		return fail(http.StatusBadRequest, "Too many arguments")
	}
	path, err := parseName(name)
	if err != nil {
		return err
	}
	b := &a.root
	for _, step := range path {
		b = b.step(step)
	}
	b.values = append(b.values, value)
	return nil
}

// step is a part of a name: a field, or a place in a list.
type step struct {
	field string
	list  bool
	index int // from 1; 0 is the place behind the last
}

func parseName(name string) ([]step, error) {
	bad := fail(http.StatusBadRequest, fmt.Sprintf("Invalid argument name '%s'", name))
	var path []step
	for i, part := range strings.Split(name, ".") {
		field, rest, list := strings.Cut(part, "[")
		if field == "" || i >= maxDepth {
			return nil, bad
		}
		path = append(path, step{field: field})
		for list {
			index, more, closed := strings.Cut(rest, "]")
			if !closed {
				return nil, bad
			}
			n := 0
			if index != "" {
				var err error
				if n, err = strconv.Atoi(index); err != nil || n < 1 {
					return nil, bad
				}
			}
			path = append(path, step{list: true, index: n})
			if more == "" {
				break
			}
			if rest, list = strings.CutPrefix(more, "["); !list || len(path) >= maxDepth {
				return nil, bad
			}
		}
	}
	return path, nil
}

func (b *branch) step(s step) *branch {
	if !s.list {
		if b.fields == nil {
			b.fields = map[string]*branch{}
		}
		next := b.fields[s.field]
		if next == nil {
			next = &branch{}
			b.fields[s.field] = next
		}
		return next
	}
	if s.index == 0 {
		s.index = 1
		for _, it := range b.items {
			s.index = max(s.index, it.index+1)
		}
	}
	for _, it := range b.items {
		if it.index == s.index {
			return it.branch
		}
	}
	next := &branch{}
	b.items = append(b.items, item{s.index, next})
	return next
}

// document returns what was collected.
func (a *arguments) document() (map[string]any, error) {
	doc := map[string]any{}
	for name, b := range a.root.fields {
		v, err := b.value(name)
		if err != nil {
			return nil, err
		}
		doc[name] = v
	}
	return doc, nil
}

// value returns what a branch stands for. name is for errors.
func (b *branch) value(name string) (any, error) {
	shapes := 0
	for _, n := range []int{len(b.values), len(b.items), len(b.fields)} {
		if n > 0 {
			shapes++
		}
	}
	if shapes > 1 && !(len(b.fields) == 0 && shapes == 2) {
		return nil, fail(http.StatusBadRequest, fmt.Sprintf("Arguments for '%s' contradict each other", name))
	}
	switch {
	case len(b.fields) > 0:
		m := map[string]any{}
		for _, field := range slices.Sorted(maps.Keys(b.fields)) {
			v, err := b.fields[field].value(name + "." + field)
			if err != nil {
				return nil, err
			}
			m[field] = v
		}
		return m, nil
	case len(b.items) > 0:
		return b.list(name)
	case len(b.values) == 1:
		return null(b.values[0]), nil
	}
	list := make([]any, len(b.values))
	for i, v := range b.values {
		list[i] = null(v)
	}
	return list, nil
}

// list returns the items in the order of their places, behind plain values of the same name. One that is empty makes an
// empty list.
func (b *branch) list(name string) (any, error) {
	items := slices.Clone(b.items)
	slices.SortStableFunc(items, func(x, y item) int { return cmp.Compare(x.index, y.index) })
	list := []any{}
	for _, v := range b.values {
		list = append(list, null(v))
	}
	for _, it := range items {
		v, err := it.branch.value(name)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	if len(list) == 1 && list[0] == nil {
		return []any{}, nil
	}
	return list, nil
}

func null(v any) any {
	if v == "" {
		return nil
	}
	return v
}
