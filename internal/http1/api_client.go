package http1

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
)

// Key says where a connection leads and as whom; connections are shared between equal keys only.
type Key struct {
	Addr       string           // "host:port" or "ip:port"
	TLS        bool             // the rest matters only with TLS
	ServerName string           // SNI, and the name that is verified; "" sends none
	Verify     bool             // check the certificate against Roots and ServerName
	Depth      int              // longest chain of CA certificates between leaf and root allowed; 0: no limit
	Roots      *x509.CertPool   // nil: the system's; compared by pointer
	Cert       *tls.Certificate // client certificate; compared by pointer
}

// Timeouts of one try; zero means 60 s.
type Timeouts struct {
	Connect time.Duration // dial and TLS handshake
	Write   time.Duration // between two writes of the request
	Read    time.Duration // between two reads of the response
}

// Pool keeps upstream connections. Its fields are not changed after the first Get.
type Pool struct {
	Raw         bool          // use the raw I/O path for TCP without TLS
	Size        int           // idle connections per key; default 512
	IdleTimeout time.Duration // default 60 s
	Requests    int           // on one connection; default 10000
	HeadLimit   int           // bytes of a response head; default 65536
}

// Group is the connections of one Key. It is cheap to keep and safe for concurrent use.
type Group struct{}

// Group returns the group of a key; equal keys share one. Callers keep it with what they compiled, so that a request needs no lookup.
func (p *Pool) Group(k Key) *Group { return nil }

// Close closes the idle connections and stops the pool's background work; busy connections are closed when they are released.
func (p *Pool) Close() error { return nil }

// Get takes an idle connection, or makes one. It returns an *Error. ctx only ends dialling and may be nil.
func (g *Group) Get(ctx context.Context, t Timeouts) (u *ClientConn, err error) { return nil, nil }

// Dial makes a new connection, also when there are idle ones: for a retry after a kept connection turned out to be dead, and for upgrades.
func (g *Group) Dial(ctx context.Context, t Timeouts) (*ClientConn, error) { return nil, nil }

// ClientConn is one upstream connection, and the response that it reads. It is used by one goroutine.
type ClientConn struct {
	Response Response
	Reused   bool // it had served an exchange before
}

// RoundTrip sends a request whose body (maybe nil) is in memory and reads the response head into u.Response. head is the whole head with
// framing fields and empty line. Up to cap(head) the body is copied behind it, so that both leave in one write.
// c, if not nil, is the client that waits: when it goes away, RoundTrip ends with ErrCanceled. Interim responses other than 101 are skipped.
func (u *ClientConn) RoundTrip(c *Conn, head, body []byte) error { return nil }

// Forward is RoundTrip with the body that c has still to read, in c's framing: head must declare c.Request.Length, or
// chunked. It returns when the response head is there, which may be before the client has sent everything; then the rest is
// passed on while the response is relayed.
func (u *ClientConn) Forward(c *Conn, head []byte) error { return nil }

// ReadBody reads the response body without its framing; io.EOF at its end.
func (u *ClientConn) ReadBody(p []byte) (int, error) { return 0, nil }

// Next returns the next received part of the response body, borrowed until the next call; nil and io.EOF at its end.
func (u *ClientConn) Next() ([]byte, error) { return nil, nil }

// Buffered reports whether the rest of the body has been received, so that Next will not wait.
func (u *ClientConn) Buffered() bool { return false }

// Trailer returns the fields behind a chunked body that has been read to its end.
func (u *ClientConn) Trailer() *header.Fields { return nil }

// Release ends the exchange: the connection goes back to its group if it can serve another request, else it is closed. Nothing of u
// may be used afterwards.
func (u *ClientConn) Release() {}

// Kinds of failure, for errors.Is with an *Error.
var (
	ErrConnect  = errors.New("http1: cannot connect")             // dial or TLS handshake failed; nothing was sent
	ErrTimeout  = errors.New("http1: timeout")                    // any of Timeouts, also when connecting
	ErrReset    = errors.New("http1: connection ended")           // the upstream ended the connection before the response was complete
	ErrResponse = errors.New("http1: invalid response")           // what it sent is not a response, or is over a limit
	ErrCanceled = errors.New("http1: client went away")           // the client left while it waited
	ErrBody     = errors.New("http1: request body not delivered") // reading the client's body failed; see StatusOf of the error
)

// Error is a failure of an upstream connection.
type Error struct {
	Kind    error  // one of ErrConnect … ErrBody
	Op      string // "connect", "handshake", "write", "read", "parse", "body"
	Timeout bool
	// Stale is true when a reused connection ended before any byte of a response came: the request was most likely never seen.
	Stale bool
	Err   error
}

func (e *Error) Error() string   { return "" }
func (e *Error) Unwrap() []error { return []error{e.Kind, e.Err} }
