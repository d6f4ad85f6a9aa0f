package proxy

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
)

// Bounds of copies of requests that mirrors get. Those over them are not made.
const (
	maxCopies  = 256              // under way at once
	copyBody   = 64 << 10         // bytes of the body
	copyTime   = 30 * time.Second // until the answer is there
	copyAnswer = 1 << 20          // bytes of the answer that are read, so that the connection can be used again
)

// copies are the copies of requests that are under way.
type copies struct {
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
	n       atomic.Int32
}

func (c *copies) init() { c.ctx, c.cancel = context.WithCancel(context.Background()) }

// close ends all copies and waits for them. None may be started any more.
func (c *copies) close() {
	c.cancel()
	c.running.Wait()
}

// mirror sends a copy of a prepared request to a mirror.
func (w *walk) mirror(a *attempt, m *snapshot.Mirror) {
	if a.body.Stream != nil || len(a.body.Memory) > copyBody || a.head.Upgrade != "" {
		w.p.log.Debug("request not mirrored: its body is not at hand", "request_id", string(w.id[:]))
		return
	}
	c := &w.p.copies
	if c.n.Add(1) > maxCopies {
		c.n.Add(-1)
		w.p.log.Debug("request not mirrored: too many copies are under way", "request_id", string(w.id[:]))
		return
	}
	b := &attempt{p: a.p, service: m.Service, host: a.host, head: a.head, body: a.body}
	if b.host == w.found.service.HostHeader {
		b.host = m.Service.HostHeader
	}
	b.path = w.appendTarget(nil, m.Service.Backend.Path)
	b.head.Path, b.head.Scheme = b.path, "http"
	if m.Service.TLS != nil {
		b.head.Scheme = "https"
	}
	b.head.Header = new(header.Fields)
	b.head.Header.Extend(a.head.Header)
	b.extra.Extend(a.head.Extra)
	b.head.Extra = &b.extra
	b.body.Memory = append([]byte(nil), a.body.Memory...)
	id := w.RequestID()
	c.running.Go(func() {
		defer c.n.Add(-1)
		if err := b.discard(c.ctx); err != nil {
			b.p.log.Debug("mirror failed", "service", b.service.Entity.ID, "request_id", id, "error", err)
		}
	})
}

// discard sends a request whose answer nobody wants.
func (a *attempt) discard(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, copyTime)
	defer cancel()
	a.client = &canceling{ctx: ctx}
	if err := a.run(ctx); err != nil {
		return err
	}
	defer a.release()
	for n := 0; n < copyAnswer; {
		part, err := a.conn.Next()
		if err != nil {
			return nil
		}
		n += len(part)
	}
	return nil
}
