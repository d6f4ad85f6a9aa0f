package lex_test

import (
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/lex"
)

func TestGrammars(t *testing.T) {
	grammars := map[string]func([]byte) bool{
		"token":  lex.Token,
		"value":  lex.Value,
		"host":   lex.Host,
		"target": lex.Target,
		"lower":  func(b []byte) bool { return lex.LowerName(string(b)) },
		"length": func(b []byte) bool { _, ok := lex.Length(b); return ok },
	}
	for _, c := range []struct {
		grammar, text string
		want          bool
	}{
		{"token", "M-SEARCH", true},
		{"token", "", false},
		{"token", "a b", false},
		{"token", "a:b", false},
		{"token", "\xff", false},
		{"lower", "x-a_b", true},
		{"lower", "x-A", false},
		{"lower", ":path", false},
		{"lower", "", false},
		{"value", "a\tb \xff", true},
		{"value", "", true},
		{"value", "01234567\r", false},
		{"value", "0123\n567", false},
		{"value", "\x7f1234567", false},
		{"value", "a\x00", false},
		{"host", "a.example:8443", true},
		{"host", "[::1]:80", true},
		{"host", "[::1", false},
		{"host", "[fe80::1%25eth0]", false},
		{"host", "a:", false},
		{"host", "a:65536", false},
		{"host", "u@a", false},
		{"host", "a/b", false},
		{"host", "", false},
		{"target", "/a%2fb?c=%zz", true},
		{"target", "/a#b", false},
		{"target", "/a b", false},
		{"target", "/%0", false},
		{"target", "/%00", false},
		{"target", "/%zz", false},
		{"length", "18", true},
		{"length", "+1", false},
		{"length", "", false},
		{"length", strings.Repeat("9", 19), false},
	} {
		if got := grammars[c.grammar]([]byte(c.text)); got != c.want {
			t.Errorf("%s %q: %t, want %t", c.grammar, c.text, got, c.want)
		}
	}
}

func TestNextItem(t *testing.T) {
	var items []string
	for item, rest := lex.NextItem([]byte(" a,, b ,\tc")); item != nil; item, rest = lex.NextItem(rest) {
		items = append(items, string(item))
	}
	if got := strings.Join(items, "|"); got != "a|b|c" {
		t.Errorf("items %s", got)
	}
}

func TestAppendLower(t *testing.T) {
	b, ok := lex.AppendLower([]byte("x"), []byte("Content-TYPE"))
	if string(b) != "xcontent-type" || !ok {
		t.Errorf("%s %t", b, ok)
	}
	for _, name := range []string{"", ":path", "a b", "a\r\n"} {
		if b, ok := lex.AppendLower([]byte("x"), []byte(name)); string(b) != "x" || ok {
			t.Errorf("%q: %q %t", name, b, ok)
		}
	}
}
