package proxy

import (
	"context"
	"errors"
	"io"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/plugin"
)

var (
	errNoService = errors.New("the route has no service")
	errMethod    = errors.New("method cannot be sent")
)

// Detach implements plugin.Host.
func (w *walk) Detach(*plugin.Exchange) func(ctx context.Context, d *plugin.Detached) (*plugin.Fetched, error) {
	if w.found.plan == nil || w.found.service == nil {
		return func(context.Context, *plugin.Detached) (*plugin.Fetched, error) { return nil, errNoService }
	}
	a := &attempt{p: w.p}
	w.prepare(a)
	a.head.Upgrade = ""
	return func(ctx context.Context, d *plugin.Detached) (*plugin.Fetched, error) { return a.fetch(ctx, d) }
}

// fetch sends a request apart from its exchange.
func (a *attempt) fetch(ctx context.Context, d *plugin.Detached) (*plugin.Fetched, error) {
	if !token(d.Method) {
		return nil, errMethod
	}
	a.head.Method, a.head.Header = d.Method, &d.Header
	a.body = exchange.Body{Present: len(d.Body) > 0, Length: int64(len(d.Body)), Memory: d.Body}
	ended := &canceling{ctx: ctx}
	a.client = ended
	if a.ruled != nil {
		a.ruled.request(&d.Header)
	}
	if err := a.run(ctx); err != nil {
		return nil, err
	}
	r := a.conn.Response()
	got := &plugin.Fetched{Status: r.Status, Length: r.Length, Body: &fetchedBody{a: a}}
	if a.ruled != nil {
		a.ruled.respond(&r.Header)
	}
	got.Header.Extend(&r.Header)
	return got, nil
}

// canceling is the client of a request that a context ends.
type canceling struct {
	ctx  context.Context
	stop func() bool
}

// Watch implements exchange.Client.
func (c *canceling) Watch(w *exchange.Watch) bool {
	if w != nil {
		c.stop = context.AfterFunc(c.ctx, w.End)
		return true
	}
	return c.stop == nil || c.stop()
}

// Interim implements exchange.Client: nobody waits for it.
func (c *canceling) Interim(int, *header.Fields) error { return nil }

// fetchedBody is the body of a response whose exchange has ended.
type fetchedBody struct {
	a    *attempt // nil when closed
	part []byte   // received and not yet read
}

var errClosed = errors.New("read from a closed body")

// Read implements io.Reader.
func (b *fetchedBody) Read(p []byte) (int, error) {
	if b.a == nil {
		return 0, errClosed
	}
	if len(p) == 0 {
		return 0, nil
	}
	for len(b.part) == 0 {
		part, err := b.a.conn.Next()
		if err != nil {
			return 0, err
		}
		b.part = part
	}
	n := copy(p, b.part)
	b.part = b.part[n:]
	return n, nil
}

// Close implements io.Closer.
func (b *fetchedBody) Close() error {
	if b.a != nil {
		b.a.release()
		b.a = nil
	}
	return nil
}

var _ io.ReadCloser = (*fetchedBody)(nil)
