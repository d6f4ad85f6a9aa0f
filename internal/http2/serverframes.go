package http2

import (
	"encoding/binary"
	"errors"

	"golang.org/x/net/http2"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// frame does what a frame asks for. An error is a *connFault and ends the connection.
func (c *serverConn) frame(h frameHeader, p []byte) error {
	if c.headers.id != 0 && (h.kind != http2.FrameContinuation || h.id != c.headers.id) {
		return errBlockOrder
	}
	if !c.settled {
		if h.kind != http2.FrameSettings || h.flags.Has(http2.FlagSettingsAck) {
			return errNoSettings
		}
		c.settled = true
		c.headBy.Store(0)
	}
	switch h.kind {
	case http2.FrameData:
		return c.dataFrame(h, p)
	case http2.FrameHeaders:
		return c.headersFrame(h, p)
	case http2.FramePriority:
		return c.priorityFrame(h, p)
	case http2.FrameRSTStream:
		return c.resetFrame(h, p)
	case http2.FrameSettings:
		return c.settingsFrame(h, p)
	case http2.FramePushPromise:
		return errPush
	case http2.FramePing:
		return c.pingFrame(h, p)
	case http2.FrameGoAway:
		return c.goAwayFrame(h, p)
	case http2.FrameWindowUpdate:
		return c.windowFrame(h, p)
	case http2.FrameContinuation:
		return c.continuationFrame(h, p)
	}
	return c.useless()
}

// useless counts a frame that nobody needs.
func (c *serverConn) useless() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.uselessLocked()
}

// uselessLocked is useless with the mutex held. For the data that it is sent, a client may tell about its windows and measure the way.
func (c *serverConn) uselessLocked() error {
	c.control.earn(2 * c.frames)
	c.frames = 0
	if !c.control.spend(1) {
		return errFlood
	}
	return nil
}

// answers checks that the client takes what the reader queues for it, and has it sent when the reader waits next. The mutex is held.
func (c *serverConn) answers() error {
	c.dirty = true
	if c.queued() > maxFlood {
		return errFlood
	}
	return nil
}

// idle reports whether a stream was never opened.
func (c *serverConn) idle(id uint32) bool { return id&1 == 0 || id > c.table.last }

// fault answers a break of the rules in a stream: it is reset. What the client makes the server reset costs as much as what it resets
// itself. The mutex is held. s is nil if the stream has no handler.
func (c *serverConn) fault(id uint32, s *serverStream, f *streamFault) (*exchange.Watch, error) {
	if s != nil {
		if s.err != nil {
			return nil, nil
		}
		s.reset(f.code, errGone)
		s.gone.Store(true)
	} else {
		b := c.queue()
		b.b = appendReset(b.b, id, f.code)
		c.table.undo(id)
	}
	if !c.resets.spend(1) {
		return nil, errResets
	}
	var w *exchange.Watch
	if s != nil {
		w = s.watch.Swap(nil)
	}
	return w, c.answers()
}

// faultAlone is fault without the mutex.
func (c *serverConn) faultAlone(id uint32, f *streamFault) error {
	c.mu.Lock()
	w, err := c.fault(id, c.table.streams[id], f)
	c.mu.Unlock()
	if w != nil {
		w.End()
	}
	return err
}

func (c *serverConn) dataFrame(h frameHeader, p []byte) error {
	if h.id == 0 {
		return errZeroStream
	}
	data, err := h.unpad(p)
	if err != nil {
		return err
	}
	end := h.flags.Has(http2.FlagDataEndStream)
	c.mu.Lock()
	w, err := c.data(h, data, end)
	c.mu.Unlock()
	if w != nil {
		w.End()
	}
	return err
}

// data takes the DATA frame h. The mutex is held.
func (c *serverConn) data(h frameHeader, data []byte, end bool) (*exchange.Watch, error) {
	if c.idle(h.id) {
		return nil, errIdleStream
	}
	if !c.table.credit.receive(h.length) {
		return nil, errConnOver
	}
	s := c.table.current(h.id)
	switch {
	case s != nil && s.err != nil, s == nil && c.table.wasUndone(h.id):
		c.refundRead(h.length)
		return nil, c.uselessIfEmpty(data)
	case s == nil || s.body.ended:
		c.refundRead(h.length)
		return c.fault(h.id, s, errHalfClosed)
	case !s.body.credit.receive(h.length):
		c.refundRead(h.length)
		return c.fault(h.id, s, errStreamOver)
	}
	b := &s.body
	b.got += int64(len(data))
	if declared := s.head.length; declared >= 0 && (b.got > declared || end && b.got < declared) {
		c.refundRead(h.length)
		return c.fault(h.id, s, errLengthDiffers)
	}
	if limit := c.srv.limits.Body; limit > 0 && b.got > limit && !s.tunnel {
		b.fail(errBodyLong)
	}
	unused := h.length - len(data) // padding
	if b.err != nil {
		unused = h.length
	} else if len(data) > 0 {
		b.add(data)
	}
	c.refundRead(unused)
	if end {
		b.end()
		c.table.settle(s)
		return nil, nil
	}
	if n := b.credit.refund(unused); n > 0 {
		o := c.queue()
		o.b = appendWindowUpdate(o.b, h.id, n)
		c.dirty = true
	}
	return nil, c.uselessIfEmpty(data)
}

// refundRead is refund for the reader.
func (c *serverConn) refundRead(n int) {
	c.refund(n)
	c.dirty = true
}

func (c *serverConn) uselessIfEmpty(data []byte) error {
	if len(data) > 0 {
		return nil
	}
	return c.uselessLocked()
}

func (c *serverConn) priorityFrame(h frameHeader, p []byte) error {
	switch {
	case h.id == 0:
		return errZeroStream
	case len(p) != 5:
		if c.idle(h.id) {
			return errFrameSize
		}
		return c.faultAlone(h.id, errPriorityLen)
	case binary.BigEndian.Uint32(p)&(1<<31-1) == h.id:
		if c.idle(h.id) {
			return errSelf
		}
		return c.faultAlone(h.id, errDependsOnSelf)
	}
	return c.useless()
}

func (c *serverConn) resetFrame(h frameHeader, p []byte) error {
	switch {
	case h.id == 0:
		return errZeroStream
	case len(p) != 4:
		return errFrameSize
	case c.idle(h.id):
		return errIdleStream
	}
	c.mu.Lock()
	var w *exchange.Watch
	var err error
	if s := c.table.streams[h.id]; s != nil && s.err == nil && !(s.sender.ended && s.body.ended) {
		w, s.left = s.leave(errGone), true
		if !c.resets.spend(1) {
			err = errResets
		}
	} else {
		err = c.uselessLocked()
	}
	c.mu.Unlock()
	if w != nil {
		w.End()
	}
	return err
}

func (c *serverConn) settingsFrame(h frameHeader, p []byte) error {
	ack := h.flags.Has(http2.FlagSettingsAck)
	switch {
	case h.id != 0:
		return errNotZero
	case ack && len(p) > 0 || len(p)%6 != 0:
		return errFrameSize
	case ack:
		return c.useless()
	}
	initial := int64(-1)
	for ; len(p) > 0; p = p[6:] {
		v := binary.BigEndian.Uint32(p[2:])
		switch http2.SettingID(binary.BigEndian.Uint16(p)) {
		case http2.SettingEnablePush, http2.SettingEnableConnectProtocol, settingNoPriorities:
			if v > 1 {
				return errSetting
			}
		case http2.SettingInitialWindowSize:
			if v > maxWindow {
				return errWindowValue
			}
			initial = int64(v)
		case http2.SettingMaxFrameSize:
			if v < maxFrame || v > 1<<24-1 {
				return errSetting
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if initial >= 0 && !c.table.setInitial(int32(initial)) {
		return errWindowValue
	}
	b := c.queue()
	b.b = appendSettingsAck(b.b)
	if err := c.answers(); err != nil {
		return err
	}
	return c.uselessLocked()
}

func (c *serverConn) pingFrame(h frameHeader, p []byte) error {
	switch {
	case h.id != 0:
		return errNotZero
	case len(p) != 8:
		return errFrameSize
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if h.flags.Has(http2.FlagPingAck) {
		if c.leaving.state == warned && [8]byte(p) == drainPing {
			c.finalGoAway()
			c.dirty = true
			return nil
		}
		return c.uselessLocked()
	}
	b := c.queue()
	b.b = appendPing(b.b, true, p)
	if err := c.answers(); err != nil {
		return err
	}
	return c.uselessLocked()
}

// goAwayFrame is the client's announcement that it is about to leave: it gets the same in return.
func (c *serverConn) goAwayFrame(h frameHeader, p []byte) error {
	switch {
	case h.id != 0:
		return errNotZero
	case len(p) < 8:
		return errFrameSize
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.warn()
	c.dirty = true
	return c.uselessLocked()
}

func (c *serverConn) windowFrame(h frameHeader, p []byte) error {
	if len(p) != 4 {
		return errFrameSize
	}
	n := int64(binary.BigEndian.Uint32(p) & maxWindow)
	if h.id == 0 {
		if n == 0 {
			return errConnZero
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.enlarge(n) {
			return errConnWindow
		}
		return c.uselessLocked()
	}
	if c.idle(h.id) {
		return errIdleStream
	}
	c.mu.Lock()
	s := c.table.streams[h.id]
	var w *exchange.Watch
	var err error
	switch {
	case s == nil || s.err != nil:
		err = c.uselessLocked()
	case n == 0:
		w, err = c.fault(h.id, s, errStreamZero)
	case !s.sender.enlarge(n):
		w, err = c.fault(h.id, s, errStreamWindow)
	default:
		err = c.uselessLocked()
	}
	c.mu.Unlock()
	if w != nil {
		w.End()
	}
	return err
}

func (c *serverConn) headersFrame(h frameHeader, p []byte) error {
	if h.id&1 == 0 {
		if h.id == 0 {
			return errZeroStream
		}
		return errStreamID
	}
	block, dependsOn, err := h.fragment(p)
	if err != nil {
		return err
	}
	end, self := h.flags.Has(http2.FlagHeadersEndStream), dependsOn == h.id
	if h.flags.Has(http2.FlagHeadersEndHeaders) {
		return c.block(h.id, block, end, self)
	}
	c.headers = partialBlock{id: h.id, end: end, self: self, buf: buffers.Get().(*buffer)}
	c.headBy.Store(clock() + int64(c.srv.limits.HeadTimeout))
	return c.more(block)
}

// maxContinuations is how many CONTINUATION frames a header block may have; what is within the limits fits in a few.
const maxContinuations = 16

func (c *serverConn) continuationFrame(h frameHeader, p []byte) error {
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
	c.headBy.Store(0)
	defer part.drop()
	return c.block(part.id, part.buf.b, part.end, part.self)
}

// more gathers a piece of a header block.
func (c *serverConn) more(p []byte) error {
	b := c.headers.buf
	if len(b.b)+len(p) > c.dec.maxBlock() {
		return errBlockLong
	}
	b.b = append(b.b, p...)
	return nil
}

func (p *partialBlock) drop() {
	if p.buf != nil {
		p.buf.put()
		p.buf = nil
	}
}

// block takes a whole header block: a request, or trailers.
func (c *serverConn) block(id uint32, encoded []byte, end, self bool) error {
	if id <= c.table.last {
		return c.trailers(id, encoded, end, self)
	}
	c.mu.Lock()
	c.table.last = id
	ignored := c.leaving.state == final
	var over *streamFault
	switch {
	case ignored:
		c.table.undo(id)
	case self:
		over = errDependsOnSelf
	case c.table.full():
		over = errTooMany
	}
	c.mu.Unlock()
	if ignored || over != nil {
		if err := c.dec.decode(nil, requestBlock, encoded); err != nil {
			return err
		}
		if over != nil {
			return c.faultAlone(id, over)
		}
		return nil
	}
	s := serverStreams.Get().(*serverStream)
	s.begin(c, id)
	err := c.dec.decode(&s.head, requestBlock, encoded)
	s.view(end)
	if err == nil {
		err = s.understand(end)
	}
	if err != nil && !errors.As(err, &s.refused) {
		s.put()
		return c.malformed(id, err)
	}
	c.open(s, end)
	return nil
}

// malformed answers a header block that has no meaning, if the connection can go on.
func (c *serverConn) malformed(id uint32, err error) error {
	var fault *streamFault
	if errors.As(err, &fault) {
		return c.faultAlone(id, fault)
	}
	return err
}

// open gives a stream to its handler.
func (c *serverConn) open(s *serverStream, end bool) {
	c.mu.Lock()
	s.sender.window = window(c.table.initial)
	s.body.ended = end
	c.table.add(s)
	c.crowd = c.table.running
	if c.table.served >= c.srv.limits.Requests {
		c.warn()
		c.dirty = true
	}
	c.mu.Unlock()
	c.running.Add(1)
	c.srv.workers.run(s)
}

// trailers takes a header block of a stream that was opened before.
func (c *serverConn) trailers(id uint32, encoded []byte, end, self bool) error {
	c.mu.Lock()
	s := c.table.current(id)
	w, err := c.trailersLocked(id, s, encoded, end, self)
	c.mu.Unlock()
	if w != nil {
		w.End()
	}
	return err
}

func (c *serverConn) trailersLocked(id uint32, s *serverStream, encoded []byte, end, self bool) (*exchange.Watch, error) {
	if s == nil && !c.table.wasUndone(id) {
		return nil, errStreamEnded
	}
	into := (*block)(nil)
	usable := s != nil && s.err == nil && !s.body.ended
	if usable {
		into = &s.body.tail
	}
	err := c.dec.decode(into, trailerBlock, encoded)
	var fault *streamFault
	switch {
	case errors.As(err, &fault):
	case err != nil:
		var over *exchange.Refusal
		if !errors.As(err, &over) {
			return nil, err
		}
		s.body.fail(over)
		s.body.end()
		return nil, nil
	case s == nil || s.err != nil:
		return nil, nil
	case s.body.ended:
		fault = errHalfClosed
	case !end:
		fault = errNoEnd
	case self:
		fault = errDependsOnSelf
	case s.head.length >= 0 && s.body.got < s.head.length:
		fault = errLengthDiffers
	}
	if fault != nil {
		return c.fault(id, s, fault)
	}
	s.body.end()
	c.table.settle(s)
	return nil, nil
}
