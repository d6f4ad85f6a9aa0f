package proxy

import (
	"io"

	"github.com/gibbon-gateway/gibbon/internal/http1"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// requestBody is what has been read of the client's body.
type requestBody struct {
	read     []byte
	complete bool
	err      error // why there will be no more
	whole    int64 // length of a body that came with the head and was forwarded from there
}

// hold is how much of a body is collected before the upstream is asked, so that the request can be repeated and the upstream
// does not wait for a slow client. Bodies of routes without request buffering are passed on at once.
const hold = 64 << 10

func (b *requestBody) reset() { b.read, b.complete, b.err, b.whole = b.read[:0], false, nil, 0 }

func (b *requestBody) forget() {
	if cap(b.read) > hold {
		b.read = nil
	}
	b.reset()
}

// bodyError is a failure to receive the client's body.
type bodyError struct{ error }

func (e *bodyError) Unwrap() error { return e.error }

// ReadRequestBody implements plugin.Host.
func (w *walk) ReadRequestBody(limit int) ([]byte, error) {
	if err := w.readBody(limit); err != nil {
		return nil, &bodyError{err}
	}
	if !w.body.complete || len(w.body.read) > limit {
		return nil, plugin.ErrBodyTooLarge
	}
	return w.body.read, nil
}

// readBody reads until the end of the body, or until more than limit bytes are there.
func (w *walk) readBody(limit int) error {
	b := &w.body
	if b.err != nil {
		return b.err
	}
	q := w.c.Request
	if q.Body == http1.BodyNone {
		b.complete = true
	}
	if q.Body == http1.BodyLength && q.Length > int64(limit) && len(b.read) == 0 {
		return nil // it is too long, and so not read at all
	}
	for !b.complete && len(b.read) <= limit {
		if len(b.read) == cap(b.read) {
			b.read = append(b.read, make([]byte, max(4<<10, len(b.read)))...)[:len(b.read)]
		}
		n, err := w.c.ReadBody(b.read[len(b.read):cap(b.read)])
		b.read = b.read[:len(b.read)+n]
		if err == io.EOF {
			b.complete = true
		} else if err != nil {
			b.err = err
			return err
		}
	}
	return nil
}
