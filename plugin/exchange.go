package plugin

import (
	"context"
	"crypto/tls"
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
	// ConsumerGroups are the groups that the request counts to, ordered by name (entity.SortConsumerGroups), where they are not
	// those that Consumer is in; nil means these. An authentication plugin sets them after Identify, which clears them. Plugins
	// below it are picked for them.
	ConsumerGroups []*entity.ConsumerGroup

	Started time.Time // when the first byte of the request was read
	Outcome Outcome   // how it went; for Recorders

	host      Host
	trace     *Trace // nil unless somebody wants to know
	exited    bool
	locals    []any
	slot      int
	shared    map[string]any
	filter    []boundFilter
	observers []boundObserver
	early     header.Fields // of the response, added before it was known
	known     bool          // the response is known: an answer now replaces it
}

// Host is what an exchange needs of the proxy that runs it. Plugins do not call it.
type Host interface {
	// RequestID returns the 32 lower-case hex digits that name the exchange.
	RequestID() string
	// ReadRequestBody returns the whole request body, read from the client on the first call.
	// ErrBodyTooLarge if it is longer than limit bytes (the bytes read so far are still forwarded).
	ReadRequestBody(limit int) ([]byte, error)
	// Capture returns what a group of the route's regular expression matched, by number or name.
	Capture(name string) (string, bool)
	// UpstreamPath returns the path that route and service make of the request's; "" without a service.
	UpstreamPath() string
	// Detach returns what runs the exchange's upstream request, as it is now, apart from the exchange.
	Detach(x *Exchange) func(ctx context.Context, d *Detached) (*Fetched, error)
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
	// What the client asked for, as seen through trusted proxies (X-Forwarded-*), else as received. ForwardedHost has no port.
	ForwardedScheme, ForwardedHost string
	ForwardedPort                  int
	HTTPVersion                    string // "1.0", "1.1", "2", "3"
	// GRPC says that the client speaks gRPC: the request came over HTTP/2 with a Content-Type of gRPC (GRPCContent). What plugins make
	// of the Content-Type does not count.
	GRPC bool
}

// Credential is what a consumer was identified by.
type Credential struct {
	ID         string // the credential entity's id
	ConsumerID string
	Identifier string // sent upstream as X-Credential-Identifier when not ""
}

// Outcome is how an exchange went, complete when Recorders run.
type Outcome struct {
	Total     time.Duration  // from Started until the response was sent
	Gateway   time.Duration  // until the upstream was asked; Total for responses that the gateway made
	Upstream  time.Duration  // from then until the response head; 0 if no upstream was asked
	Tries     int            // addresses that were asked
	Address   netip.AddrPort // the last of them
	Target    []byte         // path and query that it was asked for, borrowed
	Status    int            // that it answered with; 0 if it did not, or not in whole heads
	Received  int64          // bytes of the request body
	Sent      int64          // bytes of the response: head, framing and body
	ClientErr error          // the client went away, or could not be sent to
	// UpstreamErr is why the upstream gave no response, or not all of it. A response that was made instead does not clear it.
	UpstreamErr error
}

// Finder looks things up in the configuration that the exchange runs under.
type Finder interface {
	// Consumer finds a consumer by id, username, or custom_id, in this order; nil if there is none.
	Consumer(key string) *entity.Consumer
	// Credential finds an entity of a credential kind ("keyauth_credentials", …) by its unique key; nil if there is none.
	// key may be borrowed.
	Credential(kind string, key []byte) any
	// Entities returns the whole configuration, for what few plugins ask for: certificates, groups.
	Entities() *entity.Set
}

// Identify says who sends the request, and sets or clears the fields that tell the upstream: X-Consumer-ID,
// X-Consumer-Custom-ID, X-Consumer-Username, X-Credential-Identifier, and X-Anonymous-Consumer for a zero credential. Plugins
// below the present one are picked for the consumer and the consumer groups that it is in. A nil consumer takes an earlier one back.
func (x *Exchange) Identify(consumer *entity.Consumer, credential Credential) {
	x.Consumer, x.Credential, x.ConsumerGroups = consumer, credential, nil
	h := &x.Request.Header
	h.DelIDs(identity)
	if consumer != nil {
		setNotEmpty(h, header.XConsumerID, consumer.ID)
		setNotEmpty(h, header.XConsumerCustomID, consumer.CustomID)
		setNotEmpty(h, header.XConsumerUsername, consumer.Username)
	}
	setNotEmpty(h, header.XCredentialIdentifier, credential.Identifier)
	if credential == (Credential{}) && consumer != nil {
		h.Add(header.XAnonymousConsumer.String(), "true")
	}
}

var identity = header.IDs(header.XConsumerID, header.XConsumerCustomID, header.XConsumerUsername,
	header.XCredentialIdentifier, header.XAnonymousConsumer)

// ConsumerFields returns the names of the request fields that Identify sets.
func ConsumerFields() []string {
	return []string{header.XConsumerID.String(), header.XConsumerCustomID.String(), header.XConsumerUsername.String(),
		header.XCredentialIdentifier.String(), header.XAnonymousConsumer.String()}
}

func setNotEmpty(h *header.Fields, id header.ID, value string) {
	if value != "" {
		h.Add(id.String(), value)
	}
}

// RequestID returns the 32 hex digits of X-Kong-Request-Id.
func (x *Exchange) RequestID() string { return x.host.RequestID() }

// Trace returns what collects the steps of this exchange: nil, whose methods do nothing, unless somebody has asked for them.
func (x *Exchange) Trace() *Trace { return x.trace }

// Capture returns what a group of the route's path expression matched: by number ("0" is all of it) or by name. It reports
// false when there is no such group.
func (x *Exchange) Capture(name string) (string, bool) { return x.host.Capture(name) }

// FilterBody registers f for the response body. It is called from HeaderFilter. Content-Length is dropped, as the new
// length is not known. Filters run in the order of their registration, each on what the one before it returned.
func (x *Exchange) FilterBody(f BodyFilter) {
	x.filter = append(x.filter, boundFilter{f, x.slot})
}

// ObserveBody registers o for the response body as the upstream sends it, before filters change it. It is called from Respond
// or HeaderFilter. The response is not held back and keeps its Content-Length.
func (x *Exchange) ObserveBody(o BodyObserver) {
	x.observers = append(x.observers, boundObserver{o, x.slot})
}

// boundObserver is a body observer and the slot of the plugin that registered it.
type boundObserver struct {
	BodyObserver
	slot int
}

// boundFilter is a body filter and the slot of the plugin that registered it.
type boundFilter struct {
	BodyFilter
	slot int
}

// Local returns what the running plugin stored with SetLocal in an earlier phase of this exchange, or nil.
func (x *Exchange) Local() any { return x.locals[x.slot] }

// SetLocal keeps v for the later phases of the running plugin in this exchange.
func (x *Exchange) SetLocal(v any) { x.locals[x.slot] = v }

// Shared returns what any plugin stored with SetShared under name in this exchange, or nil.
func (x *Exchange) Shared(name string) any { return x.shared[name] }

// SetShared keeps v for all plugins of this exchange.
func (x *Exchange) SetShared(name string, v any) {
	if x.shared == nil {
		x.shared = make(map[string]any)
	}
	x.shared[name] = v
}
