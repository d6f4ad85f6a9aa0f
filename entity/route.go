package entity

import (
	"maps"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/schema"
)

func routeSchema() *schema.Schema {
	return schema.Of[Route](
		schema.Conf("protocols", `mutually_exclusive_subsets=[["http","https"],["tcp","tls","udp"],["tls_passthrough"],["grpc","grpcs"]]`),
		schema.Conf("headers", `keys.match_none=^[Hh][Oo][Ss][Tt]$,cannot contain 'host' header\, which must be specified in the 'hosts' attribute`),
		schema.If("protocols", "elements.not_one_of=grpcs,https,tls,tls_passthrough").Then("snis", "len_eq=0",
			"'snis' can only be set when 'protocols' is 'grpcs', 'https', 'tls' or 'tls_passthrough'"),
		schema.At("sources.elements", schema.AtLeastOneOf("ip", "port")),
		schema.At("destinations.elements", schema.AtLeastOneOf("ip", "port")),
		schema.Check(func(map[string]any) schema.Errors { return nil }, "path_handling"), // Kong only warns of v1
		schema.Check(checkExpressions, "id", "protocols", "snis", "sources", "destinations", "methods", "hosts", "paths", "headers",
			"expression", "regex_priority", "priority"),
		schema.CheckAlways(checkFamily),
	)
}

// checkExpressions wants header values that are regular expressions, after ~*, to be right. Those of paths are checked with
// the field.
func checkExpressions(doc map[string]any) schema.Errors {
	headers, _ := doc["headers"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		for _, value := range stringsOf(headers[name]) {
			expr, ok := strings.CutPrefix(value, "~*")
			if !ok {
				continue
			}
			if _, err := syntax.Parse(strings.ToLower(expr), syntax.Perl); err != nil {
				return entityError("Router Expression failed validation: header " + name + ": " + err.Error())
			}
		}
	}
	return nil
}

// family is a group of protocols that a route may have together, and what they ask of it.
type family struct {
	protocols, text string   // "http", "https"; how errors name them
	forbidden       []string // fields that must not be set
}

var families = []family{
	{"http https", "'http' or 'https'", []string{"sources", "destinations"}},
	{"tcp tls udp", "'tcp', 'tls', 'tls_passthrough' or 'udp'", []string{"methods", "hosts", "paths", "headers"}},
	{"tls_passthrough", "'tcp', 'tls', 'tls_passthrough' or 'udp'", []string{"methods", "hosts", "paths", "headers"}},
	{"grpc grpcs", "'grpc' or 'grpcs'", []string{"methods", "sources", "destinations"}},
}

// familyOf returns the family that all the protocols are of, or nil.
func familyOf(protocols []string) *family {
	for i := range families {
		f := &families[i]
		members := strings.Fields(f.protocols)
		if len(protocols) > 0 && !slices.ContainsFunc(protocols, func(p string) bool { return !slices.Contains(members, p) }) {
			return f
		}
	}
	return nil
}

// checkFamily checks what depends on the protocols: fields that make no sense with them, and that there is something to
// match by.
func checkFamily(doc map[string]any) schema.Errors {
	protocols := stringsOf(doc["protocols"])
	f := familyOf(protocols)
	if f == nil {
		return nil
	}
	errs := schema.Errors{}
	for _, field := range f.forbidden {
		if doc[field] != nil {
			errs[field] = "cannot set '" + field + "' when 'protocols' is " + f.text
		}
	}
	has := func(p string) bool { return slices.Contains(protocols, p) }
	if (has("grpc") || has("grpcs")) && doc["strip_path"] == true {
		errs["strip_path"] = "cannot set 'strip_path' when 'protocols' is 'grpc' or 'grpcs'"
	}
	oneOf := func(when string, fields ...string) {
		if !slices.ContainsFunc(fields, func(f string) bool { return !isEmpty(doc[f]) }) {
			errs["@entity"] = []string{"must set one of '" + strings.Join(fields, "', '") + "' when 'protocols' is " + when}
		}
	}
	switch {
	case has("https"):
		oneOf("'https'", "methods", "hosts", "headers", "paths", "snis")
	case has("http"):
		oneOf("'http'", "methods", "hosts", "headers", "paths")
	case has("grpcs"):
		oneOf("'grpcs'", "hosts", "headers", "paths", "snis")
	case has("grpc"):
		oneOf("'grpc'", "hosts", "headers", "paths")
	case has("tls_passthrough"):
		if isEmpty(doc["snis"]) {
			errs["@entity"] = []string{"must set snis when 'protocols' is 'tls_passthrough'"}
		}
	default:
		oneOf("'tcp', 'tls' or 'udp'", "sources", "destinations", "snis")
	}
	return errs
}

// stripNothing gives routes of gRPC the default that Kong gives them.
func stripNothing(doc map[string]any, _ schema.Options) schema.Errors {
	if _, ok := doc["strip_path"]; ok {
		return nil
	}
	if p := stringsOf(doc["protocols"]); len(p) > 0 && (p[0] == "grpc" || p[0] == "grpcs") {
		doc["strip_path"] = false
	}
	return nil
}

// stringsOf returns the texts of a list.
func stringsOf(v any) []string {
	list, _ := v.([]any)
	var texts []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			texts = append(texts, s)
		}
	}
	return texts
}

// isEmpty reports whether Kong counts a value as not set.
func isEmpty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
