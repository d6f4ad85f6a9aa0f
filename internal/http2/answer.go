package http2

import (
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"

	"github.com/gibbon-gateway/gibbon/header"
)

// Errors of writing a response.
var (
	errHeadTwice = errors.New("http2: response head written twice")
	errNoHead    = errors.New("http2: response body before its head")
	errBodyOver  = errors.New("http2: response body longer than declared")
	errBodyShort = errors.New("http2: response body shorter than declared")
	errBadStatus = errors.New("http2: invalid response status")
)

// answer is the response of a stream. It is used by one goroutine; whoever reads the request body looks at what is atomic.
type answer struct {
	s        *serverStream
	out      []byte // head frames that were not sent yet, then body
	head     int    // out[:head] is the head
	left     int64  // of a body whose length was declared, else -1
	sent     int64  // bytes of the body
	all      atomic.Int64
	wrote    atomic.Bool // the head
	opened   atomic.Bool // the tunnel
	bodiless bool
	finished bool
	err      error
}

// gather is how much of a body is gathered before it is sent without being asked to.
const gather = maxFrame

func (a *answer) begin() {
	a.out, a.head, a.left, a.sent = a.out[:0], 0, 0, 0
	a.bodiless, a.finished, a.err = false, false, nil
	a.all.Store(0)
	a.wrote.Store(false)
	a.opened.Store(false)
}

// notCopied are the response fields that WriteHead makes itself.
var notCopied = header.IDs(header.ContentLength, header.TE, header.Host)

// WriteHead implements exchange.Downstream. Reason phrases and Upgrade do not exist in HTTP/2. 101 opens the tunnel of an extended CONNECT,
// and is sent as 200 (RFC 8441, 5).
func (a *answer) WriteHead(status int, _ []byte, h *header.Fields, length int64) error {
	s := a.s
	switch {
	case a.wrote.Load():
		return errHeadTwice
	case status < 200 && !(status == http.StatusSwitchingProtocols && s.tunnel), status > 999:
		return errBadStatus
	}
	skip := notCopied
	opens := status == http.StatusSwitchingProtocols
	if opens {
		status, length = http.StatusOK, -1
	}
	a.bodiless = !opens && (string(s.req.Method) == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified)
	a.left = length
	start := a.beginBlock()
	a.out = appendStatus(a.out, status)
	if h == nil || !h.HasID(header.Date) {
		a.out = appendDate(a.out)
	}
	if length >= 0 && status != http.StatusNoContent && !(status == http.StatusNotModified && length == 0) {
		a.out = appendLength(a.out, length)
	}
	if h != nil {
		if opens {
			a.out = appendOpening(a.out, h, skip)
		} else {
			a.out = appendFields(a.out, h, skip)
		}
	}
	a.out = finishBlock(a.out, start, false, s.sender.id)
	a.head = len(a.out)
	a.wrote.Store(true)
	if opens {
		a.opened.Store(true)
		return a.Flush()
	}
	return nil
}

// beginBlock makes room for a frame header behind what was not sent yet.
func (a *answer) beginBlock() (start int) {
	start = len(a.out)
	a.out = append(a.out, make([]byte, frameHeaderSize)...)
	return start
}

// appendOpening appends the fields of a 101 without those of HTTP/1.1's handshake.
func appendOpening(b []byte, h *header.Fields, skip header.IDSet) []byte {
	var kept header.Fields
	kept.CopyFrom(h)
	kept.Del("Sec-WebSocket-Accept")
	return appendFields(b, &kept, skip)
}

// Interim implements exchange.Client.
func (a *answer) Interim(status int, h *header.Fields) error {
	if status <= 101 || status > 199 || a.wrote.Load() {
		return nil
	}
	b := buffers.Get().(*buffer)
	defer b.put()
	b.b = appendStatus(append(b.b, make([]byte, frameHeaderSize)...), status)
	if h != nil {
		b.b = appendFields(b.b, h, notCopied)
	}
	b.b = finishBlock(b.b, 0, false, a.s.sender.id)
	return a.send(part{head: b.b}, 0)
}

// send sends a part that has n bytes of the body.
func (a *answer) send(p part, n int) error {
	if a.err != nil {
		return a.err
	}
	s := a.s
	all, err := s.conn.send(&s.sender, p)
	a.all.Add(int64(all))
	if err == nil {
		a.sent += int64(n)
	}
	a.err = err
	return err
}

// WriteBody implements exchange.Downstream.
func (a *answer) WriteBody(p []byte) error {
	switch {
	case a.err != nil:
		return a.err
	case !a.wrote.Load():
		return errNoHead
	case a.finished || len(p) == 0 || a.bodiless:
		return nil
	}
	if a.left >= 0 {
		if int64(len(p)) > a.left {
			return a.breakOff(errBodyOver)
		}
		a.left -= int64(len(p))
	}
	if len(a.out)-a.head+len(p) <= gather {
		a.out = append(a.out, p...)
		return nil
	}
	if err := a.Flush(); err != nil {
		return err
	}
	if len(p) < gather/4 {
		a.out = append(a.out, p...)
		return nil
	}
	return a.send(part{data: p}, len(p))
}

// Flush implements exchange.Downstream.
func (a *answer) Flush() error {
	if len(a.out) == 0 {
		return a.err
	}
	n := len(a.out) - a.head
	err := a.send(part{head: a.out[:a.head], data: a.out[a.head:]}, n)
	a.out, a.head = a.out[:0], 0
	return err
}

// Finish implements exchange.Downstream.
func (a *answer) Finish(trailer *header.Fields) error {
	if a.finished || !a.wrote.Load() {
		return a.err
	}
	a.finished = true
	switch {
	case a.err != nil:
		return a.err
	case a.left > 0 && !a.bodiless:
		a.Flush()
		return a.breakOff(errBodyShort)
	}
	body := len(a.out)
	if trailer = trailerOf(trailer); trailer != nil && !a.bodiless {
		start := a.beginBlock()
		a.out = appendFields(a.out, trailer, notInTrailers)
		a.out = finishBlock(a.out, start, true, a.s.sender.id)
	}
	p := part{head: a.out[:a.head], data: a.out[a.head:body], tail: a.out[body:], last: true}
	if len(p.data)+len(p.tail) == 0 && len(p.head) > 0 {
		p.head[4] |= byte(http2.FlagHeadersEndStream)
	}
	err := a.send(p, body-a.head)
	a.out, a.head = a.out[:0], 0
	return err
}

// breakOff gives the response up because of an error of whoever writes it.
func (a *answer) breakOff(err error) error {
	c := a.s.conn
	c.mu.Lock()
	a.s.reset(http2.ErrCodeInternal, err)
	c.release()
	a.err = err
	return err
}

// Wrote implements exchange.Downstream.
func (a *answer) Wrote() bool { return a.wrote.Load() }

// Sent implements exchange.Downstream.
func (a *answer) Sent() (all, body int64) { return a.all.Load(), a.sent }

// date holds the Date field, encoded, for the current second.
type date struct {
	second int64
	field  []byte
}

var lastDate atomic.Pointer[date]

func appendDate(b []byte) []byte {
	now := time.Now()
	d := lastDate.Load()
	if d == nil || d.second != now.Unix() {
		text := now.UTC().AppendFormat(nil, http.TimeFormat)
		d = &date{now.Unix(), appendNamed(nil, int(staticNames[header.Date]), text)}
		lastDate.Store(d)
	}
	return append(b, d.field...)
}
