package route_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gibbon-gateway/gibbon/internal/route"
)

func TestNormalizePath(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"/", "/"},
		{"/a", "/a"},
		{"/a/", "/a/"},
		{"/a/b.c", "/a/b.c"},
		{"//", "/"},
		{"//a//b///", "/a/b/"},
		{"/.", "/"},
		{"/./", "/"},
		{"/a/.", "/a/"},
		{"/a/./b", "/a/b"},
		{"/a/..", "/"},
		{"/a/../", "/"},
		{"/a/b/..", "/a/"},
		{"/a/b/../c", "/a/c"},
		{"/a//../b", "/b"},
		{"/a/b/../../c/./d/", "/c/d/"},
		{"/.a/..b/...", "/.a/..b/..."},
		{"/%2e/a", "/a"},
		{"/a/%2E%2e/b", "/b"},
		{"/a/.%2e/b", "/b"},
		{"/%61%7e%2D%5f", "/a~-_"},
		{"/a%2fb", "/a%2Fb"},
		{"/%21%2a%27%28%29%3b%3a%40%26%3d%2b%24%2c%2f%3f%25%23%5b%5d", "/%21%2A%27%28%29%3B%3A%40%26%3D%2B%24%2C%2F%3F%25%23%5B%5D"},
		{"/%20%22%3c%3e%5c%5e%60%7b%7c%7d", "/ \"<>\\^`{|}"},
		{"/%c3%a9", "/é"},
		{"/%FF", "/\xff"},
		{"/%2541", "/%2541"},
		{"/a/%2F../b", "/a/%2F../b"},
		{"/a/b%2F..%2Fc", "/a/b%2F..%2Fc"},
		{"/%2e%2e%2e", "/..."},
	} {
		got, ok := route.NormalizePath([]byte("x"), []byte(c.in))
		if !ok || string(got) != "x"+c.want {
			t.Errorf("%s: got %q %v, want %q", c.in, got, ok, c.want)
		}
	}
}

func TestNormalizePathRefuses(t *testing.T) {
	for _, in := range []string{
		"", "a", "*", "%2Fa", "?x",
		"/%", "/%4", "/%zz", "/%4g", "/%%41", "/a%2", "/%00", "/a\x00",
		"/..", "/../", "/../a", "/a/../..", "/a/../../b", "/%2e%2e/a", "/./../a", "//../a",
		"/a%2F..%2F../b", "/a/..%2F..%2Fetc/passwd", "/%2F..", "/..%2Fa",
	} {
		if got, ok := route.NormalizePath([]byte("x"), []byte(in)); ok || string(got) != "x" {
			t.Errorf("%q: got %q %v, want it refused and nothing appended", in, got, ok)
		}
	}
}

func TestEscapePath(t *testing.T) {
	for c := range 256 {
		in := "/" + string([]byte{byte(c)})
		got := string(route.EscapePath(nil, in))
		if kept := strings.IndexByte("!#$&'()*+,/:;=?@[]-_.~%ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", byte(c)) >= 0; kept != (got == in) {
			t.Errorf("byte %#x: got %q", c, got)
		}
		if got != in && len(got) != 4 {
			t.Errorf("byte %#x: got %q", c, got)
		}
	}
	if got := string(route.EscapePath([]byte("x"), []byte("/a b%2F\n"))); got != "x/a%20b%2F%0A" {
		t.Errorf("got %q", got)
	}
}

func FuzzNormalizePath(f *testing.F) {
	for _, s := range []string{"/", "//a/./../b", "/%2e%2e/%41%2f", "/a%2F..%2F..", "/%%34%31", "/a/../..", "/.%2e/..", "/%c3%28/.."} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		before := bytes.Clone(in)
		got, ok := route.NormalizePath(nil, in)
		if !bytes.Equal(in, before) {
			t.Fatalf("%q was changed to %q", before, in)
		}
		if !ok {
			if len(got) > 0 {
				t.Fatalf("%q is refused, and %q left over", in, got)
			}
			return
		}
		if len(got) == 0 || got[0] != '/' || len(got) > len(in) {
			t.Fatalf("%q became %q", in, got)
		}
		if bytes.Contains(got, []byte("//")) || bytes.IndexByte(got, 0) >= 0 {
			t.Fatalf("%q became %q", in, got)
		}
		for segment := range bytes.SplitSeq(got, []byte("/")) {
			if s := string(segment); s == "." || s == ".." {
				t.Fatalf("%q became %q", in, got)
			}
		}
		again, ok := route.NormalizePath(nil, got)
		if !ok || !bytes.Equal(again, got) {
			t.Fatalf("%q became %q, and that %q %v", in, got, again, ok)
		}
		for _, c := range route.EscapePath(nil, got) {
			if c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
				t.Fatalf("%q is sent with byte %#x", in, c)
			}
		}
	})
}
