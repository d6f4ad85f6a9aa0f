package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// violation is one value that breaks one bound.
type violation struct {
	shown      string // "'x' ", "null ", or nothing for a secret
	path, rule string
}

// violations collects what is wrong with an input, so that the caller hears all of it at once.
type violations []violation

func (vs *violations) add(shown, path, rule string) {
	*vs = append(*vs, violation{shown, path, rule})
}

// missing reports a member that must be there.
func (vs *violations) missing(path string) { vs.add("null ", path, "Member must not be null") }

// show writes a value for a message; a secret is left out.
func show(value any, c *wire.Constraint) string {
	if c.Secret {
		return ""
	}
	return "'" + printed(value) + "' "
}

// err is nil, or the error with AWS's wording.
func (vs violations) err() error {
	if len(vs) == 0 {
		return nil
	}
	texts := make([]string, len(vs))
	for i, v := range vs {
		texts[i] = "Value " + v.shown + "at '" + v.path + "' failed to satisfy constraint: " + v.rule
	}
	noun := "errors"
	if len(vs) == 1 {
		noun = "error"
	}
	return InvalidParameter.Errorf("%d validation %s detected: %s", len(vs), noun, strings.Join(texts, "; "))
}

// scalar checks a text.
func (vs *violations) scalar(s, path string, c *wire.Constraint) {
	if c == nil {
		return
	}
	shown := show(s, c)
	if len(c.Enum) > 0 && !slices.Contains(c.Enum, s) {
		vs.add(shown, path, "Member must satisfy enum value set: ["+strings.Join(c.Enum, ", ")+"]")
	}
	vs.bounds(utf8.RuneCountInString(s), shown, path, c, "length")
	if c.Pattern != "" && !c.Matches(s) {
		vs.add(shown, path, "Member must satisfy regular expression pattern: "+c.Pattern)
	}
}

// number checks a whole number.
func (vs *violations) number(n int64, path string, c *wire.Constraint) {
	if c != nil {
		vs.bounds(int(n), show(strconv.FormatInt(n, 10), c), path, c, "value")
	}
}

// size checks how many entries a list or map, or how many bytes a blob has.
func (vs *violations) size(n int, value any, path string, c *wire.Constraint) {
	if c != nil {
		vs.bounds(n, show(value, c), path, c, "length")
	}
}

func (vs *violations) bounds(n int, shown, path string, c *wire.Constraint, of string) {
	if c.Max != nil && n > *c.Max {
		vs.add(shown, path, fmt.Sprintf("Member must have %s less than or equal to %d", of, *c.Max))
	}
	if c.Min != nil && n < *c.Min {
		vs.add(shown, path, fmt.Sprintf("Member must have %s greater than or equal to %d", of, *c.Min))
	}
}

// inner reports, once for the whole list or map, the rules that its members break.
func (vs *violations) inner(whole any, path, text string, members violations, c *wire.Constraint) {
	if len(members) == 0 {
		return
	}
	var rules []string
	for _, m := range members {
		if !slices.Contains(rules, m.rule) {
			rules = append(rules, m.rule)
		}
	}
	shown := show(whole, c)
	if members[0].shown == "" {
		shown = ""
	}
	vs.add(shown, path, text+": ["+strings.Join(rules, ", ")+"]")
}

// printed writes a value as Java does: [a, b] and {k=v}.
func printed(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = printed(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		parts := make([]string, 0, len(v))
		for k, item := range v {
			parts = append(parts, k+"="+printed(item))
		}
		sort.Strings(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v)
}
