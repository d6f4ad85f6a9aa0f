package http2_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
	"github.com/gibbon-gateway/gibbon/internal/http2"
)

var certificate = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
})

// front is a server with a listener, as the gateway has it.
type front struct {
	*http2.Server
	addr *net.TCPAddr
	tls  bool
	done sync.WaitGroup
}

// serve starts s on a port of its own. Afterwards every connection must have ended.
func serve(t testing.TB, s *http2.Server, withTLS bool) *front {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	f := &front{Server: s, addr: l.Addr().(*net.TCPAddr), tls: withTLS}
	f.done.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			f.done.Go(func() { f.conn(nc) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.Close()
		f.done.Wait()
		if accepted, open := s.Connections(); open != 0 {
			t.Errorf("%d of %d connections are open at the end", open, accepted)
		}
	})
	return f
}

func (f *front) conn(nc net.Conn) {
	peer := exchange.Peer{Remote: nc.RemoteAddr().(*net.TCPAddr).AddrPort(), Local: f.addrPort()}
	if f.tls {
		t := tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{certificate()}, NextProtos: []string{"h2"}})
		if t.Handshake() != nil {
			nc.Close()
			return
		}
		state := t.ConnectionState()
		nc, peer.TLS = t, &state
	}
	f.ServeConn(nc, nil, peer)
}

func (f *front) addrPort() netip.AddrPort { return f.addr.AddrPort() }

// dial opens a connection to the server.
func (f *front) dial(t testing.TB) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", f.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	if f.tls {
		nc = tls.Client(nc, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	}
	t.Cleanup(func() { nc.Close() })
	return nc
}
