package openidconnect

import (
	"maps"
	"net"
	"slices"
	"strconv"

	"github.com/gibbon-gateway/gibbon/schema"
)

// renamed are the names that fields had in Kong before 3.2 and 3.8, and where their values go.
var renamed = map[string]string{
	"session_redis_host": "redis.host", "session_redis_port": "redis.port", "session_redis_username": "redis.username",
	"session_redis_password": "redis.password", "session_redis_connect_timeout": "redis.connect_timeout",
	"session_redis_read_timeout": "redis.read_timeout", "session_redis_send_timeout": "redis.send_timeout",
	"session_redis_ssl": "redis.ssl", "session_redis_ssl_verify": "redis.ssl_verify",
	"session_redis_server_name": "redis.server_name", "session_redis_prefix": "redis.prefix", "session_redis_socket": "redis.socket",
	"session_redis_cluster_nodes":            "redis.cluster_nodes",
	"session_redis_cluster_max_redirections": "redis.cluster_max_redirections",
	"session_redis_cluster_maxredirections":  "redis.cluster_max_redirections",
	"session_redis_auth":                     "redis.password",
	"session_cookie_lifetime":                "session_rolling_timeout",
	"session_cookie_idletime":                "session_idling_timeout",
	"session_cookie_httponly":                "session_cookie_http_only",
	"authorization_cookie_lifetime":          "authorization_rolling_timeout",
	"authorization_cookie_httponly":          "authorization_cookie_http_only",
	"session_memcache_prefix":                "session_memcached_prefix",
	"session_memcache_socket":                "session_memcached_socket",
	"session_memcache_host":                  "session_memcached_host",
	"session_memcache_port":                  "session_memcached_port",
}

// gone are fields of older versions that have no effect any more; dumps still hold them.
var gone = []string{"session_cookie_renew", "session_cookie_maxsize", "session_strategy", "session_compressor", "admin_claim", "admin_by",
	"admin_roles_claim"}

const (
	moved   = "deprecated=openid-connect: this name is an older one"
	removal = "removal=4.0"
)

// olderNames accepts what older configurations say. A value under the present name wins.
func olderNames() (rules []schema.Rule) {
	older := func(name string, f func(v any) map[string]any) {
		rules = append(rules, schema.Shorthand(name, "json", func(v any) map[string]any {
			if v == nil {
				return nil
			}
			return f(v)
		}, moved, removal))
	}
	to := func(path string) func(v any) map[string]any {
		return func(v any) map[string]any { return map[string]any{path: v} }
	}
	for _, old := range slices.Sorted(maps.Keys(renamed)) { // the schema shows them in this order
		older(old, to(renamed[old]))
	}
	for _, name := range gone {
		older(name, func(any) map[string]any { return nil })
	}
	older("consumer_claim", func(v any) map[string]any { return map[string]any{"consumer_claims": []any{v}} })
	for _, cookie := range []string{"session", "authorization"} {
		older(cookie+"_cookie_samesite", func(v any) map[string]any {
			if v == "off" {
				v = "Default"
			}
			return map[string]any{cookie + "_cookie_same_site": v}
		})
	}
	for _, record := range []string{"redis", "cluster_cache_redis"} {
		older(record+".timeout", func(v any) map[string]any {
			return map[string]any{"connect_timeout": v, "send_timeout": v, "read_timeout": v}
		})
		older(record+".sentinel_addresses", func(v any) map[string]any { return map[string]any{"sentinel_nodes": nodes(v, "host")} })
		older(record+".cluster_addresses", func(v any) map[string]any { return map[string]any{"cluster_nodes": nodes(v, "ip")} })
	}
	return rules
}

// nodes turns "host:port" into records; what has another form is left for the new field to refuse.
func nodes(v any, host string) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	out := make([]any, len(list))
	for i, e := range list {
		address, _ := e.(string)
		out[i] = e
		if name, port, err := net.SplitHostPort(address); err == nil {
			if n, err := strconv.Atoi(port); err == nil {
				out[i] = map[string]any{host: name, "port": n}
			}
		}
	}
	return out
}
