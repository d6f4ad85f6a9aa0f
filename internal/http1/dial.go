package http1

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// clientConfig makes the TLS configuration of a key.
func clientConfig(k Key) *tls.Config {
	conf := &tls.Config{
		ServerName:         k.ServerName,
		NextProtos:         []string{"http/1.1"},
		InsecureSkipVerify: true, // crypto/tls's own check is replaced by verify, which also knows a depth and a missing name
		ClientSessionCache: tls.NewLRUClientSessionCache(16),
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
func verify(s tls.ConnectionState, k Key) error {
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
