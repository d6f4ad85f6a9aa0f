package openidconnect_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/oidc/oidctest"
)

// A client can authenticate by a certificate, at the address that the provider has for that.
func TestMutualTLS(t *testing.T) {
	g := prepare(t)
	key := oidctest.Key(oidctest.CurveKey).(*ecdsa.PrivateKey)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	shown := 0
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if shown = len(r.TLS.PeerCertificates); shown == 0 || r.FormValue("client_id") != oidctest.Client || r.FormValue("client_secret") != "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		r.SetBasicAuth(oidctest.Client, "x")
		g.provider.ServeHTTP(w, r)
	}))
	secure.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	secure.StartTLS()
	t.Cleanup(secure.Close)
	g.provider.Clients[oidctest.Client] = "x"
	g.provider.Document = func(doc map[string]any) {
		doc["mtls_endpoint_aliases"] = map[string]any{"token_endpoint": secure.URL + "/token"}
	}
	const id = "33333333-3333-4333-8333-333333333333"
	doc, err := json.Marshal(map[string]any{"id": id, "cert": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		"key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))})
	if err != nil {
		t.Fatal(err)
	}
	set, problems := entity.NewSet(1, []entity.Object{{Kind: entity.KindOf("certificates"), ID: id, Doc: doc}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	g.with("auth_methods: [password]\nclient_auth: [tls_client_auth]\ntls_client_auth_ssl_verify: false\nsession_storage: memory\ntls_client_auth_cert_id: " + id)
	wantStatus(t, g.ask("/", "Authorization", basic(oidctest.User, oidctest.Password)), 401)
	if !strings.Contains(g.log.String(), "there is no certificate "+id) {
		t.Errorf("the log does not say what is missing: %s", g.log)
	}
	g.stage.Set = set
	wantStatus(t, g.ask("/", "Authorization", basic(oidctest.User, oidctest.Password)), 200)
	if shown != 1 {
		t.Errorf("%d certificates were shown", shown)
	}
}
