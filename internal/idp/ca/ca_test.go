package ca

import (
	"bytes"
	"crypto/x509"
	"os"
	"testing"
	"time"
)

func TestCertificatesAreTrustedByTheRoot(t *testing.T) {
	now := time.Now()
	clock := func() time.Time { return now }
	folder := t.TempDir()
	a, err := Open(folder, clock)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(a.PEM()) {
		t.Fatal("no certificate")
	}
	for _, name := range []string{"kongdomain.auth.us-west-2.amazoncognito.com", "Cognito-IDP.us-west-2.amazonaws.com", "localhost", "127.0.0.1", "::1"} {
		c, err := a.Certificate(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: now}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if again, err := a.Certificate(name); err != nil || again != c {
			t.Errorf("%s: made twice", name)
		}
	}
	info, err := os.Stat(folder + "/" + keyFile)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key: %v, %v", info.Mode(), err)
	}

	// The same root comes back; an old certificate is made anew.
	b, err := Open(folder, clock)
	if err != nil || !bytes.Equal(a.PEM(), b.PEM()) {
		t.Fatalf("another root: %v", err)
	}
	first, err := b.Certificate("localhost")
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(leafLife - renewed + time.Hour)
	if second, err := b.Certificate("localhost"); err != nil || second == first {
		t.Errorf("an old certificate is given out: %v", err)
	}
}

func TestBrokenFilesAreNamed(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(File(folder), []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(folder, time.Now); err == nil {
		t.Error("a broken file was taken")
	}
}
