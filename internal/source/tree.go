package source

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gibbon-gateway/gibbon/schema"
)

// tree holds errors by where they are: names of fields, and positions in lists, which count from 1.
type tree map[any]any

// at returns the tree at a place, made if it is not there. What is there already and no tree gives way.
func (t tree) at(path ...any) tree {
	for _, key := range path {
		sub, ok := t[key].(tree)
		if !ok {
			sub = tree{}
			t[key] = sub
		}
		t = sub
	}
	return t
}

// put adds the errors of a schema.
func (t tree) put(errs schema.Errors) {
	for name, v := range errs {
		t.set(name, grow(v))
	}
}

// set sets an error where there is none yet.
func (t tree) set(key, v any) {
	if _, ok := t[key]; !ok {
		t[key] = v
	}
}

// grow turns errors of a schema into trees and texts.
func grow(v any) any {
	t := tree{}
	switch v := v.(type) {
	case schema.Errors:
		for name, sub := range v {
			t[name] = grow(sub)
		}
	case map[string]any:
		return grow(schema.Errors(v))
	case []any:
		for i, sub := range v {
			if sub != nil {
				t[i+1] = grow(sub)
			}
		}
	case []string:
		for i, sub := range v {
			t[i+1] = sub
		}
	default:
		return v
	}
	return t
}

// prune drops trees without errors and reports whether any error is left.
func (t tree) prune() bool {
	for key, v := range t {
		if sub, ok := v.(tree); ok && !sub.prune() {
			delete(t, key)
		}
	}
	return len(t) > 0
}

// parts returns the keys: names sorted, positions in order.
func (t tree) parts() (names []string, positions []int) {
	for key := range t {
		switch key := key.(type) {
		case string:
			names = append(names, key)
		case int:
			positions = append(positions, key)
		}
	}
	slices.Sort(names)
	slices.Sort(positions)
	return names, positions
}

// json returns what JSON shows: lists with null where there is no error, objects where there are names.
func (t tree) json() any {
	names, positions := t.parts()
	if len(names) > 0 || len(positions) == 0 {
		m := make(map[string]any, len(t))
		for key, v := range t {
			if n, ok := key.(int); ok {
				key = strconv.Itoa(n)
			}
			m[key.(string)] = plain(v)
		}
		return m
	}
	list := make([]any, positions[len(positions)-1])
	for _, n := range positions {
		list[n-1] = plain(t[n])
	}
	return list
}

func plain(v any) any {
	if t, ok := v.(tree); ok {
		return t.json()
	}
	return v
}

// lua writes the errors as Kong does, as a Lua table without spaces.
func (t tree) lua(b *strings.Builder) {
	b.WriteByte('{')
	comma := ""
	entry := func(key string, v any) {
		b.WriteString(comma + key)
		comma = ","
		if sub, ok := v.(tree); ok {
			sub.lua(b)
		} else {
			b.WriteString(luaQuote(v))
		}
	}
	names, positions := t.parts()
	next := 1
	for len(positions) > 0 && positions[0] == next {
		entry("", t[next])
		positions, next = positions[1:], next+1
	}
	for _, name := range names {
		key := name
		if !isIdentifier(name) {
			key = "[" + luaQuote(name) + "]"
		}
		entry(key+"=", t[name])
	}
	for _, n := range positions {
		entry("["+strconv.Itoa(n)+"]=", t[n])
	}
	b.WriteByte('}')
}

var luaWords = strings.Fields("and break do else elseif end false for function goto if in local nil not or repeat return then true until while")

func isIdentifier(s string) bool {
	for i, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && !slices.Contains(luaWords, s)
}

var luaEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", "\\\n", "\r", `\r`, "\x00", `\0`)

// luaQuote writes a text as Penlight does: in long brackets if it has several lines.
func luaQuote(v any) string {
	s, ok := v.(string)
	if !ok {
		return "?"
	}
	if strings.Contains(s, "\n") && !strings.Contains(s, "\r") {
		marks := ""
		for strings.Contains(s+"]", "]"+marks+"]") {
			marks += "="
		}
		if strings.HasPrefix(s, "\n") {
			s = "\n" + s
		}
		return "[" + marks + "[" + s + "]" + marks + "]"
	}
	return `"` + luaEscapes.Replace(s) + `"`
}

// text writes the errors for people, a line each, indented by where they are.
func (t tree) text(b *strings.Builder, item, indent string) {
	entry := func(key string, v any, item string) {
		b.WriteString(indent + key + ":")
		if sub, ok := v.(tree); ok {
			b.WriteByte('\n')
			sub.text(b, item, indent+"  ")
			return
		}
		b.WriteString(" " + v.(string) + "\n")
	}
	names, positions := t.parts()
	for _, n := range positions {
		entry("- in entry "+strconv.Itoa(n)+" of '"+item+"'", t[n], strconv.Itoa(n))
	}
	for _, name := range names {
		entry("in '"+name+"'", t[name], name)
	}
}

// clone returns a copy that can be changed.
func (t tree) clone() tree {
	c := maps.Clone(t)
	for key, v := range c {
		if sub, ok := v.(tree); ok {
			c[key] = sub.clone()
		}
	}
	return c
}
