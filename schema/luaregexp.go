package schema

import (
	"fmt"
	"strings"
)

// regexp returns a regular expression that means the same in JSON Schema, if there is one.
func (p *pattern) regexp() (string, bool) {
	var b strings.Builder
	if p.anchored {
		b.WriteByte('^')
	}
	for _, it := range p.items {
		switch it.kind {
		case 's':
			b.WriteString(it.set.regexp())
			switch it.rep {
			case 0:
			case '-':
				b.WriteString("*?")
			default:
				b.WriteByte(it.rep)
			}
		case '(', ')':
			b.WriteByte(it.kind)
		case '$':
			b.WriteByte('$')
		default:
			return "", false
		}
	}
	return b.String(), true
}

// regexp writes a set as a class; bytes above 127 stand for all that is not ASCII.
func (s *byteSet) regexp() string {
	var runs []string
	count, single := 0, 0
	for c := 0; c < 128; c++ {
		if !s.has(byte(c)) {
			continue
		}
		from := c
		for c < 127 && s.has(byte(c+1)) {
			c++
		}
		count += c - from + 1
		single = c
		switch c - from {
		case 0:
			runs = append(runs, classByte(from))
		default:
			runs = append(runs, classByte(from)+"-"+classByte(c))
		}
	}
	high := s.has(200)
	switch {
	case count == 128 && high:
		return `[\s\S]`
	case count == 1 && !high:
		return quoteRegexp(string(rune(single)))
	case high:
		runs = append(runs, `\u0080-\uffff`)
	}
	return "[" + strings.Join(runs, "") + "]"
}

func classByte(c int) string {
	if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
		return string(rune(c))
	}
	return fmt.Sprintf(`\u%04x`, c)
}

// quoteRegexp escapes what has a meaning in regular expressions of ECMA-262.
func quoteRegexp(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case strings.ContainsRune(`^$\.*+?()[]{}|/`, r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 127:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
