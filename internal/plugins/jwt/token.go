package jwt

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strings"

	"github.com/gibbon-gateway/gibbon/edit"
	"github.com/gibbon-gateway/gibbon/internal/jose"
	"github.com/gibbon-gateway/gibbon/plugin"
)

// token looks for a token in the query, the cookies and the headers. many is true when there are different ones.
func (v *verifier) token(x *plugin.Exchange) (token string, many bool) {
	take := func(t string) {
		if t == "" {
			return
		}
		many = many || token != "" && token != t
		token = t
	}
	if q := x.Request.Query(); len(q) > 0 && len(v.URIParamNames) > 0 {
		form := edit.ParseForm(bytes.Clone(q))
		for i := range form.Len() {
			if name, value, _ := form.At(i); slices.Contains(v.URIParamNames, name) {
				take(value)
			}
		}
	}
	if len(v.CookieNames) > 0 {
		for line := range x.Request.Header.Values("Cookie") {
			for pair := range strings.SplitSeq(string(line), ";") {
				if name, value, ok := strings.Cut(strings.TrimSpace(pair), "="); ok && slices.Contains(v.CookieNames, name) {
					take(value)
				}
			}
		}
	}
	for _, name := range v.HeaderNames {
		if value, ok := x.Request.Header.Value(name); ok {
			take(bearer(string(value)))
		}
	}
	return token, many
}

// bearer returns what stands behind the word Bearer, "" if there is none.
func bearer(value string) string {
	value = strings.TrimSpace(value)
	if len(value) < 8 || !strings.EqualFold(value[:6], "bearer") || value[6] != ' ' && value[6] != '\t' {
		return ""
	}
	return strings.TrimSpace(value[6:])
}

// parse reads a token. problem is Kong's word for what is wrong with it.
func parse(text string) (t *jose.Token, problem string) {
	t, err := jose.Parse([]byte(text))
	if err != nil {
		return nil, problemOf(text)
	}
	if t.Type != "" && !strings.EqualFold(t.Type, "JWT") {
		return nil, "invalid typ"
	}
	if !known(t.Alg) {
		return nil, "invalid alg"
	}
	return t, ""
}

func known(alg string) bool {
	return slices.Contains(jose.Asymmetric, alg) || slices.Contains(jose.Symmetric, alg)
}

// problemOf says more about a token that cannot be read, where its header can.
func problemOf(text string) string {
	head, _, _ := strings.Cut(text, ".")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return "invalid JSON"
	}
	h, err := jose.DecodeObject(raw)
	if err != nil {
		return "invalid JSON"
	}
	if alg, _ := h["alg"].(string); !known(alg) {
		return "invalid alg"
	}
	return "invalid JSON"
}

// keyOf returns what names the credential: a claim, else a parameter of the header.
func (v *verifier) keyOf(t *jose.Token) (key string, named bool) {
	value := t.Claims[v.KeyClaimName]
	if value == nil {
		value = t.Header[v.KeyClaimName]
	}
	switch k := value.(type) {
	case nil:
		return "", false
	case string:
		return k, true
	case json.Number:
		return k.String(), true
	}
	return "", true
}

// verify checks the signature by a credential, then the registered claims.
func (v *verifier) verify(t *jose.Token, secret *Secret) *refusal {
	alg := secret.Algorithm
	if alg == "" {
		alg = "HS256"
	}
	if t.Alg != alg {
		return v.no("Invalid algorithm")
	}
	var key any
	if strings.HasPrefix(alg, "HS") {
		key = v.secret(secret.Secret)
	} else {
		key = v.keys.get(secret.RSAPublicKey)
	}
	if b, ok := key.([]byte); key == nil || ok && len(b) == 0 {
		return v.no("Invalid key/secret")
	}
	if err := t.Verify(key, []string{alg}); err != nil {
		return v.no("Invalid signature")
	}
	if wrong := v.claims(t.Claims); wrong != nil {
		return &refusal{errors: wrong, challenge: v.invalid}
	}
	return nil
}

// secret returns what signs, nil if the credential's text is no base64 though it should be. Both alphabets are read, as Kong does.
func (v *verifier) secret(text string) any {
	if !v.SecretIsBase64 {
		return []byte(text)
	}
	text = strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(text), "=")
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return b
}

// claims returns what is wrong with the registered claims, by their names.
func (v *verifier) claims(claims map[string]any) map[string]string {
	now := float64(v.now().Unix())
	wrong := map[string]string{}
	for _, name := range v.ClaimsToVerify {
		n, ok := number(claims[name])
		switch {
		case !ok:
			wrong[name] = "must be a number"
		case name == "exp" && n <= now:
			wrong[name] = "token expired"
		case name == "nbf" && n > now:
			wrong[name] = "token not valid yet"
		}
	}
	if exp, ok := number(claims["exp"]); len(wrong) == 0 && v.MaximumExpiration > 0 && (!ok || exp-now > v.MaximumExpiration) {
		wrong["exp"] = "exceeds maximum allowed expiration"
	}
	if len(wrong) == 0 {
		return nil
	}
	return wrong
}

func number(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

// parseKey reads a public key or certificate in PEM; nil if it is none.
func parseKey(text string) any {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil
	}
	if k, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
		return k
	}
	if k, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
		return k
	}
	if c, err := x509.ParseCertificate(block.Bytes); err == nil {
		return c.PublicKey
	}
	return nil
}
