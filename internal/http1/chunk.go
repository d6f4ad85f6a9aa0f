package http1

import (
	"bytes"

	"github.com/gibbon-gateway/gibbon/header"
	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// States of a chunked body: what comes next.
const (
	chunkSize = iota
	chunkExtension
	chunkSizeLF
	chunkData
	chunkDataCR
	chunkDataLF
	chunkTrailer
	chunkDone
)

const (
	maxExtensions = 4096 // bytes of chunk extensions in one body
	maxTrailers   = 8192 // bytes of trailers
)

// chunks reads the framing of a chunked body. It can stop at every byte.
type chunks struct {
	state      uint8
	digits     uint8
	left       int64 // of the chunk
	extensions int
	lines      []byte // the trailer section so far
	lineStart  int
	trailer    header.Fields
}

func (d *chunks) reset() {
	d.state, d.digits, d.left, d.extensions, d.lineStart = chunkSize, 0, 0, 0, 0
	d.lines = d.lines[:0]
	d.trailer.Reset()
}

func (d *chunks) done() bool { return d.state == chunkDone }

// next reads from b up to and including the first piece of data, of at most limit bytes, and returns this piece and the number of bytes
// used, framing included. Data is empty when b ends before any, or when the body ended: see done.
func (d *chunks) next(b []byte, limit int) (data []byte, used int, err error) {
	i := 0
	for i < len(b) && d.state != chunkDone {
		c := b[i]
		switch d.state {
		case chunkSize:
			if err := d.sizeByte(c); err != nil {
				return nil, i, err
			}
		case chunkExtension:
			d.extensions++
			switch {
			case c == '\r':
				d.state = chunkSizeLF
			case c < 0x20 && c != '\t' || c == 0x7f:
				return nil, i, errChunkSize
			case d.extensions > maxExtensions:
				return nil, i, errChunkExt
			}
		case chunkSizeLF:
			if c != '\n' {
				return nil, i, errChunkSize
			}
			d.state = chunkData
			if d.left == 0 {
				d.state = chunkTrailer
			}
		case chunkData:
			n := int(min(int64(len(b)-i), d.left, int64(limit)))
			if d.left -= int64(n); d.left == 0 {
				d.state = chunkDataCR
			}
			return b[i : i+n], i + n, nil
		case chunkDataCR:
			if c != '\r' {
				return nil, i, errChunkEnd
			}
			d.state = chunkDataLF
		case chunkDataLF:
			if c != '\n' {
				return nil, i, errChunkEnd
			}
			d.state, d.digits = chunkSize, 0
		case chunkTrailer:
			n, err := d.trailerBytes(b[i:])
			if err != nil {
				return nil, i, err
			}
			i += n
			continue
		}
		i++
	}
	return nil, i, nil
}

// skipFraming reads from b what stands between two pieces of data, so that the end of a body is known with its last piece. A mistake
// is left for next to find.
func (d *chunks) skipFraming(b []byte) (used int) {
	for used < len(b) && d.state != chunkData && d.state != chunkDone {
		before := *d
		if _, _, err := d.next(b[used:used+1], 1); err != nil {
			*d = before
			break
		}
		used++
	}
	return used
}

func (d *chunks) sizeByte(c byte) error {
	v := int64(c | 0x20)
	switch {
	case class[c]&classDigit != 0:
		v = int64(c - '0')
	case class[c]&classHex != 0:
		v += 10 - 'a'
	case c == ';' && d.digits > 0:
		d.state = chunkExtension
		return nil
	case c == '\r' && d.digits > 0:
		d.state = chunkSizeLF
		return nil
	default:
		return errChunkSize
	}
	if d.digits++; d.digits > 15 {
		return errChunkSize
	}
	d.left = d.left<<4 | v
	return nil
}

// trailerBytes collects lines until the empty one, and then reads them.
func (d *chunks) trailerBytes(b []byte) (int, error) {
	n := bytes.IndexByte(b, '\n') + 1
	whole := n > 0
	if !whole {
		n = len(b)
	}
	if d.lines = append(d.lines, b[:n]...); len(d.lines) > maxTrailers {
		return 0, errTrailerLong
	}
	if !whole {
		return n, nil
	}
	if end := len(d.lines); end-d.lineStart > 2 {
		d.lineStart = end
		return n, nil
	}
	var h head
	count := 0
	lim := headLimits{field: maxTrailers, total: maxTrailers, fields: 100}
	d.trailer.Attach(d.lines)
	if err := h.fields(d.lines, &d.trailer, &count, &lim); err != nil || h.end != len(d.lines) {
		return 0, errTrailer
	}
	d.trailer.DelIDs(exchange.NotInTrailers)
	d.state = chunkDone
	return n, nil
}
