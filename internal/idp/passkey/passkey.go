// Package passkey is the relying party's side of WebAuthn: it makes the options that browsers ask authenticators with, reads new
// credentials, and verifies that one signed a challenge. Its main functions are Register and Verify. Attestation is neither asked for nor
// judged: any authenticator is welcome.
//
// It keeps nothing: challenges and credentials are stored by the caller.
package passkey

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math/big"
	"net/url"
	"strings"
)

// What is wrong with an answer.
var (
	ErrChallenge   = errors.New("passkey: another challenge")
	ErrOrigin      = errors.New("passkey: origin is not the relying party's")
	ErrParty       = errors.New("passkey: another relying party")
	ErrUnsupported = errors.New("passkey: unsupported credential")
	ErrInvalid     = errors.New("passkey: invalid answer")
)

// Algorithms of COSE that are taken.
const (
	es256 = -7
	rs256 = -257
)

// Party is the relying party.
type Party struct {
	ID           string // a domain
	Verification string // of the user by the authenticator: required or preferred
}

// Credential is a passkey.
type Credential struct {
	ID         []byte   `json:"id"`
	Key        []byte   `json:"key"` // public, in COSE's form
	Count      uint32   `json:"count"`
	Transports []string `json:"transports,omitempty"`
	Attachment string   `json:"attachment,omitempty"`
}

// NewChallenge returns a random challenge.
func NewChallenge() []byte {
	b := make([]byte, 32)
	rand.Read(b)
	return b
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// CreationOptions asks for a new credential of a user who has others already.
func CreationOptions(p Party, challenge []byte, userID, name, display string, have []Credential) ([]byte, error) {
	return json.Marshal(map[string]any{
		"rp":               map[string]string{"id": p.ID, "name": p.ID},
		"user":             map[string]string{"id": encode([]byte(userID)), "name": name, "displayName": display},
		"challenge":        encode(challenge),
		"pubKeyCredParams": []map[string]any{{"type": "public-key", "alg": es256}, {"type": "public-key", "alg": rs256}},
		"timeout":          60000, "excludeCredentials": descriptors(have), "attestation": "none",
		"authenticatorSelection": map[string]any{"requireResidentKey": true, "residentKey": "required", "userVerification": p.Verification},
	})
}

// RequestOptions asks for a signature by one of the credentials.
func RequestOptions(p Party, challenge []byte, have []Credential) ([]byte, error) {
	return json.Marshal(map[string]any{"challenge": encode(challenge), "timeout": 180000, "rpId": p.ID, "allowCredentials": descriptors(have),
		"userVerification": p.Verification})
}

func descriptors(have []Credential) []map[string]any {
	list := []map[string]any{}
	for _, c := range have {
		d := map[string]any{"type": "public-key", "id": encode(c.ID)}
		if len(c.Transports) > 0 {
			d["transports"] = c.Transports
		}
		list = append(list, d)
	}
	return list
}

// b64 is bytes in base64url, as browsers write them.
type b64 []byte

func (b *b64) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
	*b = raw
	return err
}

// answer is RegistrationResponseJSON or AuthenticationResponseJSON.
type answer struct {
	ID         b64    `json:"rawId"`
	IDText     b64    `json:"id"`
	Type       string `json:"type"`
	Attachment string `json:"authenticatorAttachment"`
	Response   struct {
		ClientData    b64      `json:"clientDataJSON"`
		Attestation   b64      `json:"attestationObject"`
		Authenticator b64      `json:"authenticatorData"`
		Signature     b64      `json:"signature"`
		UserHandle    b64      `json:"userHandle"`
		Transports    []string `json:"transports"`
	} `json:"response"`
}

func parse(raw []byte) (*answer, error) {
	a := new(answer)
	if json.Unmarshal(raw, a) != nil || a.Type != "public-key" {
		return nil, ErrInvalid
	}
	if len(a.ID) == 0 {
		a.ID = a.IDText
	}
	if len(a.ID) == 0 || len(a.ID) > 1023 {
		return nil, ErrInvalid
	}
	return a, nil
}

// ID returns the id of the credential that an answer is by.
func ID(raw []byte) ([]byte, error) {
	a, err := parse(raw)
	if err != nil {
		return nil, err
	}
	return a.ID, nil
}

// clientData checks what the browser said it was asked for.
func clientData(raw []byte, kind string, p Party, challenge []byte) error {
	var d struct {
		Type      string `json:"type"`
		Challenge b64    `json:"challenge"`
		Origin    string `json:"origin"`
		Cross     bool   `json:"crossOrigin"`
	}
	if json.Unmarshal(raw, &d) != nil || d.Type != kind {
		return ErrInvalid
	}
	if subtle.ConstantTimeCompare(d.Challenge, challenge) != 1 {
		return ErrChallenge
	}
	u, err := url.Parse(d.Origin)
	if err != nil {
		return ErrOrigin
	}
	host := u.Hostname()
	secure := u.Scheme == "https" || u.Scheme == "http" && (host == "localhost" || strings.HasSuffix(host, ".localhost"))
	if !secure || d.Cross || host != p.ID && !strings.HasSuffix(host, "."+p.ID) {
		return ErrOrigin
	}
	return nil
}

// The flags of authenticator data.
const (
	present  = 1 << 0
	verified = 1 << 2
	attested = 1 << 6
)

// authenticatorData checks the fixed part: hash of the relying party's id, flags, signature counter.
func authenticatorData(raw []byte, p Party) (flags byte, count uint32, rest []byte, err error) {
	if len(raw) < 37 {
		return 0, 0, nil, ErrInvalid
	}
	sum := sha256.Sum256([]byte(p.ID))
	if !bytes.Equal(raw[:32], sum[:]) {
		return 0, 0, nil, ErrParty
	}
	flags = raw[32]
	if flags&present == 0 || p.Verification == "required" && flags&verified == 0 {
		return 0, 0, nil, ErrInvalid
	}
	return flags, binary.BigEndian.Uint32(raw[33:37]), raw[37:], nil
}

// Register reads the answer to CreationOptions.
func Register(raw []byte, p Party, challenge []byte) (*Credential, error) {
	a, err := parse(raw)
	if err != nil {
		return nil, err
	}
	if err := clientData(a.Response.ClientData, "webauthn.create", p, challenge); err != nil {
		return nil, err
	}
	v, rest, err := item(a.Response.Attestation, 0)
	object, ok := v.(map[any]any)
	if err != nil || !ok || len(rest) > 0 {
		return nil, ErrInvalid
	}
	data, ok := object["authData"].([]byte)
	if !ok {
		return nil, ErrInvalid
	}
	flags, count, rest, err := authenticatorData(data, p)
	if err != nil {
		return nil, err
	}
	if flags&attested == 0 || len(rest) < 18 {
		return nil, ErrInvalid
	}
	n := int(binary.BigEndian.Uint16(rest[16:18]))
	rest = rest[18:]
	if len(rest) < n || !bytes.Equal(rest[:n], a.ID) {
		return nil, ErrInvalid
	}
	key := rest[n:]
	_, after, err := item(key, 0)
	if err != nil {
		return nil, ErrInvalid
	}
	key = key[:len(key)-len(after)]
	if _, err := publicKey(key); err != nil {
		return nil, err
	}
	return &Credential{ID: bytes.Clone(a.ID), Key: bytes.Clone(key), Count: count, Transports: a.Response.Transports,
		Attachment: a.Attachment}, nil
}

// Verify checks the answer to RequestOptions by a credential, and returns the credential's new counter.
func Verify(raw []byte, p Party, challenge []byte, c Credential) (count uint32, err error) {
	a, err := parse(raw)
	if err != nil {
		return 0, err
	}
	if !bytes.Equal(a.ID, c.ID) {
		return 0, ErrInvalid
	}
	if err := clientData(a.Response.ClientData, "webauthn.get", p, challenge); err != nil {
		return 0, err
	}
	_, count, _, err = authenticatorData(a.Response.Authenticator, p)
	if err != nil {
		return 0, err
	}
	if (count != 0 || c.Count != 0) && count <= c.Count {
		return 0, ErrInvalid // the authenticator was copied
	}
	key, err := publicKey(c.Key)
	if err != nil {
		return 0, err
	}
	sum := sha256.Sum256(a.Response.ClientData)
	signed := sha256.Sum256(append(bytes.Clone(a.Response.Authenticator), sum[:]...))
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		if !ecdsa.VerifyASN1(key, signed[:], a.Response.Signature) {
			return 0, ErrInvalid
		}
	case *rsa.PublicKey:
		if rsa.VerifyPKCS1v15(key, crypto.SHA256, signed[:], a.Response.Signature) != nil {
			return 0, ErrInvalid
		}
	}
	return count, nil
}

// publicKey reads a COSE key: ECDSA on P-256, or RSA.
func publicKey(raw []byte) (crypto.PublicKey, error) {
	v, _, err := item(raw, 0)
	m, ok := v.(map[any]any)
	if err != nil || !ok {
		return nil, ErrInvalid
	}
	number := func(k int64) int64 { n, _ := m[k].(int64); return n }
	bytesOf := func(k int64) []byte { b, _ := m[k].([]byte); return b }
	switch {
	case number(1) == 2 && number(3) == es256 && number(-1) == 1:
		x, y := bytesOf(-2), bytesOf(-3)
		if len(x) != 32 || len(y) != 32 {
			return nil, ErrInvalid
		}
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
		if err != nil {
			return nil, ErrInvalid
		}
		return key, nil
	case number(1) == 3 && number(3) == rs256:
		n, e := new(big.Int).SetBytes(bytesOf(-1)), new(big.Int).SetBytes(bytesOf(-2))
		if n.BitLen() < 2048 || n.BitLen() > 8192 || !e.IsInt64() || e.Int64() < 3 || e.Int64() > 1<<31-1 {
			return nil, ErrInvalid
		}
		return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
	}
	return nil, ErrUnsupported
}
