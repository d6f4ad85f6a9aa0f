package schema_test

import (
	"github.com/gibbon-gateway/gibbon/schema"
)

func recorded() map[string]*schema.Schema {
	return map[string]*schema.Schema{
		"certificates": schema.Of[certificatesDoc](
			schema.MutuallyRequired("cert_alt", "key_alt"),
			schema.Check(noCheck, "cert", "key"),
			schema.Check(noCheck, "cert_alt", "key_alt"),
			schema.Check(noCheck, "cert", "cert_alt"),
		),
		"consumers": schema.Of[consumersDoc](
			schema.AtLeastOneOf("custom_id", "username"),
		),
		"jwt_secrets": schema.Of[jwtSecretsDoc](
			schema.If("algorithm", "match_any=^RS256$,^RS384$,^RS512$,^PS256$,^PS384$,^PS512$,^EdDSA$,").Then("rsa_public_key", "required"),
		),
		"keys": schema.Of[keysDoc](
			schema.At("pem", schema.AtLeastOneOf("private_key", "public_key")),
			schema.MutuallyExclusive("jwk", "pem"),
			schema.AtLeastOneOf("jwk", "pem"),
			schema.Check(noCheck, "jwk", "pem", "kid"),
		),
		"plugin-acl": schema.Plugin(schema.Of[aclDoc](
			schema.OnlyOneOf("allow", "deny"),
			schema.AtLeastOneOf("allow", "deny"),
		), schema.Scope{NoConsumer: true}),
		"plugin-datadog": schema.Plugin(schema.Of[datadogDoc](
			schema.At("metrics.elements", schema.If("stat_type", "one_of=counter,gauge").Then("sample_rate", "required")),
			schema.Conf("metrics", "default=[{\"consumer_identifier\": \"custom_id\", \"name\": \"request_count\", \"sample_rate\": 1, \"stat_type\": \"counter\", \"tags\": [\"app:kong\"]}, {\"consumer_identifier\": \"custom_id\", \"name\": \"latency\", \"stat_type\": \"timer\", \"tags\": [\"app:kong\"]}, {\"consumer_identifier\": \"custom_id\", \"name\": \"request_size\", \"stat_type\": \"timer\", \"tags\": [\"app:kong\"]}, {\"consumer_identifier\": \"custom_id\", \"name\": \"response_size\", \"stat_type\": \"timer\", \"tags\": [\"app:kong\"]}, {\"consumer_identifier\": \"custom_id\", \"name\": \"upstream_latency\", \"stat_type\": \"timer\", \"tags\": [\"app:kong\"]}, {\"consumer_identifier\": \"custom_id\", \"name\": \"kong_latency\", \"stat_type\": \"timer\", \"tags\": [\"app:kong\"]}];required"),
		), schema.Scope{Protocols: []string{"grpc", "grpcs", "http", "https"}}),
		"plugin-file-log": schema.Plugin(schema.Of[fileLogDoc](
			schema.Conf("path", "err=not a valid filename;match=^[^*&%%\\`]+$;required"),
		), schema.Scope{Protocols: []string{"grpc", "grpcs", "http", "https"}}),
		"plugin-http-log": schema.Plugin(schema.Of[httpLogDoc](
			schema.Conf("content_type", "default=application/json;one_of=application/json,application/json\\; charset=utf-8"),
		), schema.Scope{Protocols: []string{"grpc", "grpcs", "http", "https"}}),
		"plugin-ldap-auth": schema.Plugin(schema.Of[ldapAuthDoc](
			schema.At("", schema.If("ldaps", "eq=true").Then("start_tls", "eq=false", "'ldaps' and 'start_tls' cannot be enabled simultaneously")),
		), schema.Scope{NoConsumer: true}),
		"plugin-proxy-cache": schema.Plugin(schema.Of[proxyCacheDoc](
			schema.Check(noCheck, ""),
		), schema.Scope{Protocols: []string{"grpc", "grpcs", "http", "https"}}),
		"plugin-rate-limiting": schema.Plugin(schema.Of[rateLimitingDoc](
			schema.Moved("redis_host", "redis.host", "rate-limiting: config.redis_host is deprecated, please use config.redis.host instead", "4.0"),
			schema.Moved("redis_port", "redis.port", "rate-limiting: config.redis_port is deprecated, please use config.redis.port instead", "4.0"),
			schema.Moved("redis_password", "redis.password", "rate-limiting: config.redis_password is deprecated, please use config.redis.password instead", "4.0", "len_min=0"),
			schema.Moved("redis_username", "redis.username", "rate-limiting: config.redis_username is deprecated, please use config.redis.username instead", "4.0"),
			schema.Moved("redis_ssl", "redis.ssl", "rate-limiting: config.redis_ssl is deprecated, please use config.redis.ssl instead", "4.0"),
			schema.Moved("redis_ssl_verify", "redis.ssl_verify", "rate-limiting: config.redis_ssl_verify is deprecated, please use config.redis.ssl_verify instead", "4.0"),
			schema.Moved("redis_server_name", "redis.server_name", "rate-limiting: config.redis_server_name is deprecated, please use config.redis.server_name instead", "4.0"),
			schema.Moved("redis_timeout", "redis.timeout", "rate-limiting: config.redis_timeout is deprecated, please use config.redis.timeout instead", "4.0"),
			schema.Moved("redis_database", "redis.database", "rate-limiting: config.redis_database is deprecated, please use config.redis.database instead", "4.0"),
			schema.AtLeastOneOf("second", "minute", "hour", "day", "month", "year"),
			schema.If("policy", "eq=redis").Then("redis.host", "required"),
			schema.If("policy", "eq=redis").Then("redis.port", "required"),
			schema.If("policy", "eq=redis").Then("redis.timeout", "required"),
			schema.If("limit_by", "eq=header").Then("header_name", "required"),
			schema.If("limit_by", "eq=path").Then("path", "required"),
		), schema.Scope{}),
		"plugin-request-termination": schema.Plugin(schema.Of[requestTerminationDoc](), schema.Scope{}),
		"plugin-response-ratelimiting": schema.Plugin(schema.Of[responseRatelimitingDoc](
			schema.At("limits.values", schema.AtLeastOneOf("second", "minute", "hour", "day", "month", "year")),
			schema.Moved("redis_host", "redis.host", "response-ratelimiting: config.redis_host is deprecated, please use config.redis.host instead", "4.0"),
			schema.Moved("redis_port", "redis.port", "response-ratelimiting: config.redis_port is deprecated, please use config.redis.port instead", "4.0"),
			schema.Moved("redis_password", "redis.password", "response-ratelimiting: config.redis_password is deprecated, please use config.redis.password instead", "4.0", "len_min=0"),
			schema.Moved("redis_username", "redis.username", "response-ratelimiting: config.redis_username is deprecated, please use config.redis.username instead", "4.0"),
			schema.Moved("redis_ssl", "redis.ssl", "response-ratelimiting: config.redis_ssl is deprecated, please use config.redis.ssl instead", "4.0"),
			schema.Moved("redis_ssl_verify", "redis.ssl_verify", "response-ratelimiting: config.redis_ssl_verify is deprecated, please use config.redis.ssl_verify instead", "4.0"),
			schema.Moved("redis_server_name", "redis.server_name", "response-ratelimiting: config.redis_server_name is deprecated, please use config.redis.server_name instead", "4.0"),
			schema.Moved("redis_timeout", "redis.timeout", "response-ratelimiting: config.redis_timeout is deprecated, please use config.redis.timeout instead", "4.0"),
			schema.Moved("redis_database", "redis.database", "response-ratelimiting: config.redis_database is deprecated, please use config.redis.database instead", "4.0"),
			schema.If("policy", "eq=redis").Then("redis.host", "required"),
			schema.If("policy", "eq=redis").Then("redis.port", "required"),
			schema.If("policy", "eq=redis").Then("redis.timeout", "required"),
		), schema.Scope{}),
		"plugins": schema.Of[pluginsDoc](),
		"routes": schema.Of[routesDoc](
			schema.Conf("protocols", "default=http,https;len_min=1;mutually_exclusive_subsets=[[\"http\", \"https\"], [\"tcp\", \"tls\", \"udp\"], [\"tls_passthrough\"], [\"grpc\", \"grpcs\"]];required;elements.one_of=grpc,grpcs,http,https,tcp,tls,tls_passthrough,udp"),
			schema.At("sources.elements", schema.AtLeastOneOf("ip", "port")),
			schema.At("destinations.elements", schema.AtLeastOneOf("ip", "port")),
			schema.Conf("headers", "keys.match_none=^[Hh][Oo][Ss][Tt]$,cannot contain 'host' header\\, which must be specified in the 'hosts' attribute"),
			schema.If("protocols", "elements.not_one_of=grpcs,https,tls,tls_passthrough").Then("snis", "len_eq=0", "'snis' can only be set when 'protocols' is 'grpcs', 'https', 'tls' or 'tls_passthrough'"),
			schema.Check(noCheck, "path_handling"),
			schema.Check(noCheck, "id", "protocols", "snis", "sources", "destinations", "methods", "hosts", "paths", "headers", "expression", "regex_priority", "priority"),
		),
		"services": schema.Of[servicesDoc](
			schema.If("protocol", "one_of=tcp,tls,udp,grpc,grpcs").Then("path", "eq=null"),
			schema.If("protocol", "not_one_of=https,tls").Then("client_certificate", "eq=null"),
			schema.If("protocol", "not_one_of=https,tls").Then("tls_verify", "eq=null"),
			schema.If("protocol", "not_one_of=https,tls").Then("tls_verify_depth", "eq=null"),
			schema.If("protocol", "not_one_of=https,tls").Then("ca_certificates", "eq=null"),
		),
		"snis":    schema.Of[snisDoc](),
		"targets": schema.Of[targetsDoc](),
		"upstreams": schema.Of[upstreamsDoc](
			schema.Conf("healthchecks.active.healthy", "default={\"http_statuses\": [200, 302], \"interval\": 0, \"successes\": 0}"),
			schema.Conf("healthchecks.active.unhealthy", "default={\"http_failures\": 0, \"http_statuses\": [429, 404, 500, 501, 502, 503, 504, 505], \"interval\": 0, \"tcp_failures\": 0, \"timeouts\": 0}"),
			schema.Conf("healthchecks.active", "default={\"concurrency\": 10, \"healthy\": {\"http_statuses\": [200, 302], \"interval\": 0, \"successes\": 0}, \"http_path\": \"/\", \"https_verify_certificate\": true, \"timeout\": 1, \"type\": \"http\", \"unhealthy\": {\"http_failures\": 0, \"http_statuses\": [429, 404, 500, 501, 502, 503, 504, 505], \"interval\": 0, \"tcp_failures\": 0, \"timeouts\": 0}}"),
			schema.Conf("healthchecks.passive.healthy", "default={\"http_statuses\": [200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306, 307, 308], \"successes\": 0}"),
			schema.Conf("healthchecks.passive.unhealthy", "default={\"http_failures\": 0, \"http_statuses\": [429, 500, 503], \"tcp_failures\": 0, \"timeouts\": 0}"),
			schema.Conf("healthchecks.passive", "default={\"healthy\": {\"http_statuses\": [200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306, 307, 308], \"successes\": 0}, \"type\": \"http\", \"unhealthy\": {\"http_failures\": 0, \"http_statuses\": [429, 500, 503], \"tcp_failures\": 0, \"timeouts\": 0}}"),
			schema.Conf("healthchecks", "default={\"active\": {\"concurrency\": 10, \"healthy\": {\"http_statuses\": [200, 302], \"interval\": 0, \"successes\": 0}, \"http_path\": \"/\", \"https_verify_certificate\": true, \"timeout\": 1, \"type\": \"http\", \"unhealthy\": {\"http_failures\": 0, \"http_statuses\": [429, 404, 500, 501, 502, 503, 504, 505], \"interval\": 0, \"tcp_failures\": 0, \"timeouts\": 0}}, \"passive\": {\"healthy\": {\"http_statuses\": [200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306, 307, 308], \"successes\": 0}, \"type\": \"http\", \"unhealthy\": {\"http_failures\": 0, \"http_statuses\": [429, 500, 503], \"tcp_failures\": 0, \"timeouts\": 0}}}"),
			schema.If("hash_on", "match=^header$").Then("hash_on_header", "required"),
			schema.If("hash_fallback", "match=^header$").Then("hash_fallback_header", "required"),
			schema.If("hash_on", "match=^cookie$").Then("hash_on_cookie", "required"),
			schema.If("hash_fallback", "match=^cookie$").Then("hash_on_cookie", "required"),
			schema.If("hash_on", "match=^none$").Then("hash_fallback", "one_of=none"),
			schema.If("hash_on", "match=^cookie$").Then("hash_fallback", "one_of=none"),
			schema.If("hash_on", "match=^consumer$").Then("hash_fallback", "one_of=none,ip,header,cookie,path,query_arg,uri_capture"),
			schema.If("hash_on", "match=^ip$").Then("hash_fallback", "one_of=none,consumer,header,cookie,path,query_arg,uri_capture"),
			schema.If("hash_on", "match=^path$").Then("hash_fallback", "one_of=none,consumer,header,cookie,query_arg,ip,uri_capture"),
			schema.Distinct("hash_on_header", "hash_fallback_header"),
			schema.If("hash_on", "match=^query_arg$").Then("hash_on_query_arg", "required"),
			schema.If("hash_fallback", "match=^query_arg$").Then("hash_fallback_query_arg", "required"),
			schema.Distinct("hash_on_query_arg", "hash_fallback_query_arg"),
			schema.If("hash_on", "match=^uri_capture$").Then("hash_on_uri_capture", "required"),
			schema.If("hash_fallback", "match=^uri_capture$").Then("hash_fallback_uri_capture", "required"),
			schema.Distinct("hash_on_uri_capture", "hash_fallback_uri_capture"),
		),
		"vaults": schema.Of[vaultsDoc](),
	}
}

func noCheck(map[string]any) schema.Errors { return nil }

type ref struct {
	ID string `json:"id"`
}

type certificatesDoc struct {
	Id        string   `json:"id" conf:"auto;uuid"`
	CreatedAt int      `json:"created_at" conf:"auto;timestamp"`
	UpdatedAt int      `json:"updated_at" conf:"auto;timestamp"`
	Cert      string   `json:"cert" conf:"referenceable;required"`
	Key       string   `json:"key" conf:"encrypted;referenceable;required"`
	CertAlt   string   `json:"cert_alt" conf:"referenceable;optional"`
	KeyAlt    string   `json:"key_alt" conf:"encrypted;referenceable;optional"`
	Tags      []string `json:"tags" conf:"set;elements.required"`
	Snis      []string `json:"snis" conf:"optional;transient"`
}

type consumersDoc struct {
	Id        string   `json:"id" conf:"auto;uuid"`
	CreatedAt int      `json:"created_at" conf:"auto;timestamp"`
	UpdatedAt int      `json:"updated_at" conf:"auto;timestamp"`
	Username  string   `json:"username" conf:"unique"`
	CustomId  string   `json:"custom_id" conf:"unique"`
	Tags      []string `json:"tags" conf:"set;elements.required"`
}

type jwtSecretsDoc struct {
	Id           string   `json:"id" conf:"auto;uuid"`
	CreatedAt    int      `json:"created_at" conf:"auto;timestamp"`
	Consumer     *ref     `json:"consumer" conf:"on_delete=cascade;foreign=consumers;required"`
	Key          string   `json:"key" conf:"auto;optional;unique"`
	Secret       string   `json:"secret" conf:"auto"`
	RsaPublicKey string   `json:"rsa_public_key"`
	Algorithm    string   `json:"algorithm" conf:"default=HS256;one_of=HS256,HS384,HS512,RS256,RS384,RS512,ES256,ES384,ES512,PS256,PS384,PS512,EdDSA"`
	Tags         []string `json:"tags" conf:"set;elements.required"`
}

type keysDocPem struct {
	PrivateKey string `json:"private_key" conf:"encrypted;referenceable;optional"`
	PublicKey  string `json:"public_key" conf:"referenceable;optional"`
}

type keysDoc struct {
	Id        string      `json:"id" conf:"auto;uuid"`
	Set       *ref        `json:"set" conf:"on_delete=cascade;foreign=key_sets;optional"`
	Name      string      `json:"name" conf:"optional;unique"`
	Kid       string      `json:"kid" conf:"required;unique=false"`
	Jwk       string      `json:"jwk" conf:"encrypted;referenceable"`
	Pem       *keysDocPem `json:"pem"`
	Tags      []string    `json:"tags" conf:"set;elements.required"`
	CreatedAt int         `json:"created_at" conf:"auto;timestamp"`
	UpdatedAt int         `json:"updated_at" conf:"auto;timestamp"`
}

type aclDoc struct {
	Allow                        []string `json:"allow"`
	Deny                         []string `json:"deny"`
	HideGroupsHeader             bool     `json:"hide_groups_header" conf:"default=false;required"`
	AlwaysUseAuthenticatedGroups bool     `json:"always_use_authenticated_groups" conf:"default=false;required"`
}

type datadogDocQueue struct {
	MaxBatchSize       int     `json:"max_batch_size" conf:"between=1,1000000;default=1"`
	MaxCoalescingDelay float64 `json:"max_coalescing_delay" conf:"between=0,3600;default=1"`
	MaxEntries         int     `json:"max_entries" conf:"between=1,1000000;default=10000"`
	MaxBytes           int     `json:"max_bytes"`
	MaxRetryTime       float64 `json:"max_retry_time" conf:"default=60"`
	InitialRetryDelay  float64 `json:"initial_retry_delay" conf:"between=0.001,1000000;default=0.01"`
	MaxRetryDelay      float64 `json:"max_retry_delay" conf:"between=0.001,1000000;default=60"`
	ConcurrencyLimit   int     `json:"concurrency_limit" conf:"default=1;one_of=-1,1"`
}

type datadogDocMetrics struct {
	Name               string   `json:"name" conf:"one_of=kong_latency,latency,request_count,request_size,response_size,upstream_latency;required"`
	StatType           string   `json:"stat_type" conf:"one_of=counter,gauge,histogram,meter,set,timer,distribution;required"`
	Tags               []string `json:"tags" conf:"elements.match=^.*[^:]$"`
	SampleRate         float64  `json:"sample_rate" conf:"between=0,1"`
	ConsumerIdentifier string   `json:"consumer_identifier" conf:"one_of=consumer_id,custom_id,username"`
}

type datadogDoc struct {
	Host           string              `json:"host" conf:"default=localhost;referenceable"`
	Port           int                 `json:"port" conf:"between=0,65535;default=8125"`
	Prefix         string              `json:"prefix" conf:"default=kong"`
	ServiceNameTag string              `json:"service_name_tag" conf:"default=name"`
	StatusTag      string              `json:"status_tag" conf:"default=status"`
	ConsumerTag    string              `json:"consumer_tag" conf:"default=consumer"`
	RetryCount     int                 `json:"retry_count" conf:"deprecated=datadog: config.retry_count no longer works, please use config.queue.max_retry_time instead;removal=4.0;old_default=10"`
	QueueSize      int                 `json:"queue_size" conf:"deprecated=datadog: config.queue_size is deprecated, please use config.queue.max_batch_size instead;removal=4.0;old_default=1"`
	FlushTimeout   float64             `json:"flush_timeout" conf:"deprecated=datadog: config.flush_timeout is deprecated, please use config.queue.max_coalescing_delay instead;removal=4.0;old_default=2"`
	Queue          datadogDocQueue     `json:"queue"`
	Metrics        []datadogDocMetrics `json:"metrics"`
}

type fileLogDoc struct {
	Path              string            `json:"path"`
	Reopen            bool              `json:"reopen" conf:"default=false;required"`
	CustomFieldsByLua map[string]string `json:"custom_fields_by_lua" conf:"keys.len_min=1;values.len_min=1"`
}

type httpLogDocQueue struct {
	MaxBatchSize       int     `json:"max_batch_size" conf:"between=1,1000000;default=1"`
	MaxCoalescingDelay float64 `json:"max_coalescing_delay" conf:"between=0,3600;default=1"`
	MaxEntries         int     `json:"max_entries" conf:"between=1,1000000;default=10000"`
	MaxBytes           int     `json:"max_bytes"`
	MaxRetryTime       float64 `json:"max_retry_time" conf:"default=60"`
	InitialRetryDelay  float64 `json:"initial_retry_delay" conf:"between=0.001,1000000;default=0.01"`
	MaxRetryDelay      float64 `json:"max_retry_delay" conf:"between=0.001,1000000;default=60"`
	ConcurrencyLimit   int     `json:"concurrency_limit" conf:"default=1;one_of=-1,1"`
}

type httpLogDoc struct {
	HttpEndpoint      string            `json:"http_endpoint" conf:"encrypted;referenceable;required"`
	Method            string            `json:"method" conf:"default=POST;one_of=POST,PUT,PATCH"`
	ContentType       string            `json:"content_type"`
	Timeout           float64           `json:"timeout" conf:"default=10000"`
	Keepalive         float64           `json:"keepalive" conf:"default=60000"`
	RetryCount        int               `json:"retry_count" conf:"deprecated=http-log: config.retry_count no longer works, please use config.queue.max_retry_time instead;removal=4.0;old_default=10"`
	QueueSize         int               `json:"queue_size" conf:"deprecated=http-log: config.queue_size is deprecated, please use config.queue.max_batch_size instead;removal=4.0;old_default=1"`
	FlushTimeout      float64           `json:"flush_timeout" conf:"deprecated=http-log: config.flush_timeout is deprecated, please use config.queue.max_coalescing_delay instead;removal=4.0;old_default=2"`
	Headers           map[string]string `json:"headers" conf:"keys.match_none=^[Hh][Oo][Ss][Tt]$,cannot contain 'Host' header;keys.match_none=^[Cc][Oo][Nn][Tt][Ee][Nn][Tt]%-[Ll][Ee][nn][Gg][Tt][Hh]$,cannot contain 'Content-Length' header;keys.match_none=^[Cc][Oo][Nn][Tt][Ee][Nn][Tt]%-[Tt][Yy][Pp][Ee]$,cannot contain 'Content-Type' header;values.referenceable"`
	Queue             httpLogDocQueue   `json:"queue"`
	CustomFieldsByLua map[string]string `json:"custom_fields_by_lua" conf:"keys.len_min=1;values.len_min=1"`
}

type ldapAuthDoc struct {
	LdapHost        string  `json:"ldap_host" conf:"required"`
	LdapPort        int     `json:"ldap_port" conf:"between=0,65535;default=389;required"`
	Ldaps           bool    `json:"ldaps" conf:"default=false;required"`
	StartTls        bool    `json:"start_tls" conf:"default=false;required"`
	VerifyLdapHost  bool    `json:"verify_ldap_host" conf:"default=false;required"`
	BaseDn          string  `json:"base_dn" conf:"required"`
	Attribute       string  `json:"attribute" conf:"required"`
	CacheTtl        float64 `json:"cache_ttl" conf:"default=60;required"`
	HideCredentials bool    `json:"hide_credentials" conf:"default=false;required"`
	Timeout         float64 `json:"timeout" conf:"default=10000"`
	Keepalive       float64 `json:"keepalive" conf:"default=60000"`
	Anonymous       string  `json:"anonymous"`
	HeaderType      string  `json:"header_type" conf:"default=ldap"`
	Realm           string  `json:"realm" conf:"optional"`
}

type proxyCacheDocMemory struct {
	DictionaryName string `json:"dictionary_name" conf:"default=kong_db_cache;required"`
}

type proxyCacheDocResponseHeaders struct {
	Age          bool `json:"age" conf:"default=true"`
	XCacheStatus bool `json:"X-Cache-Status" conf:"default=true"`
	XCacheKey    bool `json:"X-Cache-Key" conf:"default=true"`
}

type proxyCacheDoc struct {
	ResponseCode    []int                        `json:"response_code" conf:"default=200,301,404;len_min=1;required;elements.between=100,900"`
	RequestMethod   []string                     `json:"request_method" conf:"default=GET,HEAD;required;elements.one_of=HEAD,GET,POST,PATCH,PUT"`
	ContentType     []string                     `json:"content_type" conf:"default=text/plain,application/json;required"`
	CacheTtl        int                          `json:"cache_ttl" conf:"default=300;gt=0"`
	Strategy        string                       `json:"strategy" conf:"one_of=memory;required"`
	CacheControl    bool                         `json:"cache_control" conf:"default=false;required"`
	IgnoreUriCase   bool                         `json:"ignore_uri_case" conf:"default=false;optional"`
	StorageTtl      int                          `json:"storage_ttl"`
	Memory          proxyCacheDocMemory          `json:"memory"`
	VaryQueryParams []string                     `json:"vary_query_params"`
	VaryHeaders     []string                     `json:"vary_headers"`
	ResponseHeaders proxyCacheDocResponseHeaders `json:"response_headers"`
}

type rateLimitingDocRedis struct {
	Host       string `json:"host"`
	Port       int    `json:"port" conf:"between=0,65535;default=6379"`
	Timeout    int    `json:"timeout" conf:"between=0,2147483646;default=2000"`
	Username   string `json:"username" conf:"referenceable"`
	Password   string `json:"password" conf:"encrypted;len_min=0;referenceable"`
	Database   int    `json:"database" conf:"default=0"`
	Ssl        bool   `json:"ssl" conf:"default=false;optional"`
	SslVerify  bool   `json:"ssl_verify" conf:"default=false;optional"`
	ServerName string `json:"server_name" conf:"optional"`
}

type rateLimitingDoc struct {
	Second            float64              `json:"second" conf:"gt=0"`
	Minute            float64              `json:"minute" conf:"gt=0"`
	Hour              float64              `json:"hour" conf:"gt=0"`
	Day               float64              `json:"day" conf:"gt=0"`
	Month             float64              `json:"month" conf:"gt=0"`
	Year              float64              `json:"year" conf:"gt=0"`
	LimitBy           string               `json:"limit_by" conf:"default=consumer;one_of=consumer,credential,ip,service,header,path"`
	HeaderName        string               `json:"header_name"`
	Path              string               `json:"path" conf:"match_none=//,must not have empty segments;starts_with=/"`
	Policy            string               `json:"policy" conf:"default=local;len_min=0;one_of=local,cluster,redis"`
	FaultTolerant     bool                 `json:"fault_tolerant" conf:"default=true;required"`
	Redis             rateLimitingDocRedis `json:"redis"`
	HideClientHeaders bool                 `json:"hide_client_headers" conf:"default=false;required"`
	ErrorCode         float64              `json:"error_code" conf:"default=429;gt=0"`
	ErrorMessage      string               `json:"error_message" conf:"default=API rate limit exceeded"`
	SyncRate          float64              `json:"sync_rate" conf:"default=-1;required"`
}

type requestTerminationDoc struct {
	StatusCode  int    `json:"status_code" conf:"between=100,599;default=503;required"`
	Message     string `json:"message"`
	ContentType string `json:"content_type"`
	Body        string `json:"body"`
	Echo        bool   `json:"echo" conf:"default=false;required"`
	Trigger     string `json:"trigger"`
}

type responseRatelimitingDocRedis struct {
	Host       string `json:"host"`
	Port       int    `json:"port" conf:"between=0,65535;default=6379"`
	Timeout    int    `json:"timeout" conf:"between=0,2147483646;default=2000"`
	Username   string `json:"username" conf:"referenceable"`
	Password   string `json:"password" conf:"encrypted;len_min=0;referenceable"`
	Database   int    `json:"database" conf:"default=0"`
	Ssl        bool   `json:"ssl" conf:"default=false;optional"`
	SslVerify  bool   `json:"ssl_verify" conf:"default=false;optional"`
	ServerName string `json:"server_name" conf:"optional"`
}

type responseRatelimitingDocLimits struct {
	Second float64 `json:"second" conf:"gt=0"`
	Minute float64 `json:"minute" conf:"gt=0"`
	Hour   float64 `json:"hour" conf:"gt=0"`
	Day    float64 `json:"day" conf:"gt=0"`
	Month  float64 `json:"month" conf:"gt=0"`
	Year   float64 `json:"year" conf:"gt=0"`
}

type responseRatelimitingDoc struct {
	HeaderName            string                                   `json:"header_name" conf:"default=x-kong-limit"`
	LimitBy               string                                   `json:"limit_by" conf:"default=consumer;one_of=consumer,credential,ip"`
	Policy                string                                   `json:"policy" conf:"default=local;one_of=local,cluster,redis"`
	FaultTolerant         bool                                     `json:"fault_tolerant" conf:"default=true;required"`
	Redis                 responseRatelimitingDocRedis             `json:"redis"`
	BlockOnFirstViolation bool                                     `json:"block_on_first_violation" conf:"default=false;required"`
	HideClientHeaders     bool                                     `json:"hide_client_headers" conf:"default=false;required"`
	Limits                map[string]responseRatelimitingDocLimits `json:"limits" conf:"len_min=1;required;values.required"`
}

type pluginsDoc struct {
	Id           string         `json:"id" conf:"auto;uuid"`
	Name         string         `json:"name" conf:"required"`
	InstanceName string         `json:"instance_name" conf:"unique"`
	CreatedAt    int            `json:"created_at" conf:"auto;timestamp"`
	UpdatedAt    int            `json:"updated_at" conf:"auto;timestamp"`
	Route        *ref           `json:"route" conf:"default=null;on_delete=cascade;foreign=routes"`
	Service      *ref           `json:"service" conf:"default=null;on_delete=cascade;foreign=services"`
	Consumer     *ref           `json:"consumer" conf:"default=null;on_delete=cascade;foreign=consumers"`
	Config       map[string]any `json:"config" conf:"abstract"`
	Protocols    []string       `json:"protocols" conf:"set;default=grpc,grpcs,http,https;required;elements.one_of=grpc,grpcs,http,https,tcp,tls,tls_passthrough,udp"`
	Enabled      bool           `json:"enabled" conf:"default=true;required"`
	Tags         []string       `json:"tags" conf:"set;elements.required"`
}

type routesDocSources struct {
	Ip   string `json:"ip"`
	Port int    `json:"port" conf:"between=0,65535"`
}

type routesDocDestinations struct {
	Ip   string `json:"ip"`
	Port int    `json:"port" conf:"between=0,65535"`
}

type routesDoc struct {
	Id                      string                  `json:"id" conf:"auto;uuid"`
	CreatedAt               int                     `json:"created_at" conf:"auto;timestamp"`
	UpdatedAt               int                     `json:"updated_at" conf:"auto;timestamp"`
	Name                    string                  `json:"name" conf:"unique"`
	Protocols               []string                `json:"protocols" conf:"set"`
	HttpsRedirectStatusCode int                     `json:"https_redirect_status_code" conf:"default=426;one_of=426,301,302,307,308;required"`
	StripPath               bool                    `json:"strip_path" conf:"default=true;required"`
	PreserveHost            bool                    `json:"preserve_host" conf:"default=false;required"`
	RequestBuffering        bool                    `json:"request_buffering" conf:"default=true;required"`
	ResponseBuffering       bool                    `json:"response_buffering" conf:"default=true;required"`
	Tags                    []string                `json:"tags" conf:"set;elements.required"`
	Service                 *ref                    `json:"service" conf:"foreign=services"`
	Snis                    []string                `json:"snis" conf:"set"`
	Sources                 []routesDocSources      `json:"sources" conf:"set"`
	Destinations            []routesDocDestinations `json:"destinations" conf:"set"`
	Methods                 []string                `json:"methods" conf:"set;elements.match=^%u+$"`
	Hosts                   []string                `json:"hosts" conf:"elements.match_all=^[^*]*%*?[^*]*$,invalid wildcard: must have at most one wildcard;elements.match_any=^%*%.,%.%*$,^[^*]*$,invalid wildcard: must be placed at leftmost or rightmost label"`
	Paths                   []string                `json:"paths" conf:"elements.match_any=^/,^~/,should start with: / (fixed path) or ~/ (regex path);elements.match_none=//,must not have empty segments"`
	Headers                 map[string][]string     `json:"headers"`
	RegexPriority           int                     `json:"regex_priority" conf:"default=0"`
	PathHandling            string                  `json:"path_handling" conf:"default=v0;one_of=v0,v1"`
}

type servicesDoc struct {
	Id                string   `json:"id" conf:"auto;uuid"`
	CreatedAt         int      `json:"created_at" conf:"auto;timestamp"`
	UpdatedAt         int      `json:"updated_at" conf:"auto;timestamp"`
	Name              string   `json:"name" conf:"unique"`
	Retries           int      `json:"retries" conf:"between=0,32767;default=5"`
	Protocol          string   `json:"protocol" conf:"default=http;one_of=grpc,grpcs,http,https,tcp,tls,tls_passthrough,udp;required"`
	Host              string   `json:"host" conf:"required"`
	Port              int      `json:"port" conf:"between=0,65535;default=80;required"`
	Path              string   `json:"path" conf:"match_none=//,must not have empty segments;starts_with=/"`
	ConnectTimeout    int      `json:"connect_timeout" conf:"between=1,2147483646;default=60000"`
	WriteTimeout      int      `json:"write_timeout" conf:"between=1,2147483646;default=60000"`
	ReadTimeout       int      `json:"read_timeout" conf:"between=1,2147483646;default=60000"`
	Tags              []string `json:"tags" conf:"set;elements.required"`
	ClientCertificate *ref     `json:"client_certificate" conf:"foreign=certificates"`
	TlsVerify         bool     `json:"tls_verify"`
	TlsVerifyDepth    int      `json:"tls_verify_depth" conf:"between=0,64;default=null"`
	CaCertificates    []string `json:"ca_certificates" conf:"elements.uuid"`
	Enabled           bool     `json:"enabled" conf:"default=true;required"`
}

type snisDoc struct {
	Id          string   `json:"id" conf:"auto;uuid"`
	Name        string   `json:"name" conf:"required;unique;unique_across_ws"`
	CreatedAt   int      `json:"created_at" conf:"auto;timestamp"`
	UpdatedAt   int      `json:"updated_at" conf:"auto;timestamp"`
	Tags        []string `json:"tags" conf:"set;elements.required"`
	Certificate *ref     `json:"certificate" conf:"foreign=certificates;required"`
}

type targetsDoc struct {
	Id        string   `json:"id" conf:"auto;uuid"`
	CreatedAt float64  `json:"created_at" conf:"auto;timestamp"`
	UpdatedAt float64  `json:"updated_at" conf:"auto;timestamp"`
	Upstream  *ref     `json:"upstream" conf:"on_delete=cascade;foreign=upstreams;required"`
	Target    string   `json:"target" conf:"required"`
	Weight    int      `json:"weight" conf:"between=0,65535;default=100"`
	Tags      []string `json:"tags" conf:"set;elements.required"`
}

type upstreamsDocHealthchecksActiveHealthy struct {
	Interval     float64 `json:"interval" conf:"between=0,65535;default=0"`
	Successes    int     `json:"successes" conf:"between=0,255;default=0"`
	HttpStatuses []int   `json:"http_statuses" conf:"default=200,302;elements.between=100,999"`
}

type upstreamsDocHealthchecksActiveUnhealthy struct {
	Timeouts     int     `json:"timeouts" conf:"between=0,255;default=0"`
	HttpFailures int     `json:"http_failures" conf:"between=0,255;default=0"`
	Interval     float64 `json:"interval" conf:"between=0,65535;default=0"`
	HttpStatuses []int   `json:"http_statuses" conf:"default=429,404,500,501,502,503,504,505;elements.between=100,999"`
	TcpFailures  int     `json:"tcp_failures" conf:"between=0,255;default=0"`
}

type upstreamsDocHealthchecksActive struct {
	Headers                map[string][]string                     `json:"headers" conf:"optional"`
	Concurrency            int                                     `json:"concurrency" conf:"between=1,2147483648;default=10"`
	Healthy                upstreamsDocHealthchecksActiveHealthy   `json:"healthy"`
	Unhealthy              upstreamsDocHealthchecksActiveUnhealthy `json:"unhealthy"`
	HttpPath               string                                  `json:"http_path" conf:"default=/;match_none=//,must not have empty segments;starts_with=/"`
	HttpsSni               string                                  `json:"https_sni" conf:"optional"`
	HttpsVerifyCertificate bool                                    `json:"https_verify_certificate" conf:"default=true;required"`
	Type                   string                                  `json:"type" conf:"default=http;one_of=tcp,http,https,grpc,grpcs"`
	Timeout                float64                                 `json:"timeout" conf:"between=0,65535;default=1"`
}

type upstreamsDocHealthchecksPassiveHealthy struct {
	Successes    int   `json:"successes" conf:"between=0,255;default=0"`
	HttpStatuses []int `json:"http_statuses" conf:"default=200,201,202,203,204,205,206,207,208,226,300,301,302,303,304,305,306,307,308;elements.between=100,999"`
}

type upstreamsDocHealthchecksPassiveUnhealthy struct {
	Timeouts     int   `json:"timeouts" conf:"between=0,255;default=0"`
	HttpFailures int   `json:"http_failures" conf:"between=0,255;default=0"`
	HttpStatuses []int `json:"http_statuses" conf:"default=429,500,503;elements.between=100,999"`
	TcpFailures  int   `json:"tcp_failures" conf:"between=0,255;default=0"`
}

type upstreamsDocHealthchecksPassive struct {
	Healthy   upstreamsDocHealthchecksPassiveHealthy   `json:"healthy"`
	Unhealthy upstreamsDocHealthchecksPassiveUnhealthy `json:"unhealthy"`
	Type      string                                   `json:"type" conf:"default=http;one_of=tcp,http,https,grpc,grpcs"`
}

type upstreamsDocHealthchecks struct {
	Active    upstreamsDocHealthchecksActive  `json:"active"`
	Passive   upstreamsDocHealthchecksPassive `json:"passive"`
	Threshold float64                         `json:"threshold" conf:"between=0,100;default=0"`
}

type upstreamsDoc struct {
	Id                     string                   `json:"id" conf:"auto;uuid"`
	CreatedAt              int                      `json:"created_at" conf:"auto;timestamp"`
	Name                   string                   `json:"name" conf:"required;unique"`
	UpdatedAt              int                      `json:"updated_at" conf:"auto;timestamp"`
	Algorithm              string                   `json:"algorithm" conf:"default=round-robin;one_of=consistent-hashing,least-connections,round-robin,latency"`
	HashOn                 string                   `json:"hash_on" conf:"default=none;one_of=none,consumer,ip,header,cookie,path,query_arg,uri_capture"`
	HashFallback           string                   `json:"hash_fallback" conf:"default=none;one_of=none,consumer,ip,header,cookie,path,query_arg,uri_capture"`
	HashOnHeader           string                   `json:"hash_on_header"`
	HashFallbackHeader     string                   `json:"hash_fallback_header"`
	HashOnCookie           string                   `json:"hash_on_cookie"`
	HashOnCookiePath       string                   `json:"hash_on_cookie_path" conf:"default=/;match_none=//,must not have empty segments;starts_with=/"`
	HashOnQueryArg         string                   `json:"hash_on_query_arg" conf:"len_min=1"`
	HashFallbackQueryArg   string                   `json:"hash_fallback_query_arg" conf:"len_min=1"`
	HashOnUriCapture       string                   `json:"hash_on_uri_capture" conf:"len_min=1"`
	HashFallbackUriCapture string                   `json:"hash_fallback_uri_capture" conf:"len_min=1"`
	Slots                  int                      `json:"slots" conf:"between=10,65536;default=10000"`
	Healthchecks           upstreamsDocHealthchecks `json:"healthchecks"`
	Tags                   []string                 `json:"tags" conf:"set;elements.required"`
	HostHeader             string                   `json:"host_header"`
	ClientCertificate      *ref                     `json:"client_certificate" conf:"foreign=certificates"`
	UseSrvName             bool                     `json:"use_srv_name" conf:"default=false"`
}

type vaultsDoc struct {
	Id        string         `json:"id" conf:"auto;uuid"`
	Prefix    string         `json:"prefix" conf:"match=^[a-z][a-z%d-]-[a-z%d]+$;not_one_of=env;required;unique;unique_across_ws"`
	Name      string         `json:"name" conf:"required"`
	Config    map[string]any `json:"config" conf:"abstract"`
	CreatedAt int            `json:"created_at" conf:"auto;timestamp"`
	UpdatedAt int            `json:"updated_at" conf:"auto;timestamp"`
	Tags      []string       `json:"tags" conf:"set;elements.required"`
}
