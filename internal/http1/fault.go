package http1

import "errors"

// Kinds of failure of an upstream connection, for errors.Is with an *Error.
var (
	ErrConnect  = errors.New("http1: cannot connect")             // dial or TLS handshake failed; nothing was sent
	ErrTimeout  = errors.New("http1: upstream timeout")           // Timeouts.Write or Read; a connect timeout is ErrConnect with Timeout set
	ErrReset    = errors.New("http1: upstream connection ended")  // the upstream ended the connection before the response was complete
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

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Kind.Error()
	}
	return e.Kind.Error() + ": " + e.Op + ": " + e.Err.Error()
}

// Unwrap makes errors.Is find the kind and the cause.
func (e *Error) Unwrap() []error { return []error{e.Kind, e.Err} }

func connectError(op string, err error) *Error {
	return &Error{Kind: ErrConnect, Op: op, Timeout: isTimeout(err), Err: err}
}
