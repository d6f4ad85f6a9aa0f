// Package memcachedtest starts real memcached servers for tests. Its main type is Server, which a test can stop, start again and
// pause. It needs the program memcached. Servers end with the test.
package memcachedtest

import (
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/statedb/servertest"
)

// Server is one process.
type Server struct {
	servertest.Process
	Addr   string // 127.0.0.1 and a port; "" with a socket
	Port   int
	Socket string // the path of a unix socket; "" without
}

// Start starts a server; args are further options of its command line.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	s := &Server{Port: servertest.FreePort(tb)}
	port := strconv.Itoa(s.Port)
	s.Addr = net.JoinHostPort("127.0.0.1", port)
	return launch(tb, s, append([]string{"-l", "127.0.0.1", "-p", port}, args...))
}

// StartSocket starts a server on a unix socket.
func StartSocket(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{Socket: filepath.Join(servertest.Folder(tb, "memcached"), "socket")}
	return launch(tb, s, []string{"-s", s.Socket, "-a", "0700"})
}

// StartTLS starts a server that speaks TLS alone, as 127.0.0.1. The pool holds what its certificate is signed by.
func StartTLS(tb testing.TB) (*Server, *x509.CertPool) {
	tb.Helper()
	cert, key, pool := servertest.Certificate(tb, "memcached.test", net.IPv4(127, 0, 0, 1))
	return Start(tb, "-Z", "-o", "ssl_chain_cert="+cert+",ssl_key="+key), pool
}

func launch(tb testing.TB, s *Server, args []string) *Server {
	tb.Helper()
	if os.Getuid() == 0 {
		args = append(args, "-u", "root") // it wants to be told
	}
	s.Process = servertest.Process{TB: tb, Program: "memcached", Args: append(args, "-U", "0", "-t", "1", "-m", "16")}
	tb.Cleanup(s.Stop)
	s.Start()
	return s
}

// Start starts a stopped server again. It is empty.
func (s *Server) Start() {
	s.TB.Helper()
	s.Launch(func() bool {
		if s.Socket != "" {
			return servertest.Listens("unix", s.Socket)
		}
		return servertest.Listens("tcp", s.Addr)
	})
}
