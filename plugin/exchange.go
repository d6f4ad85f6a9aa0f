package plugin

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/netip"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/header"
)

// ErrExit is what Exit and Error return: the request is answered, later plugins of the phase and the upstream are skipped.
var ErrExit = errors.New("plugin: exchange ended")

// Exchange is one request and its response. It is valid until the last Recorder has returned; byte slices that it hands
// out are borrowed for the same time, strings are copies. It is used by one goroutine.
type Exchange struct {
	Request  Request
	Response Response
	Client   Client

	Route      *entity.Route    // nil before the route is found, and when none is
	Service    *entity.Service  // nil when the route has none
	Consumer   *entity.Consumer // set by Identify
	Credential Credential       // set by Identify

	Started time.Time // when the first byte of the request was read

	host   Host
	exited bool
	locals []any
	slot   int
	shared map[string]any
	filter []BodyFilter
}

// Host is what an exchange needs of the proxy that runs it. Plugins do not call it.
type Host interface {
	// RequestID returns the 32 lower-case hex digits that name the exchange.
	RequestID() string
	// ReadRequestBody returns the whole request body, read from the client on the first call.
	// ErrBodyTooLarge if it is longer than limit bytes (the bytes read so far are still forwarded).
	ReadRequestBody(limit int) ([]byte, error)
}

// ErrBodyTooLarge is returned by Request.Body when the body is over the limit.
var ErrBodyTooLarge = errors.New("plugin: body over the limit")

// Client is who sent the request.
type Client struct {
	Peer    netip.AddrPort       // the other end of the connection
	IP      netip.Addr           // the client after trusted_ips and real_ip_header
	Local   netip.AddrPort       // our end of the connection
	TLS     *tls.ConnectionState // nil without TLS
	Trusted bool                 // the peer is in trusted_ips
	Scheme  string               // "http" or "https", of the connection
	// What the client asked for, as seen through trusted proxies (X-Forwarded-*), else as received.
	ForwardedScheme, ForwardedHost string
	ForwardedPort                  int
	HTTPVersion                    string // "1.0", "1.1", "2", "3"
}

// Request is what goes upstream. It starts as what the client sent; a plugin changes it in Rewrite and Access.
type Request struct {
	Method string
	Header header.Fields // without Host, Connection and framing fields, which the proxy owns
	Host   string        // as the client sent it, with port
	// Target is the request target as received; Path is its normalised path, Query what follows the "?" (verbatim).
	Target []byte
	Path   []byte

	query        []byte // of the upstream request, without "?"
	upstreamPath []byte
	upstreamHost string
	body         []byte
	bodySet      bool
	x            *Exchange
}

// Response is what goes to the client. Fields added to Header before the response is known (in Access) stay on whatever
// response is sent; from HeaderFilter on it holds the response's own fields too.
type Response struct {
	Status int
	Header header.Fields
	// FromUpstream is true when the upstream (or a cache) made the response, false when the gateway or a plugin did.
	FromUpstream bool
	body         []byte
}

// Credential is what a consumer was identified by.
type Credential struct {
	ID         string // the credential entity's id
	ConsumerID string
	Identifier string // sent upstream as X-Credential-Identifier when not ""
}

// Finder looks things up in the configuration that the exchange runs under.
type Finder interface {
	// Consumer finds a consumer by id, username, or custom_id, in this order; nil if there is none.
	Consumer(key string) *entity.Consumer
	// Credential finds an entity of a credential kind ("keyauth_credentials", …) by its unique key; nil if there is none.
	// key may be borrowed.
	Credential(kind string, key []byte) any
}

// Exit ends the request with this response, in the compact form of Kong's kong.response.exit: a nil body sends none, a
// string or []byte is sent as it is, anything else as JSON. header holds names and values in turn.
func (x *Exchange) Exit(status int, body any, header ...string) error {
	x.begin(status, header)
	switch b := body.(type) {
	case nil:
	case []byte:
		x.Response.body = b
	case string:
		x.Response.body = []byte(b)
	default:
		j, err := json.Marshal(b)
		if err != nil {
			return err
		}
		x.Response.Header.Set("Content-Type", "application/json; charset=utf-8")
		x.Response.body = j
	}
	return ErrExit
}

func (x *Exchange) begin(status int, header []string) {
	x.exited = true
	x.Response.Status = status
	for i := 0; i+1 < len(header); i += 2 {
		x.Response.Header.Set(header[i], header[i+1])
	}
}

// RequestID returns the 32 hex digits of X-Kong-Request-Id.
func (x *Exchange) RequestID() string { return x.host.RequestID() }

// FilterBody registers f for the response body. It is called from HeaderFilter. Content-Length is dropped, as the new
// length is not known.
func (x *Exchange) FilterBody(f BodyFilter) { x.filter = append(x.filter, f) }

// Local returns what the running plugin stored with SetLocal in an earlier phase of this exchange, or nil.
func (x *Exchange) Local() any { return x.locals[x.slot] }

// SetLocal keeps v for the later phases of the running plugin in this exchange.
func (x *Exchange) SetLocal(v any) { x.locals[x.slot] = v }
