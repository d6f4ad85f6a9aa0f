package proxy

import (
	"io"
	"sync/atomic"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// requestBody is what has been read of the client's body.
type requestBody struct {
	from     exchange.Downstream
	read     []byte
	complete bool
	err      error // why there will be no more
	whole    int64 // length of a body that came with the head and was forwarded from there

	chain   *snapshot.Chain       // knows the names that trailers may not have
	added   header.Fields         // trailers of plugins
	sent    header.Fields         // trailers that went upstream
	ended   atomic.Bool           // sent is known
	trailer func() *header.Fields // trailers
}

// hold is how much of a body is collected before the upstream is asked, so that the request can be repeated and the upstream
// does not wait for a slow client. Bodies of routes without request buffering are passed on at once.
const hold = 64 << 10

func (b *requestBody) begin(d exchange.Downstream) {
	b.from, b.read, b.complete, b.err, b.whole = d, b.read[:0], false, nil, 0
	b.chain = nil
	b.added.Reset()
	b.sent.Reset()
	b.ended.Store(false)
}

func (b *requestBody) forget() {
	if cap(b.read) > hold {
		b.read = nil
	}
	b.begin(nil)
}

// bodyError is a failure to receive the client's body.
type bodyError struct{ error }

func (e *bodyError) Unwrap() error { return e.error }

// ReadRequestBody implements plugin.Host.
func (w *walk) ReadRequestBody(limit int) ([]byte, error) {
	b := &w.body
	if err := b.fill(limit); err != nil {
		return nil, &bodyError{err}
	}
	if !b.complete || len(b.read) > limit {
		return nil, plugin.ErrBodyTooLarge
	}
	w.knowTrailers()
	return b.read, nil
}

// take says what plugins have made of the trailers before the body goes upstream, and which chain knows the names that clients may not use.
func (b *requestBody) take(trailer *header.Fields, chain *snapshot.Chain) {
	b.chain = chain
	if !b.ended.Load() {
		b.added.CopyFrom(trailer)
		return
	}
	b.sent.CopyFrom(trailer)
	b.dropIdentity()
}

// dropIdentity takes those trailers away that would tell the upstream who sends the request.
func (b *requestBody) dropIdentity() {
	b.sent.DelIDs(exchange.NotInTrailers)
	if b.chain != nil && len(b.chain.Identity) > 0 {
		b.sent.Drop(func(_ header.ID, name, _ []byte) bool { return b.chain.IsIdentity(name) })
	}
}

// knowTrailers tells plugins the trailers of a body that was read to its end.
func (w *walk) knowTrailers() {
	b := &w.body
	if t := b.from.RequestTrailer(); !empty(t) && !b.ended.Load() {
		b.chain = w.phases.chain
		w.d.SetRequestTrailer(b.trailers())
	}
}

// fill reads until the end of the body, or until more than limit bytes are there.
func (b *requestBody) fill(limit int) error {
	if b.err != nil {
		return b.err
	}
	q := b.from.Request()
	if !q.HasBody {
		b.complete = true
	}
	if q.Length > int64(limit) && len(b.read) == 0 {
		return nil // it is too long, and so not read at all
	}
	for !b.complete && len(b.read) <= limit {
		if len(b.read) == cap(b.read) {
			b.read = append(b.read, make([]byte, max(4<<10, len(b.read)))...)[:len(b.read)]
		}
		n, err := b.from.ReadBody(b.read[len(b.read):cap(b.read)])
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

// content decides how the request body is sent. It may read from the client. set is what a plugin has put in its place, if has.
func (b *requestBody) content(set []byte, has, buffering bool) (exchange.Body, error) {
	q := b.from.Request()
	if has {
		return exchange.Body{Present: len(set) > 0 || q.HasBody, Length: int64(len(set)), Memory: set}, nil
	}
	if !q.HasBody {
		return exchange.Body{}, nil
	}
	if !b.complete && len(b.read) == 0 {
		if whole, ok := b.from.WholeBody(); ok && !b.trails() {
			b.whole = int64(len(whole))
			return exchange.Body{Present: true, Length: int64(len(whole)), Memory: whole}, nil
		}
	}
	if !b.complete && buffering && q.Length <= hold {
		if err := b.fill(hold); err != nil {
			return exchange.Body{}, err
		}
	}
	if b.complete && !b.trails() {
		return exchange.Body{Present: true, Length: int64(len(b.read)), Memory: b.read}, nil
	}
	if _, err := b.from.ReadBody(nil); err != nil && err != io.EOF { // whoever waits for 100 Continue gets it before another goroutine reads
		return exchange.Body{}, err
	}
	return exchange.Body{Present: true, Length: q.Length, Memory: b.read, Stream: b.from, Trailer: b.trailer}, nil
}

// trails reports whether something stands behind a body that was read to its end.
func (b *requestBody) trails() bool {
	if b.ended.Load() {
		return b.sent.Len() > 0
	}
	return b.added.Len() > 0 || !empty(b.from.RequestTrailer())
}

func empty(f *header.Fields) bool { return f == nil || f.Len() == 0 }

// trailers returns what is sent behind the body: the client's trailers without those that tell who sends the request, and what plugins
// have added. The goroutine that sends the body calls it.
func (b *requestBody) trailers() *header.Fields {
	if b.ended.Load() {
		return &b.sent
	}
	if t := b.from.RequestTrailer(); t != nil {
		b.sent.CopyFrom(t)
		b.dropIdentity()
	}
	b.sent.Extend(&b.added)
	b.ended.Store(true)
	return &b.sent
}

// received returns how many bytes of the body were received.
func (b *requestBody) received() int64 { return max(b.from.BodyRead(), b.whole) }
