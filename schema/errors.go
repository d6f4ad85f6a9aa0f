package schema

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Errors holds what is wrong, in Kong's nested shape: field name → text, Errors, or []any of such with nil where an element
// is right; "@entity" → []string.
type Errors map[string]any

const entityKey = "@entity"

// Message returns Kong's one-line summary: "2 schema violations (bar: unknown field; host: required field missing)". Texts
// of whole documents come first, fields are sorted, elements of lists count from 1. What lies deeper than two levels is
// written as a Lua table, as Kong does.
func (e Errors) Message() string {
	var all []string
	if texts, ok := e[entityKey].([]string); ok {
		all = append(all, texts...)
	}
	for _, name := range slices.Sorted(maps.Keys(e)) {
		switch v := e[name].(type) {
		case Errors:
			for _, sub := range slices.Sorted(maps.Keys(v)) {
				all = append(all, name+"."+sub+": "+luaText(v[sub]))
			}
		case []any:
			for i, sub := range v {
				if sub != nil {
					all = append(all, name+"."+strconv.Itoa(i+1)+": "+luaText(sub))
				}
			}
		case []string:
			if name != entityKey {
				all = append(all, name+": "+strings.Join(v, ", "))
			}
		default:
			all = append(all, name+": "+luaText(v))
		}
	}
	text := strings.Join(all, "; ")
	if len(all) == 1 {
		return "schema violation (" + text + ")"
	}
	return fmt.Sprintf("%d schema violations (%s)", len(all), text)
}

// entity adds texts about the whole record.
func (e Errors) entity(texts ...string) {
	list, _ := e[entityKey].([]string)
	e[entityKey] = append(list, texts...)
}

// put sets the error of a nested field. The error of a record as a whole stays.
func (e Errors) put(path []string, err any) {
	for len(path) > 1 {
		sub, ok := e[path[0]].(Errors)
		if !ok {
			if e[path[0]] != nil {
				return
			}
			sub = Errors{}
			e[path[0]] = sub
		}
		e, path = sub, path[1:]
	}
	e[path[0]] = err
}

// at says whether something is wrong at the path, above or below it.
func (e Errors) at(path []string) bool {
	for _, name := range path {
		v, ok := e[name]
		if !ok {
			return false
		}
		sub, ok := v.(Errors)
		if !ok {
			return true
		}
		e = sub
	}
	return true
}

// merge adds other errors. Texts about the whole are appended, records merged.
func (e Errors) merge(other Errors) {
	for name, v := range other {
		old, have := e[name].(Errors)
		sub, is := v.(Errors)
		switch texts, ok := v.([]string); {
		case ok && name == entityKey:
			e.entity(texts...)
		case have && is:
			old.merge(sub)
		default:
			e[name] = v
		}
	}
}

// luaText returns a text, or a table as Penlight's pretty-printer writes it.
func luaText(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	var b strings.Builder
	luaWrite(&b, v, "", "  ")
	return b.String()
}

func luaWrite(b *strings.Builder, v any, outer, indent string) {
	var lines []string
	entry := func(key string, v any) {
		var sub strings.Builder
		sub.WriteString(indent + key)
		luaWrite(&sub, v, indent, indent+"  ")
		lines = append(lines, sub.String())
	}
	switch v := v.(type) {
	case string:
		b.WriteString(luaQuote(v))
		return
	case []string:
		for _, s := range v {
			entry("", s)
		}
	case []any:
		holes := false
		for i, sub := range v {
			switch {
			case sub == nil:
				holes = true
			case holes:
				entry("["+strconv.Itoa(i+1)+"] = ", sub)
			default:
				entry("", sub)
			}
		}
	case Errors:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			key := name
			if !luaIdentifier.match(name) {
				key = "[" + luaQuote(name) + "]"
			}
			entry(key+" = ", v[name])
		}
	default:
		fmt.Fprint(b, v)
		return
	}
	b.WriteString("{\n" + strings.Join(lines, ",\n") + "\n" + outer + "}")
}

var luaIdentifier = mustPattern("^[%a_][%w_]*$")

var luaQuote = func() func(string) string {
	r := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", "\\\n", "\r", `\r`, "\x00", `\0`)
	return func(s string) string { return `"` + r.Replace(s) + `"` }
}()
