//go:build !linux

package http1

import "net"

// refuseNew does nothing where the kernel cannot be asked to.
func refuseNew(net.Listener) {}
