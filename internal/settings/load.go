package settings

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/schema"
)

// From says what Load reads. Later fields win over earlier ones: file, KONG_ variables, GIBBON_ variables, Set.
type From struct {
	File string            // path of a configuration file; "" for none
	Env  []string          // "NAME=value", as os.Environ
	Set  map[string]string // from flags, by key
}

// Error holds every setting that is wrong.
type Error []Problem

func (e Error) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

var keySchema = schema.Of[Keys]()

// Load reads settings. Warnings name keys that are unknown or have no effect here; the error is an Error with everything
// that is wrong, or says why the file cannot be read.
func Load(from From) (*Settings, []Problem, error) {
	g := gather{text: map[string]string{}, origin: map[string]string{}}
	if from.File != "" {
		data, err := os.ReadFile(from.File)
		if err != nil {
			return nil, nil, fmt.Errorf("reading settings: %w", err)
		}
		g.file(from.File, string(data))
	}
	g.environment("KONG_", from.Env)
	g.environment("GIBBON_", from.Env)
	for _, key := range slices.Sorted(maps.Keys(from.Set)) {
		g.set(key, from.Set[key], "--"+strings.ReplaceAll(key, "_", "-"), true)
	}
	g.resolve(from.Env)
	s, err := g.build()
	return s, g.warnings, err
}

// gather collects texts by key with where they came from.
type gather struct {
	text, origin map[string]string
	warnings     []Problem
	errors       Error
}

func (g *gather) fail(key, format string, args ...any) {
	g.errors = append(g.errors, Problem{Key: key, Origin: g.origin[key], Text: fmt.Sprintf(format, args...)})
}

func (g *gather) warn(key, origin, format string, args ...any) {
	g.warnings = append(g.warnings, Problem{Key: key, Origin: origin, Text: fmt.Sprintf(format, args...)})
}

// file reads "key = value" lines; "#" begins a comment unless written "\#".
func (g *gather) file(path, text string) {
	for i, line := range strings.Split(text, "\n") {
		origin := fmt.Sprintf("%s:%d", path, i+1)
		line = stripComment(line)
		if line == "" {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		if !ok || key == "" {
			g.errors = append(g.errors, Problem{Key: line, Origin: origin, Text: `expected "key = value"`})
			continue
		}
		g.set(key, unquote(strings.TrimSpace(value)), origin, false)
	}
}

func stripComment(line string) string {
	var b strings.Builder
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '\\' && i+1 < len(line) && line[i+1] == '#':
			b.WriteByte('#')
			i++
			continue
		case line[i] == '#':
			return strings.TrimSpace(b.String())
		}
		b.WriteByte(line[i])
	}
	return strings.TrimSpace(b.String())
}

func unquote(v string) string {
	if len(v) >= 2 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0] {
		return v[1 : len(v)-1]
	}
	return v
}

// serviceLink matches variables that Kubernetes sets for every service of a namespace, such as KONG_PROXY_SERVICE_HOST.
var serviceLink = regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?)$`)

func (g *gather) environment(prefix string, env []string) {
	for _, kv := range slices.Sorted(slices.Values(env)) {
		name, value, _ := strings.Cut(kv, "=")
		upper, ok := strings.CutPrefix(name, prefix)
		if !ok || upper == "" {
			continue
		}
		key := strings.ToLower(upper)
		if !known(key) && serviceLink.MatchString(name) {
			continue
		}
		g.set(key, value, name, prefix == "GIBBON_")
	}
}

// set takes one text. strict says that an unknown key is an error; otherwise, as Kong ignores such keys, it is a warning.
func (g *gather) set(key, value, origin string, strict bool) {
	if to, ok := aliases[key]; ok {
		key = to
	}
	switch {
	case known(key):
	case inert(key):
		g.warn(key, origin, "has no effect here")
		return
	default:
		text := "unknown setting"
		if near := nearest(key); near != "" {
			text += "; did you mean " + near + "?"
		}
		if strict {
			g.errors = append(g.errors, Problem{Key: key, Origin: origin, Text: text})
		} else {
			g.warn(key, origin, "%s", text)
		}
		return
	}
	g.text[key], g.origin[key] = value, origin
}

var vaultRef = regexp.MustCompile(`^\{vault://env/([A-Za-z0-9_-]+)\}$`)

// resolve replaces {vault://env/name} by the variable NAME, as Kong's env vault does.
func (g *gather) resolve(env []string) {
	for key, text := range g.text {
		m := vaultRef.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		name := strings.ToUpper(strings.ReplaceAll(m[1], "-", "_"))
		i := slices.IndexFunc(env, func(kv string) bool { return strings.HasPrefix(kv, name+"=") })
		if i < 0 {
			g.fail(key, "refers to the variable %s, which is not set", name)
			continue
		}
		g.text[key] = env[i][len(name)+1:]
	}
}

func (g *gather) build() (*Settings, error) {
	s := &Settings{origin: g.origin}
	doc := map[string]any{}
	for key, text := range g.text {
		if _, ok := directive(key); ok {
			continue
		}
		v, err := coerce(key, text)
		if err != nil {
			g.fail(key, "%s", err)
			continue
		}
		doc[key] = v
	}
	processed, errs := keySchema.Process(doc, schema.Options{Op: schema.Create, Now: time.Now()})
	if len(errs) > 0 { // the others are checked with defaults in place of the wrong ones
		for _, key := range slices.Sorted(maps.Keys(errs)) {
			g.fail(key, "%v", flat(errs[key]))
			delete(doc, key)
		}
		if processed, errs = keySchema.Process(doc, schema.Options{Op: schema.Create, Now: time.Now()}); len(errs) > 0 {
			return nil, g.errors
		}
	}
	if err := keySchema.Bind(processed, &s.Keys); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	s.values = processed
	g.derive(s)
	if len(g.errors) > 0 {
		return nil, g.errors
	}
	return s, nil
}

func flat(v any) string {
	switch v := v.(type) {
	case []any:
		var parts []string
		for i, e := range v {
			if e != nil {
				parts = append(parts, fmt.Sprintf("element %d: %s", i+1, flat(e)))
			}
		}
		return strings.Join(parts, "; ")
	default:
		return fmt.Sprint(v)
	}
}
