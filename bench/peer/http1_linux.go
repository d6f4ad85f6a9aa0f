package peer

import (
	"bytes"
	"fmt"
	"strconv"
)

// http1 is a connection on which one request follows the other.
type http1 struct {
	*conn
	fields string
	left   int // bytes of the body that are to come
}

func newHTTP1(c *conn) protocol { return &http1{conn: c, fields: fieldLines(c.Fields)} }

func fieldLines(fields [][2]string) string {
	var b bytes.Buffer
	for _, f := range fields {
		fmt.Fprintf(&b, "%s: %s\r\n", f[0], f[1])
	}
	return b.String() + "\r\n"
}

func (h *http1) open() error { return nil }

func (h *http1) ask(s *slot, host, path string) error {
	h.out = append(append(append(append(append(h.out, "GET "...), path...), " HTTP/1.1\r\nHost: "...), host...), "\r\n"...)
	h.out = append(h.out, h.fields...)
	return nil
}

func (h *http1) take(p []byte) (int, error) {
	used := 0
	if h.left == 0 {
		head, length, err := responseHead(p)
		if err != nil || head == 0 {
			return 0, err
		}
		used, h.left = head, length
	}
	n := min(h.left, len(p)-used)
	h.left -= n
	used += n
	if h.left == 0 {
		if used < len(p) {
			return 0, fmt.Errorf("%d bytes more than asked for", len(p)-used)
		}
		h.answered(h.slots[0])
	}
	return used, nil
}

// responseHead returns the length of a response's head, 0 if it is not all there, and that of the body.
func responseHead(p []byte) (head, body int, err error) {
	end := bytes.Index(p, []byte("\r\n\r\n"))
	if end < 0 {
		return 0, 0, nil
	}
	if !bytes.HasPrefix(p, []byte("HTTP/1.1 2")) {
		return 0, 0, statusError(string(p[:bytes.IndexByte(p, '\r')]))
	}
	for line := range bytes.SplitSeq(p[:end], []byte("\r\n")) {
		const name = "content-length:"
		if len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name)) {
			body, err = strconv.Atoi(string(bytes.TrimSpace(line[len(name):])))
			return end + 4, body, err
		}
	}
	return 0, 0, fmt.Errorf("no Content-Length in %q", p[:end])
}
