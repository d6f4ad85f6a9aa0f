package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
)

// Sign makes a token. header gets alg; key is a *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey or a secret.
func Sign(alg string, key any, header, claims map[string]any) (string, error) {
	a, known := algorithms[alg]
	if !known {
		return "", fmt.Errorf("%w: algorithm %q", ErrKey, alg)
	}
	h := map[string]any{"typ": "JWT"}
	for name, v := range header {
		h[name] = v
	}
	h["alg"] = alg
	head, err := json.Marshal(h)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed := strict64.AppendEncode(nil, head)
	signed = append(signed, '.')
	signed = strict64.AppendEncode(signed, body)
	sig, err := sign(a, key, signed)
	if err != nil {
		return "", err
	}
	signed = append(signed, '.')
	return string(strict64.AppendEncode(signed, sig)), nil
}

func sign(a algorithm, key any, text []byte) ([]byte, error) {
	digest := func() []byte {
		d := a.hash.New()
		d.Write(text)
		return d.Sum(nil)
	}
	switch k := key.(type) {
	case []byte:
		if a.family == 'H' && len(k) > 0 {
			mac := hmac.New(a.hash.New, k)
			mac.Write(text)
			return mac.Sum(nil), nil
		}
	case *rsa.PrivateKey:
		switch a.family {
		case 'R':
			return rsa.SignPKCS1v15(rand.Reader, k, a.hash, digest())
		case 'P':
			return rsa.SignPSS(rand.Reader, k, a.hash, digest(), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
	case *ecdsa.PrivateKey:
		if a.family == 'E' && k.Curve.Params().BitSize == a.bits {
			r, s, err := ecdsa.Sign(rand.Reader, k, digest())
			if err != nil {
				return nil, err
			}
			size := (a.bits + 7) / 8
			out := make([]byte, 2*size)
			r.FillBytes(out[:size])
			s.FillBytes(out[size:])
			return out, nil
		}
	case ed25519.PrivateKey:
		if a.family == 'D' {
			return k.Sign(rand.Reader, text, crypto.Hash(0))
		}
	}
	return nil, ErrKey
}
