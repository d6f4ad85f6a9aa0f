package http1

import (
	"cmp"
	"errors"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/dial"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// ClientConn is one upstream connection, and the exchange that it serves: an exchange.Upstream. It is used by one goroutine.
type ClientConn struct {
	wire
	replyReader
	group    *Group
	dialed   dial.Conn
	timeouts exchange.Timeouts
	reused   bool // it had served an exchange before
	served   int
	since    int64 // when it became idle, on clock
	canceled atomic.Bool
	failed   bool // the connection is not to be used again
	watch    exchange.Watch
	client   exchange.Client
	pump     *pump
}

var _ interface {
	exchange.Upstream
	exchange.Switched
} = (*ClientConn)(nil)

// begin prepares the connection for an exchange.
func (u *ClientConn) begin(t exchange.Timeouts) {
	u.timeouts = exchange.Timeouts{
		Connect: t.Connect,
		Write:   cmp.Or(t.Write, 60*time.Second),
		Read:    cmp.Or(t.Read, 60*time.Second),
	}
	u.complete, u.left = false, 0
	u.head.reset()
}

// Send implements exchange.Upstream. Before anything is sent, the connection is asked whether bytes are there that nobody has asked for:
// they are never taken for an answer.
func (u *ClientConn) Send(q *exchange.Head, body *exchange.Body, c exchange.Client) error {
	u.attach(c)
	u.toHead = q.Method == "HEAD"
	head := appendHead(u.mem.out[:0], q, body)
	err := u.send(head, body)
	if err == nil && u.head.Status == 101 && q.Upgrade == "" {
		err = u.invalid(errUpgraded)
	}
	return err
}

func (u *ClientConn) send(head []byte, body *exchange.Body) error {
	if body.Stream != nil {
		return u.sendStream(head, body)
	}
	memory := body.Memory
	if len(memory) > 0 && len(memory) <= cap(head)-len(head) {
		head, memory = append(head, memory...), nil
	}
	u.mem.out = head[:0]
	if u.raw != nil && len(memory) == 0 {
		n, wrote, err := u.rawTrip(head, u.mem.in, u.timeouts.Write, u.timeouts.Read)
		u.w = n
		switch {
		case errors.Is(err, errNotQuiet):
			u.w = 0
			return u.notQuiet(n > 0)
		case err != nil && n == 0 && wrote:
			return u.fail("read", err)
		case err != nil && n == 0:
			return u.failedWrite(err)
		}
		return u.readHead(u.timeouts.Read)
	}
	if !u.dialed.Quiet() {
		return u.notQuiet(!u.ended())
	}
	err := u.write(head, u.timeouts.Write)
	if err == nil && len(memory) > 0 {
		err = u.write(memory, u.timeouts.Write)
	}
	if err != nil {
		return u.failedWrite(err)
	}
	return u.readHead(u.timeouts.Read)
}

var (
	errNotQuiet = errors.New("the connection has ended, or has brought what nobody asked for")
	errUpgraded = errors.New("101 without being asked for an upgrade")
)

// notQuiet gives the connection up before anything was sent. A new one that is not quiet is an upstream that fails.
func (u *ClientConn) notQuiet(surplus bool) error {
	u.failed = true
	if surplus {
		u.group.pool.log().Warn("an upstream sent bytes that belong to no answer: connection closed", "address", u.group.key.Addr)
	}
	return &exchange.Error{Kind: exchange.ErrReset, Op: "check", Stale: u.reused, Unsent: u.reused, Err: errNotQuiet}
}

// attach takes the memory for a response, and makes u what c's leaving ends.
func (u *ClientConn) attach(c exchange.Client) {
	u.mem = readings.Get().(*reading)
	u.r, u.w = 0, 0
	u.served++
	if c != nil {
		u.client = c
		c.Watch(&u.watch)
	}
}

// notSent are the request fields that appendHead writes itself, or leaves out. TE stays: the proxy sets it.
var notSent = hopFields.With(header.Host, header.ContentLength, header.Expect)

// appendHead appends a request head.
func appendHead(out []byte, q *exchange.Head, body *exchange.Body) []byte {
	out = append(append(out, q.Method...), ' ')
	out = append(append(out, q.Path...), " HTTP/1.1\r\nHost: "...)
	out = append(out, q.Authority...)
	if q.Upgrade != "" {
		out = append(append(out, "\r\nConnection: keep-alive, Upgrade\r\nUpgrade: "...), q.Upgrade...)
		out = append(out, "\r\n"...)
	} else {
		out = append(out, "\r\nConnection: keep-alive\r\n"...)
	}
	out = q.Header.AppendExcept(out, q.Skip|notSent)
	if q.Extra != nil {
		out = q.Extra.AppendExcept(out, notSent)
	}
	switch {
	case !body.Present:
	case body.Length < 0:
		out = append(out, "Transfer-Encoding: chunked\r\n"...)
	default:
		out = append(out, "Content-Length: "...)
		out = strconv.AppendInt(out, body.Length, 10)
		out = append(out, "\r\n"...)
	}
	return append(out, "\r\n"...)
}

// failedWrite looks for an answer when the request could not be written: an upstream may answer and close before it has read
// the whole request.
func (u *ClientConn) failedWrite(cause error) error {
	if !isTimeout(cause) && !u.canceled.Load() && u.readHead(time.Second) == nil {
		u.failed = true
		return nil
	}
	u.head.reset()
	return u.fail("write", cause)
}

// fail makes the error of a failed read or write.
func (u *ClientConn) fail(op string, err error) error {
	u.failed = true
	if e := u.pump.failure(); e != nil {
		return e
	}
	e := &exchange.Error{Kind: exchange.ErrReset, Op: op, Err: err}
	switch {
	case u.canceled.Load():
		e.Kind = exchange.ErrCanceled
	case isTimeout(err):
		e.Kind, e.Timeout = exchange.ErrTimeout, true
	default:
		e.Stale = u.reused && u.w == 0 && u.head.Status == 0
	}
	return e
}

func (u *ClientConn) invalid(err error) error {
	u.failed = true
	return &exchange.Error{Kind: exchange.ErrResponse, Op: "parse", Err: err}
}

// interim passes an interim response on to the client (RFC 9110, 15.2). 100 Continue is not: the gateway answers that itself.
func (u *ClientConn) interim() {
	if u.client == nil || u.head.Status == 100 {
		return
	}
	StripResponse(&u.head.Header)
	_ = u.client.Interim(u.head.Status, &u.head.Header) // the final response will meet the same error
}

// Response implements exchange.Upstream.
func (u *ClientConn) Response() *exchange.Response { return &u.head.Response }

// Next implements exchange.Upstream.
func (u *ClientConn) Next() ([]byte, error) {
	for !u.complete {
		if data, err := u.buffered(readSize * 4); err != nil || len(data) > 0 {
			return data, err
		}
		if u.complete {
			break
		}
		if err := u.fill(); err != nil {
			return nil, err
		}
	}
	return nil, io.EOF
}

// Buffered implements exchange.Upstream.
func (u *ClientConn) Buffered() bool { return u.complete || u.r < u.w }

// Trailer implements exchange.Upstream.
func (u *ClientConn) Trailer() *header.Fields {
	if u.head.Body != BodyChunked {
		return nil
	}
	return &u.mem.dec.trailer
}

// WriteRaw implements exchange.Switched.
func (u *ClientConn) WriteRaw(p []byte) error {
	u.readBy.renew(u.nc, u.timeouts.Read)
	return u.write(p, u.timeouts.Write)
}

// CloseWrite implements exchange.Switched.
func (u *ClientConn) CloseWrite() error {
	if c, ok := u.nc.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Cancel implements exchange.Upstream.
func (u *ClientConn) Cancel() {
	u.canceled.Store(true)
	u.interrupt()
}

// Release implements exchange.Upstream: the connection goes back to its group if it can serve another request, else it is closed.
func (u *ClientConn) Release() {
	u.pump.release()
	if u.client != nil {
		if !u.client.Watch(nil) {
			u.failed = true // it was canceled, or is about to be
		}
		u.client = nil
	}
	reusable := u.complete && !u.failed && !u.head.Close && !u.broken() && u.r == u.w &&
		u.head.Status != 101 && u.served < u.group.pool.Requests
	if u.complete && u.r < u.w && !u.failed {
		u.group.pool.log().Warn("an upstream sent bytes behind the end of an answer: connection closed", "address", u.group.key.Addr)
	}
	u.give()
	if !reusable || !u.group.put(u) {
		u.close()
	}
}

func (u *ClientConn) close() {
	u.group.pool.conns.remove(&u.wire)
	u.nc.Close()
}

// reading is the memory of an exchange with an upstream.
type reading struct {
	in  []byte
	out []byte // the request head
	dec chunks
}

const readSize = 16 << 10

var readings = sync.Pool{New: func() any { return &reading{in: make([]byte, readSize), out: make([]byte, 0, inSize)} }}
