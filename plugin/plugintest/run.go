package plugintest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// Instance is a plugin with a configuration.
type Instance struct {
	Plugin any // what the type's build function returned
	T      testing.TB
}

// Request is what a client sends. Empty fields get useful values.
type Request struct {
	Method     string   // "GET"
	Target     string   // "/"; with query
	Host       string   // "example.com"
	Header     []string // names and values in turn
	Body       string
	Peer       string // "203.0.113.9:4711"
	TLS        *tls.ConnectionState
	HTTP       string            // "1.1"
	Captures   map[string]string // of the route's regular expression
	Upstream   string            // the path that route and service make of the target's; that one
	BodyErr    error             // what reading the body fails with
	Trailer    []string          // behind the body: names and values in turn
	Route      *entity.Route
	Service    *entity.Service
	Consumer   *entity.Consumer // identified by another plugin before
	Credential plugin.Credential
	Trace      *plugin.Trace // of the exchange
	// Fetch answers detached requests; nil fails them.
	Fetch func(ctx context.Context, d *plugin.Detached) (*plugin.Fetched, error)
}

// Reply is what the upstream answers.
type Reply struct {
	Status  int      // 200
	Header  []string // names and values in turn
	Body    []string // the pieces in which the body comes
	Trailer []string // behind the body: names and values in turn
	Cut     error    // the body broke off behind Body, for this reason
}

// Result is what came of a request.
type Result struct {
	Exchange *plugin.Exchange
	Err      error // of a phase; ErrExit is none
	Exited   bool  // the plugin answered; the upstream was not asked
	Upstream Upstream
	Status   int
	Header   []string // "Name: value" lines of the response, in order
	Body     string
	Trailer  []string // "Name: value" lines behind the body, in order
}

// Upstream is the request that the upstream would have been asked. Path is "" unless the plugin has set it.
type Upstream struct {
	Method, Path, Query, Host, Body string
	Header                          []string // "Name: value" lines, in order
	Trailer                         []string // the same, behind the body
}

// requestID is the id of all requests here.
const requestID = "0123456789abcdef0123456789abcdef"

// host is what an exchange needs of a proxy.
type host struct {
	in    *Request
	x     *plugin.Exchange
	ended bool // the request body was read to its end
}

func (h *host) RequestID() string { return requestID }

func (h *host) ReadRequestBody(limit int) ([]byte, error) {
	switch {
	case h.in.BodyErr != nil:
		return nil, h.in.BodyErr
	case len(h.in.Body) > limit:
		return nil, plugin.ErrBodyTooLarge
	}
	h.end()
	return []byte(h.in.Body), nil
}

// end says what stands behind the request body, once.
func (h *host) end() {
	if h.ended {
		return
	}
	h.ended = true
	var t header.Fields
	add(&t, h.in.Trailer)
	plugin.Drive(h.x).SetRequestTrailer(&t)
}

func (h *host) Capture(name string) (string, bool) {
	v, ok := h.in.Captures[name]
	return v, ok
}

func (h *host) UpstreamPath() string { return cmp.Or(h.in.Upstream, string(h.x.Request.Path)) }

func (h *host) Detach(*plugin.Exchange) func(ctx context.Context, d *plugin.Detached) (*plugin.Fetched, error) {
	if h.in.Fetch == nil {
		return func(context.Context, *plugin.Detached) (*plugin.Fetched, error) { return nil, errNoFetch }
	}
	return h.in.Fetch
}

var errNoFetch = errors.New("plugintest: the request has no Fetch")

// Exchange makes an exchange as it is before the first phase, for tests that call a phase themselves.
func Exchange(in Request) *plugin.Exchange {
	x, _ := start(in)
	return x
}

func start(in Request) (*plugin.Exchange, *host) {
	t := plugin.Trial{Method: in.Method, Target: in.Target, Host: cmp.Or(in.Host, "example.com"), Route: in.Route, Service: in.Service, Trace: in.Trace}
	add(&t.Header, in.Header)
	local := netip.MustParseAddrPort("127.0.0.1:8000")
	t.Client = plugin.Client{Peer: netip.MustParseAddrPort(cmp.Or(in.Peer, "203.0.113.9:4711")), Local: local, ForwardedPort: int(local.Port()),
		Scheme: "http", TLS: in.TLS, HTTPVersion: in.HTTP}
	if in.TLS != nil {
		t.Client.Scheme = "https"
	}
	h := &host{in: &in}
	x, _ := t.Exchange(h) // it fails on paths that cannot be normalised alone
	h.x = x
	if in.Consumer != nil || in.Credential != (plugin.Credential{}) {
		x.Identify(in.Consumer, in.Credential)
	}
	return x, h
}

func add(h *header.Fields, pairs []string) {
	for pair := range slices.Chunk(pairs, 2) {
		h.Add(pair[0], pair[1])
	}
}

// Run takes a request through all phases of the instance. An error of Rewrite or Access, other than an exit, ends the run.
func (i *Instance) Run(in Request, reply Reply) *Result {
	x, h := start(in)
	d := plugin.Drive(x)
	r := &Result{Exchange: x}
	if p, ok := i.Plugin.(plugin.Rewriter); ok {
		r.Err = p.Rewrite(x)
	}
	if p, ok := i.Plugin.(plugin.Accessor); ok && r.Err == nil {
		r.Err = p.Access(x)
	}
	if errors.Is(r.Err, plugin.ErrExit) {
		r.Err, r.Exited = nil, true
	}
	if r.Err != nil {
		return r
	}
	pieces := reply.Body
	if r.Exited {
		pieces = []string{string(x.Response.Body())}
	} else {
		if in.BodyErr == nil {
			h.end()
		}
		r.Upstream = upstream(x, in.Body)
		var fields header.Fields
		add(&fields, reply.Header)
		d.Known(cmp.Or(reply.Status, 200), &fields)
		if p, ok := i.Plugin.(plugin.Responder); ok {
			if r.Err = p.Respond(x); errors.Is(r.Err, plugin.ErrExit) {
				r.Err, pieces = nil, []string{string(x.Response.Body())}
				d.EndObserved(false)
			}
		}
		if r.Err != nil {
			return r
		}
	}
	if p, ok := i.Plugin.(plugin.HeaderFilter); ok {
		if r.Err = p.HeaderFilter(x); r.Err != nil {
			return r
		}
	}
	for _, piece := range pieces {
		d.Observe([]byte(piece))
	}
	if x.Response.FromUpstream && !d.Exited() && reply.Cut == nil {
		var t header.Fields
		add(&t, reply.Trailer)
		d.SetResponseTrailer(&t)
	}
	d.EndObserved(reply.Cut == nil)
	x.Outcome.UpstreamErr = reply.Cut
	r.filter(d, pieces)
	r.Status, r.Header, r.Trailer = x.Response.Status, lines(&x.Response.Header), lines(x.Response.Trailer())
	if p, ok := i.Plugin.(plugin.Recorder); ok {
		p.Record(x)
	}
	return r
}

func (r *Result) filter(d *plugin.Driver, pieces []string) {
	if !d.Filtered() {
		r.Body = strings.Join(pieces, "")
		return
	}
	if r.Exchange.Outcome.UpstreamErr == nil {
		pieces = append(slices.Clone(pieces), "")
	}
	for n, piece := range pieces {
		out, err := d.Filter([]byte(piece), n == len(pieces)-1 && r.Exchange.Outcome.UpstreamErr == nil)
		if err != nil {
			r.Err = err
			return
		}
		r.Body += string(out)
	}
}

func upstream(x *plugin.Exchange, body string) Upstream {
	d := plugin.Drive(x)
	query, _ := d.Query()
	if b, set := d.RequestBody(); set {
		body = string(b)
	}
	return Upstream{Method: x.Request.Method, Path: d.UpstreamPath(), Query: string(query),
		Host: cmp.Or(d.UpstreamHost(), x.Request.Host), Body: body, Header: lines(&x.Request.Header), Trailer: lines(x.Request.Trailer())}
}

func lines(h *header.Fields) (out []string) {
	for name, value := range h.All() {
		out = append(out, string(name)+": "+string(value))
	}
	return out
}

// Get returns the first value of a response field, or "".
func (r *Result) Get(name string) string { return get(r.Header, name) }

// Get returns the first value of a request field, or "".
func (u *Upstream) Get(name string) string { return get(u.Header, name) }

func get(lines []string, name string) string {
	for _, l := range lines {
		if n, v, ok := strings.Cut(l, ": "); ok && strings.EqualFold(n, name) {
			return v
		}
	}
	return ""
}
