package http1

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
)

// Handler serves requests.
type Handler interface {
	// ServeHTTP1 serves one request, c.Request, on the connection's goroutine. When it returns, the response is finished
	// and flushed; if no head was written, the connection is closed without an answer.
	ServeHTTP1(c *Conn)
}

// Limits bound what a client may send and how long it may take. Zero fields mean the defaults, which are nginx's or Kong's.
type Limits struct {
	RequestLine int   // bytes of the request line; default 8192; over it: 414
	Field       int   // bytes of one field line; default 8192; over it: 431
	Head        int   // bytes of the whole head; default 32768; over it: 431
	Fields      int   // number of fields; default 1000; over it: 431
	Body        int64 // bytes of a request body; default 0: no limit; over it: 413

	HeadTimeout time.Duration // for a whole request head; default 60 s; over it: 408
	BodyTimeout time.Duration // between two reads of a request body; default 60 s
	SendTimeout time.Duration // between two writes of a response; default 60 s
	IdleTimeout time.Duration // of a kept connection without a request; default 75 s
	Linger      time.Duration // how long to read on from a client that is answered but still sends; default 5 s

	Requests int // on one connection; default 10000
}

// Server accepts HTTP/1 connections. Its fields are not changed after the first Serve.
type Server struct {
	Handler Handler
	Limits  Limits
	// TLSConfig, when set, makes every accepted connection a TLS one.
	TLSConfig *tls.Config
	// Raw turns the raw I/O path on for TCP connections without TLS. It does nothing where it is not supported.
	Raw bool
	// BadRequest writes the answer (c.WriteHead …) to a request that is not passed to Handler: 400, 408, 413, 414, 417, 431,
	// 405 (CONNECT), 501. c.Request holds what was understood of it, maybe nothing; the connection is closed afterwards.
	// nil means a short text answer.
	BadRequest func(c *Conn, status int, reason error)
	// Log gets what has no other way to be seen: accept errors and panics. nil means slog.Default().
	Log *slog.Logger

	core serverCore
}

type serverCore struct{}

// ErrServerClosed is what Serve returns after Shutdown.
var ErrServerClosed = errors.New("http1: server closed")

// Serve accepts connections of l until Shutdown, and closes l. It may be called for several listeners.
func (s *Server) Serve(l net.Listener) error { return ErrServerClosed }

// Shutdown closes the listeners and idle connections and waits until running exchanges have ended. When ctx ends first, it cuts
// the rest off and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error { return nil }

// Conn is one client connection and the request that it serves. It is used by one goroutine.
type Conn struct {
	Request *Request // the current request
	Peer    netip.AddrPort
	Local   netip.AddrPort
	TLS     *tls.ConnectionState // nil without TLS
}

// ReadBody reads the request body without its framing; io.EOF at its end. The first call sends 100 Continue when the client
// waits for it. A body that breaks the framing rules or Limits.Body ends with an error for which StatusOf has a status.
func (c *Conn) ReadBody(p []byte) (int, error) { return 0, nil }

// WholeBody returns the request body when all of it has been received with the head and nothing was read of it yet: then it is
// borrowed and stays unread. It never waits. A request without body has an empty one.
func (c *Conn) WholeBody() (body []byte, ok bool) { return nil, false }

// Trailer returns the fields behind a chunked request body that has been read to its end.
func (c *Conn) Trailer() *header.Fields { return nil }

// BodyRead returns the number of body bytes received so far, without framing.
func (c *Conn) BodyRead() int64 { return 0 }

// WriteHead starts the response. length is the length of the body; -1 if unknown: then it is sent in chunks, or until close
// to HTTP/1.0. For HEAD, 204 and 304 no body is sent; length >= 0 is still declared for HEAD and 304. WriteHead writes the framing and
// Connection fields and Date when h has none: those of h are left out (Upgrade stays for 101). reason nil means the usual phrase.
// Nothing is sent before Flush, Finish, or a full buffer.
func (c *Conn) WriteHead(status int, reason []byte, h *header.Fields, length int64) error { return nil }

// WriteBody sends a part of the response body; bytes beyond the declared length are an error. p is not kept.
func (c *Conn) WriteBody(p []byte) error { return nil }

// WriteTrailers ends a chunked response body with trailers. To HTTP/1.0 and for other framings they are left out.
func (c *Conn) WriteTrailers(h *header.Fields) error { return nil }

// Flush sends what is buffered.
func (c *Conn) Flush() error { return nil }

// Finish ends the response and sends what is buffered. It is called for the handler when that returns; a handler calls it itself
// to do work after the client has its answer. Calling it twice does nothing.
func (c *Conn) Finish() error { return nil }

// SetClose makes the connection close after this response.
func (c *Conn) SetClose() {}

// Wrote reports whether WriteHead was called, and Sent the number of bytes of this response given to the connection, head included.
func (c *Conn) Wrote() bool { return false }

// Sent returns the number of bytes of this response so far: head, framing and body.
func (c *Conn) Sent() int64 { return 0 }

// Gone reports whether the client has left while it waited for the response.
func (c *Conn) Gone() bool { return false }

// Relay sends the rest of u's response body unchanged as the body of the response started with WriteHead, trailers included, and
// finishes it. Large bodies are spliced where possible. An *Error is about u; any other error about the client.
func (c *Conn) Relay(u *ClientConn) error { return nil }

// Tunnel passes bytes both ways until both sides have ended, after WriteHead(101, …) answered an upgrade that u answered with
// 101. Both connections are finished afterwards.
func (c *Conn) Tunnel(u *ClientConn) error { return nil }

// StripRequest removes from f what belongs to the connection: Connection and the fields it names (never Host, Content-Length,
// forwarding or authentication fields), Keep-Alive, Proxy-Connection, TE, Trailer, Upgrade, Transfer-Encoding, Expect.
func StripRequest(f *header.Fields) {}

// StripResponse is StripRequest for a response; Trailer stays.
func StripResponse(f *header.Fields) {}

// StatusOf returns the status that an error of the request parser or of ReadBody is answered with, or 0.
func StatusOf(err error) int { return 0 }
