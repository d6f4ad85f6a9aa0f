package http2

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"golang.org/x/net/http2"

	"github.com/gibbon-gateway/gibbon/internal/dial"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// clientConn is a connection with an upstream.
type clientConn struct {
	output
	in      input
	group   *group
	dec     *decoder
	headers partialBlock
	control budget // frames that nobody needs
	settled bool   // the upstream's first SETTINGS came
	dirty   bool   // the reader has queued something

	// The mutex guards what follows.
	credit    credit // of the connection
	streams   map[uint32]*clientStream
	promised  int    // streams that were handed out and have no number yet
	lastID    uint32 // of the stream that was opened last
	most      uint32 // streams at once, by the upstream's settings
	initial   int32  // window of a new stream, by the upstream's settings
	leaving   bool   // no more streams may be opened
	heard     int64  // on clock: when the last frame came
	idleSince int64
}

// Windows of what upstreams may send before it is read.
const (
	responseWindow = 256 << 10
	upstreamWindow = 1 << 20
)

func newClientConn(g *group, nc dial.Conn) *clientConn {
	p := g.pool
	c := &clientConn{group: g, dec: newDecoder(fieldLimits{list: p.HeadLimit, field: p.HeadLimit, fields: 1000}),
		control: newBudget(1000, 100), streams: make(map[uint32]*clientStream), most: 100, initial: initialWindow,
		credit: newCredit(initialWindow), heard: clock(), idleSince: clock()}
	c.output.init(nc.Conn, 60*time.Second)
	c.in.init(nc.Conn, nil)
	b := c.queue()
	b.b = append(b.b, http2.ClientPreface...)
	b.b = appendSettings(b.b,
		http2.Setting{ID: http2.SettingEnablePush, Val: 0},
		http2.Setting{ID: http2.SettingInitialWindowSize, Val: responseWindow},
		http2.Setting{ID: http2.SettingMaxHeaderListSize, Val: uint32(p.HeadLimit)})
	b.b = appendWindowUpdate(b.b, 0, c.credit.grow(upstreamWindow))
	return c
}

// open hands a stream out, nil if the connection can take none. fresh is true for the first one of a new connection.
func (c *clientConn) open(t exchange.Timeouts, fresh bool) exchange.Upstream {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !fresh && !c.takes() {
		return nil
	}
	c.promised++
	return newClientStream(c, t, !fresh)
}

// takes reports whether another stream may be opened. The mutex is held.
func (c *clientConn) takes() bool {
	most := min(c.most, c.group.pool.MaxStreams)
	return !c.leaving && c.err == nil && uint32(len(c.streams)+c.promised) < most && c.lastID < 1<<30
}

// leave makes the connection take no more streams, and end with its last one. The mutex is held.
func (c *clientConn) leave() {
	if c.leaving {
		return
	}
	c.leaving = true
	go c.group.forget(c) // it takes the group's mutex, under which this one is taken
	c.closeIfDone()
}

// closeIfDone closes a connection that is left and has no streams. The mutex is held.
func (c *clientConn) closeIfDone() {
	if c.leaving && len(c.streams)+c.promised == 0 {
		c.nc.Close()
	}
}

// remove forgets a stream that has ended. The mutex is held.
func (c *clientConn) remove(s *clientStream) {
	if s.sender.id == 0 {
		c.promised--
	} else {
		delete(c.streams, s.sender.id)
	}
	c.idleSince = clock()
	c.closeIfDone()
}

// refund gives the upstream n bytes of the connection's window back. The mutex is held.
func (c *clientConn) refund(n int) {
	if n := c.credit.refund(n); n > 0 {
		b := c.queue()
		b.b = appendWindowUpdate(b.b, 0, n)
	}
}

// serve is the connection's reader.
func (c *clientConn) serve() {
	var err error
	for err == nil {
		var h frameHeader
		var payload []byte
		if h, payload, err = c.next(); err == nil {
			err = c.frame(h, payload)
		}
	}
	c.end(err)
}

// errNotHTTP2 is why a connection ends whose upstream answers in HTTP/1.
var errNotHTTP2 = errors.New("the upstream does not speak HTTP/2")

// next reads the next frame. Its payload is valid until the next call.
func (c *clientConn) next() (h frameHeader, payload []byte, err error) {
	for {
		if got := c.in.unread(); len(got) >= frameHeaderSize {
			if !c.settled && bytes.HasPrefix(got, []byte("HTTP/1.")) {
				return h, nil, errNotHTTP2
			}
			h = readFrameHeader(got)
			if h.length > maxFrame {
				return h, nil, errFrameLong
			}
			if end := frameHeaderSize + h.length; len(got) >= end {
				c.in.r += end
				return h, got[frameHeaderSize:end], nil
			}
		}
		if c.dirty {
			c.dirty = false
			c.mu.Lock()
			c.releaseLater()
		}
		if err := c.in.read(); err != nil {
			return h, nil, err
		}
	}
}

// end ends the connection and what is still under way on it.
func (c *clientConn) end(err error) {
	var f *connFault
	if errors.As(err, &f) {
		c.group.pool.log().Warn("HTTP/2 connection to an upstream ended", "address", c.group.key.Addr, "reason", f.Error())
	}
	c.mu.Lock()
	c.leaving = true
	if f != nil && c.output.err == nil {
		b := c.queue()
		b.b = appendGoAway(b.b, 0, f.code, f.text)
		c.nc.SetWriteDeadline(time.Now().Add(time.Second))
	}
	c.releaseLater()
	if f != nil {
		c.flush()
	}
	c.nc.Close()
	c.mu.Lock()
	c.output.fail(errClosed)
	for _, s := range c.streams {
		s.fail(c.cause(err, s))
	}
	c.mu.Unlock()
	c.group.forget(c)
	p := c.group.pool
	p.mu.Lock()
	delete(p.conns, c)
	p.mu.Unlock()
	c.in.give()
	c.headers.drop()
}

// cause makes the error of a stream whose connection has ended.
func (c *clientConn) cause(err error, s *clientStream) *exchange.Error {
	var f *connFault
	switch {
	case err == errNotHTTP2:
		return &exchange.Error{Kind: exchange.ErrConnect, Op: "handshake", Err: err}
	case errors.As(err, &f):
		return &exchange.Error{Kind: exchange.ErrResponse, Op: "parse", Err: err}
	}
	return &exchange.Error{Kind: exchange.ErrReset, Op: "read", Err: err, Stale: s.reused && !s.answered}
}

// sweep looks at the deadlines of the connection and its streams.
func (c *clientConn) sweep(now int64) {
	if by := c.writeBy.Load(); by > 0 && by <= now {
		c.nc.Close()
		return
	}
	c.mu.Lock()
	if len(c.streams)+c.promised == 0 && now-c.idleSince >= int64(c.group.pool.IdleTimeout) {
		c.leave()
	}
	for _, s := range c.streams {
		late := s.body.late(now)
		if !late && !s.sender.late(now) {
			continue
		}
		op := "read"
		if !late {
			op = "write"
		}
		s.fail(&exchange.Error{Kind: exchange.ErrTimeout, Op: op, Timeout: true})
		if c.heard < s.sentAt {
			c.leave() // nothing has come since: it may be dead
		}
	}
	c.releaseLater()
}

// settings takes a SETTINGS frame.
func (c *clientConn) settings(h frameHeader, p []byte) error {
	ack := h.flags.Has(http2.FlagSettingsAck)
	switch {
	case h.id != 0:
		return errNotZero
	case ack && len(p) > 0 || len(p)%6 != 0:
		return errFrameSize
	case ack:
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for ; len(p) > 0; p = p[6:] {
		v := binary.BigEndian.Uint32(p[2:])
		switch http2.SettingID(binary.BigEndian.Uint16(p)) {
		case http2.SettingEnablePush:
			if v != 0 {
				return errSetting // a server must not (RFC 9113, 6.5.2)
			}
		case http2.SettingMaxConcurrentStreams:
			c.most = v
		case http2.SettingInitialWindowSize:
			if v > maxWindow {
				return errWindowValue
			}
			for _, s := range c.streams {
				if !s.sender.enlarge(int64(v) - int64(c.initial)) {
					return errWindowValue
				}
			}
			c.initial = int32(v)
		case http2.SettingMaxFrameSize:
			if v < maxFrame || v > 1<<24-1 {
				return errSetting
			}
		}
	}
	b := c.queue()
	b.b = appendSettingsAck(b.b)
	return c.useless()
}

// useless counts a frame that nobody needs, and checks that the upstream takes what is queued for it. The mutex is held.
func (c *clientConn) useless() error {
	c.dirty = true
	if !c.control.spend(1) || c.queued() > maxFlood {
		return errFlood
	}
	return nil
}
