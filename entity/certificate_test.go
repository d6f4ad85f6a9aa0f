package entity_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/schema"
)

// pair makes a certificate and its key.
func pair(t *testing.T, key crypto.Signer, ca bool, until time.Time) (cert, keyText string) {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: until, IsCA: ca, BasicConstraintsValid: ca}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return text("CERTIFICATE", der), text("PRIVATE KEY", private)
}

func text(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func newEC(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newEd(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestCertificates(t *testing.T) {
	later := time.Now().Add(time.Hour)
	ec := newEC(t)
	cert, key := pair(t, ec, false, later)
	ecDER, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	ecKey := "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + text("EC PRIVATE KEY", ecDER)
	_, strange := pair(t, newEC(t), false, later)
	edCert, edKey := pair(t, newEd(t), false, later)
	type doc = map[string]any
	for _, test := range []struct {
		name string
		doc  doc
		want string // "" if it is right
	}{
		{"right", doc{"cert": cert, "key": key}, ""},
		{"EC", doc{"cert": cert, "key": ecKey}, ""},
		{"chain", doc{"cert": cert + edCert, "key": key}, ""},
		{"alternative", doc{"cert": cert, "key": key, "cert_alt": edCert, "key_alt": edKey}, ""},
		{"elsewhere", doc{"cert": "{vault://env/cert}", "key": "{vault://env/key}"}, ""},
		{"mismatch", doc{"cert": cert, "key": strange}, "schema violation (certificate does not match key)"},
		{"alternative mismatch", doc{"cert": cert, "key": key, "cert_alt": edCert, "key_alt": key},
			"schema violation (alternative certificate does not match key)"},
		{"same type", doc{"cert": edCert, "key": edKey, "cert_alt": edCert, "key_alt": edKey},
			"schema violation (certificate and alternative certificate need to have different type (e.g. RSA and ECDSA), " +
				"the provided certificates were both of the same type)"},
		{"half", doc{"cert": cert, "key": key, "cert_alt": edCert},
			"schema violation (all or none of these fields must be set: 'cert_alt', 'key_alt')"},
		{"empty", doc{"cert": "", "key": ""}, "2 schema violations (cert: length must be at least 1; key: length must be at least 1)"},
		{"garbage", doc{"cert": "x", "key": "y"},
			"2 schema violations (cert: invalid certificate: no certificate in PEM found; key: invalid key: no private key in PEM found)"},
		{"names", doc{"cert": cert, "key": key, "snis": []any{"a.test", "1.2.3.4"}}, "schema violation (snis.2: must not be an IP)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			done, errs := entity.KindOf("certificates").Prepare(test.doc, schema.Options{})
			switch {
			case errs == nil && test.want != "":
				t.Error("accepted")
			case errs != nil && errs.Message() != test.want:
				t.Error(errs.Message())
			case errs == nil:
				if _, ok := done["snis"]; ok {
					t.Error("snis are stored")
				}
			}
		})
	}
}

func TestCACertificates(t *testing.T) {
	later := time.Now().Add(time.Hour)
	key := newEC(t)
	ca, _ := pair(t, key, true, later)
	leaf, _ := pair(t, key, false, later)
	old, _ := pair(t, key, true, time.Now().Add(-time.Hour))
	for text, want := range map[string]string{
		leaf:    `schema violation (certificate does not appear to be a CA because it is missing the "CA" basic constraint)`,
		old:     `schema violation (certificate expired, "Not After" time is in the past)`,
		ca + ca: "schema violation (please submit only one certificate at a time)",
		"x":     "schema violation (cert: invalid certificate: no certificate in PEM found)",
	} {
		if _, errs := entity.KindOf("ca_certificates").Prepare(map[string]any{"cert": text}, schema.Options{}); errs.Message() != want {
			t.Error(errs.Message())
		}
	}
	doc, errs := entity.KindOf("ca_certificates").Prepare(map[string]any{"cert": ca, "cert_digest": "chosen"}, schema.Options{})
	if errs != nil {
		t.Fatal(errs.Message())
	}
	block, _ := pem.Decode([]byte(ca))
	sum := sha256.Sum256(block.Bytes)
	if doc["cert_digest"] != hex.EncodeToString(sum[:]) {
		t.Error(doc["cert_digest"])
	}
}

func TestPublicKeysOfTokens(t *testing.T) {
	key := newEd(t)
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	doc := map[string]any{"algorithm": "EdDSA", "consumer": map[string]any{"id": "11111111-1111-4111-8111-111111111111"}}
	doc["rsa_public_key"] = text("PUBLIC KEY", der)
	if _, errs := entity.KindOf("jwt_secrets").Prepare(doc, schema.Options{}); errs != nil {
		t.Error(errs.Message())
	}
	doc["rsa_public_key"] = strings.Replace(text("PUBLIC KEY", der), "M", "!", 1)
	if _, errs := entity.KindOf("jwt_secrets").Prepare(doc, schema.Options{}); errs == nil {
		t.Error("a broken key was accepted")
	}
}
