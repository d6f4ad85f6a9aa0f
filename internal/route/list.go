package route

import (
	"bytes"
	"cmp"
	"slices"
)

// longList is how many entries a list may have before it is split: a walk over fewer is as fast as a lookup.
const longList = 12

// list holds the matchers that share hosts and literal, best rank first. A long one is split by one attribute: those that
// accept only certain values of it are filed under each value, the rest stays in a list of its own.
type list struct {
	best    uint32
	entries []entry
	split   *split
}

// split is the index of a long list by the values of an attribute.
type split struct {
	by    attribute
	kids  map[string]*list
	names map[string]struct{} // by header: the names that values were taken from
	rest  *list               // entries without such values; may be nil
	all   *list               // by SNI: all entries, for requests without TLS
}

// attribute is what lists are split by.
type attribute uint8

const (
	byHeader  attribute = iota // one name and value of a field, joined by a NUL
	bySegment                  // a whole segment of the path
	byMethod
	bySNI
	byPort     // two bytes
	attributes // how many there are
)

// newList makes a list of entries, which are sorted by rank and not empty.
func newList(entries []entry, matchers []*matcher) *list { return splitList(entries, matchers, 0) }

// splitList is newList with the set of attributes that the entries were split by already.
func splitList(entries []entry, matchers []*matcher, done uint8) *list {
	l := &list{best: entries[0].rank, entries: entries}
	if len(entries) <= longList {
		return l
	}
	var chosen map[string][]entry
	var rest []entry
	var by attribute
	widest := len(entries) // the longest list that is left; a split must make it shorter
	for a := range attributes {
		if done>>a&1 != 0 {
			continue
		}
		groups, others := group(entries, matchers, a)
		width := len(others)
		for _, g := range groups {
			width = max(width, len(g))
		}
		if width < widest {
			chosen, rest, by, widest = groups, others, a, width
		}
	}
	if chosen == nil {
		return l
	}
	sp := &split{by: by, kids: make(map[string]*list, len(chosen)), names: make(map[string]struct{})}
	l.entries, l.split = nil, sp
	done |= 1 << by
	for value, g := range chosen {
		sp.kids[value] = splitList(g, matchers, done)
		if name, _, ok := bytes.Cut([]byte(value), []byte{0}); ok && by == byHeader {
			sp.names[string(name)] = struct{}{}
		}
	}
	if len(rest) > 0 {
		sp.rest = splitList(rest, matchers, done)
	}
	if by == bySNI {
		sp.all = splitList(entries, matchers, done)
	}
	return l
}

// group files entries under their values of an attribute; those without come back as others.
func group(entries []entry, matchers []*matcher, a attribute) (groups map[string][]entry, others []entry) {
	groups = make(map[string][]entry)
	common := countValues(entries, matchers, a)
	for _, e := range entries {
		values := attributeValues(matchers[e.rank], a, common)
		if len(values) == 0 {
			others = append(others, e)
		}
		for _, v := range values {
			if g := groups[v]; len(g) == 0 || g[len(g)-1].rank != e.rank {
				groups[v] = append(g, e)
			}
		}
	}
	return groups, others
}

// attributeValues returns the only values of an attribute that a matcher accepts; nil if it accepts any or they are not known.
func attributeValues(m *matcher, a attribute, common map[string]int) (values []string) {
	switch a {
	case byMethod:
		return m.methods
	case bySNI:
		if !slices.ContainsFunc(m.snis, wildcardName) {
			return m.snis
		}
	case byPort:
		for i := range m.hosts {
			port := m.hosts[i].port
			if port == 0 {
				return nil
			}
			values = append(values, string([]byte{byte(port >> 8), byte(port)}))
		}
	case bySegment:
		for _, p := range m.patterns {
			if len(p.segments) == 0 {
				return nil
			}
			values = append(values, slices.MinFunc(p.segments, func(a, b string) int { return cmp.Compare(common[a], common[b]) }))
		}
	case byHeader:
		return rarestHeader(m, common)
	}
	return values
}

func headerKeys(c *headerCondition) []string {
	if len(c.patterns) > 0 || !c.fold { // the index is in lower case
		return nil
	}
	keys := make([]string, len(c.values))
	for i, v := range c.values {
		keys[i] = c.name + "\x00" + v
	}
	return keys
}

// countValues counts how often values stand in matchers that may be filed under one of several.
func countValues(entries []entry, matchers []*matcher, a attribute) map[string]int {
	count := make(map[string]int)
	for _, e := range entries {
		m := matchers[e.rank]
		switch a {
		case byHeader:
			for i := range m.headers {
				for _, key := range headerKeys(&m.headers[i]) {
					count[key]++
				}
			}
		case bySegment:
			for _, p := range m.patterns {
				for _, segment := range p.segments {
					count[segment]++
				}
			}
		}
	}
	return count
}

// rarestHeader returns the values of the one header of a matcher that the fewest others share.
func rarestHeader(m *matcher, common map[string]int) (rarest []string) {
	best := 0
	for i := range m.headers {
		keys := headerKeys(&m.headers[i])
		if len(keys) == 0 {
			continue
		}
		most := 0
		for _, key := range keys {
			most = max(most, common[key])
		}
		if rarest == nil || most < best {
			rarest, best = keys, most
		}
	}
	return rarest
}

// search looks for a better matcher than the search has.
func (l *list) search(s *search) {
	if l.best >= s.best {
		return
	}
	for i := range l.entries {
		e := &l.entries[i]
		if e.rank >= s.best {
			return
		}
		if s.accepts(e) {
			s.best = e.rank
			return
		}
	}
	if l.split != nil {
		l.split.search(s)
	}
}

// search asks the lists that the request's values of the attribute lead to.
func (sp *split) search(s *search) {
	switch sp.by {
	case byMethod:
		if l := sp.kids[string(s.in.Method)]; l != nil {
			l.search(s)
		}
	case bySegment:
		sp.searchSegments(s)
	case byPort:
		key := [2]byte{byte(s.port >> 8), byte(s.port)}
		if l := sp.kids[string(key[:])]; l != nil {
			l.search(s)
		}
	case bySNI:
		if !s.in.Secure {
			sp.all.search(s)
			return
		}
		if l := sp.kids[s.in.SNI]; l != nil {
			l.search(s)
		}
	case byHeader:
		sp.searchHeaders(s)
	}
	if sp.rest != nil {
		sp.rest.search(s)
	}
}

// searchSegments asks the lists of all segments of the path.
func (sp *split) searchSegments(s *search) {
	for path := s.in.Path; len(path) > 0; {
		n := bytes.IndexByte(path, '/')
		if n < 0 {
			n = len(path)
		}
		if l := sp.kids[string(path[:n])]; l != nil {
			l.search(s)
		}
		path = path[min(n+1, len(path)):]
	}
}

// searchHeaders asks the lists of all fields of the request.
func (sp *split) searchHeaders(s *search) {
	if s.in.Header == nil {
		return
	}
	for name, value := range s.in.Header.All() {
		key := appendName(s.scratch[:0], name)
		s.scratch = key
		if _, ok := sp.names[string(key)]; !ok {
			continue
		}
		key = appendLower(append(key, 0), value)
		s.scratch = key
		if l := sp.kids[string(key)]; l != nil {
			l.search(s)
		}
	}
}

// appendName appends the name of a field in lower case with "-" for "_".
func appendName(dst, name []byte) []byte {
	for _, c := range name {
		if c == '_' {
			c = '-'
		}
		dst = append(dst, lower(c))
	}
	return dst
}
