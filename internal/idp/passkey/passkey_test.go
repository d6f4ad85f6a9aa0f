package passkey_test

import (
	"errors"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/idp/passkey"
)

// Whole registrations and sign-ins are tested in package auth.
func TestBadAnswers(t *testing.T) {
	p := passkey.Party{ID: "localhost", Verification: "preferred"}
	for _, raw := range []string{"", "{}", "[]", `{"type":"public-key"}`, `{"type":"public-key","rawId":"!!"}`,
		`{"type":"public-key","rawId":"AAAA","response":{"clientDataJSON":"e30"}}`} {
		if _, err := passkey.Register([]byte(raw), p, []byte("c")); err == nil {
			t.Errorf("%q was registered", raw)
		}
		if _, err := passkey.Verify([]byte(raw), p, []byte("c"), passkey.Credential{ID: []byte{0, 0, 0}}); err == nil {
			t.Errorf("%q was verified", raw)
		}
	}
	// {"type":"webauthn.create","challenge":"Yw","origin":"http://localhost"} with a wrong challenge
	raw := `{"type":"public-key","rawId":"AAAA","response":{"clientDataJSON":"eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiWXciLCJvcmlnaW4iOiJodHRwOi8vbG9jYWxob3N0In0"}}`
	if _, err := passkey.Register([]byte(raw), p, []byte("other")); !errors.Is(err, passkey.ErrChallenge) {
		t.Error(err)
	}
	if _, err := passkey.Register([]byte(raw), passkey.Party{ID: "example.com"}, []byte("c")); !errors.Is(err, passkey.ErrOrigin) {
		t.Error(err)
	}
}

func FuzzRegister(f *testing.F) {
	f.Add("AAAA")
	f.Add("o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YUA")
	f.Fuzz(func(t *testing.T, object string) {
		raw := `{"type":"public-key","rawId":"AAAA","response":{"clientDataJSON":"eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiWXciLCJvcmlnaW4iOiJodHRwOi8vbG9jYWxob3N0In0","attestationObject":"` + object + `"}}`
		passkey.Register([]byte(raw), passkey.Party{ID: "localhost"}, []byte("c"))
	})
}
