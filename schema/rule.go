package schema

import (
	"fmt"
	"slices"
	"strings"
)

type rule func(s *Schema)

func (r rule) apply(s *Schema) { r(s) }

// entityCheck is a check over several fields of a record, printed under "entity_checks".
type entityCheck struct {
	kind  string     // Kong's word: at_least_one_of, conditional, custom_entity_check, …
	paths [][]string // of kinds with a list of fields; the sources of custom ones
	cond  *condition
	run   func(doc map[string]any) Errors // of custom ones

	refs   [][]string // of fields that may hold a vault reference: then the check is not run
	base   []string   // where the record that run gets lies in the document
	hidden bool       // not printed
	absent bool       // some of the sources of a custom one are no fields
	always bool       // run, even when fields are invalid
}

type condition struct {
	ifField, thenField *Field // as in the record, with the words of the conditions
	ifPath, thenPath   []string
	ifMatch, thenMatch map[string]any // as printed
	any                [][]string     // of conditional_at_least_one_of
	err                string
}

func split(path string) []string {
	if path == "" {
		return nil
	}
	return strings.Split(path, ".")
}

func splitAll(paths []string) (all [][]string) {
	for _, p := range paths {
		all = append(all, split(p))
	}
	return all
}

func join(path []string) string { return strings.Join(path, ".") }

// must returns the field at a path; rules with a wrong path are bugs.
func (s *Schema) must(path string) *Field {
	f := s.root.find(split(path))
	if f == nil {
		panic(fmt.Sprintf("schema: a rule names %q, which is no field", path))
	}
	return f
}

func (s *Schema) check(c *entityCheck) { s.root.rules = append(s.root.rules, c) }

func list(kind string, paths []string) Rule {
	return rule(func(s *Schema) {
		for _, p := range paths {
			s.must(p)
		}
		s.check(&entityCheck{kind: kind, paths: splitAll(paths)})
	})
}

// AtLeastOneOf wants one of the fields set.
func AtLeastOneOf(paths ...string) Rule { return list("at_least_one_of", paths) }

// OnlyOneOf wants exactly one of the fields set.
func OnlyOneOf(paths ...string) Rule { return list("only_one_of", paths) }

// MutuallyRequired wants all of the fields set, or none.
func MutuallyRequired(paths ...string) Rule { return list("mutually_required", paths) }

// MutuallyExclusive wants at most one of the fields set.
func MutuallyExclusive(paths ...string) Rule { return list("mutually_exclusive", paths) }

// Distinct wants different values in the fields, where set.
func Distinct(paths ...string) Rule { return list("distinct", paths) }

// Condition is the first half of a conditional rule.
type Condition struct{ path, match string }

// If begins a conditional rule: match has the syntax of conf tags ("eq=redis", "one_of=a,b").
func If(path, match string) Condition { return Condition{path, match} }

// Then wants the field to fulfil match when the condition holds. err replaces the text of the violation.
func (c Condition) Then(path, match string, err ...string) Rule {
	return rule(func(s *Schema) {
		cond := c.begin(s)
		cond.thenPath, cond.err = split(path), strings.Join(err, "")
		cond.thenField, cond.thenMatch = s.must(path).matching(match)
		s.check(&entityCheck{kind: "conditional", cond: cond})
	})
}

// ThenAtLeastOneOf wants one of the fields set when the condition holds. "%s" in err stands for their names.
func (c Condition) ThenAtLeastOneOf(err string, paths ...string) Rule {
	return rule(func(s *Schema) {
		for _, p := range paths {
			s.must(p)
		}
		cond := c.begin(s)
		cond.any, cond.err = splitAll(paths), err
		s.check(&entityCheck{kind: "conditional_at_least_one_of", cond: cond})
	})
}

func (c Condition) begin(s *Schema) *condition {
	cond := &condition{ifPath: split(c.path)}
	cond.ifField, cond.ifMatch = s.must(c.path).matching(c.match)
	return cond
}

// matching returns the field with further words, and these words as Kong prints them.
func (f *Field) matching(match string) (*Field, map[string]any) {
	own := &Field{Name: f.Name, Type: f.Type, attrs: map[string]any{}}
	sub := func(of *Field) *Field {
		if of == nil {
			return nil
		}
		return &Field{Type: of.Type, must: true, attrs: map[string]any{}, fields: of.fields, byName: of.byName,
			elements: of.elements, keys: of.keys, values: of.values}
	}
	own.elements, own.keys, own.values = sub(f.elements), sub(f.keys), sub(f.values)
	if err := own.apply(match); err != nil {
		panic("schema: condition on " + f.Name + ": " + err.Error())
	}
	whole := f.clone()
	for word, v := range own.attrs {
		whole.attrs[word] = v
	}
	printed := own.attrs
	for name, part := range map[string]*Field{"elements": own.elements, "keys": own.keys, "values": own.values} {
		if part == nil || len(part.attrs) == 0 {
			continue
		}
		text := map[string]any{"type": part.Type}
		for word, v := range part.attrs {
			text[word] = v
		}
		printed[name] = text
		part.compile()
		switch name {
		case "elements":
			whole.elements = part
		case "keys":
			whole.keys = part
		case "values":
			whole.values = part
		}
	}
	return whole, printed
}

// Check is a check in Go over the processed record. It is shown as a custom_entity_check of these sources; without
// sources it is not shown. It is not run when one of its sources (without sources: any field) is invalid. Sources that
// are no fields are shown all the same, with run_with_missing_fields.
func Check(f func(doc map[string]any) Errors, sources ...string) Rule {
	return rule(func(s *Schema) {
		absent := slices.ContainsFunc(sources, func(p string) bool { return s.root.find(split(p)) == nil })
		s.check(&entityCheck{kind: "custom_entity_check", paths: splitAll(sources), run: f, hidden: len(sources) == 0, absent: absent})
	})
}

// CheckAlways is Check that runs even when fields are invalid: values may have any type. It is not shown.
func CheckAlways(f func(doc map[string]any) Errors) Rule {
	return rule(func(s *Schema) {
		s.check(&entityCheck{kind: "custom_entity_check", run: f, hidden: true, always: true})
	})
}

// CheckRecord is a check in Go over the processed record whose error becomes the record's own error text. It is run when
// everything else is right. In the schema of a whole document it becomes an error of the whole.
func CheckRecord(f func(doc map[string]any) error) Rule {
	return rule(func(s *Schema) { s.root.records = append(s.root.records, f) })
}

// CheckField is a check in Go of one value that is not null: "path", "hosts.elements", "headers.values".
func CheckField(path string, f func(v any) error) Rule {
	return rule(func(s *Schema) {
		field := s.must(path)
		field.custom = append(field.custom, f)
	})
}

// Conf adds rules in the syntax of conf tags to a field, for what a tag cannot hold. It replaces words that are there;
// match_all and match_none are added to.
func Conf(path, conf string) Rule {
	return rule(func(s *Schema) {
		if err := s.must(path).apply(conf); err != nil {
			panic(fmt.Sprintf("schema: %s: %s", path, err))
		}
	})
}

// At applies rules to a record below: "healthchecks.active", "sources.elements", "limits.values". Their paths start
// there. With path "" the rules are those of the record itself, and stay inside it when it becomes a plugin's config.
func At(path string, rules ...Rule) Rule {
	return rule(func(s *Schema) {
		f := s.must(path)
		if f.Type != "record" {
			panic(fmt.Sprintf("schema: %s is no record", path))
		}
		hoisted := f.rules
		f.rules = f.inner
		for _, r := range rules {
			r.apply(&Schema{root: f})
		}
		f.inner, f.rules = f.rules, hoisted
	})
}

// compileRules prepares the checks of a record.
func (f *Field) compileRules(checks []*entityCheck) {
	for _, c := range checks {
		sources := c.paths
		if c.cond != nil {
			c.cond.ifField.compile()
			sources = append([][]string{c.cond.ifPath}, c.cond.any...)
			if c.cond.thenField != nil {
				c.cond.thenField.compile()
				sources = append(sources, c.cond.thenPath)
			}
		}
		c.refs = nil
		for _, path := range sources {
			if at := f.find(path); at != nil && at.Type == "string" && at.ref {
				c.refs = append(c.refs, path)
			}
		}
	}
}
