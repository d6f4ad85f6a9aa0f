// Package wire holds the shapes of Cognito's API as they travel: one struct per request, response and nested structure, in files by
// domain. Names and JSON members are Cognito's; the suffix Type is left off. A member's "is" tag names its bounds, a [Constraint] of the
// tables texts, enums, numbers and lists, and says "required" where it must be there.
//
// Numbers and booleans are pointers, so that absent and zero differ. Texts are plain: absent is "". A nil list is left out of a
// response, an empty one is sent as [].
//
// The package does not decode (api does) and holds no behaviour.
package wire

import (
	"regexp"
	"sync"
)

// Empty is the input or output of operations that have none.
type Empty struct{}

// Constraint bounds one kind of value.
type Constraint struct {
	Min, Max *int     // of a text: characters; of a number: its value; of a list or map: entries
	Number   bool     // Min and Max are values
	Pattern  string   // must match the whole text
	Enum     []string // the text must be one of these
	Secret   bool     // the value is not repeated in messages
	Key      string   // name of the constraint of a map's keys
	Each     string   // name of the constraint of a list's members or a map's values

	re func() *regexp.Regexp
}

// Matches says whether the whole text matches Pattern.
func (c *Constraint) Matches(text string) bool { return c.re().MatchString(text) }

// Find returns the constraint of that name, or nil.
func Find(name string) *Constraint { return constraints[name] }

// Constraints returns every constraint by name. It must not be changed.
func Constraints() map[string]*Constraint { return constraints }

var constraints = join(texts, enums, numbers, lists)

func join(tables ...map[string]Constraint) map[string]*Constraint {
	all := make(map[string]*Constraint)
	for _, table := range tables {
		for name, c := range table {
			if c.Pattern != "" {
				// Compiled at first use: a program that starts and makes one token pays for none.
				c.re = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:` + c.Pattern + `)$`) })
			}
			all[name] = &c
		}
	}
	return all
}
