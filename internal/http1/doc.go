// Package http1 is the gateway's own HTTP/1.1: a strict parser, a server loop with one goroutine per connection, and a
// pooled upstream client driven by the same goroutine. Its main types are Server, Conn (one client connection, and the
// request that it serves), Pool and ClientConn (one upstream connection, and the response that it reads).
//
// What is received stays where it was received: Request and Response are offset tables over the connection's buffer, which
// comes from a pool only while bytes are there. Everything is refused that two programs could read in two ways; the answer
// is a 4xx and the connection is closed.
//
// There are two ways to do I/O. The plain one uses net.Conn and works everywhere and with TLS. The raw one (Server.Raw,
// Pool.Raw; Linux, TCP without TLS) runs the whole keep-alive loop inside one syscall.RawConn.Read callback, which saves the
// read that finds nothing, and holds no buffer while a connection is idle.
//
// The package does not route, does not know plugins, and does not decide what an error answer looks like.
package http1
