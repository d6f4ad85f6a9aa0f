//go:build linux

package http1

import (
	"net"
	"syscall"
	"unsafe"
)

// refuseNew makes the kernel ignore further attempts to connect to l, so that connections it has accepted already can be taken over
// before l is closed: closing would reset them. Whoever connects meanwhile tries again, and finds the port closed, or who has taken it over.
// It is a filter on the socket that drops segments with SYN and without ACK; connections inherit it and never see such segments.
// Sockets of multipath TCP take no filter.
func refuseNew(l net.Listener) {
	s, ok := l.(syscall.Conn)
	if _, tcp := l.(*net.TCPListener); !ok || !tcp {
		return
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return
	}
	const (
		loadByte = syscall.BPF_LD | syscall.BPF_B | syscall.BPF_ABS
		anyBit   = syscall.BPF_JMP | syscall.BPF_JSET | syscall.BPF_K
		answer   = syscall.BPF_RET | syscall.BPF_K
		flags    = 13 // offset of the flags in a TCP header
		syn, ack = 0x02, 0x10
	)
	filter := []syscall.SockFilter{
		{Code: loadByte, K: flags},
		{Code: anyBit, K: ack, Jt: 1},
		{Code: anyBit, K: syn, Jt: 1},
		{Code: answer, K: 0xffffffff}, // keep the segment
		{Code: answer, K: 0},          // drop it
	}
	program := syscall.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_ = raw.Control(func(fd uintptr) { // without it, connections of the last moment may be reset
		syscall.Syscall6(syscall.SYS_SETSOCKOPT, fd, syscall.SOL_SOCKET, syscall.SO_ATTACH_FILTER,
			uintptr(unsafe.Pointer(&program)), unsafe.Sizeof(program), 0)
	})
}
