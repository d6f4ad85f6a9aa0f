package house_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// public are the packages that plugins of others are written with.
var public = []string{"plugin", "schema", "entity", "header", "edit", "state"}

// needsMore says of bundled plugins what they import besides, and why. Those that only read and change fields, and those that
// count, are written with the public packages alone, as plugins of others are.
var needsMore = map[string]map[string]string{
	"grpcgateway":  {"internal/grpcframe": "a part of the plugin that grpc-web has as well", "internal/protofile": "the same"},
	"grpcweb":      {"internal/grpcframe": "a part of the plugin that grpc-gateway has as well", "internal/protofile": "the same"},
	"jwt":          {"internal/jose": "signatures of many algorithms"},
	"oauth2":       {"internal/kongoauth2": "the entities that openid-connect takes as well"},
	"ratelimiting": {"internal/statedb/redis": "policy redis counts in a Redis of its own, which Env.State is not"},
	"openidconnect": {
		"internal/jose": "signed and encrypted tokens", "internal/oidc": "the protocol", "internal/kongoauth2": "takes tokens of the plugin oauth2",
		"internal/kongredis": "Kong's record of a Redis", "internal/statedb/redis": "sessions in a Redis of their own", "internal/statedb/memcached": "sessions in memcached"},
	"proxycache": {"internal/kongredis": "Kong's record of a Redis", "internal/plugins/proxycache/httpcache": "a part of the plugin", "internal/statedb/redis": "strategy redis has a Redis of its own"},
}

func TestPublicPackagesSuffice(t *testing.T) {
	for _, p := range list(t) {
		name, ok := strings.CutPrefix(p.ImportPath, module+"/internal/plugins/")
		if !ok || strings.Contains(name, "/") || name == "stage" {
			continue
		}
		for _, imported := range p.Imports {
			imported, ours := inModule(imported)
			if _, excused := needsMore[name][imported]; ours && !excused && !slices.Contains(public, imported) {
				t.Errorf("plugin %s imports %s: can the plugins of others do without it? If so, say why this one cannot (needsMore)", name, imported)
			}
		}
	}
}

// The example module can be built as it is: what this module needs, its go.mod and go.sum name.
func TestExampleNeedsNoUpdate(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "-mod=readonly", "./...")
	cmd.Dir = filepath.Join(root(t), "examples/hello-plugin")
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s\nUpdate it: cd examples/hello-plugin && go mod tidy", err, out)
	}
}

var fence = regexp.MustCompile("(?ms)^```(go|yaml|sh|[a-z]+)\n(.*?)^```$")

// The Go samples of docs/writing-plugins.md are parts of the example that the tests build and run.
func TestSamplesOfWritingPlugins(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root(t), "docs/writing-plugins.md"))
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	example := filepath.Join(root(t), "examples/hello-plugin")
	for _, file := range []string{"main.go", "hello/hello.go", "hello/hello_test.go", "quota/quota.go", "audit/audit.go"} {
		text, err := os.ReadFile(filepath.Join(example, file))
		if err != nil {
			t.Fatal(err)
		}
		code.Write(text)
	}
	n := 0
	for _, m := range fence.FindAllStringSubmatch(string(page), -1) {
		if m[1] != "go" {
			continue
		}
		n++
		if !strings.Contains(code.String(), m[2]) {
			t.Errorf("this sample is not in examples/hello-plugin:\n%s", m[2])
		}
	}
	if n < 5 {
		t.Errorf("%d samples", n)
	}
}
