// Package servertest is what redistest and memcachedtest share: Process is a server's process that a test can stop, start again and
// pause, Certificate what such a server speaks TLS with. It knows no server's protocol.
package servertest

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
	"syscall"
	"testing"
	"time"
)

// patience is how long a server may take to do what it was told.
const patience = 20 * time.Second

// Process runs a program for a test.
type Process struct {
	TB      testing.TB
	Program string
	Args    []string

	cmd *exec.Cmd
	log bytes.Buffer
}

// Launch starts the program, and waits until ready is true.
func (p *Process) Launch(ready func() bool) {
	p.TB.Helper()
	p.log.Reset()
	p.cmd = exec.Command(p.Program, p.Args...)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		p.TB.Fatalf("start %s: %v", p.Program, err)
	}
	p.Await("to answer", ready)
}

// Stop kills the server.
func (p *Process) Stop() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // its status says that it was killed
	p.cmd = nil
}

// Pause makes the server silent: connections are still accepted, by the kernel.
func (p *Process) Pause() { p.signal(syscall.SIGSTOP) }

// Resume ends a pause.
func (p *Process) Resume() { p.signal(syscall.SIGCONT) }

func (p *Process) signal(sig syscall.Signal) {
	p.TB.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.TB.Fatal(err)
	}
}

// Await polls until ready is true.
func (p *Process) Await(what string, ready func() bool) {
	p.TB.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(patience); !ready(); {
		select {
		case <-tick.C:
		case <-limit:
			p.Stop() // so that its output is whole
			p.TB.Fatalf("%s %q did not come %s within %s:\n%s", p.Program, p.Args, what, patience, p.log.String())
		}
	}
}

// Listens reports whether somebody accepts connections.
func Listens(network, address string) bool {
	c, err := net.Dial(network, address)
	if err == nil {
		c.Close()
	}
	return err == nil
}

// FreePort returns a port of 127.0.0.1 that nobody listens on.
func FreePort(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Folder makes a folder with a short path, as those of sockets have to be; it goes with the test.
func Folder(tb testing.TB, name string) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", name)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	return dir
}

// Certificate makes a certificate that is signed by itself, for a host or, if ip is not nil, an address, and writes it and its key to files.
func Certificate(tb testing.TB, host string, ip net.IP) (cert, key string, pool *x509.CertPool) {
	tb.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	if ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		tb.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		tb.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(tb.TempDir(), name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			tb.Fatal(err)
		}
		return file
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", keyDER), pool
}
