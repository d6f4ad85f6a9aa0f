package http1

import (
	"bytes"
	"net"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// HTTP2 serves connections whose clients turn out to speak HTTP/2.
type HTTP2 interface {
	// ServeConn serves a connection until it ends. received was read from it already.
	ServeConn(nc net.Conn, received []byte, peer exchange.Peer)
	// Drain makes its connections take no more requests, and end when those that run have ended.
	Drain()
}

// preface is what clients of HTTP/2 send first (RFC 9113, 3.4).
var preface = []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

// preface says whether the first bytes of a connection are those of HTTP/2, or may become so.
func (c *Conn) preface() (is, maybe bool) {
	if c.srv.HTTP2 == nil || c.peer.TLS != nil || c.serial.Load() > 0 {
		return false, false
	}
	b := c.m.in[c.r:c.w]
	n := min(len(b), len(preface))
	if !bytes.Equal(b[:n], preface[:n]) {
		return false, false
	}
	return n == len(preface), true
}

// serveHTTP2 hands the connection over for good.
func (c *Conn) serveHTTP2() {
	var received []byte
	if c.m != nil {
		received = bytes.Clone(c.m.in[c.r:c.w])
	}
	c.give()
	c.srv.HTTP2.ServeConn(c.nc, received, c.peer)
}
