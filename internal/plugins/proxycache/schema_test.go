package proxycache_test

import (
	"fmt"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache"
	"github.com/gibbon-gateway/gibbon/internal/plugins/stage"
)

func TestReadme(t *testing.T) { stage.Readme(t, "README.md", proxycache.Type) }

func TestBadConfig(t *testing.T) {
	stage.BadConfig(t, proxycache.Type, []stage.Bad{
		{Config: `{}`, Want: "config.strategy: required field missing"},
		{Config: `{strategy: disk}`, Want: "config.strategy: expected one of: memory, redis"},
		{Config: `{strategy: memory, cache_ttl: 0}`, Want: "config.cache_ttl: value must be greater than 0"},
		{Config: `{strategy: memory, cache_ttl: -1}`, Want: "config.cache_ttl: value must be greater than 0"},
		{Config: `{strategy: memory, response_code: []}`, Want: "config.response_code: length must be at least 1"},
		{Config: `{strategy: memory, response_code: [99]}`, Want: "value should be between 100 and 900"},
		{Config: `{strategy: memory, request_method: [DELETE]}`, Want: "expected one of: HEAD, GET, POST, PATCH, PUT"},
		{Config: `{strategy: memory, foo: 1}`, Want: "config.foo: unknown field"},
		{Config: `{strategy: redis}`, Want: "strategy 'redis' needs config.redis"},
		{Config: `{strategy: redis, redis: {port: 70000}}`, Want: "config.redis.port: value should be between 0 and 65535"},
		{Config: `{strategy: redis, redis: {sentinel_master: m}}`, Want: "sentinel_master and sentinel_nodes go together"},
		{Config: `{strategy: redis, redis: {sentinel_master: m, sentinel_nodes: [{host: a}], cluster_nodes: [{ip: 10.0.0.1}]}}`, Want: "not both"},
		{Config: `{strategy: memory, heuristic_fraction: 2}`, Want: "config.heuristic_fraction: value should be between 0 and 1"},
		{Config: `{strategy: memory, max_object_bytes: 0}`, Want: "config.max_object_bytes: value must be greater than 0"},
	})
}

// TestAdvanced takes a configuration of the plugin that Kong sells.
func TestAdvanced(t *testing.T) {
	config := `
strategy: redis
bypass_on_err: true
cache_control: true
cache_ttl: 60
content_type: [text/plain, application/json]
ignore_uri_case: false
memory: {dictionary_name: kong_db_cache}
request_method: [GET, HEAD]
response_code: [200, 301, 404]
response_headers: {age: true, X-Cache-Key: false, X-Cache-Status: true}
storage_ttl: 600
vary_headers: [x-tenant]
vary_query_params: [q]
redis:
  host: redis.example.com
  port: 6380
  username: gateway
  password: secret
  database: 2
  connect_timeout: 100
  send_timeout: 200
  read_timeout: 300
  ssl: true
  ssl_verify: true
  server_name: redis.example.com
  keepalive_pool_size: 30
  keepalive_backlog: 5
  connection_is_proxied: false
  cluster_max_redirections: 5
`
	doc, errs := stage.Process(proxycache.Advanced, config)
	if len(errs) > 0 {
		t.Fatal(errs.Message())
	}
	if got := doc["redis"].(map[string]any)["port"]; fmt.Sprint(got) != "6380" {
		t.Errorf("port is %v", got)
	}
	if proxycache.Advanced.Name != "proxy-cache-advanced" || proxycache.Advanced.Priority != proxycache.Type.Priority {
		t.Errorf("%s has priority %d", proxycache.Advanced.Name, proxycache.Advanced.Priority)
	}
}
