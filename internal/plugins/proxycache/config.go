package proxycache

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/kongredis"
	"github.com/gibbon-gateway/gibbon/internal/statedb/redis"
	"github.com/gibbon-gateway/gibbon/schema"
)

// kongConfig is the configuration of Kong's plugin, with one more strategy.
type kongConfig struct {
	ResponseCode    []int           `json:"response_code" conf:"required;default=200,301,404;len_min=1;elements.between=100,900" doc:"The statuses of responses that are kept."`
	RequestMethod   []string        `json:"request_method" conf:"required;default=GET,HEAD;elements.one_of=HEAD,GET,POST,PATCH,PUT" doc:"The methods of requests whose responses are kept."`
	ContentType     []string        `json:"content_type" conf:"required;default=text/plain,application/json" doc:"The media types of responses that are kept. Type and subtype may be '*'; parameters have to be the same."`
	CacheTTL        int             `json:"cache_ttl" conf:"default=300;gt=0" doc:"How long a response is fresh, in seconds."`
	Strategy        string          `json:"strategy" conf:"required;one_of=memory,redis" doc:"Where responses are kept: by each node for itself in memory, or in Redis, with a copy in memory."`
	CacheControl    bool            `json:"cache_control" conf:"required;default=false" doc:"Whether Cache-Control and Expires decide how long a response is fresh."`
	IgnoreURICase   bool            `json:"ignore_uri_case" conf:"optional;default=false" doc:"Whether paths that differ only in case have one response."`
	StorageTTL      int             `json:"storage_ttl" doc:"How long a response is kept, in seconds, however long it is fresh."`
	Memory          memoryConfig    `json:"memory" conf:"required" doc:"For strategy 'memory'."`
	VaryQueryParams []string        `json:"vary_query_params" doc:"The query parameters that responses depend on; unset means all of them."`
	VaryHeaders     []string        `json:"vary_headers" doc:"Request headers that responses depend on, beside those that a response names in Vary."`
	ResponseHeaders responseHeaders `json:"response_headers" conf:"required" doc:"The headers that tell clients about the cache."`
}

type memoryConfig struct {
	DictionaryName string `json:"dictionary_name" conf:"required;default=kong_db_cache" doc:"Accepted without effect: there is one memory, and nothing to declare."`
}

type responseHeaders struct {
	Age    bool `json:"age" conf:"default=true" doc:"Whether to send Age."`
	Status bool `json:"X-Cache-Status" conf:"default=true" doc:"Whether to send X-Cache-Status."`
	Key    bool `json:"X-Cache-Key" conf:"default=true" doc:"Whether to send X-Cache-Key."`
}

// config adds what Kong's plugin does not have.
type config struct {
	kongConfig
	BypassOnErr bool         `json:"bypass_on_err" conf:"optional;default=false" doc:"Whether X-Cache-Status says Bypass while Redis cannot be reached. Requests are proxied either way."`
	Redis       *redisConfig `json:"redis" doc:"How to reach Redis, for strategy 'redis'."`

	RFC9111       bool     `json:"rfc9111" conf:"optional;default=false" doc:"Whether to be a full HTTP cache. Then the responses decide, and response_code, request_method, content_type, cache_ttl and cache_control have no effect."`
	Heuristic     float64  `json:"heuristic_fraction" conf:"default=0;between=0,1" doc:"With rfc9111: for which share of the time since Last-Modified a response that does not say is fresh."`
	HeuristicMax  int      `json:"heuristic_max" conf:"default=86400;gt=0" doc:"The longest time for which such a response is fresh, in seconds."`
	SWR           int      `json:"stale_while_revalidate" conf:"default=0;between=0,2147483647" doc:"For how many seconds a stale response is sent while it is fetched again, where the response does not say."`
	SIE           int      `json:"stale_if_error" conf:"default=0;between=0,2147483647" doc:"For how many seconds a stale response is sent when the upstream fails, where the response does not say."`
	StaleMax      int      `json:"stale_max" conf:"default=86400;between=0,2147483647" doc:"The most that responses may say of either, in seconds."`
	NegativeTTL   int      `json:"negative_ttl" conf:"between=0,2147483647" doc:"cache_ttl for responses with a status of 400 and above; unset: the same."`
	MaxObject     int      `json:"max_object_bytes" conf:"default=8388608;gt=0" doc:"Larger bodies are passed on and not kept."`
	Quota         int      `json:"quota_bytes" conf:"gt=0" doc:"How much this configuration may keep in memory; unset: as much as there is."`
	Collapse      bool     `json:"collapse" conf:"optional;default=true" doc:"Whether requests for what is being fetched already wait for it."`
	CollapseWait  int      `json:"collapse_timeout" conf:"default=3000;between=1,60000" doc:"How long they wait, in milliseconds."`
	Authorized    bool     `json:"cache_authorized" conf:"optional;default=false" doc:"Whether a response to a request with Authorization is kept for everybody, as Kong does."`
	SetCookie     bool     `json:"cache_set_cookie" conf:"optional;default=false" doc:"Whether responses that set cookies are kept, as Kong does."`
	IgnoreVary    bool     `json:"ignore_vary" conf:"optional;default=false" doc:"Whether Vary is ignored, as Kong does."`
	VaryClaims    []string `json:"vary_claims" conf:"elements.len_min=1" doc:"Claims of the token that openid-connect has verified: those for whom they are the same share responses, whoever they are. A dot leads into an object. Requests without such a token do as usual."`
	CheckPathType bool     `json:"check_path_type" conf:"optional;default=true" doc:"Whether HTML and JSON under a path that ends like a picture, a style or a script is not kept."`
	MemoryTier    float64  `json:"redis_memory_seconds" conf:"default=1;between=0,3600" doc:"With strategy 'redis': for how many seconds this node answers from memory before it looks into Redis again. Purges on other nodes are seen so much later."`
}

type redisConfig struct {
	kongredis.Server
	Timeout             int    `json:"timeout" conf:"between=0,2147483646" doc:"An older name of the three."`
	SSL                 bool   `json:"ssl" conf:"optional;default=false" doc:"Whether to use TLS."`
	SSLVerify           bool   `json:"ssl_verify" conf:"optional;default=false" doc:"Whether to verify the certificate of Redis."`
	ServerName          string `json:"server_name" conf:"sni;referenceable" doc:"The name to ask for in TLS."`
	ConnectionIsProxied bool   `json:"connection_is_proxied" conf:"optional;default=false" doc:"Accepted without effect."`
	kongredis.Fleet
	SentinelAddresses []string `json:"sentinel_addresses" conf:"len_min=1" doc:"The Sentinels, as host:port."`
	ClusterAddresses  []string `json:"cluster_addresses" conf:"len_min=1" doc:"Nodes of a Redis Cluster, as host:port."`
}

// options returns how to reach Redis.
func (r *redisConfig) options() redis.Options {
	o := kongredis.Options(&r.Server, &r.Fleet)
	o.TLS, o.SkipVerify, o.ServerName, o.Prefix = r.SSL, !r.SSLVerify, r.ServerName, "gibbon:cache:"
	if r.Timeout > 0 {
		o.Timeout = time.Duration(r.Timeout) * time.Millisecond
	}
	switch {
	case len(r.ClusterAddresses) > 0 && !o.Cluster:
		o.Addresses, o.Cluster = r.ClusterAddresses, true
	case len(r.ClusterAddresses) > 0:
		o.Addresses = append(o.Addresses, r.ClusterAddresses...)
	case o.Master != "":
		o.Addresses = append(o.Addresses, r.SentinelAddresses...)
	}
	return o
}

// checkConfig checks what concerns several fields.
func checkConfig(c map[string]any) error {
	if c["strategy"] == "redis" && c["redis"] == nil {
		return errors.New("strategy 'redis' needs config.redis")
	}
	r, _ := c["redis"].(map[string]any)
	for field, problem := range kongredis.Check(r) {
		return fmt.Errorf("redis.%s: %v", field, problem)
	}
	return nil
}

// rules are the checks of the configuration.
func rules() []schema.Rule { return []schema.Rule{schema.CheckRecord(checkConfig)} }

// mediaType is a type of config.content_type, or of a response.
type mediaType struct {
	major, minor string
	params       string // "name=value" in lower case names, sorted, each behind ";"
}

// parseMediaType reads "type/subtype; name=value". It reports false for anything else.
func parseMediaType(s string) (m mediaType, ok bool) {
	essence, rest, _ := strings.Cut(s, ";")
	m.major, m.minor, ok = strings.Cut(strings.ToLower(strings.TrimSpace(essence)), "/")
	if !ok || m.major == "" || m.minor == "" || strings.ContainsAny(m.major+m.minor, " ,\t\"") {
		return m, false
	}
	if m.params, ok = sortedParams(rest); !ok {
		return m, false
	}
	return m, true
}

// takes reports whether m, of the configuration, covers a response's type.
func (m *mediaType) takes(o *mediaType) bool {
	return (m.major == "*" || m.major == o.major) && (m.minor == "*" || m.minor == o.minor) && m.params == o.params
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// check is for a configuration that did not go through the schema.
func (c *config) check() error {
	if c.Strategy == "redis" && c.Redis == nil {
		return fmt.Errorf("config.redis: needed for strategy %q", c.Strategy)
	}
	return nil
}
