package pool

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"math/big"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/api"
	"github.com/gibbon-gateway/gibbon/internal/idp/store"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// certificate returns the certificate that SAML requests would be signed with; it is made at the first call and kept.
func (s *Service) certificate(c *api.Call, in *wire.GetSigningCertificateRequest) (*wire.GetSigningCertificateResponse, error) {
	out := &wire.GetSigningCertificateResponse{}
	err := s.view(c, in.UserPoolID, func(tx *store.Tx) (err error) {
		out.Certificate, err = object[string](tx, in.UserPoolID, kindCert, allUI)
		return err
	})
	if !errors.Is(err, store.ErrNotFound) {
		return out, err
	}
	fresh, err := newCertificate(in.UserPoolID, s.Now())
	if err != nil {
		return nil, err
	}
	return out, s.in(c, in.UserPoolID, func(tx *store.Tx) error {
		out.Certificate, err = object[string](tx, in.UserPoolID, kindCert, allUI)
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		out.Certificate = fresh
		return put(tx, in.UserPoolID, kindCert, allUI, fresh, s.Now())
	})
}

func newCertificate(pool string, now time.Time) (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return "", err
	}
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: pool}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.AddDate(10, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return base64.StdEncoding.EncodeToString(der), err
}
