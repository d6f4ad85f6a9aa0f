package settings

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// derive fills in what is computed from keys, and checks keys against each other.
func (g *gather) derive(s *Settings) {
	g.listeners(s)
	g.limits(s)
	s.Level = levels[s.LogLevel]
	for _, text := range s.Trusted {
		p, err := parsePrefix(text)
		if err != nil {
			g.fail("trusted_ips", "%q is no IP address or network", text)
			continue
		}
		s.TrustedIPs = append(s.TrustedIPs, p)
	}
	if s.WorkerProcesses != "auto" {
		n, err := strconv.Atoi(s.WorkerProcesses)
		if err != nil || n < 1 {
			g.fail("nginx_worker_processes", "must be auto or a number from 1; got %q", s.WorkerProcesses)
		}
		s.Workers = min(n, runtime.NumCPU())
	}
	g.tokens("headers", s.Headers, headerTokens)
	g.tokens("headers_upstream", s.HeadersUpstream, []string{"X-Kong-Request-Id"})
	g.tokens("ssl_protocols", strings.Fields(s.SSLProtocols), []string{"TLSv1.1", "TLSv1.2", "TLSv1.3"})
	g.pair("ssl_cert", s.SSLCert, "ssl_cert_key", s.SSLCertKey)
	g.pair("admin_ssl_cert", s.AdminSSLCert, "admin_ssl_cert_key", s.AdminSSLCertKey)
	if s.NodeID != "" && uuid.Validate(s.NodeID) != nil {
		g.fail("node_id", "must be a UUID; got %q", s.NodeID)
	}
	g.database(s)
	var err error
	if s.CacheBytes, err = bytes(s.MemCacheSize); err != nil {
		g.fail("mem_cache_size", "%s", err)
	}
	g.provider(s)
	g.redis(s)
}

// provider checks the keys of the identity provider.
func (g *gather) provider(s *Settings) {
	for _, pair := range s.IDPAccessKeys {
		if id, secret, ok := strings.Cut(pair, ":"); !ok || id == "" || secret == "" {
			g.fail("idp_access_keys", "must be pairs id:secret; one has no secret")
		}
	}
	if u, err := url.Parse(s.IDPIssuer); s.IDPIssuer != "" && s.IDPIssuer != "aws" &&
		(err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		g.fail("idp_issuer", "must be aws or a URL; got %q", s.IDPIssuer)
	}
	if u, err := url.Parse(s.IDPSMTP); s.IDPSMTP != "" && (err != nil || u.Host == "" || u.Scheme != "smtp" && u.Scheme != "smtps") {
		g.fail("idp_smtp", "must be a URL such as smtp://user:password@host:587")
	}
}

func (g *gather) redis(s *Settings) {
	if (len(s.RedisSentinel) > 0) != (s.RedisMaster != "") {
		g.fail("redis_sentinel_master", "and redis_sentinel_nodes are set together")
	}
	if len(s.RedisSentinel) > 0 && len(s.RedisCluster) > 0 {
		g.fail("redis_cluster_nodes", "cannot be set together with redis_sentinel_nodes")
	}
}

func (g *gather) listeners(s *Settings) {
	for _, l := range []struct {
		key, text string
		to        *[]Listener
	}{
		{"proxy_listen", s.ProxyListen, &s.Proxy}, {"admin_listen", s.AdminListen, &s.Admin},
		{"status_listen", s.StatusListen, &s.Status}, {"console_listen", s.ConsoleListen, &s.Console},
		{"idp_listen", s.IDPListen, &s.IDP}, {"demo_listen", s.DemoListen, &s.Demo},
	} {
		parsed, err := parseListen(l.text)
		if err != nil {
			g.fail(l.key, "%s", err)
		}
		*l.to = parsed
	}
	taken := map[string]string{}
	for _, l := range []struct {
		key string
		all []Listener
	}{{"proxy_listen", s.Proxy}, {"admin_listen", s.Admin}, {"status_listen", s.Status}, {"console_listen", s.Console},
		{"idp_listen", s.IDP}, {"demo_listen", s.Demo}} {
		for _, one := range l.all {
			if one.Network == "tcp" && one.Port == 0 {
				continue
			}
			if by := taken[one.Address()]; by != "" && by != l.key {
				g.fail(l.key, "%s is also an address of %s", one.Address(), by)
			}
			taken[one.Address()] = l.key
		}
	}
}

func (g *gather) limits(s *Settings) {
	s.Limits = defaultLimits()
	for _, key := range slices.Sorted(maps.Keys(g.text)) {
		if name, ok := directive(key); ok {
			if err := limits[name](&s.Limits, g.text[key]); err != nil {
				g.fail(key, "%s", err)
			}
		}
	}
}

var headerTokens = []string{"server_tokens", "latency_tokens", "Server", "Via", "X-Kong-Proxy-Latency",
	"X-Kong-Response-Latency", "X-Kong-Admin-Latency", "X-Kong-Upstream-Latency", "X-Kong-Upstream-Status",
	"X-Kong-Request-Id"}

// tokens checks a list of names; "off" alone stands for none. Letter case does not matter, as in Kong.
func (g *gather) tokens(key string, values, allowed []string) {
	if len(values) == 1 && strings.EqualFold(values[0], "off") {
		return
	}
	for _, v := range values {
		if !slices.ContainsFunc(allowed, func(a string) bool { return strings.EqualFold(a, v) }) {
			g.fail(key, "%q is not one of %s", v, strings.Join(allowed, ", "))
		}
	}
}

func (g *gather) pair(certKey string, certs []string, keyKey string, keys []string) {
	if len(certs) != len(keys) {
		g.fail(certKey, "names %s, but %s names %s: one key is needed per certificate", files(certs), keyKey, files(keys))
	}
}

func files(list []string) string {
	if len(list) == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", len(list))
}

func (g *gather) database(s *Settings) {
	if s.DeclarativeConfig != "" && s.DeclarativeString != "" {
		g.fail("declarative_config_string", "cannot be set together with declarative_config")
	}
	if s.Database == "off" {
		return
	}
	for key, value := range map[string]string{"declarative_config": s.DeclarativeConfig, "declarative_config_string": s.DeclarativeString} {
		if value != "" {
			g.warn(key, g.origin[key], "has no effect with database %s; it needs database off", s.Database)
		}
	}
}

func parsePrefix(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		return p.Masked(), err
	}
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return ip.Prefix(ip.BitLen())
}
