package schema

import (
	"errors"
	"strings"
)

// pattern is a compiled Lua pattern. Kong's schemas are full of them, and show them; so we match them ourselves.
type pattern struct {
	source   string
	anchored bool // begins with ^
	items    []item
}

// item matches one thing: a byte of a set, with a repetition, or one of the special constructs.
type item struct {
	kind byte    // 's' a byte of set, '(' and ')' a capture, 'p' a position, 'b' a balanced pair, 'f' a frontier, '%' what a capture held, '$'
	rep  byte    // of 's': 0, '*', '+', '-' or '?'
	set  byteSet // of 's' and 'f'
	pair [2]byte // of 'b'
	n    int     // number of the capture
}

type byteSet [4]uint64

func (s *byteSet) add(c byte)      { s[c>>6] |= 1 << (c & 63) }
func (s *byteSet) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }

func (s *byteSet) addRange(from, to byte) {
	for c := int(from); c <= int(to); c++ {
		s.add(byte(c))
	}
}

func (s *byteSet) invert() {
	for i := range s {
		s[i] = ^s[i]
	}
}

// Limits: of captures, as in Lua, and of steps, which stop patterns that would try too long. A value that exceeds them does
// not match.
const (
	maxCaptures = 32
	maxSteps    = 1 << 20
	maxDepth    = 1 << 14
)

func mustPattern(source string) *pattern {
	p, err := compilePattern(source)
	if err != nil {
		panic("schema: pattern " + source + ": " + err.Error())
	}
	return p
}

var (
	errEndsPercent = errors.New("malformed pattern (ends with '%')")
	errNoBracket   = errors.New("malformed pattern (missing ']')")
	errBalance     = errors.New("malformed pattern (missing arguments to '%b')")
	errFrontier    = errors.New("missing '[' after '%f' in pattern")
	errCapture     = errors.New("invalid pattern capture")
	errUnfinished  = errors.New("unfinished capture")
	errMany        = errors.New("too many captures")
)

func compilePattern(source string) (*pattern, error) {
	p := &pattern{source: source}
	rest, anchored := strings.CutPrefix(source, "^")
	p.anchored = anchored
	var open []int
	captures := 0
	closed := map[int]bool{}
	for i := 0; i < len(rest); {
		c := rest[i]
		switch {
		case c == '(':
			if captures == maxCaptures {
				return nil, errMany
			}
			if strings.HasPrefix(rest[i:], "()") {
				p.items = append(p.items, item{kind: 'p', n: captures})
				closed[captures] = true
				i++
			} else {
				p.items = append(p.items, item{kind: '(', n: captures})
				open = append(open, captures)
			}
			captures++
			i++
			continue
		case c == ')':
			if len(open) == 0 {
				return nil, errCapture
			}
			n := open[len(open)-1]
			open, closed[n] = open[:len(open)-1], true
			p.items = append(p.items, item{kind: ')', n: n})
			i++
			continue
		case c == '$' && i == len(rest)-1:
			p.items = append(p.items, item{kind: '$'})
			i++
			continue
		case c == '%' && i+1 < len(rest) && rest[i+1] == 'b':
			if i+3 >= len(rest) {
				return nil, errBalance
			}
			p.items = append(p.items, item{kind: 'b', pair: [2]byte{rest[i+2], rest[i+3]}})
			i += 4
			continue
		case c == '%' && i+1 < len(rest) && rest[i+1] == 'f':
			if i+2 >= len(rest) || rest[i+2] != '[' {
				return nil, errFrontier
			}
			set, n, err := readSet(rest[i+2:])
			if err != nil {
				return nil, err
			}
			p.items = append(p.items, item{kind: 'f', set: set})
			i += 2 + n
			continue
		case c == '%' && i+1 < len(rest) && rest[i+1] >= '0' && rest[i+1] <= '9':
			n := int(rest[i+1]) - '1'
			if !closed[n] {
				return nil, errCapture
			}
			p.items = append(p.items, item{kind: '%', n: n})
			i += 2
			continue
		}
		set, n, err := readSingle(rest[i:])
		if err != nil {
			return nil, err
		}
		i += n
		it := item{kind: 's', set: set}
		if i < len(rest) && strings.IndexByte("*+-?", rest[i]) >= 0 {
			it.rep = rest[i]
			i++
		}
		p.items = append(p.items, it)
	}
	if len(open) > 0 {
		return nil, errUnfinished
	}
	return p, nil
}

// readSingle reads what stands for one byte: itself, ".", a class or a set.
func readSingle(s string) (set byteSet, n int, err error) {
	switch s[0] {
	case '.':
		set.invert()
		return set, 1, nil
	case '[':
		return readSet(s)
	case '%':
		if len(s) < 2 {
			return set, 0, errEndsPercent
		}
		return class(s[1]), 2, nil
	}
	set.add(s[0])
	return set, 1, nil
}

// readSet reads "[…]". A "]" in first place stands for itself.
func readSet(s string) (set byteSet, n int, err error) {
	i := 1
	inverted := i < len(s) && s[i] == '^'
	if inverted {
		i++
	}
	for first := true; ; first = false {
		switch {
		case i >= len(s):
			return set, 0, errNoBracket
		case s[i] == ']' && !first:
			if inverted {
				set.invert()
			}
			return set, i + 1, nil
		case s[i] == '%':
			if i+1 >= len(s) {
				return set, 0, errEndsPercent
			}
			part := class(s[i+1])
			for j := range set {
				set[j] |= part[j]
			}
			i += 2
		case i+2 < len(s) && s[i+1] == '-' && s[i+2] != ']':
			set.addRange(s[i], s[i+2])
			i += 3
		default:
			set.add(s[i])
			i++
		}
	}
}

// class returns the bytes of %c; an upper-case letter stands for all others.
func class(c byte) (set byteSet) {
	switch c | 0x20 {
	case 'a':
		set.addRange('a', 'z')
		set.addRange('A', 'Z')
	case 'c':
		set.addRange(0, 31)
		set.add(127)
	case 'd':
		set.addRange('0', '9')
	case 'g':
		set.addRange(33, 126)
	case 'l':
		set.addRange('a', 'z')
	case 'p':
		set.addRange(33, 47)
		set.addRange(58, 64)
		set.addRange(91, 96)
		set.addRange(123, 126)
	case 's':
		set.addRange(9, 13)
		set.add(' ')
	case 'u':
		set.addRange('A', 'Z')
	case 'w':
		set.addRange('a', 'z')
		set.addRange('A', 'Z')
		set.addRange('0', '9')
	case 'x':
		set.addRange('a', 'f')
		set.addRange('A', 'F')
		set.addRange('0', '9')
	case 'z':
		set.add(0)
	default:
		set.add(c)
		return set
	}
	if c&0x20 == 0 {
		set.invert()
	}
	return set
}

// matching is the state of one match.
type matching struct {
	p        *pattern
	s        string
	steps    int
	depth    int
	captures [maxCaptures]struct{ from, to int }
}

// match says whether the pattern occurs in s.
func (p *pattern) match(s string) bool {
	m := matching{p: p, s: s}
	if p.anchored {
		return m.at(0, 0) >= 0
	}
	for from := 0; from <= len(s); from++ {
		if m.at(from, 0) >= 0 {
			return true
		}
		if m.steps > maxSteps {
			return false
		}
	}
	return false
}

// at matches the items from i on at pos and returns where the match ends, or -1.
func (m *matching) at(pos, i int) int {
	m.depth++
	defer func() { m.depth-- }()
	for ; i < len(m.p.items); i++ {
		if m.steps++; m.steps > maxSteps || m.depth > maxDepth {
			return -1
		}
		it := &m.p.items[i]
		if it.kind == 's' && it.rep != 0 {
			return m.repeat(it, pos, i)
		}
		if it.kind == '(' {
			old := m.captures[it.n]
			m.captures[it.n].from = pos
			end := m.at(pos, i+1)
			if end < 0 {
				m.captures[it.n] = old
			}
			return end
		}
		if pos = m.one(it, pos); pos < 0 {
			return -1
		}
	}
	return pos
}

// one matches an item that does not branch.
func (m *matching) one(it *item, pos int) int {
	switch it.kind {
	case 's':
		if pos < len(m.s) && it.set.has(m.s[pos]) {
			return pos + 1
		}
	case ')':
		m.captures[it.n].to = pos
		return pos
	case 'p':
		m.captures[it.n].from, m.captures[it.n].to = pos, pos
		return pos
	case '$':
		if pos == len(m.s) {
			return pos
		}
	case '%':
		c := m.captures[it.n]
		if c.from <= c.to && strings.HasPrefix(m.s[pos:], m.s[c.from:c.to]) {
			return pos + c.to - c.from
		}
	case 'f':
		var before, after byte
		if pos > 0 {
			before = m.s[pos-1]
		}
		if pos < len(m.s) {
			after = m.s[pos]
		}
		if !it.set.has(before) && it.set.has(after) {
			return pos
		}
	case 'b':
		return m.balanced(it, pos)
	}
	return -1
}

func (m *matching) balanced(it *item, pos int) int {
	if pos >= len(m.s) || m.s[pos] != it.pair[0] {
		return -1
	}
	level := 1
	for pos++; pos < len(m.s); pos++ {
		m.steps++
		switch m.s[pos] {
		case it.pair[1]:
			if level--; level == 0 {
				return pos + 1
			}
		case it.pair[0]:
			level++
		}
	}
	return -1
}

func (m *matching) repeat(it *item, pos, i int) int {
	most, least := len(m.s)-pos, 0
	switch it.rep {
	case '?':
		most = min(most, 1)
	case '+':
		least = 1
	}
	if it.rep == '-' {
		for n := 0; ; n++ {
			if end := m.at(pos+n, i+1); end >= 0 || m.steps > maxSteps {
				return end
			}
			if n >= most || !it.set.has(m.s[pos+n]) {
				return -1
			}
		}
	}
	n := 0
	for n < most && it.set.has(m.s[pos+n]) {
		n++
	}
	for ; n >= least; n-- {
		if end := m.at(pos+n, i+1); end >= 0 || m.steps > maxSteps {
			return end
		}
	}
	return -1
}
