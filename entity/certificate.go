package entity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"strings"
	"time"

	"github.com/gibbon-gateway/gibbon/schema"
)

func certificateSchema() *schema.Schema {
	return schema.Of[Certificate](
		schema.CheckField("cert", checkCertificate),
		schema.CheckField("key", checkKey),
		schema.CheckField("cert_alt", checkCertificate),
		schema.CheckField("key_alt", checkKey),
		schema.MutuallyRequired("cert_alt", "key_alt"),
		schema.Check(func(doc map[string]any) schema.Errors {
			return matchKey(doc["cert"], doc["key"], "certificate does not match key")
		}, "cert", "key"),
		schema.Check(func(doc map[string]any) schema.Errors {
			return matchKey(doc["cert_alt"], doc["key_alt"], "alternative certificate does not match key")
		}, "cert_alt", "key_alt"),
		schema.Check(checkTypesDiffer, "cert", "cert_alt"),
	)
}

func sniSchema() *schema.Schema { return schema.Of[SNI]() }

func caCertificateSchema() *schema.Schema {
	return schema.Of[CACertificate](schema.CheckField("cert", checkCertificate), schema.Check(checkCA, "cert"))
}

// isReference reports whether a text stands for a secret kept elsewhere, which can only be judged where it is used.
func isReference(s string) bool {
	return strings.HasPrefix(s, "{vault://") && strings.HasSuffix(s, "}")
}

func checkCertificate(v any) error {
	text, _ := v.(string)
	if _, err := parseCertificate(text); err != nil && !isReference(text) {
		return errors.New("invalid certificate: " + err.Error())
	}
	return nil
}

func checkKey(v any) error {
	text, _ := v.(string)
	if _, err := parseKey(text); err != nil && !isReference(text) {
		return errors.New("invalid key: " + err.Error())
	}
	return nil
}

// parseCertificate reads the first certificate of a PEM text.
func parseCertificate(text string) (*x509.Certificate, error) {
	for rest := []byte(text); ; {
		block, more := pem.Decode(rest)
		if block == nil {
			return nil, errors.New("no certificate in PEM found")
		}
		if block.Type == "CERTIFICATE" {
			return x509.ParseCertificate(block.Bytes)
		}
		rest = more
	}
}

// parseKey reads the first private key of a PEM text.
func parseKey(text string) (crypto.Signer, error) {
	for rest := []byte(text); ; {
		block, more := pem.Decode(rest)
		if block == nil {
			return nil, errors.New("no private key in PEM found")
		}
		var key any
		err := errors.New("unknown kind of PEM block " + block.Type)
		switch block.Type {
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			err = errors.New("the key is encrypted")
		case "EC PARAMETERS":
			rest = more
			continue
		}
		if err != nil {
			return nil, err
		}
		signer, ok := key.(crypto.Signer)
		if !ok {
			return nil, errors.New("the key cannot sign")
		}
		return signer, nil
	}
}

// matchKey wants the key of a certificate. What cannot be read is told elsewhere.
func matchKey(cert, key any, text string) schema.Errors {
	c, k := readCertificate(cert), readKey(key)
	if c == nil || k == nil {
		return nil
	}
	if public, ok := k.Public().(interface{ Equal(crypto.PublicKey) bool }); ok && public.Equal(c.PublicKey) {
		return nil
	}
	return entityError(text)
}

func checkTypesDiffer(doc map[string]any) schema.Errors {
	a, b := readCertificate(doc["cert"]), readCertificate(doc["cert_alt"])
	if a == nil || b == nil || a.PublicKeyAlgorithm != b.PublicKeyAlgorithm {
		return nil
	}
	return entityError("certificate and alternative certificate need to have different type (e.g. RSA and ECDSA), " +
		"the provided certificates were both of the same type")
}

func checkCA(doc map[string]any) schema.Errors {
	text, _ := doc["cert"].(string)
	cert := readCertificate(text)
	switch {
	case cert == nil:
		return nil
	case strings.Count(text, "-----BEGIN CERTIFICATE-----") > 1:
		return entityError("please submit only one certificate at a time")
	case cert.NotAfter.Before(time.Now()):
		return entityError(`certificate expired, "Not After" time is in the past`)
	case !cert.BasicConstraintsValid || !cert.IsCA:
		return entityError(`certificate does not appear to be a CA because it is missing the "CA" basic constraint`)
	}
	return nil
}

// dropSNIs takes the names out, which are entities of their own.
func dropSNIs(doc map[string]any, _ schema.Options) schema.Errors {
	delete(doc, "snis")
	return nil
}

// digestCA sets the digest, which input cannot choose.
func digestCA(doc map[string]any, _ schema.Options) schema.Errors {
	if cert := readCertificate(doc["cert"]); cert != nil {
		sum := sha256.Sum256(cert.Raw)
		doc["cert_digest"] = hex.EncodeToString(sum[:])
	}
	return nil
}

func readCertificate(v any) *x509.Certificate {
	text, _ := v.(string)
	cert, err := parseCertificate(text)
	if err != nil {
		return nil
	}
	return cert
}

func readKey(v any) crypto.Signer {
	text, _ := v.(string)
	key, err := parseKey(text)
	if err != nil {
		return nil
	}
	return key
}

// IsPublicKey reports whether a PEM text holds a key that signatures can be verified with.
func IsPublicKey(text string) bool {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return false
	}
	var key any
	switch block.Type {
	case "PUBLIC KEY":
		key, _ = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, _ = x509.ParsePKCS1PublicKey(block.Bytes)
	default:
		k, err := parseKey(text)
		return err == nil && k != nil
	}
	switch key.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false
}

func entityError(text string) schema.Errors { return schema.Errors{"@entity": []string{text}} }
