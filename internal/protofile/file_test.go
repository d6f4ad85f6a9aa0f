package protofile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gibbon-gateway/gibbon/internal/protofile"
)

func load(t testing.TB) *protofile.File {
	t.Helper()
	f, err := protofile.Load("testdata/shop.proto")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestLoad(t *testing.T) {
	f := load(t)
	var got []string
	for _, m := range f.Methods {
		line := m.Path + " " + string(m.Input.FullName()) + " " + string(m.Output.FullName())
		if m.ServerStreaming {
			line += " stream"
		}
		for _, r := range m.Rules {
			line += " " + r.GetGet() + r.GetCustom().GetPath()
		}
		got = append(got, line)
	}
	want := []string{
		"/shop.lib.More/Measure shop.lib.Size shop.lib.Size",
		"/shop.v1.Shop/Get shop.v1.Item shop.v1.Item /v1/items/{name} /v1/legacy/{name} /v1/items/{name}",
		"/shop.v1.Shop/Watch google.protobuf.Empty shop.v1.Item stream",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if m := f.Method("/shop.v1.Shop/Get"); m != f.Methods[1] {
		t.Errorf("found %v", m)
	}
	if m := f.Method("/shop.v1.Shop/Nope"); m != nil {
		t.Errorf("found %v", m)
	}
}

// Files that cannot be used are refused, with the place and the reason.
func TestLoadBad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const head = "syntax = \"proto3\"; package p;\n"
	write("syntax.proto", head+"message A {\n  string = 1;\n}\n")
	write("type.proto", head+"service S { rpc M(A) returns (A); }\n")
	write("import.proto", head+"import \"nowhere/x.proto\";\n")
	write("cycle.proto", head+"import \"cycle.proto\";\n")
	write("none.proto", head+"message A {}\n")
	write("nested.proto", head+`import "google/api/annotations.proto"; message A {}
service S { rpc M(A) returns (A) { option (google.api.http) = { get: "/a" additional_bindings { get: "/b" additional_bindings { get: "/c" } } }; } }`)
	write("option.proto", head+`import "google/api/annotations.proto"; message A {}
service S { rpc M(A) returns (A) { option (google.api.http) = { got: "/a" }; } }`)
	write("long.proto", head+strings.Repeat("// filler\n", 500_000))
	write("deep.proto", head+strings.Repeat("message A {", 10_000))
	for name, want := range map[string]string{
		"missing.proto": "missing.proto: no such file or directory",
		"syntax.proto":  "syntax.proto:3:10",
		"type.proto":    "type.proto:2:19",
		"import.proto":  "nowhere/x.proto",
		"cycle.proto":   "cycle",
		"none.proto":    "no service has a method",
		"nested.proto":  "method p.S.M: additional_bindings within additional_bindings",
		"option.proto":  "got",
		"long.proto":    "has more than 4194304 bytes",
		"deep.proto":    "deep.proto:2:",
		"":              "is no regular file",
	} {
		_, err := protofile.Load(filepath.Join(dir, name))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
	if _, err := protofile.Load("/dev/zero"); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("/dev/zero: %v", err)
	}
}
