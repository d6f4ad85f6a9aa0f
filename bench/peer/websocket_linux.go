package peer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// websocket is a connection of RFC 6455 after its upgrade.
type websocket struct {
	*conn
	frame []byte
}

func newWebSocket(c *conn) protocol { return &websocket{conn: c, frame: clientFrame(c.Message)} }

// clientFrame returns a binary message, masked as those of clients have to be.
func clientFrame(size int) []byte {
	f := append(frameStart(nil, size, 0x80), 1, 2, 3, 4)
	for i := range size {
		f = append(f, 'm'^byte(i%4+1))
	}
	return f
}

func (w *websocket) open() error {
	host, path := w.request(0)
	w.out = fmt.Appendf(w.out, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s", path, host, fieldLines(w.Fields))
	if err := w.flush(); err != nil {
		return err
	}
	var r io.Reader = socket(w.fd)
	if w.tls != nil {
		r = w.tls
	}
	var head []byte
	for !bytes.Contains(head, []byte("\r\n\r\n")) {
		n, err := r.Read(w.buf)
		if err != nil {
			return err
		}
		head = append(head, w.buf[:n]...)
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) || !bytes.Contains(head, []byte(acceptSample)) {
		return fmt.Errorf("not upgraded: %q", head)
	}
	return nil
}

func (w *websocket) ask(*slot, string, string) error {
	w.out = append(w.out, w.frame...)
	return nil
}

func (w *websocket) take(p []byte) (used int, err error) {
	for {
		head, size := frameSize(p[used:])
		if head == 0 || len(p)-used < head+size {
			return used, nil
		}
		if p[used] != 0x82 || size != w.Message {
			return used, fmt.Errorf("frame of type %#x with %d bytes", p[used], size)
		}
		used += head + size
		w.answered(w.slots[0])
	}
}

// frameStart appends the head of a whole binary message of less than 64 KiB.
func frameStart(b []byte, size int, mask byte) []byte {
	if size < 126 {
		return append(b, 0x82, mask|byte(size))
	}
	return binary.BigEndian.AppendUint16(append(b, 0x82, mask|126), uint16(size))
}

// frameSize returns the lengths of a frame's head, mask included, and of its content. The first is 0 if the head is not all there.
func frameSize(p []byte) (head, size int) {
	if len(p) < 2 {
		return 0, 0
	}
	head, size = 2, int(p[1]&0x7f)
	if size == 126 {
		if len(p) < 4 {
			return 0, 0
		}
		head, size = 4, int(binary.BigEndian.Uint16(p[2:]))
	}
	if p[1]&0x80 != 0 {
		head += 4
	}
	return head, size
}
