package proxycache_test

import (
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
