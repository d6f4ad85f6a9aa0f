// Package http2 is the gateway's own HTTP/2 (RFC 9113): a server that implements the client's side of an exchange, and a client that
// implements the upstream's side. Its main types are Server, which serves the streams of connections that were accepted elsewhere, and
// Pool, which holds connections to upstreams.
//
// Connections, streams, flow control and scheduling are ours; the compressed header tables are those of golang.org/x/net/http2/hpack.
// Frames are taken apart where they were received: a Framer would allocate for each of them and copy what they carry.
//
// One goroutine reads a connection and never waits for anything but the other side's bytes: not for a handler, a slow stream or
// its own writes. Whoever has something to send writes what everybody else has to send, too. Bodies that are longer than a frame take
// turns. A connection holds no buffers while it is idle.
//
// What a peer may make the gateway remember or do for it is bounded; docs/security/http2.md has the cases, each with its test.
//
// The package does not route, does not know plugins, does no TLS, and does not push.
package http2
