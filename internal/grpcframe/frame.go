// Package grpcframe puts messages into the frames of gRPC and takes them out again: one byte of flags, four bytes of length, the
// message (PROTOCOL-HTTP2.md, "Length-Prefixed-Message"). Its main type is Decoder; Scanner follows frames without keeping them. It
// does not decompress, and knows nothing of what is in a message.
package grpcframe

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The flags of a frame.
const (
	Compressed = 0x01 // the message is compressed as grpc-encoding says
	Trailers   = 0x80 // gRPC-Web: the frame holds trailers
)

const headLen = 5

// The faults of frames.
var (
	ErrTruncated = errors.New("the body ends within a frame")
	ErrTooLarge  = errors.New("message over the limit")
	ErrFlags     = errors.New("frame with unknown flags")
)

// Append appends a frame to dst.
func Append(dst []byte, flags byte, message []byte) []byte {
	dst = append(dst, flags)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(message)))
	return append(dst, message...)
}

// Decoder takes frames out of a body that comes in pieces. What it holds is at most one frame and the last piece.
type Decoder struct {
	max int
	buf []byte // what was fed and not returned
	pos int
}

// NewDecoder makes a Decoder for messages of at most max bytes.
func NewDecoder(max int) *Decoder { return &Decoder{max: max} }

// Feed takes a piece of the body, which is copied. What Next has returned before is no longer valid.
func (d *Decoder) Feed(piece []byte) {
	if d.pos > 0 {
		d.buf = d.buf[:copy(d.buf, d.buf[d.pos:])]
		d.pos = 0
	}
	d.buf = append(d.buf, piece...)
}

// Next returns the next frame that has come in full; ok is false when there is none. The message is borrowed until the next Feed.
// A length over the limit gives ErrTooLarge as soon as it is known.
func (d *Decoder) Next() (flags byte, message []byte, ok bool, err error) {
	in := d.buf[d.pos:]
	if len(in) < headLen {
		return 0, nil, false, nil
	}
	n := int64(binary.BigEndian.Uint32(in[1:]))
	if n > int64(d.max) {
		return 0, nil, false, fmt.Errorf("%w: %d bytes, %d are allowed", ErrTooLarge, n, d.max)
	}
	if int64(len(in)) < headLen+n {
		return 0, nil, false, nil
	}
	d.pos += headLen + int(n)
	return in[0], in[headLen : headLen+n], true, nil
}

// End says whether the body may end here.
func (d *Decoder) End() error {
	if d.pos < len(d.buf) {
		return ErrTruncated
	}
	return nil
}

// Scanner follows the frames of a body that comes in pieces, without keeping them. The zero value is ready for use.
type Scanner struct {
	head [headLen]byte
	have int    // bytes of head
	left uint32 // bytes of the message that are still to come
}

// Scan follows a piece. A frame that is no message, compressed or not, gives ErrFlags.
func (s *Scanner) Scan(piece []byte) error {
	for len(piece) > 0 {
		if s.left > 0 {
			n := min(int64(s.left), int64(len(piece)))
			s.left -= uint32(n)
			piece = piece[n:]
			continue
		}
		if s.have == 0 && piece[0]&^Compressed != 0 {
			return fmt.Errorf("%w: 0x%02x", ErrFlags, piece[0])
		}
		n := copy(s.head[s.have:], piece)
		s.have += n
		piece = piece[n:]
		if s.have == headLen {
			s.have, s.left = 0, binary.BigEndian.Uint32(s.head[1:])
		}
	}
	return nil
}

// End says whether the body may end here.
func (s *Scanner) End() error {
	if s.have > 0 || s.left > 0 {
		return ErrTruncated
	}
	return nil
}
