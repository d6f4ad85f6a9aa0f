package plugin

import (
	"context"
	"io"

	"github.com/gibbon-gateway/gibbon/header"
)

// Detached is the upstream request of an exchange, apart from it: it stays valid when the exchange has ended, and nothing of it
// is shared. It is used by one goroutine. Its fields may be changed before Do.
type Detached struct {
	Method string
	Header header.Fields
	Body   []byte

	run func(ctx context.Context, d *Detached) (*Fetched, error)
}

// Fetched is what the upstream answered to a Detached.
type Fetched struct {
	Status int
	Header header.Fields // without framing and connection fields; of its own
	Length int64         // of the body; -1 if not known
	// Body gives io.EOF only when the whole body was received and its framing was right. It has to be closed.
	Body io.ReadCloser
}

// Detach copies the upstream request as it stands: method, path, query and fields, with what earlier plugins have changed. A body
// goes along only if it was set with SetBody.
func (x *Exchange) Detach() *Detached {
	d := &Detached{Method: x.Request.Method, run: x.host.Detach(x)}
	d.Header.Extend(&x.Request.Header)
	if x.Request.bodySet {
		d.Body = append([]byte(nil), x.Request.body...)
	}
	return d
}

// Do sends the request, with the service's retries and timeouts, and returns when the response head is there. Header filters do
// not run on it.
func (d *Detached) Do(ctx context.Context) (*Fetched, error) { return d.run(ctx, d) }
