package seal_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/idp/seal"
)

func box(t *testing.T, key string) *seal.Box {
	t.Helper()
	b, err := seal.New(key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBox(t *testing.T) {
	b := box(t, "key")
	sealed := b.Seal([]byte("secret"), "place")
	if bytes.Contains(sealed, []byte("secret")) || bytes.Equal(sealed, b.Seal([]byte("secret"), "place")) {
		t.Error("sealed values show themselves or repeat")
	}
	if plain, err := b.Open(sealed, "place"); err != nil || string(plain) != "secret" {
		t.Errorf("%q %v", plain, err)
	}
	bent := bytes.Clone(sealed)
	bent[len(bent)-1] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"another place": func() ([]byte, error) { return b.Open(sealed, "elsewhere") },
		"another key":   func() ([]byte, error) { return box(t, "other").Open(sealed, "place") },
		"no key":        func() ([]byte, error) { return box(t, "").Open(sealed, "place") },
		"a nil box":     func() ([]byte, error) { return (*seal.Box)(nil).Open(sealed, "place") },
		"changed":       func() ([]byte, error) { return b.Open(bent, "place") },
		"cut":           func() ([]byte, error) { return b.Open(sealed[:12], "place") },
	} {
		if _, err := open(); !errors.Is(err, seal.ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if plain, err := b.Open([]byte("in the clear"), "place"); err != nil || string(plain) != "in the clear" {
		t.Errorf("what was stored before there was a key: %q %v", plain, err)
	}
}
