package http1

import (
	"io"

	"github.com/gibbon-gateway/gibbon/header"
)

// Head returns the request that a connection serves.
func Head(c *Conn) *Request { return &c.m.req }

// ErrMore is what the parsers return for a message that is not complete.
var ErrMore = errMore

// ParseRequest reads a request head with these limits.
func ParseRequest(q *Request, b []byte, l Limits) (end int, err error) {
	lim := l.withDefaults()
	h := lim.head()
	q.reset()
	err = q.parse(b, &h)
	return q.head.end, err
}

// ParseRequestSlowly is ParseRequest with b arriving byte by byte, each time at another place in memory.
func ParseRequestSlowly(q *Request, b []byte, l Limits) (end int, err error) {
	lim := l.withDefaults()
	h := lim.head()
	q.reset()
	err = errMore
	for i := 1; i <= len(b); i++ {
		if err = q.parse(append([]byte(nil), b[:i]...), &h); err != errMore {
			break
		}
	}
	return q.head.end, err
}

// ParseResponse reads a response head.
func ParseResponse(r *Response, b []byte, toHead bool) (end int, err error) {
	r.reset()
	err = r.parse(b, &headLimits{65536, 65536, 65536, 1000}, toHead)
	return r.head.end, err
}

// ParseResponseSlowly is ParseResponse with b arriving byte by byte.
func ParseResponseSlowly(r *Response, b []byte, toHead bool) (end int, err error) {
	r.reset()
	err = errMore
	for i := 1; i <= len(b); i++ {
		if err = r.parse(append([]byte(nil), b[:i]...), &headLimits{65536, 65536, 65536, 1000}, toHead); err != errMore {
			break
		}
	}
	return r.head.end, err
}

// ReadChunks decodes a chunked body that arrives in pieces of the given size.
func ReadChunks(b []byte, size int) (body []byte, used int, trailer *header.Fields, err error) {
	var d chunks
	d.reset()
	for used < len(b) && !d.done() {
		part := b[used:min(used+size, len(b))]
		data, n, err := d.next(part, size)
		if err != nil {
			return body, used, nil, err
		}
		body = append(body, data...)
		used += n
		used += d.skipFraming(b[used:min(used+size, len(b))])
	}
	if !d.done() {
		return body, used, nil, io.ErrUnexpectedEOF
	}
	return body, used, &d.trailer, nil
}
