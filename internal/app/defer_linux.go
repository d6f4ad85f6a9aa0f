package app

import "syscall"

// deferAccept lets the kernel hand out a connection of a listener only when its first bytes are there, which saves a read that would find
// nothing and a wake-up. A client that is silent for longer than a second is handed out all the same, and the server's timeouts begin.
func deferAccept(c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		// Without it everything works as well.
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_DEFER_ACCEPT, 1)
	})
}
