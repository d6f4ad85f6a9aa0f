// Package settings reads what an operator sets: a kong.conf-like file, environment variables GIBBON_<KEY> and KONG_<KEY>,
// and flags. Its main type is Settings; Load makes one and returns all errors at once. Key names are kong.conf's (Kong
// Gateway 3.9, "Configuration reference"); keys of our own are named so in their docs. The package starts nothing.
package settings

import (
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"time"
)

// Settings is everything an operator can choose, read and checked. It is not changed after Load.
type Settings struct {
	Keys

	Proxy, Admin, Status, Console, IDP, Demo []Listener

	TrustedIPs []netip.Prefix // who may send X-Forwarded-*
	Level      slog.Level     // least severe level that is logged
	Workers    int            // GOMAXPROCS; 0 leaves it to the machine
	Limits     Limits
	CacheBytes int64 // mem_cache_size in bytes

	values map[string]any    // processed, by key
	origin map[string]string // key → where it was set; missing for defaults
}

// Limits are nginx directives that have an effect here, given as nginx_http_<directive> or nginx_proxy_<directive>.
type Limits struct {
	MaxBody           int64         // client_max_body_size, bytes; 0 means no limit
	HeaderBuffers     int           // large_client_header_buffers, number
	HeaderBufferSize  int           // large_client_header_buffers, bytes of each
	HeaderTimeout     time.Duration // client_header_timeout
	BodyTimeout       time.Duration // client_body_timeout
	KeepaliveTimeout  time.Duration // keepalive_timeout
	KeepaliveRequests int           // keepalive_requests
}

// Keys holds the values by key, as the schema delivers them.
type Keys struct {
	Prefix            string   `json:"prefix" conf:"required;default=gibbon-data" doc:"The data folder: SQLite file, generated certificates, logs. Relative paths of other keys start here."`
	LogLevel          string   `json:"log_level" conf:"default=notice;one_of=debug,info,notice,warn,error,crit,alert,emerg" doc:"The least severe level that is logged."`
	ProxyAccessLog    string   `json:"proxy_access_log" conf:"default=logs/access.log" doc:"A file (relative to prefix), /dev/stdout, or off. nginx's combined format with the request id at the end."`
	ProxyErrorLog     string   `json:"proxy_error_log" conf:"default=/dev/stderr" doc:"Where the gateway logs: a file (relative to prefix), /dev/stderr or /dev/stdout."`
	AdminAccessLog    string   `json:"admin_access_log" conf:"default=off" doc:"As proxy_access_log, for the Admin API."`
	ProxyListen       string   `json:"proxy_listen" conf:"default=0.0.0.0:8000 reuseport backlog=16384, 0.0.0.0:8443 http2 ssl reuseport backlog=16384" doc:"Addresses of the proxy, with flags ssl, http2, reuseport, backlog=n; or off."`
	AdminListen       string   `json:"admin_listen" conf:"default=127.0.0.1:8001 reuseport backlog=16384, 127.0.0.1:8444 http2 ssl reuseport backlog=16384" doc:"Addresses of the Admin API; or off."`
	StatusListen      string   `json:"status_listen" conf:"default=127.0.0.1:8007" doc:"Addresses that say how the gateway is (/status, /status/ready); or off."`
	ConsoleListen     string   `json:"console_listen" conf:"default=127.0.0.1:8002" doc:"Addresses kept for the web console, which this version does not have: nothing listens there. Kong's admin_gui_listen sets it too. Ours."`
	IDPListen         string   `json:"idp_listen" conf:"default=127.0.0.1:9229" doc:"Addresses of the identity provider; or off. Ours."`
	DemoListen        string   `json:"demo_listen" conf:"default=off" doc:"Address of the sample upstream (httpbin and /hello); start --demo sets it. Ours."`
	Headers           []string `json:"headers" conf:"default=server_tokens,latency_tokens,X-Kong-Request-Id" doc:"Headers added to responses: server_tokens, latency_tokens, Server, Via, X-Kong-Proxy-Latency, X-Kong-Response-Latency, X-Kong-Admin-Latency, X-Kong-Upstream-Latency, X-Kong-Upstream-Status, X-Kong-Request-Id; or off."`
	HeadersUpstream   []string `json:"headers_upstream" conf:"default=X-Kong-Request-Id" doc:"Headers added to upstream requests: X-Kong-Request-Id; or off."`
	Trusted           []string `json:"trusted_ips" doc:"Addresses and networks whose X-Forwarded-* headers are believed."`
	RealIPHeader      string   `json:"real_ip_header" conf:"default=X-Real-IP" doc:"The header that names the client behind a trusted proxy."`
	RealIPRecursive   bool     `json:"real_ip_recursive" doc:"Skip trusted addresses at the end of real_ip_header and take the last other one."`
	ErrorDefaultType  string   `json:"error_default_type" conf:"default=text/plain;one_of=text/plain,text/html,application/json,application/xml,application/grpc" doc:"The type of error bodies for clients that send no Accept header."`
	PoolSize          int      `json:"upstream_keepalive_pool_size" conf:"default=512;between=0,1000000" doc:"Idle connections kept per upstream address."`
	PoolMaxRequests   int      `json:"upstream_keepalive_max_requests" conf:"default=10000;between=0,1000000000" doc:"Requests per upstream connection."`
	PoolIdleTimeout   float64  `json:"upstream_keepalive_idle_timeout" conf:"default=60" doc:"Seconds after which an idle upstream connection is closed."`
	AllowDebugHeader  bool     `json:"allow_debug_header" doc:"Answer requests that carry Kong-Debug: 1 with Kong-Route-Id and its like."`
	RouterFlavor      string   `json:"router_flavor" conf:"default=traditional_compatible;one_of=traditional,traditional_compatible" doc:"How routes are matched."`
	UpstreamHTTP2     bool     `json:"upstream_http2" conf:"default=false" doc:"Speak HTTP/2 to upstreams of https services that choose it by ALPN. grpc and grpcs services always do. Ours."`
	RawIO             bool     `json:"raw_io" conf:"default=true" doc:"Serve plain connections with system calls of our own (Linux). Off: Go's net package does it. Ours."`
	WorkerProcesses   string   `json:"nginx_worker_processes" conf:"default=auto" doc:"Processor cores used: a number, or auto."`
	SSLCert           []string `json:"ssl_cert" doc:"Files with the proxy's default certificates; generated if unset."`
	SSLCertKey        []string `json:"ssl_cert_key" doc:"Files with the keys of ssl_cert."`
	AdminSSLCert      []string `json:"admin_ssl_cert" doc:"As ssl_cert, for the Admin API."`
	AdminSSLCertKey   []string `json:"admin_ssl_cert_key" doc:"As ssl_cert_key, for the Admin API."`
	SSLProtocols      string   `json:"ssl_protocols" conf:"default=TLSv1.2 TLSv1.3" doc:"TLS versions of clients: TLSv1.2, TLSv1.3."`
	TrustedCA         []string `json:"lua_ssl_trusted_certificate" conf:"default=system" doc:"Files with CA certificates for upstream connections with tls_verify; system means the machine's."`
	TLSVerify         bool     `json:"nginx_proxy_proxy_ssl_verify" doc:"Verify upstream certificates where a service does not say (tls_verify)."`
	Database          string   `json:"database" conf:"default=sqlite;one_of=sqlite,postgres,off" doc:"Where configuration is kept: sqlite (a file under prefix), postgres, or off (declarative_config)."`
	SQLitePath        string   `json:"sqlite_path" conf:"default=gibbon.db" doc:"The SQLite file, relative to prefix. Ours."`
	DeclarativeConfig string   `json:"declarative_config" doc:"With database off: the YAML or JSON file with the configuration."`
	DeclarativeString string   `json:"declarative_config_string" doc:"With database off: the configuration itself."`
	PGHost            string   `json:"pg_host" conf:"default=127.0.0.1" doc:"PostgreSQL: host, or folder of its socket."`
	PGPort            int      `json:"pg_port" conf:"default=5432;between=0,65535" doc:"PostgreSQL: port."`
	PGUser            string   `json:"pg_user" conf:"default=kong" doc:"PostgreSQL: user."`
	PGPassword        string   `json:"pg_password" doc:"PostgreSQL: password."`
	PGDatabase        string   `json:"pg_database" conf:"default=kong" doc:"PostgreSQL: database."`
	PGSchema          string   `json:"pg_schema" doc:"PostgreSQL: schema; public if unset."`
	PGTimeout         int      `json:"pg_timeout" conf:"default=5000;between=0,2147483647" doc:"PostgreSQL: milliseconds for connecting and for each statement."`
	PGSSL             bool     `json:"pg_ssl" doc:"PostgreSQL: use TLS."`
	PGSSLVerify       bool     `json:"pg_ssl_verify" doc:"PostgreSQL: verify the server's certificate."`
	PGMaxQueries      int      `json:"pg_max_concurrent_queries" conf:"default=0;between=0,100000" doc:"PostgreSQL: connections at most; 0 means 16."`
	UpdateFrequency   float64  `json:"db_update_frequency" conf:"default=5" doc:"Seconds between looks at the database for changes of other nodes, when no notification came."`
	State             string   `json:"state" conf:"default=memory;one_of=memory,redis" doc:"Where nodes keep what they share at run time (counters, sessions, caches): memory of each node, or redis. Ours."`
	MemCacheSize      string   `json:"mem_cache_size" conf:"default=128m" doc:"Memory for cached values (bytes, k, m, g), at most."`
	RedisHost         string   `json:"redis_host" conf:"default=127.0.0.1" doc:"State in Redis: host. Ours, like all redis_ keys."`
	RedisPort         int      `json:"redis_port" conf:"default=6379;between=0,65535" doc:"State in Redis: port."`
	RedisUsername     string   `json:"redis_username" doc:"State in Redis: user."`
	RedisPassword     string   `json:"redis_password" doc:"State in Redis: password."`
	RedisDatabase     int      `json:"redis_database" conf:"default=0;between=0,1000000" doc:"State in Redis: number of the database."`
	RedisTimeout      int      `json:"redis_timeout" conf:"default=1000;between=1,600000" doc:"State in Redis: milliseconds for connecting and for each command."`
	RedisSSL          bool     `json:"redis_ssl" doc:"State in Redis: use TLS."`
	RedisSSLVerify    bool     `json:"redis_ssl_verify" doc:"State in Redis: verify the server's certificate."`
	RedisServerName   string   `json:"redis_server_name" doc:"State in Redis: name to ask for in TLS."`
	RedisCluster      []string `json:"redis_cluster_nodes" doc:"State in a Redis Cluster: host:port of some of its nodes."`
	RedisSentinel     []string `json:"redis_sentinel_nodes" doc:"State in Redis behind Sentinels: their host:port."`
	RedisMaster       string   `json:"redis_sentinel_master" doc:"State in Redis behind Sentinels: name of the master."`
	IDPDatabase       string   `json:"idp_database" doc:"Where the identity provider keeps its tables: a SQLite file (relative to prefix) or postgres://…. Unset: idp.db, or the database of pg_ keys with database postgres. Ours."`
	IDPRegion         string   `json:"idp_region" conf:"default=us-west-2" doc:"The AWS region of pools when a request names none. Ours."`
	IDPIssuer         string   `json:"idp_issuer" doc:"What tokens name as issuer, before /<pool>: a URL, or aws for https://cognito-idp.<region>.amazonaws.com. Unset: http://localhost:<port of idp_listen>. Ours."`
	IDPMasterKey      string   `json:"idp_master_key" doc:"Encrypts the provider's secrets and keys at rest. Ours."`
	IDPAccessKeys     []string `json:"idp_access_keys" doc:"AWS access keys, id:secret, that requests to the provider must be signed with. Unset: signatures are not verified. Ours."`
	IDPSeed           string   `json:"idp_seed" doc:"A YAML file with pools, clients, users and groups that are made at the start. Ours."`
	IDPSMTP           string   `json:"idp_smtp" doc:"Where the provider sends mail: smtp://user:password@host:port. Unset: mail stays in the outbox. Ours."`
	DevFixedCode      string   `json:"dev_fixed_code" doc:"A code that the provider sends in place of random ones. For test suites only. Ours."`
	Plugins           []string `json:"plugins" conf:"default=bundled" doc:"Plugins that may be configured: bundled, names, or off."`
	NodeID            string   `json:"node_id" doc:"The node's UUID; made and kept under prefix if unset."`
	AdminGUIURL       []string `json:"admin_gui_url" doc:"URLs under which Kong Manager or the console is reached; Admin API answers carry them in Access-Control-Allow-Origin."`
}

// Path returns a path given in a key: relative ones start at Prefix.
func (s *Settings) Path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(s.Prefix, p)
}

// Origin says where a key was set, such as "KONG_PG_HOST" or "gibbon.conf:12"; "" for a default.
func (s *Settings) Origin(key string) string { return s.origin[key] }

// levels maps nginx's names to slog's; notice lies between info and warn, emerg and its neighbours above error.
var levels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "notice": slog.LevelInfo + 2, "warn": slog.LevelWarn,
	"error": slog.LevelError, "crit": slog.LevelError + 2, "alert": slog.LevelError + 4, "emerg": slog.LevelError + 6,
}

// Problem is something wrong with one setting.
type Problem struct {
	Key, Origin, Text string
}

func (p Problem) String() string {
	if p.Origin == "" || p.Origin == p.Key {
		return fmt.Sprintf("%s: %s", p.Key, p.Text)
	}
	return fmt.Sprintf("%s (set by %s): %s", p.Key, p.Origin, p.Text)
}
