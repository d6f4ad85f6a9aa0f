package password_test

import (
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/idp/password"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

func TestHash(t *testing.T) {
	h := password.Hash("Passw0rd!", password.Cheap)
	if !strings.HasPrefix(h, "$argon2id$v=19$m=64,t=1,p=1$") || h == password.Hash("Passw0rd!", password.Cheap) {
		t.Error(h)
	}
	if !password.Matches("Passw0rd!", h) || password.Matches("passw0rd!", h) {
		t.Error("the wrong one matches")
	}
	for _, bad := range []string{"", "x", "$argon2id$v=19$m=64,t=1,p=1$AA$", "$argon2i$v=19$m=64,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=64,t=0,p=0$AAAA$AAAA",
		"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"} {
		if password.Matches("", bad) {
			t.Errorf("%q matches", bad)
		}
	}
}

func TestPolicy(t *testing.T) {
	all := wire.PasswordPolicy{MinimumLength: new(8), RequireUppercase: new(true), RequireLowercase: new(true), RequireNumbers: new(true), RequireSymbols: new(true)}
	for pw, want := range map[string]string{
		"Passw0rd!": "", "Pass w0rd": "", "Pa0!": "Password not long enough", "passw0rd!": "Password must have uppercase characters",
		"PASSW0RD!": "Password must have lowercase characters", "Password!": "Password must have numeric characters",
		"Passw0rd1": "Password must have symbol characters", " Passw0rd!": "Password must not begin or end with white space", "Pässw0rd~": "",
	} {
		if got := password.Fault(pw, all); got != want {
			t.Errorf("%q: %q, want %q", pw, got, want)
		}
	}
	for range 200 {
		if pw := password.Temporary(all); password.Fault(pw, all) != "" {
			t.Errorf("temporary password %q: %s", pw, password.Fault(pw, all))
		}
	}
}
