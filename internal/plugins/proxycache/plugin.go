// Package proxycache is the plugin proxy-cache, also under the name proxy-cache-advanced: it keeps responses and answers later
// requests with them. Its main type is cache, one configuration at work. By default it behaves as Kong's plugin, without what is
// unsafe there (README.md lists the differences); with rfc9111 it is a full HTTP cache. What HTTP says about caching is in
// httpcache, below; here are keys, what is done in which phase, the tier in Redis, and the paths of the Admin API.
package proxycache

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/plugins/proxycache/httpcache"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// Type is the plugin.
var Type = define("proxy-cache")

// Advanced is the plugin under the name that Kong sells it by. It has the same fields.
var Advanced = define("proxy-cache-advanced")

func define(name string) *plugin.Type {
	return plugin.Define(plugin.Desc{
		Name:     name,
		Priority: 100,
		// As usual, but said, for Kong prints it in another way then.
		Protocols: []string{"grpc", "grpcs", "http", "https"},
		Doc:       "Keeps responses, in memory or in Redis, and answers later requests with them.",
		Admin:     func(env plugin.AdminEnv) []plugin.AdminRoute { return adminRoutes(name, env) },
	}, build, rules()...)
}

// cache is one configuration at work.
type cache struct {
	id       string
	rfc      bool
	methods  []string
	codes    []int
	types    []mediaType
	given    []string // types as they are configured: what is equal need not be taken apart
	ttl      time.Duration
	negative time.Duration // ttl for errors; less than zero: the same
	storage  time.Duration // 0: as long as fresh
	control  bool
	foldCase bool
	params   []string // nil: all
	headers  []string
	claims   []claim // nil: none
	send     faces

	unkeyed, unkeyedTrusted httpcache.Names

	maxObject int64
	quota     int64
	collapse  time.Duration // how long to wait for another's fetch; 0: not
	open      bool          // cache_authorized
	cookies   bool
	noVary    bool
	pathType  bool
	onErr     bool // bypass_on_err
	policy    httpcache.Policy

	*hub
	remote *remote // nil for strategy memory

	now     func() time.Time
	log     *slog.Logger
	logged  atomic.Int64
	spawn   func(name string, run func(ctx context.Context))
	refresh chan struct{} // one element for each refresh that is under way
}

// faces says which fields about the cache are sent.
type faces struct{ age, status, key bool }

func (f faces) number() int {
	n := 0
	if f.status {
		n = 1
	}
	if f.key {
		n += 2
	}
	return n
}

// maxRefreshes is how many stale responses a configuration fetches again at a time.
const maxRefreshes = 128

func build(c config, env plugin.Env) (any, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	p := &cache{
		id: env.ID, rfc: c.RFC9111, methods: c.RequestMethod, codes: c.ResponseCode, ttl: seconds(c.CacheTTL), negative: -1,
		storage: seconds(c.StorageTTL), control: c.CacheControl, foldCase: c.IgnoreURICase, params: slices.Clone(c.VaryQueryParams),
		headers:   lowered(c.VaryHeaders),
		claims:    claimsOf(c.VaryClaims),
		send:      faces{c.ResponseHeaders.Age, c.ResponseHeaders.Status, c.ResponseHeaders.Key},
		maxObject: int64(c.MaxObject), quota: int64(c.Quota), open: c.Authorized, cookies: c.SetCookie, noVary: c.IgnoreVary,
		pathType: c.CheckPathType, onErr: c.BypassOnErr,
		policy: httpcache.Policy{Heuristic: c.Heuristic, HeuristicMax: seconds(c.HeuristicMax), StaleWhileRevalidate: seconds(c.SWR),
			StaleIfError: seconds(c.SIE), StaleMax: seconds(c.StaleMax), Keep: seconds(c.StorageTTL), SetCookie: c.SetCookie},
		now: env.Now, log: env.Log, spawn: env.Go, refresh: make(chan struct{}, maxRefreshes),
	}
	p.unkeyed, p.unkeyedTrusted = unkeyedBut(p.headers), unkeyedBut(append([]string{"forwarded"}, p.headers...))
	if c.Collapse {
		p.collapse = time.Duration(c.CollapseWait) * time.Millisecond
	}
	if c.NegativeTTL > 0 {
		p.negative = seconds(c.NegativeTTL)
	}
	for _, t := range c.ContentType {
		if m, ok := parseMediaType(t); ok {
			p.types, p.given = append(p.types, m), append(p.given, t)
		}
	}
	for i, name := range p.params {
		p.params[i] = strings.TrimSpace(name)
	}
	if c.Strategy == "redis" {
		r, err := openRemote(c.Redis.options(), time.Duration(c.MemoryTier*float64(time.Second)), env)
		if err != nil {
			return nil, err
		}
		p.remote = r
	}
	p.hub = acquireHub(env)
	return p, nil
}

// lowered returns header names in lower case.
func lowered(names []string) []string {
	list := slices.Clone(names)
	for i, n := range list {
		list[i] = strings.ToLower(strings.TrimSpace(n))
	}
	return list
}

// Close gives up what the configuration holds. Requests that are under way can still use it.
func (c *cache) Close() error {
	c.hub.release()
	if c.remote != nil {
		return c.remote.Close()
	}
	return nil
}

// logEvery is how often, in seconds, failures of Redis are logged.
const logEvery = 10

// failed logs that the shared store could not be used.
func (c *cache) failed(what string, err error) {
	now := c.now().Unix()
	if last := c.logged.Load(); now-last >= logEvery && c.logged.CompareAndSwap(last, now) && !errors.Is(err, context.Canceled) {
		c.log.Error("the cache's shared store failed", "what", what, "error", err)
	}
}
