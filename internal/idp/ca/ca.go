// Package ca is the provider's own certificate authority: one root, made at the first use and kept in a folder, and certificates by the
// name that a client asks for, made when they are asked for. Its main type is Authority. Who trusts the root can reach the provider by
// https under the names that user pools have in AWS.
package ca

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
	"strings"
	"sync"
	"time"
)

const (
	certFile = "idp-ca.crt"
	keyFile  = "idp-ca.key"
	rootLife = 10 * 365 * 24 * time.Hour
	leafLife = 90 * 24 * time.Hour
	renewed  = 7 * 24 * time.Hour // before its end a certificate is made anew
	most     = 256                // certificates kept in memory
)

// Authority makes certificates. Open one with Open.
type Authority struct {
	root *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
	now  func() time.Time

	mu     sync.Mutex
	leaves map[string]*tls.Certificate
	leaf   *ecdsa.PrivateKey // of all of them
}

// Open reads the root from a folder, or makes it there. With folder "" it lives as long as the process.
func Open(folder string, now func() time.Time) (*Authority, error) {
	leaf, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a := &Authority{now: now, leaves: make(map[string]*tls.Certificate), leaf: leaf}
	if folder == "" {
		return a, a.make("")
	}
	certPEM, err := os.ReadFile(filepath.Join(folder, certFile))
	if errors.Is(err, fs.ErrNotExist) {
		return a, a.make(folder)
	}
	if err != nil {
		return nil, fmt.Errorf("provider's certificate authority: %w", err)
	}
	if err := a.read(folder, certPEM); err != nil {
		return nil, fmt.Errorf("provider's certificate authority: %s: %w", filepath.Join(folder, certFile), err)
	}
	if now().After(a.root.NotAfter.Add(-leafLife)) {
		return a, a.make(folder)
	}
	return a, nil
}

func (a *Authority) read(folder string, certPEM []byte) error {
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, certFile), filepath.Join(folder, keyFile))
	if err != nil {
		return err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return errors.New("is no certificate authority of the provider")
	}
	a.root, a.key, a.pem = pair.Leaf, key, certPEM
	return nil
}

func (a *Authority) make(folder string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := a.now()
	template := &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: "Gibbon local CA " + now.Format("2006-01-02"), Organization: []string{"Gibbon"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(rootLife), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true,
		IsCA: true, MaxPathLenZero: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	if a.root, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	a.key, a.pem = key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if folder == "" {
		return nil
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	if err := write(filepath.Join(folder, keyFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600); err != nil {
		return err
	}
	return write(filepath.Join(folder, certFile), a.pem, 0o644)
}

// write replaces a file in one step.
func write(path string, text []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// PEM is the root's certificate, for trust stores.
func (a *Authority) PEM() []byte { return a.pem }

// Certificate returns one for a host name or an IP address.
func (a *Authority) Certificate(name string) (*tls.Certificate, error) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if c := a.leaves[name]; c != nil && now.Before(c.Leaf.NotAfter.Add(-renewed)) && now.After(c.Leaf.NotBefore) {
		return c, nil
	}
	template := &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: name, Organization: []string{"Gibbon"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(leafLife), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.root, &a.leaf.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("certificate for %s: %w", name, err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("certificate for %s: %w", name, err)
	}
	if len(a.leaves) >= most {
		clear(a.leaves)
	}
	c := &tls.Certificate{Certificate: [][]byte{der, a.root.Raw}, PrivateKey: a.leaf, Leaf: parsed}
	a.leaves[name] = c
	return c, nil
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		panic(err) // the system has no randomness
	}
	return n
}

// File is where the root's certificate lies in a folder.
func File(folder string) string { return filepath.Join(folder, certFile) }
