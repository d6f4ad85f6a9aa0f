package user_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/gibbon-gateway/gibbon/internal/idp/password"
	"github.com/gibbon-gateway/gibbon/internal/idp/pool"
	"github.com/gibbon-gateway/gibbon/internal/idp/user"
	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

func TestNewSub(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-70[0-9a-f]{2}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	if a, b := user.NewSub(), user.NewSub(); !form.MatchString(a) || a == b {
		t.Error(a, b)
	}
}

func TestForms(t *testing.T) {
	for s, want := range map[string]bool{"a@b": true, "jane.doe+x@example.com": true, "é@ü.example": true, "a@b@c": false, "a b@c": false, "@b": false,
		"a@": false, "": false, "a@b..c": false, `"a"@b`: false} {
		if user.LooksLikeMail(s) != want {
			t.Errorf("%q is an address: %v", s, !want)
		}
	}
	for s, want := range map[string]bool{"+15555550100": true, "+1": true, "15555550100": false, "+": false, "+1555 555": false, "+1234567890123456": false} {
		if user.LooksLikePhone(s) != want {
			t.Errorf("%q is a number: %v", s, !want)
		}
	}
}

// TestLocks: five wrong passwords are free, then each doubles the wait, up to a quarter of an hour.
func TestLocks(t *testing.T) {
	var u user.User
	now := time.Now()
	for i := range 40 {
		u.Fail(now)
		var want time.Duration
		if i >= 4 {
			want = min(time.Second<<min(i-4, 20), 15*time.Minute)
		}
		if got := u.Locked(now.Add(want-time.Millisecond)) && want > 0; got != (want > 0) || u.Locked(now.Add(want)) {
			t.Fatalf("after %d failures: %v until %v", i+1, now, u.LockedUntil)
		}
	}
}

func TestHistory(t *testing.T) {
	p := &pool.Pool{UserPool: wire.UserPool{ID: "r_x", Policies: &wire.UserPoolPolicy{PasswordPolicy: &wire.PasswordPolicy{PasswordHistorySize: new(3)}}}}
	u := &user.User{}
	for _, plain := range []string{"one", "two", "three", "four"} {
		u.SetPassword(p, user.NewPassword(p, "jane", plain, password.Cheap), false, time.Now())
	}
	for plain, free := range map[string]bool{"one": true, "two": false, "three": false, "four": false, "five": true} {
		if err := u.CheckHistory(p, plain); (err == nil) != free {
			t.Errorf("%s: %v", plain, err)
		}
	}
}
