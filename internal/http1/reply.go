package http1

import (
	"io"
	"time"
)

// replyReader reads the response of an upstream connection.
type replyReader struct {
	u        *ClientConn
	head     Response
	mem      *reading
	r, w     int // mem.in[r:w] was received and is not used yet
	start    int // of the buffer space behind the head
	left     int64
	toHead   bool // it answers HEAD
	complete bool // the response has been read to its end
}

const maxInterim = 16 // interim responses before the final one

// readHead reads up to the end of the final response head.
func (p *replyReader) readHead(timeout time.Duration) error {
	u := p.u
	lim := &u.group.pool.limits
	for interim := 0; ; {
		err := errMore
		if p.r < p.w {
			err = p.head.parse(p.mem.in[p.r:p.w], lim, p.toHead)
		}
		switch {
		case err == nil && p.head.Status < 200 && p.head.Status != 101:
			if interim++; interim > maxInterim {
				return u.invalid(errStatusLine)
			}
			u.interim()
			p.r += p.head.head.end
			p.head.reset()
			continue
		case err == nil:
			p.startBody()
			return nil
		case err != errMore:
			return u.invalid(err)
		}
		if p.w == len(p.mem.in) {
			p.mem.in = append(p.mem.in, make([]byte, len(p.mem.in))...)
		}
		wait := timeout
		if u.pump.active() {
			wait = 0 // the pump starts the clock when the request is sent
		}
		n, err := u.read(p.mem.in[p.w:], wait)
		if n == 0 {
			return u.fail("read", orElse(err, io.EOF))
		}
		p.w += n
	}
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

func (p *replyReader) startBody() {
	r := &p.head
	p.r += r.head.end
	p.start = p.r
	p.left = r.Length
	switch {
	case r.Status == 101:
		r.Body = BodyUntilClose // of the other protocol
		r.Header.DelIDs(framingFields)
		return
	case r.Body == BodyNone:
		p.complete = true
	case r.Body == BodyChunked:
		p.mem.dec.reset()
	}
	StripResponse(&r.Header)
}

// buffered takes body bytes out of the buffer.
func (p *replyReader) buffered(limit int) ([]byte, error) {
	in := p.mem.in[p.r:p.w]
	switch p.head.Body {
	case BodyChunked:
		data, used, err := p.mem.dec.next(in, limit)
		p.r += used
		if err != nil {
			return nil, p.u.invalid(err)
		}
		p.r += p.mem.dec.skipFraming(p.mem.in[p.r:p.w])
		p.complete = p.mem.dec.done()
		return data, nil
	case BodyLength:
		in = in[:min(int64(len(in)), p.left, int64(limit))]
		p.left -= int64(len(in))
		p.complete = p.left == 0
	default:
		in = in[:min(len(in), limit)]
	}
	p.r += len(in)
	return in, nil
}

// fill reads more of the body into the buffer. What was taken out of the buffer before is overwritten, but not the head.
func (p *replyReader) fill() error {
	u := p.u
	if p.r == p.w {
		p.r, p.w = p.start, p.start
		if len(p.mem.in)-p.w < readSize/2 {
			p.mem.in = make([]byte, readSize+p.w) // the old one stays with the head
		}
	}
	if p.w == len(p.mem.in) {
		p.mem.in = append(p.mem.in, make([]byte, len(p.mem.in))...)
	}
	to := p.mem.in[p.w:]
	if p.head.Body == BodyLength {
		to = to[:min(int64(len(to)), p.left+1)] // one more: to see whether it sends too much
	}
	n, err := u.read(to, u.timeouts.Read)
	p.w += n
	switch {
	case n > 0:
		return nil
	case p.head.Body == BodyUntilClose && (err == io.EOF || err == nil):
		p.complete = true
		return nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return u.fail("read", orElse(err, io.ErrUnexpectedEOF))
}

// give gives the memory back.
func (p *replyReader) give() {
	m := p.mem
	if m == nil {
		return
	}
	p.mem = nil
	if len(m.in) > keepAtMost {
		m.in = make([]byte, readSize)
	}
	if cap(m.out) > keepAtMost {
		m.out = make([]byte, 0, inSize)
	}
	p.head.reset()
	readings.Put(m)
}
