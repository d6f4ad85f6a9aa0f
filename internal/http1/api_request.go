package http1

import (
	"time"

	"github.com/gibbon-gateway/gibbon/header"
)

// BodyKind says how the end of a body is found.
type BodyKind uint8

// The kinds of body.
const (
	BodyNone       BodyKind = iota // there is none
	BodyLength                     // Length bytes
	BodyChunked                    // chunks, then trailers
	BodyUntilClose                 // until the connection ends; only in responses
)

// Form is the form of a request target.
type Form uint8

// The forms that are accepted. CONNECT's authority form is refused.
const (
	OriginForm   Form = iota // /path?query
	AbsoluteForm             // http://host/path?query
	AsteriskForm             // *
)

// Request is the head of a received request. All bytes are borrowed until the exchange ends.
type Request struct {
	Method []byte
	Target []byte        // as received
	Path   []byte        // path and query: Target in origin form, its tail (at least "/") in absolute form, "*"
	Host   []byte        // who is asked for, with port: of the absolute target if there is one, else the Host field; nil only in HTTP/1.0
	Minor  int           // 0 or 1: HTTP/1.0 or HTTP/1.1
	Header header.Fields // all received fields, with ids; Host, Connection and framing fields too
	Form   Form
	Body   BodyKind // BodyNone, BodyLength or BodyChunked
	Length int64    // of the body; 0 for BodyNone, -1 for BodyChunked

	Close    bool      // the client does not want another exchange on the connection
	Upgrade  []byte    // value of the Upgrade field when Connection names it, else nil
	Expect   bool      // the client waits for 100 Continue
	TETrails bool      // TE names trailers
	Received time.Time // when the first byte of the head was read

	// Slot is for the handler. It stays with the pooled memory of the request when the exchange ends: what is left there
	// is found again by a later exchange, maybe of another connection. It is nil at first.
	Slot any
	// Scratch is a buffer of length 0 for the handler to build upstream heads in. A grown one may be stored back.
	Scratch []byte
}

// Response is the head of a received response. All bytes are borrowed until the ClientConn is released.
type Response struct {
	Status int
	Reason []byte
	Minor  int
	Header header.Fields // all received fields, with ids; Connection and framing fields too
	Body   BodyKind
	Length int64 // of the body: 0 for BodyNone, -1 when not known
	// Declared is the Content-Length field, or -1. It differs from Length for answers to HEAD and for 304.
	Declared int64
	Close    bool   // the connection cannot serve another exchange
	Upgrade  []byte // value of the Upgrade field when Connection names it
}
