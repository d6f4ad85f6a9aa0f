package admin

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// action does what a request asks for.
type action func(c *call) (reply, error)

// endpoint is what is under one path.
type endpoint struct {
	methods  map[string]action
	handlers map[string]http.Handler // of plugins
	names    []string                // of the parameters in its path
	raw      bool                    // actions read the body themselves
}

// allow returns the methods of an endpoint, sorted.
func (e *endpoint) allow() []string {
	all := map[string]bool{http.MethodOptions: true}
	for m := range e.methods {
		all[m] = true
	}
	for m := range e.handlers {
		all[m] = true
	}
	if all[http.MethodGet] {
		all[http.MethodHead] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// node is a segment in the tree of paths. A literal segment comes before one that stands for any.
type node struct {
	literal map[string]*node
	any     *node
	end     *endpoint
}

// at returns the endpoint of a pattern such as "/services/{services}", which it makes if need be.
func (a *api) at(pattern string) *endpoint {
	n := &a.root
	var names []string
	for _, s := range segments(pattern) {
		if name, ok := strings.CutPrefix(s, "{"); ok {
			if n.any == nil {
				n.any = &node{}
			}
			n = n.any
			names = append(names, strings.TrimSuffix(name, "}"))
			continue
		}
		if n.literal == nil {
			n.literal = map[string]*node{}
		}
		if n.literal[s] == nil {
			n.literal[s] = &node{}
		}
		n = n.literal[s]
	}
	if n.end == nil {
		n.end = &endpoint{methods: map[string]action{}, handlers: map[string]http.Handler{}, names: names}
		a.patterns = append(a.patterns, pattern)
	}
	return n.end
}

// on adds an action; pattern begins with the method: "GET /status".
func (a *api) on(pattern string, act action) *endpoint {
	method, path, _ := strings.Cut(pattern, " ")
	e := a.at(path)
	e.methods[method] = act
	return e
}

// segments splits a path; a slash at the end does not matter.
func segments(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// find returns the endpoint for the segments of an escaped path, and the values of its parameters.
func (n *node) find(path []string) (*endpoint, map[string]string) {
	e, values := n.walk(path, nil)
	if e == nil {
		return nil, nil
	}
	params := make(map[string]string, len(values))
	for i, name := range e.names {
		params[name] = values[i]
	}
	return e, params
}

func (n *node) walk(path, values []string) (*endpoint, []string) {
	if len(path) == 0 {
		return n.end, values
	}
	s, err := url.PathUnescape(path[0])
	if err != nil {
		s = path[0]
	}
	if next := n.literal[s]; next != nil {
		if e, all := next.walk(path[1:], values); e != nil {
			return e, all
		}
	}
	if n.any == nil || s == "" {
		return nil, nil
	}
	return n.any.walk(path[1:], append(values, s))
}
