package peer

import (
	"bytes"
	"io"
	"net"
)

// acceptSample is the answer to the key that every client of this package sends (RFC 6455 section 1.3).
const acceptSample = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

// ServeWebSocket upgrades what is asked with the key of RFC 6455's example, and sends messages of less than 64 KiB back. Anything
// else of HTTP it answers with 200.
func ServeWebSocket(l net.Listener) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			if upgrade(c) == nil {
				echoMessages(c)
			}
		}()
	}
}

// upgrade answers requests until one asks for an upgrade.
func upgrade(c net.Conn) error {
	buf := make([]byte, 8<<10)
	for n := 0; ; {
		got, err := c.Read(buf[n:])
		if err != nil {
			return err
		}
		n += got
		if !bytes.HasSuffix(buf[:n], []byte("\r\n\r\n")) {
			continue
		}
		if bytes.Contains(bytes.ToLower(buf[:n]), []byte("upgrade: websocket")) {
			_, err := io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+acceptSample+"\r\n\r\n")
			return err
		}
		if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); err != nil {
			return err
		}
		n = 0
	}
}

func echoMessages(c net.Conn) {
	in, out := make([]byte, 128<<10), make([]byte, 0, 128<<10)
	for n := 0; ; {
		got, err := c.Read(in[n:])
		if err != nil {
			return
		}
		n += got
		used := 0
		out = out[:0]
		for {
			head, size := frameSize(in[used:n])
			if head == 0 || n-used < head+size {
				break
			}
			mask, content := in[used+head-4:used+head], in[used+head:used+head+size]
			out = frameStart(out, size, 0)
			for i, b := range content {
				out = append(out, b^mask[i%4])
			}
			used += head + size
		}
		if _, err := c.Write(out); err != nil {
			return
		}
		n = copy(in, in[used:n])
	}
}
