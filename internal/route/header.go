package route

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/plan"
)

// headerCondition accepts a request one of whose fields of a name has one of some values.
type headerCondition struct {
	name     string // lower case, folded with "-" for "_"
	score    string // folded: lower case with "_" for "-": a field so spelled hides those with "-"
	fold     bool
	values   []string // folded: in lower case
	patterns []*pattern
}

// headerConditions compiles conditions. Folded, values and regular expressions count in lower case, as Kong does.
func headerConditions(of []plan.Condition, made *patternSet) ([]headerCondition, error) {
	if len(of) == 0 {
		return nil, nil
	}
	conditions := make([]headerCondition, len(of))
	for i := range of {
		c, from := &conditions[i], &of[i]
		c.fold, c.name = from.Fold, strings.ToLower(from.Name)
		values, patterns := from.Values, from.Patterns
		if c.fold {
			c.name, c.score = strings.ReplaceAll(c.name, "_", "-"), strings.ReplaceAll(c.name, "-", "_")
			values, patterns = lowered(values), lowered(patterns)
		}
		c.values = values
		var err error
		if c.patterns, err = made.all(patterns); err != nil {
			return nil, fmt.Errorf("header %s: %w", from.Name, err)
		}
	}
	return conditions, nil
}

func lowered(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(appendLower(nil, []byte(s)))
	}
	return out
}

// accepts reports whether a field meets the condition. scratch is memory that it may use; it returns it, grown.
func (c *headerCondition) accepts(f *header.Fields, scratch []byte) (bool, []byte) {
	name := c.name
	if c.fold && c.score != c.name && f.Has(c.score) {
		name = c.score
	}
	for value := range f.Values(name) {
		if !c.fold {
			if acceptsValue(c.values, c.patterns, value) {
				return true, scratch
			}
			continue
		}
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

// acceptsValue reports whether a value is one of some, or matches one of some expressions.
func acceptsValue(values []string, patterns []*pattern, value []byte) bool {
	for _, want := range values {
		if string(value) == want {
			return true
		}
	}
	for _, p := range patterns {
		if p.matches(value) {
			return true
		}
	}
	return false
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
