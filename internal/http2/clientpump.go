package http2

import (
	"errors"
	"io"
	"sync/atomic"

	"golang.org/x/net/http2"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// pump passes a request body on while the response is awaited and read. Its goroutine is the only one that reads the client; a nil pump has
// nothing to pass on.
type pump struct {
	s      *clientStream
	body   exchange.Body
	left   int64 // to be sent, if the length is known
	ended  atomic.Bool
	failed atomic.Pointer[exchange.Error]
	done   chan struct{}
}

const pumpSize = 32 << 10

// Errors of bodies that are not what their heads say.
var (
	errBodyLonger  = errors.New("http2: request body longer than announced")
	errBodyShorter = errors.New("http2: request body shorter than announced")
)

func startPump(s *clientStream, body *exchange.Body) *pump {
	p := &pump{s: s, body: *body, left: body.Length, done: make(chan struct{})}
	go p.run()
	return p
}

func (p *pump) run() {
	defer close(p.done)
	if err := p.pass(); err != nil {
		p.fail(err)
	}
	p.ended.Store(true)
	c := p.s.conn
	c.mu.Lock()
	p.s.body.cond.Broadcast() // the wait for the response has a bound from now on
	c.mu.Unlock()
}

// pass reads the body and sends it. An error is one of reading; when the upstream takes no more, it may still have answered.
func (p *pump) pass() error {
	if err := p.count(len(p.body.Memory)); err != nil {
		return err
	}
	if len(p.body.Memory) > 0 && p.send(part{data: p.body.Memory}) != nil {
		return nil
	}
	buf := make([]byte, pumpSize)
	for {
		n, err := p.body.Stream.ReadBody(buf)
		if err != nil && err != io.EOF {
			return err
		}
		if err := p.count(n); err != nil {
			return err
		}
		if err == io.EOF {
			if p.body.Length >= 0 && p.left > 0 {
				return errBodyShorter
			}
			_ = p.send(p.end(buf[:n]))
			return nil
		}
		if p.send(part{data: buf[:n]}) != nil {
			return nil
		}
	}
}

// count counts n bytes that are about to be sent.
func (p *pump) count(n int) error {
	if p.body.Length < 0 {
		return nil
	}
	if p.left -= int64(n); p.left < 0 {
		return errBodyLonger
	}
	return nil
}

// end is the last part: data, and trailers.
func (p *pump) end(data []byte) part {
	t := p.body.Trailers()
	if t == nil || t.Len() == 0 {
		return part{data: data, last: true}
	}
	b := appendFields(make([]byte, frameHeaderSize, 512), t, notInTrailers)
	return part{data: data, tail: finishBlock(b, 0, true, p.s.sender.id), last: true}
}

func (p *pump) send(x part) error {
	_, err := p.s.conn.send(&p.s.sender, x)
	return err
}

// fail ends the exchange because the body cannot be delivered.
func (p *pump) fail(err error) {
	e := &exchange.Error{Kind: exchange.ErrBody, Op: "body", Err: err}
	p.failed.Store(e)
	c := p.s.conn
	c.mu.Lock()
	p.s.reset(http2.ErrCodeCancel)
	p.s.fail(e)
	c.releaseLater()
}

// active reports whether the request is still being sent.
func (p *pump) active() bool { return p != nil && !p.ended.Load() }

func (p *pump) failure() *exchange.Error {
	if p == nil {
		return nil
	}
	return p.failed.Load()
}

// stop ends the reading of the body, and waits for it. The sender has been failed before.
func (p *pump) stop() {
	if p == nil {
		return
	}
	select {
	case <-p.done:
		return
	default:
	}
	p.body.Stream.StopBody()
	<-p.done
}
