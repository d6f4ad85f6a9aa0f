package route

import (
	"bytes"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// pattern is a regular expression with what is known of every text that it matches, so that most texts are refused without
// running it. It is parsed when it is made and compiled when it is first run, for most expressions of a large set are not run
// before the next Build.
type pattern struct {
	expr   string
	run    atomic.Pointer[regexp.Regexp]
	prefix string // the text starts with it
	suffix string // the text ends with it
	inner  []byte // the text contains it
	// segments are whole segments that the text has after the prefix.
	segments []string
}

// patternSet makes each pattern once, or takes it from the last router, for parsing and compiling take longer than all the rest
// of a Build.
type patternSet struct{ old, used map[string]*pattern }

// ofPath returns the pattern of a path, given without its "~". The "^" binds closer than a "|" at the top level, as it does in
// Kong, so that only the first alternative of "/a|/b" is anchored.
func (s *patternSet) ofPath(expr string) (*pattern, error) { return s.of("^" + expr) }

func (s *patternSet) of(expr string) (*pattern, error) {
	p := s.used[expr]
	if p == nil {
		p = s.old[expr]
	}
	if p == nil {
		tree, err := syntax.Parse(expr, syntax.Perl)
		if err != nil {
			return nil, err
		}
		p = &pattern{expr: expr}
		p.learn(tree)
	}
	s.used[expr] = p
	return p, nil
}

// all returns the patterns of expressions.
func (s *patternSet) all(exprs []string) (patterns []*pattern, err error) {
	for _, expr := range exprs {
		p, err := s.of(expr)
		if err != nil {
			return nil, err
		}
		patterns = append(patterns, p)
	}
	return patterns, nil
}

// keep notes the patterns of a matcher that is taken over.
func (s *patternSet) keep(m *matcher) {
	for _, p := range m.patterns {
		s.used[p.expr] = p
	}
	for i := range m.headers {
		for _, p := range m.headers[i].patterns {
			s.used[p.expr] = p
		}
	}
	for i := range m.query {
		for _, p := range m.query[i].patterns {
			s.used[p.expr] = p
		}
	}
}

// learn reads the literals off the parts that a match must have one after the other.
func (p *pattern) learn(tree *syntax.Regexp) {
	parts := appendParts(nil, tree)
	start, end := false, false // the run of literals under way touches the start; the end
	var run strings.Builder
	flush := func() {
		switch s := run.String(); {
		case start:
			p.prefix = s
			if end {
				p.suffix = s
			}
		default:
			p.segments = appendSegments(p.segments, s, end)
			if end {
				p.suffix = s
			} else if len(s) > len(p.inner) {
				p.inner = []byte(s)
			}
		}
		start = false
		run.Reset()
	}
	for i, part := range parts {
		switch {
		case i == 0 && part.Op == syntax.OpBeginText:
			start = true
			continue
		case i == len(parts)-1 && part.Op == syntax.OpEndText:
			end = true
			continue
		case appendLiteral(&run, part):
			continue
		}
		flush()
	}
	flush()
}

// appendParts appends what a tree matches one after the other.
func appendParts(parts []*syntax.Regexp, tree *syntax.Regexp) []*syntax.Regexp {
	if tree.Op != syntax.OpConcat {
		return append(parts, tree)
	}
	for _, sub := range tree.Sub {
		parts = appendParts(parts, sub)
	}
	return parts
}

// appendLiteral appends the text of a part that matches just one text, and reports whether it is such a part.
func appendLiteral(to *strings.Builder, part *syntax.Regexp) bool {
	switch {
	case part.Op == syntax.OpLiteral && part.Flags&syntax.FoldCase == 0:
		if slices.Contains(part.Rune, utf8.RuneError) { // also matches bytes that are not UTF-8
			return false
		}
		for _, r := range part.Rune {
			to.WriteRune(r)
		}
		return true
	case part.Op == syntax.OpCapture:
		return appendLiteral(to, part.Sub[0])
	}
	return false
}

// find returns the text of path that the pattern matches, nil if it does not.
func (p *pattern) find(path []byte) []byte {
	if !p.possible(path) {
		return nil
	}
	return p.regexp().Find(path)
}

// matches reports whether the pattern matches somewhere in text.
func (p *pattern) matches(text []byte) bool { return p.possible(text) && p.regexp().Match(text) }

// regexp returns the compiled expression. What syntax.Parse accepts compiles; requests that come first at once may each do it.
func (p *pattern) regexp() *regexp.Regexp {
	re := p.run.Load()
	if re == nil {
		re = regexp.MustCompile(p.expr)
		p.run.Store(re)
	}
	return re
}

// appendSegments appends the segments that stand between slashes in a literal, and the last one if the path ends there.
func appendSegments(segments []string, literal string, end bool) []string {
	parts := strings.Split(literal, "/")
	for i, part := range parts {
		if i > 0 && part != "" && (end || i < len(parts)-1) {
			segments = append(segments, part)
		}
	}
	return segments
}

// possible reports whether the literals of the pattern are there.
func (p *pattern) possible(text []byte) bool {
	return len(text) >= len(p.suffix) && string(text[len(text)-len(p.suffix):]) == p.suffix &&
		len(text) >= len(p.prefix) && string(text[:len(p.prefix)]) == p.prefix &&
		(len(p.inner) == 0 || bytes.Contains(text, p.inner))
}

// Captures returns the groups that the matched regular expression captured: by number (0 is the whole match), and those with a
// name under it. Both are nil when the route was not matched by a regular expression that has groups. A group that took no
// part is "". The work is done here, not in Match; values are copies.
func (r *Result) Captures() (numbered []string, named map[string]string) {
	if r.pattern == nil {
		return nil, nil
	}
	re := r.pattern.regexp()
	if re.NumSubexp() == 0 {
		return nil, nil
	}
	found := re.FindSubmatch(r.path)
	if found == nil {
		return nil, nil
	}
	numbered = make([]string, len(found))
	for i, text := range found {
		numbered[i] = string(text)
		if name := re.SubexpNames()[i]; name != "" {
			if named == nil {
				named = make(map[string]string)
			}
			named[name] = numbered[i]
		}
	}
	return numbered, named
}
