package http1

import (
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// Errors of writing a response.
var (
	errHeadTwice = errors.New("http1: response head written twice")
	errNoHead    = errors.New("http1: response body before its head")
	errBodyOver  = errors.New("http1: response body longer than declared")
	errBodyShort = errors.New("http1: response body shorter than declared")
	errBadStatus = errors.New("http1: invalid response status")
	errAborted   = errors.New("http1: response aborted")
	errStopped   = errors.New("http1: reading the request body was stopped")
)

// answer is the response that is being written.
type answer struct {
	c        *Conn
	kind     BodyKind
	left     int64 // of a body with a length
	sent     int64
	bodySent int64
	status   int
	wrote    bool // the head
	finished bool
	close    bool // the connection ends after it
	cut      bool // it is not complete
	toHead   bool
	old      bool // to HTTP/1.0
	err      error
}

func (a *answer) reset(q *Request) {
	*a = answer{c: a.c, toHead: string(q.Method) == "HEAD", old: q.Minor == 0}
}

// notCopied are the response fields that WriteHead makes itself.
var notCopied = hopFields.With(header.ContentLength)

// WriteHead implements exchange.Downstream. A body of unknown length is sent in chunks, or until close to HTTP/1.0. Nothing is sent
// before Flush, Finish, or a full buffer.
func (a *answer) WriteHead(status int, reason []byte, h *header.Fields, length int64) error {
	c := a.c
	switch {
	case a.wrote:
		return errHeadTwice
	case status < 101 || status > 999:
		return errBadStatus
	}
	a.wrote, a.status = true, status
	if !a.close && (c.srv.closing.Load() || !c.requestBody.hasArrived()) {
		a.close = true
	}
	out := appendStatusLine(c.m.out, status, reason)
	skip := notCopied
	if status == http.StatusSwitchingProtocols || status == http.StatusUpgradeRequired {
		skip &^= header.IDs(header.Upgrade)
	}
	if h != nil {
		out = h.AppendExcept(out, skip)
	}
	if h == nil || !h.HasID(header.Date) {
		out = appendDate(out)
	}
	out = a.appendFraming(out, length)
	switch {
	case status == http.StatusSwitchingProtocols:
		out = append(out, "Connection: upgrade\r\n\r\n"...)
	case a.close:
		out = append(out, "Connection: close\r\n\r\n"...)
	case status == http.StatusUpgradeRequired && h != nil && h.HasID(header.Upgrade):
		out = append(out, "Connection: keep-alive\r\nConnection: Upgrade\r\n\r\n"...)
	default:
		out = append(out, "Connection: keep-alive\r\n\r\n"...)
	}
	a.sent += int64(len(out) - len(c.m.out))
	c.m.out = out
	return nil
}

// appendFraming decides how the body ends and writes the field that says so.
func (a *answer) appendFraming(out []byte, length int64) []byte {
	bodiless := a.toHead || a.status < 200 || a.status == http.StatusNoContent || a.status == http.StatusNotModified
	declares := length >= 0 && a.status >= 200 && a.status != http.StatusNoContent
	if declares && !(a.status == http.StatusNotModified && length == 0) {
		out = append(out, "Content-Length: "...)
		out = appendInt(out, length)
		out = append(out, "\r\n"...)
	}
	switch {
	case bodiless:
		a.kind = BodyNone
	case length >= 0:
		a.kind, a.left = BodyLength, length
	case a.old:
		a.kind, a.close = BodyUntilClose, true
	default:
		a.kind = BodyChunked
		out = append(out, "Transfer-Encoding: chunked\r\n"...)
	}
	return out
}

// statusLines holds the lines of the statuses that have a usual phrase.
var statusLines = func() (t [600][]byte) {
	for s := range t {
		if text := http.StatusText(s); text != "" {
			t[s] = makeStatusLine(nil, s, []byte(text))
		}
	}
	return t
}()

func makeStatusLine(out []byte, status int, reason []byte) []byte {
	out = append(out, "HTTP/1.1 "...)
	out = appendInt(out, int64(status))
	out = append(out, ' ')
	out = append(out, reason...)
	return append(out, '\r', '\n')
}

func appendStatusLine(out []byte, status int, reason []byte) []byte {
	if reason == nil && status < len(statusLines) && statusLines[status] != nil {
		return append(out, statusLines[status]...)
	}
	if !validValue(reason) {
		reason = nil
	}
	return makeStatusLine(out, status, reason)
}

// WriteBody implements exchange.Downstream.
func (a *answer) WriteBody(p []byte) error {
	c := a.c
	switch {
	case a.err != nil:
		return a.err
	case !a.wrote:
		return errNoHead
	case len(p) == 0 || a.kind == BodyNone:
		return nil
	}
	switch a.kind {
	case BodyLength:
		if int64(len(p)) > a.left {
			a.cut, a.err = true, errBodyOver
			return a.err
		}
		a.left -= int64(len(p))
	case BodyChunked:
		n := len(c.m.out)
		c.m.out = appendHex(c.m.out, len(p))
		c.m.out = append(c.m.out, '\r', '\n')
		a.sent += int64(len(c.m.out) - n + 2)
	}
	a.sent += int64(len(p))
	a.bodySent += int64(len(p))
	err := a.queue(p)
	if err == nil && a.kind == BodyChunked {
		c.m.out = append(c.m.out, '\r', '\n')
	}
	return err
}

// queue buffers p, or sends it when it is too long for that.
func (a *answer) queue(p []byte) error {
	c := a.c
	if len(c.m.out)+len(p) <= outSize {
		c.m.out = append(c.m.out, p...)
		return nil
	}
	if len(c.m.out) > 0 && len(c.m.out) < outSize/2 { // fill the write up, so that no short packet leaves
		n := min(outSize-len(c.m.out), len(p))
		c.m.out = append(c.m.out, p[:n]...)
		p = p[n:]
	}
	if err := a.Flush(); err != nil {
		return err
	}
	if len(p) < outSize/2 {
		c.m.out = append(c.m.out, p...)
		return nil
	}
	return a.send(p)
}

func (a *answer) send(p []byte) error {
	if a.err == nil {
		a.err = a.c.write(p, a.c.srv.limits.SendTimeout)
	}
	return a.err
}

// Flush implements exchange.Downstream.
func (a *answer) Flush() error {
	m := a.c.m
	if m == nil || len(m.out) == 0 {
		return a.err
	}
	err := a.send(m.out)
	m.out = m.out[:0]
	return err
}

// Finish implements exchange.Downstream. It is called for the handler when that returns; a handler calls it itself to do work after the
// client has its answer. Trailers are sent behind a chunked body only.
func (a *answer) Finish(trailer *header.Fields) error {
	if a.finished || !a.wrote {
		return a.err
	}
	a.finished = true
	m := a.c.m
	switch {
	case a.cut:
		if a.err == nil {
			a.err = errAborted
		}
		return a.err
	case a.kind == BodyLength && a.left > 0:
		a.cut = true
		a.Flush()
		return errBodyShort
	case a.kind == BodyChunked:
		n := len(m.out)
		out := append(m.out, "0\r\n"...)
		if trailer != nil {
			out = trailer.AppendExcept(out, exchange.NotInTrailers)
		}
		m.out = append(out, '\r', '\n')
		a.sent += int64(len(m.out) - n)
	}
	return a.Flush()
}

// Abort implements exchange.Downstream: what was written is sent, and the connection closed. There is no way to tell why.
func (a *answer) Abort(exchange.Code) {
	if a.wrote && !a.finished {
		a.Flush()
	}
	a.cut, a.close = true, true
}

// Wrote implements exchange.Downstream.
func (a *answer) Wrote() bool { return a.wrote }

// Sent implements exchange.Downstream.
func (a *answer) Sent() (all, body int64) { return a.sent, a.bodySent }

// date holds the text of the Date field for the current second.
type date struct {
	second int64
	text   []byte
}

var lastDate atomic.Pointer[date]

func appendDate(out []byte) []byte {
	now := time.Now()
	d := lastDate.Load()
	if d == nil || d.second != now.Unix() {
		d = &date{now.Unix(), now.UTC().AppendFormat([]byte("Date: "), http.TimeFormat+"\r\n")}
		lastDate.Store(d)
	}
	return append(out, d.text...)
}
