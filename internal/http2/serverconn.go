package http2

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// serverConn is a connection with a client.
type serverConn struct {
	output
	in      input
	srv     *Server
	peer    exchange.Peer
	dec     *decoder
	headers partialBlock
	table   streamTable
	leaving leaving
	resets  budget // streams that were begun for nothing
	control budget // frames that nobody needs

	settled bool         // the client's first SETTINGS came
	dirty   bool         // the reader has queued something
	late    atomic.Int32 // why the sweep has woken the reader
	headBy  atomic.Int64 // on clock: when the frame or header block that has begun must be complete; 0 when none has
	running sync.WaitGroup
}

// Why the sweep wakes the reader.
const (
	lateNot = iota
	lateHead
	lateLeaving
)

// partialBlock is a header block that has begun in a HEADERS frame, and goes on in CONTINUATION frames.
type partialBlock struct {
	id     uint32 // 0: none has begun
	end    bool   // END_STREAM
	self   bool   // the stream depends on itself
	buf    *buffer
	frames int
}

// leaving is how far the end of the connection is.
type leaving struct {
	state   int
	finalBy int64  // on clock: when the client is told which streams are served, whether it has answered or not
	last    uint32 // the last stream that is served
}

// States of leaving.
const (
	staying = iota
	warned  // the client knows that it should open no more streams; those it opens are served
	final   // no more streams are served
)

// allStreams is the stream number of a GOAWAY that only warns (RFC 9113, 6.8).
const allStreams = 1<<31 - 1

// errLeft is the end of a connection whose last stream has ended.
var errLeft = errors.New("http2: connection has ended")

// drainPing is what the PING behind that GOAWAY holds: its answer tells that the client knows.
var drainPing = [8]byte{'g', 'o', 'a', 'w', 'a', 'y', 0, 1}

func newServerConn(s *Server, nc net.Conn, received []byte, peer exchange.Peer) *serverConn {
	lim := &s.limits
	c := &serverConn{srv: s, peer: peer, dec: newDecoder(lim.fields())}
	c.output.init(nc, lim.SendTimeout)
	c.in.init(nc, received)
	c.table.init(lim)
	// A stream of its own earns back what another one was reset for.
	c.resets = newBudget(int32(max(200, 2*lim.MaxConcurrentStreams)), 50)
	c.control = newBudget(1000, 100)
	c.headBy.Store(clock() + int64(lim.HeadTimeout))
	return c
}

// serve is the connection's goroutine. It reads.
func (c *serverConn) serve(closing bool) {
	lim := &c.srv.limits
	c.mu.Lock()
	b := c.queue()
	b.b = appendSettings(b.b,
		http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: lim.MaxConcurrentStreams},
		http2.Setting{ID: http2.SettingMaxHeaderListSize, Val: uint32(lim.Head)},
		http2.Setting{ID: http2.SettingEnableConnectProtocol, Val: 1},
		http2.Setting{ID: settingNoPriorities, Val: 1})
	if n := c.table.credit.grow(lim.ConnWindow); n > 0 {
		b.b = appendWindowUpdate(b.b, 0, n)
	}
	c.mu.Unlock()
	c.dirty = true
	if closing {
		c.drain()
	}
	err := c.preface()
	for err == nil {
		var h frameHeader
		var payload []byte
		if h, payload, err = c.next(); err == nil {
			err = c.frame(h, payload)
		}
	}
	c.fail(err)
}

// settingNoPriorities tells that RFC 7540's priorities are not looked at (RFC 9218, 2.1).
const settingNoPriorities http2.SettingID = 9

// preface reads the first bytes of every connection (RFC 9113, 3.4).
func (c *serverConn) preface() error {
	for {
		got := c.in.unread()
		n := min(len(got), len(http2.ClientPreface))
		if string(got[:n]) != http2.ClientPreface[:n] {
			return errPreface
		}
		if n == len(http2.ClientPreface) {
			c.in.r += n
			return nil
		}
		if err := c.read(); err != nil {
			return err
		}
	}
}

// next reads the next frame. Its payload is valid until the next call.
func (c *serverConn) next() (h frameHeader, payload []byte, err error) {
	for {
		if got := c.in.unread(); len(got) >= frameHeaderSize {
			h = readFrameHeader(got)
			if h.length > maxFrame {
				return h, nil, errFrameLong
			}
			if end := frameHeaderSize + h.length; len(got) >= end {
				c.in.r += end
				if c.headers.id == 0 && c.settled {
					c.headBy.Store(0)
				}
				return h, got[frameHeaderSize:end], nil
			}
			if h.kind == http2.FrameData {
				c.headBy.Store(clock() + int64(c.srv.limits.BodyTimeout))
			}
		}
		if err := c.read(); err != nil {
			return h, nil, err
		}
	}
}

// read waits for bytes. What was queued is sent, by others: a client that takes nothing must not keep it from reading.
func (c *serverConn) read() error {
	if c.dirty {
		c.dirty = false
		c.mu.Lock()
		c.releaseLater()
	}
	if c.in.r < c.in.w && c.headBy.Load() == 0 {
		c.headBy.Store(clock() + int64(c.srv.limits.HeadTimeout))
	}
	for {
		err := c.in.read()
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		switch why := c.late.Load(); {
		case why == lateLeaving:
			return errLeft
		case why == lateHead && c.headBy.Load() > 0:
			return errHeadSlow
		case why == lateNot:
			return err
		}
		c.nc.SetReadDeadline(time.Time{}) // it came at the last moment
		c.late.Store(lateNot)
	}
}

// wake ends the reader's wait. Anybody may call it.
func (c *serverConn) wake(why int32) {
	if c.late.CompareAndSwap(lateNot, why) {
		c.nc.SetReadDeadline(time.Unix(1, 0))
	}
}

// sweep looks at the connection's deadlines.
func (c *serverConn) sweep(now int64) {
	if by := c.writeBy.Load(); by > 0 && by <= now {
		c.nc.Close() // the client does not read; what it was sent in part cannot be taken back
		return
	}
	if by := c.headBy.Load(); by > 0 && by <= now {
		c.wake(lateHead)
	}
	c.mu.Lock()
	if c.leaving.state == warned && c.leaving.finalBy <= now {
		c.finalGoAway()
	}
	if c.table.running == 0 && now-c.table.idleSince >= int64(c.srv.limits.IdleTimeout) {
		c.warn()
	}
	if c.leaving.state == final && c.table.running == 0 {
		c.wake(lateLeaving)
	}
	c.table.sweep(now)
	c.releaseLater()
}

// drain begins the end of the connection: the client is warned first, so that streams that are on their way are served.
func (c *serverConn) drain() {
	c.mu.Lock()
	c.warn()
	c.releaseLater()
}

// warn tells the client to open no more streams. The mutex is held.
func (c *serverConn) warn() {
	if c.leaving.state != staying {
		return
	}
	c.leaving.state, c.leaving.finalBy = warned, clock()+int64(time.Second)
	b := c.queue()
	b.b = appendGoAway(b.b, allStreams, http2.ErrCodeNo, "")
	b.b = appendPing(b.b, false, drainPing[:])
}

// finalGoAway tells the client which streams are served. The mutex is held.
func (c *serverConn) finalGoAway() {
	if c.leaving.state == final {
		return
	}
	c.leaving.state, c.leaving.last = final, c.table.last
	b := c.queue()
	b.b = appendGoAway(b.b, c.leaving.last, http2.ErrCodeNo, "")
	if c.table.running == 0 {
		c.wake(lateLeaving)
	}
}

// fail ends the connection because of err.
func (c *serverConn) fail(err error) {
	var f *connFault
	code, text := http2.ErrCodeNo, ""
	if errors.As(err, &f) {
		code, text = f.code, f.text
	}
	if f != nil {
		c.srv.log().Info("HTTP/2 connection ended", "peer", c.peer.Remote.String(), "code", code.String(), "reason", text)
		c.nc.SetWriteDeadline(time.Now().Add(c.srv.limits.Linger))
	}
	c.mu.Lock()
	c.leaving.state = final
	watches := c.table.failAll()
	if f != nil {
		b := c.queue()
		b.b = appendGoAway(b.b, c.table.last, code, text)
	}
	c.mu.Unlock()
	endWatches(watches)
	if f != nil || err == errLeft {
		c.flush()
		c.linger()
	}
}

// linger reads on for a while after the last frame was sent: closing a connection with unread bytes would reset it, and the client
// might never see what it was told.
func (c *serverConn) linger() {
	half, ok := c.nc.(interface{ CloseWrite() error })
	if t, isTLS := c.nc.(*tls.Conn); isTLS {
		t.CloseWrite() // close_notify
		half, ok = t.NetConn().(interface{ CloseWrite() error })
	}
	if !ok || half.CloseWrite() != nil {
		return
	}
	c.nc.SetReadDeadline(time.Now().Add(c.srv.limits.Linger))
	c.in.give()
	c.in.take()
	for {
		if n, err := c.nc.Read(*c.in.buf); n == 0 || err != nil {
			return
		}
	}
}

// end closes the connection and waits for its exchanges.
func (c *serverConn) end() {
	c.nc.Close()
	c.mu.Lock()
	c.output.fail(errClosed)
	watches := c.table.failAll()
	c.mu.Unlock()
	endWatches(watches)
	c.running.Wait()
	c.in.give()
	c.headers.drop()
}
