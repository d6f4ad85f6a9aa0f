package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/gibbontest"
)

// authority is a CA that signs certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

func (a *authority) issue(t *testing.T, names ...string) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &k.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

// served returns the common name of the certificate that a TLS client with this server name gets.
func served(t *testing.T, address, name string) string {
	t.Helper()
	c, err := tls.Dial("tcp", strings.TrimPrefix(address, "https://"), &tls.Config{ServerName: name, InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].Subject.CommonName
}

func post(t *testing.T, url string, body map[string]any) map[string]any {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	status, answer := call(t, "POST", url, string(text))
	if status != http.StatusCreated {
		t.Fatalf("POST %s: %d %s", url, status, answer)
	}
	var doc map[string]any
	if err := json.Unmarshal([]byte(answer), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// Certificates are chosen by server name, exact before wildcard, else the generated one; changes are in force without a restart.
func TestCertificatesByName(t *testing.T) {
	g, ca := gibbontest.Start(t, "", nil), newAuthority(t)
	if name := served(t, g.ProxyTLS, "a.example.com"); name != "localhost" {
		t.Errorf("default certificate: %s", name)
	}
	exactCert, exactKey := ca.issue(t, "a.example.com")
	wildCert, wildKey := ca.issue(t, "*.example.com")
	exact := post(t, g.Admin+"/certificates", map[string]any{"cert": exactCert, "key": exactKey, "snis": []string{"a.example.com"}})
	post(t, g.Admin+"/certificates", map[string]any{"cert": wildCert, "key": wildKey, "snis": []string{"*.example.com"}})
	for name, want := range map[string]string{"a.example.com": "a.example.com", "b.example.com": "*.example.com", "other.test": "localhost"} {
		await(t, name+" does not get "+want, func() bool { return served(t, g.ProxyTLS, name) == want })
	}
	newCert, newKey := ca.issue(t, "renewed.example.com")
	text, err := json.Marshal(map[string]any{"cert": newCert, "key": newKey})
	if err != nil {
		t.Fatal(err)
	}
	if status, answer := call(t, "PATCH", fmt.Sprint(g.Admin, "/certificates/", exact["id"]), string(text)); status != http.StatusOK {
		t.Fatalf("PATCH: %d %s", status, answer)
	}
	await(t, "a renewed certificate is not served", func() bool { return served(t, g.ProxyTLS, "a.example.com") == "renewed.example.com" })
	if status, answer := call(t, "POST", g.Admin+"/certificates", `{"cert":"x","key":"y"}`); status != http.StatusBadRequest {
		t.Errorf("a broken certificate: %d %s", status, answer)
	}
}

// TestCertificatesAgain: SIGHUP reads the files of certificates again, and files with mistakes leave what was there.
func TestCertificatesAgain(t *testing.T) {
	ca, dir := newAuthority(t), t.TempDir()
	write := func(name, cert, key string) {
		t.Helper()
		for file, text := range map[string]string{name + ".crt": cert, name + ".key": key} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	signal.Ignore(syscall.SIGHUP) // before the gateway listens to it
	t.Cleanup(func() { signal.Reset(syscall.SIGHUP) })
	cert, key := ca.issue(t, "first")
	write("proxy", cert, key)
	write("admin", cert, key)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	admin := l.Addr().String()
	l.Close()
	g := gibbontest.Start(t, "", map[string]string{"admin_listen": "127.0.0.1:0, " + admin + " ssl",
		"ssl_cert": file("proxy.crt"), "ssl_cert_key": file("proxy.key"), "admin_ssl_cert": file("admin.crt"), "admin_ssl_cert_key": file("admin.key")})
	for _, address := range []string{g.ProxyTLS, admin} {
		if name := served(t, address, "x"); name != "first" {
			t.Errorf("the configured certificate: %s", name)
		}
	}
	cert, key = ca.issue(t, "second")
	write("proxy", cert, key)
	await(t, "a new certificate is not served", func() bool { return served(t, g.ProxyTLS, "x") == "second" })
	write("proxy", "no certificate", key)
	cert, key = ca.issue(t, "third")
	write("admin", cert, key)
	write("proxy", cert, key)
	await(t, "a new certificate is not served after a broken one", func() bool {
		return served(t, g.ProxyTLS, "x") == "third" && served(t, admin, "x") == "third"
	})
}

// Upstreams are verified by the CA certificates that a service names, and show ours where they ask for one.
func TestUpstreamTLS(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	cert, key := ca.issue(t, "localhost")
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AddCert(ca.cert)
	up := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) > 0 {
			w.Header().Set("X-Client", r.TLS.PeerCertificates[0].Subject.CommonName)
		}
	}))
	up.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: clients}
	up.StartTLS()
	t.Cleanup(up.Close)

	g := gibbontest.Start(t, "", map[string]string{"log_level": "crit"})
	right := post(t, g.Admin+"/ca_certificates", map[string]any{"cert": ca.pem})
	wrong := post(t, g.Admin+"/ca_certificates", map[string]any{"cert": other.pem})
	clientCert, clientKey := ca.issue(t, "the gateway")
	own := post(t, g.Admin+"/certificates", map[string]any{"cert": clientCert, "key": clientKey})
	address := strings.Replace(up.URL, "127.0.0.1", "localhost", 1)
	for name, c := range map[string]struct {
		fields map[string]any
		status int
		client string
	}{
		"unverified": {map[string]any{}, 200, ""},
		"verified":   {map[string]any{"tls_verify": true, "ca_certificates": []any{right["id"]}}, 200, ""},
		"wrongca":    {map[string]any{"tls_verify": true, "ca_certificates": []any{wrong["id"]}}, 502, ""},
		"system":     {map[string]any{"tls_verify": true}, 502, ""},
		"client":     {map[string]any{"client_certificate": map[string]any{"id": own["id"]}}, 200, "the gateway"},
	} {
		c.fields["name"], c.fields["url"], c.fields["retries"] = name, address, 0
		post(t, g.Admin+"/services", c.fields)
		post(t, g.Admin+"/services/"+name+"/routes", map[string]any{"paths": []string{"/" + name}})
		await(t, name, func() bool { status, _ := call(t, "GET", g.Proxy+"/"+name, ""); return status == c.status })
		resp, err := http.Get(g.Proxy + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("X-Client"); got != c.client {
			t.Errorf("%s: client certificate %q", name, got)
		}
	}
}
