package route

import (
	"bytes"
	"fmt"

	"github.com/gibbon-gateway/gibbon/internal/plan"
)

// queryCondition accepts a request whose first query argument of a name has one of some values.
type queryCondition struct {
	name     string
	values   []string
	patterns []*pattern
}

func queryConditions(of []plan.Condition, made *patternSet) ([]queryCondition, error) {
	if len(of) == 0 {
		return nil, nil
	}
	conditions := make([]queryCondition, len(of))
	for i := range of {
		c, from := &conditions[i], &of[i]
		c.name, c.values = from.Name, from.Values
		var err error
		if c.patterns, err = made.all(from.Patterns); err != nil {
			return nil, fmt.Errorf("query argument %s: %w", from.Name, err)
		}
	}
	return conditions, nil
}

// accepts reports whether a query meets the condition. scratch is memory that it may use; it returns it, grown.
func (c *queryCondition) accepts(query, scratch []byte) (bool, []byte) {
	for len(query) > 0 {
		item := query
		if i := bytes.IndexByte(query, '&'); i >= 0 {
			item, query = query[:i], query[i+1:]
		} else {
			query = nil
		}
		name, value, _ := bytes.Cut(item, []byte("="))
		scratch = appendDecoded(scratch[:0], name)
		if string(scratch) != c.name {
			continue
		}
		scratch = appendDecoded(scratch[:0], value)
		return acceptsValue(c.values, c.patterns, scratch), scratch
	}
	return false, scratch
}

// appendDecoded appends a name or value of a query with "+" and triplets decoded. What is no triplet stays.
func appendDecoded(dst, src []byte) []byte {
	for i := 0; i < len(src); i++ {
		c := src[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%' && i+2 < len(src) && hexValue[src[i+1]] < 16 && hexValue[src[i+2]] < 16:
			c = hexValue[src[i+1]]<<4 | hexValue[src[i+2]]
			i += 2
		}
		dst = append(dst, c)
	}
	return dst
}
