package route

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/internal/plan"
)

// none is the rank of no matcher.
const none = math.MaxUint32

// entry is a matcher in a list: its rank and what is left to check when a request gets there.
type entry struct {
	rank    uint32
	methods methodSet
	need    need
}

// need is the set of attributes that are still to be checked.
type need uint8

const (
	needMethod need = 1 << iota
	needHost
	needPattern
	needHeader
	needSNI
	needEnd // the path ends, or a segment does, where the matcher's path ends
	needQuery
	needListener
)

// filed is an entry and the literal that request paths must start with to get to it.
type filed struct {
	literal string
	entry   entry
}

// appendFiled appends a matcher once for each literal that its paths may start with.
func appendFiled(list []filed, rank uint32, m *matcher, checkHost bool) []filed {
	e := entry{rank: rank, methods: methodsOf(m.methods)}
	if len(m.methods) > 0 {
		e.need |= needMethod
	}
	if checkHost {
		e.need |= needHost
	}
	if len(m.headers) > 0 {
		e.need |= needHeader
	}
	if len(m.snis) > 0 {
		e.need |= needSNI
	}
	if len(m.listeners) > 0 {
		e.need |= needListener
	}
	if len(m.query) > 0 {
		e.need |= needQuery
	}
	if !m.byPath {
		return append(list, filed{entry: e})
	}
	if m.kind == plan.Exact || m.kind == plan.Segments {
		e.need |= needEnd
	}
	for _, path := range m.plain {
		list = append(list, filed{literal: path, entry: e})
	}
	e.need |= needPattern
	for _, p := range m.patterns {
		list = append(list, filed{literal: p.prefix, entry: e})
	}
	return list
}

// node is a node of a radix trie over literals.
type node struct {
	label string // what it adds to its parent's literal
	next  string // the first bytes of the labels of kids, ascending
	best  uint32 // the best rank in it and below
	list  *list  // matchers with just this literal; may be nil
	kids  []node
}

// buildTree makes a trie. It sorts what it gets.
func buildTree(all []filed, matchers []*matcher) *node {
	slices.SortFunc(all, func(a, b filed) int {
		return cmp.Or(strings.Compare(a.literal, b.literal), cmp.Compare(a.entry.rank, b.entry.rank))
	})
	b := treeBuilder{matchers: matchers, entries: make([]entry, 0, len(all))}
	root := new(node)
	b.build(root, all, 0)
	return root
}

type treeBuilder struct {
	matchers []*matcher
	entries  []entry // memory of all lists of the tree
}

// build fills n for literals that agree in their first depth bytes.
func (b *treeBuilder) build(n *node, all []filed, depth int) {
	first, last := all[0].literal, all[len(all)-1].literal
	end := depth
	for end < len(first) && end < len(last) && first[end] == last[end] {
		end++
	}
	n.label, n.best = first[depth:end], none
	here := 0
	for here < len(all) && len(all[here].literal) == end {
		here++
	}
	if here > 0 {
		n.list = newList(b.take(all[:here]), b.matchers)
		n.best = n.list.best
	}
	all = all[here:]
	var next []byte
	for i := range all {
		if c := all[i].literal[end]; len(next) == 0 || next[len(next)-1] != c {
			next = append(next, c)
		}
	}
	n.next, n.kids = string(next), make([]node, len(next))
	for k := range n.kids {
		size := 1
		for size < len(all) && all[size].literal[end] == next[k] {
			size++
		}
		b.build(&n.kids[k], all[:size], end)
		n.best = min(n.best, n.kids[k].best)
		all = all[size:]
	}
}

// take returns the entries of one literal, each matcher once. A matcher that is filed twice was reached by two of its values:
// what either of them does not need is not needed.
func (b *treeBuilder) take(all []filed) []entry {
	start := len(b.entries)
	for i := range all {
		e := all[i].entry
		if last := len(b.entries) - 1; last >= start && b.entries[last].rank == e.rank {
			b.entries[last].need &= e.need
			continue
		}
		b.entries = append(b.entries, e)
	}
	return b.entries[start:len(b.entries):len(b.entries)]
}

// search visits the nodes whose literals the path starts with.
func (n *node) search(s *search) {
	path := s.in.Path
	for n.best < s.best && len(path) >= len(n.label) && string(path[:len(n.label)]) == n.label {
		path = path[len(n.label):]
		if n.list != nil {
			n.list.search(s)
		}
		if len(path) == 0 {
			return
		}
		i := strings.IndexByte(n.next, path[0])
		if i < 0 {
			return
		}
		n = &n.kids[i]
	}
}
