package kongoauth2_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/entity"
	"github.com/gibbon-gateway/gibbon/internal/kongoauth2"
	_ "github.com/gibbon-gateway/gibbon/internal/plugins" // their kinds of entities
	"github.com/gibbon-gateway/gibbon/schema"
)

// ofKong is what Kong makes of the secret tofu and this salt: "a litte bit, just a little bit".
const ofKong = "$pbkdf2-sha512$i=10000,l=32$YSBsaXR0ZSBiaXQsIGp1c3QgYSBsaXR0bGUgYml0$z6ysNworexAhDELywIDi0ba0B0T7F/MBZ6Ige9lWRYI"

func TestSecrets(t *testing.T) {
	hash := kongoauth2.HashSecret("tofu")
	if hash == kongoauth2.HashSecret("tofu") || !strings.HasPrefix(hash, "$pbkdf2-sha512$i=10000,l=32$") {
		t.Errorf("%s", hash)
	}
	for _, c := range []struct {
		stored, secret string
		hashed, want   bool
	}{
		{ofKong, "tofu", true, true},
		{ofKong, "bun", true, false},
		{ofKong, "", true, false},
		{ofKong, ofKong, true, false},
		{hash, "tofu", true, true},
		{hash, "tofu ", true, false},
		{ofKong, "tofu", false, false},
		{"tofu", "tofu", false, true},
		{"tofu", "tof", false, false},
		{"tofu", "tofu", true, false}, // is no hash
		{"", "", false, false},
		{"", "", true, false},
		{strings.Replace(ofKong, "sha512", "md5", 1), "tofu", true, false},
		{strings.Replace(ofKong, "i=10000", "i=100000000", 1), "tofu", true, false},
		{strings.Replace(ofKong, "l=32", "l=31", 1), "tofu", true, false},
		{"$pbkdf2-sha256$i=1$$", "", true, false},
		{"$pbkdf2-sha256$i=x,l=32$YQ$YQ", "", true, false},
	} {
		app := kongoauth2.Credential{ClientSecret: c.stored, HashSecret: c.hashed}
		if got := app.Verify(c.secret); got != c.want {
			t.Errorf("%q for %q, hashed %v: %v", c.secret, c.stored, c.hashed, got)
		}
	}
}

// A secret is hashed when it is written, and not again.
func TestSecretsAreHashed(t *testing.T) {
	k := entity.KindOf("oauth2_credentials")
	prepare := func(secret any, hash bool) string {
		t.Helper()
		doc := map[string]any{"name": "n", "hash_secret": hash, "consumer": map[string]any{"id": "11111111-1111-4111-8111-111111111111"}}
		if secret != nil {
			doc["client_secret"] = secret
		}
		done, errs := k.Prepare(doc, schema.Options{Op: schema.Create})
		if len(errs) > 0 {
			t.Fatal(errs.Message())
		}
		return done["client_secret"].(string)
	}
	if got := prepare("tofu", false); got != "tofu" {
		t.Error(got)
	}
	if got := prepare(ofKong, true); got != ofKong {
		t.Error(got)
	}
	for _, secret := range []any{nil, "tofu", "$pbkdf2-sha512$nearly"} {
		if got := prepare(secret, true); !strings.HasPrefix(got, "$pbkdf2-sha512$i=10000,l=32$") {
			t.Error(secret, got)
		}
	}
}

func TestTokenEnds(t *testing.T) {
	if end := (&kongoauth2.Token{CreatedAt: 100, ExpiresIn: 20}).Ends(); !end.Equal(time.Unix(120, 0)) {
		t.Error(end)
	}
	for _, n := range []int64{0, -1} {
		if end := (&kongoauth2.Token{CreatedAt: 100, ExpiresIn: n}).Ends(); !end.IsZero() {
			t.Error(end)
		}
	}
}
