package route

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/header"
)

// headerCondition accepts a request one of whose fields of a name has one of some values.
type headerCondition struct {
	name     string // lower case with "-" for "_"
	score    string // lower case with "_" for "-": a field so spelled hides those with "-"
	values   []string
	patterns []*pattern
}

// headerConditions compiles the headers attribute of a route. Values count in lower case; a value that starts with "~*" is a
// regular expression, lower-cased too, as Kong does.
func headerConditions(headers map[string][]string, made *patternSet) ([]headerCondition, error) {
	if len(headers) == 0 {
		return nil, nil
	}
	conditions := make([]headerCondition, 0, len(headers))
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		lower := strings.ToLower(name)
		c := headerCondition{name: strings.ReplaceAll(lower, "_", "-"), score: strings.ReplaceAll(lower, "-", "_")}
		for _, value := range headers[name] {
			value = string(appendLower(nil, []byte(value)))
			expr, ok := strings.CutPrefix(value, "~*")
			if !ok {
				c.values = append(c.values, value)
				continue
			}
			p, err := made.of(expr)
			if err != nil {
				return nil, fmt.Errorf("header %s: %w", name, err)
			}
			c.patterns = append(c.patterns, p)
		}
		conditions = append(conditions, c)
	}
	return conditions, nil
}

// accepts reports whether a field meets the condition. scratch is memory that it may use; it returns it, grown.
func (c *headerCondition) accepts(f *header.Fields, scratch []byte) (bool, []byte) {
	name := c.name
	if c.score != c.name && f.Has(c.score) {
		name = c.score
	}
	for value := range f.Values(name) {
		if slices.ContainsFunc(c.values, func(want string) bool { return equalLower(value, want) }) {
			return true, scratch
		}
		if len(c.patterns) == 0 {
			continue
		}
		scratch = appendLower(scratch[:0], value)
		for _, p := range c.patterns {
			if p.matches(scratch) {
				return true, scratch
			}
		}
	}
	return false, scratch
}

// equalLower reports whether value in lower case is want.
func equalLower(value []byte, want string) bool {
	if len(value) != len(want) {
		return false
	}
	for i, c := range value {
		if lower(c) != want[i] {
			return false
		}
	}
	return true
}

func appendLower(dst, src []byte) []byte {
	for _, c := range src {
		dst = append(dst, lower(c))
	}
	return dst
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}
