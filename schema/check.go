package schema

import (
	"fmt"
	"reflect"
	"regexp/syntax"
	"strconv"
	"strings"
)

// compile turns the words of a field into checks, in Kong's order.
func (f *Field) compile() {
	a := f.attrs
	f.def, f.hasDefault = a["default"], has(a, "default")
	f.required = a["required"] == true
	f.auto, f.uuid, f.ref, f.abstract = a["auto"] == true, a["uuid"] == true, a["referenceable"] == true, a["abstract"] == true
	f.err, _ = a["err"].(string)
	eq, hasEq := a["eq"]
	f.nullEqual = hasEq && eq == nil
	f.checks = nil
	add := func(word string, make func(arg any) check) {
		if arg, ok := a[word]; ok {
			f.checks = append(f.checks, make(arg))
		}
	}
	if hasEq && eq != nil {
		f.checks = append(f.checks, equals(eq))
	}
	add("ne", func(arg any) check {
		is := equals(arg)
		return func(v any) string {
			if is(v) == "" {
				return "value must not be " + scalarText(arg)
			}
			return ""
		}
	})
	add("not_one_of", func(arg any) check { return oneOf(arg.([]any), false) })
	add("one_of", func(arg any) check { return oneOf(arg.([]any), true) })
	add("gt", greater)
	if a["timestamp"] == true {
		f.checks = append(f.checks, numeric("expected a valid timestamp", func(n float64) bool { return n > 0 }))
	}
	if f.uuid {
		f.checks = append(f.checks, text("expected a valid UUID", isUUID))
	}
	if a["is_regex"] == true {
		f.checks = append(f.checks, func(v any) string {
			if s, ok := v.(string); ok {
				if _, err := syntax.Parse(s, syntax.Perl); err != nil { // compiling takes longer
					return "not a valid regex: " + s
				}
			}
			return ""
		})
	}
	add("between", between)
	f.compileLengths()
	f.compilePatterns()
	add("contains", func(arg any) check {
		is := equals(arg)
		return func(v any) string {
			list, _ := v.([]any)
			for _, e := range list {
				if is(e) == "" {
					return ""
				}
			}
			return "expected to contain: " + scalarText(arg)
		}
	})
	for _, c := range f.custom {
		f.checks = append(f.checks, func(v any) string {
			if err := c(v); err != nil {
				return err.Error()
			}
			return ""
		})
	}
	add("mutually_exclusive_subsets", exclusive)
}

func has(m map[string]any, key string) bool {
	_, ok := m[key]
	return ok
}

func (f *Field) compileLengths() {
	a := f.attrs
	f.emptyOK = a["len_min"] == int64(0)
	length := func(word, text string, ok func(have, want int) bool) {
		n, set := a[word].(int64)
		if !set {
			return
		}
		text = fmt.Sprintf(text, n)
		f.checks = append(f.checks, func(v any) string {
			if !ok(lengthOf(v), int(n)) {
				return text
			}
			return ""
		})
	}
	if f.Type == "string" && !has(a, "len_min") && !has(a, "len_eq") {
		f.checks = append(f.checks, func(v any) string {
			if v == "" {
				return "length must be at least 1"
			}
			return ""
		})
	}
	length("len_eq", "length must be %d", func(have, want int) bool { return have == want })
	length("len_min", "length must be at least %d", func(have, want int) bool { return have >= want })
	length("len_max", "length must be at most %d", func(have, want int) bool { return have <= want })
}

func lengthOf(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any:
		return len(v)
	case map[string]any:
		return len(v)
	}
	return 0
}

func (f *Field) compilePatterns() {
	a := f.attrs
	if prefix, ok := a["starts_with"].(string); ok {
		f.checks = append(f.checks, text("should start with: "+prefix, func(s string) bool { return strings.HasPrefix(s, prefix) }))
	}
	if p, ok := a["not_match"].(string); ok {
		f.checks = append(f.checks, matches(mustPattern(p), false, ""))
	}
	f.patternList("match_none", false)
	if p, ok := a["match"].(string); ok {
		f.checks = append(f.checks, matches(mustPattern(p), true, ""))
	}
	f.patternList("match_all", true)
	if one, ok := a["match_any"].(map[string]any); ok {
		var list []*pattern
		for _, p := range one["patterns"].([]any) {
			list = append(list, mustPattern(p.(string)))
		}
		err, _ := one["err"].(string)
		f.checks = append(f.checks, func(v any) string {
			s, ok := v.(string)
			if !ok {
				return ""
			}
			for _, p := range list {
				if p.match(s) {
					return ""
				}
			}
			if err == "" {
				return "invalid value: " + s
			}
			return err
		})
	}
}

func (f *Field) patternList(word string, want bool) {
	list, _ := f.attrs[word].([]any)
	for _, one := range list {
		one := one.(map[string]any)
		err, _ := one["err"].(string)
		f.checks = append(f.checks, matches(mustPattern(one["pattern"].(string)), want, err))
	}
}

func matches(p *pattern, want bool, err string) check {
	return func(v any) string {
		s, ok := v.(string)
		switch {
		case !ok || p.match(s) == want:
			return ""
		case err == "":
			return "invalid value: " + s
		}
		return err
	}
}

func text(err string, ok func(string) bool) check {
	return func(v any) string {
		if s, is := v.(string); is && !ok(s) {
			return err
		}
		return ""
	}
}

func numeric(err string, ok func(float64) bool) check {
	return func(v any) string {
		if n, is := toFloat(v); is && !ok(n) {
			return err
		}
		return ""
	}
}

func greater(arg any) check {
	limit, _ := toFloat(arg)
	return numeric("value must be greater than "+numberText(limit), func(n float64) bool { return n > limit })
}

func between(arg any) check {
	list := arg.([]any)
	low, _ := toFloat(list[0])
	high, _ := toFloat(list[1])
	return numeric(fmt.Sprintf("value should be between %d and %d", int64(low), int64(high)),
		func(n float64) bool { return n >= low && n <= high })
}

func equals(want any) check {
	err := "value must be " + scalarText(want)
	number, isNumber := toFloat(want)
	return func(v any) string {
		if n, ok := toFloat(v); ok && isNumber {
			if n == number {
				return ""
			}
			return err
		}
		if !reflect.DeepEqual(v, want) {
			return err
		}
		return ""
	}
}

func oneOf(list []any, want bool) check {
	texts := make([]string, len(list))
	strs := map[string]bool{}
	numbers := map[float64]bool{}
	for i, v := range list {
		texts[i] = scalarText(v)
		if n, ok := toFloat(v); ok {
			numbers[n] = true
		} else {
			strs[texts[i]] = true
		}
	}
	err := "expected one of: "
	if !want {
		err = "must not be one of: "
	}
	err += strings.Join(texts, ", ")
	return func(v any) string {
		found := false
		if s, ok := v.(string); ok {
			found = strs[s]
		} else if n, ok := toFloat(v); ok {
			found = numbers[n]
		}
		if found != want {
			return err
		}
		return ""
	}
}

func exclusive(arg any) check {
	set := map[string]int{}
	var quoted []string
	for i, sub := range arg.([]any) {
		var names []string
		for _, e := range sub.([]any) {
			set[scalarText(e)] = i
			names = append(names, "'"+scalarText(e)+"'")
		}
		quoted = append(quoted, "("+strings.Join(names, ", ")+")")
	}
	return func(v any) string {
		list, _ := v.([]any)
		var in []string
		seen := map[int]bool{}
		for _, e := range list {
			if i, ok := set[scalarText(e)]; ok && !seen[i] {
				seen[i] = true
				in = append(in, quoted[i])
			}
		}
		if len(in) < 2 {
			return ""
		}
		return "these sets are mutually exclusive: " + strings.Join(in, ", ")
	}
}

// scalarText writes a value as Lua's tostring does.
func scalarText(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	if n, ok := toFloat(v); ok {
		return numberText(n)
	}
	return fmt.Sprint(v)
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		default:
			return false
		}
	}
	return true
}
