package openidconnect

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/internal/oidc"
)

// binding reports whether tokens have to be bound to a key or certificate of their sender.
func (p *relyingParty) binding() bool {
	return p.ProofOfPossessionDPoP != "off" || p.ProofOfPossessionMTLS != "off"
}

// ReadsClientCertificate implements plugin.CertificateReader.
func (p *relyingParty) ReadsClientCertificate() bool {
	return p.ProofOfPossessionMTLS != "off" && p.ProofOfPossessionMTLSFromHeader == nil
}

// proven checks that the sender of a token is who it was given to (RFC 8705, RFC 9449), as far as the configuration asks.
func (v *visit) proven(g *grant, viaDPoP bool) error {
	p := v.p
	if !p.binding() {
		return nil
	}
	thumbprint := func(name string) string {
		for _, doc := range []map[string]any{g.access, g.introspection} {
			if text, ok := oidc.Lookup(doc, []string{"cnf", name}).(string); ok {
				return text
			}
		}
		return ""
	}
	if p.ProofOfPossessionMTLS != "off" {
		var err error
		bound := thumbprint("x5t#S256")
		if bound != "" {
			err = v.sameCertificate(bound)
		} else if p.ProofOfPossessionMTLS == "strict" {
			err = unauthorized(invalidToken, "the token is not bound to a certificate", nil)
		}
		v.trace.proof("client certificate", "proof_of_possession_mtls", bound, err)
		if err != nil {
			return err
		}
	}
	if p.ProofOfPossessionDPoP != "off" {
		var err error
		bound := thumbprint("jkt")
		if bound != "" {
			err = v.dpop(g.Access, bound, viaDPoP)
		} else if p.ProofOfPossessionDPoP == "strict" {
			err = dpopRefusal(invalidToken, "the token is not bound to a key", nil)
		}
		v.trace.proof("DPoP proof", "proof_of_possession_dpop", bound, err)
		return err
	}
	return nil
}

// sameCertificate compares the client's certificate with the thumbprint in a token.
func (v *visit) sameCertificate(bound string) error {
	certificate, err := v.clientCertificate()
	if err != nil {
		return unauthorized(invalidToken, "the client's certificate is not acceptable", err)
	}
	sum := sha256.Sum256(certificate.Raw)
	if subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(bound)) != 1 {
		return unauthorized(invalidToken, "the token is bound to another certificate", nil)
	}
	return nil
}

func (v *visit) clientCertificate() (*x509.Certificate, error) {
	from := v.p.ProofOfPossessionMTLSFromHeader
	if from == nil {
		if tls := v.x.Client.TLS; tls != nil && len(tls.PeerCertificates) > 0 {
			return tls.PeerCertificates[0], nil
		}
		return nil, errors.New("no client certificate")
	}
	if from.SecureSource && !v.x.Client.Trusted {
		return nil, errors.New("the header with the certificate is of a peer that is not trusted")
	}
	text := v.x.Request.Header.Get(from.CertificateHeaderName)
	if text == "" || count(&v.x.Request.Header, from.CertificateHeaderName) != 1 {
		return nil, errors.New("no header with a client certificate, or more than one")
	}
	var der []byte
	if from.CertificateHeaderFormat == "base64_encoded" {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, err
		}
		der = raw
	} else if raw, err := url.PathUnescape(text); err != nil {
		return nil, err
	} else {
		der = []byte(raw)
	}
	if block, _ := pem.Decode(der); block != nil {
		der = block.Bytes
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return certificate, v.chain(certificate, from)
}

func (v *visit) chain(certificate *x509.Certificate, from *headerCertificate) error {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, id := range from.CACertificates {
		ca := entity.Get[entity.CACertificate](v.p.env.Find.Entities(), id)
		if ca == nil {
			continue
		}
		block, _ := pem.Decode([]byte(ca.Cert))
		if block == nil {
			continue
		}
		if c, err := x509.ParseCertificate(block.Bytes); err != nil {
			continue
		} else if from.AllowPartialChain || bytes.Equal(c.RawIssuer, c.RawSubject) {
			roots.AddCert(c)
		} else {
			between.AddCert(c)
		}
	}
	_, err := certificate.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: v.p.env.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return err
}

func dpopRefusal(code, detail string, cause error) *refusal {
	r := unauthorized(code, detail, cause)
	r.scheme = "DPoP"
	return r
}

const badProof = "invalid_dpop_proof"

// dpop checks the proof that comes with a token (RFC 9449, section 4.3).
func (v *visit) dpop(token, bound string, viaDPoP bool) error {
	p, h := v.p, &v.x.Request.Header
	if !viaDPoP {
		return dpopRefusal(invalidToken, "a token that is bound to a key was sent as bearer token", nil)
	}
	if n := count(h, "DPoP"); n != 1 {
		return dpopRefusal(badProof, strconv.Itoa(n)+" DPoP proofs were sent", nil)
	}
	proof, err := jose.Parse([]byte(h.Get("DPoP")))
	if err != nil || !strings.EqualFold(proof.Type, "dpop+jwt") {
		return dpopRefusal(badProof, "the DPoP proof cannot be read", err)
	}
	key, thumbprint, err := proofKeyOf(proof)
	if err != nil {
		return dpopRefusal(badProof, "the key of the DPoP proof is not acceptable", err)
	}
	if err := proof.Verify(key, jose.Asymmetric); err != nil {
		return dpopRefusal(badProof, "the signature of the DPoP proof is wrong", err)
	}
	if subtle.ConstantTimeCompare([]byte(thumbprint), []byte(bound)) != 1 {
		return dpopRefusal(invalidToken, "the token is bound to another key", nil)
	}
	if err := v.proofClaims(proof, token); err != nil {
		return err
	}
	return v.proofOnce(proof, thumbprint, p)
}

func proofKeyOf(proof *jose.Token) (key any, thumbprint string, err error) {
	raw, ok := proof.Header["jwk"].(map[string]any)
	if !ok {
		return nil, "", errors.New("no jwk")
	}
	for _, private := range []string{"d", "k", "p", "q", "dp", "dq", "qi", "oth"} {
		if _, there := raw[private]; there {
			return nil, "", errors.New("the key is private or shared")
		}
	}
	k, err := jose.ParseKey(encodeJSON(raw))
	if err != nil {
		return nil, "", err
	}
	j := gojose.JSONWebKey{Key: k.Public}
	sum, err := j.Thumbprint(crypto.SHA256)
	return k.Public, base64.RawURLEncoding.EncodeToString(sum), err
}

func (v *visit) proofClaims(proof *jose.Token, token string) error {
	p, now := v.p, v.p.env.Now()
	htm, _ := proof.Claims["htm"].(string)
	htu, _ := proof.Claims["htu"].(string)
	ath, _ := proof.Claims["ath"].(string)
	sum := sha256.Sum256([]byte(token))
	if htm != v.x.Request.Method {
		return dpopRefusal(badProof, "the DPoP proof is for another method", nil)
	}
	if !v.sameTarget(htu) {
		return dpopRefusal(badProof, "the DPoP proof is for another URL", nil)
	}
	if subtle.ConstantTimeCompare([]byte(ath), []byte(base64.RawURLEncoding.EncodeToString(sum[:]))) != 1 {
		return dpopRefusal(badProof, "the DPoP proof is for another token", nil)
	}
	life := p.DPoPProofLifetime
	if p.DPoPUseNonce {
		nonce, _ := proof.Claims["nonce"].(string)
		if !p.nonceGood(nonce, now) {
			r := dpopRefusal("use_dpop_nonce", "the DPoP proof has no nonce, or an old one", nil)
			r.nonce = p.newNonce(now)
			return r
		}
	}
	iat, ok := oidc.Number(proof.Claims["iat"])
	age := float64(now.UnixMilli())/1000 - iat
	if !ok || age > life+p.Leeway || age < -p.Leeway-5 {
		return dpopRefusal(badProof, "the DPoP proof is too old, or of the future", nil)
	}
	return nil
}

// sameTarget compares htu with the URL that was asked for, without query and fragment (RFC 9449, section 4.3, number 9).
func (v *visit) sameTarget(htu string) bool {
	u, err := url.Parse(htu)
	if err != nil {
		return false
	}
	want, err := url.Parse(origin(v.x))
	if err != nil {
		return false
	}
	port := func(u *url.URL) string {
		return cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	}
	path := u.EscapedPath()
	return u.Scheme == want.Scheme && strings.EqualFold(u.Hostname(), want.Hostname()) && port(u) == port(want) &&
		(bytes.Equal([]byte(cmp.Or(path, "/")), v.x.Request.Path) || cmp.Or(path, "/") == escapePath(string(v.x.Request.Path)))
}

// proofOnce refuses a proof that was used before, on any node that shares state.
func (v *visit) proofOnce(proof *jose.Token, thumbprint string, p *relyingParty) error {
	jti, _ := proof.Claims["jti"].(string)
	if jti == "" || len(jti) > 512 {
		return dpopRefusal(badProof, "the DPoP proof has no jti", nil)
	}
	if p.env.State == nil {
		return nil
	}
	once, err := p.env.State.PutNew(v.ctx, []byte("oidc:dpop:"+keyText(thumbprint, jti)), []byte{1}, seconds(p.DPoPProofLifetime+2*p.Leeway)+10*time.Second)
	if err != nil {
		return dpopRefusal(badProof, "it cannot be told whether the DPoP proof was used before", err)
	}
	if !once {
		return dpopRefusal(badProof, "the DPoP proof was used before", nil)
	}
	return nil
}

// newNonce returns a nonce that all nodes can check: a time, sealed by the session secret.
func (p *relyingParty) newNonce(now time.Time) string {
	at := strconv.FormatInt(now.Unix(), 36)
	return at + "." + keyText(string(p.logins.Secrets[0]), "dpop nonce", at)[:32]
}

func (p *relyingParty) nonceGood(nonce string, now time.Time) bool {
	at, _, ok := strings.Cut(nonce, ".")
	made, err := strconv.ParseInt(at, 36, 64)
	if !ok || err != nil {
		return false
	}
	age := now.Unix() - made
	want := p.newNonce(time.Unix(made, 0))
	return age >= 0 && float64(age) <= p.DPoPProofLifetime && subtle.ConstantTimeCompare([]byte(want), []byte(nonce)) == 1
}

// keyText is a hash of parts, as text.
func keyText(parts ...string) string {
	k := oidc.KeyOf(parts...)
	return hex.EncodeToString(k[:])
}
