package exchange

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
)

// Upstream is one try of an exchange at an upstream: a connection of HTTP/1.1, or a stream of HTTP/2. It is used by one goroutine.
type Upstream interface {
	// Send sends a request and reads the head of the final response, which Response then returns. It may return before a streamed
	// body was sent; then the rest is passed on while the response is read. c, if not nil, is the client that waits: when it leaves, Send and
	// Next end with ErrCanceled, and it is sent interim responses. c.Watch is called before another goroutine reads body.Stream. The error
	// is an *Error.
	Send(q *Head, body *Body, c Client) error
	// Response returns the head that Send has read. It is valid until Release.
	Response() *Response
	// Next returns the next received part of the response body, borrowed until the next call; nil and io.EOF at its end. Other errors are
	// *Errors. After 101 the parts are the bytes of the other protocol.
	Next() ([]byte, error)
	// Buffered reports whether Next has something to work on without waiting. When it has not, it is time to flush what was made of
	// the parts before.
	Buffered() bool
	// Trailer returns the fields behind a body that has been read to its end; nil or empty if there are none.
	Trailer() *header.Fields
	// Cancel ends the exchange, of which calls then return with ErrCanceled. Unlike all else it may be called from another goroutine,
	// as long as Release has not been called.
	Cancel()
	// Release ends the try: what can be used again is kept, the rest is closed. A goroutine that still reads the request body is
	// stopped (Source.StopBody) and has ended when Release returns. Nothing of the Upstream may be used afterwards.
	Release()
}

// Switched is an Upstream that can be written to after it has answered 101.
type Switched interface {
	WriteRaw(p []byte) error
	CloseWrite() error
}

// Head is the head of a request to an upstream.
type Head struct {
	Method    string
	Scheme    string // "http" or "https"
	Authority []byte // Host or :authority
	Path      []byte // path and query
	// Header holds the fields to send but those in Skip; Extra (maybe nil) those that stand behind them. Framing fields, Host and what
	// belongs to the connection are the protocol's and are left out if they are there, but for TE: trailers.
	Header *header.Fields
	Skip   header.IDSet
	Extra  *header.Fields
	// Upgrade is the protocol to change to; "" for none.
	Upgrade string
}

// Body is what follows the head of a request to an upstream.
type Body struct {
	Present bool   // there is a body, maybe an empty one
	Length  int64  // -1 when it is not known
	Memory  []byte // all of it; or, if Stream is set, what was read of it already
	Stream  Source // where the rest comes from; nil when Memory is all
	// Trailer returns the fields to send behind a streamed body. It is called once, when Stream has ended, by the goroutine that reads it;
	// nil means Stream.RequestTrailer.
	Trailer func() *header.Fields
}

// Trailers returns the fields to send behind a streamed body that has ended; nil or empty if there are none.
func (b *Body) Trailers() *header.Fields {
	if b.Trailer != nil {
		return b.Trailer()
	}
	return b.Stream.RequestTrailer()
}

// Response is the head of a received response. All bytes are borrowed until the Upstream is released.
type Response struct {
	Status int
	Reason []byte // nil in versions without phrases
	// Header holds the received fields; what belongs to the connection has been taken out as in Request, but Trailer stays, and for
	// 101 Upgrade.
	Header  header.Fields
	Version Version
	HasBody bool
	Length  int64 // of the body: 0 without one, -1 when not known
	// Declared is the Content-Length field, or -1. It differs from Length for answers to HEAD and for 304.
	Declared int64
}

// Dialer knows how to reach upstreams.
type Dialer interface {
	// Conns returns the connections of a key; equal keys share them. Callers keep the result with what they compiled.
	Conns(k Key) Conns
}

// Conns is the connections to one upstream address. It is safe for concurrent use.
type Conns interface {
	// Get takes a connection that is kept, or makes one. It returns an *Error. ctx only ends dialling.
	Get(ctx context.Context, t Timeouts) (Upstream, error)
	// Fresh makes a new connection: for a retry after a kept one turned out to be dead, and for upgrades.
	Fresh(ctx context.Context, t Timeouts) (Upstream, error)
}

// Protocols says which versions of HTTP an upstream is spoken to in.
type Protocols uint8

// The choices.
const (
	OnlyHTTP1  Protocols = iota // HTTP/1.1
	OnlyHTTP2                   // HTTP/2: with TLS by ALPN, else with prior knowledge
	EitherHTTP                  // what ALPN chooses; HTTP/1.1 without TLS
)

// Key says where connections lead, as whom, and in which protocol. They are shared between equal keys only.
type Key struct {
	Addr       string // "host:port" or "ip:port"
	Protocols  Protocols
	TLS        bool             // the rest matters only with TLS
	ServerName string           // SNI, and the name that is verified; "" sends none
	Verify     bool             // check the certificate against Roots and ServerName
	Depth      int              // at most so many certificates between leaf and root; 0: no limit, negative: none
	Roots      *x509.CertPool   // nil: the system's; compared by pointer
	Cert       *tls.Certificate // client certificate; compared by pointer
}

// Timeouts of one try; zero means 60 s.
type Timeouts struct {
	Connect time.Duration // dial and TLS handshake
	Write   time.Duration // between two writes of the request
	Read    time.Duration // between two reads of the response
}
