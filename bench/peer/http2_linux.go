package peer

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"golang.org/x/net/http2/hpack"
)

// http2 is a connection of HTTP/2, with or without gRPC.
type http2 struct {
	*conn
	windows
	block   bytes.Buffer // the encoder's
	enc     *hpack.Encoder
	dec     *hpack.Decoder
	status  string // of the header block that is being read
	grpc    string
	next    uint32
	message []byte  // of gRPC, with its head
	waiting []*slot // for a window
}

func newHTTP2(c *conn) protocol {
	h := &http2{conn: c, next: 1, windows: windows{send: firstWindow, first: firstWindow}}
	h.enc = hpack.NewEncoder(&h.block)
	h.dec = hpack.NewDecoder(4096, func(f hpack.HeaderField) {
		switch f.Name {
		case ":status":
			h.status = f.Value
		case "grpc-status":
			h.grpc = f.Value
		}
	})
	if c.Protocol != HTTP2 {
		h.message = grpcMessage(c.Message)
	}
	return h
}

// grpcMessage returns a message of some bytes, with the five before it.
func grpcMessage(size int) []byte {
	m := binary.BigEndian.AppendUint32([]byte{0}, uint32(size))
	return append(m, bytes.Repeat([]byte("m"), size)...)
}

func (h *http2) open() error {
	h.out = appendSettings(append(h.out, preface...))
	return h.flush()
}

func (h *http2) ask(s *slot, host, path string) error {
	if h.Protocol == GRPCChat && s.stream != 0 {
		s.got = 0
		h.sendMessage(s)
		return nil
	}
	s.stream, s.window, s.ok, s.got = h.next, h.first, false, 0
	h.next += 2
	h.block.Reset()
	method, flags := "GET", byte(flagEnd|flagEndHeaders)
	if h.message != nil {
		method, flags = "POST", flagEndHeaders
	}
	scheme := "http"
	if h.TLS {
		scheme = "https"
	}
	for _, f := range [][2]string{{":method", method}, {":scheme", scheme}, {":path", path}, {":authority", host}} {
		h.enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	for _, f := range h.Fields {
		h.enc.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	h.out = appendFrame(h.out, frameHeaders, flags, s.stream, h.block.Bytes())
	if h.message != nil {
		h.sendMessage(s)
	}
	return nil
}

// sendMessage sends the message, as soon as the windows allow it.
func (h *http2) sendMessage(s *slot) {
	n := int64(len(h.message))
	if n > s.window || n > h.send {
		h.waiting = append(h.waiting, s)
		return
	}
	s.window -= n
	h.send -= n
	flags := byte(flagEnd)
	if h.Protocol == GRPCChat {
		flags = 0
	}
	h.out = appendFrame(h.out, frameData, flags, s.stream, h.message)
}

func (h *http2) take(p []byte) (used int, err error) {
	for {
		f, n := nextFrame(p[used:])
		if n == 0 {
			return used, nil
		}
		used += n
		if err := h.frame(f); err != nil {
			return used, err
		}
	}
}

func (h *http2) frame(f frame) error {
	switch f.kind {
	case frameHeaders, frameData:
		return h.response(f)
	case frameSettings:
		if f.flags&flagEnd == 0 {
			f.settings(h.setting)
			h.out = appendFrame(h.out, frameSettings, flagEnd, 0, nil)
		}
	case framePing:
		if f.flags&flagEnd == 0 {
			h.out = appendFrame(h.out, framePing, flagEnd, 0, f.payload)
		}
	case frameWindowUpdate:
		h.wider(f.stream, int64(binary.BigEndian.Uint32(f.payload)))
	case frameReset, frameGoAway:
		if f.kind == frameReset && h.slot(f.stream) == nil { // of a call that is over: nothing is missing
			return nil
		}
		return fmt.Errorf("frame %d on stream %d: %x", f.kind, f.stream, f.payload)
	case frameContinuation:
		return fmt.Errorf("header blocks of several frames are not understood")
	}
	return nil
}

func (h *http2) setting(id uint16, value uint32) {
	switch id {
	case settingTableSize:
		h.enc.SetMaxDynamicTableSizeLimit(value)
	case settingWindow:
		for _, s := range h.slots {
			s.window += int64(value) - h.first
		}
		h.first = int64(value)
		h.wider(0, 0)
	}
}

// wider notes that more may be sent, and sends what waited.
func (h *http2) wider(stream uint32, by int64) {
	if stream == 0 {
		h.send += by
	}
	for _, s := range h.slots {
		if stream != 0 && s.stream == stream {
			s.window += by
		}
	}
	all := h.waiting
	h.waiting = nil
	for _, s := range all {
		h.sendMessage(s)
	}
}

// slot returns the slot of a stream, or nil.
func (h *http2) slot(stream uint32) *slot {
	for _, s := range h.slots {
		if s.stream == stream {
			return s
		}
	}
	return nil
}

// response takes a part of a response.
func (h *http2) response(f frame) error {
	s := h.slot(f.stream)
	if s == nil {
		return fmt.Errorf("frame %d on stream %d, which is not open", f.kind, f.stream)
	}
	if f.kind == frameHeaders {
		if f.flags&flagEndHeaders == 0 {
			return fmt.Errorf("header blocks of several frames are not understood")
		}
		h.status, h.grpc = "", ""
		if _, err := h.dec.Write(f.content()); err != nil {
			return err
		}
		if err := h.dec.Close(); err != nil {
			return err
		}
		if h.status != "" && h.status[0] != '2' {
			return statusError(h.status)
		}
		if h.grpc != "" && h.grpc != "0" {
			return fmt.Errorf("grpc-status %s", h.grpc)
		}
		s.ok = s.ok || h.status != ""
	} else {
		s.got += len(f.content())
		h.out = h.took(h.out, len(f.payload))
	}
	ended := f.flags&flagEnd != 0
	switch {
	case h.Protocol == GRPCChat && ended:
		return fmt.Errorf("a call that should go on has ended")
	case h.Protocol == GRPCChat && f.kind == frameData && s.got == len(h.message):
		h.answered(s)
	case ended && h.Protocol == GRPC && (h.grpc != "0" || s.got != len(h.message)), ended && !s.ok:
		return fmt.Errorf("an incomplete response: status %q, grpc-status %q, %d bytes", h.status, h.grpc, s.got)
	case ended:
		s.stream = 0
		h.answered(s)
	}
	return nil
}
