package proxy

import (
	"context"
	"errors"
	"io"

	"github.com/gibbon-gateway/gibbon/internal/balance"
	"github.com/gibbon-gateway/gibbon/internal/http1"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// detached is what an upstream request needs of its exchange when that is gone.
type detached struct {
	p         *Proxy
	service   *snapshot.Service
	target    []byte
	host      string // "" means the target's
	forwarded []byte // field lines
	pick      balance.Pick
}

var errNoService = errors.New("the route has no service")

// Detach implements plugin.Host.
func (w *walk) Detach(*plugin.Exchange) func(ctx context.Context, d *plugin.Detached) (*plugin.Fetched, error) {
	if w.plan == nil || w.plan.Service == nil {
		return func(context.Context, *plugin.Detached) (*plugin.Fetched, error) { return nil, errNoService }
	}
	f := &detached{p: w.p, service: w.plan.Service, target: w.appendTarget(nil), forwarded: w.appendForwarded(nil)}
	switch h := w.d.UpstreamHost(); {
	case h != "":
		f.host = string(appendClean(nil, h))
	case w.plan.Route.PreserveHost && w.x.Request.Host != "":
		f.host = w.x.Request.Host
	default:
		f.host = f.service.HostHeader
	}
	return f.run
}

func (f *detached) serverName() string { return serviceName(f.host, f.pick.Hostname) }

// run sends the request, to another address if one fails.
func (f *detached) run(ctx context.Context, d *plugin.Detached) (*plugin.Fetched, error) {
	if !token(d.Method) {
		return nil, errors.New("method cannot be sent")
	}
	f.pick.Reset()
	var last error
	for range f.service.Tries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := f.service.Balancer.Next(&f.pick); err != nil {
			return nil, errors.Join(last, err)
		}
		got, err := f.try(ctx, d)
		if err == nil {
			f.pick.Report(balance.Answered)
			return got, nil
		}
		f.pick.Report(balance.Failed)
		if last = err; !errors.Is(err, http1.ErrConnect) && !idempotent(d.Method) {
			break
		}
	}
	return nil, last
}

func (f *detached) try(ctx context.Context, d *plugin.Detached) (*plugin.Fetched, error) {
	s := f.service
	g := f.p.group(s, f.pick.Addr, f)
	t := http1.Timeouts{Connect: s.Connect, Write: s.Write, Read: s.Read}
	u, err := g.Get(ctx, t)
	if err != nil {
		return nil, err
	}
	for {
		stop := context.AfterFunc(ctx, u.Cancel)
		err = u.RoundTrip(nil, f.head(d), d.Body)
		if err == nil && u.Response.Status != 101 {
			return fetched(u, stop), nil
		}
		if !stop() {
			<-ctx.Done()
		}
		again := u.Reused && stale(err) && idempotent(d.Method)
		u.Release()
		if !again {
			if err == nil {
				err = errUpgraded
			}
			return nil, err
		}
		if u, err = g.Dial(ctx, t); err != nil {
			return nil, err
		}
	}
}

func (f *detached) head(d *plugin.Detached) []byte {
	out := append(make([]byte, 0, 2048), d.Method...)
	out = append(out, ' ')
	out = append(out, f.target...)
	out = append(out, " HTTP/1.1\r\nHost: "...)
	if f.host != "" {
		out = append(out, f.host...)
	} else {
		out = appendHostPort(out, f.pick.Hostname, f.pick.Port, f.service.DefaultPort())
	}
	out = append(out, "\r\nConnection: keep-alive\r\n"...)
	http1.StripRequest(&d.Header)
	out = d.Header.AppendExcept(out, ours)
	out = append(out, f.forwarded...)
	return appendBody(out, &content{framed: len(d.Body) > 0, length: int64(len(d.Body))})
}

// fetched copies the response head out of the connection, whose body is read on demand.
func fetched(u *http1.ClientConn, stop func() bool) *plugin.Fetched {
	r := &u.Response
	http1.StripResponse(&r.Header)
	got := &plugin.Fetched{Status: r.Status, Length: r.Length, Body: &fetchedBody{u: u, stop: stop}}
	got.Header.Extend(&r.Header)
	return got
}

type fetchedBody struct {
	u    *http1.ClientConn
	stop func() bool
}

var errClosed = errors.New("read from a closed body")

// Read implements io.Reader.
func (b *fetchedBody) Read(p []byte) (int, error) {
	if b.u == nil {
		return 0, errClosed
	}
	n, err := b.u.ReadBody(p)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// Close implements io.Closer.
func (b *fetchedBody) Close() error {
	if b.u != nil {
		b.stop()
		b.u.Release()
		b.u = nil
	}
	return nil
}
