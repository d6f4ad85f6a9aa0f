package jose_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"

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
