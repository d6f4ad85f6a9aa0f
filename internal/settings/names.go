package settings

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// field says what a key's text becomes.
type field struct {
	index int
	kind  reflect.Type
}

// fields maps keys to the fields of Keys.
var fields = func() map[string]field {
	all := map[string]field{}
	t := reflect.TypeFor[Keys]()
	for i := range t.NumField() {
		f := t.Field(i)
		all[f.Tag.Get("json")] = field{i, f.Type}
	}
	return all
}()

// aliases are keys of Kong that mean one of ours.
var aliases = map[string]string{
	"admin_gui_listen":              "console_listen",
	"nginx_main_worker_processes":   "nginx_worker_processes",
	"nginx_proxy_real_ip_header":    "real_ip_header",
	"nginx_proxy_real_ip_recursive": "real_ip_recursive",
	"nginx_http_ssl_protocols":      "ssl_protocols",
}

// kongKeys are kong.conf keys (Kong Gateway 3.9, "Configuration reference") that have no effect here: they tune parts that
// Gibbon does not have, or does by itself. Keys of nginx directives are not listed; see nginxKey.
var kongKeys = strings.Fields(`
	admin_error_log admin_gui_access_log admin_gui_api_url admin_gui_error_log admin_gui_path admin_gui_ssl_cert
	admin_gui_ssl_cert_key anonymous_reports client_body_buffer_size client_ssl client_ssl_cert client_ssl_cert_key
	cluster_ca_cert cluster_cert cluster_cert_key cluster_control_plane cluster_data_plane_purge_delay cluster_dp_labels
	cluster_incremental_sync cluster_listen cluster_max_payload cluster_mtls cluster_ocsp cluster_rpc cluster_server_name
	cluster_use_proxy db_cache_neg_ttl db_cache_ttl db_cache_warmup_entities db_resurrect_ttl db_update_propagation
	dedicated_config_processing dns_cache_size dns_error_ttl dns_hostsfile dns_no_sync dns_not_found_ttl dns_order
	dns_resolver dns_stale_ttl dns_valid_ttl error_template_html error_template_json error_template_plain
	error_template_xml lmdb_environment_path lmdb_map_size lua_max_post_args lua_max_req_headers lua_max_resp_headers
	lua_max_uri_args lua_package_cpath lua_package_path lua_socket_pool_size lua_ssl_protocols lua_ssl_verify_depth
	new_dns_client nginx_daemon nginx_user opentelemetry_tracing opentelemetry_tracing_sampling_rate
	pg_keepalive_timeout pg_pool_size pg_backlog pg_ro_backlog pg_ro_database pg_ro_host pg_ro_keepalive_timeout
	pg_ro_max_concurrent_queries pg_ro_password pg_ro_pool_size pg_ro_port pg_ro_schema pg_ro_semaphore_timeout pg_ro_ssl
	pg_ro_ssl_verify pg_ro_timeout pg_ro_user pg_semaphore_timeout pluginserver_names pluginservers port_maps
	privileged_worker proxy_server proxy_server_ssl_verify proxy_stream_access_log proxy_stream_error_log request_debug
	request_debug_token resolver_address resolver_error_ttl resolver_family resolver_hosts_file resolver_lru_cache_size
	resolver_mem_cache_size resolver_stale_ttl resolver_valid_ttl role ssl_cipher_suite ssl_ciphers ssl_dhparam
	ssl_prefer_server_ciphers ssl_session_cache_size ssl_session_tickets ssl_session_timeout status_access_log
	status_error_log status_ssl_cert status_ssl_cert_key stream_listen tracing_instrumentations tracing_sampling_rate
	untrusted_lua untrusted_lua_sandbox_environment untrusted_lua_sandbox_requires vault_env_prefix vaults wasm
	wasm_filters wasm_filters_path worker_consistency worker_state_update_frequency`)

// Kong's own variables of its container images and charts that are no settings.
var kongNames = []string{"password", "license_data", "license_path", "enforce_rbac", "admin_gui_session_conf", "portal",
	"portal_and_vitals_key", "cluster_telemetry_listen", "cluster_telemetry_endpoint", "vitals", "version", "log_dir"}

var nginxKey = regexp.MustCompile(`^nginx_(http|main|events|proxy|sproxy|admin|admin_gui|status|stream|upstream|supstream|location|wasm[a-z0-9_]*)_(.+)$`)

// known reports whether a key has an effect.
func known(key string) bool {
	if _, ok := fields[key]; ok {
		return true
	}
	_, ok := directive(key)
	return ok
}

// inert reports whether a key is one of Kong's that has no effect here.
func inert(key string) bool {
	return slices.Contains(kongKeys, key) || slices.Contains(kongNames, key) || nginxKey.MatchString(key)
}

// nearest returns the known or Kong's key that a misspelt one is likely to mean, or "".
func nearest(key string) string {
	best, least := "", 1+len(key)/4
	consider := func(name string) {
		if d := distance(key, name, least); d <= least && (d < least || best == "" || name < best) {
			best, least = name, d
		}
	}
	for name := range fields {
		consider(name)
	}
	for _, name := range kongKeys {
		consider(name)
	}
	for name := range limits {
		consider("nginx_http_" + name)
	}
	return best
}

// distance is the optimal string alignment distance between a and b; past limit it may return any number above it.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	two, one, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(one[j]+1, row[j-1]+1, one[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, one, row = one, row, two
	}
	return one[len(b)]
}
