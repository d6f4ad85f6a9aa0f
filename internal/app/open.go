package app

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/balance"
	"github.com/gibbon-gateway/gibbon/internal/http1"
	"github.com/gibbon-gateway/gibbon/internal/observe"
	"github.com/gibbon-gateway/gibbon/internal/plugins"
	"github.com/gibbon-gateway/gibbon/internal/protocols"
	"github.com/gibbon-gateway/gibbon/internal/proxy"
	"github.com/gibbon-gateway/gibbon/internal/settings"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
	"github.com/gibbon-gateway/gibbon/internal/source"
	"github.com/gibbon-gateway/gibbon/internal/statedb/memory"
	"github.com/gibbon-gateway/gibbon/internal/statedb/redis"
	"github.com/gibbon-gateway/gibbon/internal/store/ledger"
	"github.com/gibbon-gateway/gibbon/internal/store/sqlcount"
	"github.com/gibbon-gateway/gibbon/internal/store/sqldb"
	"github.com/gibbon-gateway/gibbon/internal/store/sqlstore"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/schema"
)

// prepare takes the data folder and opens logs. What it and open opened is closed by close, also after an error.
func (g *gateway) prepare(o Options) (err error) {
	s := g.settings
	folder, err := claim(s.Prefix)
	if err != nil {
		return err
	}
	g.onClose(folder.Close)
	if g.log = o.Log; g.log == nil {
		if err := g.openLog(); err != nil {
			return err
		}
	}
	if g.adminLog, err = g.accessLog("admin_access_log", s.AdminAccessLog); err != nil {
		return err
	}
	if g.nodeID, err = nodeID(s); err != nil {
		return err
	}
	g.types, err = enabled(s.Plugins, o.Types)
	return err
}

// open opens everything but logs and listeners.
func (g *gateway) open(ctx context.Context, l *listening) error {
	if err := g.openState(); err != nil {
		return err
	}
	if err := g.openSource(ctx); err != nil {
		return err
	}
	if err := g.openProvider(ctx, l); err != nil {
		return err
	}
	return g.openProxy()
}

func (g *gateway) openLog() error {
	s := g.settings
	f, err := observe.OpenFile(logPath(s, s.ProxyErrorLog), observe.NewLogger(os.Stderr, s.Level))
	if err != nil {
		return fmt.Errorf("proxy_error_log: %w", err)
	}
	g.logs = append(g.logs, f)
	g.onClose(f.Close)
	g.log = observe.NewLogger(f, s.Level)
	return nil
}

func logPath(s *settings.Settings, p string) string {
	if strings.HasPrefix(p, "/dev/") {
		return p
	}
	return s.Path(p)
}

// accessLog opens an access log; nil for off.
func (g *gateway) accessLog(key, path string) (*observe.File, error) {
	if path == "off" || path == "" {
		return nil, nil
	}
	f, err := observe.OpenFile(logPath(g.settings, path), g.log)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	g.logs = append(g.logs, f)
	g.onClose(f.Close)
	return f, nil
}

// Known returns the bundled plugins and these, which are not bundled, and makes their kinds of entities known. A name that two of them
// have is an error.
func Known(more ...*plugin.Type) (plugin.Types, error) {
	all := plugins.All()
	for _, t := range more {
		switch {
		case t == nil:
			return nil, errors.New("a plugin of this program is nil")
		case plugins.All()[t.Name] != nil:
			return nil, fmt.Errorf("plugin '%s': a bundled plugin has this name", t.Name)
		case t.Name == "" || t.Name == "bundled" || t.Name == "off" || strings.ContainsAny(t.Name, ", \t\n/"):
			return nil, fmt.Errorf("plugin '%s': this cannot be the name of a plugin", t.Name)
		case all[t.Name] != nil:
			return nil, fmt.Errorf("plugin '%s': two plugins of this program have this name", t.Name)
		}
		all[t.Name] = t
	}
	return all, all.Declare()
}

// enabled returns the plugins that setting plugins names. As in Kong, those that are not bundled are named one by one.
func enabled(names []string, all plugin.Types) (plugin.Types, error) {
	bundled, chosen := plugins.All(), plugin.Types{}
	if all == nil {
		all = bundled
	}
	for _, name := range names {
		switch t := all[name]; {
		case name == "bundled":
			for n := range bundled {
				chosen[n] = all[n]
			}
		case name == "off":
		case t != nil:
			chosen[name] = t
		default:
			return nil, fmt.Errorf("plugins: %q is not a plugin of this version", name)
		}
	}
	return chosen, nil
}

func (g *gateway) openState() error {
	s := g.settings
	local := memory.New(memory.Options{MaxBytes: s.CacheBytes})
	g.onClose(local.Close)
	g.local = local
	if s.State == "memory" {
		shared := memory.New(memory.Options{})
		g.onClose(shared.Close)
		g.state = shared
		return nil
	}
	o := redis.Options{
		Addresses: []string{net.JoinHostPort(s.RedisHost, strconv.Itoa(s.RedisPort))},
		Username:  s.RedisUsername, Password: s.RedisPassword, Database: s.RedisDatabase,
		TLS: s.RedisSSL, SkipVerify: !s.RedisSSLVerify, ServerName: s.RedisServerName,
		Timeout: time.Duration(s.RedisTimeout) * time.Millisecond, Log: g.log,
	}
	switch {
	case len(s.RedisCluster) > 0:
		o.Addresses, o.Cluster = s.RedisCluster, true
	case len(s.RedisSentinel) > 0:
		o.Addresses, o.Master = s.RedisSentinel, s.RedisMaster
	}
	shared, err := redis.New(o)
	if err != nil {
		return fmt.Errorf("redis_host: %w", err)
	}
	g.onClose(shared.Close)
	g.state = shared
	return nil
}

func (g *gateway) openSource(ctx context.Context) error {
	s := g.settings
	if s.Database == "off" {
		g.declared = new(source.Declared)
		g.source = g.declared
		g.secret = fileSecret(filepath.Join(s.Prefix, "secret"))
		return g.reload()
	}
	db, err := sqlstore.Open(ctx, g.storeOptions())
	if err != nil {
		return fmt.Errorf("database %s: %w", s.Database, err)
	}
	g.onClose(db.Close)
	counters := sqlcount.New(db.DB(), sqlcount.Options{})
	g.onClose(counters.Close)
	issued := ledger.New(db, nil)
	g.store, g.ledger, g.cluster = issued, issued, counters
	g.source = source.FromStore(db, g.log)
	g.secret = func(name string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return db.Secret(ctx, name)
	}
	return nil
}

func (g *gateway) storeOptions() sqlstore.Options {
	s := g.settings
	o := sqlstore.Options{Poll: time.Duration(s.UpdateFrequency * float64(time.Second))}
	if s.Database == "postgres" {
		o.Postgres = postgres(s)
	} else {
		o.SQLite = s.Path(s.SQLitePath)
	}
	return o
}

func postgres(s *settings.Settings) *sqldb.Postgres {
	return &sqldb.Postgres{Host: s.PGHost, Port: s.PGPort, User: s.PGUser, Password: s.PGPassword, Database: s.PGDatabase,
		Schema: s.PGSchema, TLS: s.PGSSL, Verify: s.PGSSLVerify, Timeout: time.Duration(s.PGTimeout) * time.Millisecond, Conns: s.PGMaxQueries}
}

// Migrate brings the tables of the settings' database into shape, and ends.
func Migrate(ctx context.Context, s *settings.Settings) error {
	if s.Database == "off" {
		return errors.New("database: off has no tables")
	}
	folder, err := claim(s.Prefix)
	if err != nil {
		return err
	}
	defer folder.Close()
	g := &gateway{settings: s}
	db, err := sqlstore.Open(ctx, g.storeOptions())
	if err != nil {
		return fmt.Errorf("database %s: %w", s.Database, err)
	}
	return db.Close()
}

// subSchema returns the schema lookup of a plugin set, for declarative files.
func subSchema(types plugin.Types) func(name string) *schema.Schema {
	whole := map[string]*schema.Schema{}
	for name, t := range types {
		whole[name] = t.Schema()
	}
	return func(name string) *schema.Schema { return whole[name] }
}

// ParseFile reads a declarative file as a gateway with these settings and plugins (see Options.Types) would.
func ParseFile(s *settings.Settings, known plugin.Types, path string) (*source.Config, error) {
	types, err := enabled(s.Plugins, known)
	if err != nil {
		return nil, err
	}
	return source.Read(path, source.Options{Plugin: subSchema(types)})
}

// reload reads the declarative configuration of the settings and puts it in force. It does nothing with a database.
func (g *gateway) reload() error {
	s := g.settings
	if g.declared == nil {
		return nil
	}
	o := source.Options{Plugin: subSchema(g.types)}
	var config *source.Config
	var err error
	switch {
	case s.DeclarativeConfig != "":
		config, err = source.Read(s.DeclarativeConfig, o)
	case s.DeclarativeString != "":
		config, err = source.Parse([]byte(s.DeclarativeString), o)
	default:
		return nil
	}
	if err != nil {
		return fmt.Errorf("declarative_config: %w", err)
	}
	g.declared.Apply(config)
	return nil
}

// fileSecret keeps the secret of a node without a database in a file.
func fileSecret(path string) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		root, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			root = make([]byte, 32)
			rand.Read(root) // never fails (crypto/rand)
			err = os.WriteFile(path, root, 0o600)
		}
		if err == nil && len(root) < 32 {
			err = errors.New("it is too short; remove it, and a new one is made")
		}
		if err != nil {
			return nil, fmt.Errorf("secret of the node: %s: %w", path, err)
		}
		return hkdf.Key(sha256.New, root, nil, name, 32)
	}
}

func (g *gateway) openProxy() error {
	s := g.settings
	log, err := g.accessLog("proxy_access_log", s.ProxyAccessLog)
	if err != nil {
		return err
	}
	if err := g.readCertificates(); err != nil {
		return err
	}
	roots, err := trusted(s)
	if err != nil {
		return err
	}
	g.registry = balance.New(balance.Config{})
	g.onClose(g.registry.Close)
	g.pool = protocols.NewUpstreams(&http1.Pool{Raw: s.RawIO, Size: s.PoolSize, Requests: s.PoolMaxRequests, Log: g.log,
		IdleTimeout: time.Duration(s.PoolIdleTimeout * float64(time.Second))})
	g.onClose(g.pool.Close)
	g.directory = new(snapshot.Directory)
	if g.ledger == nil {
		g.ledger = ledger.Declared{Set: g.directory.Entities}
	}
	g.build = snapshot.Options{
		Types: g.types, Balance: g.registry, Directory: g.directory, Roots: roots, VerifyUpstream: s.TLSVerify, UpstreamHTTP2: s.UpstreamHTTP2,
		Certificates: &g.certs,
		Env: plugin.Env{Log: g.log, State: g.state, Local: g.local, Cluster: g.cluster, Ledger: g.ledger, Now: time.Now, Transport: g.transport(), Secret: g.secret,
			Metrics: &g.metrics},
	}
	options := proxy.Options{
		Version: Version(), Header: s.Enabled, UpstreamID: len(s.HeadersUpstream) > 0 && !strings.EqualFold(s.HeadersUpstream[0], "off"),
		TrustedIPs: s.TrustedIPs, RealIPHeader: s.RealIPHeader, RealIPRecursive: s.RealIPRecursive, ErrorType: s.ErrorDefaultType,
		AllowDebug: s.AllowDebugHeader, Upstreams: g.pool, Log: g.log,
	}
	if log != nil {
		options.AccessLog = log
	}
	g.proxy = proxy.New(options)
	g.onClose(func() error { g.proxy.Close(); return nil })
	return nil
}

// trusted returns the certificates that upstreams are verified by; nil means the system's.
func trusted(s *settings.Settings) (*x509.CertPool, error) {
	if len(s.TrustedCA) == 0 || slices.Equal(s.TrustedCA, []string{"system"}) {
		return nil, nil
	}
	pool := x509.NewCertPool()
	for _, file := range s.TrustedCA {
		if file == "system" {
			system, err := x509.SystemCertPool()
			if err != nil {
				return nil, fmt.Errorf("lua_ssl_trusted_certificate: %w", err)
			}
			pool = system
		}
	}
	for _, file := range s.TrustedCA {
		if file == "system" {
			continue
		}
		text, err := os.ReadFile(s.Path(file))
		if err != nil {
			return nil, fmt.Errorf("lua_ssl_trusted_certificate: %w", err)
		}
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("lua_ssl_trusted_certificate: %s holds no certificate", file)
		}
	}
	return pool, nil
}

// tlsConfig is what TLS listeners of the proxy use.
func (g *gateway) tlsConfig(http2 bool) *tls.Config {
	c := &tls.Config{GetCertificate: g.proxy.Certificate, NextProtos: protocols.NextProtos(http2)}
	limitVersions(c, g.settings.SSLProtocols)
	asking := c.Clone()
	asking.ClientAuth = tls.RequestClientCert
	c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		if g.wantsCert.Load() {
			return asking, nil
		}
		return nil, nil
	}
	return c
}

func limitVersions(c *tls.Config, protocols string) {
	versions := map[string]uint16{"TLSv1.1": tls.VersionTLS11, "TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13}
	for _, name := range strings.Fields(protocols) {
		v := versions[name]
		if c.MinVersion == 0 || v < c.MinVersion {
			c.MinVersion = v
		}
		c.MaxVersion = max(c.MaxVersion, v)
	}
}
