// Package dial opens connections to upstreams: TCP, and TLS on it with a check of the certificate that knows a depth and a missing
// name. Its main type is Dialer, one per exchange.Key. It does not keep connections; http1 and http2 do.
package dial

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/exchange"
)

// Dialer opens connections for one key. It is safe for concurrent use.
type Dialer struct {
	key  exchange.Key
	conf *tls.Config // nil without TLS
}

// New returns the dialer of a key.
func New(k exchange.Key) *Dialer {
	d := &Dialer{key: k}
	if k.TLS {
		d.conf = config(k)
	}
	return d
}

// Conn is an open connection.
type Conn struct {
	net.Conn
	Below net.Conn // what is below its TLS; Conn itself without
	H2    bool     // ALPN has chosen HTTP/2, or nothing else is spoken
	probe *probe
}

// Dial opens a connection. timeout (zero: 60 s) bounds connecting and handshake together. The error is an *exchange.Error; when the key
// asks for HTTP/2 and ALPN does not choose it, that is one.
func (d *Dialer) Dial(ctx context.Context, timeout time.Duration) (Conn, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	deadline := time.Now().Add(cmp.Or(timeout, 60*time.Second))
	nd := net.Dialer{Deadline: deadline, KeepAlive: -1}
	nc, err := nd.DialContext(ctx, "tcp", d.key.Addr)
	if err != nil {
		return Conn{}, failed("connect", err)
	}
	if d.conf == nil {
		return Conn{nc, nc, d.key.Protocols == exchange.OnlyHTTP2, newProbe(nc)}, nil
	}
	p := newProbe(nc)
	tc := tls.Client(p, d.conf)
	hctx, cancel := context.WithDeadline(ctx, deadline)
	err = tc.HandshakeContext(hctx)
	cancel()
	if err != nil {
		nc.Close()
		return Conn{}, failed("handshake", err)
	}
	h2 := tc.ConnectionState().NegotiatedProtocol == "h2"
	if !h2 && d.key.Protocols == exchange.OnlyHTTP2 {
		nc.Close()
		return Conn{}, failed("handshake", errNoHTTP2)
	}
	return Conn{tc, nc, h2, p}, nil
}

var errNoHTTP2 = errors.New("the upstream does not speak HTTP/2")

func failed(op string, err error) *exchange.Error {
	var t interface{ Timeout() bool }
	return &exchange.Error{Kind: exchange.ErrConnect, Op: op, Timeout: errors.As(err, &t) && t.Timeout(), Err: err}
}

// config makes the TLS configuration of a key.
func config(k exchange.Key) *tls.Config {
	conf := &tls.Config{
		ServerName:         k.ServerName,
		InsecureSkipVerify: true, // crypto/tls's own check is replaced by verify, which also knows a depth and a missing name
		ClientSessionCache: tls.NewLRUClientSessionCache(16),
	}
	switch k.Protocols {
	case exchange.OnlyHTTP2:
		conf.NextProtos = []string{"h2"}
	case exchange.EitherHTTP:
		conf.NextProtos = []string{"h2", "http/1.1"}
	default:
		conf.NextProtos = []string{"http/1.1"}
	}
	if k.Cert != nil {
		conf.Certificates = []tls.Certificate{*k.Cert}
	}
	if k.Verify {
		conf.VerifyConnection = func(s tls.ConnectionState) error { return verify(s, k) }
	}
	return conf
}

// verify checks the peer's chain against the key's roots, name and depth. It runs for resumed sessions too.
func verify(s tls.ConnectionState, k exchange.Key) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("no certificate")
	}
	leaf := s.PeerCertificates[0]
	between := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		between.AddCert(c)
	}
	chains, err := leaf.Verify(x509.VerifyOptions{DNSName: k.ServerName, Roots: k.Roots, Intermediates: between})
	if err != nil {
		return err
	}
	if k.Depth == 0 {
		return nil
	}
	for _, chain := range chains {
		if len(chain)-2 <= max(k.Depth, 0) {
			return nil
		}
	}
	return fmt.Errorf("certificate chain is deeper than %d", max(k.Depth, 0))
}
