package plugin

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/header"
)

// Pick says which configuration of a plugin is meant: one by its id, or the one that a request of a route, or of a service's routes
// without plugins of their own, would meet. Exactly one of the three is set.
type Pick struct {
	Plugin  string // id of a configuration
	Route   string // id or name
	Service string // id or name
	Scheme  string // "http" or "https", by which the request comes; "" is the first that the route takes
}

// Trial is a request that no client has sent, and what it would meet. AdminEnv.Pick makes it; whoever tries it fills in the
// request. Run takes it through Access, as the proxy does with a client's, and no further: no upstream is asked. Whatever else Access
// does happens: the plugin asks whom it asks for a request, remembers, counts and keeps sessions.
type Trial struct {
	Name     string   // of the plugin
	ID       string   // of its configuration
	Accessor Accessor // the instance
	Scope    Scope    // of the configuration
	Route    *entity.Route
	Service  *entity.Service
	// Normalize makes a request's path what the proxy would make of it; it reports false for one that is answered with 400. Nil
	// leaves it as it is.
	Normalize func(path []byte) ([]byte, bool)

	Method string        // "" is GET
	Target string        // path and query; "" is "/"
	Host   string        // with port, as clients send it; "" is localhost
	Header header.Fields // without Host
	Body   []byte
	Client Client // Scheme "" is http. What a client is seen to ask for (ForwardedScheme, …) follows Scheme and Host where it is not set
	Trace  *Trace // of the exchange; may be nil
}

// ErrBadTarget means that the target of a Trial is none that the proxy would take.
var ErrBadTarget = errors.New("the request target is not acceptable")

// Exchange makes the exchange of the trial, as it is before the first phase, run by h; nil is a host for trials.
func (t *Trial) Exchange(h Host) (*Exchange, error) {
	if h == nil {
		h = newTrialHost(t.Body)
	}
	x := new(Exchange)
	d := Drive(x)
	d.Begin(h)
	d.Slots(1)
	d.SetTrace(t.Trace)
	r, target := &x.Request, []byte(cmp.Or(t.Target, "/"))
	path, query, has := bytes.Cut(target, []byte("?"))
	if t.Normalize != nil {
		var ok bool
		if path, ok = t.Normalize(path); !ok {
			return nil, ErrBadTarget
		}
	}
	r.Method, r.Host, r.Target, r.Path, r.Length = cmp.Or(t.Method, http.MethodGet), cmp.Or(t.Host, "localhost"), target, path, int64(len(t.Body))
	d.StartQuery(query, has)
	r.Header.Extend(&t.Header)
	x.Route, x.Service, x.Started, x.Client = t.Route, t.Service, time.Now(), t.client(r.Host)
	return x, nil
}

// client completes what is known of the client.
func (t *Trial) client(host string) Client {
	c := t.Client
	c.Scheme = cmp.Or(c.Scheme, "http")
	c.HTTPVersion = cmp.Or(c.HTTPVersion, "1.1")
	contentType, _ := t.Header.Known(header.ContentType)
	c.GRPC = c.HTTPVersion == "2" && GRPCContent(contentType)
	c.ForwardedScheme = cmp.Or(c.ForwardedScheme, c.Scheme)
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = host, ""
	}
	c.ForwardedHost = cmp.Or(c.ForwardedHost, strings.ToLower(name))
	if c.ForwardedPort == 0 {
		if n, err := strconv.ParseUint(port, 10, 16); err == nil {
			c.ForwardedPort = int(n)
		} else if c.ForwardedPort = 80; c.ForwardedScheme == "https" {
			c.ForwardedPort = 443
		}
	}
	if !c.IP.IsValid() {
		if c.IP = c.Peer.Addr(); !c.IP.IsValid() {
			c.IP = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		}
	}
	if !c.Peer.IsValid() {
		c.Peer = netip.AddrPortFrom(c.IP, 1)
	}
	return c
}

// Run takes the request through the plugin's Access. The exchange says what came of it: Response, if Exited, else the request as the
// upstream would see it. An error that the plugin has not foreseen is answered with 500, as the proxy does, and returned beside.
func (t *Trial) Run() (x *Exchange, failed error) {
	x, err := t.Exchange(nil)
	if err != nil {
		return nil, err
	}
	t.Trace.Enter(t.Name)
	if err := t.access(x); err != nil && !errors.Is(err, ErrExit) {
		failed = err
		_ = x.Error(http.StatusInternalServerError, "") // it is ErrExit
	}
	return x, failed
}

func (t *Trial) access(x *Exchange) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return t.Accessor.Access(x)
}

// trialHost is the host of a trial's exchange.
type trialHost struct {
	id   string
	body []byte
}

func newTrialHost(body []byte) *trialHost {
	var id [16]byte
	_, _ = rand.Read(id[:]) // it cannot fail
	return &trialHost{hex.EncodeToString(id[:]), body}
}

func (h *trialHost) RequestID() string { return h.id }

func (h *trialHost) ReadRequestBody(limit int) ([]byte, error) {
	if len(h.body) > limit {
		return nil, ErrBodyTooLarge
	}
	return h.body, nil
}

func (h *trialHost) Capture(string) (string, bool) { return "", false }

func (h *trialHost) Detach(*Exchange) func(context.Context, *Detached) (*Fetched, error) {
	return func(context.Context, *Detached) (*Fetched, error) {
		return nil, errors.New("no upstream is asked on trial")
	}
}

// UpstreamPath implements Host: a trial does not match its path, so what a route makes of it is not known.
func (h *trialHost) UpstreamPath() string { return "" }
