// Package requesttransformer is the plugin request-transformer: it changes the method, the path, the headers, the query and
// the body of a request before it goes upstream. Its main type is transformer. Values may hold templates, which see the
// request as it was before any change. It does not run Lua: template.go says what it reads instead.
package requesttransformer

import (
	"net/http"

	"github.com/gibbon-gateway/gibbon/plugin"
)

// Type is the plugin.
var Type = plugin.Define(plugin.Desc{
	Name:      "request-transformer",
	Priority:  801,
	Doc:       "Changes the method, path, headers, query and body of requests before they go upstream.",
	Protocols: []string{"grpc", "grpcs", "http", "https"}, // and, as in Kong, any other may be given
}, build, checks()...)

// transformer is one configuration at work.
type transformer struct {
	method  string // "" keeps it
	uri     *value // nil keeps it
	headers edits
	query   edits
	body    edits
	dynamic []template // the templates that need the request; value.index points here
}

// edits are the changes of one part of a request, in the order in which they are made.
type edits struct {
	remove                       []string
	rename, replace, add, append []pair
}

// pair is a name and a value.
type pair struct {
	name string
	value
}

// value is a text, or a template by its index.
type value struct {
	text  string
	index int // -1 for a text
}

func (v *value) of(rendered []string) string {
	if v.index < 0 {
		return v.text
	}
	return rendered[v.index]
}

func (e *edits) empty() bool {
	return len(e.remove)+len(e.rename)+len(e.replace)+len(e.add)+len(e.append) == 0
}

func build(c config, _ plugin.Env) (any, error) {
	t := &transformer{method: c.HTTPMethod}
	var err error
	if c.Replace.URI != "" {
		v, parseErr := t.value(c.Replace.URI)
		t.uri, err = &v, parseErr
	}
	edits := func(remove, rename, replace, add, app []string) (e edits) {
		for _, entry := range remove {
			name, _ := split(entry)
			e.remove = append(e.remove, name)
		}
		for _, list := range []struct {
			to      *[]pair
			entries []string
		}{{&e.rename, rename}, {&e.replace, replace}, {&e.add, add}, {&e.append, app}} {
			for _, entry := range list.entries {
				name, text := split(entry)
				if text == "" {
					continue
				}
				v, parseErr := t.value(text)
				if parseErr != nil && err == nil {
					err = parseErr
				}
				*list.to = append(*list.to, pair{name, v})
			}
		}
		return e
	}
	t.headers = edits(c.Remove.Headers, c.Rename.Headers, c.Replace.Headers, c.Add.Headers, c.Append.Headers)
	t.query = edits(c.Remove.Querystring, c.Rename.Querystring, c.Replace.Querystring, c.Add.Querystring, c.Append.Querystring)
	t.body = edits(c.Remove.Body, c.Rename.Body, c.Replace.Body, c.Add.Body, c.Append.Body)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// value reads a template and keeps it if it needs the request.
func (t *transformer) value(text string) (value, error) {
	tpl, err := parseTemplate(text)
	if err != nil {
		return value{}, err
	}
	if tpl.constant() {
		return value{text, -1}, nil
	}
	t.dynamic = append(t.dynamic, tpl)
	return value{index: len(t.dynamic) - 1}, nil
}

// Access changes the request.
func (t *transformer) Access(x *plugin.Exchange) error {
	rendered := t.render(x)
	if t.uri != nil {
		if err := setPath(x, t.uri.of(rendered)); err != nil {
			return err
		}
	}
	if t.method != "" {
		if err := t.setMethod(x); err != nil {
			return err
		}
	}
	t.changeHeaders(x, rendered)
	if err := t.changeBody(x, rendered); err != nil {
		return err
	}
	t.changeQuery(x, rendered)
	return nil
}

// render fills all templates before anything is changed.
func (t *transformer) render(x *plugin.Exchange) []string {
	if len(t.dynamic) == 0 {
		return nil
	}
	s := &requestScope{x: x}
	rendered := make([]string, len(t.dynamic))
	for i := range t.dynamic {
		rendered[i] = t.dynamic[i].render(s)
	}
	return rendered
}

// setMethod changes the method. One that has no body gets the fields of a form in its query.
func (t *transformer) setMethod(x *plugin.Exchange) error {
	x.Request.Method = t.method
	switch t.method {
	case http.MethodGet, http.MethodHead, http.MethodTrace:
	default:
		return nil
	}
	if formatOf(x.Request.Header.Get("Content-Type")) != form {
		return nil
	}
	body, err := readBody(x)
	if err != nil || len(body) == 0 {
		return err
	}
	query := append([]byte(nil), x.Request.Query()...)
	if len(query) > 0 {
		query = append(query, '&')
	}
	x.Request.SetQuery(append(query, body...))
	return nil
}
