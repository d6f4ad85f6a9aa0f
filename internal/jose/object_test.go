package jose_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/jose"
)

// FuzzDecodeObject holds the reader against the tokens of package json.
func FuzzDecodeObject(f *testing.F) {
	for _, seed := range []string{`{}`, ` {"a" : [1 , -2.5e+3, true,false,null,"x\\"\u00e9\ud83d", {"b":{}}] } `, `{"a":1,"a":2}`, `{"\u0061":1,"a":2}`, `{"a":1}{`, `[]`, `1`, ``,
		"{\"\xff\":\"\xfe\"}", `{"a":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}`, `{"a":[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]}`, `{"a":01}`, `{"a":1,}`, `{"a" 1}`, `{"a":"\t"}`, "\ufeff{}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := jose.DecodeObject(text)
		want, wantErr := byTokens(text)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: %v, want %v", text, err, wantErr)
		}
		if d := cmp.Diff(want, got); err == nil && d != "" {
			t.Errorf("%q:\n%s", text, d)
		}
	})
}

func byTokens(text []byte) (map[string]any, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := valueByTokens(d, 0)
	if err != nil {
		return nil, err
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("not a JSON object")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("text behind the JSON object")
	}
	return object, nil
}

func valueByTokens(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return token, nil
	}
	if depth == 16 {
		return nil, errors.New("too deep")
	}
	list, object := []any{}, map[string]any{}
	for d.More() {
		if delim == '[' {
			v, err := valueByTokens(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
			continue
		}
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := key.(string)
		if _, twice := object[name]; twice {
			return nil, fmt.Errorf("member %q twice", name)
		}
		if object[name], err = valueByTokens(d, depth+1); err != nil {
			return nil, err
		}
	}
	if _, err = d.Token(); delim == '[' {
		return list, err
	}
	return object, err
}

// What a key set says of certificates is not looked at, and odd certificates do not cost the key.
func TestKeysOfOddCertificates(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	n := base64.RawURLEncoding.EncodeToString(key.N.Bytes())
	for name, odd := range map[string]string{
		"none": `"x5t":"thumb"`, "x5c of no base64": `"x5c":["???"]`, "x5c of no certificate": `"x5c":["AAAA"]`, "x5c as text": `"x5c":"MIIB"`, "x5c of nothing": `"x5c":[]`,
		"x5c null": `"x5c":null`, "x5t of a strange length": `"x5t":"abc"`, "x5t in hex": `"x5t":"00112233445566778899aabbccddeeff00112233"`, "x5t as number": `"x5t":5`,
		"x5t#S256": `"x5t#S256":"x"`, "x5u": `"x5u":"::"`,
	} {
		keys, left, err := jose.ParseSet([]byte(`{"keys":[{"kty":"RSA","kid":"k","use":"sig","alg":"RS256","e":"AQAB","n":"` + n + `",` + odd + `}]}`))
		if err != nil || len(keys) != 1 || len(left) > 0 {
			t.Errorf("%s: %d keys, left out: %v, %v", name, len(keys), left, err)
			continue
		}
		if name == "none" && keys[0].X5T != "thumb" || !key.PublicKey.Equal(keys[0].Public) || keys[0].ID != "k" || !bytes.Contains(keys[0].JSON, []byte(odd)) {
			t.Errorf("%s: %+v", name, keys[0])
		}
	}
}
