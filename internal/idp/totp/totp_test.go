package totp_test

import (
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/totp"
)

// TestVectors are those of RFC 6238 for SHA-1, cut to six digits.
func TestVectors(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		now := time.Unix(at, 0)
		if got := totp.Code(secret, totp.Step(now)); got != want {
			t.Errorf("%d: %s, want %s", at, got, want)
		}
		for _, off := range []time.Duration{-30 * time.Second, 0, 30 * time.Second} {
			if n, ok := totp.Match(secret, want, now.Add(off)); !ok || n != totp.Step(now) {
				t.Errorf("%d%+v: %d %v", at, off, n, ok)
			}
		}
		if _, ok := totp.Match(secret, want, now.Add(90*time.Second)); ok {
			t.Errorf("%d: an old code is good", at)
		}
	}
	if got := totp.Text(secret); got != "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" {
		t.Error(got)
	}
}
