package schema

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestLuaPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern string
		yes, no []string
	}{
		{"^%u+$", []string{"GET", "A"}, []string{"", "get", "GeT", "GET ", "É"}},
		{"^[a-z][a-z%d-]-[a-z%d]+$", []string{"ab", "a-b", "a1"}, []string{"a", "-a", "a-", "A1", "ab-"}},
		{"^[^*]*%*?[^*]*$", []string{"", "a", "*.a", "a.*"}, []string{"*.*", "**"}},
		{"%.%*$", []string{"a.*"}, []string{"a.*b", "*"}},
		{"%w*%p*@+%w*%.?%w*", []string{"a@b.c", "@", "x @ y"}, []string{"", "abc"}},
		{"^[^*&%%\\`]+$", []string{"/tmp/a.log", "a b"}, []string{"", "a*", "a%b", "a`", `a\b`, "a&"}},
		{"^.*[^:]$", []string{"app", "a:b"}, []string{"", "a:", ":"}},
		{"//", []string{"a//b", "//"}, []string{"/a/b", ""}},
		{"^[Hh][Oo][Ss][Tt]$", []string{"Host", "hOST"}, []string{"hosts", "ghost"}},
		{"^%d+[%.%d]*%-?.*$", []string{"1", "1.2-rc", "1x"}, []string{"x1", ""}},
		{"a-b", []string{"b", "aaab", "xb"}, []string{"a", ""}},
		{"^a-$", []string{"", "aa"}, []string{"ab"}},
		{"^(a*(.)%w(%s*))$", []string{"aab ", "xy"}, []string{""}},
		{"(.)%1", []string{"aa", "xyyz"}, []string{"xyxy", "a"}},
		{"^(%a+)=%1$", []string{"ab=ab"}, []string{"ab=ba", "ab=a"}},
		{"%b()", []string{"f(a(b)c)", "()"}, []string{"((", ")("}},
		{"%f[%w]the%f[%W]", []string{"the", "in the end"}, []string{"other", "them"}},
		{"^[]]$", []string{"]"}, []string{"[", ""}},
		{"^[^]]$", []string{"a", "["}, []string{"]"}},
		{"^[a%-z]$", []string{"a", "-", "z"}, []string{"b"}},
		{"^[a-]$", []string{"a", "-"}, []string{"b"}},
		{"^[%a-z]$", []string{"b", "-", "z"}, []string{"1"}},
		{"a$b", []string{"a$b"}, []string{"ab"}},
		{"a^b", []string{"a^b"}, []string{"ab"}},
		{"%$%^%%", []string{"$^%"}, []string{"%"}},
		{"^%x%x$", []string{"fF", "09"}, []string{"g0"}},
		{"^%g%c%l$", []string{"a\x01b"}, []string{" \x01b", "a b"}},
		{"^%S%D%A$", []string{"aa1"}, []string{"a1a", " a1"}},
		{"()a()", []string{"ba"}, []string{"b"}},
		{"^%z$", []string{"\x00"}, []string{"z"}},
		{"^$", []string{""}, []string{"a"}},
		{"$", []string{"", "a"}, nil},
	} {
		p, err := compilePattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		for _, s := range c.yes {
			if !p.match(s) {
				t.Errorf("%s does not match %q", c.pattern, s)
			}
		}
		for _, s := range c.no {
			if p.match(s) {
				t.Errorf("%s matches %q", c.pattern, s)
			}
		}
	}
}

func TestBadLuaPatterns(t *testing.T) {
	for pattern, want := range map[string]string{
		"%": "ends with '%'", "[a": "missing ']'", "[]": "missing ']'", "[a%": "ends with '%'", "(a": "unfinished capture", "a)": "invalid pattern capture",
		"%1": "invalid pattern capture", "(%1)": "invalid pattern capture", "%b": "missing arguments", "%bx": "missing arguments", "%f": "missing '['",
		"%fa": "missing '['", strings.Repeat("()", 33): "too many captures", "%0": "invalid pattern capture",
	} {
		if _, err := compilePattern(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", pattern, err, want)
		}
	}
}

// A value must not be able to keep the gateway busy.
func TestLuaPatternsGiveUp(t *testing.T) {
	start := time.Now()
	long := strings.Repeat("a", 100_000)
	for _, pattern := range []string{".-.-.-.-.-.-.-x", "^(a*)*(a*)(a*)(a*)x$", ".*.*.*.*x", "%b((%b((%b((x"} {
		if mustPattern(pattern).match(long) || mustPattern(pattern).match(strings.Repeat("(", 100_000)) {
			t.Errorf("%s matches", pattern)
		}
	}
	if !mustPattern("^.-$").match(long) || !mustPattern("a*$").match(long) {
		t.Error("a simple pattern gave up")
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %v", d)
	}
}

var unicodeEscape = regexp.MustCompile(`\\u([0-9a-f]{4})`)

// The regular expression of a pattern, where there is one, means the same.
func FuzzLuaPattern(f *testing.F) {
	for _, p := range []string{"^%u+$", "a-b", "[^a-c%d]*x?", "(a)(b*)$", "%f[%w]%w+", "%b()", "(.)%1", "[]-a]", "^.-$", "%"} {
		f.Add(p, "GET")
		f.Add(p, "a(b)x1")
	}
	f.Fuzz(func(t *testing.T, source, s string) {
		p, err := compilePattern(source)
		if err != nil {
			return
		}
		got := p.match(s)
		expr, ok := p.regexp()
		if !ok || len(s) > 50 || len(source) > 50 {
			return
		}
		for _, c := range []byte(s + source) {
			if c > 126 || c == 0 {
				return
			}
		}
		expr = unicodeEscape.ReplaceAllString(expr, `\x{$1}`)
		if strings.HasSuffix(expr, "$") && p.items[len(p.items)-1].kind == '$' {
			expr = strings.TrimSuffix(expr, "$") + `\z`
		}
		re, err := regexp.Compile(`(?s)` + strings.Replace(expr, "^", `\A`, b2i(p.anchored)))
		if err != nil {
			t.Fatalf("%s became %s: %v", source, expr, err)
		}
		if want := re.MatchString(s); got != want {
			t.Fatalf("%s (%s) on %q: %v, want %v", source, re, s, got, want)
		}
	})
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
