package http2

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/lex"
)

// Refusals of requests that are well formed in HTTP/2's own terms. Their statuses are those that HTTP/1.1 has for the same.
var (
	errMethod   = &exchange.Refusal{Status: 400, Text: "malformed method"}
	errScheme   = &exchange.Refusal{Status: 400, Text: "malformed scheme"}
	errTarget   = &exchange.Refusal{Status: 400, Text: "malformed request target"}
	errHost     = &exchange.Refusal{Status: 400, Text: "malformed host"}
	errNoHost   = &exchange.Refusal{Status: 400, Text: "no :authority and no Host field"}
	errConnect  = &exchange.Refusal{Status: 405, Text: "method CONNECT is not served"}
	errExpect   = &exchange.Refusal{Status: 417, Text: "expectation is not supported"}
	errProtocol = &exchange.Refusal{Status: 501, Text: "protocol is not supported"}
)

var (
	getMethod = []byte("GET")
	webSocket = []byte("websocket")
)

// view makes the request show what the header block holds.
func (s *serverStream) view(end bool) {
	h, q := &s.head, &s.req
	q.Received = time.Now()
	q.Method, q.Target, q.Path = h.value(method), h.value(path), h.value(path)
	q.Host = h.value(authority)
	if q.Host == nil {
		q.Host, _ = q.Header.Known(header.Host)
	}
	q.HasBody, q.Length, q.Trailers = !end, h.length, h.trailers
	if end {
		q.Length = 0
	}
}

// understand checks the request. The error is a *streamFault if the block is malformed, or an *exchange.Refusal.
//
// An extended CONNECT with :protocol websocket (RFC 8441) becomes what the same request is in HTTP/1.1: a GET with Upgrade and a
// Sec-WebSocket-Key, for which the upstream's Sec-WebSocket-Accept is left out of the response. It has no body; what
// the client sends once the tunnel is open is read with ReadBody.
func (s *serverStream) understand(end bool) error {
	h, q := &s.head, &s.req
	protocol := h.value(protocol)
	connect := string(q.Method) == "CONNECT"
	switch {
	case q.Method == nil:
		return errPseudoMissing
	case connect && protocol == nil:
		return errConnect
	case h.value(scheme) == nil || len(q.Path) == 0 || connect && q.Host == nil:
		return errPseudoMissing
	case protocol != nil && !connect:
		return errPseudoUnknown
	case end && h.length > 0:
		return errLengthDiffers
	}
	if err := s.check(); err != nil {
		return err
	}
	if max := s.conn.srv.limits.Body; max > 0 && h.length > max {
		return errBodyLong
	}
	if connect {
		return s.upgrade(protocol, end)
	}
	return nil
}

// check looks at the values of the pseudo-header fields.
func (s *serverStream) check() error {
	h, q := &s.head, &s.req
	scheme := h.value(scheme)
	switch {
	case len(q.Method) > 32 || !lex.Token(q.Method):
		return errMethod
	case !header.EqualFold(scheme, "http") && !header.EqualFold(scheme, "https"):
		return errScheme
	case q.Host == nil:
		return errNoHost
	case !lex.Host(q.Host):
		return errHost
	case q.Path[0] != '/' && !(string(q.Path) == "*" && string(q.Method) == "OPTIONS"), !lex.Target(q.Path):
		return errTarget
	case h.expectOther:
		return errExpect
	}
	return nil
}

// upgrade turns an extended CONNECT into the upgrade that it stands for.
func (s *serverStream) upgrade(protocol []byte, end bool) error {
	q := &s.req
	switch {
	case !bytes.EqualFold(protocol, webSocket):
		return errProtocol
	case end || s.head.length >= 0:
		return errLengthDiffers
	}
	s.tunnel = true
	q.Method, q.Upgrade, q.HasBody, q.Length = getMethod, webSocket, false, 0
	if !q.Header.Has("Sec-WebSocket-Key") {
		var key [16]byte
		rand.Read(key[:])
		q.Header.Set("Sec-WebSocket-Key", base64.StdEncoding.EncodeToString(key[:]))
	}
	return nil
}
