//go:build !linux

package app

import "syscall"

func deferAccept(syscall.RawConn) error { return nil }
