package source

import (
	"maps"
	"strconv"
	"strings"

	"github.com/gibbon-gateway/gibbon/schema"
)

// migrated returns a configuration of the formats before 3.0 in the present form: paths of routes that were regular
// expressions by their look get the ~ that says so. Routes at the top and below services at the top are looked at, as in Kong.
func migrated(top map[string]any) map[string]any {
	top = maps.Clone(top)
	top["_format_version"] = "3.0"
	if v, ok := top["routes"]; ok {
		top["routes"] = migratedRoutes(v)
	}
	if services, ok := top["services"].([]any); ok {
		list := make([]any, len(services))
		for i, v := range services {
			list[i] = v
			if service, ok := v.(map[string]any); ok && service["routes"] != nil {
				service = maps.Clone(service)
				service["routes"] = migratedRoutes(service["routes"])
				list[i] = service
			}
		}
		top["services"] = list
	}
	return top
}

func migratedRoutes(v any) any {
	routes, ok := v.([]any)
	if !ok {
		return v
	}
	list := make([]any, len(routes))
	for i, v := range routes {
		list[i] = v
		route, _ := v.(map[string]any)
		paths, ok := route["paths"].([]any)
		if !ok {
			continue
		}
		route = maps.Clone(route)
		moved := make([]any, len(paths))
		for j, v := range paths {
			moved[j] = v
			if path, ok := v.(string); ok {
				moved[j] = migratedPath(path)
			}
		}
		route["paths"] = moved
		list[i] = route
	}
	return list
}

// migratedPath returns a path of 2.8 as it is written since 3.0.
func migratedPath(path string) string {
	plain := strings.IndexFunc(path, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && !strings.ContainsRune(".-_~/%", c)
	}) < 0
	if plain {
		return schema.NormalizePath(path)
	}
	return "~" + decodeRegex(path)
}

// decodeRegex decodes percent-encodings in a regular expression, as matching did before 3.0: reserved characters stay
// encoded, those with a meaning in expressions are escaped.
func decodeRegex(expr string) string {
	var b strings.Builder
	for i := 0; i < len(expr); i++ {
		c, ok := hexByte(expr[i:])
		switch {
		case !ok:
			b.WriteByte(expr[i])
			continue
		case strings.IndexByte("!#$%&'()*+,/:;=?@[]", c) >= 0:
			b.WriteString(strings.ToUpper(expr[i : i+3]))
		case strings.IndexByte(`.^-{}\|`, c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
		i += 2
	}
	return b.String()
}

// hexByte returns the byte that a text starts with percent-encoded.
func hexByte(s string) (byte, bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[1:3], 16, 8)
	return byte(n), err == nil
}
