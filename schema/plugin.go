package schema

import "slices"

var (
	httpProtocols = []any{"grpc", "grpcs", "http", "https"}
	allProtocols  = []any{"grpc", "grpcs", "http", "https", "tcp", "tls", "tls_passthrough", "udp"}
)

// Plugin builds the schema of a whole plugin, as under GET /schemas/plugins/{name}: scopes, protocols and config. Rules
// given to Of for the config record appear with their paths below "config".
func Plugin(config *Schema, scope Scope) *Schema {
	root := &Field{Type: "record", attrs: map[string]any{}}
	no := func(name, reference string) {
		root.add(&Field{Name: name, Type: "foreign", Doc: "Must be null: the plugin cannot be bound to a " + name + ".",
			attrs: map[string]any{"reference": reference, "eq": nil}})
	}
	if scope.NoConsumer {
		no("consumer", "consumers")
		no("consumer_group", "consumer_groups")
		root.byName["consumer_group"].hidden = true // Kong's free edition has no groups
	}
	if scope.NoService {
		no("service", "services")
	}
	if scope.NoRoute {
		no("route", "routes")
	}
	normal, may := httpProtocols, httpProtocols
	if scope.Protocols != nil {
		normal, may = nil, allProtocols
		for _, p := range scope.Protocols {
			normal = append(normal, p)
		}
	}
	root.add(&Field{Name: "protocols", Type: "set", Doc: "The protocols of requests that the plugin runs for.",
		attrs:    map[string]any{"required": true, "default": slices.Clone(normal)},
		elements: &Field{Type: "string", must: true, attrs: map[string]any{"one_of": slices.Clone(may)}}})
	for _, f := range root.fields {
		f.walk((*Field).compile)
	}
	root.addConfig("config", config.root)
	return &Schema{root: root, whole: true}
}

// addConfig adds a record whose rules become rules of f.
func (f *Field) addConfig(name string, config *Field) {
	c := config.clone()
	c.Name, c.rules, c.required = name, nil, true
	c.attrs["required"] = true
	f.add(c)
	for _, check := range config.rules {
		f.rules = append(f.rules, check.below(name))
	}
}

// below returns the check for a document that holds the record under a name.
func (c *entityCheck) below(name string) *entityCheck {
	prefix := func(paths [][]string) (all [][]string) {
		for _, p := range paths {
			all = append(all, append([]string{name}, p...))
		}
		return all
	}
	n := *c
	n.paths, n.refs, n.base = prefix(c.paths), prefix(c.refs), append([]string{name}, c.base...)
	if len(c.paths) == 0 && c.run != nil && !c.always {
		n.paths, n.hidden = [][]string{{name}}, true
	}
	if c.cond != nil {
		cond := *c.cond
		cond.ifPath = append([]string{name}, c.cond.ifPath...)
		cond.thenPath = append([]string{name}, c.cond.thenPath...)
		cond.any = prefix(c.cond.any)
		n.cond = &cond
	}
	return &n
}
