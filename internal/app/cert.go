package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/settings"
)

// readCertificates reads the files of the listeners' certificates. On an error those that were read before stay in force.
func (g *gateway) readCertificates() error {
	s := g.settings
	proxy, err := certificates(s, "ssl_cert", s.SSLCert, s.SSLCertKey, "gibbon-default")
	if err != nil {
		return err
	}
	if slices.ContainsFunc(slices.Concat(s.Admin, s.Status), func(l settings.Listener) bool { return l.TLS }) {
		admin, err := certificates(s, "admin_ssl_cert", s.AdminSSLCert, s.AdminSSLCertKey, "admin-gibbon-default")
		if err != nil {
			return err
		}
		g.adminCerts.Set(admin)
	}
	g.certs.Set(proxy)
	return nil
}

// certificates reads the pairs of an *ssl_cert setting. Without one it returns the generated pair in folder ssl of the data
// folder, which is made at the first start, as Kong does.
func certificates(s *settings.Settings, key string, certs, keys []string, generated string) ([]tls.Certificate, error) {
	if len(certs) == 0 {
		c, err := generatedPair(filepath.Join(s.Prefix, "ssl", generated+".crt"), filepath.Join(s.Prefix, "ssl", generated+".key"))
		if err != nil {
			return nil, fmt.Errorf("default certificate: %w", err)
		}
		return []tls.Certificate{c}, nil
	}
	var all []tls.Certificate
	for i := range certs {
		c, err := tls.LoadX509KeyPair(s.Path(certs[i]), s.Path(keys[i]))
		if err != nil {
			return nil, fmt.Errorf("%s: %s with %s: %w", key, certs[i], keys[i], err)
		}
		all = append(all, c)
	}
	return all, nil
}

func generatedPair(certFile, keyFile string) (tls.Certificate, error) {
	c, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	certPEM, keyPEM, err := selfSigned(time.Now())
	if err != nil {
		return tls.Certificate{}, err
	}
	if err := os.MkdirAll(filepath.Dir(certFile), 0o700); err != nil {
		return tls.Certificate{}, err
	}
	if err := os.WriteFile(keyFile, keyPEM, 0o600); err != nil {
		return tls.Certificate{}, err
	}
	if err := os.WriteFile(certFile, certPEM, 0o644); err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(certPEM, keyPEM)
}

// selfSigned makes a certificate for localhost that is good for 20 years, as Kong's default one is.
func selfSigned(now time.Time) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "localhost", Organization: []string{"Gibbon"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(20, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), nil
}
