package password

import (
	"crypto/rand"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/gibbon-gateway/gibbon/internal/idp/wire"
)

// symbols are what a policy counts as symbols; an inner space counts too.
const symbols = "^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+-"

const (
	uppers = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lowers = "abcdefghijklmnopqrstuvwxyz"
	digits = "0123456789"
)

// Fault says what the policy misses in a password, as the service words it, or is "".
func Fault(password string, p wire.PasswordPolicy) string {
	has := func(set string) bool { return strings.ContainsAny(password, set) }
	inner := strings.Contains(strings.Trim(password, " "), " ")
	switch {
	case utf8.RuneCountInString(password) < intOf(p.MinimumLength, 8):
		return "Password not long enough"
	case password != strings.TrimSpace(password):
		return "Password must not begin or end with white space"
	case set(p.RequireUppercase) && !has(uppers):
		return "Password must have uppercase characters"
	case set(p.RequireLowercase) && !has(lowers):
		return "Password must have lowercase characters"
	case set(p.RequireNumbers) && !has(digits):
		return "Password must have numeric characters"
	case set(p.RequireSymbols) && !has(symbols) && !inner:
		return "Password must have symbol characters"
	}
	return ""
}

// Temporary makes a random password that fits the policy.
func Temporary(p wire.PasswordPolicy) string {
	n := max(intOf(p.MinimumLength, 8), 8)
	sets := []string{uppers, lowers, digits, "!@#$%&*-_=+"}
	out := make([]byte, n)
	for i := range out {
		set := sets[i%len(sets)]
		out[i] = set[random(len(set))]
	}
	for i := n - 1; i > 0; i-- {
		j := random(i + 1)
		out[i], out[j] = out[j], out[i]
	}
	return string(out)
}

func random(n int) int {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // the system has no randomness
	}
	return int(i.Int64())
}

func set(b *bool) bool { return b != nil && *b }

func intOf(n *int, otherwise int) int {
	if n == nil {
		return otherwise
	}
	return *n
}
