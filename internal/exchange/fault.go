package exchange

import "errors"

// Kinds of failure of an Upstream, for errors.Is with an *Error.
var (
	ErrConnect  = errors.New("cannot connect")             // dial, TLS handshake or protocol negotiation failed; nothing was sent
	ErrTimeout  = errors.New("upstream timeout")           // Timeouts.Write or Read; a connect timeout is ErrConnect with Timeout set
	ErrReset    = errors.New("upstream connection ended")  // the upstream ended the exchange before the response was complete
	ErrResponse = errors.New("invalid response")           // what it sent is not a response, or is over a limit
	ErrCanceled = errors.New("client went away")           // the client left while it waited
	ErrBody     = errors.New("request body not delivered") // reading the client's body failed; see StatusOf of the error
)

// Error is a failure of an Upstream.
type Error struct {
	Kind    error  // one of ErrConnect … ErrBody
	Op      string // "connect", "handshake", "write", "read", "parse", "body"
	Timeout bool
	// Stale is true when the request was most likely never seen: a kept connection ended before any byte of a response came, or the
	// upstream has said that it did not process the stream.
	Stale bool
	// Unsent is true when not a byte of the request was sent: it may be sent again whatever its method.
	Unsent bool
	Err    error
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Kind.Error()
	}
	return e.Kind.Error() + ": " + e.Op + ": " + e.Err.Error()
}

// Unwrap makes errors.Is find the kind and the cause.
func (e *Error) Unwrap() []error { return []error{e.Kind, e.Err} }

// Refusal is why a message of the client is not accepted, with the status that it is answered with. Refusals are fixed values, so that
// refusing costs nothing.
type Refusal struct {
	Status int
	Text   string
}

func (r *Refusal) Error() string { return r.Text }

// StatusOf returns the status that an error of receiving a request or its body is answered with, or 0.
func StatusOf(err error) int {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Status
	}
	return 0
}
