//go:build !unix

package dial

import "net"

// readNow finds nothing where a socket cannot be asked.
func readNow(net.Conn, []byte) (int, error) { return 0, errNothing{} }
