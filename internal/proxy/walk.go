package proxy

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/balance"
	"github.com/gibbon-gateway/gibbon/internal/http1"
	"github.com/gibbon-gateway/gibbon/internal/route"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// walk is one request on its way. It is kept with the connection's memory and used again.
type walk struct {
	p    *Proxy
	c    *http1.Conn
	snap *snapshot.Snapshot
	x    plugin.Exchange
	d    *plugin.Driver // of x

	plan      *snapshot.Plan       // nil until a route is found
	chain     *snapshot.Chain      // of the picks
	picks     []*snapshot.Instance // by slot; nil where none applies
	rewritten bool
	protocol  snapshot.Protocols

	in   route.Request
	out  route.Result
	pick balance.Pick
	conn *http1.ClientConn // that answered

	id    [32]byte
	path  []byte // normalised
	text  []byte // scratch for field values
	body  requestBody
	hosts names

	asked    time.Time // when an upstream was first asked
	answered time.Time // when its response head was there
	gone     bool      // there is nobody to answer
	shard    *shard
	line     func(b []byte) []byte // accessLine
}

// ServeHTTP1 implements http1.Handler.
func (p *Proxy) ServeHTTP1(c *http1.Conn) {
	w, _ := c.Request.Slot.(*walk)
	if w == nil {
		w = new(walk)
		w.d, w.line = plugin.Drive(&w.x), w.accessLine
		c.Request.Slot = w
	}
	if w.p != p {
		w.p, w.shard = p, p.counts.shard()
	}
	w.serve(c)
}

func (w *walk) serve(c *http1.Conn) {
	w.shard.begin()
	defer w.end()
	w.begin(c)
	if !w.admit() {
		return
	}
	if w.rewrite() && w.match() && w.access() && w.forward() {
		w.relay()
	} else if !w.gone {
		w.answer()
	}
}

// end finishes the request, however it went.
func (w *walk) end() {
	defer w.leave() // also if a plugin panics once more
	if p := recover(); p != nil {
		w.panicked(p)
	}
	c := w.c
	if w.gone && !c.Wrote() {
		c.Abort()
	}
	if err := c.Finish(); err != nil && w.x.Outcome.ClientErr == nil && c.Wrote() {
		w.x.Outcome.ClientErr = err
	}
	w.record()
}

// leave gives everything back. The upstream connection is kept until here, as the response's fields stand in its memory.
func (w *walk) leave() {
	w.release()
	w.forget()
	w.shard.end()
}

// panicked answers a request that went wrong in a way nobody thought of.
func (w *walk) panicked(p any) {
	w.p.log.Error("panic while serving a request", "panic", p, "request_id", string(w.id[:]), "stack", string(debug.Stack()))
	if w.c.Wrote() {
		w.c.Abort()
		return
	}
	w.d.Known(500, nil)
	w.x.Error(500, "")
	w.d.Unfilter()
	w.write()
}

// release gives the upstream connection back.
func (w *walk) release() {
	if w.conn != nil {
		w.conn.Release()
		w.conn = nil
	}
}

// forget lets go of what belongs to this request.
func (w *walk) forget() {
	w.c, w.snap, w.plan, w.chain = nil, nil, nil, nil
	clear(w.picks)
	w.picks = w.picks[:0]
	w.in = route.Request{}
	w.out.Route, w.out.Service, w.out.Prefix = nil, nil, nil
	w.body.forget()
	w.pick.Reset()
	if cap(w.text) > 16<<10 {
		w.text = nil
	}
	if cap(w.path) > 16<<10 {
		w.path = nil
	}
	w.d.Begin(nil)
}

// newID makes the request's id.
func (w *walk) newID() {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(b[8:], rand.Uint64())
	hex.Encode(w.id[:], b[:])
}

// RequestID implements plugin.Host.
func (w *walk) RequestID() string { return string(w.id[:]) }

// Capture implements plugin.Host.
func (w *walk) Capture(name string) (string, bool) {
	if w.plan == nil {
		return "", false
	}
	numbered, named := w.out.Captures()
	if v, ok := named[name]; ok {
		return v, true
	}
	n := 0
	for _, c := range []byte(name) {
		if c < '0' || c > '9' || n > len(numbered) {
			return "", false
		}
		n = n*10 + int(c-'0')
	}
	if name == "" || n >= len(numbered) {
		return "", false
	}
	return numbered[n], true
}
