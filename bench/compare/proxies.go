package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/bench/peer"
	"github.com/gibbon-gateway/gibbon/bench/rig"
)

// proxy is a program that is measured.
type proxy struct {
	name  string
	start func(b *bench, addr string, c benchCase) (*exec.Cmd, error)
}

// Names of proxies that others are compared with, or that are spared.
const (
	plainNginx = "plain nginx"
	sameNginx  = "nginx"
	older      = "baseline"
	gibbon     = "Gibbon"
)

// proxies are in the order of the table.
var proxies = []proxy{
	{plainNginx, (*bench).startPlainNginx},
	{sameNginx, (*bench).startNginx},
	{"HAProxy", (*bench).startHAProxy},
	{older, func(b *bench, addr string, c benchCase) (*exec.Cmd, error) { return b.startGibbon(b.baseline, addr, c) }},
	{gibbon, func(b *bench, addr string, c benchCase) (*exec.Cmd, error) { return b.startGibbon(b.Gibbon, addr, c) }},
}

func names(all []proxy) []string {
	var names []string
	for _, p := range all {
		names = append(names, p.name)
	}
	return names
}

// choose returns the proxies that the flags ask for.
func (b *bench) choose() ([]proxy, error) {
	all := slices.Clone(proxies)
	if b.baseline == "" {
		all = slices.DeleteFunc(all, func(p proxy) bool { return p.name == older })
	}
	if b.only == "" {
		return all, nil
	}
	var chosen []proxy
	for name := range strings.SplitSeq(b.only, ",") {
		i := slices.IndexFunc(all, func(p proxy) bool { return strings.EqualFold(p.name, strings.TrimSpace(name)) })
		if i < 0 {
			return nil, fmt.Errorf("-proxies: no %q among %s", name, strings.Join(names(all), ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// launch starts a proxy for a case and waits until it answers.
func (b *bench) launch(p proxy, c benchCase) (*rig.Server, error) {
	addr, err := rig.FreeAddr()
	if err != nil {
		return nil, err
	}
	cmd, err := p.start(b, addr, c)
	if err != nil {
		return nil, err
	}
	spec := c.spec()
	spec.Addr, spec.Conns, spec.Streams, spec.Seconds = addr, 1, 1, 0.1
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); <-time.After(100 * time.Millisecond) {
		if _, err = peer.Run(spec); err == nil {
			return &rig.Server{Name: p.name, Addr: addr, Cmd: cmd, TLS: c.tls}, nil
		}
		if rig.Ended(cmd) {
			break
		}
	}
	rig.End(cmd)
	return nil, fmt.Errorf("%s: %w\n%s", p.name, err, b.Logs())
}

// certificate and key are files in the folder of a run; HAProxy wants both in one.
const (
	certFile = "cert.pem"
	keyFile  = "key.pem"
	bothFile = "both.pem"
)

// writeCertificate makes a certificate with an ECDSA key, P-256.
func (b *bench) writeCertificate() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "example.com"}, DNSNames: []string{"*.example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	pemKey := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	for name, text := range map[string][]byte{certFile: cert, keyFile: pemKey, bothFile: append(slices.Clone(cert), pemKey...)} {
		if err := os.WriteFile(filepath.Join(b.Dir, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}
