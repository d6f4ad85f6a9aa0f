package settings

import (
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

var secretKey = regexp.MustCompile(`pass|secret|_key$|_keys$|_smtp$|_string$`)

// View returns all values by key for "GET /" of the Admin API, with Kong's listener lists and header tables beside them.
// Values of keys that hold secrets are "******", as Kong masks them.
func (s *Settings) View() map[string]any {
	view := map[string]any{}
	for key, value := range s.values {
		switch {
		case value == nil:
		case secretKey.MatchString(key):
			view[key] = "******"
		case strings.HasSuffix(key, "_listen"):
			view[key] = list(value.(string))
		default:
			view[key] = value
		}
	}
	for _, l := range []struct {
		name string
		all  []Listener
	}{{"proxy", s.Proxy}, {"admin", s.Admin}, {"status", s.Status}, {"admin_gui", s.Console}} {
		view[l.name+"_listeners"] = listenerView(l.all)
		view[l.name+"_ssl_enabled"] = slices.ContainsFunc(l.all, func(l Listener) bool { return l.TLS })
	}
	view["enabled_headers"] = enabled(s.Headers, headerTokens)
	view["enabled_headers_upstream"] = enabled(s.HeadersUpstream, []string{"X-Kong-Request-Id"})
	view["role"] = "traditional"
	return view
}

func listenerView(all []Listener) []any {
	view := []any{}
	for _, l := range all {
		view = append(view, map[string]any{"listener": l.Text, "ip": l.Host, "port": l.Port, "ssl": l.TLS, "http2": l.HTTP2,
			"reuseport": l.ReusePort, "proxy_protocol": false, "deferred": false, "bind": false})
	}
	return view
}

// Enabled reports for each header name, and for the two groups of them, whether it is sent: server_tokens stands for Server
// and Via, latency_tokens for the X-Kong-*-Latency.
func (s *Settings) Enabled(name string) bool {
	v, _ := enabled(s.Headers, headerTokens)[name].(bool)
	return v
}

func enabled(tokens, all []string) map[string]any {
	groups := map[string][]string{
		"server_tokens":  {"Server", "Via"},
		"latency_tokens": {"X-Kong-Proxy-Latency", "X-Kong-Response-Latency", "X-Kong-Admin-Latency", "X-Kong-Upstream-Latency"},
	}
	view := map[string]any{}
	for _, name := range all {
		view[name] = slices.ContainsFunc(tokens, func(t string) bool {
			return strings.EqualFold(t, name) || slices.Contains(groups[strings.ToLower(t)], name)
		})
	}
	return view
}

// Known returns all keys that have an effect, ordered.
func Known() []string {
	all := slices.Collect(maps.Keys(fields))
	for name := range limits {
		all = append(all, "nginx_http_"+name)
	}
	slices.Sort(all)
	return all
}

// Markdown writes the reference of all keys.
func Markdown(w io.Writer) error { return keySchema.Markdown(w) }
