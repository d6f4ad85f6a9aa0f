package http2

import (
	"encoding/binary"
	"errors"

	"golang.org/x/net/http2"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// frame does what a frame of the upstream asks for. An error ends the connection.
func (c *clientConn) frame(h frameHeader, p []byte) error {
	if c.headers.id != 0 && (h.kind != http2.FrameContinuation || h.id != c.headers.id) {
		return errBlockOrder
	}
	if !c.settled {
		if h.kind != http2.FrameSettings || h.flags.Has(http2.FlagSettingsAck) {
			return errNoServerSettings
		}
		c.settled = true
	}
	switch h.kind {
	case http2.FrameData:
		return c.dataFrame(h, p)
	case http2.FrameHeaders:
		return c.headersFrame(h, p)
	case http2.FrameContinuation:
		return c.continuationFrame(h, p)
	case http2.FrameRSTStream:
		return c.resetFrame(h, p)
	case http2.FrameSettings:
		return c.settings(h, p)
	case http2.FramePushPromise:
		return errPromise
	case http2.FramePing:
		return c.pingFrame(h, p)
	case http2.FrameGoAway:
		return c.goAwayFrame(h, p)
	case http2.FrameWindowUpdate:
		return c.windowFrame(h, p)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.useless()
}

// Faults of upstreams.
var (
	errNoServerSettings = &connFault{http2.ErrCodeProtocol, "connection does not begin with SETTINGS"}
	errPromise          = &connFault{http2.ErrCodeProtocol, "push was not allowed"}
	errNotOpened        = &connFault{http2.ErrCodeProtocol, "frame of a stream that was not opened"}

	errStatus       = &streamFault{http2.ErrCodeProtocol, "malformed :status"}
	errManyInterim  = &streamFault{http2.ErrCodeEnhanceYourCalm, "too many interim responses"}
	errDataEarly    = &streamFault{http2.ErrCodeProtocol, "data in front of the head"}
	errDataNone     = &streamFault{http2.ErrCodeProtocol, "data behind a head that has no body"}
	errInterimEnds  = &streamFault{http2.ErrCodeProtocol, "interim response ends the stream"}
	errTrailerOpen  = &streamFault{http2.ErrCodeProtocol, "trailers do not end the stream"}
	errBehindTheEnd = &streamFault{http2.ErrCodeStreamClosed, "frame behind the end of the stream"}
)

// stream returns the stream of a frame, nil if it has ended; opened is false if it never was there. The mutex is held.
func (c *clientConn) stream(id uint32) (s *clientStream, opened bool) {
	return c.streams[id], id&1 == 1 && id <= c.lastID
}

// fault gives up a stream whose upstream has broken the rules. The mutex is held.
func (c *clientConn) fault(s *clientStream, f *streamFault) {
	s.reset(f.code)
	s.fail(&exchange.Error{Kind: exchange.ErrResponse, Op: "parse", Err: f})
	c.dirty = true
}

func (c *clientConn) dataFrame(h frameHeader, p []byte) error {
	data, err := h.unpad(p)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = clock()
	s, opened := c.stream(h.id)
	switch {
	case !opened:
		return errNotOpened
	case !c.credit.receive(h.length):
		return errConnOver
	}
	if s == nil || s.err != nil {
		c.refund(h.length)
		c.dirty = true
		if len(data) == 0 {
			return c.useless()
		}
		return nil
	}
	b := &s.body
	if err := s.takes(h.length, len(data)); err != nil {
		c.refund(h.length)
		c.fault(s, err)
		return nil
	}
	b.got += int64(len(data))
	end := h.flags.Has(http2.FlagDataEndStream)
	if declared := s.length(); declared >= 0 && (b.got > declared || end && b.got < declared) {
		c.refund(h.length)
		c.fault(s, errLengthDiffers)
		return nil
	}
	if len(data) > 0 {
		b.add(data)
	}
	if padding := h.length - len(data); padding > 0 {
		c.refund(padding)
		s.refund(padding)
		c.dirty = true
	}
	if end {
		s.endReceived()
		return nil
	}
	if len(data) == 0 {
		return c.useless()
	}
	return nil
}

func (c *clientConn) headersFrame(h frameHeader, p []byte) error {
	block, _, err := h.fragment(p)
	if err != nil {
		return err
	}
	end := h.flags.Has(http2.FlagHeadersEndStream)
	if h.flags.Has(http2.FlagHeadersEndHeaders) {
		return c.block(h.id, block, end)
	}
	if h.id == 0 {
		return errZeroStream
	}
	c.headers = partialBlock{id: h.id, end: end, buf: buffers.Get().(*buffer)}
	return c.more(block)
}

func (c *clientConn) continuationFrame(h frameHeader, p []byte) error {
	if c.headers.id == 0 {
		return errBlockOrder
	}
	if c.headers.frames++; c.headers.frames > maxContinuations {
		return errBlockFrames
	}
	if err := c.more(p); err != nil || !h.flags.Has(http2.FlagContinuationEndHeaders) {
		return err
	}
	part := c.headers
	c.headers = partialBlock{}
	defer part.drop()
	return c.block(part.id, part.buf.b, part.end)
}

// more gathers a piece of a header block.
func (c *clientConn) more(p []byte) error {
	b := c.headers.buf
	if len(b.b)+len(p) > c.dec.maxBlock() {
		return errBlockLong
	}
	b.b = append(b.b, p...)
	return nil
}

// block takes a whole header block: an interim response, the head of a response, or trailers.
func (c *clientConn) block(id uint32, encoded []byte, end bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = clock()
	s, opened := c.stream(id)
	if !opened {
		return errNotOpened
	}
	if s == nil || s.err != nil {
		return c.dec.decode(nil, responseBlock, encoded)
	}
	err := s.takeBlock(c.dec, encoded, end)
	var own *streamFault
	var long *exchange.Refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		c.fault(s, own)
		return nil
	case errors.As(err, &long): // over a limit of ours
		s.reset(http2.ErrCodeCancel)
		s.fail(&exchange.Error{Kind: exchange.ErrResponse, Op: "parse", Err: errors.New(long.Text)})
		c.dirty = true
		return nil
	}
	return err
}

func (c *clientConn) resetFrame(h frameHeader, p []byte) error {
	if len(p) != 4 {
		return errFrameSize
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s, opened := c.stream(h.id)
	switch {
	case !opened:
		return errNotOpened
	case s == nil || s.err != nil:
		return c.useless()
	}
	code := http2.ErrCode(binary.BigEndian.Uint32(p))
	if code == http2.ErrCodeNo && s.body.ended {
		s.sender.fail(errAnswered) // it does not want the rest of the request (RFC 9113, 8.1)
		return nil
	}
	s.wasReset = true
	s.fail(resetError(code, s))
	return nil
}

// resetError says what it means that the upstream has reset a stream (RFC 9113, 7).
func resetError(code http2.ErrCode, s *clientStream) *exchange.Error {
	e := &exchange.Error{Kind: exchange.ErrReset, Op: "read", Err: errors.New("stream was reset: " + code.String())}
	switch code {
	case http2.ErrCodeRefusedStream:
		e.Stale, e.Unsent = true, !s.streamed
	case http2.ErrCodeProtocol, http2.ErrCodeCompression, http2.ErrCodeFlowControl, http2.ErrCodeFrameSize, http2.ErrCodeHTTP11Required:
		e.Kind = exchange.ErrResponse
	}
	return e
}

func (c *clientConn) pingFrame(h frameHeader, p []byte) error {
	switch {
	case h.id != 0:
		return errNotZero
	case len(p) != 8:
		return errFrameSize
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = clock()
	if !h.flags.Has(http2.FlagPingAck) {
		b := c.queue()
		b.b = appendPing(b.b, true, p)
	}
	return c.useless()
}

// goAwayFrame ends what the upstream will not process; the rest goes on to its end.
func (c *clientConn) goAwayFrame(h frameHeader, p []byte) error {
	switch {
	case h.id != 0:
		return errNotZero
	case len(p) < 8:
		return errFrameSize
	}
	last := binary.BigEndian.Uint32(p) & (1<<31 - 1)
	code := http2.ErrCode(binary.BigEndian.Uint32(p[4:]))
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, s := range c.streams {
		if id > last && s.err == nil {
			s.wasReset = true
			s.fail(&exchange.Error{Kind: exchange.ErrReset, Op: "read", Stale: true, Unsent: !s.streamed,
				Err: errors.New("the upstream has left without processing the request: GOAWAY " + code.String())})
		}
	}
	c.leave()
	return c.useless()
}

func (c *clientConn) windowFrame(h frameHeader, p []byte) error {
	if len(p) != 4 {
		return errFrameSize
	}
	n := int64(binary.BigEndian.Uint32(p) & maxWindow)
	c.mu.Lock()
	defer c.mu.Unlock()
	if h.id == 0 {
		switch {
		case n == 0:
			return errConnZero
		case !c.enlarge(n):
			return errConnWindow
		}
		return c.useless()
	}
	s, opened := c.stream(h.id)
	switch {
	case !opened:
		return errNotOpened
	case s == nil || s.err != nil:
	case n == 0:
		c.fault(s, errStreamZero)
	case !s.sender.enlarge(n):
		c.fault(s, errStreamWindow)
	}
	return c.useless()
}
