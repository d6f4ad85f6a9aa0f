package schema

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Markdown writes reference docs: a table of all fields, then what is checked over several of them.
func (s *Schema) Markdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| Field | Type | Default | Description |\n|---|---|---|---|\n")
	s.root.markdownRows(&b, "")
	var rules []string
	s.root.markdownRules(&rules, nil)
	if len(rules) > 0 {
		b.WriteString("\n")
		for _, r := range rules {
			b.WriteString("- " + r + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (f *Field) markdownRows(b *strings.Builder, prefix string) {
	for _, sub := range f.fields {
		if sub.hidden {
			continue
		}
		name := prefix + sub.Name
		def := ""
		if sub.hasDefault && sub.def != nil {
			text, err := json.Marshal(sub.def)
			if err != nil {
				text = []byte(fmt.Sprint(sub.def))
			}
			def = code(string(text))
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", code(name), sub.typeText(), def, cell(sub.describe()))
		if !sub.abstract {
			sub.markdownBelow(b, name)
		}
	}
	for _, m := range f.moved {
		fmt.Fprintf(b, "| %s | %s | | %s |\n", code(prefix+m.field.Name), m.field.typeText(), cell(m.field.describe()))
	}
}

func (f *Field) markdownBelow(b *strings.Builder, name string) {
	switch {
	case f.Type == "record":
		f.markdownRows(b, name+".")
	case f.elements != nil:
		f.elements.markdownBelow(b, name+"[]")
	case f.values != nil:
		f.values.markdownBelow(b, name+".*")
	}
}

func (f *Field) typeText() string {
	switch {
	case f.elements != nil:
		return f.Type + " of " + f.elements.typeText()
	case f.values != nil:
		return "map of " + f.values.typeText()
	case f.Type == "foreign":
		return fmt.Sprintf("reference to %v", f.attrs["reference"])
	}
	return f.Type
}

// describe returns the field's doc and its limits.
func (f *Field) describe() string {
	parts := []string{}
	if f.Doc != "" {
		parts = append(parts, f.Doc)
	}
	if f.required && !f.hasDefault && f.Type != "record" {
		parts = append(parts, "Required.")
	}
	one := f
	for one.elements != nil {
		one = one.elements
	}
	for _, t := range one.limits() {
		parts = append(parts, t+".")
	}
	return strings.Join(parts, " ")
}

func (f *Field) limits() (all []string) {
	if list, ok := f.attrs["one_of"].([]any); ok {
		all = append(all, "One of "+codes(list))
	}
	if list, ok := f.attrs["not_one_of"].([]any); ok {
		all = append(all, "Not one of "+codes(list))
	}
	if list, ok := f.attrs["between"].([]any); ok {
		all = append(all, fmt.Sprintf("From %s to %s", scalarText(list[0]), scalarText(list[1])))
	}
	if n, ok := f.attrs["gt"]; ok {
		all = append(all, "Greater than "+scalarText(n))
	}
	if f.ref {
		all = append(all, "May be a vault reference")
	}
	return all
}

func (f *Field) markdownRules(out *[]string, above []string) {
	name := func(path []string) string { return code(join(append(above[:len(above):len(above)], path...))) }
	list := func(paths [][]string) string {
		var all []string
		for _, p := range paths {
			all = append(all, name(p))
		}
		return strings.Join(all, ", ")
	}
	for _, c := range append(f.rules[:len(f.rules):len(f.rules)], f.inner...) {
		switch c.kind {
		case "at_least_one_of":
			*out = append(*out, "At least one of these is needed: "+list(c.paths)+".")
		case "only_one_of":
			*out = append(*out, "Exactly one of these is needed: "+list(c.paths)+".")
		case "mutually_required":
			*out = append(*out, "All or none of these are needed: "+list(c.paths)+".")
		case "mutually_exclusive":
			*out = append(*out, "At most one of these may be set: "+list(c.paths)+".")
		case "distinct":
			*out = append(*out, "These must differ: "+list(c.paths)+".")
		case "conditional":
			*out = append(*out, fmt.Sprintf("If %s %s, then %s %s.", name(c.cond.ifPath), matchText(c.cond.ifMatch),
				name(c.cond.thenPath), matchText(c.cond.thenMatch)))
		case "conditional_at_least_one_of":
			*out = append(*out, fmt.Sprintf("If %s %s, then at least one of these is needed: %s.", name(c.cond.ifPath),
				matchText(c.cond.ifMatch), list(c.cond.any)))
		}
	}
	for _, sub := range f.fields {
		below := append(above[:len(above):len(above)], sub.Name)
		at := sub
		for at.elements != nil || at.values != nil {
			if at.elements != nil {
				at, below = at.elements, append(below, "[]")
			} else {
				at, below = at.values, append(below, "*")
			}
		}
		if at.Type == "record" {
			at.markdownRules(out, below)
		}
	}
}

// matchText says what a condition wants: "is `redis`", "is set".
func matchText(match map[string]any) string {
	var all []string
	for _, word := range []string{"required", "eq", "one_of", "not_one_of", "match", "match_any", "len_eq", "len_min", "between", "gt", "elements"} {
		v, ok := match[word]
		if !ok {
			continue
		}
		list, _ := v.([]any)
		switch word {
		case "required":
			all = append(all, "must be set")
		case "eq":
			all = append(all, "is "+code(scalarText(v)))
		case "one_of":
			all = append(all, "is one of "+codes(list))
		case "not_one_of":
			all = append(all, "is none of "+codes(list))
		case "elements":
			sub, _ := v.(map[string]any)
			all = append(all, "has elements of which each "+matchText(sub))
		default:
			text, err := json.Marshal(v)
			if err != nil {
				text = []byte(fmt.Sprint(v))
			}
			all = append(all, "fulfils "+code(word+" "+string(text)))
		}
	}
	return strings.Join(all, " and ")
}

func codes(list []any) string {
	all := make([]string, len(list))
	for i, v := range list {
		all[i] = code(scalarText(v))
	}
	return strings.Join(all, ", ")
}

// code writes text between backquotes, safe in a table.
func code(text string) string {
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		text = " " + text + " "
	}
	return fence + cell(text) + fence
}

func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}
