// Package plan says what a gateway is to do, apart from where that was written down. Its main type is Rule: which requests it takes,
// what is done to them, and where they are sent. Snapshots are built from rules alone, so that any source of configuration that
// makes them is served: Translate makes those of Kong's entities. The package compiles and runs nothing.
package plan

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
)

// Rule is what is done with the requests that match. Rules do not change: one that differs is another object, and one that stays
// the same object is not compiled again.
type Rule struct {
	// ID is different from that of all other rules of a Config.
	ID     string `json:"id"`
	Origin Origin `json:"origin"`
	// Off is why the rule is not in force although there is nothing wrong with it: "" when it is.
	Off string `json:"off,omitempty"`
	// Match is shared by rules that differ in all else: what is compiled of it is kept as long as it is the same object.
	Match *Match `json:"match"`
	Scope Scope  `json:"plugins,omitzero"`
	// PreserveHost sends the Host field of the request on, where no filter sets it.
	PreserveHost bool `json:"preserve_host,omitempty"`
	// RequestBuffering collects a request body that is not large before a backend is asked.
	RequestBuffering bool `json:"request_buffering,omitempty"`
	// Backends get the requests, in shares of their weights. Without any, requests are answered with Kong's 503; when no weight is
	// above 0, with 500.
	Backends []Weighted `json:"backends"`
	Filters  []Filter   `json:"filters,omitempty"`
	Timeouts Timeouts   `json:"timeouts,omitzero"`
	Retry    *Retry     `json:"retry,omitempty"`    // nil: as the backend says
	Affinity *Affinity  `json:"affinity,omitempty"` // nil: none
}

// Origin is the object that a rule or a part of it was made of. Problems and statuses name it.
type Origin struct {
	Kind      string `json:"kind"` // "routes", "services", …: a kind of entity; or of the object of another source, as "HTTPRoute"
	ID        string `json:"id"`
	Name      string `json:"name,omitempty"`
	Namespace string `json:"namespace,omitempty"`
}

// String names the object in errors: "route <id>", or "HTTPRoute <namespace>/<name>".
func (o Origin) String() string {
	kind := o.Kind
	if strings.ToLower(kind) == kind {
		kind = strings.TrimSuffix(kind, "s")
	}
	if o.Namespace != "" && o.Name != "" {
		return kind + " " + o.Namespace + "/" + o.Name
	}
	return kind + " " + o.ID
}

// Problem says that the object was left out, and why.
func (o Origin) Problem(err error) entity.Problem {
	return entity.Problem{Kind: o.Kind, ID: o.ID, Err: err}
}

// Scope is what plugins see of a rule, and are bound to.
type Scope struct {
	// Route is what plugins see as the exchange's route; plugins bound to its ID run. Without one they see a route that has
	// the ID of the rule and the name of its origin.
	Route *entity.Route
	// Service is the service whose plugins run. Plugins see that of the backend.
	Service *entity.Service
}

// MarshalJSON shows the ids.
func (s Scope) MarshalJSON() ([]byte, error) {
	var ids struct {
		Route   string `json:"route,omitempty"`
		Service string `json:"service,omitempty"`
	}
	if s.Route != nil {
		ids.Route = s.Route.ID
	}
	if s.Service != nil {
		ids.Service = s.Service.ID
	}
	return json.Marshal(ids)
}

// Match says which requests a rule takes: those that meet every list that is not empty, each by one of its entries.
type Match struct {
	Protocols []string    `json:"protocols"` // http, https, grpc, grpcs
	Hosts     []string    `json:"hosts,omitempty"`
	Paths     []Path      `json:"paths,omitempty"`
	Methods   []string    `json:"methods,omitempty"`
	Headers   []Condition `json:"headers,omitempty"` // all of them must be met
	Query     []Condition `json:"query,omitempty"`   // all of them must be met
	SNIs      []string    `json:"snis,omitempty"`    // count for requests over TLS
	// Listeners are addresses of ours that connections come to: "ip:port", or ":port" for any address.
	Listeners []string `json:"listeners,omitempty"`
	// FoldHosts compares hosts without regard to case, as URLs have it. Kong does not.
	FoldHosts bool  `json:"fold_hosts,omitempty"`
	Order     Order `json:"order,omitzero"`
	// StripPath cuts off what the path matched before the path of the backend is put in front.
	StripPath bool `json:"strip_path,omitempty"`
	// HTTPSRedirect is the status of the answer to a request without TLS when Protocols has https only: 301, 302, 307 or 308
	// send it to the https URL, all else is 426.
	HTTPSRedirect int `json:"https_redirect_status,omitempty"`
}

// PathKind is how a path is compared.
type PathKind string

// The kinds of path.
const (
	Prefix   PathKind = "prefix"   // the path starts with these bytes, as Kong has it
	Segments PathKind = "segments" // the path starts with these segments: /a takes /a, /a/ and /a/b, not /ab
	Exact    PathKind = "exact"    // the path is this
	Regex    PathKind = "regex"    // the start of the path matches this expression
)

// Path is a path to compare with, in normal form.
type Path struct {
	Kind  PathKind `json:"kind"`
	Value string   `json:"value"`
}

// Condition is met by a request one of whose fields, or the first of whose query arguments, of a name has one of the values or
// matches one of the expressions.
type Condition struct {
	Name     string   `json:"name"`
	Values   []string `json:"values,omitempty"`
	Patterns []string `json:"patterns,omitempty"`
	// Fold compares fields as Kong does: without regard to case in values, with "_" for "-" in names. Names of fields never
	// have a case.
	Fold bool `json:"fold,omitempty"`
}

// Order says which of the rules that take a request wins: that of the higher tier; in a tier, those with a key before those
// without, the key that is smaller by its bytes first; among those without, the larger priority by Kong's rules, and then the
// larger ID.
type Order struct {
	Tier          int    `json:"tier,omitempty"`
	Key           string `json:"key,omitempty"`
	RegexPriority int    `json:"regex_priority,omitempty"`
}

// Timeouts bound what a rule does. Zero is no bound.
type Timeouts struct {
	Request Duration `json:"request,omitempty"` // from the request's arrival to the end of its response, all tries together
	Backend Duration `json:"backend,omitempty"` // of one try, from connecting to the end of its response
}

// Retry says when a request is sent again. It replaces the number of tries that a backend has.
type Retry struct {
	Attempts int `json:"attempts"` // further tries at most
	// Codes are the statuses after which another try is made, whatever the method, if the whole request body is at hand. Failures to
	// get an answer are tried again as without a Retry.
	Codes   []int    `json:"codes,omitempty"`
	Backoff Duration `json:"backoff,omitempty"` // before each further try
}

// Affinity keeps the requests of a session at one backend, and at one of its addresses, as long as it is there.
type Affinity struct {
	Kind AffinityKind `json:"kind"`
	Name string       `json:"name"` // of the cookie or field
	// TTL is how long a cookie is kept; 0: until the browser is closed.
	TTL Duration `json:"ttl,omitempty"`
}

// AffinityKind is where a client keeps what its session is known by.
type AffinityKind string

// The kinds of affinity.
const (
	Cookie AffinityKind = "cookie"
	Header AffinityKind = "header"
)

// Duration is a time.Duration that is written as "1.5s".
type Duration time.Duration

// MarshalText writes the duration.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// GRPC reports whether the rule takes calls of gRPC.
func (m *Match) GRPC() bool {
	return slices.Contains(m.Protocols, "grpc") || slices.Contains(m.Protocols, "grpcs")
}

// Plain reports whether the rule does no more than Kong's routes can say: one backend at most, and nothing of what rules add.
func (r *Rule) Plain() bool {
	if len(r.Backends) > 1 || len(r.Filters) > 0 || r.Timeouts != (Timeouts{}) || r.Retry != nil || r.Affinity != nil {
		return false
	}
	for i := range r.Backends {
		if w := &r.Backends[i]; w.Weight == 0 || w.Backend == nil || len(w.Filters) > 0 {
			return false
		}
	}
	return true
}
