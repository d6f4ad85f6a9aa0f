// Package admin is the Admin API: Kong's, derived from the table of entity kinds. Its one function is New, which returns an
// http.Handler. Documents are read and written in transactions of a store; what belongs to other parts of the gateway
// (settings, counters, health of targets, declarative files) comes in through Options. The package listens on nothing and
// keeps nothing.
package admin

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/plan"
	"github.com/gibbon-gateway/gibbon/internal/source"
	"github.com/gibbon-gateway/gibbon/internal/store"
	"github.com/gibbon-gateway/gibbon/plugin"
	"github.com/gibbon-gateway/gibbon/schema"
)

// Dialect is the version of Kong whose Admin API this is; clients choose by it how to speak.
const Dialect = "3.9.3"

// Options are what the Admin API needs of the rest of the gateway. Store or Declared, Plugins and Version must be set.
type Options struct {
	Store store.Store
	// Declared is set in place of Store when there is no database: everything can be read, and be replaced by POST /config.
	Declared *source.Declared
	Plugins  plugin.Types
	Version  string // of the gateway itself
	NodeID   string
	Log      *slog.Logger // nil means slog.Default()

	// GUIURLs are where Kong Manager or the console is reached (admin_gui_url): the pages that browsers may let use the
	// API. Without any, those from this machine and from the host that the API is asked by.
	GUIURLs []string

	Settings func() map[string]any   // all settings by key, secrets masked; shown by GET /
	Counters func() Counters         // of the proxy; shown by GET /status
	Problems func() []entity.Problem // objects that are left out of what is in force
	// Rules returns what requests are matched to, ordered by ID; shown by GET /gibbon/rules.
	Rules func() []plan.Status
	// Health tells how the balancer sees a target of an upstream. Without it every target is HEALTHCHECKS_OFF.
	Health func(upstream *entity.Upstream, target *entity.Target) TargetHealth
	// SetHealth makes a target, or one of its addresses if address is not "", healthy or unhealthy until checks say otherwise.
	SetHealth func(upstreamID, target, address string, healthy bool) error
	// PluginEnv returns what a plugin's own paths get. Without it plugins have none.
	PluginEnv func(name string) plugin.AdminEnv
}

// Counters are what the proxy has counted since its start.
type Counters struct {
	Active, Reading, Writing, Waiting int64 // connections now
	Accepted, Handled, Requests       int64 // since the start
}

// TargetHealth is how the balancer sees a target. Health is Kong's word: HEALTHY, UNHEALTHY, HEALTHCHECKS_OFF, DNS_ERROR.
type TargetHealth struct {
	Health    string
	Addresses []Address
}

// Address is one address of a target.
type Address struct {
	IP     string
	Port   int
	Weight int
	Health string
}

// documents is what the Admin API needs of a store.
type documents interface {
	View(ctx context.Context, fn func(store.Tx) error) error
	Update(ctx context.Context, fn func(store.Tx) error) error
}

// api is the handler.
type api struct {
	Options
	Store    documents // Options.Store, or what stands for it
	root     node
	patterns []string
	whole    map[string]*schema.Schema // of plugins, with all that entities of them have
	origins  []string
	moved    bool // some plugin has fields under names of before, which are shown, too
}

// New returns the Admin API.
func New(o Options) http.Handler {
	a := &api{Options: o, Store: o.Store, whole: map[string]*schema.Schema{}}
	if a.Log == nil {
		a.Log = slog.Default()
	}
	if a.Declared != nil {
		a.Store = &fixed{declared: a.Declared}
	}
	for _, u := range o.GUIURLs {
		if p, err := url.Parse(u); err == nil && p.Host != "" {
			a.origins = append(a.origins, p.Scheme+"://"+p.Host)
		}
	}
	for name, t := range o.Plugins {
		a.whole[name] = t.Schema()
		a.moved = a.moved || t.Config.HasMoved()
	}
	a.mountNode()
	a.mountRules()
	a.mountSchemas()
	a.mountEntities()
	a.mountPlugins()
	slices.Sort(a.patterns)
	return a
}

// ServeHTTP implements http.Handler.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Server", "gibbon/"+a.Version)
	t := &timed{ResponseWriter: w, start: time.Now()}
	c := &call{api: a, w: t, r: r, query: r.URL.Query()}
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler || t.wrote {
				panic(p)
			}
			a.Log.Error("admin: panic", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			c.send(fail(http.StatusInternalServerError, unexpected).reply())
		}
	}()
	allowed := a.cors(h, r)
	end, params := a.root.find(segments(r.URL.EscapedPath()))
	switch {
	case end == nil:
		c.send(notFound.reply())
	case r.Method == http.MethodOptions:
		c.options(end)
	case !allowed && r.Method != http.MethodGet && r.Method != http.MethodHead:
		c.send(fail(http.StatusForbidden, "Requests of pages from "+r.Header.Get("Origin")+
			" are not accepted; set admin_gui_url if they should be").reply())
	default:
		c.params = params
		c.serve(end)
	}
}

// cors sets the fields that tell browsers which pages may use the API. It reports whether the page that the request comes
// from, if any, is one of them: a form of any page in the world can be sent here, and browsers ask nobody before.
func (a *api) cors(h http.Header, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	allowed := origin == "" || slices.Contains(a.origins, origin) || len(a.origins) == 0 && nearby(origin, r.Host)
	show := origin
	switch {
	case len(a.origins) > 0 && (origin == "" || !allowed):
		show = a.origins[0]
	case origin == "":
		show = "*"
	}
	if len(a.origins) > 0 || allowed {
		h.Set("Access-Control-Allow-Origin", show)
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if len(a.origins) > 0 || origin != "" {
		h.Add("Vary", "Origin")
	}
	return allowed
}

// nearby reports whether an origin is on this machine or on the host that was asked.
func nearby(origin, host string) bool {
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	asked, err := url.Parse("//" + host)
	if err != nil {
		return false
	}
	name := u.Hostname()
	return name == "localhost" || name == "127.0.0.1" || name == "::1" || name != "" && name == asked.Hostname()
}

// options answers an OPTIONS request: which methods the path has, and what a browser may send.
func (c *call) options(e *endpoint) {
	methods := strings.Join(e.allow(), ", ")
	h := c.w.Header()
	h.Set("Allow", methods)
	h.Set("Access-Control-Allow-Methods", methods)
	headers := c.r.Header.Get("Access-Control-Request-Headers")
	if headers == "" {
		headers = "Content-Type"
	}
	h.Set("Access-Control-Allow-Headers", headers)
	c.w.WriteHeader(http.StatusNoContent)
}

// serve runs the endpoint's action for the method.
func (c *call) serve(e *endpoint) {
	method := c.r.Method
	if method == http.MethodHead && e.methods[method] == nil {
		method = http.MethodGet
	}
	if h := e.handlers[method]; h != nil {
		for name, value := range c.params {
			c.r.SetPathValue(name, value)
		}
		h.ServeHTTP(c.w, c.r)
		return
	}
	act := e.methods[method]
	if act == nil {
		c.send(notAllowed.reply())
		return
	}
	if !e.raw {
		if err := c.readBody(); err != nil {
			c.refuse(err)
			return
		}
	}
	rep, err := act(c)
	if err != nil {
		c.refuse(err)
		return
	}
	c.send(rep)
}

// timed adds X-Kong-Admin-Latency, the milliseconds until the answer began.
type timed struct {
	http.ResponseWriter
	start time.Time
	wrote bool
}

func (t *timed) WriteHeader(status int) {
	if !t.wrote {
		t.wrote = true
		t.Header().Set("X-Kong-Admin-Latency", strconv.FormatInt(time.Since(t.start).Milliseconds(), 10))
	}
	t.ResponseWriter.WriteHeader(status)
}

func (t *timed) Write(b []byte) (int, error) {
	if !t.wrote {
		t.WriteHeader(http.StatusOK)
	}
	return t.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (t *timed) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// mountPlugins adds the paths that plugins serve themselves.
func (a *api) mountPlugins() {
	if a.PluginEnv == nil {
		return
	}
	for name, t := range a.Plugins {
		if t.Admin == nil {
			continue
		}
		for _, r := range t.Admin(a.PluginEnv(name)) {
			method, pattern, ok := strings.Cut(r.Pattern, " ")
			if !ok || !strings.HasPrefix(pattern, "/") {
				panic(fmt.Sprintf("admin: plugin %s: bad pattern %q", name, r.Pattern))
			}
			a.at(pattern).handlers[method] = r.Handler
		}
	}
}
