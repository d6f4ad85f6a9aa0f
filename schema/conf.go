package schema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// splitConf splits at a separator; a backslash before it keeps it from separating. Other backslashes stay.
func splitConf(s string, sep byte) (parts []string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == sep:
			b.WriteByte(sep)
			i++
		case s[i] == sep:
			parts = append(parts, b.String())
			b.Reset()
		default:
			b.WriteByte(s[i])
		}
	}
	if b.Len() > 0 || len(parts) > 0 && sep == ',' {
		parts = append(parts, b.String())
	}
	return parts
}

// apply adds rules in the syntax of conf tags.
func (f *Field) apply(conf string) error {
	for _, w := range splitConf(conf, ';') {
		word, value, has := strings.Cut(w, "=")
		if word == "" && !has {
			continue
		}
		if err := f.word(word, value, has); err != nil {
			return fmt.Errorf("conf %q: %w", w, err)
		}
	}
	return nil
}

var flags = []string{"unique", "unique_across_ws", "auto", "uuid", "timestamp", "referenceable", "encrypted", "is_regex",
	"abstract", "transient", "immutable"}

func (f *Field) word(word, value string, has bool) error {
	if part, rest, ok := strings.Cut(word, "."); ok && (part == "elements" || part == "keys" || part == "values") {
		sub := f.child(part)
		if sub == nil {
			return fmt.Errorf("a %s has no %s", f.Type, part)
		}
		return sub.word(rest, value, has)
	}
	switch {
	case slices.Contains(flags, word):
		f.attrs[word] = true
		if has {
			f.attrs[word] = value == "true"
		}
		return nil
	case !has:
		return f.bare(word)
	}
	return f.assign(word, value)
}

// bare applies words that have no value: flags and typedefs.
func (f *Field) bare(word string) error {
	switch word {
	case "required":
		f.attrs["required"], f.required = true, true
	case "optional":
		f.attrs["required"], f.required = false, false
	case "set":
		if f.Type != "array" {
			return fmt.Errorf("a %s is no list", f.Type)
		}
		f.Type = "set"
	case "hidden":
		f.hidden = true
	default:
		def := typedefs[word]
		if def == nil {
			return fmt.Errorf("unknown word")
		}
		return def(f)
	}
	return nil
}

func (f *Field) assign(word, value string) error {
	switch word {
	case "default", "eq", "ne", "contains":
		v, err := f.literal(value, word != "contains")
		if err != nil {
			return err
		}
		f.attrs[word] = v
	case "old_default":
		v, err := f.literal(value, true)
		if err != nil {
			return err
		}
		f.deprecation()[word] = v
	case "one_of", "not_one_of":
		list, err := f.literals(value)
		if err != nil {
			return err
		}
		f.attrs[word] = list
	case "between":
		list, err := numbers(value)
		if err != nil || len(list) != 2 {
			return fmt.Errorf("two numbers are needed")
		}
		f.attrs[word] = list
	case "gt":
		list, err := numbers(value)
		if err != nil || len(list) != 1 {
			return fmt.Errorf("a number is needed")
		}
		f.attrs[word] = list[0]
	case "len_min", "len_max", "len_eq":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return err
		}
		f.attrs[word] = n
	case "starts_with", "err":
		f.attrs[word] = whole(value)
	case "type":
		scalars := []string{"string", "boolean", "integer", "number"}
		if !slices.Contains(scalars, f.Type) || !slices.Contains(scalars, value) {
			return fmt.Errorf("a %s cannot become a %s", f.Type, value)
		}
		f.Type = value
	case "foreign":
		if f.Type != "foreign" {
			return fmt.Errorf("only tags can make a field foreign")
		}
		f.attrs["reference"] = value
	case "on_delete":
		f.attrs[word] = value
	case "mutually_exclusive_subsets":
		v, err := f.json(value)
		if err != nil {
			return err
		}
		f.attrs[word] = v
	case "deprecated":
		f.deprecation()["message"] = whole(value)
	case "removal":
		f.deprecation()["removal_in_version"] = value
	case "abstract_err":
		f.attrs["@abstract_err"] = whole(value)
	default:
		return f.assignPattern(word, value)
	}
	return nil
}

func (f *Field) deprecation() map[string]any {
	d, ok := f.attrs["deprecation"].(map[string]any)
	if !ok {
		d = map[string]any{}
		f.attrs["deprecation"] = d
	}
	return d
}

func (f *Field) assignPattern(word, value string) error {
	switch word {
	case "match", "not_match":
		f.attrs[word] = value
		_, err := compilePattern(value)
		return err
	case "match_all", "match_none":
		parts := splitConf(value, ',')
		if len(parts) == 0 {
			return fmt.Errorf("a pattern is needed")
		}
		one := map[string]any{"pattern": parts[0]}
		if err := strings.Join(parts[1:], ","); err != "" {
			one["err"] = err
		}
		list, _ := f.attrs[word].([]any)
		f.attrs[word] = append(slices.Clone(list), one)
		_, err := compilePattern(parts[0])
		return err
	case "match_any":
		parts := splitConf(value, ',')
		if len(parts) < 2 {
			return fmt.Errorf("patterns and a text (or nothing) after the last comma are needed")
		}
		last := len(parts) - 1
		patterns := make([]any, last)
		for i, p := range parts[:last] {
			if _, err := compilePattern(p); err != nil {
				return err
			}
			patterns[i] = p
		}
		one := map[string]any{"patterns": patterns}
		if parts[last] != "" {
			one["err"] = parts[last]
		}
		f.attrs[word] = one
		return nil
	}
	return fmt.Errorf("unknown word")
}

func numbers(value string) (list []any, err error) {
	for _, part := range splitConf(value, ',') {
		n, ok := luaNumber(part)
		if !ok {
			return nil, fmt.Errorf("%q is no number", part)
		}
		list = append(list, n)
	}
	return list, nil
}

// whole returns a text that is not split at commas.
func whole(text string) string { return strings.ReplaceAll(text, `\,`, ",") }

// literal reads a value of the field's type.
func (f *Field) literal(text string, list bool) (any, error) {
	if text == "null" {
		return nil, nil
	}
	switch f.Type {
	case "string":
		return whole(text), nil
	case "boolean":
		return strconv.ParseBool(text)
	case "integer", "number":
		n, ok := luaNumber(text)
		if !ok {
			return nil, fmt.Errorf("%q is no number", text)
		}
		return n, nil
	case "array", "set":
		if !list {
			return f.elements.literal(text, true)
		}
		if strings.HasPrefix(text, "[") {
			return f.json(text)
		}
		return f.elements.literals(text)
	}
	return f.json(text)
}

func (f *Field) literals(text string) ([]any, error) {
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		if v, err := f.json(text); err == nil {
			return v.([]any), nil
		}
	}
	list := []any{}
	for _, part := range splitConf(text, ',') {
		v, err := f.literal(part, false)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (f *Field) json(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(whole(text)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, fmt.Errorf("text after the JSON value")
	}
	return plain(v), nil
}

// plain replaces json.Number by int64 and float64.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, ok := luaNumber(string(v)); ok {
			return n
		}
		return v
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	}
	return v
}
