package proxy_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/protocols"
	"github.com/gibbon-gateway/gibbon/internal/snapshot"
)

// issuer makes certificates.
type issuer struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
	n    int64
}

func newIssuer(t testing.TB) *issuer {
	ca := &issuer{t: t}
	cert, key := ca.make(&x509.Certificate{Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, KeyUsage: x509.KeyUsageCertSign})
	ca.pem = cert
	block, _ := pem.Decode([]byte(cert))
	ca.cert, _ = x509.ParseCertificate(block.Bytes)
	keyBlock, _ := pem.Decode([]byte(key))
	k, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	ca.key = k.(*ecdsa.PrivateKey)
	return ca
}

// make returns a certificate and its key, in PEM.
func (ca *issuer) make(template *x509.Certificate) (cert, key string) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		ca.t.Fatal(err)
	}
	ca.n++
	template.SerialNumber, template.BasicConstraintsValid = big.NewInt(ca.n), true
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := template, k
	if ca.cert != nil {
		parent, signer = ca.cert, ca.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &k.PublicKey, signer)
	if err != nil {
		ca.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		ca.t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

func (ca *issuer) named(name string) (cert, key string) {
	template := &x509.Certificate{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}}
	if ip := net.ParseIP(name); ip != nil {
		template.DNSNames, template.IPAddresses = nil, []net.IP{ip}
	}
	return ca.make(template)
}

func quote(s string) string { b, _ := json.Marshal(s); return string(b) }

func TestUpstreamTLS(t *testing.T) {
	ca, other := newIssuer(t), newIssuer(t)
	cert, key := ca.named("svc.test")
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	clients.AddCert(ca.cert)
	up := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := ""
		if len(r.TLS.PeerCertificates) > 0 {
			name = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		fmt.Fprintf(w, "%s %s %s", r.TLS.ServerName, name, r.Proto)
	}))
	between := &issuer{t: t, cert: ca.cert, key: ca.key}
	interCert, interKey := between.make(&x509.Certificate{Subject: pkix.Name{CommonName: "between"}, IsCA: true, KeyUsage: x509.KeyUsageCertSign})
	inter, _ := tls.X509KeyPair([]byte(interCert), []byte(interKey))
	under := &issuer{t: t, cert: inter.Leaf, key: inter.PrivateKey.(*ecdsa.PrivateKey)}
	deepCert, deepKey := under.named("deep.test")
	deep, err := tls.X509KeyPair([]byte(deepCert+interCert), []byte(deepKey))
	if err != nil {
		t.Fatal(err)
	}
	up.TLS = &tls.Config{Certificates: []tls.Certificate{pair, deep}, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: clients}
	up.Config.ErrorLog = log.New(io.Discard, "", 0)
	up.StartTLS()
	t.Cleanup(up.Close)
	_, port, _ := net.SplitHostPort(up.Listener.Addr().String())
	clientCert, clientKey := ca.named("gateway")
	for name, c := range map[string]struct {
		more   string
		status int
		body   string
		host   string // of the upstream's host_header
	}{
		"not verified":  {"", 200, "svc.test  HTTP/1.1", "svc.test"},
		"verified":      {`,"tls_verify":true,"ca_certificates":["` + uuid(10) + `"]`, 200, "svc.test  HTTP/1.1", "svc.test"},
		"with depth":    {`,"tls_verify":true,"tls_verify_depth":1,"ca_certificates":["` + uuid(10) + `"]`, 200, "svc.test  HTTP/1.1", "svc.test:443"},
		"depth of none": {`,"tls_verify":true,"tls_verify_depth":0,"ca_certificates":["` + uuid(10) + `"]`, 200, "svc.test  HTTP/1.1", "svc.test"},
		"too deep":      {`,"tls_verify":true,"tls_verify_depth":0,"ca_certificates":["` + uuid(10) + `"],"client_certificate":` + ref(12), 502, "", "deep.test"},
		"deep enough":   {`,"tls_verify":true,"tls_verify_depth":1,"ca_certificates":["` + uuid(10) + `"]`, 200, "deep.test  HTTP/1.1", "deep.test"},
		"another CA":    {`,"tls_verify":true,"ca_certificates":["` + uuid(11) + `"]`, 502, "", "svc.test"},
		"system's CAs":  {`,"tls_verify":true`, 502, "", "svc.test"},
		"another name":  {`,"tls_verify":true,"ca_certificates":["` + uuid(10) + `"]`, 502, "", "wrong.test"},
		"with our cert": {`,"client_certificate":` + ref(12), 200, "svc.test gateway HTTP/1.1", "svc.test"},
	} {
		t.Run(name, func(t *testing.T) {
			g := start(t, setup{}, object(t, "ca_certificates", 10, `{"cert":`+quote(ca.pem)+`}`),
				object(t, "ca_certificates", 11, `{"cert":`+quote(other.pem)+`}`),
				object(t, "certificates", 12, `{"cert":`+quote(clientCert)+`,"key":`+quote(clientKey)+`}`),
				object(t, "services", 1, `{"host":"up.test","protocol":"https","port":443,"retries":0`+c.more+`}`),
				object(t, "routes", 2, `{"paths":["/up"],"service":`+ref(1)+`}`),
				object(t, "upstreams", 3, `{"name":"up.test","host_header":"`+c.host+`"}`),
				object(t, "targets", 4, `{"target":"127.0.0.1:`+port+`","upstream":`+ref(3)+`}`))
			for range 2 {
				if a := g.do("GET", "/up", ""); a.StatusCode != c.status || c.body != "" && a.body != c.body {
					t.Errorf("%d %q", a.StatusCode, a.body)
				}
			}
		})
	}
}

// TestClientTLS chooses certificates by server name, also after a swap.
func TestClientTLS(t *testing.T) {
	ca := newIssuer(t)
	g := start(t, setup{}, to(t, addrOf(echo(t)), "")...)
	pair := func(id int, name string) (cert string) {
		c, k := ca.named(name)
		return `{"cert":` + quote(c) + `,"key":` + quote(k) + `}`
	}
	standbyCert, standbyKey := ca.named("standby")
	standby, _ := tls.X509KeyPair([]byte(standbyCert), []byte(standbyKey))
	g.build.Certificates = new(snapshot.Certificates)
	g.build.Certificates.Set([]tls.Certificate{standby})
	g.apply(append(to(t, addrOf(echo(t)), ""),
		object(t, "certificates", 20, pair(20, "exact")), object(t, "snis", 30, `{"name":"a.example.test","certificate":`+ref(20)+`}`),
		object(t, "certificates", 21, pair(21, "left")), object(t, "snis", 31, `{"name":"*.example.test","certificate":`+ref(21)+`}`),
		object(t, "certificates", 22, pair(22, "right")), object(t, "snis", 32, `{"name":"example.*","certificate":`+ref(22)+`}`))...)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := protocols.NewServer(g.Proxy, protocols.Options{TLS: &tls.Config{GetCertificate: g.Certificate}, Raw: true})
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() { server.Shutdown(t.Context()); l.Close(); <-served })
	for name, want := range map[string]string{"a.example.test": "exact", "A.Example.Test": "exact", "b.example.test": "left",
		"example.org": "right", "b.b.example.test": "standby", "": "standby"} {
		c, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{ServerName: name, InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.ConnectionState().PeerCertificates[0].Subject.CommonName; got != want {
			t.Errorf("%s gets %s", name, got)
		}
		io.WriteString(c, "GET /up HTTP/1.1\r\nHost: x\r\n\r\n")
		if s := read(t, bufio.NewReader(c), "GET").asked(t); s.Header.Get("X-Forwarded-Proto") != "https" {
			t.Errorf("%+v", s)
		}
		c.Close()
	}
}
