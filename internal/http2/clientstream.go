package http2

import (
	"cmp"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// clientStream is one exchange with an upstream: an exchange.Upstream.
type clientStream struct {
	conn     *clientConn
	timeouts exchange.Timeouts
	reused   bool // the connection had served an exchange before
	watch    exchange.Watch
	client   exchange.Client
	pump     *pump
	canceled atomic.Bool
	part     []byte // what Next has handed out

	// The connection's mutex guards what follows.
	sender   sender
	body     inbound
	head     block
	resp     exchange.Response
	toHead   bool // it answers HEAD
	streamed bool // the request's body is read from a client
	answered bool // the final head is there
	interim  []interimHead
	sentAt   int64 // on clock
	wasReset bool  // the upstream knows that the stream has ended
	err      error // it has ended before its time
}

// interimHead is an interim response on its way to the client.
type interimHead struct {
	status int
	fields *header.Fields
}

const maxInterim = 16 // interim responses before the final one

// errAnswered is what sending ends with when the upstream has answered and does not want the rest.
var errAnswered = errors.New("http2: the upstream wants no more of the request")

func newClientStream(c *clientConn, t exchange.Timeouts, reused bool) *clientStream {
	s := &clientStream{conn: c, reused: reused, timeouts: exchange.Timeouts{
		Write: cmp.Or(t.Write, 60*time.Second), Read: cmp.Or(t.Read, 60*time.Second)}}
	s.watch.End = s.Cancel
	s.head.fields = &s.resp.Header
	s.head.reset()
	s.body.cond.L = &c.mu
	s.body.credit = newCredit(responseWindow)
	s.body.tail.fields = &s.body.trailer
	s.body.tail.reset()
	s.sender.init(&c.output, 0, 0)
	return s
}

var errUpgrade = errors.New("HTTP/2 cannot change to another protocol")

// Send implements exchange.Upstream.
func (s *clientStream) Send(q *exchange.Head, body *exchange.Body, c exchange.Client) error {
	if q.Upgrade != "" {
		return &exchange.Error{Kind: exchange.ErrConnect, Op: "write", Err: errUpgrade}
	}
	if c != nil {
		s.client = c
		c.Watch(&s.watch)
	}
	s.toHead, s.streamed = q.Method == "HEAD", body.Stream != nil
	if err := s.begin(q, body); err != nil {
		return err
	}
	switch {
	case body.Stream != nil:
		s.pump = startPump(s, body)
	case body.Present:
		if err := s.write(body.Memory, true); err != nil {
			return err
		}
	}
	return s.await()
}

// begin opens the stream with its HEADERS frame.
func (s *clientStream) begin(q *exchange.Head, body *exchange.Body) error {
	c := s.conn
	block := buffers.Get().(*buffer)
	defer block.put()
	c.mu.Lock()
	switch {
	case s.err != nil:
	case c.output.err != nil || c.leaving:
		s.fail(&exchange.Error{Kind: exchange.ErrReset, Op: "write", Stale: true, Unsent: true, Err: errClosed})
	}
	if err := s.err; err != nil {
		c.mu.Unlock()
		return err
	}
	c.promised--
	first := c.lastID == 0
	if c.lastID += 2; first {
		c.lastID = 1
	}
	s.sender.id = c.lastID
	s.sender.window = window(c.initial)
	c.streams[c.lastID] = s
	s.sentAt = clock()
	end := !body.Present // an empty body is a frame of its own: servers of gRPC do not see the end of one that ends with the head
	b := block.b[:0]
	b = append(b, make([]byte, frameHeaderSize)...)
	if first {
		b = appendTableSize(b)
	}
	block.b = finishBlock(appendRequest(b, q, body), 0, end, s.sender.id)
	o := c.queue()
	o.b = append(o.b, block.b...)
	s.sender.ended = end
	if !end && body.Stream == nil {
		c.mu.Unlock() // it leaves with the body
		return nil
	}
	c.release()
	return nil
}

// notSent are the request fields that appendRequest writes itself, or leaves out.
var notSent = header.IDs(header.Host, header.ContentLength, header.Expect)

// appendRequest appends the header block of a request.
func appendRequest(b []byte, q *exchange.Head, body *exchange.Body) []byte {
	switch q.Method {
	case "GET":
		b = append(b, 0x80|2)
	case "POST":
		b = append(b, 0x80|3)
	default:
		b = appendNamed(b, staticMethod, []byte(q.Method))
	}
	if q.Scheme == "https" {
		b = append(b, 0x80|7)
	} else {
		b = append(b, 0x80|staticScheme)
	}
	b = appendNamed(b, staticPath, q.Path)
	b = appendNamed(b, staticAuthority, q.Authority)
	b = appendFields(b, q.Header, q.Skip|notSent)
	if q.Extra != nil {
		b = appendFields(b, q.Extra, notSent)
	}
	if body.Present && body.Length >= 0 {
		b = appendLength(b, body.Length)
	}
	return b
}

// write sends a part of the request body.
func (s *clientStream) write(data []byte, last bool) error {
	_, err := s.conn.send(&s.sender, part{data: data, last: last})
	if err == nil || errors.Is(err, errAnswered) {
		return nil
	}
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	if s.answered {
		return nil // what it has answered counts
	}
	s.fail(&exchange.Error{Kind: exchange.ErrReset, Op: "write", Err: err, Stale: s.reused})
	return s.err
}

// await waits for the final head, and passes interim ones on.
func (s *clientStream) await() error {
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case len(s.interim) > 0:
			all := s.interim
			s.interim = nil
			c.mu.Unlock()
			for _, i := range all {
				_ = s.client.Interim(i.status, i.fields) // the final response will meet the same error
			}
			c.mu.Lock()
			continue
		case s.answered:
			return nil
		case s.err != nil:
			return s.err
		}
		s.wait()
	}
}

// wait waits for something to come. While the request is still being sent, only the client's own pace bounds that. The mutex is held.
func (s *clientStream) wait() {
	if !s.pump.active() {
		s.body.by = clock() + int64(s.timeouts.Read)
	}
	s.body.cond.Wait()
	s.body.by = 0
}

// takeBlock takes a header block. The mutex is held.
func (s *clientStream) takeBlock(dec *decoder, encoded []byte, end bool) error {
	switch {
	case s.body.ended:
		if err := dec.decode(nil, trailerBlock, encoded); err != nil {
			return err
		}
		return errBehindTheEnd
	case s.answered:
		return s.takeTrailers(dec, encoded, end)
	}
	s.head.reset()
	if err := dec.decode(&s.head, responseBlock, encoded); err != nil {
		return err
	}
	status, ok := parseStatus(s.head.value(status))
	switch {
	case !ok:
		return errStatus
	case status >= 200:
	case end:
		return errInterimEnds
	default:
		return s.takeInterim(status)
	}
	r := &s.resp
	r.Status, r.Version, r.Declared = status, exchange.HTTP2, s.head.length
	r.HasBody = !end && !s.bodiless()
	switch {
	case !r.HasBody:
		r.Length = 0
	default:
		r.Length = s.head.length
	}
	if end && s.length() > 0 {
		return errLengthDiffers
	}
	s.answered = true
	if end {
		s.endReceived()
	}
	s.body.cond.Broadcast()
	return nil
}

func parseStatus(b []byte) (int, bool) {
	if len(b) != 3 || b[0] < '1' || b[0] > '9' || b[1]-'0' > 9 || b[2]-'0' > 9 {
		return 0, false
	}
	n := int(b[0]-'0')*100 + int(b[1]-'0')*10 + int(b[2]-'0')
	return n, n != 101 // there is no upgrade in HTTP/2
}

func (s *clientStream) takeInterim(status int) error {
	if len(s.interim) >= maxInterim {
		return errManyInterim
	}
	if status != 100 && s.client != nil {
		f := new(header.Fields)
		f.Extend(&s.resp.Header)
		s.interim = append(s.interim, interimHead{status, f})
		s.body.cond.Broadcast()
	}
	return nil
}

func (s *clientStream) takeTrailers(dec *decoder, encoded []byte, end bool) error {
	if err := dec.decode(&s.body.tail, trailerBlock, encoded); err != nil {
		return err
	}
	switch {
	case !end:
		return errTrailerOpen
	case s.length() >= 0 && s.body.got != s.length():
		return errLengthDiffers
	}
	s.endReceived()
	return nil
}

// bodiless reports whether the response has no body by rule.
func (s *clientStream) bodiless() bool {
	return s.toHead || s.resp.Status == 204 || s.resp.Status == 304
}

// length is how many bytes the body must have, -1 if the upstream has not said. The mutex is held.
func (s *clientStream) length() int64 {
	if s.bodiless() {
		return -1 // content-length tells of another body
	}
	return s.head.length
}

// takes checks a DATA frame. The mutex is held.
func (s *clientStream) takes(all, data int) *streamFault {
	switch {
	case !s.answered:
		return errDataEarly
	case s.body.ended:
		return errBehindTheEnd
	case s.bodiless() && data > 0:
		return errDataNone
	case !s.body.credit.receive(all):
		return errStreamOver
	}
	return nil
}

// endReceived is the end of the response. A request that is not sent to its end is not wanted any more. The mutex is held.
func (s *clientStream) endReceived() {
	s.body.end()
	if !s.sender.ended {
		s.sender.fail(errAnswered)
	}
}

// refund gives the upstream n bytes of the stream's window back. The mutex is held.
func (s *clientStream) refund(n int) {
	if s.body.ended || s.err != nil {
		return
	}
	if n := s.body.credit.refund(n); n > 0 {
		b := s.conn.queue()
		b.b = appendWindowUpdate(b.b, s.sender.id, n)
	}
}

// fail ends the exchange. What was received is still read, unless the response had not begun. The mutex is held.
func (s *clientStream) fail(e *exchange.Error) {
	if s.err != nil || s.body.ended && s.answered {
		s.sender.fail(errAnswered)
		return
	}
	if s.canceled.Load() {
		e = &exchange.Error{Kind: exchange.ErrCanceled, Op: "read", Err: e}
	} else if p := s.pump.failure(); p != nil {
		e = p
	}
	s.err = e
	s.sender.fail(e)
	s.body.fail(e)
}

// reset tells the upstream that the stream has ended. The mutex is held.
func (s *clientStream) reset(code http2.ErrCode) {
	if s.wasReset || s.sender.id == 0 {
		return
	}
	s.wasReset = true
	b := s.conn.queue()
	b.b = appendReset(b.b, s.sender.id, code)
}

// Response implements exchange.Upstream.
func (s *clientStream) Response() *exchange.Response { return &s.resp }

// Next implements exchange.Upstream.
func (s *clientStream) Next() ([]byte, error) {
	c, b := s.conn, &s.body
	c.mu.Lock()
	defer c.release()
	for {
		switch {
		case b.unread() > 0:
			next := b.buf[b.r:]
			b.buf, s.part, b.r = s.part[:0], b.buf, 0
			c.refund(len(next))
			s.refund(len(next))
			return next, nil
		case b.ended:
			return nil, io.EOF
		case s.err != nil:
			return nil, s.err
		}
		if c.buf != nil && !c.writing {
			c.release() // window updates leave before it waits
			c.mu.Lock()
			continue
		}
		s.wait()
	}
}

// Buffered implements exchange.Upstream.
func (s *clientStream) Buffered() bool {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	return s.body.ended || s.body.unread() > 0
}

// Trailer implements exchange.Upstream.
func (s *clientStream) Trailer() *header.Fields {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	if !s.body.ended {
		return nil
	}
	return trailerOf(&s.body.trailer)
}

var errGivenUp = errors.New("nobody waits for the response any more")

// Cancel implements exchange.Upstream.
func (s *clientStream) Cancel() {
	c := s.conn
	c.mu.Lock()
	s.canceled.Store(true)
	if !(s.body.ended && s.answered) {
		s.reset(http2.ErrCodeCancel)
		s.fail(&exchange.Error{Kind: exchange.ErrCanceled, Op: "read", Err: errGivenUp})
	}
	c.releaseLater()
}

// Release implements exchange.Upstream.
func (s *clientStream) Release() {
	if s.client != nil {
		s.client.Watch(nil)
		s.client = nil
	}
	c := s.conn
	c.mu.Lock()
	if !s.body.ended || !s.sender.ended {
		s.reset(http2.ErrCodeCancel)
	}
	s.sender.fail(errAnswered)
	c.mu.Unlock()
	s.pump.stop()
	c.mu.Lock()
	if n := s.body.unread(); n > 0 {
		c.refund(n)
	}
	if s.err == nil {
		s.err = errReleased
	}
	c.remove(s)
	c.release()
}

var errReleased = errors.New("http2: exchange was released")

var _ exchange.Upstream = (*clientStream)(nil)
