package http2

import (
	"encoding/binary"

	"golang.org/x/net/http2"
)

const (
	frameHeaderSize = 9
	// maxFrame is the largest payload that is sent or taken: the value that every peer has to take (RFC 9113, 4.2). Larger frames
	// would only let one stream keep the others waiting longer.
	maxFrame = 16384
)

// frameHeader is what stands in front of every frame (RFC 9113, 4.1).
type frameHeader struct {
	length int
	kind   http2.FrameType
	flags  http2.Flags
	id     uint32 // of the stream, 0 for the connection
}

// readFrameHeader reads the first nine bytes of b.
func readFrameHeader(b []byte) frameHeader {
	_ = b[frameHeaderSize-1]
	return frameHeader{
		length: int(b[0])<<16 | int(b[1])<<8 | int(b[2]),
		kind:   http2.FrameType(b[3]),
		flags:  http2.Flags(b[4]),
		id:     binary.BigEndian.Uint32(b[5:]) & (1<<31 - 1),
	}
}

// unpad returns the payload p of a DATA or HEADERS frame without its padding.
func (f frameHeader) unpad(p []byte) ([]byte, error) {
	if !f.flags.Has(http2.FlagDataPadded) {
		return p, nil
	}
	if len(p) == 0 {
		return nil, errFrameSize
	}
	n := int(p[0])
	if p = p[1:]; n > len(p) {
		return nil, errPadding
	}
	return p[:len(p)-n], nil
}

// fragment returns the part of a header block that the payload p of a HEADERS frame holds, and the stream that it depends on.
func (f frameHeader) fragment(p []byte) (block []byte, dependsOn uint32, err error) {
	if p, err = f.unpad(p); err != nil {
		return nil, 0, err
	}
	if !f.flags.Has(http2.FlagHeadersPriority) {
		return p, 0, nil
	}
	if len(p) < 5 {
		return nil, 0, errFrameSize
	}
	return p[5:], binary.BigEndian.Uint32(p) & (1<<31 - 1), nil
}

func appendFrameHeader(b []byte, length int, kind http2.FrameType, flags http2.Flags, id uint32) []byte {
	b = append(b, byte(length>>16), byte(length>>8), byte(length), byte(kind), byte(flags))
	return binary.BigEndian.AppendUint32(b, id)
}

func appendSettings(b []byte, settings ...http2.Setting) []byte {
	b = appendFrameHeader(b, 6*len(settings), http2.FrameSettings, 0, 0)
	for _, s := range settings {
		b = binary.BigEndian.AppendUint16(b, uint16(s.ID))
		b = binary.BigEndian.AppendUint32(b, s.Val)
	}
	return b
}

func appendSettingsAck(b []byte) []byte {
	return appendFrameHeader(b, 0, http2.FrameSettings, http2.FlagSettingsAck, 0)
}

func appendPing(b []byte, ack bool, data []byte) []byte {
	var flags http2.Flags
	if ack {
		flags = http2.FlagPingAck
	}
	return append(appendFrameHeader(b, 8, http2.FramePing, flags, 0), data[:8]...)
}

func appendReset(b []byte, id uint32, code http2.ErrCode) []byte {
	return binary.BigEndian.AppendUint32(appendFrameHeader(b, 4, http2.FrameRSTStream, 0, id), uint32(code))
}

func appendWindowUpdate(b []byte, id uint32, n int32) []byte {
	return binary.BigEndian.AppendUint32(appendFrameHeader(b, 4, http2.FrameWindowUpdate, 0, id), uint32(n))
}

func appendGoAway(b []byte, last uint32, code http2.ErrCode, text string) []byte {
	b = appendFrameHeader(b, 8+len(text), http2.FrameGoAway, 0, 0)
	b = binary.BigEndian.AppendUint32(b, last)
	b = binary.BigEndian.AppendUint32(b, uint32(code))
	return append(b, text...)
}

// finishBlock completes the HEADERS frame that starts at b[start] and whose header block is the rest of b: a block that is longer than
// a frame is split into CONTINUATION frames.
func finishBlock(b []byte, start int, end bool, id uint32) []byte {
	flags := http2.FlagHeadersEndHeaders
	if end {
		flags |= http2.FlagHeadersEndStream
	}
	n := len(b) - start - frameHeaderSize
	if n <= maxFrame {
		appendFrameHeader(b[:start], n, http2.FrameHeaders, flags, id)
		return b
	}
	appendFrameHeader(b[:start], maxFrame, http2.FrameHeaders, flags&^http2.FlagHeadersEndHeaders, id)
	rest := append([]byte(nil), b[start+frameHeaderSize+maxFrame:]...)
	b = b[:start+frameHeaderSize+maxFrame]
	for len(rest) > 0 {
		part := rest[:min(len(rest), maxFrame)]
		rest = rest[len(part):]
		var flags http2.Flags
		if len(rest) == 0 {
			flags = http2.FlagContinuationEndHeaders
		}
		b = append(appendFrameHeader(b, len(part), http2.FrameContinuation, flags, id), part...)
	}
	return b
}
