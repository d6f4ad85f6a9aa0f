// Package plugin is the contract between the gateway and its plugins. A plugin is declared with Define; an instance, made
// from one configuration, implements the phases that it needs: Rewriter, Accessor, Responder, HeaderFilter, Recorder, Closer. What a
// phase sees of the world is an Exchange: one request and its response. The package does not run anything: proxy walks the
// phases, snapshot makes the instances.
//
// # Plugins that keep responses
//
// A cache answers from Access with x.Serve: status, fields and a shared body that is not copied; the response counts as one of
// the upstream, and filters run on it as on any other. On a miss it decides in Respond, which sees the upstream's own fields,
// whether to keep the response, and registers an observer there with x.ObserveBody: parts of the body pass it on their way,
// and EndBody says whether the whole was received. To revalidate, Access sets If-None-Match on the request, and Respond replaces
// a 304, or an error while the stored response may still be used, with x.Serve. To refresh in the background, Access takes
// x.Detach along and answers; Detached.Do runs the upstream request later, in a task of Env.Go.
package plugin

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/schema"
	"github.com/gibbon-gateway/gibbon/state"
)

// Desc says what a plugin is, apart from its configuration.
type Desc struct {
	Name       string   // Kong's name, such as "key-auth"
	Version    string   // shown by GET /; defaults to the gateway's dialect version "3.9.3"
	Priority   int      // higher runs first; equal priorities run by name, descending
	Doc        string   // one sentence for reference docs and the console
	Protocols  []string // protocols that the plugin may be given; nil means grpc, grpcs, http, https
	NoConsumer bool     // the plugin may not be scoped to a consumer or consumer group
	NoService  bool     // the plugin may not be scoped to a service
	NoRoute    bool     // the plugin may not be scoped to a route
	Auth       bool     // the plugin identifies consumers: plugins below it are looked up with the consumer
	// Entities are kinds that exist for the plugin, such as its credentials, those that are referred to first. The gateway declares them
	// at the start: they have paths in the Admin API, lists in declarative files, schemas and tables as its own kinds have.
	Entities []*entity.Kind
	// Admin, if set, adds paths of the plugin's own to the Admin API. It is called once, at the start.
	Admin func(env AdminEnv) []AdminRoute
}

// AdminEnv is what a plugin's own Admin API paths get from the gateway.
type AdminEnv struct {
	Log *slog.Logger
	// Instances returns the instances of the plugin that are in force now, by the id of their configuration.
	Instances func() map[string]any
	// Pick finds the configuration of the plugin that a request would meet, in what is in force now, for a request on trial. Errors
	// name what was not found.
	Pick func(by Pick) (*Trial, error)
	// State is what instances get as Env.State.
	State state.Store
	// Transport, Secret and Cluster are as in Env.
	Transport func(next http.RoundTripper) http.RoundTripper
	Secret    func(name string) ([]byte, error)
	Cluster   state.Counters
}

// AdminRoute is a path of the Admin API that a plugin serves.
type AdminRoute struct {
	Pattern string // of http.ServeMux: "DELETE /proxy-cache/{cache_key}"
	Handler http.Handler
}

// Type is a declared plugin: its description, the schema of its configuration, and how an instance is made of one.
type Type struct {
	Desc
	Config *schema.Schema // of the config record
	build  func(config map[string]any, env Env) (any, error)
}

// Define declares a plugin whose configuration is C. Rules are checked on the configuration, with paths below "config".
// build is called once per stored configuration, off the hot path; what it returns must implement at least one phase.
func Define[C any](d Desc, build func(C, Env) (any, error), rules ...schema.Rule) *Type {
	if d.Version == "" {
		d.Version = "3.9.3"
	}
	s := schema.Of[C](rules...)
	return &Type{Desc: d, Config: s, build: func(config map[string]any, env Env) (any, error) {
		var c C
		if err := s.Bind(config, &c); err != nil {
			return nil, err
		}
		return build(c, env)
	}}
}

// DefineAtRunTime is Define for a plugin whose configuration is described at run time (schema.New), not by a struct: build gets the
// processed document itself.
func DefineAtRunTime(d Desc, config *schema.Schema, build func(config map[string]any, env Env) (any, error)) *Type {
	if d.Version == "" {
		d.Version = "3.9.3"
	}
	return &Type{Desc: d, Config: config, build: build}
}

// New makes an instance of a configuration that has passed the schema.
func (t *Type) New(config map[string]any, env Env) (any, error) { return t.build(config, env) }

// Schema returns the schema of a whole configuration of the plugin: scopes, protocols and config, as under GET /schemas/plugins/….
func (t *Type) Schema() *schema.Schema {
	return schema.Plugin(t.Config, schema.Scope{Protocols: t.Protocols, NoConsumer: t.NoConsumer, NoService: t.NoService, NoRoute: t.NoRoute})
}

// Scope holds the ids of what a plugin configuration is bound to; "" where it is not.
type Scope struct{ Route, Service, Consumer, ConsumerGroup string }

// Env is what an instance gets from the gateway. It stays valid until Close.
type Env struct {
	ID    string // the plugin configuration's id
	Scope Scope
	Log   *slog.Logger
	State state.Store // shared between nodes when the gateway is set so
	// Local is the state of this node alone; nil means that State is.
	Local state.Store
	// Cluster counts in the database that the nodes share; nil when there is none.
	Cluster state.Counters
	Find    Finder // credentials and consumers of the current configuration
	Ledger  Ledger // tokens and other entities that plugins issue
	Now     func() time.Time
	// Transport returns a transport for HTTP requests of the plugin's own: it reaches the provider inside this process by
	// the host names that it has in AWS, and everything else by next. Nil means that there is no provider.
	Transport func(next http.RoundTripper) http.RoundTripper
	// Secret returns 32 random bytes that all nodes of a database share, the same for the same name at every start.
	Secret func(name string) ([]byte, error)
	// Metrics makes what the plugin measures known.
	Metrics Metrics
	// Go runs a background task that is named in logs, and stopped (by its context) before Close is called.
	Go func(name string, run func(ctx context.Context))
}

// Types is the set of known plugins by name.
type Types map[string]*Type

// Declare makes the kinds of entities of the plugins known (entity.Declare), in the order of the plugins' names.
func (t Types) Declare() error {
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if err := entity.Declare(t[name].Entities...); err != nil {
			return fmt.Errorf("plugin '%s': %w", name, err)
		}
	}
	return nil
}

// The phases, in the order in which they run for a request. Each is found on an instance by type assertion when a
// configuration is compiled. In all of them an error other than ErrExit is logged and answered with status 500.

// Rewriter runs before a route is looked for; only globally configured plugins take part.
type Rewriter interface{ Rewrite(x *Exchange) error }

// Accessor runs after a route is found and before the upstream is asked. It may end the request with x.Exit or x.Error.
type Accessor interface{ Access(x *Exchange) error }

// Responder runs when the upstream has answered, or could not be asked or failed (then the response is the gateway's 502, 503 or
// 504 and Outcome.UpstreamErr is set), before any HeaderFilter. It may replace the response with x.Serve, x.Exit or x.Error; what the
// upstream sends is then dropped. It does not run for answers that Access made.
type Responder interface{ Respond(x *Exchange) error }

// HeaderFilter runs when the response head is known and not yet sent, also for responses that the gateway or a plugin
// made. To change the body it registers a BodyFilter with x.FilterBody.
type HeaderFilter interface{ HeaderFilter(x *Exchange) error }

// BodyFilter changes a response body as it passes. chunk is borrowed and may be changed in place; last is true once, on
// the final call, whose chunk may be empty. It returns what to send instead.
type BodyFilter interface {
	FilterBody(x *Exchange, chunk []byte, last bool) ([]byte, error)
}

// BodyObserver sees a response body pass, for those who keep it.
type BodyObserver interface {
	// ObserveBody is given a part. chunk is borrowed and must not be changed.
	ObserveBody(x *Exchange, chunk []byte)
	// EndBody is called exactly once for every registered observer, before the Recorders. complete is true when all of the body
	// was received and its framing was right; false when the upstream or the client broke off, or the response was replaced.
	EndBody(x *Exchange, complete bool)
}

// Recorder runs after the response was sent, for logs and metrics, in every exchange whose plugins were picked, however it went. It
// must not block.
type Recorder interface{ Record(x *Exchange) }

// CertificateReader is implemented by instances that may look at the certificates of TLS clients; those are asked for only while
// an instance says so.
type CertificateReader interface{ ReadsClientCertificate() bool }

// IdentitySetter is implemented by instances that tell the upstream who sends the request. IdentityFields returns the names of the
// request fields that they may set for this, in any case: what a client sends under these names as a trailer does not reach the
// upstream. Those that Identify sets (ConsumerFields) need not be named by a plugin whose Desc.Auth is set. It is asked once, when a
// configuration is compiled.
type IdentitySetter interface{ IdentityFields() []string }

// Closer stops the background work of an instance that left the configuration. Requests in flight may still call it.
type Closer interface{ Close() error }
