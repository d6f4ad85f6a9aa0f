// Package memcachedtest starts real memcached servers for tests. Its main type is Server, which a test can stop, start again and
// pause. It needs the program memcached. Servers end with the test.
package memcachedtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// patience is how long a server may take to accept connections.
const patience = 20 * time.Second

// Server is one process.
type Server struct {
	Addr   string // 127.0.0.1 and a port; "" with a socket
	Port   int
	Socket string // the path of a unix socket; "" without

	tb   testing.TB
	args []string
	cmd  *exec.Cmd
	log  bytes.Buffer
}

// Start starts a server; args are further options of its command line.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{Addr: l.Addr().String(), Port: l.Addr().(*net.TCPAddr).Port}
	if err := l.Close(); err != nil {
		tb.Fatal(err)
	}
	return launch(tb, s, append([]string{"-l", "127.0.0.1", "-p", strconv.Itoa(s.Port)}, args...))
}

// StartSocket starts a server on a unix socket.
func StartSocket(tb testing.TB) *Server {
	tb.Helper()
	dir, err := os.MkdirTemp("", "memcached") // paths of sockets have to be short
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	s := &Server{Socket: filepath.Join(dir, "socket")}
	return launch(tb, s, []string{"-s", s.Socket, "-a", "0700"})
}

// StartTLS starts a server that speaks TLS alone, as 127.0.0.1. The pool holds what its certificate is signed by.
func StartTLS(tb testing.TB) (*Server, *x509.CertPool) {
	tb.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "memcached.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		tb.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		tb.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	files := map[string]string{}
	for kind, der := range map[string][]byte{"CERTIFICATE": der, "PRIVATE KEY": key} {
		file := filepath.Join(tb.TempDir(), "part.pem")
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			tb.Fatal(err)
		}
		files[kind] = file
	}
	return Start(tb, "-Z", "-o", "ssl_chain_cert="+files["CERTIFICATE"]+",ssl_key="+files["PRIVATE KEY"]), pool
}

func launch(tb testing.TB, s *Server, args []string) *Server {
	tb.Helper()
	if os.Getuid() == 0 {
		args = append(args, "-u", "root") // it wants to be told
	}
	s.tb, s.args = tb, append(args, "-U", "0", "-t", "1", "-m", "16")
	tb.Cleanup(s.Stop)
	s.Start()
	return s
}

// Start starts a stopped server again. It is empty.
func (s *Server) Start() {
	s.tb.Helper()
	s.log.Reset()
	s.cmd = exec.Command("memcached", s.args...)
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatalf("start memcached: %v", err)
	}
	network, address := "tcp", s.Addr
	if s.Socket != "" {
		network, address = "unix", s.Socket
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); <-tick.C {
		if c, err := net.Dial(network, address); err == nil {
			c.Close()
			return
		}
	}
	s.Stop()
	s.tb.Fatalf("memcached %q does not listen: %s", s.args, &s.log)
}

// Stop kills the server.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // its status says that it was killed
	s.cmd = nil
}

// Pause makes the server silent: connections are still accepted, by the kernel.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends a pause.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.tb.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.tb.Fatal(err)
	}
}
