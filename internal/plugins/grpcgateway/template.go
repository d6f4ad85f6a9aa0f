package grpcgateway

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// template is a path with variables (google/api/http.proto, "Path template syntax").
type template struct {
	segments []segment
	verb     string // behind the last ":", or ""
	vars     []variable
	deep     int // which segment is "**", -1 for none
}

// segment is a literal, or one of these:
const (
	one  = "*"  // one segment
	many = "**" // one or more
)

type segment = string

// variable is a field that gets what the segments from start to before end have matched.
type variable struct {
	path       string
	start, end int
}

// value is what a variable has matched.
type value struct{ path, text string }

func parseTemplate(text string) (*template, error) {
	t := &template{deep: -1}
	rest, ok := strings.CutPrefix(text, "/")
	if !ok {
		return nil, errors.New(`it does not start with "/"`)
	}
	// The verb is behind the last segment, outside of a variable.
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexAny(rest, "/}") {
		if rest, t.verb = rest[:i], rest[i+1:]; t.verb == "" {
			return nil, errors.New(`nothing behind ":"`)
		}
	}
	for {
		var err error
		if strings.HasPrefix(rest, "{") {
			rest, err = t.variable(rest[1:])
		} else {
			n := strings.IndexByte(rest, '/')
			if n < 0 {
				n = len(rest)
			}
			err = t.segment(rest[:n])
			rest = rest[n:]
		}
		if err != nil {
			return nil, err
		}
		if rest == "" {
			return t, nil
		}
		if rest[0] != '/' {
			return nil, fmt.Errorf(`expected "/" before %q`, rest)
		}
		rest = rest[1:]
	}
}

// variable reads a variable behind "{" and returns what is behind its "}".
func (t *template) variable(text string) (rest string, err error) {
	text, rest, ok := strings.Cut(text, "}")
	if !ok {
		return "", errors.New(`"{" without "}"`)
	}
	path, segments, has := strings.Cut(text, "=")
	if !has {
		segments = one
	}
	v := variable{path: path, start: len(t.segments)}
	for s := range strings.SplitSeq(segments, "/") {
		if err := t.segment(s); err != nil {
			return "", err
		}
	}
	v.end = len(t.segments)
	if slices.ContainsFunc(t.vars, func(o variable) bool { return o.path == path }) {
		return "", fmt.Errorf("variable %s is there twice", path)
	}
	t.vars = append(t.vars, v)
	return rest, nil
}

func (t *template) segment(s string) error {
	switch {
	case s == "":
		return errors.New("an empty segment")
	case s == many && t.deep >= 0:
		return errors.New(`more than one "**"`)
	case s == many:
		t.deep = len(t.segments)
	case s == one:
	case strings.ContainsAny(s, "*{}"):
		return fmt.Errorf("%q is no segment", s)
	}
	t.segments = append(t.segments, s)
	return nil
}

// match matches a normalised path and returns what the variables get: percent-decoded, except that what a variable of several
// segments gets keeps an encoded "/".
func (t *template) match(path string) ([]value, bool) {
	path, ok := strings.CutPrefix(path, "/")
	if !ok {
		return nil, false
	}
	if t.verb != "" {
		if path, ok = strings.CutSuffix(path, ":"+t.verb); !ok {
			return nil, false
		}
	}
	parts := strings.Split(path, "/")
	extra := len(parts) - len(t.segments) // what "**" takes beyond one
	if extra < 0 || extra > 0 && t.deep < 0 {
		return nil, false
	}
	at := func(i int) int { // where in parts a segment begins
		if t.deep >= 0 && i > t.deep {
			return i + extra
		}
		return i
	}
	for i, s := range t.segments {
		p := parts[at(i)]
		if s == one && p == "" || s == many && strings.Join(parts[at(i):at(i+1)], "/") == "" || s != one && s != many && s != p {
			return nil, false
		}
	}
	values := make([]value, 0, len(t.vars))
	for _, v := range t.vars {
		text, ok := decode(parts[at(v.start):at(v.end)], t.segments[v.start:v.end])
		if !ok {
			return nil, false
		}
		values = append(values, value{v.path, text})
	}
	return values, true
}

func decode(parts, segments []string) (string, bool) {
	single := len(segments) == 1 && segments[0] != many
	text := strings.Join(parts, "/")
	if !single {
		text = strings.NewReplacer("%2F", "%252F", "%2f", "%252f").Replace(text)
	}
	out, err := url.PathUnescape(text)
	return out, err == nil
}
