package peer

import "encoding/binary"

// Frames of HTTP/2 (RFC 9113 section 6) that this package sends or understands.
const (
	frameData         = 0
	frameHeaders      = 1
	frameReset        = 3
	frameSettings     = 4
	framePing         = 6
	frameGoAway       = 7
	frameWindowUpdate = 8
	frameContinuation = 9

	flagEnd        = 1 // of the stream; of SETTINGS and PING: an acknowledgement
	flagEndHeaders = 4
	flagPadded     = 8
	flagPriority   = 32

	settingTableSize = 1
	settingWindow    = 4
	settingFrameSize = 5

	frameHead   = 9
	firstWindow = 65535
	largeWindow = 1<<31 - 1
	frameMost   = 16384 // bytes of a frame if the other side does not allow more
)

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// frame is one frame of HTTP/2.
type frame struct {
	kind, flags byte
	stream      uint32
	payload     []byte
}

// nextFrame returns the first frame of p and its length, which is 0 if it is not all there.
func nextFrame(p []byte) (frame, int) {
	if len(p) < frameHead {
		return frame{}, 0
	}
	size := int(p[0])<<16 | int(p[1])<<8 | int(p[2])
	if len(p) < frameHead+size {
		return frame{}, 0
	}
	return frame{kind: p[3], flags: p[4], stream: binary.BigEndian.Uint32(p[5:]) &^ (1 << 31), payload: p[frameHead : frameHead+size]}, frameHead + size
}

// content returns the payload of DATA or HEADERS without padding and priority.
func (f frame) content() []byte {
	p := f.payload
	if f.flags&flagPadded != 0 && len(p) > 0 {
		pad := int(p[0])
		p = p[1:max(1, len(p)-pad)]
	}
	if f.kind == frameHeaders && f.flags&flagPriority != 0 && len(p) >= 5 {
		p = p[5:]
	}
	return p
}

func appendFrameHead(b []byte, size int, kind, flags byte, stream uint32) []byte {
	return append(b, byte(size>>16), byte(size>>8), byte(size), kind, flags, byte(stream>>24), byte(stream>>16), byte(stream>>8), byte(stream))
}

func appendFrame(b []byte, kind, flags byte, stream uint32, payload []byte) []byte {
	return append(appendFrameHead(b, len(payload), kind, flags, stream), payload...)
}

func appendWindowUpdate(b []byte, stream, add uint32) []byte {
	return binary.BigEndian.AppendUint32(appendFrameHead(b, 4, frameWindowUpdate, 0, stream), add)
}

// appendSettings sends the settings of either side here: streams of any length without asking for more.
func appendSettings(b []byte) []byte {
	b = appendFrameHead(b, 6, frameSettings, 0, 0)
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(b, settingWindow), largeWindow)
	return appendWindowUpdate(b, 0, largeWindow-firstWindow)
}

// settings calls f for each setting of a SETTINGS frame.
func (f frame) settings(each func(id uint16, value uint32)) {
	for p := f.payload; len(p) >= 6; p = p[6:] {
		each(binary.BigEndian.Uint16(p), binary.BigEndian.Uint32(p[2:]))
	}
}

// windows is what may be sent on a connection of HTTP/2, and what has been received since the other side was last told that it may go on.
type windows struct {
	send     int64 // of the connection
	first    int64 // of each new stream
	received uint32
}

// took counts bytes of DATA that have come, and now and then allows as many again.
func (w *windows) took(out []byte, n int) []byte {
	if w.received += uint32(n); w.received < 1<<29 {
		return out
	}
	out = appendWindowUpdate(out, 0, w.received)
	w.received = 0
	return out
}
